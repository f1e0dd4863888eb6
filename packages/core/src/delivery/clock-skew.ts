// The difference between the service's clock and ours. With it, a machine whose clock is wrong can still sign requests.
//
// It is used only for signatures. The time of a record is not changed.

import type { Clock } from '../runtime/clock';

export class ServiceTime {
  readonly #clock: Clock;
  #aheadMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wallMs(): number {
    return this.#clock.wallMs() + this.#aheadMs;
  }

  /**
   * @param wallMs the service's time, from the answer in which it refuses our time
   * @returns by how much the service's clock is ahead of ours
   */
  correct(wallMs: number): number {
    this.#aheadMs = wallMs - this.#clock.wallMs();
    return this.#aheadMs;
  }
}
