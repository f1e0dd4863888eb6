// The wiring, readable from top to bottom: record -> open batch -> sealed batch -> lane -> request -> outcome -> fate.
//
// Takes: records, one JSON text each. Gives: every one a fate, counted in the account. Keeps: the stages. Never:
// throws or blocks in `write`, or lets a stage know another.

import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Account, type DropReason, type Stats } from './account';
import { compressor } from './batch/compress';
import { hashKeyOf } from './batch/hashkey';
import { OpenBatch } from './batch/open-batch';
import { type SealedBatch, sealBatch } from './batch/sealed-batch';
import { type CancelTimer, type Clock, systemClock } from './clock';
import { Lane } from './delivery/lane';
import type { Outcome } from './delivery/outcome';
import { Sender } from './delivery/send';
import { enterExit, type Leaver, leaveExit } from './exit';
import type { Options, PutlogsOptions } from './options/schema';
import { levelLabels } from './record/level';
import { Transcoder } from './record/transcode';
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
export function startShipper(options: Options, account = new Account(), clock: Clock = systemClock): RangeShipper {
  return new Pipeline(options, volcTls(options), account, clock);
}

/** What a batch costs beside its body. */
const BATCH_OVERHEAD_BYTES = 512;
const SCRATCH_BYTES = 64 * 1024;

class Pipeline extends EventEmitter<ShipperEvents> implements RangeShipper, Leaver {
  readonly #options: Options;
  readonly #target: Target;
  readonly #clock: Clock;
  readonly #account: Account;
  readonly #teller: Teller;
  readonly #transcoder: Transcoder;
  readonly #open: OpenBatch;
  readonly #compress: ReturnType<typeof compressor>;
  readonly #hashKey: string;
  readonly #lane: Lane<SealedBatch>;
  readonly #sender: Sender;
  /** Names the batches of this shipper among all: the instance may run many times, one after the other. */
  readonly #packPrefix = randomBytes(8).toString('hex').toUpperCase();
  readonly #unsettled = new Set<SealedBatch>();
  readonly #waiters = new Set<{ readonly left: Set<SealedBatch>; readonly done: () => void }>();
  #scratch = Buffer.allocUnsafe(SCRATCH_BYTES);
  #sequence = 0;
  #sealedRecords = 0;
  #cancelLinger: CancelTimer | undefined;
  #closing: Promise<void> | undefined;
  /** How many records were accepted when the end of the process was last held up for them. */
  #heldUpFor = 0;

