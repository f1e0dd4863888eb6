// The second half of the wiring: sealed batch -> queue -> lane -> request -> outcome.
//
// This instance has one queue and lane. With a spool, each other instance whose dead runs are drained also has one.

import type { Codec, Compressed } from '../batch/compress';
import type { SealedBatch } from '../batch/sealed-batch';
import type { SizeLimit } from '../batch/size-limit';
import type { CredentialSource } from '../credentials/source';
import { DeadLetters } from '../dead-letter/dead-letters';
import { type Attempt, BatchSender } from '../delivery/batch-sender';
import { Gate } from '../delivery/gate';
import { Lane } from '../delivery/lane';
import { DeliveryQueue, type QueueParts } from '../delivery/queue';
import { RefusalBudget } from '../delivery/refusal-budget';
import { actOnRefusal, type RefusalParts } from '../delivery/refusals';
import { SequenceIds } from '../delivery/sequence-ids';
import { cutOnSlowLine } from '../delivery/slow-line';
import type { Unit } from '../delivery/unit';
import type { Options } from '../options/schema';
import { atMost, type Clock } from '../runtime/clock';
import type { Runs } from '../runtime/run';
import type { JoinLimits } from '../spool/journal-cursor';
import type { Machine } from '../spool/spool';
import type { Delivered, Failure, Outcome, Refused } from '../targets/outcome';
import type { Target } from '../targets/target';
import type { Counters, DropReason } from '../telemetry/counters';
import { publish } from '../telemetry/diagnostics';
import {
  batchNotDelivered,
  clockWrong,
  credentialsUnavailable,
  memoryOldestDropped,
  recordsLostAtClose,
  recordsRejected,
  spoolFull,
  spoolRemedy,
} from '../telemetry/warning-catalogue';
import type { WarningReporter } from '../telemetry/warnings';
import { networkOf } from './network';
import { OTHERS, SpoolUpkeep, type Way } from './spool-upkeep';

export interface DeliveryParts {
  readonly options: Options;
  readonly target: Target;
  readonly credentials: CredentialSource;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly warnings: WarningReporter;
  readonly compress: (raw: Buffer) => Compressed;
  /** The largest batch, reduced when the service refuses a batch as too large. */
  readonly size: SizeLimit;
  /** How many batches may be in flight at the same time. */
  readonly concurrency: number;
  readonly hashKey: string;
  readonly runs: Runs | undefined;
  /** How long dead runs of another instance are reserved for that instance. */
  readonly graceMs?: number | undefined;
  /** Called when records of the batch with this id are finished: the records of one part, or all. */
  readonly onFinished: (packId: string, count: number) => void;
  /** See `BatchSenderOptions`. */
  readonly onCodecRefused?: ((codec: Codec) => void) | undefined;
  /** Parts that a test replaces. */
  readonly outside?: Outside | undefined;
}

export interface Outside {
  readonly machine: Machine;
  readonly attempts: Pick<BatchSender, 'make' | 'close'>;
  readonly deadLetters: Pick<DeadLetters, 'add' | 'close'> & Partial<Pick<DeadLetters, 'load'>>;
}

/** A joined batch would be sent under an id that its entries do not have. */
const NOTHING_JOINED: JoinLimits = { maxBytes: 0, maxCount: 0 };

let spoolModule: typeof import('../spool/spool') | undefined;

