// What the time is at the service: a machine whose clock is wrong can still sign.
// Takes: the service's time, when it refused ours. Gives: the time to sign with. Keeps: the difference. Never: touches
// the time of a record: that is what the machine said it was.

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

  /** The service says that it is `wallMs` now. Gives by how much its clock is ahead of the machine's. */
  correct(wallMs: number): number {
    this.#aheadMs = wallMs - this.#clock.wallMs();
    return this.#aheadMs;
  }
}
