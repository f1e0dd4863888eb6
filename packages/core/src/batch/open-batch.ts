// The open batch: encoded records, one behind the other, in the memory in which they were encoded.
//
//   | head room | entry | entry | ... | entry | tail |
//
// The frame's head ends where the first entry begins, because its length is known only when the batch is sealed.
// Entries are not copied, except one that did not fit and begins the next batch. The memory is used again for the next
// batch. If it is too small, a memory of at least twice the size replaces it.

import { type Arena, type NewArena, newArena } from '../record/arena';
import { BATCH_FROM, OVERRUN_BYTES } from '../record/memory-layout';

/** What all records of a batch have in common. */
export interface Envelope {
  readonly source: string;
  /** Empty if the service has no topics of records. */
  readonly topic: string;
  readonly fileName: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly packId: string;
}

/** The bytes before and behind the entries. With these bytes the entries are the body of a request. */
export interface Frame {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** Room for the longest head of any target: a tag and a length. */
const HEAD_ROOM = 16;
const FIRST_BYTES = 64 * 1024;
const START = BATCH_FROM + HEAD_ROOM;
/** A memory that is larger than this many batches, because of a huge record, is not used again. */
const KEEP_BATCHES = 2;

export class OpenBatch {
  length = START;
  count = 0;
  /** Where the last complete entry begins, and where it ends. */
  #last = START;
  #end = START;
  #arena: Arena | undefined;
  readonly #maxBytes: number;
  readonly #newArena: NewArena;

  /** @param maxBytes the configured size of a batch. The batcher enforces it. */
  constructor(maxBytes: number, arenas: NewArena = newArena) {
    this.#maxBytes = maxBytes;
    this.#newArena = arenas;
  }

  /** Allocated on first use, because a shipper without records needs no memory. */
  get arena(): Arena {
    this.#arena ??= this.#newArena(FIRST_BYTES);
    return this.#arena;
  }

  get bytes(): Buffer {
    return this.arena.bytes;
  }

  /** The number of bytes of the entries. */
  get logBytes(): number {
    return this.length - START;
  }

  reserve(extra: number): void {
    const { bytes } = this.arena;
    const needed = this.length + extra + OVERRUN_BYTES;
    if (needed <= bytes.length) return;
    this.#arena = this.#newArena(Math.max(needed, bytes.length * 2) - BATCH_FROM);
    bytes.copy(this.#arena.bytes, BATCH_FROM, BATCH_FROM, this.length);
  }

  /** Counts the entry that was written from `start` to the end. */
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
