// The circuit breaker of an endpoint: while a service is down, only one attempt at a time probes it.
//
// All lanes to an endpoint share a gate. It permits attempts, and decides how long to wait after a failure. The only
// retry loop is the lane's.
//
//   running  up to `concurrency` attempts are in flight; after a failure each waits its own backoff
//   paused   after FAILURES_TO_PAUSE failures in a row, or a Retry-After: no attempt until the shared backoff is over,
//            then one probe. If the probe fails, the backoff grows. If it succeeds, the gate runs again, with one
//            attempt in flight, and with one more after each success.
//
// The failure of an attempt that began before the pause is ignored: if one interruption fails all attempts in flight,
// it counts once. A refusal (a batch that is too large, a bad record) is an answer: the service works.

import { type BackoffOptions, backoffMs } from '../runtime/backoff';
import type { CancelTimer, Clock } from '../runtime/clock';
import type { Failure } from '../targets/outcome';

export interface GateOptions {
  /** Most attempts in flight. */
  readonly concurrency: number;
  readonly backoff: BackoffOptions;
  readonly clock: Clock;
}

/** Permits one attempt. The number shows whether the attempt began before the latest pause. */
export type Permit = number;

/** After fewer failures in a row, only the attempts that failed wait. */
export const FAILURES_TO_PAUSE = 3;
/** The shortest wait of a held batch, as a fraction of the longest backoff. */
const HOLD_PART = 1 / 4;

interface Waiter {
  readonly admit: (permit: Permit) => void;
}

export class Gate {
  readonly #options: GateOptions;
  readonly #waiters = new Set<Waiter>();
  #limit: number;
  #inFlight = 0;
  #isPaused = false;
  #period: Permit = 0;
  #failuresInARow = 0;
  /** The step of the shared backoff. */
  #step = 0;
  #pausedUntilMs = 0;
  #cancelTimer: CancelTimer | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#limit = options.concurrency;
  }

  /** Returns a permit if one is free now. */
  tryEnter(): Permit | undefined {
    if (this.#waiters.size > 0 || this.#inFlight >= this.#limit || this.#pauseLeftMs() > 0) return undefined;
    this.#inFlight += 1;
    return this.#period;
  }

  /** Resolves with the next free permit, or with undefined if `signal` ends the wait. */
  enter(signal: AbortSignal): Promise<Permit | undefined> {
    return new Promise((resolve) => {
      const leave = () => {
        this.#waiters.delete(waiter);
        this.#admit();
        resolve(undefined);
      };
      const waiter = {
        admit: (permit: Permit) => {
          signal.removeEventListener('abort', leave);
          resolve(permit);
        },
      };
      signal.addEventListener('abort', leave);
      this.#waiters.add(waiter);
      this.#admit();
    });
  }

  /** The service accepted the batch, or refused it for its content. */
  answered(permit: Permit): void {
    this.#inFlight -= 1;
    // An attempt that began before the pause does not end it: the service may have asked for the pause later.
    if (permit === this.#period || !this.#isPaused) {
      this.#isPaused = false;
      this.#failuresInARow = 0;
      this.#pausedUntilMs = 0;
      this.#limit = Math.min(this.#options.concurrency, this.#limit + 1);
    }
    this.#admit();
  }

  /** The attempt was aborted. That proves nothing about the service. */
  ended(): void {
    this.#inFlight -= 1;
    this.#admit();
  }

  /**
   * @param failures of this batch, from 1
   * @returns how long the batch has to wait before its next attempt
   */
  failed(permit: Permit, failure: Failure, failures: number): number {
    this.#inFlight -= 1;
    const delayMs =
      permit === this.#period ? this.#onFailure(failure, failures) : this.#onStaleFailure(failure, failures);
    this.#admit();
    return delayMs;
  }

  /** The cause of the failures may be gone, for example after new credentials: the next attempt does not wait. */
  hurry(): void {
    this.#pausedUntilMs = 0;
    this.#admit();
  }

  /** Returns the wait of one batch after a failure that concerns only this batch. */
  backoffMs(step: number, failure: Failure): number {
    const { backoff, clock } = this.#options;
    const floorMs = failure.kind === 'hold' ? backoff.maxMs * HOLD_PART : failure.afterMs;
    return backoffMs(step, floorMs, backoff, clock.random);
  }

  #onFailure(failure: Failure, failures: number): number {
    this.#failuresInARow += 1;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    const isAskedToWait = failure.kind === 'retry' && failure.afterMs > 0;
    if (!this.#isPaused && !isAskedToWait && this.#failuresInARow < FAILURES_TO_PAUSE) {
      return this.backoffMs(failures, failure);
    }
    this.#step = this.#isPaused ? this.#step + 1 : failures;
    this.#isPaused = true;
    this.#limit = 1;
    this.#period += 1;
    const delayMs = this.backoffMs(this.#step, failure);
    this.#pausedUntilMs = this.#options.clock.monotonicMs() + delayMs;
    return delayMs;
  }

  /** The attempt began before the pause. Only a longer Retry-After is new information. */
  #onStaleFailure(failure: Failure, failures: number): number {
    if (!this.#isPaused) return this.backoffMs(failures, failure);
    if (failure.kind === 'retry') {
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#options.clock.monotonicMs() + failure.afterMs);
    }
    return this.#pauseLeftMs();
  }

  #pauseLeftMs(): number {
    return Math.max(0, this.#pausedUntilMs - this.#options.clock.monotonicMs());
  }

  /** Admits waiters in their order. During a pause, it runs again at the end of the pause. */
  #admit(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (const waiter of this.#waiters) {
      if (this.#inFlight >= this.#limit) return;
      const waitMs = this.#pauseLeftMs();
      if (waitMs > 0) {
        this.#cancelTimer = this.#options.clock.after(waitMs, false, () => this.#admit());
        return;
      }
      this.#waiters.delete(waiter);
      this.#inFlight += 1;
      waiter.admit(this.#period);
    }
  }
}
