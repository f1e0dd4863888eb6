// The second half of the wiring: sealed batch -> backlog -> lane -> request -> outcome -> fate.
//
// Takes: sealed batches, in order; and from disk what earlier processes have left. Gives: each its fate, counted and,
// where it is a bad one, told. Keeps: the lane, the attempts' sockets, the backlog and the burial. Never: lets one of
// them know another.

import type { Account, DropReason } from './account';
import { Attempts } from './attempts';
import { Backlog } from './backlog';
import type { BatchSize } from './batch/batch-size';
import type { Compressed } from './batch/compress';
import { readTimeMs, type TimeLayout } from './batch/read-log';
import type { SealedBatch } from './batch/sealed-batch';
import { halve, sift } from './batch/walk';
import { Burial } from './burial';
import type { CancelTimer, Clock } from './clock';
import type { CredentialSource } from './credentials/source';
import { networkOf } from './delivery/connections';
import { Gate } from './delivery/gate';
import { Lane } from './delivery/lane';
import type { Failure, Fate, Outcome, Refused, TimeWindow } from './delivery/outcome';
import { RefusalBudget } from './delivery/refusals';
import { DEADLINE_PASSED } from './delivery/send';
import { publish } from './diagnostics';
import type { Options } from './options/schema';
import type { Runs } from './spool/run';
import type { Shelf } from './spool/shelf';
import type { Target } from './target/target';
import { lost, records, type Teller } from './tell';

export interface OutboxParts {
  readonly options: Options;
  readonly target: Target;
  readonly credentials: CredentialSource;
  readonly account: Account;
  readonly clock: Clock;
  readonly teller: Teller;
  readonly compress: (raw: Buffer) => Compressed;
  /** Told what the service found too large. */
  readonly size: BatchSize;
  /** Batches in flight at a time. */
  readonly concurrency: number;
  readonly runs: Runs | undefined;
  /** How long batches of a dead instance are left to its successor, where that is not as usual. */
  readonly graceMs?: number | undefined;
  /** Called when a batch, or a part of one, has had its fate. */
  readonly onSettled: (batch: SealedBatch) => void;
}

/** How often the lease on the spool's directories is renewed: a sixth of its time. */
const TEND_MS = 5000;
/** Every so many times it is looked for what others have left meanwhile. */
const ADOPT_ROUNDS = 6;

