// The queue of one hash key, and the one retry loop.
//
// Takes: sealed batches. Gives: each its fate, once. Keeps: the batches that have none yet, and how often the first
// has failed. Never: sends a batch before the one in front of it has its fate, when `concurrency` is 1: that is what
// keeps an instance's records in order across retries.
//
// How order could be lost, and is not: batch 1 is sent and the connection breaks, batch 2 is sent and taken, batch 1
// is sent again: its records now stand behind batch 2's. With one batch in flight 2 waits for the fate of 1.

import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock';
import { type BackoffOptions, backoffMs } from './backoff';
import type { Outcome } from './outcome';

export interface LaneOptions<Batch> {
  /** Batches in flight at a time. 1 keeps order. */
  readonly concurrency: number;
  readonly backoff: BackoffOptions;
  readonly clock: Clock;
  /** Makes one attempt. `signal` ends it early. */
  readonly deliver: (batch: Batch, signal: AbortSignal) => Promise<Outcome>;
  /** Told of an attempt that failed and will be repeated after `delayMs`. */
  readonly onRetry: (batch: Batch, outcome: Outcome, delayMs: number) => void;
  /** Told the fate of a batch: delivered, or rejected for good. */
  readonly onFate: (batch: Batch, outcome: Outcome) => void;
}

/** A held batch is asked for no more often than this, as a part of the longest backoff. */
const HOLD_PART = 1 / 4;

export class Lane<Batch> {
  readonly #options: LaneOptions<Batch>;
  readonly #waiting: Batch[] = [];
  readonly #carried = new Set<Batch>();
  readonly #stop = new AbortController();

  constructor(options: LaneOptions<Batch>) {
    this.#options = options;
    // Each batch in flight listens; node takes more than ten listeners for a leak, and says so on stderr.
    setMaxListeners(0, this.#stop.signal);
  }

  /** Batches without a fate. */
  get size(): number {
    return this.#waiting.length + this.#carried.size;
  }

  push(batch: Batch): void {
    this.#waiting.push(batch);
    this.#next();
  }

  /** Ends every attempt and gives back the batches that have no fate, in order. The lane is of no use afterwards. */
  abandon(): Batch[] {
    this.#stop.abort();
    const left = [...this.#carried, ...this.#waiting];
    this.#carried.clear();
    this.#waiting.length = 0;
    return left;
  }

  #next(): void {
    while (this.#carried.size < this.#options.concurrency && !this.#stop.signal.aborted) {
      const batch = this.#waiting.shift();
      if (batch === undefined) return;
      this.#carried.add(batch);
      void this.#carry(batch);
    }
  }

  async #carry(batch: Batch): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 1; ; failures += 1) {
      const outcome = await this.#attempt(batch, signal);
      // Abandoned meanwhile: the batch was given back, and its fate is decided there.
      if (signal.aborted) return;
      if (outcome.kind === 'delivered' || outcome.kind === 'reject') {
        this.#carried.delete(batch);
        this.#options.onFate(batch, outcome);
        this.#next();
        return;
      }
      const { backoff, clock } = this.#options;
      const floorMs = outcome.kind === 'hold' ? backoff.maxMs * HOLD_PART : outcome.afterMs;
      const delayMs = backoffMs(failures, floorMs, backoff, clock.random);
      this.#options.onRetry(batch, outcome, delayMs);
      await this.#wait(delayMs);
      if (signal.aborted) return;
    }
  }

  /** An attempt has an outcome whatever happens in it: a lane that stopped on a surprise would lose what follows. */
  async #attempt(batch: Batch, signal: AbortSignal): Promise<Outcome> {
    try {
      return await this.#options.deliver(batch, signal);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { kind: 'retry', refusal: { code: 'INTERNAL', message }, afterMs: 0 };
    }
  }

  #wait(delayMs: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#options.clock.after(delayMs, false, done);
      signal.addEventListener('abort', done);
    });
  }
}
