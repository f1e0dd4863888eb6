// A clock whose time passes only when the test says so. `random` is 1 unless a test replaces it.

import type { Clock } from '@putlogs/core/internal/runtime/clock';

export class HandClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ atMs: number; run: () => void }>();
  readonly waitsMs: number[] = [];

  wallMs = () => this.#nowMs;
  monotonicMs = () => this.#nowMs;
  random = () => 1;
  after(delayMs: number, _held: boolean, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.waitsMs.push(delayMs);
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  async pass(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const timer of [...this.#timers]) {
      if (timer.atMs > this.#nowMs) continue;
      this.#timers.delete(timer);
      timer.run();
    }
    await settled();
  }
}

/** All promises that can settle now have. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
