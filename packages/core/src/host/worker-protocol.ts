// The protocol between the application's thread and its worker, beside thread-stream's own messages.
//
//   host -> worker  { code: 'PUTLOGS_FLUSH', id, timeoutMs, records }   flush, once so many records have come
//   host -> worker  { code: 'PUTLOGS_CLOSE', id, timeoutMs, records }   as that, and the last one: close
//   worker -> host  { code: 'EVENT', name: 'flushed', args: [id, finished] }   the end of either
//   host -> worker  { code: 'PUTLOGS_EXIT', timeoutMs }    the process ends: close, and count it as `closed`
//   host -> worker  { code: 'PUTLOGS_PING' }               answer with a heartbeat: count one
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
