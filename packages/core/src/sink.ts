// What a shipper is to those who write to it, in whichever thread its work is done.
// Types only: the face that a shipper and a host have in common, and what else a shipper has for its own thread.

import type { EventEmitter } from 'node:events';
import type { Stats } from './telemetry/counters';
import type { Warning } from './telemetry/warnings';

export interface FlushOptions {
  /** Most milliseconds to wait, by the monotonic clock. Without it: for as long as the service is away. */
  readonly timeoutMs?: number | undefined;
}

export interface FlushResult {
  /** True: every record accepted before the call is delivered or dropped. False: the time was over first. */
  readonly finished: boolean;
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
   * Seals the open batch, and resolves when every record accepted so far is delivered or dropped, or after `timeoutMs`.
   * Records that are not finished by then are still sent. Records on disk are not finished. The process is kept alive
   * until it resolves, and no longer. Never rejects.
   */
  flush(options?: FlushOptions): Promise<FlushResult>;
  /**
   * Takes no more records, and resolves when all are delivered or dropped, at the latest after `timeoutMs` (default:
   * the option `closeTimeoutMs`). Records that are left then are spooled, or dropped and reported. Never rejects.
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
  /** Whether memory has room for so many bytes more. With a spool, batches go to disk to make room. */
  makeRoom(bytes: number): boolean;
  /** Bytes that need not be copied to be read, if the record stands in them. They may be others after `writeRange`. */
  readonly piece: Buffer;
}
