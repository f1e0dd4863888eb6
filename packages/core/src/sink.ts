// The public types of a shipper: how it accepts records, and what it reports.

import type { EventEmitter } from 'node:events';
import type { Stats } from './telemetry/counters';
import type { Warning } from './telemetry/warnings';

/** The options of `flush` and `close`. */
export interface FlushOptions {
  /** The limit in milliseconds. Default: no limit for `flush`, the option `closeTimeoutMs` for `close`. */
  readonly timeoutMs?: number | undefined;
}

/** The result of `flush`. */
export interface FlushResult {
  /** `true` if every record accepted before the call is delivered or dropped, `false` if `timeoutMs` expired first. */
  readonly finished: boolean;
  /** `stats().pending` at that moment. It includes records that were accepted after the call. */
  readonly pending: number;
}

/** Accepts records. No method throws or rejects. */
export interface RecordSink {
  /**
   * Accepts one record without blocking.
   *
   * @param record the text of one JSON object, as a string or in UTF-8. Any other text is sent as the field `message`.
   * @returns `true` if the record was accepted. If not, it is counted in `stats().refused` under the reason.
   */
  write(record: string | Uint8Array): boolean;
  /**
   * Sends buffered records now. Resolves when every record accepted so far is delivered or dropped, or after
   * `timeoutMs`. Delivery of the rest goes on. A record on disk is not finished, so this may take as long as an outage.
   * The process stays alive until the promise resolves.
   */
  flush(options?: FlushOptions): Promise<FlushResult>;
  /**
   * Refuses new records, and resolves when every accepted record is delivered or dropped, at the latest after
   * `timeoutMs`. Records that are still pending then are spooled. Without a spool they are dropped and reported. A
   * second call returns the promise of the first.
   */
  close(options?: FlushOptions): Promise<void>;
  /** Returns a copy of the counters. */
  stats(): Stats;
}

/** The events of a shipper. There is no event `error`: without a listener it would end the application. */
export interface ShipperEvents {
  /** Something that a person should look at. It is also one line on stderr, with the same rate limit. */
  warning: [Warning];
}

/** Batches, sends and retries in this thread. */
export interface Shipper extends RecordSink, EventEmitter<ShipperEvents> {}

/** Does the same in a worker thread, which is replaced if it ends. */
export interface WorkerShipper extends RecordSink, EventEmitter<ShipperEvents> {}

/** What the application's logger says of its records. */
export interface LoggerFacts {
  /** The numbers of its levels, by label. */
  readonly levels: Readonly<Record<string, number>>;
  /** The field that has the message. */
  readonly messageKey?: string | undefined;
}

/** The shipper inside a worker, which reads records from a buffer of its own. */
export interface RangeShipper extends Shipper {
  /**
   * As `write`, for a record in well-formed UTF-8 at `bytes[start..end)`. If `isCut`, its end is missing, and it counts
   * as truncated.
   */
  writeRange(bytes: Buffer, start: number, end: number, isCut?: boolean): boolean;
  /** Which length of a line is kept at most. The rest of it would not be sent. */
  readonly maxLineBytes: number;
  /** Uses the logger's names for the records from now on. An option that is set for the same purpose is kept. */
  learn(facts: LoggerFacts): void;
  /** Returns whether memory has room for this many bytes. With a spool, batches go to disk to make room. */
  makeRoom(bytes: number): boolean;
  /** A record in this buffer is read without a copy. After `writeRange` it may be another buffer. */
  readonly piece: Buffer;
}
