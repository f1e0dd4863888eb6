// The counters: what became of every record. One object for a shipper; every stage's fate passes through here.
//
// Takes: counts, by name. Gives: a Stats reading. Keeps: one slot per counter in a buffer that may be shared
// between the worker (which counts) and the application's thread (which reads without asking, even when the
// worker is gone). Never: a record without a fate, for `pending` is what is accepted and has none of the others.
//
// The buffer, a protocol between threads: one float64 per slot, in the order of SLOTS, written by one thread only
// (so no two writers race) and aligned (so no reader sees half a number). Exact up to 2^53.

/** Why a record was not delivered. Each reason is a promise about what happened to it. */
export const DROP_REASONS = [
  /** `memory.maxBytes` was reached; the record was not accepted. */
  'memory',
  /** The shipper was closed before the record came; it was not accepted. */
  'closed',
  /** Still undelivered when `closeTimeoutMs` was over, at the process's end. */
  'exit',
  /** The service refused the batch for good. */
  'rejected',
  /** The worker thread died with it, or is gone. */
  'worker',
  /** `enabled` is false. */
  'disabled',
  /** Something of ours failed on it: a defect that should be reported. */
  'internal',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

const COUNTERS = [
  'accepted',
  'delivered',
  'truncated',
  'batches',
  'requests',
  'retries',
  'rawBytes',
  'wireBytes',
  'pendingBytes',
  'receivedBytes',
] as const;
export type Counter = (typeof COUNTERS)[number];

/** The slot of each counter: looked up by name once per record, so not searched for. */
const SLOT = Object.fromEntries(COUNTERS.map((counter, slot) => [counter, slot])) as Record<Counter, number>;

/** Room for this many slots is kept, so that a buffer made by one thread fits the other's reading of it. */
export const ACCOUNT_BYTES = 8 * (COUNTERS.length + 2 * DROP_REASONS.length);

/** What became of the records so far. At every reading `accepted = delivered + spooled + pending + sum(dropped)`. */
export interface Stats {
  /** Records that `write()` returned true for. */
  accepted: number;
  /** Records in batches the service has acknowledged. */
  delivered: number;
  /** Records in complete spool files on disk. Always 0 until there is a spool. */
  spooled: number;
  /** Accepted records that have no fate yet. */
  pending: number;
  /** Accepted records that were lost, by reason. */
  dropped: Record<DropReason, number>;
  /** Records that `write()` returned false for, by reason. They are not part of `accepted`. */
  refused: Record<DropReason, number>;
  /** Records that were longer than the service takes and went out cut, with a mark in the cut value. */
  truncated: number;
  /** Batches acknowledged. */
  batches: number;
  /** Requests sent, with their retries. */
  requests: number;
  /** Requests sent again after one that failed. */
  retries: number;
  /** Bytes of acknowledged batches before compression. */
  rawBytes: number;
  /** Bytes of acknowledged batches as they were sent. */
  wireBytes: number;
  /** Bytes of records in memory that have no fate yet: encoded, or compressed if their batch is sealed. */
  pendingBytes: number;
}

export class Account {
  readonly #slots: Float64Array;

  /** @param buffer shared with another thread's Account, or nothing for one that is alone. */
  constructor(buffer: ArrayBufferLike = new ArrayBuffer(ACCOUNT_BYTES)) {
    this.#slots = new Float64Array(buffer);
  }

  add(counter: Counter, amount = 1): void {
    this.#slots[SLOT[counter]]! += amount;
  }

  read(counter: Counter): number {
    return this.#slots[SLOT[counter]]!;
  }

  /** Accepted records end here for the reason given. */
  drop(reason: DropReason, records: number): void {
    this.#slots[COUNTERS.length + DROP_REASONS.indexOf(reason)]! += records;
  }

  /** Records that were not accepted, for the reason given. */
  refuse(reason: DropReason, records = 1): void {
    this.#slots[COUNTERS.length + DROP_REASONS.length + DROP_REASONS.indexOf(reason)]! += records;
  }

  stats(): Stats {
    const dropped = this.#reasons(COUNTERS.length);
    const accepted = this.read('accepted');
    const delivered = this.read('delivered');
    const lost = Object.values(dropped).reduce((sum, records) => sum + records, 0);
    return {
      accepted,
      delivered,
      spooled: 0,
      pending: accepted - delivered - lost,
      dropped,
      refused: this.#reasons(COUNTERS.length + DROP_REASONS.length),
      truncated: this.read('truncated'),
      batches: this.read('batches'),
      requests: this.read('requests'),
      retries: this.read('retries'),
      rawBytes: this.read('rawBytes'),
      wireBytes: this.read('wireBytes'),
      pendingBytes: this.read('pendingBytes'),
    };
  }

  #reasons(from: number): Record<DropReason, number> {
    return Object.fromEntries(DROP_REASONS.map((reason, at) => [reason, this.#slots[from + at]!])) as Record<
      DropReason,
      number
    >;
  }
}
