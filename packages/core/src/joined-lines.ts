// Records on the application's side of the ring: those of a turn as one text, and chunks that wait for a worker.
//
// Takes: records. Gives: chunks of whole lines. Keeps: what has not been taken. Never: a line without a record.
//
// A line is a record: a newline within one (JSON allows it between tokens) becomes a space. A write to the ring costs
// more than a record, so the records of a turn of the loop cross it together.

/** Whole lines on their way. */
export interface Chunk {
  readonly bytes: Buffer;
  readonly records: number;
}

/** The records of a turn go at its end, or when they are this long. */
const LONG_CHARACTERS = 64 * 1024;

export class JoinedLines {
  #text = '';
  #records = 0;

  /** In characters: what the bytes are is known when they are made. */
  get length(): number {
    return this.#text.length;
  }

  get isLong(): boolean {
    return this.#text.length >= LONG_CHARACTERS;
  }

  add(record: string): void {
    this.#text += `${lineOf(record)}\n`;
    this.#records += 1;
  }

  take(): Chunk | undefined {
    if (this.#records === 0) return undefined;
    const chunk = { bytes: Buffer.from(this.#text), records: this.#records };
    this.#text = '';
    this.#records = 0;
    return chunk;
  }
}

export class WaitingChunks {
  #chunks: Chunk[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  push(chunk: Chunk): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.bytes.length;
  }

  /** What was to be read before all that waits. */
  unshift(chunks: readonly Chunk[]): void {
    this.#chunks.unshift(...chunks);
    for (const { bytes } of chunks) this.#bytes += bytes.length;
  }

  take(): Chunk[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    return chunks;
  }
}

/** One line; not an empty one, for which there would be no record on the other side. */
function lineOf(text: string): string {
  if (text === '' || text === '\r') return ' ';
  return text.includes('\n') ? text.replaceAll('\n', ' ') : text;
}
