// The memory in which one record is prepared: its rows, its text, and the bytes that replace parts of the text.
//
//   | rows | rows to send | levels | copied text | scratch ...
//
// Only a flattened record has separate rows to send. The area is part of the arena. A small record uses a fixed range
// of 32 KiB, and a large one the room behind the Log that is about to be written.
//
// The room is estimated from the length of the text. NO_ROOM is thrown if that is too little, for example because names
// become much longer. The caller then repeats the record with more slack.

import type { Arena } from './arena';
import { FULL, OVERRUN_BYTES, ROW_WORDS, VALUE, VALUE_TO, WORK_FROM, WORK_TO } from './memory-layout';
import type { LogSink } from './types';

/** Thrown if the record needs more room than was planned. It is always this object. Nothing was appended then. */
export const NO_ROOM = new Error('a record needs more room than was planned');

const ROW_BYTES = 4 * ROW_WORDS;
/** The shortest field, with its comma: `"":0,`. */
const SHORTEST_FIELD_BYTES = 5;

export class WorkArea {
  /** The first row that is read, as an index into `words`. */
  firstRow = 0;
  /** The first row that is sent. Equal to `firstRow` if records are not flattened. */
  firstOutRow = 0;
  /** Where the text of the record begins, and where it ends. */
  text = 0;
  textTo = 0;
  /** Where the Log must end. */
  limit = 0;
  readonly #isFlattened: boolean;
  readonly #extraRows: number;
  #arena!: Arena;
  #levels = 0;
  #scratch = 0;
  #scratchTo = 0;
  /** The last line that was a view of the arena, and its offset there. Reading `byteOffset` for each record is slow. */
  #view: Buffer | undefined;
  #viewFrom = 0;

  /** @param extraRows how many rows a record may have in addition to its own fields */
  constructor(isFlattened: boolean, extraRows: number) {
    this.#isFlattened = isFlattened;
    this.#extraRows = extraRows;
  }

  /** Plans the area for the text in `line[start..end)`, and copies the text if it is not in the sink's arena. */
  plan(line: Buffer, start: number, end: number, sink: LogSink, slackBytes: number): void {
    const bytes = end - start;
    const rowBytes = ROW_BYTES * (Math.ceil(bytes / SHORTEST_FIELD_BYTES) + this.#extraRows);
    const allRowBytes = this.#isFlattened ? 2 * rowBytes : rowBytes;
    const levelBytes = 8 * (1 + (bytes >> 6));
    const workBytes = allRowBytes + levelBytes + 2 * bytes + slackBytes + 3 * OVERRUN_BYTES;
    const logBytes = 2 * bytes + slackBytes;
    const isSmall = workBytes <= WORK_TO - WORK_FROM;
    sink.reserve(isSmall ? logBytes : logBytes + workBytes);
    const { arena } = sink;
    if (arena !== this.#arena) {
      this.#arena = arena;
      this.#view = undefined;
    }
    const rows = isSmall ? WORK_FROM : (sink.length + logBytes + 15) & ~15;
    this.firstRow = rows >> 2;
    this.firstOutRow = (rows + allRowBytes - rowBytes) >> 2;
    this.#levels = rows + allRowBytes;
    this.#scratchTo = rows + workBytes - OVERRUN_BYTES;
    this.limit = (isSmall ? arena.bytes.length : rows) - OVERRUN_BYTES;
    const free = this.#levels + levelBytes;
    if (line !== this.#view && line.buffer === arena.buffer) {
      this.#view = line;
      this.#viewFrom = line.byteOffset;
    }
    if (line === this.#view) {
      this.text = this.#viewFrom + start;
      this.#scratch = free;
    } else {
      arena.bytes.set(line.subarray(start, end), free);
      this.text = free;
      this.#scratch = free + bytes + OVERRUN_BYTES;
    }
    this.textTo = this.text + bytes;
  }

  /**
   * Reads the text into rows, and returns their end. The end is before `firstRow` if the text is not a JSON object.
   */
  readRows(): number {
    const rows = this.#arena.code.read(this.text, this.textTo, this.firstRow << 2, this.#levels, this.#levels);
    return this.firstRow + rows * ROW_WORDS;
  }

  /** Reads the members of the object in `row` into new rows, which stay until the record is written. */
  readMembers(row: number): { readonly first: number; readonly end: number } {
    const { code, words } = this.#arena;
    const first = (this.#scratch + 3) & ~3;
    const rows = code.read(words[row + VALUE]!, words[row + VALUE_TO]!, first, this.#scratchTo, this.#levels);
    if (rows === FULL) throw NO_ROOM;
    this.#scratch = first + rows * ROW_BYTES;
    return { first: first >> 2, end: this.#scratch >> 2 };
  }

  /** Replaces a JSON string by its text. `from` and `to` are the places in `words` that have its beginning and end. */
  unescape(from: number, to: number): void {
    const { code, words } = this.#arena;
    const text = this.#scratch;
    if (text + words[to]! - words[from]! > this.#scratchTo) throw NO_ROOM;
    this.#scratch = code.writeText(words[from]!, words[to]!, text);
    words[from] = text;
    words[to] = this.#scratch;
  }

  /** Copies bytes into the area, and returns their address. */
  put(bytes: Uint8Array, from = 0, to = bytes.length): number {
    const address = this.#scratch;
    if (address + to - from > this.#scratchTo) throw NO_ROOM;
    const target = this.#arena.bytes;
    for (let i = from; i < to; i += 1) target[address + i - from] = bytes[i]!;
    this.#scratch += to - from;
    return address;
  }
}
