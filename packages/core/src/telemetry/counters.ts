// The counters of a shipper. Every stage counts here.
//
// At every reading  accepted + recovered + inherited = delivered + spooled + pending + sum(dropped)  and no term is
// negative. `pending` is computed from the other terms, so each record has a state.
//
// The buffer is a protocol between threads. The worker counts in it. The application's thread reads it without a
// message to the worker, even after the worker has ended.
//   slots    one float64 per counter, in the order of COUNTERS, then DROP_REASONS for `dropped`, then for `refused`;
//            written by one thread only, aligned (a reader never sees half a number), exact up to 2^53
//   barrier  one int32. Its value has no meaning. The atomic access keeps reads and writes in their order on
//            processors and in compilers that would change it
//
// The order of the writes, for each record:
//   1. `accepted` (in a worker also `begun`) before anything else, and `recovered` or `inherited` before `spooled`
//   2. `spooled` increases when the record is on disk
//   3. `spooled` decreases before `delivered` or `dropped` increases
//   4. `inheritedKnown` after the last `inherited`
// The order of the reads is the opposite: `inheritedKnown`, `delivered` and `dropped`, `spooled`, `recovered` and
// `inherited`, `accepted`. A record that moves during a reading is seen at its old place or as pending, and never
// twice.

/** Why a record was refused or dropped. */
export const DROP_REASONS = [
  /** `memory.maxBytes` was reached. */
  'memory',
  /** It was written after `close()`. Only refused. */
  'closed',
  /** It was still pending after `closeTimeoutMs`, or when the process ended, and was not on disk. */
  'exit',
  /** The service refused it for good. */
  'rejected',
  /** It was the oldest on disk when `spool.maxBytes` was reached. */
  'spool',
  /** Its entry on disk was damaged or deleted. */
  'damaged',
  /** The worker thread ended with it, or no worker could start. */
  'worker',
  /** The options are wrong, so nothing was started: in pino's worker, or by winston again. Only refused. */
  'options',
  /** The option `enabled` is false. Only refused. */
  'disabled',
  /** `transform` returned nothing for it. Only refused: this is no loss. */
  'filtered',
  /** A defect of putlogs. Please report it. */
  'internal',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** The order of these writes matters to a reader in another thread, so each has a barrier before it. */
const ORDERED = [
  'delivered',
  'spooled',
  /** Records that earlier processes have left in the spool for this one. */
  'recovered',
  /** Counted by a worker: records in the journals of the dead runs that its host named. They are also `spooled`. */
  'inherited',
  /** Counted by a worker: 1 when it has opened all of those journals, or if there are no such journals. */
  'inheritedKnown',
] as const;

const COUNTERS = [
  ...ORDERED,
  'accepted',
  'truncated',
  'batches',
  'requests',
  'retries',
  'halved',
  'deadLettered',
  'deadLetterLost',
  'deadLetterEvicted',
  'rawBytes',
  'wireBytes',
  'pendingBytes',
  'receivedBytes',
  'credentialFailures',
  'transformFailures',
  'statusFailures',
  /** Counted by a worker: records that it has begun to read, its heartbeats, and 1 when it has closed. */
  'begun',
  'heartbeats',
  'closed',
] as const;
export type Counter = (typeof COUNTERS)[number];

/** The slot of each counter. It is read for each record, and a search in the list would cost too much. */
const SLOT = Object.fromEntries(COUNTERS.map((counter, slot) => [counter, slot])) as Record<Counter, number>;

const DROPPED_FROM = COUNTERS.length;
const REFUSED_FROM = DROPPED_FROM + DROP_REASONS.length;
const SLOTS = REFUSED_FROM + DROP_REASONS.length;

/** The slots and the barrier. Both threads compute it from the same lists. */
export const COUNTERS_BYTES = 8 * (SLOTS + 1);

/**
 * A copy of the counters. They count records unless another unit is named. At every reading
 * `accepted + recovered = delivered + spooled + pending + dropped`, and no term is negative.
 */
export interface Stats {
  /** Records for which `write()` returned `true`. */
  readonly accepted: number;
  /** Records that earlier processes accepted and left in the spool for this one. */
  readonly recovered: number;
  /** Records that the service has acknowledged. */
  readonly delivered: number;
  /** Records on disk that are neither delivered nor dropped. */
  readonly spooled: number;
  /** Records that are only in memory, neither delivered nor dropped. */
  readonly pending: number;
  /** Accepted records that are lost, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Records for which `write()` returned `false`, by reason. They are not part of `accepted`. */
  readonly refused: Readonly<Record<DropReason, number>>;
  /** Records that were longer than `maxRecordBytes`. Their longest values were cut and marked. */
  readonly truncated: number;
  /** Acknowledged batches. */
  readonly batches: number;
  /** Requests sent, including retries. */
  readonly requests: number;
  /** Requests sent again after one that failed. */
  readonly retries: number;
  /** Batches that were sent again in two parts: too large, or with a refused record in them. */
  readonly halved: number;
  /** Records dropped as `rejected` that are in the dead-letter file. */
  readonly deadLettered: number;
  /** Records dropped as `rejected` that could not be written to the dead-letter file. */
  readonly deadLetterLost: number;
  /** Lines of the dead-letter file, of any process, that were deleted to stay within `deadLetter.maxBytes`. */
  readonly deadLetterEvicted: number;
  /** How often the source of credentials (file, module, role, profile) returned no credentials. */
  readonly credentialFailures: number;
  /** Records that were sent unchanged because `transform` threw, or returned no object. */
  readonly transformFailures: number;
  /** How often the status file for `putlogs top` could not be written. */
  readonly statusFailures: number;
  /** Bytes of acknowledged batches before compression. */
  readonly rawBytes: number;
  /** Bytes of acknowledged batches as sent. */
  readonly wireBytes: number;
  /** Bytes of pending records. They are encoded, and after the sealing of their batch compressed. */
  readonly pendingBytes: number;
}

/** Returns the sum over all reasons. */
export function sumOf(reasons: Readonly<Record<DropReason, number>>): number {
  return Object.values(reasons).reduce((sum, records) => sum + records, 0);
}

/**
 * Returns how many records were lost: dropped, or refused. Records that `enabled: false` or your `transform` left out
 * are no loss.
 */
export function lostIn({ dropped, refused }: Stats): number {
  const chosen = dropped.filtered + refused.filtered + dropped.disabled + refused.disabled;
  return sumOf(dropped) + sumOf(refused) - chosen;
}

/** Returns the sums of two copies of counters, for example of two transports. */
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

/** One reading of a worker's counters, by its host. */
export interface Reading {
  readonly stats: Stats;
  /** The number of records that the worker has begun to read. */
  readonly begun: number;
  readonly inherited: number;
  /** True if `inherited` is complete. */
  readonly isInheritedKnown: boolean;
}

export class Counters {
  readonly #slots: Float64Array;
  readonly #barrier: Int32Array;

  /** @param buffer shared with Counters in another thread; by default not shared */
  constructor(buffer: ArrayBufferLike = new ArrayBuffer(COUNTERS_BYTES)) {
    this.#slots = new Float64Array(buffer, 0, SLOTS);
    this.#barrier = new Int32Array(buffer, 8 * SLOTS, 1);
  }

  add(counter: Counter, amount = 1): void {
    const slot = SLOT[counter];
    if (slot < ORDERED.length) this.#keepOrder();
    this.#slots[slot]! += amount;
  }

  read(counter: Counter): number {
    return this.#slots[SLOT[counter]]!;
  }

  /** Counts accepted records that are lost, for this reason. */
  drop(reason: DropReason, records: number): void {
    this.#keepOrder();
    this.#slots[DROPPED_FROM + DROP_REASONS.indexOf(reason)]! += records;
  }

  /** Counts records that were not accepted, for this reason. */
  refuse(reason: DropReason, records = 1): void {
    this.#keepOrder();
    this.#slots[REFUSED_FROM + DROP_REASONS.indexOf(reason)]! += records;
  }

  /** Counts records that a dead worker left on disk. Its host counts them as accepted or recovered. */
  inherit(records: number): void {
    this.add('inherited', records);
    this.add('spooled', records);
  }

  /** Says that all journals of the dead workers are open, or that none exist. May be called more than once. */
  inheritedIsKnown(): void {
    if (this.read('inheritedKnown') === 0) this.add('inheritedKnown');
  }

  stats(): Stats {
    return this.reading().stats;
  }

  reading(): Reading {
    const isInheritedKnown = this.read('inheritedKnown') > 0;
    this.#keepOrder();
    const delivered = this.read('delivered');
    const dropped = this.#reasons(DROPPED_FROM);
    const refused = this.#reasons(REFUSED_FROM);
    this.#keepOrder();
    const spooled = this.read('spooled');
    this.#keepOrder();
    const [recovered, inherited] = [this.read('recovered'), this.read('inherited')];
    this.#keepOrder();
    const [accepted, begun] = [this.read('accepted'), this.read('begun')];
    const stats = {
      accepted,
      recovered,
      delivered,
      spooled,
      pending: accepted + recovered + inherited - delivered - spooled - sumOf(dropped),
      dropped,
      refused,
      truncated: this.read('truncated'),
      batches: this.read('batches'),
      requests: this.read('requests'),
      retries: this.read('retries'),
      halved: this.read('halved'),
      deadLettered: this.read('deadLettered'),
      deadLetterLost: this.read('deadLetterLost'),
      deadLetterEvicted: this.read('deadLetterEvicted'),
      credentialFailures: this.read('credentialFailures'),
      transformFailures: this.read('transformFailures'),
      statusFailures: this.read('statusFailures'),
      rawBytes: this.read('rawBytes'),
      wireBytes: this.read('wireBytes'),
      pendingBytes: this.read('pendingBytes'),
    };
    return { stats, begun, inherited, isInheritedKnown };
  }

  #reasons(from: number): Record<DropReason, number> {
    return Object.fromEntries(DROP_REASONS.map((reason, at) => [reason, this.#slots[from + at]!])) as Record<
      DropReason,
      number
    >;
  }

  #keepOrder(): void {
    Atomics.add(this.#barrier, 0, 1);
  }
}
