// When a worker that is gone may be followed by the next.
//
// Takes: word of each end and each start. Gives: how long to wait. Keeps: the starts of the last minute. Never: more
// than five starts a minute: a worker costs a start of tens of milliseconds on a core that belongs to the application.

import { type BackoffOptions, backoffMs } from '../runtime/backoff';
import type { Clock } from '../runtime/clock';

const STARTS = 5;
const WINDOW_MS = 60_000;
const BACKOFF: BackoffOptions = { baseMs: 100, maxMs: 10_000 };

export class RestartPolicy {
  readonly #clock: Clock;
  #starts: number[] = [];
  /** Ends of which each came within a minute after the one before. */
  #ends = 0;
  #lastEndMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  started(): void {
    this.#starts.push(this.#clock.monotonicMs());
    this.#starts = this.#starts.slice(-STARTS);
  }

  /** A worker has ended. How long until the next may start. */
  endedDelayMs(): number {
    const nowMs = this.#clock.monotonicMs();
    this.#ends = nowMs - this.#lastEndMs < WINDOW_MS ? this.#ends + 1 : 1;
    this.#lastEndMs = nowMs;
    const delayMs = backoffMs(this.#ends, 0, BACKOFF, this.#clock.random);
    const first = this.#starts.length < STARTS ? undefined : this.#starts[0];
    return first === undefined ? delayMs : Math.max(delayMs, first + WINDOW_MS - nowMs);
  }
}
