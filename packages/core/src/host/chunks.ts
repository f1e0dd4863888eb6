// Records on the application's side of the ring: those of a turn as one text, and a queue of chunks of whole lines.
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
/** The queue moves its chunks to the front when at least so many places there are free. */
const MOVE_CHUNKS = 1024;

export class ChunkBuilder {
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

/** Chunks, first in, first out. A slow worker can have more than a hundred thousand: a step costs the same for any. */
export class ChunkQueue {
  #chunks: Chunk[] = [];
  /** Those before it were taken. */
  #first = 0;
  #bytes = 0;
  #records = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get records(): number {
    return this.#records;
  }

  get isEmpty(): boolean {
    return this.#first === this.#chunks.length;
  }

  get first(): Chunk | undefined {
    return this.#chunks[this.#first];
  }

  push(chunk: Chunk): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.bytes.length;
    this.#records += chunk.records;
  }

  shift(): Chunk | undefined {
    const chunk = this.#chunks[this.#first];
    if (chunk === undefined) return undefined;
    this.#first += 1;
    this.#bytes -= chunk.bytes.length;
    this.#records -= chunk.records;
    // Half of the array is free by then, so each chunk is moved once on average.
    if (this.#first >= MOVE_CHUNKS && this.#first * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#first);
      this.#first = 0;
    }
    return chunk;
  }

  /** Puts chunks in front of all others. */
  unshift(chunks: readonly Chunk[]): void {
    this.#chunks = chunks.concat(this.#chunks.slice(this.#first));
    this.#first = 0;
    for (const { bytes, records } of chunks) {
      this.#bytes += bytes.length;
      this.#records += records;
    }
  }

  /** Empties the queue. */
  take(): Chunk[] {
    const chunks = this.#chunks.slice(this.#first);
    this.#chunks = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#records = 0;
    return chunks;
  }
}

/** One line; not an empty one, for which there would be no record on the other side. */
function lineOf(text: string): string {
  if (text === '' || text === '\r') return ' ';
  return text.includes('\n') ? text.replaceAll('\n', ' ') : text;
}
