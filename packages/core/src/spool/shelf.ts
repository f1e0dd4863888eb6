// Which batches are on disk, and what of them is still in memory.
//
// Takes: batches that should outlive this process, or make room in memory. Gives: the same batches, whole or as a
// placeholder whose body is on disk; and a placeholder's whole batch when it is to be sent. Keeps: which file belongs
// to which batch. Never: decides when a batch is put here or sent; never reports a batch as kept that is not whole
// on disk.
//
// A placeholder is a batch with an empty body. It takes the batch's place everywhere, so nothing else has to know.

import type { SealedBatch } from '../batch/sealed-batch';
import type { Spool, SpoolEntry } from './directory';
import type { DiskFailure } from './disk';

const ON_DISK = Buffer.alloc(0);

export type Loaded =
  | { readonly kind: 'batch'; readonly batch: SealedBatch }
  /** The file cannot be read now; it may be later. */
  | DiskFailure
  /** The file will never give a batch again: it was damaged and is set aside, or is gone, or is a later version's. */
  | { readonly kind: 'lost'; readonly why: string };

export type Kept =
  | {
      readonly kind: 'kept';
      /** Had to give way to it: they are not on disk any more. */
      readonly dropped: SealedBatch[];
    }
  | DiskFailure;

export interface Adopted {
  readonly placeholder: SealedBatch;
  /** Counted as spooled already: see `SpoolEntry`. */
  readonly inherited: boolean;
}

export class Shelf {
  readonly #spool: Spool;
  readonly #entries = new Map<SealedBatch, SpoolEntry>();
  /** The other way round. After a day's outage there are a hundred thousand. */
  readonly #batches = new Map<SpoolEntry, SealedBatch>();

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  has(batch: SealedBatch): boolean {
    return this.#entries.has(batch);
  }

  open(): DiskFailure | undefined {
    return this.#spool.open();
  }

  /** Takes over what the dead have left: placeholders, in the order in which they are to be sent. */
  adopt(): Adopted[] | DiskFailure {
    const entries = this.#spool.adopt();
    if (!Array.isArray(entries)) return entries;
    return entries.map((entry) => {
      const { firstRecord, count, inherited } = entry;
      const unread = { packId: '', hashKey: '', rawBytes: 0, entriesFrom: 0, entriesTo: 0, codec: 'none' as const };
      const placeholder: SealedBatch = { firstRecord, count, ...unread, body: ON_DISK };
      this.#link(placeholder, entry);
      return { placeholder, inherited };
    });
  }

  /** Writes the batch to disk. `isBusy` tells which of the others may not give way. */
  keep(batch: SealedBatch, isBusy: (batch: SealedBatch) => boolean): Kept {
    if (this.has(batch)) return { kind: 'kept', dropped: [] };
    const put = this.#spool.put(batch, (entry) => isBusy(this.#batches.get(entry)!));
    if (put.kind === 'failed') return put;
    this.#link(batch, put.entry);
    const dropped = put.dropped.map((entry) => this.#batches.get(entry)!);
    for (const other of dropped) this.#unlink(other);
    return { kind: 'kept', dropped };
  }

  /** Gives a placeholder for a batch that is kept. The batch itself is not known here any more. */
  placeholder(batch: SealedBatch): SealedBatch {
    const placeholder = { ...batch, body: ON_DISK };
    const entry = this.#entries.get(batch)!;
    this.#unlink(batch);
    this.#link(placeholder, entry);
    return placeholder;
  }

  /** The batch with its body. */
  load(batch: SealedBatch): Loaded {
    const entry = this.#entries.get(batch);
    if (entry === undefined || batch.body !== ON_DISK) return { kind: 'batch', batch };
    const read = this.#spool.read(entry);
    switch (read.kind) {
      case 'batch':
        return read;
      case 'damaged':
        return { kind: 'lost', why: `${entry.path} is damaged and was set aside: ${read.why}` };
      case 'newer':
        return {
          kind: 'lost',
          why: `${entry.path} was written by a later version (${read.version}) and is left for it`,
        };
      case 'failed':
        return read.code === 'ENOENT' ? { kind: 'lost', why: `${entry.path} is gone` } : read;
    }
  }

  /** The batch has its fate. */
  remove(batch: SealedBatch): DiskFailure | undefined {
    const entry = this.#entries.get(batch);
    if (entry === undefined) return undefined;
    this.#unlink(batch);
    return this.#spool.remove(entry);
  }

  renew(): DiskFailure | undefined {
    return this.#spool.renew();
  }

  /** What is on disk stays there, for the next process. */
  close(): void {
    this.#entries.clear();
    this.#batches.clear();
    this.#spool.close();
  }

  #link(batch: SealedBatch, entry: SpoolEntry): void {
    this.#entries.set(batch, entry);
    this.#batches.set(entry, batch);
  }

  #unlink(batch: SealedBatch): void {
    this.#batches.delete(this.#entries.get(batch)!);
    this.#entries.delete(batch);
  }
}
