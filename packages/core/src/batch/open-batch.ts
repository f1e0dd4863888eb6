// The open batch: encoded records one behind the other, in the memory that they are encoded in.
//
//   | head room | entry | entry | ... | entry | tail |
//
// The frame's head ends where the first entry begins; its length is known only when the batch is sealed. Entries are
// not copied, except the one that did not fit and begins the next batch. The memory is used again for the next batch,
// and replaced by one of at least twice the size if it is too small.

import { type Arena, newArena } from '../record/arena';
import { BATCH_FROM, OVERRUN_BYTES } from '../record/memory-layout';

/** What all records of a batch have in common. */
export interface Envelope {
  readonly source: string;
  /** Empty if the service has none. */
  readonly topic: string;
  readonly fileName: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly packId: string;
}

/** The bytes before and behind the entries that make them the body of a request. */
export interface Frame {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** Room for the longest head of any target, a tag and its length. */
const HEAD_ROOM = 16;
const FIRST_BYTES = 64 * 1024;
const START = BATCH_FROM + HEAD_ROOM;
/** A memory that a huge record made larger than this many batches is not used again. */
const KEEP_BATCHES = 2;

export class OpenBatch {
  length = START;
  count = 0;
  /** Where the last complete entry begins, and where it ends. */
  #last = START;
  #end = START;
  #arena: Arena | undefined;
  readonly #maxBytes: number;

  /** @param maxBytes the configured size of a batch. The batcher enforces it. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Allocated on first use: a shipper without records needs none. */
  get arena(): Arena {
    this.#arena ??= newArena(FIRST_BYTES);
    return this.#arena;
  }

  get bytes(): Buffer {
    return this.arena.bytes;
  }

  /** Bytes of the entries so far. */
  get logBytes(): number {
    return this.length - START;
  }

  reserve(extra: number): void {
    const { bytes } = this.arena;
    const needed = this.length + extra + OVERRUN_BYTES;
    if (needed <= bytes.length) return;
    this.#arena = newArena(Math.max(needed, bytes.length * 2) - BATCH_FROM);
    bytes.copy(this.#arena.bytes, BATCH_FROM, BATCH_FROM, this.length);
  }

  /** Counts the entry that has been written from `start` to the end. */
  added(start: number): void {
    this.#last = start;
    this.#end = this.length;
    this.count += 1;
  }

  /** Drops all entries, and returns their number. */
  drop(): number {
    const { count } = this;
    this.length = START;
    this.#end = START;
    this.count = 0;
    return count;
  }

  /** Drops the bytes behind the last complete entry. */
  dropUnfinished(): void {
    this.length = this.#end;
  }

  /**
   * Calls `use` with the body of the batch, and starts the next batch. With `withoutLast`, the last entry is left out
   * and begins the next batch. The body is valid only while `use` runs, because its memory is used again.
   */
  seal<Result>(
    withoutLast: boolean,
    frame: (logBytes: number) => Frame,
    use: (body: Buffer, entriesFrom: number, entriesTo: number) => Result,
  ): Result {
    const carried = withoutLast ? Buffer.from(this.arena.bytes.subarray(this.#last, this.length)) : undefined;
    if (withoutLast) this.length = this.#last;
    const { head, tail } = frame(this.logBytes);
    this.reserve(tail.length);
    const { bytes } = this.arena;
    const from = START - head.length;
    bytes.set(head, from);
    bytes.set(tail, this.length);
    const body = bytes.subarray(from, this.length + tail.length);
    const result = use(body, head.length, body.length - tail.length);
    if (bytes.length > BATCH_FROM + KEEP_BATCHES * this.#maxBytes + FIRST_BYTES) this.#arena = undefined;
    this.drop();
    if (carried !== undefined) {
      this.reserve(carried.length);
      this.arena.bytes.set(carried, START);
      this.length += carried.length;
      this.added(START);
    }
    return result;
  }
}
