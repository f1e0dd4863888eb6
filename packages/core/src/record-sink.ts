// What a shipper is to those who write to it, in whichever thread its work is done.
// Types only: the face that a shipper and a host have in common, and what else a shipper has for its own thread.

import type { EventEmitter } from 'node:events';
import type { Stats } from './account';
import type { Warning } from './tell';

export interface FlushOptions {
  /** Most milliseconds to wait, by the monotonic clock. Without it: for as long as the service is away. */
  readonly timeoutMs?: number | undefined;
}

export interface FlushResult {
  /** True: every record accepted before the call has its fate. False: the time was over first. */
  readonly settled: boolean;
  /** `stats().pending` at that moment: records in memory only, those accepted since the call among them. */
  readonly pending: number;
}

/** Where records go in: a shipper in this thread, or a host whose worker thread has one. */
export interface RecordSink {
  /**
   * Takes one record: the text of a JSON object. Never throws and never blocks.
   * @returns whether it was accepted; if not, it is counted in `stats().refused`.
   */
  write(record: string | Uint8Array): boolean;
  /**
   * Sends what waits to be sent at once, and resolves when every record accepted so far has its fate, or after
   * `timeoutMs`: what is left then goes on as if nobody had asked. The process is kept alive until it resolves, and no
   * longer. Never rejects.
   */
  flush(options?: FlushOptions): Promise<FlushResult>;
  /**
   * Takes no more records, and resolves when all have their fate, at the latest after `timeoutMs` (default: the
   * option `closeTimeoutMs`): what is then left stays in the spool, or is counted as dropped and told. Never rejects.
   */
  close(options?: { timeoutMs?: number }): Promise<void>;
  /** What became of the records so far. */
  stats(): Stats;
}

/** The events of a shipper, and of a host. There is no `error`: a log must not end the application. */
export interface ShipperEvents {
  /** Something a person should look at; also on stderr. Of each kind the first, then at most one a minute. */
  warning: [Warning];
}

/** A batch's way as one object. */
export interface Shipper extends RecordSink, EventEmitter<ShipperEvents> {}

/** What the worker has of it. */
export interface RangeShipper extends Shipper {
  /** As `write`, for a record that stands in well-formed UTF-8 at `bytes[start..end)`. */
  writeRange(bytes: Buffer, start: number, end: number): boolean;
  /** Whether memory has room for so many bytes more. What waits in it goes to disk for that, if there is a spool. */
  makeRoom(bytes: number): boolean;
  /** Bytes that need not be copied to be read, if the record stands in them. They may be others after `writeRange`. */
  readonly piece: Buffer;
}
