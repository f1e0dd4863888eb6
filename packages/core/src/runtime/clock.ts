// The one owner of time and of chance, so that every test can hold both in its hand.
// Gives: the wall clock (what records and signatures carry), the monotonic clock (what intervals are measured
// with: the wall clock jumps), timers and random numbers. Never: an interval from the wall clock.

/** Ends a timer that has not fired; harmless afterwards. */
export type CancelTimer = () => void;

export interface Clock {
  /** Milliseconds since 1970, as the machine believes. */
  wallMs(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicMs(): number;
  /**
   * Calls `run` once after `delayMs`. A timer that is `held` keeps the process alive until it fires; one that is
   * not lets an idle process end.
   */
  after(delayMs: number, held: boolean, run: () => void): CancelTimer;
  /** At least 0 and below 1. */
  random(): number;
}

/** Node fires a timer beyond 2^31 - 1 ms at once; a longer wait is cut to this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  wallMs: Date.now,
  monotonicMs: () => performance.now(),
  after(delayMs, held, run) {
    const timer = setTimeout(run, Math.min(Math.max(delayMs, 0), LONGEST_TIMER_MS));
    if (!held) timer.unref();
    return () => clearTimeout(timer);
  },
  random: Math.random,
};
