// Decides when the next worker starts after one has ended: after a backoff, and at most five times a minute.
//
// A start takes tens of milliseconds of CPU time from the application.

import { type BackoffOptions, backoffMs } from '../runtime/backoff';
import type { Clock } from '../runtime/clock';

const STARTS = 5;
const WINDOW_MS = 60_000;
const BACKOFF: BackoffOptions = { baseMs: 100, maxMs: 10_000 };

export class RestartPolicy {
  readonly #clock: Clock;
  #starts: number[] = [];
  /** Ends in a row, each within a minute of the one before. */
  #ends = 0;
  #lastEndMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  started(): void {
    this.#starts.push(this.#clock.monotonicMs());
    this.#starts = this.#starts.slice(-STARTS);
  }

  /** Counts the end of a worker. Returns how long to wait before the next one starts. */
  endedDelayMs(): number {
    const nowMs = this.#clock.monotonicMs();
    this.#ends = nowMs - this.#lastEndMs < WINDOW_MS ? this.#ends + 1 : 1;
    this.#lastEndMs = nowMs;
    const delayMs = backoffMs(this.#ends, 0, BACKOFF, this.#clock.random);
    const first = this.#starts.length < STARTS ? undefined : this.#starts[0];
    return first === undefined ? delayMs : Math.max(delayMs, first + WINDOW_MS - nowMs);
  }
}
