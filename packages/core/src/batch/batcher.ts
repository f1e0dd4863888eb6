// Records into sealed batches: when one begins, when it is full, when it has waited long enough.
//
// Takes: records, to be encoded; word that what is open shall be sealed. Gives: sealed batches, in the order of their
// records, each record in one of them. Keeps: the open batch, and how many have been sealed. Never: a batch above the limits
// but for a single record, a batch that waits longer than it may, or half a record.
//
// A batch is sealed when it has `maxBytes` or `maxCount`, or `lingerMs` after its first record: steady traffic must not keep
// it open. The record that was one too many begins the next.

import { randomBytes } from 'node:crypto';
import type { CancelTimer, Clock } from '../runtime/clock';
import type { Compressed } from './compress';
import { type Frame, OpenBatch } from './open-batch';
import { type SealedBatch, sealBatch } from './sealed-batch';
import type { BatchSize } from './size-limit';

export interface BatcherOptions {
  /** The size batches are meant to have. */
  readonly maxBytes: number;
  /** What it is now: less, while the service takes no more. */
  readonly size: BatchSize;
  readonly lingerMs: number;
  readonly hashKey: string;
  readonly clock: Clock;
  /** Appends the record in `bytes[start..end)` to the batch; gives whether it had to be cut. May throw. */
  readonly encode: (bytes: Buffer, start: number, end: number, batch: OpenBatch) => boolean;
  readonly frame: (packId: string, logBytes: number) => Frame;
  readonly compress: (raw: Buffer) => Compressed;
  /** A batch has begun. */
  readonly onBegun: () => void;
  /** Told by how many bytes what is open has grown or shrunk. */
  readonly onHeld: (bytes: number) => void;
  readonly onSealed: (batch: SealedBatch) => void;
  /** A batch could not be made of what was open. It is gone. */
  readonly onFailed: (records: number, error: unknown) => void;
}

export class Batcher {
  readonly #options: BatcherOptions;
  readonly #open: OpenBatch;
  /** Names the batches of this shipper among all: the instance may run many times, one after the other. */
  readonly #packPrefix = randomBytes(8).toString('hex').toUpperCase();
  #sequence = 0;
  #sealedRecords = 0;
  #cancelLinger: CancelTimer | undefined;

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.#open = new OpenBatch(options.maxBytes);
  }

  /** Records that are not sealed yet. */
  get count(): number {
    return this.#open.count;
  }

  /** Where a record's text is put so that it need not be copied to be encoded. It may be another one after `add`. */
  get inputBuffer(): Buffer {
    return this.#open.arena.inputBuffer;
  }

  /** Gives whether the record had to be cut. @throws if it could not be encoded; nothing of it is left then */
  add(bytes: Buffer, start: number, end: number): boolean {
    const { encode, onHeld } = this.#options;
    const from = this.#open.length;
    let isCut: boolean;
    try {
      isCut = encode(bytes, start, end, this.#open);
    } catch (error) {
      this.#open.forgetUnfinished();
      throw error;
    }
    this.#open.added(from);
    onHeld(this.#open.length - from);
    this.#sealIfFull();
    if (this.#open.count > 0 && this.#cancelLinger === undefined) this.#begin();
    return isCut;
  }

  /** What is open goes as it is; nothing if there is none. */
  seal(): void {
    this.#seal(false);
  }

  /** The end has come, perhaps in the middle of a record. */
  sealWhole(): void {
    this.#open.forgetUnfinished();
    this.#seal(false);
  }

  #sealIfFull(): void {
    const { maxBytes, maxCount } = this.#options.size;
    if (this.#open.logBytes > maxBytes && this.#open.count > 1) this.#seal(true);
    if (this.#open.logBytes >= maxBytes || this.#open.count >= maxCount) this.#seal(false);
  }

  /** Lingers from the first record on, and is never put off. */
  #begin(): void {
    const { clock, lingerMs, onBegun } = this.#options;
    onBegun();
    this.#cancelLinger = clock.after(lingerMs, false, () => this.#seal(false));
  }

  #seal(withoutLast: boolean): void {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    const count = this.#open.count - (withoutLast ? 1 : 0);
    if (count === 0) return;
    const { hashKey, frame, compress, size, onHeld, onSealed } = this.#options;
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
        (body, entriesFrom, entriesTo) => sealBatch({ ...unsealed, entriesFrom, entriesTo }, body, compress),
      );
    } catch (error) {
      this.#options.onFailed(this.#open.drop(), error);
    }
    size.refresh();
    onHeld(this.#open.logBytes - openBytes);
    if (batch !== undefined) onSealed(batch);
  }
}
