// How many records may be given up because the service refuses them.
//
// A refused batch is cut in halves until the refused record is found and dropped. That is right if one record is bad,
// and a disaster if everything is refused, by a mistake of ours or in the topic's settings. So every record that is given
// up, and every cut on the way to it, is spent from a budget: some in a minute, and fewer than 32 without a delivery in
// between, whatever the reason of the refusal. Beyond it, the batch is held and nothing is deleted.

import type { Clock } from '../clock';

/** In a minute. One bad record among 4,096 takes 13. */
export const REFUSALS_PER_MINUTE = 64;
/** Without a delivery in between. Finding the first record of 10,000 takes 15; behind it comes a delivery. */
export const REFUSALS_IN_A_ROW = 31;

const MINUTE_MS = 60_000;

export class RefusalBudget {
  readonly #clock: Clock;
  #tokens = REFUSALS_PER_MINUTE;
  #row = 0;
  #lastMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastMs = clock.monotonicMs();
  }

  /** Whether so many records may be given up, or so many cuts made. */
  allows(records = 1): boolean {
    return this.#tokensNow() >= records && this.#row + records <= REFUSALS_IN_A_ROW;
  }

  /** So many records were given up, or cuts made. A cut that failed is not spent: it will be tried again. */
  spend(records = 1): void {
    this.#tokens = this.#tokensNow() - records;
    this.#lastMs = this.#clock.monotonicMs();
    this.#row += records;
  }

  #tokensNow(): number {
    const sinceMs = this.#clock.monotonicMs() - this.#lastMs;
    return Math.min(REFUSALS_PER_MINUTE, this.#tokens + (sinceMs / MINUTE_MS) * REFUSALS_PER_MINUTE);
  }

  /** A batch was taken: the service does not refuse everything. */
  delivered(): void {
    this.#row = 0;
  }
}
