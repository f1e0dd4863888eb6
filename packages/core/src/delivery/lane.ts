// Sends the units of a queue: the one retry loop.
//
// It takes units from the queue, makes attempts, and reports each outcome. With `concurrency` 1, a unit is sent only
// after the unit before it is finished. That keeps an instance's records in order across retries. With more, this can
// happen:
//
//   1. Batch 1 is sent, and the connection breaks.
//   2. Batch 2 is sent and delivered.
//   3. Batch 1 is sent again. Its records are now behind those of batch 2.
//
// refusals.ts acts on a refusal: the unit is cut, or some of its records are given up. A cut does not count as a retry.
// A read that fails stops the lane until a read succeeds, because a later unit would break the order.

import { setMaxListeners } from 'node:events';
import { messageOf } from '../errors';
import type { Clock } from '../runtime/clock';
import { NodeAbortController } from '../runtime/node-abort';
import { immediate } from '../runtime/node-timers';
import type { DiskFailure } from '../spool/disk';
import type { Failure, Outcome, Refused } from '../targets/outcome';
import type { Gate } from './gate';
import type { Next } from './queue';
import type { Unit } from './unit';

/** What a lane needs of its queue and of the target. */
export interface LaneParts {
  /** Most units in flight at a time. 1 keeps order. */
  readonly concurrency: number;
  readonly clock: Clock;
  /** Permits each attempt, and decides how long to wait after a failure. Lanes to one endpoint share it. */
  readonly gate: Gate;
  readonly next: () => Next;
  /** Called while a unit is in flight: the next unit may be read. */
  readonly prefetch?: () => void;
  /** Makes one attempt. `signal` ends it early. */
  readonly attempt: (unit: Unit, signal: AbortSignal) => Promise<Outcome>;
  readonly onDelivered: (unit: Unit) => void;
  /** Acts on a refusal. If it cannot, returns why the unit is held. */
  readonly onRefused: (unit: Unit, outcome: Refused) => Failure | undefined;
  /** Called after an attempt that failed. The next one is after `delayMs`. */
  readonly onRetry: (unit: Unit, outcome: Failure, delayMs: number) => void;
}

export class Lane {
  readonly #parts: LaneParts;
  readonly #stop = new NodeAbortController();
  /** One function for each wait between two attempts: it ends the wait. */
  readonly #waits = new Set<() => void>();
  #carried = 0;
  #failedReads = 0;
  #isWaitingToRead = false;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    // Each unit in flight has a listener. For more than ten, Node would print a warning about a leak on stderr.
    setMaxListeners(0, this.#stop.signal);
  }

  /** Sends every unit that can be sent now. */
  pull(): void {
    while (this.#carried < this.#parts.concurrency && !this.#stop.signal.aborted && !this.#isWaitingToRead) {
      const next = this.#parts.next();
      if (next.kind === 'none') return;
      if (next.kind === 'failed') {
        this.#readLater(next);
        return;
      }
      this.#failedReads = 0;
      this.#carried += 1;
      void this.#carry(next.unit);
    }
  }

  /** The cause of the failures may be gone: units in their backoff are sent now. */
  hurry(): void {
    this.#parts.gate.hurry();
    for (const end of [...this.#waits]) end();
  }

  /** Aborts every attempt. The lane sends nothing afterwards. */
  abandon(): void {
    this.#stop.abort();
  }

  async #carry(unit: Unit): Promise<void> {
    const { signal } = this.#stop;
    const { gate } = this.#parts;
    const attempts = new LimitedAttempts();
    for (let failures = 1; ; failures += 1) {
      const permit = gate.tryEnter() ?? (await gate.enter(signal));
      if (permit === undefined) return;
      const outcome = attempts.limit(await this.#attempt(unit, signal));
      // The lane was abandoned meanwhile. The queue still has the unit, and spools or drops it.
      if (signal.aborted) return gate.ended();
      let failure: Failure;
      let delayMs: number;
      if (outcome.kind === 'retry' || outcome.kind === 'hold') {
        failure = outcome;
        delayMs = gate.failed(permit, failure, failures);
      } else {
        gate.answered(permit);
        const held = this.#conclude(unit, outcome);
        if (held === undefined) {
          this.#carried -= 1;
          return this.pull();
        }
        failure = held;
        delayMs = gate.backoffMs(failures, failure);
      }
      this.#parts.onRetry(unit, failure, delayMs);
      await this.#wait(delayMs);
      if (signal.aborted) return;
    }
  }

  #conclude(unit: Unit, outcome: Exclude<Outcome, Failure>): Failure | undefined {
    if (outcome.kind !== 'delivered') return this.#parts.onRefused(unit, outcome);
    this.#parts.onDelivered(unit);
    return undefined;
  }

  /** The disk cannot be read now. */
  #readLater(failure: DiskFailure): void {
    this.#failedReads += 1;
    this.#isWaitingToRead = true;
    const refusal = { code: failure.code, message: failure.message };
    const delayMs = this.#parts.gate.backoffMs(this.#failedReads, { kind: 'retry', refusal, afterMs: 0 });
    void this.#wait(delayMs).then(() => {
      this.#isWaitingToRead = false;
      this.pull();
    });
  }

  /** Turns an exception into an outcome. Otherwise the lane would stop, and never send the units behind this one. */
  async #attempt(unit: Unit, signal: AbortSignal): Promise<Outcome> {
    try {
      const attempt = this.#parts.attempt(unit, signal);
      // Later in this turn of the loop, after the request was sent.
      immediate(() => {
        if (!signal.aborted) this.#parts.prefetch?.();
      });
      return await attempt;
    } catch (error) {
      return { kind: 'retry', refusal: { code: 'INTERNAL', message: messageOf(error) }, afterMs: 0 };
    }
  }

  #wait(delayMs: number): Promise<void> {
    const { signal } = this.#stop;
    // The application may close the shipper in its listener for warnings. That abandons the lane just before this wait.
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener('abort', done);
        this.#waits.delete(done);
        resolve();
      };
      const cancel = this.#parts.clock.after(delayMs, false, done);
      signal.addEventListener('abort', done);
      this.#waits.add(done);
    });
  }
}

/** Counts the answers of one unit that may be repeated only a few times. */
class LimitedAttempts {
  #count = 0;

  /** Returns the outcome, or a rejection if this answer came too often. */
  limit(outcome: Outcome): Outcome {
    if (outcome.kind !== 'retry' || outcome.mostAttempts === undefined) return outcome;
    this.#count += 1;
    return this.#count < outcome.mostAttempts ? outcome : { kind: 'reject', refusal: outcome.refusal };
  }
}