export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #own: Way;
  readonly #gate: Gate;
  readonly #refusals: RefusalParts;
  readonly #attempts: Outside['attempts'];
  readonly #deadLetters: Outside['deadLetters'];
  readonly #spool: SpoolUpkeep | undefined;

  constructor(parts: DeliveryParts) {
    const { options, target, credentials, counters, clock, warnings } = parts;
    this.#parts = parts;
    const concurrency = this.#concurrency;
    const inFlight = concurrency + (this.hasSpool ? OTHERS : 0);
    this.#attempts =
      parts.outside?.attempts ??
      new BatchSender({
        target,
        credentials,
        clock,
        connections: inFlight,
        timeoutMs: options.requestTimeoutMs,
        network: networkOf(options),
        onRequest: () => counters.add('requests'),
        onClockOff: (aheadMs) => warnings.warn(clockWrong(aheadMs)),
        onCodecRefused: parts.onCodecRefused,
      });
    const { destination, layout } = target;
    const letters = { ...options.deadLetter, file: options.deadLetter.file, fsync: options.spool.fsync };
    this.#deadLetters =
      parts.outside?.deadLetters ?? new DeadLetters({ ...letters, destination, layout, clock, counters, warnings });
    this.#gate = new Gate({ concurrency: inFlight, backoff: options.retry, clock });
    this.#refusals = {
      counters,
      budget: new RefusalBudget(clock),
      clock,
      layout,
      isExactlyOnce: this.#isExactlyOnce,
      size: parts.size,
      giveUp: (unit, outcome) => this.#giveUp(unit, outcome),
      onFinished: parts.onFinished,
    };
    this.#spool = this.#newUpkeep();
    this.#own = this.#newWay(concurrency, (inUse) => !inUse || this.#hasRoom());
    if (this.#spool === undefined) counters.inheritedIsKnown();
    else this.#spool.start();
    credentials.listen({
      // Batches that were held for lack of credentials are sent now, without the rest of their backoff.
      renewed: () => this.#eachWay(({ lane }) => lane.hurry()),
      failed: (problem) => {
        counters.add('credentialFailures');
        warnings.warn(credentialsUnavailable(problem));
      },
    });
  }

  get #isExactlyOnce(): boolean {
    return this.#parts.options.delivery === 'exactlyOnce';
  }

  /** Several units in flight would use sequence ids in another order. */
  get #concurrency(): number {
    return this.#isExactlyOnce ? 1 : this.#parts.concurrency;
  }

  get hasSpool(): boolean {
    const { enabled, spool } = this.#parts.options;
    return enabled && spool.dir !== undefined;
  }

  /** See `SpoolUpkeep.place`. */
  get spoolPlace(): SpoolUpkeep['place'] {
    return this.#spool?.place;
  }

  /** True if every batch is finished. */
  get isEmpty(): boolean {
    let isEmpty = true;
    this.#eachWay(({ queue }) => {
      isEmpty &&= queue.isEmpty;
    });
    return isEmpty;
  }

  /** Loads what a refusal may need. */
  loadAhead(): void {
    this.#deadLetters.load?.();
  }

  push(batch: SealedBatch): void {
    this.#own.queue.push(batch);
    this.#own.lane.pull();
  }

  /**
   * Resolves with true when every batch that exists now is finished, and with false after `timeoutMs`. The batches that
   * dead workers of this process left are included, so it first waits until their directories are open.
   */
  async finished(timeoutMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    if (this.#spool?.hasLooked ?? true) return this.#own.queue.finished(timeoutMs);
    const { clock } = this.#parts;
    const startMs = clock.monotonicMs();
    await atMost(clock, timeoutMs, true, this.firstLook);
    return this.#own.queue.finished(Math.max(0, timeoutMs - (clock.monotonicMs() - startMs)));
  }

  /** Resolves when the first search for batches of dead runs is over. */
  get firstLook(): Promise<void> {
    return this.#spool?.firstLook ?? Promise.resolve();
  }

  /** Ends delivery. Batches stay on disk, or are counted as lost and reported. */
  giveUp(when: string, isLast = false): void {
    const records = this.#end(true, (queue) => queue.leave());
    const remedy = spoolRemedy(this.#parts.options.spool.dir);
    if (records > 0) this.#parts.warnings.warn(recordsLostAtClose(records, `not delivered ${when}`, remedy), isLast);
  }

  /** Ends delivery. Batches stay on disk, or in the file that they were read from. */
  leave(): void {
    this.#rescue(true);
  }

  /** Searches again for batches of dead runs. Returns whether there is something to deliver. */
  async lookAgain(): Promise<boolean> {
    await this.#spool?.look();
    return !this.isEmpty;
  }

  /** Ends delivery in a worker that ends. Spools every batch it can; the host counts the rest. */
  rescue(): void {
    this.#rescue(false);
  }

  #rescue(isClean: boolean): void {
    this.#end(isClean, (queue) => {
      queue.rescue();
      return 0;
    });
  }

  #end(isClean: boolean, leave: (queue: DeliveryQueue) => number): number {
    let records = 0;
    this.#eachWay(({ lane, queue }) => {
      lane.abandon();
      records += leave(queue);
    });
    this.#spool?.close(isClean);
    this.#deadLetters.close();
    return records;
  }

  /** Spools every batch. The thread may end, or continue. */
  keepAll(): void {
    this.#own.queue.spill();
  }

  async close(): Promise<void> {
    this.#parts.credentials.close();
    await this.#attempts.close();
  }

  /** Spools batches. Then, with `memory.whenFull: 'dropOldest'`, drops the oldest batches until the record fits. */
  makeRoom(fits: () => boolean): boolean {
    const { queue } = this.#own;
    queue.makeRoom();
    if (this.#parts.options.memory.whenFull !== 'dropOldest') return fits();
    let records = 0;
    while (!fits()) {
      const dropped = queue.dropOldest();
      if (dropped === 0) break;
      records += dropped;
    }
    if (records > 0) this.#parts.warnings.warn(memoryOldestDropped(records));
    return fits();
  }

  #hasRoom(): boolean {
    return this.#parts.counters.read('pendingBytes') < this.#parts.options.memory.maxBytes / 2;
  }

  #eachWay(use: (way: Way) => void): void {
    use(this.#own);
    for (const way of this.#spool?.others ?? []) use(way);
  }

  // queue -> request -> outcome -> queue

  #newWay(concurrency: number, mayRead: (inUse: boolean) => boolean): Way {
    const { counters, clock, target, compress, options, size } = this.#parts;
    const parts: QueueParts = {
      counters,
      clock,
      reframing: { frame: target.frame, readTail: target.readTail, compress },
      mode: options.spool.mode,
      joinLimits: () => (this.#isExactlyOnce ? NOTHING_JOINED : concurrency === 1 ? size : undefined),
      mayRead,
      beforeDisk: () => this.#spool?.checkAfterPause(),
      onDiskFailure: (failure) => this.#spool?.failed(failure),
      onDropped: (reason, dropped) => this.#drop(reason, dropped),
      onDrained: (journal) => this.#spool?.drained(journal),
      sequenceIds: this.#isExactlyOnce ? new SequenceIds() : undefined,
    };
    const queue = new DeliveryQueue(parts);
    const lane = new Lane({
      concurrency,
      clock,
      gate: this.#gate,
      next: () => queue.next(),
      prefetch: () => queue.prefetch(),
      attempt: (unit, signal) => this.#attempt(unit, signal),
      onDelivered: (unit) => {
        this.#refusals.budget.delivered();
        queue.finish(unit, 'delivered');
        this.#parts.onFinished(unit.baseId, unit.batch.count);
      },
      onRefused: (unit, outcome) => actOnRefusal(queue, unit, outcome, this.#refusals),
      onRetry: (unit, failure, delayMs) => this.#retried(queue, unit, failure, delayMs),
    });
    return { queue, lane };
  }

  async #attempt(unit: Unit, signal: AbortSignal): Promise<Outcome> {
    this.#spool?.checkAfterPause();
    const { outcome, wireBytes } = await this.#make(unit, signal);
    if (outcome.kind === 'delivered' && !signal.aborted) this.#acknowledged(unit.batch, wireBytes, outcome);
    return this.#isExactlyOnce ? outcome : cutOnSlowLine(unit, outcome);
  }

  async #make({ sentUnder, batch }: Unit, signal: AbortSignal): Promise<Attempt> {
    if (sentUnder === undefined) return this.#attempts.make(batch, signal);
    const wasInDoubt = sentUnder.isInDoubt;
    sentUnder.isInDoubt = true;
    const attempt = await this.#attempts.make(sentUnder.batch, signal);
    if (attempt.isUnwritten) sentUnder.isInDoubt = wasInDoubt;
    return attempt;
  }

  #acknowledged({ packId, count, rawBytes }: SealedBatch, wireBytes: number, outcome: Delivered): void {
    this.#parts.counters.add('batches');
    this.#parts.counters.add('rawBytes', rawBytes);
    this.#parts.counters.add('wireBytes', wireBytes);
    publish('batch.delivered', this.#parts.options.instance, () => {
      return { packId, records: count, rawBytes, wireBytes, requestId: outcome.requestId };
    });
  }

  #retried(queue: DeliveryQueue, { batch }: Unit, outcome: Failure, delayMs: number): void {
    this.#parts.counters.add('retries');
    queue.failed();
    publish('batch.retry', this.#parts.options.instance, () => {
      const { packId, count } = batch;
      return { packId, records: count, kind: outcome.kind, code: outcome.refusal.code, delayMs };
    });
    const { pending, spooled } = this.#parts.counters.stats();
    this.#parts.warnings.warn(batchNotDelivered(outcome, batch.count, pending + spooled, delayMs, this.hasSpool));
  }

  #giveUp({ batch, firstIndex }: Unit, outcome: Refused): void {
    const place = this.#deadLetters.add(batch, outcome.refusal, firstIndex);
    this.#parts.warnings.warn(recordsRejected(outcome.refusal, batch.count, place));
  }

  #drop(reason: DropReason, dropped: number): void {
    if (dropped === 0) return;
    this.#parts.counters.drop(reason, dropped);
    publish('records.dropped', this.#parts.options.instance, () => ({ reason, records: dropped }));
    if (reason === 'spool') this.#parts.warnings.warn(spoolFull(dropped));
  }

  // spool

  #newUpkeep(): SpoolUpkeep | undefined {
    const { options, target, clock, runs, graceMs, hashKey, counters, warnings, outside } = this.#parts;
    const { dir, maxBytes, fsync } = options.spool;
    if (!this.hasSpool || dir === undefined) return undefined;
    spoolModule ??= require('../spool/spool') as typeof import('../spool/spool');
    const { Spool } = spoolModule;
    const place = { dir, maxBytes, fsync, destination: JSON.stringify(target.identity), layout: target.bodyLayout };
    const writer = { instance: options.instance, hashKey, inFlight: this.#concurrency, runs, graceMs };
    return new SpoolUpkeep({
      counters,
      clock,
      warnings,
      newSpool: (events) => new Spool({ ...place, ...writer, clock, machine: outside?.machine, events }),
      own: () => this.#own,
      newWay: () => this.#newWay(1, () => this.#hasRoom()),
      onDamaged: (damaged) => this.#drop('damaged', damaged),
    });
  }
}