/** After so many attempts that had no answer in time a batch is halved, */
const TIMEOUTS_TO_HALVE = 2;
/** if it is larger than this: the deadline leaves a second for every 32 KiB. */
const SLOW_LINE_BYTES = 64 * 1024;

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #lane: Lane<SealedBatch>;
  readonly #backlog: Backlog;
  readonly #attempts: Attempts;
  readonly #burial: Burial;
  /** How often a batch had no answer in time. */
  readonly #timeouts = new WeakMap<SealedBatch, number>();
  #cancelTending: CancelTimer | undefined;

  constructor(parts: OutboxParts) {
    const { options, target, credentials, account, clock, teller, compress, concurrency } = parts;
    this.#parts = parts;
    this.#attempts = new Attempts({
      target,
      credentials,
      clock,
      connections: concurrency,
      timeoutMs: options.requestTimeoutMs,
      network: networkOf(options),
      onRequest: () => account.add('requests'),
      onClockOff: (message) => teller.tell('hold', message),
    });
    const { destination, layout } = target;
    this.#burial = new Burial({ file: options.deadLetter.file, destination, layout, clock, account, teller });
    this.#lane = new Lane({
      concurrency,
      clock,
      gate: new Gate({ concurrency, backoff: options.retry, clock }),
      deliver: (batch, signal) => this.#deliver(batch, signal),
      halve: (batch) => halve(this.#whole(batch), { head: target.head, compress }),
      sift: (batch, takes) => sift(this.#whole(batch), isWithin(takes, layout), { head: target.head, compress }),
      refusals: new RefusalBudget(clock),
      onRetry: (batch, outcome, delayMs) => this.#retried(batch, outcome, delayMs),
      onHalved: (batch, parts, outcome) => this.#halved(batch, parts, outcome),
      onFate: (batch, outcome) => this.#settle(batch, outcome),
    });
    this.#backlog = new Backlog({
      account,
      clock,
      lane: this.#lane,
      shelf: this.#openShelf(),
      mode: options.spool.mode,
      onDiskFailure: ({ code, message }) => {
        teller.tell('spool', `the spool cannot be used as it should (spool.dir), ${code}: ${message}`);
      },
      drop: (reason, records) => this.#drop(reason, records),
      onGaveWay: (records) => {
        teller.tell('spool', `${lost(records)}: the spool is full (spool.maxBytes), the oldest give way`);
      },
    });
    if (this.hasSpool) this.#tendSpool(0);
    credentials.listen({
      // What was held for want of these goes now, and not after its backoff.
      renewed: () => this.#lane.hurry(),
      failed: (problem) => {
        account.add('credentialFailures');
        teller.tell('credentials', problem);
      },
    });
  }

  get hasSpool(): boolean {
    const { enabled, spool } = this.#parts.options;
    return enabled && spool.dir !== undefined;
  }

  /** Batches without a fate. */
  get size(): number {
    return this.#backlog.size;
  }

  /** How many times as long as usual a batch may be open. */
  get patience(): number {
    return this.#backlog.patience;
  }

  push(batch: SealedBatch): void {
    this.#lane.push(this.#backlog.add(batch));
  }

  /** Resolves with true when all batches of now have their fate, with false after `timeoutMs`. */
  settled(timeoutMs?: number): Promise<boolean> {
    return this.#backlog.settled(timeoutMs);
  }

  /** What is left has had its time: it stays on disk, or is counted as lost, in one line. */
  giveUp(when: string): void {
    const records = this.#backlog.leave(this.#lane.abandon());
    if (records > 0) this.#parts.teller.tell('exit', `${lost(records)}: not delivered ${when}`);
    this.#cancelTending?.();
    this.#burial.close();
  }

  /** There is no time left to deliver, and somebody else counts what is not, or has it still. */
  rescue(): void {
    this.#lane.abandon();
    this.#backlog.rescue();
    this.#cancelTending?.();
    this.#burial.close();
  }

  /** To disk what can go there; the thread may end, or go on. */
  keepAll(): void {
    this.#backlog.keepAll();
  }

  async close(): Promise<void> {
    this.#parts.credentials.close();
    await this.#attempts.close();
  }

  #openShelf(): Shelf | undefined {
    const { dir, maxBytes, fsync } = this.#parts.options.spool;
    const { options, clock, runs, graceMs } = this.#parts;
    const { instance } = options;
    if (!this.hasSpool || dir === undefined) return undefined;
    const { Spool } = require('./spool/directory') as typeof import('./spool/directory');
    const { Shelf } = require('./spool/shelf') as typeof import('./spool/shelf');
    const destination = JSON.stringify(this.#parts.target.destination);
    return new Shelf(new Spool({ dir, maxBytes, fsync, destination, instance, runs, graceMs, wallMs: clock.wallMs }));
  }

  /** Takes over what dead processes have left, at the start and from time to time, and says that this one lives. */
  #tendSpool(round: number): void {
    if (round === 0) this.#backlog.open();
    else this.#backlog.renew();
    if (round % ADOPT_ROUNDS === 0) for (const batch of this.#backlog.adopt()) this.#lane.push(batch);
    this.#cancelTending = this.#parts.clock.after(TEND_MS, false, () => this.#tendSpool(round + 1));
  }

  /** To disk what can go there; then, if the oldest are to give way, as many of them as it takes. */
  makeRoom(fits: () => boolean): boolean {
    this.#backlog.makeRoom();
    if (this.#parts.options.memory.whenFull !== 'dropOldest') return fits();
    let records = 0;
    while (!fits()) {
      const oldest = this.#lane.removeOldest();
      if (oldest === undefined) break;
      records += oldest.count;
      this.#backlog.dropped(oldest, 'memory');
    }
    if (records > 0)
      this.#parts.teller.tell('memory', `${lost(records)}: memory is full (memory.maxBytes), the oldest give way`);
    return fits();
  }

  // sealed batch -> outcome

  async #deliver(waiting: SealedBatch, signal: AbortSignal): Promise<Outcome> {
    const loaded = this.#backlog.load(waiting);
    if (loaded.kind === 'lost') return { kind: 'lost', refusal: { code: 'DAMAGED', message: loaded.why } };
    if (loaded.kind === 'failed') return { kind: 'retry', refusal: loaded, afterMs: 0 };
    const { outcome, wireBytes } = await this.#attempts.make(loaded.batch, signal);
    if (outcome.kind === 'delivered' && !signal.aborted) this.#acknowledged(loaded.batch, wireBytes, outcome.requestId);
    return this.#isTooSlow(waiting, outcome) ? { kind: 'split', refusal: outcome.refusal, tooLarge: 'bytes' } : outcome;
  }

  /** No answer in time, and again none: on a slow line, or through a proxy with its own patience, less may get through. */
  #isTooSlow(batch: SealedBatch, outcome: Outcome): outcome is Failure {
    if (outcome.kind !== 'retry' || outcome.refusal.code !== DEADLINE_PASSED) return false;
    const timeouts = (this.#timeouts.get(batch) ?? 0) + 1;
    this.#timeouts.set(batch, timeouts);
    return timeouts >= TIMEOUTS_TO_HALVE && batch.count > 1 && batch.rawBytes > SLOW_LINE_BYTES;
  }

  /** The batch with its body, which may be on disk. @throws if it is not there any more */
  #whole(waiting: SealedBatch): SealedBatch {
    const loaded = this.#backlog.load(waiting);
    if (loaded.kind === 'batch') return loaded.batch;
    throw new Error(loaded.kind === 'lost' ? loaded.why : loaded.message);
  }

  #load(waiting: SealedBatch): SealedBatch | undefined {
    const loaded = this.#backlog.load(waiting);
    return loaded.kind === 'batch' ? loaded.batch : undefined;
  }

  #acknowledged({ packId, count, rawBytes }: SealedBatch, wireBytes: number, requestId: string): void {
    this.#parts.account.add('batches');
    this.#parts.account.add('rawBytes', rawBytes);
    this.#parts.account.add('wireBytes', wireBytes);
    publish('batch.delivered', this.#parts.options.instance, () => {
      return { packId, records: count, rawBytes, wireBytes, requestId };
    });
  }

  #retried(batch: SealedBatch, outcome: Failure, delayMs: number): void {
    this.#parts.account.add('retries');
    this.#backlog.failed();
    publish('batch.retry', this.#parts.options.instance, () => {
      const { packId, count } = batch;
      return { packId, records: count, kind: outcome.kind, code: outcome.refusal.code, delayMs };
    });
    const next = `${records(this.#backlog.records, 'waits', 'wait')}, the next attempt is in ${Math.ceil(delayMs)} ms`;
    const taken = records(batch.count, 'was not taken', 'were not taken');
    this.#parts.teller.tell(outcome.kind, `${taken}, ${reasonOf(outcome)}; ${next}`);
  }

  /** Too large, or with a record in it that the service refuses: its parts are in its place, before anything else. */
  #halved(batch: SealedBatch, parts: readonly SealedBatch[], outcome: Refused): void {
    this.#parts.account.add('halved');
    if (outcome.kind === 'split' && outcome.tooLarge === 'bytes') this.#parts.size.tooLarge(batch.rawBytes);
    if (outcome.kind === 'split' && outcome.tooLarge === 'count') this.#parts.size.tooMany(batch.count);
    this.#backlog.halved(batch, parts);
  }

  // outcome -> fate

  #settle(batch: SealedBatch, outcome: Fate): void {
    switch (outcome.kind) {
      case 'delivered':
        this.#backlog.delivered(batch);
        break;
      case 'lost':
        this.#backlog.dropped(batch, 'damaged');
        this.#parts.teller.tell('damaged', `${lost(batch.count)}: ${outcome.refusal.message}`);
        break;
      case 'reject': {
        const where = this.#burial.bury(() => this.#load(batch), outcome.refusal);
        this.#backlog.dropped(batch, 'rejected');
        const refused = records(
          batch.count,
          'was refused by the service, and is',
          'were refused by the service, and are',
        );
        this.#parts.teller.tell('rejected', `${refused} ${where}: ${reasonOf(outcome)}`);
        break;
      }
    }
    this.#parts.onSettled(batch);
  }

  #drop(reason: DropReason, records: number): void {
    this.#parts.account.drop(reason, records);
    publish('records.dropped', this.#parts.options.instance, () => ({ reason, records }));
  }
}

function isWithin({ fromMs, toMs }: TimeWindow, layout: TimeLayout): (log: Buffer) => boolean {
  return (log) => {
    const timeMs = readTimeMs(log, layout);
    return timeMs >= fromMs && timeMs <= toMs;
  };
}

function reasonOf({ refusal }: Exclude<Outcome, { kind: 'delivered' }>): string {
  const { code, status, message, requestId } = refusal;
  const http = status === undefined || code.startsWith('HTTP') ? '' : ` (HTTP ${status})`;
  return `${code}${http}: ${message}${requestId === undefined ? '' : ` [request ${requestId}]`}`;
}
