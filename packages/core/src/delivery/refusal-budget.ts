// Limits how many records are given up because the service refuses them.
//
// A refused batch is cut in halves until the refused record is found and given up. That is right if one record is bad.
// If everything is refused, by a defect of ours or by the settings of the topic, it would lose all records. So there
// are two limits:
//
//   in a row     at most 31 records given up and cuts made without a delivery in between, whatever the reason
//   in a minute  at most 64 records given up: if a part of all records is refused, a person has time to find out why
//
// Above a limit the batch is held, and nothing is deleted. Cuts have no limit for a minute. Otherwise a backlog of
// large batches, each with one bad record, could drain more slowly than new records come.

import type { Clock } from '../runtime/clock';

/** Records that are given up in a minute. */
export const REFUSALS_PER_MINUTE = 64;
/** Without a delivery in between. To find the first record of 10,000 takes 15; the next attempt is a delivery. */
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

  get allowsCut(): boolean {
    return this.#row < REFUSALS_IN_A_ROW;
  }

  /** A batch was cut. Not called for a cut that failed, because it is tried again. */
  cut(): void {
    this.#row += 1;
  }

  /** Whether so many records may be given up now. */
  allows(records: number): boolean {
    return this.#tokensNow() >= records && this.#row + records <= REFUSALS_IN_A_ROW;
  }

  /** So many records were given up. */
  gaveUp(records: number): void {
    this.#tokens = this.#tokensNow() - records;
    this.#lastMs = this.#clock.monotonicMs();
    this.#row += records;
  }

  #tokensNow(): number {
    const sinceMs = this.#clock.monotonicMs() - this.#lastMs;
    return Math.min(REFUSALS_PER_MINUTE, this.#tokens + (sinceMs / MINUTE_MS) * REFUSALS_PER_MINUTE);
  }

  /** A batch was delivered: the service does not refuse everything. */
  delivered(): void {
    this.#row = 0;
  }
}
