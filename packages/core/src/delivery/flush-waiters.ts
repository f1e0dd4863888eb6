// Promises that resolve when every batch up to a number is finished.

import type { Clock } from '../runtime/clock';

interface Waiter {
  /** The flush resolves when every batch with a lower number is finished. */
  readonly below: number;
  readonly done: (isFinished: boolean) => void;
}

export class FlushWaiters {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with true when `look` finds it finished, and with false after `timeoutMs`. Keeps the process alive. */
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

  /**
   * Resolves the flushes whose batches are finished.
   * @param oldest returns the number of the first batch that is not finished; called only if there is a flush
   */
  look(oldest: () => number): void {
    if (this.#waiters.size === 0) return;
    const number = oldest();
    for (const waiter of this.#waiters) if (number >= waiter.below) waiter.done(true);
  }

  /** No more batches will be finished: resolves every flush with false. */
  end(): void {
    for (const waiter of this.#waiters) waiter.done(false);
  }
}
