// Splits chunks of bytes into lines, without their newlines. Empty lines are left out.
//
// A line within one chunk is not copied, so the caller must read it at once. The beginning of a line is copied if its
// end has not arrived.
//
// A line may have no end. Only its first bytes are kept, and the rest is skipped up to the next newline. Which lines
// are cut, and where, does not depend on the chunks.

import { characterStart } from '../record/truncate';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const EMPTY = Buffer.alloc(0);

/** Receives the line in `bytes[start..end)`, and whether its end is missing because it was too long. */
export type TakeLine = (bytes: Buffer, start: number, end: number, isCut: boolean) => void;

export class Lines {
  readonly #take: TakeLine;
  readonly #maxBytes: number;
  /** The beginning of a line, in a buffer that grows. */
  #begun = EMPTY;
  #kept = 0;
  /** How long that line is until now, with the bytes that were skipped. */
  #length = 0;

  /** @param maxBytes at which length a line is cut. It is cut before a character, so at least 4 */
  constructor(take: TakeLine, maxBytes: number) {
    this.#take = take;
    this.#maxBytes = maxBytes;
  }

  /** How many bytes are kept of a line whose end has not arrived. */
  get begunBytes(): number {
    return this.#kept;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      if (this.#length === 0) this.#line(chunk, start, end);
      else {
        this.#keep(chunk, start, end);
        this.end();
      }
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk, start, chunk.length);
  }

  /** Passes on the beginning of the last line, because no more bytes will come. */
  end(): void {
    if (this.#length === 0) return;
    const line = this.#begun;
    const kept = this.#kept;
    // Otherwise the last kept byte is not the last one of the line, even if it is a carriage return.
    const isWhole = kept === this.#length;
    this.#begun = EMPTY;
    this.#kept = 0;
    this.#length = 0;
    if (isWhole) this.#line(line, 0, kept);
    else this.#cut(line, 0);
  }

  /** Keeps one byte more than a line may have, because a carriage return at its end is no part of it. */
  #keep(chunk: Buffer, start: number, end: number): void {
    this.#length += end - start;
    const to = Math.min(end, start + this.#maxBytes + 1 - this.#kept);
    if (to === start) return;
    const kept = this.#kept + to - start;
    if (kept > this.#begun.length) {
      // A line may arrive byte by byte, so the buffer doubles.
      const larger = Buffer.allocUnsafe(Math.min(Math.max(kept, 2 * this.#begun.length), this.#maxBytes + 1));
      this.#begun.copy(larger, 0, 0, this.#kept);
      this.#begun = larger;
    }
    chunk.copy(this.#begun, this.#kept, start, to);
    this.#kept = kept;
  }

  #line(bytes: Buffer, start: number, end: number): void {
    const to = bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    if (to - start > this.#maxBytes) this.#cut(bytes, start);
    else if (to > start) this.#take(bytes, start, to, false);
  }

  #cut(bytes: Buffer, start: number): void {
    this.#take(bytes, start, characterStart(bytes, start + this.#maxBytes), true);
  }
}
