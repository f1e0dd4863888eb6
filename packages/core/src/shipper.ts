// The wiring, readable from top to bottom: record -> open batch -> sealed batch -> lane -> request -> outcome -> fate.
//
// Takes: records, one JSON text each. Gives: every one a fate, counted in the account. Keeps: the stages. Never:
// throws or blocks in `write`, or lets a stage know another.

import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Account, type DropReason, type Stats } from './account';
import { Backlog } from './backlog';
import { BatchSize } from './batch/batch-size';
import { compressor } from './batch/compress';
import { hashKeyOf } from './batch/hashkey';
import { OpenBatch } from './batch/open-batch';
import { type SealedBatch, sealBatch } from './batch/sealed-batch';
import { halve } from './batch/walk';
import { type CancelTimer, type Clock, systemClock } from './clock';
import { Gate } from './delivery/gate';
import { Lane } from './delivery/lane';
import type { Failure, Fate, Outcome, Refusal, Refused } from './delivery/outcome';
import { RefusalBudget } from './delivery/refusals';
import { Sender } from './delivery/send';
import { ServiceTime } from './delivery/service-time';
import { publish } from './diagnostics';
import { enterExit, type Leaver, leaveExit } from './exit';
import { CredentialSource } from './options/credentials';
import type { Options, PutlogsOptions } from './options/schema';
import { levelLabels } from './record/level';
import { Transcoder } from './record/transcode';
import { handleSignals, NO_SIGNALS } from './signals';
import { DeadLetterFile, type DeadLetterResult } from './spool/dead-letter';
import type { Shelf } from './spool/shelf';
import type { Target } from './target/target';
import { volcTls } from './target/volc-tls';
import { Teller, type Warning } from './tell';

/** Where records go in: a shipper in this thread, or a host whose worker thread has one. */
export interface RecordSink {
  /**
   * Takes one record: the text of a JSON object. Never throws and never blocks.
   * @returns whether it was accepted; if not, it is counted in `stats().refused`.
   */
  write(record: string | Uint8Array): boolean;
  /** Resolves when every record accepted so far has its fate. Never rejects. */
  flush(): Promise<void>;
  /**
   * Takes no more records, and resolves when all have their fate, at the latest after `timeoutMs` (default: the
   * option `closeTimeoutMs`): what is then left is counted as dropped and told on stderr. Never rejects.
   */
  close(options?: { timeoutMs?: number }): Promise<void>;
  /** What became of the records so far. */
  stats(): Stats;
}

/** The events of a shipper, and of a host. There is no `error`: a log must not end the application. */
export interface ShipperEvents {
  /** Something a person should look at; also on stderr. Of each kind the first, then at most one a minute. */
  warning: [Warning];
}

/** A batch's way as one object: `createShipper`. */
export interface Shipper extends RecordSink, EventEmitter<ShipperEvents> {}

/** What the worker has of it. */
export interface RangeShipper extends Shipper {
  /** As `write`, for a record that stands in well-formed UTF-8 at `bytes[start..end)`. */
  writeRange(bytes: Buffer, start: number, end: number): boolean;
}

/**
 * The whole core in this thread.
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS`, with every problem of the options and the environment
 */
export function createShipper(options: PutlogsOptions = {}): Shipper {
  // Loaded here and not at the top: who ships from a worker imports this module for its types alone.
  const { resolveOptions } = require('./options/resolve') as typeof import('./options/resolve');
  return startShipper(resolveOptions(options, process.env));
}

/** @param account shared with the application's thread, where this runs in a worker. */
export function startShipper(
  options: Options,
  account = new Account(),
  admission: Admission = 'own',
  clock: Clock = systemClock,
): RangeShipper {
  const credentials = new CredentialSource(options.credentials, clock);
  const target = volcTls({ ...options, credentials: () => credentials.current });
  return new Pipeline({ options, target, credentials, account, admission, clock });
}

/**
 * Who decides what is let in: this shipper, or a host in front of it. What a host has accepted is not refused here: the
 * host lets in `memory.maxBytes` for both threads, and this side makes room from half of that on, so that the host
 * meets the limit only if room cannot be made.
 */
export type Admission = 'own' | 'host';

