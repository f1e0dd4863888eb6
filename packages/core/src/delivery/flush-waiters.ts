// Promises that resolve when every batch up to a number is finished.

import type { Clock } from '../runtime/clock';

interface Waiter {
  /** Waits until every batch with a lower number is finished. */
  readonly below: number;
  readonly done: (isFinished: boolean) => void;
}

export class FlushWaiters {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with true when `look` says so, with false after `timeoutMs`. The process is kept alive for it. */
  wait(below: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const stopHolding = this.#clock.after(timeoutMs, true, () => waiter.done(false));
      const waiter: Waiter = {
        below,
        done: (isFinished) => {
          stopHolding();
          this.#waiters.delete(waiter);
          resolve(isFinished);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** @param oldest the number of the first batch that is not finished; called only if it is needed */
  look(oldest: () => number): void {
    if (this.#waiters.size === 0) return;
    const number = oldest();
    for (const waiter of this.#waiters) if (number >= waiter.below) waiter.done(true);
  }

  /** Nothing more is finished here. */
  end(): void {
    for (const waiter of this.#waiters) waiter.done(false);
  }
}
