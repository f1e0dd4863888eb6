// The first half of the wiring: record -> open batch -> sealed batch. The second half is shipper/delivery.ts.
//
// Each record is counted as delivered, spooled, dropped or refused. `write` never throws and never blocks. A stage does
// not import the next one. It receives functions to call.

import { isUtf8 } from 'node:buffer';
import { EventEmitter } from 'node:events';
import { Batcher } from '../batch/batcher';
import { type Codec, codecOf, compressor, loadCodec } from '../batch/compress';
import { SizeLimit } from '../batch/size-limit';
import type { CredentialSource } from '../credentials/source';
import { messageOf } from '../errors';
import type { Options } from '../options/schema';
import { INPUT_BYTES } from '../record/memory-layout';
import type { Transform } from '../record/transform';
import { type Clock, systemClock } from '../runtime/clock';
import { failProcess } from '../runtime/exit-code';
import { addExitHook, type ExitHook, isProcessOver, removeExitHook, watchExit } from '../runtime/exit-hooks';
import { nextTick } from '../runtime/node-timers';
import type { Runs } from '../runtime/run';
import { handleSignals } from '../runtime/signals';
import type { FlushOptions, FlushResult, LoggerFacts, RangeShipper, ShipperEvents } from '../sink';
import type { Target } from '../targets/target';
import { Counters, type DropReason, lostIn, type Stats } from '../telemetry/counters';
import {
  batchNotSealed,
  compressionRefused,
  lz4Unavailable,
  memoryFull,
  recordAfterExit,
  recordNotEncoded,
  signalsNotHandled,
  transformFailed,
} from '../telemetry/warning-catalogue';
import { WarningReporter } from '../telemetry/warnings';
import { Delivery } from './delivery';
import { createEncoder, createTransform } from './encoder';
import { Gaps } from './report-gaps';
import { createSigner } from './signer';
import { type ApplicationView, type StatusPublisher, startStatus } from './status';

export function startShipper(
  options: Options,
  { counters = new Counters(), admission = 'own', clock = systemClock, runs, application }: ShipperDeps = {},
): RangeShipper {
  const { credentials, target } = createSigner(options, clock);
  const transform = createTransform(options, target);
  return new Pipeline({ options, target, credentials, transform, counters, admission, clock, runs, application });
}

export interface ShipperDeps {
  /** Shared with the application's thread if the shipper is in a worker. */
  readonly counters?: Counters;
  readonly admission?: Admission;
  readonly clock?: Clock;
  readonly runs?: Runs;
  readonly application?: ApplicationView | undefined;
}

/**
 * Where records are accepted: in this shipper, or in a host in front of it. A record that a host accepted is not
 * refused here. The host limits both threads to `memory.maxBytes`. This thread begins to make room at half of that, so
 * that the host reaches the limit only if there is no room to make. The host also counts the records that are lost with
 * this thread.
 */
export type Admission = 'own' | 'host';

interface PipelineParts {
  readonly options: Options;
  readonly target: Target;
  readonly credentials: CredentialSource;
  readonly transform: Transform | undefined;
  readonly counters: Counters;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly runs: Runs | undefined;
  readonly application: ApplicationView | undefined;
}

/**
 * Whether this process runs suites of Jest. Jest refuses every `require` and `import` after the end of a suite, and
 * ends with exit code 1 then. The last records of a suite are often sent after its end.
 */
function isInJest(): boolean {
  return process.env['JEST_WORKER_ID'] !== undefined;
}

class Pipeline extends EventEmitter<ShipperEvents> implements RangeShipper, ExitHook {
  readonly learn: (facts: LoggerFacts) => void;
  readonly maxLineBytes: number;
  readonly #options: Options;
  readonly #counters: Counters;
  readonly #admission: Admission;
  readonly #memoryBytes: number;
  readonly #warnings: WarningReporter;
  readonly #transform: Transform | undefined;
  readonly #batcher: Batcher;
  readonly #delivery: Delivery;
  readonly #status: StatusPublisher | undefined;
  /**
   * The number of calls of `writeRange` that have not returned. It is above 1 if a transform, or a subscriber to a
   * drop, logs. The bytes in `piece` must then not be overwritten.
   */
  #taking = 0;
  /** The buffer for records that will be refused. */
  #ownPiece: Buffer | undefined;
  #stopSignals: (() => void) | undefined;
  #stopWatchingExit: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  /** How many records were accepted when they last delayed the end of the process. */
  #heldUpFor = Number.NaN;