const SCRATCH_BYTES = 64 * 1024;
/** How often the lease on the spool's directories is renewed: a sixth of its time. */
const TEND_MS = 5000;
/** Every so many times it is looked for what others have left meanwhile. */
const ADOPT_ROUNDS = 6;

interface PipelineParts {
  readonly options: Options;
  readonly target: Target;
  readonly credentials: CredentialSource;
  readonly account: Account;
  readonly admission: Admission;
  readonly clock: Clock;
}

const NO_CREDENTIALS: Refusal = { code: 'NO_CREDENTIALS', message: 'there are none to sign a request with' };

class Pipeline extends EventEmitter<ShipperEvents> implements RangeShipper, Leaver {
  readonly #options: Options;
  readonly #target: Target;
  readonly #credentials: CredentialSource;
  readonly #clock: Clock;
  readonly #account: Account;
  readonly #admission: Admission;
  readonly #memoryBytes: number;
  readonly #teller: Teller;
  readonly #transcoder: Transcoder;
  readonly #open: OpenBatch;
  readonly #size: BatchSize;
  readonly #compress: ReturnType<typeof compressor>;
  readonly #hashKey: string;
  readonly #lane: Lane<SealedBatch>;
  readonly #sender: Sender;
  readonly #serviceTime: ServiceTime;
  readonly #deadLetter: DeadLetterFile | undefined;
  /** Names the batches of this shipper among all: the instance may run many times, one after the other. */
  readonly #packPrefix = randomBytes(8).toString('hex').toUpperCase();
  readonly #backlog: Backlog;
  #scratch = Buffer.allocUnsafe(SCRATCH_BYTES);
  #sequence = 0;
  #sealedRecords = 0;
  #cancelLinger: CancelTimer | undefined;
  #cancelTending: CancelTimer | undefined;
  #stopSignals: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  /** How many records were accepted when the end of the process was last held up for them. */
  #heldUpFor = 0;

