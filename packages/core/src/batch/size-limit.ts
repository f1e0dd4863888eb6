// The current size limit of batches: the configured one, or less for ten minutes after the service refused a larger
// batch.
//
// The limit is not lowered for ever, because a proxy may have refused the batch, and the proxy may be gone.

import type { Clock } from '../runtime/clock';

/** How long a lower limit lasts after the last refusal. */
const REMEMBERED_MS = 10 * 60_000;
const LEAST_BYTES = 1024;

export interface BatchLimits {
  readonly maxBytes: number;
  readonly maxCount: number;
}

export class SizeLimit {
  /** In bytes of encoded records. A plain field, because it is read for every record. */
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

  /** Lowers the limit to half of a size that was refused. */
  tooLarge(bytes: number): void {
    this.maxBytes = Math.max(LEAST_BYTES, Math.min(this.maxBytes, Math.floor(bytes / 2)));
    this.#untilMs = this.#clock.monotonicMs() + REMEMBERED_MS;
  }

  /** Lowers the limit to half of a number of records that was refused. */
  tooMany(records: number): void {
    this.maxCount = Math.max(1, Math.min(this.maxCount, Math.ceil(records / 2)));
    this.#untilMs = this.#clock.monotonicMs() + REMEMBERED_MS;
  }

  /** Restores the configured limit if the last refusal is older than `REMEMBERED_MS`. Called for each batch. */
  refresh(): void {
    if (this.#clock.monotonicMs() < this.#untilMs) return;
    this.maxBytes = this.#limits.maxBytes;
    this.maxCount = this.#limits.maxCount;
    this.#untilMs = Number.POSITIVE_INFINITY;
  }
}
