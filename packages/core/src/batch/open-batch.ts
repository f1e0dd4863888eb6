// The batch that still grows: encoded log entries, one behind the other, in one memory.
//
// Takes: entries, written by the transcoder at its end. Gives: the bytes of all, framed by the target in place.
// Keeps: one arena, used again for the next batch; it is followed by one of twice the size.
// Never: copies what is written, but for the one entry that did not fit and begins the next batch.
//
//   | head room | entry | entry | ... | entry | tail: envelope |
//   ^ the frame's head is written right up to the first entry, when it is known

import { type Arena, newArena } from '../record/arena';
import { BATCH_FROM, OVERRUN_BYTES } from '../record/memory-layout';

/** What is said once for all records of a batch. */
export interface Envelope {
  readonly source: string;
  /** Where the service has one. */
  readonly topic: string;
  readonly fileName: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly packId: string;
}

/** What a target puts before and behind the entries to make them a request's body. */
export interface Frame {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** The longest head of any target: two tags with their lengths. */
const HEAD_ROOM = 16;
const FIRST_BYTES = 64 * 1024;
const START = BATCH_FROM + HEAD_ROOM;
/** A buffer that one huge record has made larger than this many batches is let go with its batch. */
const KEEP_BATCHES = 2;

export class OpenBatch {
  length = START;
  count = 0;
  /** Where the last entry begins, and where it ends. */
  #last = START;
  #end = START;
  #arena: Arena | undefined;
  readonly #maxBytes: number;

  /** @param maxBytes the size batches are meant to have; not a bound: who fills the batch seals it. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Made when it is first asked for: who has nothing to ship needs none. */
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

  /** An entry has been written from `start` to the end. */
  added(start: number): void {
    this.#last = start;
    this.#end = this.length;
    this.count += 1;
  }

  /** Forgets every entry, and gives how many there were. */
  drop(): number {
    const { count } = this;
    this.length = START;
    this.#end = START;
    this.count = 0;
    return count;
  }

  /** What has been written since the last whole entry is none. */
  forgetUnfinished(): void {
    this.length = this.#end;
  }

  /**
   * Gives the body of the batch to `use`, with all entries or without the last one, and starts the next batch, with
   * that last one if it was left out. The body is only there while `use` runs: the buffer is used again.
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
