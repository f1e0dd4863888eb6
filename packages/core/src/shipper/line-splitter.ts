// Splits chunks of bytes into lines, without their newlines. Empty lines are left out.
//
// A line within one chunk is not copied, so the caller must read it at once. The beginning of a line is copied if its
// end has not arrived.

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export type TakeLine = (bytes: Buffer, start: number, end: number) => void;

export class Lines {
  readonly #take: TakeLine;
  #begun: Buffer[] = [];

  constructor(take: TakeLine) {
    this.#take = take;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      if (this.#begun.length === 0) this.#line(chunk, start, end);
      else {
        this.#begun.push(chunk.subarray(start, end));
        this.end();
      }
      start = end + 1;
    }
    if (start < chunk.length) this.#begun.push(Buffer.from(chunk.subarray(start)));
  }

  /** Passes on the beginning of the last line, because no more bytes will come. */
  end(): void {
    if (this.#begun.length === 0) return;
    const line = Buffer.concat(this.#begun);
    this.#begun = [];
    this.#line(line, 0, line.length);
  }

  #line(bytes: Buffer, start: number, end: number): void {
    const to = bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    if (to > start) this.#take(bytes, start, to);
  }
}
