// The protocol between the application's thread and its worker. thread-stream has further messages of its own.
//
//   host -> worker  { code: 'PUTLOGS_FLUSH', id, timeoutMs, records }   flush, when so many records have arrived
//   host -> worker  { code: 'PUTLOGS_CLOSE', id, timeoutMs, records }   the same for the last time: close
//   worker -> host  { code: 'EVENT', name: 'flushed', args: [id, finished] }   the answer to both
//   host -> worker  { code: 'PUTLOGS_EXIT', timeoutMs }    the process ends: close, and count it as `closed`
//   host -> worker  { code: 'PUTLOGS_PING' }               count a heartbeat, as an answer
//   host -> worker  { code: 'PUTLOGS_WARNED', warning }    a warning of the application's thread, for the status file
//   worker -> host  { code: 'EVENT', name: 'warning', args: [Warning] }   emitted on the host's stream
//   worker -> host  { code: 'EVENT', name: 'inherited', args: [] }   the journals of the dead runs are open

import type { Options } from '../options/schema';
import type { Runs } from '../runtime/run';
import type { LatestWarning } from '../telemetry/warnings';
import type { Books } from './worker-books';

/** The start data of a worker. Its presence also shows that this thread is such a worker. */
export interface WorkerStart {
  readonly putlogs: {
    readonly options: Options;
    readonly counters: SharedArrayBuffer;
    readonly runs: Runs;
    readonly host: HostView | undefined;
  };
}

/** What the worker needs to publish the figures of the whole transport, and not only its own. */
export interface HostView {
  /** The counters of the application's thread. */
  readonly counters: SharedArrayBuffer;
  /** Of the workers before this one. They do not change while it lives. */
  readonly books: Books;
  readonly latestWarning: LatestWarning | undefined;
}

export interface FlushMessage {
  readonly code: 'PUTLOGS_FLUSH' | 'PUTLOGS_CLOSE';
  readonly id: number;
  readonly timeoutMs: number;
  /** How many records were sent to the worker before this message. */
  readonly records: number;
}

export interface ExitMessage {
  readonly code: 'PUTLOGS_EXIT';
  readonly timeoutMs: number;
}

export interface WarnedMessage {
  readonly code: 'PUTLOGS_WARNED';
  readonly warning: LatestWarning;
}

export interface PingMessage {
  readonly code: 'PUTLOGS_PING';
}
