// Records on the application's side of the ring: the records of one turn as one text, and queues of such chunks.
//
// A line is a record. A newline within a record, which JSON allows between tokens, becomes a space. A write to the ring
// costs more than a record, so the records of one turn of the event loop are written together.

/** Whole lines that are sent to a worker together. */
export interface Chunk {
  readonly bytes: Buffer;
  readonly records: number;
}

const NEWLINE = 0x0a;
/** The records of a turn are sent at its end, or when their text is this long. */
const LONG_CHARACTERS = 64 * 1024;
/** The queue moves its chunks to the front when at least this many places there are free. */
const MOVE_CHUNKS = 1024;

export class ChunkBuilder {
  #text = '';
  #records = 0;

  /** In characters. The number of bytes is not known before the text is encoded. */
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

/**
 * A queue of chunks. A slow worker may have more than 100,000, so no step depends on their number.
 */
export class ChunkQueue {
  #chunks: Chunk[] = [];
  /** The place of the first chunk. The places before it are free. */
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
    // At least half of the array is free then, so each chunk is moved once on average.
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

/** Returns the text as one line. It is never empty, because the worker ignores empty lines. */
function lineOf(text: string): string {
  if (text === '' || text === '\r') return ' ';
  return text.includes('\n') ? text.replaceAll('\n', ' ') : text;
}

/**
 * The chunks that were sent to a worker. A chunk is forgotten when the worker has begun its last record.
 *
 * The worker counts a record as begun before it reads the record. So it cannot have sent a record that it has not
 * begun. The next worker gets these records, and nothing is sent twice. The record at which a worker died is never read
 * again, because it could also end the next worker.
 */
export class UnreadChunks {
  readonly #chunks = new ChunkQueue();
  /** Records in chunks that were forgotten. */
  #forgotten = 0;

  push(chunk: Chunk): void {
    this.#chunks.push(chunk);
  }

  /** @param begun how many records the worker has begun in its life */
  forget(begun: number): void {
    let { first } = this.#chunks;
    while (first !== undefined && this.#forgotten + first.records <= begun) {
      this.#forgotten += first.records;
      this.#chunks.shift();
      first = this.#chunks.first;
    }
  }

  /** Returns the records that were not begun, and forgets all of them. */
  take(begun: number): Chunk[] {
    this.forget(begun);
    const first = this.#chunks.shift();
    if (first === undefined) return [];
    this.#chunks.unshift([withoutFirst(first, begun - this.#forgotten)]);
    return this.#chunks.take();
  }
}

function withoutFirst({ bytes, records }: Chunk, begun: number): Chunk {
  let at = 0;
  for (let skipped = 0; skipped < begun; skipped += 1) at = bytes.indexOf(NEWLINE, at) + 1;
  return { bytes: bytes.subarray(at), records: records - begun };
}
