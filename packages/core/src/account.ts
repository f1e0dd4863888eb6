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
  /** It was on disk, and the oldest there when `spool.maxBytes` was reached. */
  'spool',
  /** Its file on disk was damaged, and set aside. */
  'damaged',
  /** The worker thread died with it, or is gone. */
  'worker',
  /** `enabled` is false. */
  'disabled',
  /** `transform` gave nothing for it. */
  'unwanted',
  /** Something of ours failed on it: a defect that should be reported. */
  'internal',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

const COUNTERS = [
  'accepted',
  'recovered',
  'delivered',
  'spooled',
  'truncated',
  'batches',
  'requests',
  'retries',
  'halved',
  'deadLettered',
  'deadLetterLost',
  'rawBytes',
  'wireBytes',
  'pendingBytes',
  'receivedBytes',
  'credentialFailures',
  'transformFailures',
  /** By a worker: records it has begun to read, signs of life it gave, and 1 once it has closed. */
  'begun',
  'beats',
  'closed',
] as const;
export type Counter = (typeof COUNTERS)[number];

/** The slot of each counter: looked up by name once per record, so not searched for. */
const SLOT = Object.fromEntries(COUNTERS.map((counter, slot) => [counter, slot])) as Record<Counter, number>;

/** Room for this many slots is kept, so that a buffer made by one thread fits the other's reading of it. */
export const ACCOUNT_BYTES = 8 * (COUNTERS.length + 2 * DROP_REASONS.length);

/**
 * What became of the records so far. At every reading
 * `accepted + recovered = delivered + spooled + pending + sum(dropped)`.
 */
export interface Stats {
  /** Records that `write()` returned true for. */
  accepted: number;
  /** Records that earlier processes had accepted, and left in the spool for this one. */
  recovered: number;
  /** Records in batches the service has acknowledged. */
  delivered: number;
  /** Records in complete files on disk, and nowhere else acknowledged. */
  spooled: number;
  /** Records in memory only, that have no fate yet. */
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
  /** Batches sent again in two parts: too large, or with a record in them that the service refuses. */
  halved: number;
  /** Records dropped as `rejected` that are in the dead-letter file. */
  deadLettered: number;
  /** Records dropped as `rejected` that were to be there and could not be written. */
  deadLetterLost: number;
  /** Times that the source of credentials gave none: a file, a module, a role, a profile. */
  credentialFailures: number;
  /** Records that went out as they were, because `transform` threw or gave what is no record. */
  transformFailures: number;
  /** Bytes of acknowledged batches before compression. */
  rawBytes: number;
  /** Bytes of acknowledged batches as they were sent. */
  wireBytes: number;
  /** Bytes of records in memory that have no fate yet: encoded, or compressed if their batch is sealed. */
  pendingBytes: number;
}

/** All records that were counted under a reason. */
export function sumOf(reasons: Readonly<Record<DropReason, number>>): number {
  return Object.values(reasons).reduce((sum, records) => sum + records, 0);
}

/** The readings of two accounts as one. */
export function addStats(a: Stats, b: Stats): Stats {
  return addFields(a, b);
}

function addFields<Fields extends object>(a: Fields, b: Fields): Fields {
  const sums = Object.entries(a).map(([name, left]: [string, unknown]) => {
    const right = b[name as keyof Fields];
    const sum = typeof left === 'number' ? left + Number(right) : addFields(left as object, right as object);
    return [name, sum];
  });
  return Object.fromEntries(sums) as Fields;
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
    const [accepted, recovered] = [this.read('accepted'), this.read('recovered')];
    const [delivered, spooled] = [this.read('delivered'), this.read('spooled')];
    return {
      accepted,
      recovered,
      delivered,
      spooled,
      pending: accepted + recovered - delivered - spooled - sumOf(dropped),
      dropped,
      refused: this.#reasons(COUNTERS.length + DROP_REASONS.length),
      truncated: this.read('truncated'),
      batches: this.read('batches'),
      requests: this.read('requests'),
      retries: this.read('retries'),
      halved: this.read('halved'),
      deadLettered: this.read('deadLettered'),
      deadLetterLost: this.read('deadLetterLost'),
      credentialFailures: this.read('credentialFailures'),
      transformFailures: this.read('transformFailures'),
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