  constructor(options: Options, target: Target, account: Account, clock: Clock) {
    super();
    this.#options = options;
    this.#target = target;
    this.#clock = clock;
    this.#account = account;
    this.#teller = new Teller(clock, (warning) => this.emit('warning', warning));
    const timeKeys = typeof options.timeKey === 'string' ? [options.timeKey] : options.timeKey;
    const transcode = { ...options, timeKeys, levels: levelLabels(options.levels) };
    this.#transcoder = new Transcoder(target.layout, transcode, clock);
    this.#open = new OpenBatch(options.batch.maxBytes);
    this.#compress = compressor(options.compression, (reason) =>
      this.#teller.tell('compression', `no LZ4 for this platform, zlib is used instead: ${reason}`),
    );
    this.#hashKey = hashKeyOf(options.hashKey, options.instance);
    const concurrency = this.#hashKey === '' ? options.concurrency : 1;
    this.#sender = new Sender({
      origin: target.origin,
      connections: concurrency,
      timeoutMs: options.requestTimeoutMs,
      clock,
    });
    this.#lane = new Lane({
      concurrency,
      backoff: options.retry,
      clock,
      deliver: (batch, signal) => this.#deliver(batch, signal),
      onRetry: (batch, outcome, delayMs) => this.#retried(batch, outcome, delayMs),
      onFate: (batch, outcome) => this.#settle(batch, outcome),
    });
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
    if (this.#account.read('pendingBytes') + (end - start) > maxBytes) {
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

  #refuse(reason: DropReason): false {
    this.#account.refuse(reason);
    return false;
  }

  // open batch -> sealed batch

  #sealIfFull(): void {
    const { maxBytes, maxCount } = this.#options.batch;
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
    enterExit(this);
    this.#unsettled.add(batch);
    this.#account.add('pendingBytes', heldBytes(batch) - (openBytes - this.#open.logBytes));
    this.#lane.push(batch);
  }

  // sealed batch -> outcome

  async #deliver(batch: SealedBatch, signal: AbortSignal): Promise<Outcome> {
    const request = this.#target.request(batch, this.#clock.wallMs());
    this.#account.add('requests');
    const answer = await this.#sender.send(request, signal);
    return this.#target.outcome(answer, this.#clock.wallMs());
  }

  #retried(batch: SealedBatch, outcome: Outcome, delayMs: number): void {
    this.#account.add('retries');
    if (outcome.kind !== 'retry' && outcome.kind !== 'hold') return;
    const waiting = this.stats().pending;
    const next = `${waiting} records wait, the next attempt is in ${Math.ceil(delayMs)} ms`;
    this.#teller.tell(outcome.kind, `${batch.count} records were not taken, ${reasonOf(outcome)}; ${next}`);
  }

  // outcome -> fate

  #settle(batch: SealedBatch, outcome: Outcome): void {
    if (outcome.kind === 'delivered') {
      this.#account.add('delivered', batch.count);
      this.#account.add('batches');
      this.#account.add('rawBytes', batch.rawBytes);
      this.#account.add('wireBytes', batch.body.length);
    } else {
      this.#account.drop('rejected', batch.count);
      const reason = outcome.kind === 'reject' ? reasonOf(outcome) : '';
      this.#teller.tell('rejected', `${batch.count} records are lost, the service refused them: ${reason}`);
    }
    this.#release(batch);
  }

  #release(batch: SealedBatch): void {
    this.#unsettled.delete(batch);
    this.#account.add('pendingBytes', -heldBytes(batch));
    for (const waiter of this.#waiters) {
      waiter.left.delete(batch);
      if (waiter.left.size === 0) waiter.done();
    }
    if (this.#unsettled.size === 0 && this.#open.count === 0) leaveExit(this);
  }

  async flush(): Promise<void> {
    this.#seal(false);
    await this.#settled();
  }

  close({ timeoutMs = this.#options.closeTimeoutMs }: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#seal(false);
    await this.#settled(timeoutMs);
    this.#giveUp(`within ${timeoutMs} ms (closeTimeoutMs)`);
    await this.#sender.close();
  }

  stats(): Stats {
    return this.#account.stats();
  }

  /** Waits, and keeps the process alive for it, until all batches of now have their fate or the time is over. */
  #settled(timeoutMs?: number): Promise<void> {
    if (this.#unsettled.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const stopHolding = this.#clock.after(timeoutMs ?? Number.POSITIVE_INFINITY, true, () => waiter.done());
      const waiter = {
        left: new Set(this.#unsettled),
        done: () => {
          stopHolding();
          this.#waiters.delete(waiter);
          resolve();
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** What is left has had its time: it is counted as lost, in one line. */
  #giveUp(when: string): void {
    const left = this.#lane.abandon();
    const records = left.reduce((sum, batch) => sum + batch.count, 0);
    if (records === 0) return;
    this.#account.drop('exit', records);
    for (const batch of left) this.#release(batch);
    this.#teller.tell('exit', `${records} records are lost: they could not be delivered ${when}`);
  }

  beforeExit(): void {
    const accepted = this.#account.read('accepted');
    // The loop comes here again after every wait: once for the same records is enough.
    if (this.#closing !== undefined || this.#heldUpFor === accepted) return;
    this.#heldUpFor = accepted;
    this.#seal(false);
    void this.#settled(this.#options.closeTimeoutMs);
  }

  exit(): void {
    this.#seal(false);
    this.#giveUp('before the process ended');
  }
}

function heldBytes(batch: SealedBatch): number {
  return batch.body.length + BATCH_OVERHEAD_BYTES;
}

function reasonOf({ refusal }: Exclude<Outcome, { kind: 'delivered' }>): string {
  const { code, status, message, requestId } = refusal;
  const http = status === undefined || code.startsWith('HTTP') ? '' : ` (HTTP ${status})`;
  return `${code}${http}: ${message}${requestId === undefined ? '' : ` [request ${requestId}]`}`;
}