  constructor(parts: PipelineParts) {
    super();
    const { options, target, credentials, transform, counters, admission, clock, runs } = parts;
    this.#transform = transform;
    this.#admission = admission;
    this.#memoryBytes = options.memory.maxBytes / (admission === 'own' ? 1 : 2);
    this.#options = options;
    this.#counters = counters;
    this.#warnings = new WarningReporter(clock, (warning) => this.emit('warning', warning));
    const gaps = new Gaps(this.#warnings);
    const codec = codecOf(options.compression);
    const noLz4 = (reason: string) => this.#warnings.warn(lz4Unavailable(reason));
    let compressNew = compressor(codec, noLz4, options.compressionLevel);
    const compress = (raw: Buffer) => compressNew(raw);
    const { hashKey, encode, frame, timesIn, learn } = createEncoder(options, target, clock);
    this.learn = learn;
    // A longer record would be refused, because memory has no room for it.
    this.maxLineBytes = options.memory.maxBytes;
    const size = new SizeLimit(options.batch, clock);
    this.#delivery = new Delivery({
      options,
      target,
      credentials,
      counters,
      clock,
      warnings: this.#warnings,
      compress,
      size,
      runs,
      concurrency: hashKey === '' ? options.concurrency : 1,
      hashKey,
      onCodecRefused: (refused) => {
        this.#warnings.warn(compressionRefused(refused));
        compressNew = compressor('lz4', noLz4);
      },
      onFinished: () => this.#finished(),
    });
    this.#batcher = new Batcher({
      maxBytes: options.batch.maxBytes,
      size,
      lingerMs: options.lingerMs,
      hashKey,
      clock,
      compress,
      encode,
      frame,
      timesIn,
      onHeld: (bytes) => counters.add('pendingBytes', bytes),
      onBegun: () => {
        addExitHook(this);
        loadCodec(codec);
      },
      onSealed: (batch) => {
        addExitHook(this);
        this.#delivery.push(batch);
      },
      onPlainArena: (reason) => gaps.encodesSlowly(reason),
      onFailed: (records, error) => this.#failed(records, error),
    });
    this.#status = startStatus({ ...parts, warnings: this.#warnings, spoolPlace: () => this.#delivery.spoolPlace });
    if (options.enabled) gaps.report(admission === 'host');
    if (this.#needsExitHook) addExitHook(this);
    if (options.enabled) this.#stopWatchingExit = watchExit();
    if (options.enabled && isInJest()) this.#loadAhead(codec);
    if (options.handleSignals.length === 0) return;
    this.#stopSignals = handleSignals(options.handleSignals, this);
    if (this.#stopSignals === undefined) this.#warnings.warn(signalsNotHandled());
  }

  /** Loads what later records may need. */
  #loadAhead(codec: Codec): void {
    loadCodec(codec);
    this.#delivery.loadAhead();
  }

  /** Whether the exit hook is needed without a record: to release the spool's directory, or to set the exit code. */
  get #needsExitHook(): boolean {
    return this.#delivery.hasSpool || this.#options.strict;
  }

  // record -> batch

  write(record: string | Uint8Array): boolean {
    if (typeof record === 'string') {
      const { piece } = this;
      // A UTF-16 unit needs at most three bytes of UTF-8.
      const fits = this.#taking === 0 && record.length * 3 <= piece.length;
      if (fits) return this.writeRange(piece, 0, piece.write(record, 0));
      const bytes = Buffer.from(record);
      return this.writeRange(bytes, 0, bytes.length);
    }
    const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
    const valid = isUtf8(bytes) ? bytes : Buffer.from(bytes.toString());
    return this.writeRange(valid, 0, valid.length);
  }

  writeRange(bytes: Buffer, start: number, end: number, isCut = false): boolean {
    this.#taking += 1;
    const isTaken = this.#take(bytes, start, end, isCut);
    this.#taking -= 1;
    return isTaken;
  }

  #take(bytes: Buffer, start: number, end: number, isCut: boolean): boolean {
    if (!this.#options.enabled) return this.#refuse('disabled');
    if (this.#closing !== undefined) return this.#refuse('closed');
    if (isProcessOver()) return this.#refuseAfterExit();
    const { maxBytes } = this.#options.memory;
    if (!this.makeRoom(end - start) && this.#admission === 'own') {
      this.#warnings.warn(memoryFull(maxBytes));
      return this.#refuse('memory');
    }
    if (this.#transform === undefined) return this.#add(bytes, start, end, isCut);
    const transformed = this.#transform(bytes, start, end);
    switch (transformed.kind) {
      case 'record':
        return this.#add(transformed.bytes, 0, transformed.bytes.length, isCut || transformed.isCut);
      case 'filtered':
        return this.#refuse('filtered');
      case 'failed':
        this.#counters.add('transformFailures');
        this.#warnings.warn(transformFailed(transformed.problem));
        return this.#add(bytes, start, end, isCut);
      case 'unchanged':
        return this.#add(bytes, start, end, isCut);
    }
  }

  #add(bytes: Buffer, start: number, end: number, isCut: boolean): boolean {
    try {
      // Counted before the batch can be sealed, because a sealed record must be an accepted one.
      this.#counters.add('accepted');
      const isTruncated = this.#batcher.add(bytes, start, end);
      if (isTruncated || isCut) this.#counters.add('truncated');
    } catch (error) {
      this.#counters.add('accepted', -1);
      this.#warnings.warn(recordNotEncoded(messageOf(error)));
      return this.#refuse('internal');
    }
    return true;
  }

  makeRoom(bytes: number): boolean {
    const fits = () => this.#counters.read('pendingBytes') + bytes <= this.#memoryBytes;
    return fits() || this.#delivery.makeRoom(fits);
  }

  #refuse(reason: DropReason): false {
    this.#counters.refuse(reason);
    // Its exit hook was removed.
    if (reason === 'closed') this.#failIfLost();
    return false;
  }

  #refuseAfterExit(): false {
    this.#warnings.warn(recordAfterExit(), true);
    return this.#refuse('closed');
  }

  #failed(records: number, error: unknown): void {
    this.#counters.drop('internal', records);
    this.#warnings.warn(batchNotSealed(records, messageOf(error)));
  }

  get piece(): Buffer {
    if (this.#options.enabled) {
      try {
        return this.#batcher.inputBuffer;
      } catch {
        // There is no memory for the buffer. `writeRange` reports that for each record.
      }
    }
    this.#ownPiece ??= Buffer.allocUnsafeSlow(INPUT_BYTES);
    return this.#ownPiece;
  }

  async flush({ timeoutMs }: FlushOptions = {}): Promise<FlushResult> {
    this.#batcher.seal();
    const finished = await this.#delivery.finished(timeoutMs);
    return { finished, pending: this.stats().pending };
  }

  #finished(): void {
    if (!this.#needsExitHook && this.#batcher.count === 0 && this.#delivery.isEmpty) removeExitHook(this);
  }

  close({ timeoutMs = this.#options.closeTimeoutMs }: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#batcher.seal();
    await this.#delivery.finished(timeoutMs);
    this.#status?.close();
    // A worker may be closed because the process ends. It may wait for a full stderr: that delays no application.
    const isLast = this.#admission === 'host';
    this.#delivery.giveUp(`within ${Math.round(timeoutMs)} ms (closeTimeoutMs)`, isLast);
    removeExitHook(this);
    this.#stopWatchingExit?.();
    this.#failIfLost();
    this.#stopSignals?.();
    await this.#delivery.close();
    // A warning is emitted on the next tick. Listeners receive the last one before this promise resolves.
    await new Promise<void>(nextTick);
  }

  stats(): Stats {
    return this.#counters.stats();
  }

  beforeExit(): void {
    const accepted = this.#counters.read('accepted');
    // Node emits this event again each time the event loop is empty. The same records delay the end only once.
    const isIdle = accepted === 0 && !this.#delivery.hasSpool;
    if (this.#closing !== undefined || this.#heldUpFor === accepted || isIdle) return;
    this.#heldUpFor = accepted;
    this.#batcher.seal();
    void this.#delivery.finished(this.#options.closeTimeoutMs);
  }

  uncaught(): void {
    this.#batcher.seal();
    this.#delivery.keepAll();
  }

  exit(): void {
    this.#batcher.sealWhole();
    if (this.#admission === 'host') this.#delivery.rescue();
    else this.#delivery.giveUp('before the process ended', true);
    removeExitHook(this);
    this.#failIfLost();
  }

  #failIfLost(): void {
    if (this.#options.strict && lostIn(this.stats()) > 0) failProcess();
  }
}
