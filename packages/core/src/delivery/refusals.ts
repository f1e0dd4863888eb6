// How many refusals may be acted on. A refused batch is cut in halves until the refused record is found and dropped:
// right if one record is bad, a disaster if everything is refused, for a mistake of ours or in the topic's settings.
//
// Takes: each refusal that would be acted on, and each delivery. Gives: whether it may be. Keeps: a bucket of tokens,
// and how many refusals there have been since the last delivery. Never: lets a service that takes nothing cost more
// than a few records: what may not be acted on is held.

import type { Clock } from '../clock';

/** Refusals acted on in a minute. One bad record among 4096 takes 13. */
export const REFUSALS_PER_MINUTE = 64;
/** Acted on without a delivery in between. Finding the first record of 10,000 takes 15; behind it comes a delivery. */
export const REFUSALS_IN_A_ROW = 32;
/** After those, one more is acted on this often: a long run of bad records must not stand in the way for ever. */
const ONE_MORE_AFTER_MS = 10 * 60_000;

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

  /** Whether this refusal may be acted on; if so, it has been counted. */
  spend(): boolean {
    const nowMs = this.#clock.monotonicMs();
    const sinceMs = nowMs - this.#lastMs;
    if (this.#row >= REFUSALS_IN_A_ROW && sinceMs < ONE_MORE_AFTER_MS) return false;
    const tokens = Math.min(REFUSALS_PER_MINUTE, this.#tokens + (sinceMs / MINUTE_MS) * REFUSALS_PER_MINUTE);
    if (tokens < 1) return false;
    this.#tokens = tokens - 1;
    this.#lastMs = nowMs;
    this.#row += 1;
    return true;
  }

  /** Something was taken: the service does not refuse everything. */
  delivered(): void {
    this.#row = 0;
  }
}