  constructor({ options, target, credentials, account, admission, clock }: PipelineParts) {
    super();
    this.#admission = admission;
    this.#memoryBytes = options.memory.maxBytes / (admission === 'own' ? 1 : 2);
    this.#options = options;
    this.#target = target;
    this.#credentials = credentials;
    this.#clock = clock;
    this.#account = account;
    this.#teller = new Teller(clock, (warning) => this.emit('warning', warning));
    const timeKeys = typeof options.timeKey === 'string' ? [options.timeKey] : options.timeKey;
    const transcode = { ...options, timeKeys, levels: levelLabels(options.levels) };
    this.#transcoder = new Transcoder(target.layout, transcode, clock);
    this.#open = new OpenBatch(options.batch.maxBytes);
    this.#size = new BatchSize(options.batch, clock);
    this.#compress = compressor(options.compression, (reason) =>
      this.#teller.tell('compression', `no LZ4 for this platform, zlib is used instead: ${reason}`),
    );
    this.#hashKey = hashKeyOf(options.hashKey, options.instance);
    const concurrency = this.#hashKey === '' ? options.concurrency : 1;
    this.#serviceTime = new ServiceTime(clock);
    this.#sender = new Sender({
      origin: target.origin,
      connections: concurrency,
      timeoutMs: options.requestTimeoutMs,
      clock,
      onRequest: () => account.add('requests'),
    });
    const { file } = options.deadLetter;
    const { destination, layout } = target;
    const { timeNsTag } = layout;
    this.#deadLetter = file === undefined ? undefined : new DeadLetterFile({ file, destination, timeNsTag, clock });
    this.#lane = new Lane({
      concurrency,
      clock,
      gate: new Gate({ concurrency, backoff: options.retry, clock }),
      deliver: (batch, signal) => this.#deliver(batch, signal),
      halve: (batch) => halve(this.#whole(batch), { head: target.head, compress: this.#compress }),
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
        this.#teller.tell('spool', `the spool cannot be used as it should (spool.dir), ${code}: ${message}`);
      },
      drop: (reason, records) => this.#drop(reason, records),
      onGaveWay: (records) => {
        this.#teller.tell(
          'spool',
          `${records} records are lost: the spool is full (spool.maxBytes), the oldest give way`,
        );
      },
    });
    if (options.enabled && options.spool.dir !== undefined) this.#tendSpool(0);
    credentials.listen({
      // What was held for want of these goes now, and not after its backoff.
      renewed: () => this.#lane.hurry(),
      failed: (problem) => {
        account.add('credentialFailures');
        this.#teller.tell('credentials', problem);
      },
    });
    if (options.handleSignals.length === 0) return;
    this.#stopSignals = handleSignals(options.handleSignals, this);
    if (this.#stopSignals === undefined) this.#teller.tell('options', NO_SIGNALS);
  }

  // what earlier processes left

  #openShelf(): Shelf | undefined {
    const { dir, maxBytes, fsync } = this.#options.spool;
    const { instance } = this.#options;
    if (dir === undefined || !this.#options.enabled) return undefined;
    const { Spool } = require('./spool/directory') as typeof import('./spool/directory');
    const { Shelf } = require('./spool/shelf') as typeof import('./spool/shelf');
    const destination = JSON.stringify(this.#target.destination);
    return new Shelf(new Spool({ dir, maxBytes, fsync, destination, instance, wallMs: this.#clock.wallMs }));
  }

  /** Takes over what dead processes have left, at the start and from time to time, and says that this one lives. */
  #tendSpool(round: number): void {
    enterExit(this);
    if (round === 0) this.#backlog.open();
    else this.#backlog.renew();
    if (round % ADOPT_ROUNDS === 0) for (const batch of this.#backlog.adopt()) this.#lane.push(batch);
    this.#cancelTending = this.#clock.after(TEND_MS, false, () => this.#tendSpool(round + 1));
  }

  // record -> open batch

  write(record: string | Uint8Array): boolean {
    if (typeof record === 'string') {
      // A UTF-16 unit takes three bytes of UTF-8 at most.
      const most = record.length * 3;
      if (most <= SCRATCH_BYTES) return this.writeRange(this.#scratch, 0, this.#scratch.write(record, 0));
      const bytes = Buffer.from(record);
      return this.writeRange(bytes, 0, bytes.length);
    }
    const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
    const valid = isUtf8(bytes) ? bytes : Buffer.from(bytes.toString());
    return this.writeRange(valid, 0, valid.length);
  }

  /** As `write`, for a record that stands in well-formed UTF-8 at `bytes[start..end)`. */
  writeRange(bytes: Buffer, start: number, end: number): boolean {
    if (!this.#options.enabled) return this.#refuse('disabled');
    if (this.#closing !== undefined) return this.#refuse('closed');
    const { maxBytes } = this.#options.memory;
    const fits = () => this.#account.read('pendingBytes') + (end - start) <= this.#memoryBytes;
    if (!fits() && !this.#makeRoom(fits) && this.#admission === 'own') {
      this.#teller.tell('memory', `${maxBytes} bytes are waiting (memory.maxBytes): new records are refused`);
      return this.#refuse('memory');
    }
    const from = this.#open.length;
    try {
      if (this.#transcoder.append(bytes, start, end, this.#open)) this.#account.add('truncated');
    } catch (error) {
      this.#open.length = from;
      this.#teller.tell('internal', `a record could not be encoded, please report this: ${String(error)}`);
      return this.#refuse('internal');
    }
    this.#open.added(from);
    this.#account.add('accepted');
    this.#account.add('pendingBytes', this.#open.length - from);
    this.#sealIfFull();
    if (this.#open.count > 0 && this.#cancelLinger === undefined) this.#startLinger();
    return true;
  }

  /** To disk what can go there; then, if the oldest are to give way, as many of them as it takes. */
  #makeRoom(fits: () => boolean): boolean {
    this.#backlog.makeRoom();
    if (this.#options.memory.whenFull !== 'dropOldest') return fits();
    let records = 0;
    while (!fits()) {
      const oldest = this.#lane.removeOldest();
      if (oldest === undefined) break;
      records += oldest.count;
      this.#backlog.dropped(oldest, 'memory');
    }
    if (records > 0)
      this.#teller.tell('memory', `${records} records are lost: memory is full (memory.maxBytes), the oldest give way`);
    return fits();
  }

  #refuse(reason: DropReason): false {
    this.#account.refuse(reason);
    return false;
  }

  // open batch -> sealed batch

  #sealIfFull(): void {
    const { maxBytes, maxCount } = this.#size;
    if (this.#open.logBytes > maxBytes && this.#open.count > 1) this.#seal(true);
    if (this.#open.logBytes >= maxBytes || this.#open.count >= maxCount) this.#seal(false);
  }

  /** From the first record of a batch on, and never put off: steady traffic must not keep a batch open. */
  #startLinger(): void {
    enterExit(this);
    this.#cancelLinger = this.#clock.after(this.#options.lingerMs, false, () => this.#seal(false));
  }

  #seal(withoutLast: boolean): void {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    const count = this.#open.count - (withoutLast ? 1 : 0);
    if (count === 0) return;
    this.#sequence += 1;
    const packId = `${this.#packPrefix}-${this.#sequence.toString(16).toUpperCase()}`;
    const seal = { firstRecord: this.#sealedRecords, packId, hashKey: this.#hashKey, count };
    this.#sealedRecords += count;
    const openBytes = this.#open.logBytes;
    const batch = this.#open.seal(
      withoutLast,
      (logBytes) => this.#target.frame({ ...this.#options, packId }, logBytes),
      (body, entriesFrom, entriesTo) => sealBatch({ ...seal, entriesFrom, entriesTo }, body, this.#compress),
    );
    this.#size.refresh();
    enterExit(this);
    this.#account.add('pendingBytes', this.#open.logBytes - openBytes);
    this.#lane.push(this.#backlog.add(batch));
  }

  // sealed batch -> outcome

  async #deliver(waiting: SealedBatch, signal: AbortSignal): Promise<Outcome> {
    const loaded = this.#backlog.load(waiting);
    if (loaded.kind === 'lost') return { kind: 'lost', refusal: { code: 'DAMAGED', message: loaded.why } };
    if (loaded.kind === 'failed') return { kind: 'retry', refusal: loaded, afterMs: 0 };
    const { batch } = loaded;
    if (!(await this.#credentials.ready())) return { kind: 'hold', refusal: NO_CREDENTIALS };
    const { current } = this.#credentials;
    let outcome = await this.#send(batch, signal);
    if (outcome.kind === 'hold' && outcome.serviceMs !== undefined) {
      // Once, at once: if it is not the clock after all, the batch is held.
      const aheadMs = this.#serviceTime.correct(outcome.serviceMs);
      const seconds = `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'behind' : 'ahead'}`;
      this.#teller.tell('hold', `the clock of this machine is ${seconds}: the service's time is used for signing`);
      outcome = await this.#send(batch, signal);
    }
    if (outcome.kind === 'hold' && isUnauthorized(outcome.refusal) && this.#credentials.refused(current)) {
      return { kind: 'retry', refusal: outcome.refusal, afterMs: 0 };
    }
    if (outcome.kind === 'delivered' && !signal.aborted) this.#acknowledged(batch, outcome.requestId);
    return outcome;
  }

  async #send(batch: SealedBatch, signal: AbortSignal): Promise<Outcome> {
    const request = this.#target.request(batch, this.#serviceTime.wallMs());
    const answer = await this.#sender.send(request, signal);
    return this.#target.outcome(answer, this.#serviceTime.wallMs());
  }

  /** The batch with its body, which may be on disk. @throws if it is not there any more */
  #whole(waiting: SealedBatch): SealedBatch {
    const loaded = this.#backlog.load(waiting);
    if (loaded.kind === 'batch') return loaded.batch;
    throw new Error(loaded.kind === 'lost' ? loaded.why : loaded.message);
  }

  #acknowledged({ packId, count, rawBytes, body }: SealedBatch, requestId: string): void {
    this.#account.add('batches');
    this.#account.add('rawBytes', rawBytes);
    this.#account.add('wireBytes', body.length);
    publish('batch.delivered', this.#options.instance, () => {
      return { packId, records: count, rawBytes, wireBytes: body.length, requestId };
    });
  }

  #retried(batch: SealedBatch, outcome: Failure, delayMs: number): void {
    this.#account.add('retries');
    this.#backlog.failed();
    publish('batch.retry', this.#options.instance, () => {
      const { packId, count } = batch;
      return { packId, records: count, kind: outcome.kind, code: outcome.refusal.code, delayMs };
    });
    const { pending, spooled } = this.stats();
    const next = `${pending + spooled} records wait, the next attempt is in ${Math.ceil(delayMs)} ms`;
    this.#teller.tell(outcome.kind, `${batch.count} records were not taken, ${reasonOf(outcome)}; ${next}`);
  }

  /** Too large, or with a record in it that the service refuses: its parts are in its place, before anything else. */
  #halved(batch: SealedBatch, parts: readonly SealedBatch[], outcome: Refused): void {
    this.#account.add('halved');
    if (outcome.kind === 'split' && outcome.tooLarge === 'bytes') this.#size.tooLarge(batch.rawBytes);
    if (outcome.kind === 'split' && outcome.tooLarge === 'count') this.#size.tooMany(batch.count);
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
        this.#teller.tell('damaged', `${batch.count} records are lost: ${outcome.refusal.message}`);
        break;
      case 'reject': {
        const where = this.#bury(batch, outcome.refusal);
        this.#backlog.dropped(batch, 'rejected');
        this.#teller.tell('rejected', `the service refused a record, and it is ${where}: ${reasonOf(outcome)}`);
        break;
      }
    }
    this.#leaveIfIdle();
  }

  /** Puts a refused record into the dead-letter file, and says where it is now. */
  #bury(batch: SealedBatch, refusal: Refusal): string {
    if (this.#deadLetter === undefined) return 'lost (set deadLetter.file to keep such records)';
    const result = this.#deadLetter.put(this.#whole(batch), refusal);
    this.#countBuried(result);
    return result.problem === undefined ? 'in the dead-letter file' : `not in the dead-letter file, ${result.problem}`;
  }

  #countBuried({ written, lost }: DeadLetterResult): void {
    this.#account.add('deadLettered', written);
    this.#account.add('deadLetterLost', lost);
  }

  #closeDeadLetter(): void {
    const result = this.#deadLetter?.close();
    if (result === undefined) return;
    this.#countBuried(result);
    if (result.lost > 0) {
      this.#teller.tell('exit', `${result.lost} refused records are not in the dead-letter file, ${result.problem}`);
    }
  }

  #drop(reason: DropReason, records: number): void {
    this.#account.drop(reason, records);
    publish('records.dropped', this.#options.instance, () => ({ reason, records }));
  }

  #leaveIfIdle(): void {
    if (this.#backlog.size === 0 && this.#open.count === 0 && this.#options.spool.dir === undefined) leaveExit(this);
  }

  async flush(): Promise<void> {
    this.#seal(false);
    await this.#backlog.settled();
  }

  close({ timeoutMs = this.#options.closeTimeoutMs }: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#seal(false);
    await this.#backlog.settled(timeoutMs);
    this.#giveUp(`within ${timeoutMs} ms (closeTimeoutMs)`);
    this.#closeDeadLetter();
    this.#stopSignals?.();
    this.#credentials.close();
    await this.#sender.close();
  }

  stats(): Stats {
    return this.#account.stats();
  }

  /** What is left has had its time: it stays on disk, or is counted as lost, in one line. */
  #giveUp(when: string): void {
    const lost = this.#backlog.leave(this.#lane.abandon());
    if (lost > 0) this.#teller.tell('exit', `${lost} records are lost: they could not be delivered ${when}`);
    this.#cancelTending?.();
    leaveExit(this);
  }

  beforeExit(): void {
    const accepted = this.#account.read('accepted');
    // The loop comes here again after every wait: once for the same records is enough.
    if (this.#closing !== undefined || this.#heldUpFor === accepted) return;
    this.#heldUpFor = accepted;
    this.#seal(false);
    void this.#backlog.settled(this.#options.closeTimeoutMs);
  }

  exit(): void {
    this.#seal(false);
    this.#giveUp('before the process ended');
    this.#closeDeadLetter();
  }
}

/** The service does not know who we are, or does not let whom we say we are. */
function isUnauthorized({ status }: Refusal): boolean {
  return status === 401 || status === 403;
}

function reasonOf({ refusal }: Exclude<Outcome, { kind: 'delivered' }>): string {
  const { code, status, message, requestId } = refusal;
  const http = status === undefined || code.startsWith('HTTP') ? '' : ` (HTTP ${status})`;
  return `${code}${http}: ${message}${requestId === undefined ? '' : ` [request ${requestId}]`}`;
}
