// The queue of one hash key, and the one retry loop.
//
// Takes: sealed batches. Gives: each its fate, once; or parts in its place, which then have theirs. Keeps: the batches
// that have none yet, and how often each in flight has failed. Never: sends a batch before the one in front of it has
// its fate, when `concurrency` is 1: that is what keeps an instance's records in order across retries. Never: drops
// more than one record for one refusal, unless the service has said which.
//
// How order could be lost, and is not: batch 1 is sent and the connection breaks, batch 2 is sent and taken, batch 1
// is sent again: its records now stand behind batch 2's. With one batch in flight 2 waits for the fate of 1.
//
// A batch that is too large, or that the service refuses, is cut in halves, which take its place at the front, first
// half first. So a refused record is found in as many rounds as its batch can be halved, its neighbours are delivered
// on the way, and only a batch of one record is ever rejected. Being cut costs no retry.

import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock';
import { messageOf } from '../errors';
import type { Gate } from './gate';
import type { Delivered, Failure, Fate, Outcome, Refused, TimeWindow } from './outcome';

export interface LaneOptions<Batch> {
  /** Batches in flight at a time. 1 keeps order. */
  readonly concurrency: number;
  readonly clock: Clock;
  /** Gives each attempt its turn, and each failure its wait. Lanes to one endpoint share it. */
  readonly gate: Gate;
  /** Makes one attempt. `signal` ends it early. */
  readonly deliver: (batch: Batch, signal: AbortSignal) => Promise<Outcome>;
  /** The batch in parts, in order; none for a single record. */
  readonly halve: (batch: Batch) => readonly Batch[];
  /** The records of a time within the window, and the others. */
  readonly sift: (batch: Batch, takes: TimeWindow) => { kept: Batch | undefined; others: Batch | undefined };
  /** How many refusals may be acted on. */
  readonly refusals: { spend(): boolean; delivered(): void };
  /** Told of an attempt that failed and will be repeated after `delayMs`. */
  readonly onRetry: (batch: Batch, outcome: Failure, delayMs: number) => void;
  /** Told that a batch has been replaced by its parts. */
  readonly onHalved: (batch: Batch, parts: readonly Batch[], outcome: Refused) => void;
  /** Told the fate of a batch: delivered, or rejected for good: a single record, or several of a time that is refused. */
  readonly onFate: (batch: Batch, outcome: Fate) => void;
}

export class Lane<Batch> {
  readonly #options: LaneOptions<Batch>;
  readonly #waiting: Batch[] = [];
  readonly #carried = new Set<Batch>();
  readonly #stop = new AbortController();
  readonly #waits = new Set<() => void>();

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

  isInFlight(batch: Batch): boolean {
    return this.#carried.has(batch);
  }

  /** Puts another in the place of a batch that waits. */
  replace(batch: Batch, by: Batch): void {
    const at = this.#waiting.indexOf(batch);
    if (at !== -1) this.#waiting[at] = by;
  }

  /** Takes a batch out that waits. */
  remove(batch: Batch): void {
    const at = this.#waiting.indexOf(batch);
    if (at !== -1) this.#waiting.splice(at, 1);
  }

  /** The batch that has waited longest, taken out; none if all are in flight. */
  removeOldest(): Batch | undefined {
    return this.#waiting.shift();
  }

  /** What was in the way may be gone: what waits to be sent again is sent now. */
  hurry(): void {
    this.#options.gate.hurry();
    for (const end of [...this.#waits]) end();
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
    const { gate } = this.#options;
    for (let failures = 1; ; failures += 1) {
      const turn = gate.tryEnter() ?? (await gate.enter(signal));
      if (turn === undefined) return;
      const outcome = await this.#attempt(batch, signal);
      // Abandoned meanwhile: the batch was given back, and its fate is decided there.
      if (signal.aborted) return gate.ended();
      let failure: Failure | undefined;
      let delayMs: number;
      if (outcome.kind === 'retry' || outcome.kind === 'hold') {
        failure = outcome;
        delayMs = gate.failed(turn, failure, failures);
      } else if (outcome.kind === 'lost') {
        // Nothing was sent: this says nothing of the service.
        gate.ended();
        this.#settle(batch, outcome);
        return this.#next();
      } else {
        gate.answered(turn);
        failure = this.#conclude(batch, outcome);
        if (failure === undefined) return this.#next();
        delayMs = gate.backoffMs(failures, failure);
      }
      this.#options.onRetry(batch, failure, delayMs);
      await this.#wait(delayMs);
      if (signal.aborted) return;
    }
  }

  /** Ends the batch's way, by its fate or by parts in its place; or gives why it has to be sent again. */
  #conclude(batch: Batch, outcome: Delivered | Refused): Failure | undefined {
    if (outcome.kind !== 'delivered') return this.#refused(batch, outcome);
    this.#options.refusals.delivered();
    this.#settle(batch, outcome);
    return undefined;
  }

  #refused(batch: Batch, outcome: Refused): Failure | undefined {
    try {
      return this.#rejectSome(batch, outcome) ? undefined : this.#cut(batch, outcome);
    } catch (error) {
      const { refusal } = outcome;
      return { kind: 'hold', refusal: { ...refusal, message: `${refusal.message}; not cut: ${messageOf(error)}` } };
    }
  }

  /** Where the service has said which records it will not take, those are rejected, and the rest is sent again. */
  #rejectSome(batch: Batch, outcome: Refused): boolean {
    if (outcome.kind !== 'reject' || outcome.takes === undefined) return false;
    const { kept, others } = this.#options.sift(batch, outcome.takes);
    if (others === undefined) return false;
    if (kept !== undefined) this.#replaceBy(batch, [others, kept], [kept], outcome);
    this.#settle(kept === undefined ? batch : others, { kind: 'reject', refusal: outcome.refusal });
    return true;
  }

  #cut(batch: Batch, outcome: Refused): Failure | undefined {
    const { refusal } = outcome;
    const parts = this.#options.halve(batch);
    const isTooLarge = outcome.kind === 'split' && parts.length > 0;
    if (!isTooLarge && !this.#options.refusals.spend()) {
      const held = 'too much is refused: this is held, and nothing is deleted';
      return { kind: 'hold', refusal: { ...refusal, message: `${refusal.message}; ${held}` } };
    }
    if (parts.length === 0) this.#settle(batch, { kind: 'reject', refusal });
    else this.#replaceBy(batch, parts, parts, outcome);
    return undefined;
  }

  #replaceBy(batch: Batch, parts: readonly Batch[], sent: readonly Batch[], outcome: Refused): void {
    this.#carried.delete(batch);
    this.#waiting.unshift(...sent);
    this.#options.onHalved(batch, parts, outcome);
  }

  #settle(batch: Batch, fate: Fate): void {
    this.#carried.delete(batch);
    this.#options.onFate(batch, fate);
  }

  /** An attempt has an outcome whatever happens in it: a lane that stopped on a surprise would lose what follows. */
  async #attempt(batch: Batch, signal: AbortSignal): Promise<Outcome> {
    try {
      return await this.#options.deliver(batch, signal);
    } catch (error) {
      return { kind: 'retry', refusal: { code: 'INTERNAL', message: messageOf(error) }, afterMs: 0 };
    }
  }

  #wait(delayMs: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener('abort', done);
        this.#waits.delete(done);
        resolve();
      };
      const cancel = this.#options.clock.after(delayMs, false, done);
      signal.addEventListener('abort', done);
      this.#waits.add(done);
    });
  }
}
