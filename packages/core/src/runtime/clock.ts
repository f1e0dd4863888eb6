// The only source of time, timers and random numbers, so that a test can replace them. node-timers.ts takes them from
// Node.
//
// Records and signatures carry the wall clock. Intervals are measured with the monotonic clock, because the wall clock
// jumps.

import { monotonicMs, startTimer, wallMs } from './node-timers';

/** Cancels a timer. Does nothing if it has fired. */
export type CancelTimer = () => void;

export interface Clock {
  /** Milliseconds since 1970, by the machine's clock. */
  wallMs(): number;
  /** Milliseconds since a fixed moment. Never goes back. */
  monotonicMs(): number;
  /**
   * Calls `run` once after `delayMs`. A timer that is `held` keeps the process alive until it fires; one that is
   * not lets an idle process end.
   */
  after(delayMs: number, held: boolean, run: () => void): CancelTimer;
  /** At least 0 and below 1. */
  random(): number;
}

/** Keeps the process alive until it resolves. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, true, resolve));
}

/**
 * Resolves when `work` does, or after `limitMs`. A rejection of `work` is not caught.
 * @param held whether the process is kept alive meanwhile
 */
export function atMost(clock: Clock, limitMs: number, held: boolean, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(limitMs, held, resolve);
    void work.then(() => {
      cancel();
      resolve();
    });
  });
}

/** Blocks the thread. Only for work that must be finished before the process ends. */
export function napMs(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Node fires a longer timer at once, so a longer wait is cut to this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  wallMs,
  monotonicMs,
  after: (delayMs, held, run) => startTimer(Math.min(Math.max(delayMs, 0), LONGEST_TIMER_MS), held, run),
  random: Math.random,
};
