// One JSON text in, one protobuf Log out.
//
// Takes: a line of UTF-8 and the batch to append to. Gives: one more `Logs` entry in the batch. Keeps: the names it
// knows and the order within a millisecond. Never: looks at a record's every byte, throws for what it says, makes objects
// of it, or writes half an entry: a line that turns out broken goes out whole, as text.
//
// wasm/record.ts reads the line into a table, a row for each field. Here is said what becomes of each: under which name
// it goes out, or not at all, and where its text stands if that is not how it came. Then wasm/record.ts writes the table.
//
// What is written, for each record, is this (field numbers from the target's layout):
//
//   0a <length>                     an entry of LogGroup.Logs
//     08 <varint>                   Log.Time, milliseconds or seconds since 1970
//     12 <length>                   Log.Contents, once per field, in the record's order
//       0a <length> <name>          LogContent.Key
//       12 <length> <value>         LogContent.Value
//     1d <4 bytes, little endian>   Log.TimeNs, the nanoseconds below that; the tag is the layout's
//
// A value is: a string's unescaped text; of a number, `true`, `false` or `null` its JSON text, digit for digit; of an
// object or array its JSON text as it stands, or, flattened, a content for each of its values. Of a name that comes twice
// the last value counts, as for JSON.parse. A line that is no JSON object, or one without a field of its own, goes out
// whole under `messageKey`; one whose fields are all omitted must not. Behind a record's own fields stand those of the
// options that it does not have itself.
//
// How much room all that takes is known when it has been read. Room is made for what the length of the text suggests;
// where that is too little (names that go out far longer than they came) the record is read again with more.

import { readVarint } from '../protobuf/varint';
import type { Clock } from '../runtime/clock';
import { type Arena, OVERRUN_BYTES, WORK_FROM, WORK_TO } from './arena';
import { type KeyEntry, type KeyRole, Keys } from './field-names';
import { Flattener, isObject, type Name } from './flatten';
import { labelOf } from './level';
import { PlacedNames } from './name-cache';
import {
  DROPPED,
  ESCAPED,
  FULL,
  KIND,
  NAME,
  NAME_TO,
  NUMBER,
  ROW_BYTES,
  ROW_WORDS,
  SLOT,
  STRING,
  UNKNOWN_ESCAPED,
  VALUE,
  VALUE_TO,
} from './row';
import { CallOrder, readTime } from './time';
import { characterStart, cutLog } from './truncate';
import type { LogLayout, LogSink, TranscodeOptions } from './types';

/** A field of the options, ready to be put on a record. */
interface Fixed {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

/** The shortest field, with its comma: `"":0,`. */
const SHORTEST_FIELD_BYTES = 5;

/** What names and labels that are longer than the text they stand for are given first. */
const FIRST_SLACK_BYTES = 1024;

export class Transcoder {
  readonly #layout: LogLayout;
  readonly #options: TranscodeOptions;
  readonly #clock: Clock;
  readonly #keys: Keys;
  readonly #messageKey: Uint8Array;
  readonly #fixed: readonly Fixed[];
  readonly #flattener: Flattener | undefined;
  readonly #order = new CallOrder();
  #record = 0;
  #fields = 0;
  #omitted = 0;
  #ms = 0;
  #subMsNs = 0;
  #timeFrom: KeyEntry | undefined;
  #arena: Arena | undefined;
  /** The last bytes that were a view of the arena's, and where they begin in it: a view is slow to ask. */
  #shared: Buffer | undefined;
  #sharedFrom = 0;
  readonly #placed = new PlacedNames();
  /** Where the next thing of this record is put that stands nowhere as it goes out, and the end of that room. */
  #scratch = 0;
  #scratchTo = 0;
  /** The levels of what is being read. */
  #levels = 0;
  /** The row behind the last that goes out. */
  #behind = 0;

