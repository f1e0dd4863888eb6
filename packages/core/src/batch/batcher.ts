// The batcher: encodes records into the open batch, and seals it.
//
// A batch is sealed when it has `maxBytes` or `maxCount`, or `lingerMs` after its first record. Later records do not
// postpone that, so that steady traffic does not keep a batch open. A record with which the batch would exceed
// `maxBytes` begins the next batch. Only a batch of a single record can be larger.

import { randomBytes } from 'node:crypto';
import { newArena } from '../record/arena';
import type { CancelTimer, Clock } from '../runtime/clock';
import type { Compressed } from './compress';
import { type Frame, OpenBatch } from './open-batch';
import type { RecordTimes } from './record-times';
import { type SealedBatch, sealBatch } from './sealed-batch';
import type { SizeLimit } from './size-limit';

export interface BatcherOptions {
  /** The configured maximum of a batch, in bytes of encoded records. */
  readonly maxBytes: number;
  /** The current maximum. It is lower for a while after the service refused a batch for its size. */
  readonly size: SizeLimit;
  readonly lingerMs: number;
  readonly hashKey: string;
  readonly clock: Clock;
  /** Appends the record in `bytes[start..end)` to the batch, and returns whether it was truncated. May throw. */
  readonly encode: (bytes: Buffer, start: number, end: number, batch: OpenBatch) => boolean;
  readonly frame: (packId: string, logBytes: number) => Frame;
  /** Reads the times of the records in `body[from..to)`. Undefined if the target does not send them. */
  readonly timesIn?: ((body: Buffer, from: number, to: number) => RecordTimes) | undefined;
  readonly compress: (raw: Buffer) => Compressed;
  /** Called when the open batch has its first record. */
  readonly onBegun: () => void;
  /** Receives the change of the open batch's size, in bytes. */
  readonly onHeld: (bytes: number) => void;
  readonly onSealed: (batch: SealedBatch) => void;
  /** Called with the reason whenever records are encoded without WebAssembly, which is slower. */
  readonly onPlainArena?: (reason: string) => void;
  /** Called when the open batch could not be sealed. Its records are lost. */
  readonly onFailed: (records: number, error: unknown) => void;
}

export class Batcher {
  readonly #options: BatcherOptions;
  readonly #open: OpenBatch;
  /** Random, so that two runs of one instance do not use the same pack ids. */
  readonly #packPrefix = randomBytes(8).toString('hex').toUpperCase();
  #sequence = 0;
  #sealedRecords = 0;
  #cancelLinger: CancelTimer | undefined;

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.#open = new OpenBatch(options.maxBytes, (bytes) => newArena(bytes, options.onPlainArena));
  }

  /** The number of records in the open batch. */
  get count(): number {
    return this.#open.count;
  }

  /** Text in this buffer is encoded without a copy. It may be another buffer after `add`. */
  get inputBuffer(): Buffer {
    return this.#open.arena.inputBuffer;
  }

  /** Returns whether the record was truncated. @throws if it could not be encoded; nothing was added then */
  add(bytes: Buffer, start: number, end: number): boolean {
    const { encode, onHeld } = this.#options;
    const from = this.#open.length;
    let isTruncated: boolean;
    try {
      isTruncated = encode(bytes, start, end, this.#open);
    } catch (error) {
      this.#open.dropUnfinished();
      throw error;
    }
    this.#open.added(from);
    onHeld(this.#open.length - from);
    this.#sealIfFull();
    if (this.#open.count > 0 && this.#cancelLinger === undefined) this.#startLinger();
    return isTruncated;
  }

  /** Seals the open batch, if it has a record. */
  seal(): void {
    this.#seal(false);
  }

  /** Seals the open batch while the process exits, perhaps in the middle of a record. That record is left out. */
  sealWhole(): void {
    this.#open.dropUnfinished();
    this.#seal(false);
  }

  #sealIfFull(): void {
    const { maxBytes, maxCount } = this.#options.size;
    if (this.#open.logBytes > maxBytes && this.#open.count > 1) this.#seal(true);
    if (this.#open.logBytes >= maxBytes || this.#open.count >= maxCount) this.#seal(false);
  }

  #startLinger(): void {
    const { clock, lingerMs, onBegun } = this.#options;
    onBegun();
    this.#cancelLinger = clock.after(lingerMs, false, () => this.#seal(false));
  }

  #seal(withoutLast: boolean): void {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    const count = this.#open.count - (withoutLast ? 1 : 0);
    if (count === 0) return;
    const { hashKey, frame, timesIn, compress, size, onHeld, onSealed } = this.#options;
    this.#sequence += 1;
    const packId = `${this.#packPrefix}-${this.#sequence.toString(16).toUpperCase()}`;
    const unsealed = { firstRecord: this.#sealedRecords, packId, hashKey, count };
    this.#sealedRecords += count;
    const openBytes = this.#open.logBytes;
    let batch: SealedBatch | undefined;
    try {
      batch = this.#open.seal(
        withoutLast,
        (logBytes) => frame(packId, logBytes),
        (body, entriesFrom, entriesTo) => {
          const times = timesIn?.(body, entriesFrom, entriesTo);
          return sealBatch({ ...unsealed, entriesFrom, entriesTo, times }, body, compress);
        },
      );
    } catch (error) {
      this.#options.onFailed(this.#open.drop(), error);
    }
    size.refresh();
    onHeld(this.#open.logBytes - openBytes);
    if (batch !== undefined) onSealed(batch);
  }
}
