// The protocol between the application's thread and its worker. thread-stream has further messages of its own.
//
//   host -> worker  { code: 'PUTLOGS_FLUSH', id, timeoutMs, records }   flush, when so many records have arrived
//   host -> worker  { code: 'PUTLOGS_CLOSE', id, timeoutMs, records }   the same for the last time: close
//   worker -> host  { code: 'EVENT', name: 'flushed', args: [id, finished] }   the answer to both
//   host -> worker  { code: 'PUTLOGS_EXIT', timeoutMs }    the process ends: close, and count it as `closed`
//   host -> worker  { code: 'PUTLOGS_PING' }               count a heartbeat, as an answer
//   worker -> host  { code: 'EVENT', name: 'warning', args: [Warning] }   emitted on the host's stream
//   worker -> host  { code: 'EVENT', name: 'inherited', args: [] }   the journals of the dead runs are open

import type { Options } from '../options/schema';
import type { Runs } from '../runtime/run';

/** The start data of a worker. Its presence also shows that this thread is such a worker. */
export interface WorkerStart {
  readonly putlogs: { readonly options: Options; readonly counters: SharedArrayBuffer; readonly runs: Runs };
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

export interface PingMessage {
  readonly code: 'PUTLOGS_PING';
}