  constructor(layout: LogLayout, options: TranscodeOptions, clock: Clock) {
    this.#layout = layout;
    this.#options = options;
    this.#clock = clock;
    const roles = new Map<string, KeyRole>(options.timeKeys.map((key) => [key, 'time']));
    if (!roles.has(options.levelKey)) roles.set(options.levelKey, 'level');
    for (const name of options.omit) if (roles.get(name) !== 'time') roles.set(name, 'omitted');
    this.#keys = new Keys(layout.keys, roles, new Map(Object.entries(options.rename)));
    this.#messageKey = Buffer.from(options.messageKey);
    this.#fixed = Object.entries(options.fields).map(([name, value]) => ({
      name: Buffer.from(name),
      value: Buffer.from(value),
    }));
    if (options.nested === 'flatten') {
      this.#flattener = new Flattener({
        isWhole: (path, pathBytes) => this.#keys.find(path, 0, pathBytes).role === 'omitted',
        members: (arena, row) => this.#members(arena, row),
        nameOf: (arena, row) => this.#nameOf(arena, row),
        leaf: (arena, row, path, pathBytes) => this.#leaf(arena, row, this.#known(arena, path, 0, pathBytes)),
      });
    }
  }

  /**
   * Appends the record in `line[start..end)`, which must be well-formed UTF-8. Gives whether it had to be cut to
   * what the service takes.
   */
  append(line: Buffer, start: number, end: number, sink: LogSink): boolean {
    const { maxLogBytes } = this.#layout;
    // A line several times too long to go out whole is not read to its end: memory is bounded by what is sent.
    const readTo = end - start > 4 * maxLogBytes ? characterStart(line, start + 4 * maxLogBytes) : end;
    const from = sink.length;
    let slackBytes = FIRST_SLACK_BYTES;
    while (!this.#append(line, start, readTo, sink, slackBytes)) slackBytes *= 8;
    if (this.#keys.trim() || this.#placed.isOutOfUse) this.#placed.forget(sink.arena);
    const isLong = sink.length - from > maxLogBytes && readVarint(sink.arena.bytes, from + 1).value > maxLogBytes;
    if (isLong) cutLog(sink, from, maxLogBytes);
    return isLong || readTo < end;
  }

  /** Gives false, and has appended nothing, if the record takes more room than a text of its length suggests. */
  #append(line: Buffer, start: number, end: number, sink: LogSink, slackBytes: number): boolean {
    const bytes = end - start;
    const rowBytes = ROW_BYTES * (1 + Math.ceil(bytes / SHORTEST_FIELD_BYTES) + this.#fixed.length);
    // What is flattened goes out of a second table.
    const tableBytes = this.#flattener === undefined ? rowBytes : 2 * rowBytes;
    const levelBytes = 8 * (1 + (bytes >> 6));
    const workBytes = tableBytes + levelBytes + 2 * bytes + slackBytes + 3 * OVERRUN_BYTES;
    const logBytes = 2 * bytes + slackBytes;
    const isSmall = workBytes <= WORK_TO - WORK_FROM;
    sink.reserve(isSmall ? logBytes : logBytes + workBytes);
    const { arena } = sink;
    if (arena !== this.#arena || arena.reader !== this) this.#begin(arena);
    const table = isSmall ? WORK_FROM : (sink.length + logBytes + 15) & ~15;
    this.#levels = table + tableBytes;
    let at = this.#levels + levelBytes;
    this.#scratchTo = table + workBytes - OVERRUN_BYTES;
    if (line !== this.#shared && line.buffer === arena.buffer) {
      this.#shared = line;
      this.#sharedFrom = line.byteOffset;
    }
    if (line === this.#shared) {
      this.#scratch = at;
      at = this.#sharedFrom + start;
    } else {
      arena.bytes.set(line.subarray(start, end), at);
      this.#scratch = at + bytes + OVERRUN_BYTES;
    }
    const out = table + tableBytes - rowBytes;
    if (!this.#read(arena, at, at + bytes, table, out) || !this.#addFixed(arena)) return false;
    const limit = (isSmall ? arena.bytes.length : table) - OVERRUN_BYTES;
    const to = this.#write(arena, out, sink.length, limit);
    if (to !== 0) sink.length = to;
    return to !== 0;
  }

  /** Makes rows of a record, from `out` on; false if there is no room. */
  #read(arena: Arena, start: number, end: number, table: number, out: number): boolean {
    this.#record += 1;
    this.#fields = 0;
    this.#omitted = 0;
    this.#ms = 0;
    this.#subMsNs = -1;
    this.#timeFrom = undefined;
    const rows = arena.wasm.read(start, end, table, this.#levels, this.#levels);
    const behind = (table >> 2) + rows * ROW_WORDS;
    this.#behind = out === table ? behind : out >> 2;
    for (let row = table >> 2; row < behind; row += ROW_WORDS) if (!this.#field(arena, row)) return false;
    if (this.#fields > 0) return true;
    const isAllOmitted = this.#omitted > 0;
    // What was read of it counts no more, but for its time.
    this.#record += 1;
    this.#timeFrom = undefined;
    this.#behind = out >> 2;
    const message = this.#keys.find(this.#messageKey, 0, this.#messageKey.length);
    return this.#add(arena, message, start, isAllOmitted ? start : end);
  }

  #addFixed(arena: Arena): boolean {
    for (const { name, value } of this.#fixed) {
      const entry = this.#keys.find(name, 0, name.length);
      if (entry.seenIn === this.#record || entry.suffixedIn === this.#record) continue;
      const at = this.#put(arena, value);
      if (at === 0 || !this.#add(arena, entry, at, at + value.length)) return false;
    }
    return true;
  }

  /** Adds a row that is no field of the record's; false if there is no room for its name. */
  #add(arena: Arena, entry: KeyEntry, from: number, to: number): boolean {
    const { words } = arena;
    const row = this.#behind;
    this.#behind += ROW_WORDS;
    words[row + KIND] = STRING;
    words[row + VALUE] = from;
    words[row + VALUE_TO] = to;
    return this.#place(arena, entry, row) && this.#content(arena, entry, row);
  }

  /** Says what becomes of a field; false if there is no room to say it. */
  #field(arena: Arena, row: number): boolean {
    const slot = arena.words[row + SLOT]!;
    let entry: KeyEntry;
    if (slot >= 0) entry = this.#placed.inSlot(slot);
    else {
      const name = this.#nameOf(arena, row);
      if (name === undefined) return false;
      entry = this.#known(arena, name.bytes, name.from, name.to);
      // Where there is a flattener, what goes out is another row.
      if (this.#flattener === undefined && !this.#place(arena, entry, row)) return false;
    }
    if (this.#flattener === undefined) return this.#value(arena, entry, row);
    if (entry.role === 'omitted' || !isObject(arena, row)) return this.#leaf(arena, row, entry);
    return this.#flattener.flatten(arena, row, entry.source);
  }

  /** Puts a row that is not to be flattened behind those that go out. */
  #leaf(arena: Arena, row: number, entry: KeyEntry): boolean {
    const { words } = arena;
    const out = this.#behind;
    this.#behind += ROW_WORDS;
    for (let word = KIND; word <= VALUE_TO; word += 1) words[out + word] = words[row + word]!;
    return this.#place(arena, entry, out) && this.#value(arena, entry, out);
  }

  /** The rows of an object's members, which stay until the record is written. */
  #members({ wasm, words }: Arena, row: number): { first: number; behind: number } | undefined {
    const first = (this.#scratch + 3) & ~3;
    const rows = wasm.read(words[row + VALUE]!, words[row + VALUE_TO]!, first, this.#scratchTo, this.#levels);
    if (rows === FULL) return undefined;
    this.#scratch = first + rows * ROW_BYTES;
    return { first: first >> 2, behind: this.#scratch >> 2 };
  }

  #nameOf(arena: Arena, row: number): Name | undefined {
    const { bytes, words } = arena;
    const slot = words[row + SLOT]!;
    if (slot >= 0) {
      const { source } = this.#placed.inSlot(slot);
      return { bytes: source, from: 0, to: source.length };
    }
    if (slot === UNKNOWN_ESCAPED && !this.#unescape(arena, row + NAME, row + NAME_TO)) return undefined;
    return { bytes, from: words[row + NAME]!, to: words[row + NAME_TO]! };
  }

  #value(arena: Arena, entry: KeyEntry, row: number): boolean {
    const { words } = arena;
    if (entry.role === 'omitted') {
      this.#omitted += 1;
      words[row + KIND] = DROPPED;
      return true;
    }
    const kind = words[row + KIND]!;
    if (kind === ESCAPED && !this.#unescape(arena, row + VALUE, row + VALUE_TO)) return false;
    if (entry.role === 'time') {
      if ((kind === NUMBER || kind === STRING || kind === ESCAPED) && this.#time(arena, entry, row)) return true;
    } else if (entry.role === 'level' && kind === NUMBER) {
      const label = labelOf(this.#options.levels, arena.bytes, words[row + VALUE]!, words[row + VALUE_TO]!);
      if (label !== undefined) {
        const at = this.#put(arena, label);
        if (at === 0) return false;
        words[row + VALUE] = at;
        words[row + VALUE_TO] = at + label.length;
      }
    }
    return this.#content(arena, entry, row);
  }

  /**
   * Takes the record's time from a time field. Of several time keys the first that can be read counts, and the
   * others stay contents; of one key that comes twice, the last, as for any other field.
   */
  #time(arena: Arena, entry: KeyEntry, row: number): boolean {
    if (this.#timeFrom !== undefined && this.#timeFrom !== entry) return false;
    const { bytes, words } = arena;
    const time = readTime(bytes, words[row + VALUE]!, words[row + VALUE_TO]!);
    if (time === undefined) return false;
    this.#replace(arena, entry);
    this.#ms = time.ms;
    this.#subMsNs = time.subMsNs;
    this.#timeFrom = entry;
    entry.seenIn = this.#record;
    entry.row = -1;
    words[row + KIND] = DROPPED;
    return true;
  }

  /** The content that the field has already, if it has one, gives way to what comes now. */
  #replace(arena: Arena, entry: KeyEntry): void {
    if (entry.seenIn !== this.#record || entry.row === -1) return;
    arena.words[entry.row + KIND] = DROPPED;
    this.#fields -= 1;
  }

  /** Lets the field go out as a content; false if there is no room for its name. */
  #content(arena: Arena, named: KeyEntry, row: number): boolean {
    let entry = named;
    if (named.out.holder !== named) {
      entry = this.#keys.claim(named, this.#record);
      if (entry !== named && !this.#place(arena, entry, row)) return false;
    }
    this.#replace(arena, entry);
    if (entry === this.#timeFrom) {
      // It gave the time before, and now comes again with a value that is none.
      this.#timeFrom = undefined;
      this.#ms = 0;
      this.#subMsNs = -1;
    }
    entry.seenIn = this.#record;
    entry.row = row;
    this.#fields += 1;
    return true;
  }

  /** The entry of a name that the cache does not have; it has it the next time, if there is room. */
  #known(arena: Arena, name: Uint8Array, from: number, to: number): KeyEntry {
    const entry = this.#keys.find(name, from, to);
    this.#placed.place(arena, entry);
    return entry;
  }

  /** Puts into the table where the bytes of the name stand; false if there is no room for them. */
  #place(arena: Arena, entry: KeyEntry, row: number): boolean {
    const { words } = arena;
    const address = this.#placed.addressOf(entry) || this.#put(arena, entry.encoded);
    words[row + NAME] = address;
    words[row + NAME_TO] = entry.encoded.length;
    return address !== 0;
  }

  /** Puts a string's text in the place of its JSON, of which the table has both ends; false if there is no room. */
  #unescape({ words, wasm }: Arena, from: number, to: number): boolean {
    const text = this.#scratch;
    if (text + words[to]! - words[from]! > this.#scratchTo) return false;
    this.#scratch = wasm.writeText(words[from]!, words[to]!, text);
    words[from] = text;
    words[to] = this.#scratch;
    return true;
  }

  /** Gives the address of bytes that stand nowhere else, or 0 if there is no room for them. */
  #put(arena: Arena, bytes: Uint8Array): number {
    const address = this.#scratch;
    if (address + bytes.length > this.#scratchTo) return 0;
    for (let i = 0; i < bytes.length; i += 1) arena.bytes[address + i] = bytes[i]!;
    this.#scratch += bytes.length;
    return address;
  }

  /** Begins to read in this memory. */
  #begin(arena: Arena): void {
    this.#arena = arena;
    this.#shared = undefined;
    arena.reader = this;
    this.#placed.forget(arena);
  }

  /** Writes the Log; gives its end, or 0 if there is no room for it. */
  #write(arena: Arena, table: number, to: number, limit: number): number {
    const { timeUnit, timeNsTag } = this.#layout;
    const ms = this.#ms === 0 ? this.#clock.wallMs() : this.#ms;
    const time = timeUnit === 's' ? Math.floor(ms / 1000) : ms;
    const end = arena.wasm.write(table, this.#behind * 4, to, limit, time, timeNsTag);
    if (end === 0) return 0;
    // Not before: a record that is read again must not count twice in the order of its millisecond.
    const subMsNs = this.#subMsNs === -1 ? this.#order.subMsNs(ms) : this.#subMsNs;
    arena.bytes.writeUInt32LE(timeUnit === 's' ? (ms - time * 1000) * 1_000_000 + subMsNs : subMsNs, end - 4);
    return end;
  }
}
