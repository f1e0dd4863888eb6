// One gate per endpoint: a service that is down is asked by one, not hammered by all.
//
// Takes: who wants to send, and what came of it. Gives: turns, and how long who failed has to wait. Keeps: how many
// may be in flight now, the failures in a row, and until when nobody is let in. Never: repeats anything itself: the
// one retry loop is the lane's, and comes here for each of its turns.
//
//   open     as many as `concurrency` are in flight; one that fails waits its own backoff
//   closed   FAILURES_TO_CLOSE in a row, or a Retry-After: nobody until the shared backoff is over, then one probe;
//            if it fails the backoff grows, if it is taken the gate is open, for one, and for one more each success
//
// An attempt that began before the gate closed says nothing new when it fails: a blip that fails all in flight at
// once is one failure. What is refused (a batch too large, a bad record) is an answer: the service is well.

import { type BackoffOptions, backoffMs } from '../runtime/backoff';
import type { CancelTimer, Clock } from '../runtime/clock';
import type { Failure } from '../targets/outcome';

export interface GateOptions {
  /** Most attempts in flight. */
  readonly concurrency: number;
  readonly backoff: BackoffOptions;
  readonly clock: Clock;
}

/** A turn: which period of the gate it was given in. */
export type Turn = number;

/** Fewer in a row are flapping, which the backoff of those that failed is enough for. */
export const FAILURES_TO_CLOSE = 3;
/** A held batch is asked for no more often than this, as a part of the longest backoff. */
const HOLD_PART = 1 / 4;

interface Waiter {
  readonly admit: (turn: Turn) => void;
}

export class Gate {
  readonly #options: GateOptions;
  readonly #waiters = new Set<Waiter>();
  #limit: number;
  #inFlight = 0;
  #closed = false;
  #period: Turn = 0;
  #failuresInARow = 0;
  /** The step of the shared backoff. */
  #step = 0;
  #opensAtMs = 0;
  #cancelTimer: CancelTimer | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#limit = options.concurrency;
  }

  /** A turn, if there is one now. */
  tryEnter(): Turn | undefined {
    if (this.#waiters.size > 0 || this.#inFlight >= this.#limit || this.#untilOpenMs() > 0) return undefined;
    this.#inFlight += 1;
    return this.#period;
  }

  /** The next turn that is free; none if `signal` ends the wait. */
  enter(signal: AbortSignal): Promise<Turn | undefined> {
    return new Promise((resolve) => {
      const leave = () => {
        this.#waiters.delete(waiter);
        this.#admit();
        resolve(undefined);
      };
      const waiter = {
        admit: (turn: Turn) => {
          signal.removeEventListener('abort', leave);
          resolve(turn);
        },
      };
      signal.addEventListener('abort', leave);
      this.#waiters.add(waiter);
      this.#admit();
    });
  }

  /** The attempt had an answer: taken, or refused for what it was. */
  answered(turn: Turn): void {
    this.#inFlight -= 1;
    // What began before the gate closed does not open it: the service may have asked for a pause since.
    if (turn === this.#period || !this.#closed) {
      this.#closed = false;
      this.#failuresInARow = 0;
      this.#opensAtMs = 0;
      this.#limit = Math.min(this.#options.concurrency, this.#limit + 1);
    }
    this.#admit();
  }

  /** The attempt was ended from outside, and says nothing about the service. */
  ended(): void {
    this.#inFlight -= 1;
    this.#admit();
  }

  /** @param failures of this batch, from 1. Gives how long it has to wait before it comes again. */
  failed(turn: Turn, failure: Failure, failures: number): number {
    this.#inFlight -= 1;
    const delayMs = turn === this.#period ? this.#news(failure, failures) : this.#echo(failure, failures);
    this.#admit();
    return delayMs;
  }

  /** What made the attempts fail may be gone: the next one need not wait. */
  hurry(): void {
    this.#opensAtMs = 0;
    this.#admit();
  }

  /** The wait of one batch alone, for a failure that is its own and not the endpoint's. */
  backoffMs(step: number, failure: Failure): number {
    const { backoff, clock } = this.#options;
    const floorMs = failure.kind === 'hold' ? backoff.maxMs * HOLD_PART : failure.afterMs;
    return backoffMs(step, floorMs, backoff, clock.random);
  }

  #news(failure: Failure, failures: number): number {
    this.#failuresInARow += 1;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    const isAskedToWait = failure.kind === 'retry' && failure.afterMs > 0;
    if (!this.#closed && !isAskedToWait && this.#failuresInARow < FAILURES_TO_CLOSE) {
      return this.backoffMs(failures, failure);
    }
    this.#step = this.#closed ? this.#step + 1 : failures;
    this.#closed = true;
    this.#limit = 1;
    this.#period += 1;
    const delayMs = this.backoffMs(this.#step, failure);
    this.#opensAtMs = this.#options.clock.monotonicMs() + delayMs;
    return delayMs;
  }

  /** An attempt from before the gate closed. Only what the service asks for is new. */
  #echo(failure: Failure, failures: number): number {
    if (!this.#closed) return this.backoffMs(failures, failure);
    if (failure.kind === 'retry') {
      this.#opensAtMs = Math.max(this.#opensAtMs, this.#options.clock.monotonicMs() + failure.afterMs);
    }
    return this.#untilOpenMs();
  }

  #untilOpenMs(): number {
    return Math.max(0, this.#opensAtMs - this.#options.clock.monotonicMs());
  }

  /** Lets in who may, in the order they came; and if it is only too early, sees to it that this is done later. */
  #admit(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (const waiter of this.#waiters) {
      if (this.#inFlight >= this.#limit) return;
      const waitMs = this.#untilOpenMs();
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
