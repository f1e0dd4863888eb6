// How large a new batch may be: what the user says, and for a while less, once the service has refused one for its
// size. Takes: the refused sizes. Gives: two numbers, read for every record, so plain fields. Keeps: until when.
// Never: forgets before its time, or for ever: a limit may have been a proxy's that is gone.

import type { Clock } from '../runtime/clock';

/** How long a refused size is remembered, counted from the last refusal. */
const REMEMBERED_MS = 10 * 60_000;
const LEAST_BYTES = 1024;

export interface BatchLimits {
  readonly maxBytes: number;
  readonly maxCount: number;
}

export class BatchSize {
  /** Bytes of encoded records. */
  maxBytes: number;
  maxCount: number;
  readonly #limits: BatchLimits;
  readonly #clock: Clock;
  #untilMs = Number.POSITIVE_INFINITY;

  constructor(limits: BatchLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.maxBytes = limits.maxBytes;
    this.maxCount = limits.maxCount;
  }

  /** A batch of this many bytes was too large: half of it may not be. */
  tooLarge(bytes: number): void {
    this.maxBytes = Math.max(LEAST_BYTES, Math.min(this.maxBytes, Math.floor(bytes / 2)));
    this.#untilMs = this.#clock.monotonicMs() + REMEMBERED_MS;
  }

  /** As `tooLarge`, for the number of records. */
  tooMany(records: number): void {
    this.maxCount = Math.max(1, Math.min(this.maxCount, Math.ceil(records / 2)));
    this.#untilMs = this.#clock.monotonicMs() + REMEMBERED_MS;
  }

  /** Called for each batch: forgets what was long ago. */
  refresh(): void {
    if (this.#clock.monotonicMs() < this.#untilMs) return;
    this.maxBytes = this.#limits.maxBytes;
    this.maxCount = this.#limits.maxCount;
    this.#untilMs = Number.POSITIVE_INFINITY;
  }
}
