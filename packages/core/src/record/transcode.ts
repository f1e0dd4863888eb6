// The transcoder: one line of JSON text becomes one protobuf Log at the end of a batch.
//
// 1. wasm/record.ts reads the line into rows, one for each field.
// 2. This file decides about each row: under which name it is sent, whether it is left out, and whether it is the
//    record's time. If its text has to change, this file writes the new text.
// 3. wasm/record.ts writes the rows that remain.
//
// It makes no object of a record, and no line can make it throw. A line that is not a JSON object is sent whole, as
// text under `messageKey`.
//
// What is written for each record (field numbers from the target's layout):
//
//   0a <length>                     an entry of LogGroup.Logs
//     08 <varint>                   Log.Time, milliseconds or seconds since 1970
//     12 <length>                   Log.Contents, once for each field, in the record's order
//       0a <length> <name>          LogContent.Key
//       12 <length> <value>         LogContent.Value
//     1d <4 bytes, little endian>   Log.TimeNs, the nanoseconds below that unit; the layout has the tag
//
// Rules:
//   - A string is sent as its unescaped text. A number, `true`, `false` and `null` are sent as their JSON text.
//   - An object or an array is sent as its JSON text. If nested objects are flattened, each value is a content.
//   - The first time field that can be read is the time of the record, and is not sent as a field. pino writes it in
//     front of the application's own fields.
//   - If another name occurs twice, the last value counts, as for JSON.parse. This is also true for time fields that
//     are not the time of the record: pino's `time` is its time, and the application's `time` stays a field.
//   - If the names alone are larger than the largest Log, the fields behind are left out, and their number is sent.
//   - A record without a field is sent as its text. If all of its fields are omitted, an empty text is sent, because
//     its own text has the omitted values.
//   - The fields of the options follow those of the record. They are not added if the record has a field of that name.

import { readVarint } from '../protobuf/varint';
import type { Clock } from '../runtime/clock';
import type { Arena } from './arena';
import { type FieldName, FieldNames, type FieldRole } from './field-names';
import { flatten, isObject, type NameText, type RowVisitor } from './flatten';
import { labelOf } from './level';
import { beginningOf, LINE_LIMIT, shortenLine } from './long-line';
import {
  DROPPED,
  ESCAPED,
  KIND,
  NAME,
  NAME_TO,
  NUMBER,
  ROW_WORDS,
  SLOT,
  STRING,
  UNKNOWN_ESCAPED,
  VALUE,
  VALUE_TO,
} from './memory-layout';
import { NameCache } from './name-cache';
import { CallOrder, readTime } from './time';
import { LEFT_OUT, truncateLog } from './truncate';
import type { LogLayout, LogSink, TranscodeOptions } from './types';
import { NO_ROOM, WorkArea } from './work-area';

/** A field of the options, in UTF-8. */
interface FixedField {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

/** The first estimate of how much longer names and labels are than the text that they replace. */
const FIRST_SLACK_BYTES = 1024;
/** The least number of bytes of a content besides its name: two tags and two lengths. */
const CONTENT_BYTES = 4;

export class Transcoder {
  readonly #layout: LogLayout;
  readonly #options: TranscodeOptions;
  readonly #clock: Clock;
  readonly #names: FieldNames;
  readonly #cache = new NameCache();
  readonly #area: WorkArea;
  #messageKey: Uint8Array;
  readonly #fixed: readonly FixedField[];
  readonly #visitor: RowVisitor | undefined;
  readonly #callOrder = new CallOrder();
  /** Without it, an object is flattened without a look at its name. */
  readonly #hasOmitted: boolean;

  // The record that is being transcoded.
  /** Its number. A repeated record has a new number, so that nothing of the first attempt counts. */
  #record = 0;
  /** The number of its contents until now. */
  #contents = 0;
  #omitted = 0;
  /** The least number of bytes of their names. */
  #nameBytes = 0;
  /** The number of fields that are not sent, because the names before them fill the largest Log. */
  #leftOut = 0;
  #isObject = false;
  #timeMs = 0;
  #subMsNs = 0;
  /** The field from which the time was read. */
  #timeFrom: FieldName | undefined;
  /** The end of the rows that are sent. */
  #outEnd = 0;

  constructor(layout: LogLayout, options: TranscodeOptions, clock: Clock) {
    this.#layout = layout;
    this.#options = options;
    this.#clock = clock;
    this.#hasOmitted = options.omit.length > 0;
    const roles = new Map<string, FieldRole>(options.timeKeys.map((key) => [key, 'time']));
    if (!roles.has(options.levelKey)) roles.set(options.levelKey, 'level');
    // Found also when there is no room for other names: a shortened line ends with this field.
    if (!roles.has(LEFT_OUT)) roles.set(LEFT_OUT, 'content');
    for (const name of options.omit) roles.set(name, roles.get(name) === 'time' ? 'hidden time' : 'omitted');
    this.#names = new FieldNames(layout.names, roles, new Map(Object.entries(options.rename)), clock.random);
    this.#messageKey = Buffer.from(options.messageKey);
    this.#fixed = Object.entries(options.fields).map(([name, value]) => ({
      name: Buffer.from(name),
      value: Buffer.from(value),
    }));
    this.#area = new WorkArea(options.nested === 'flatten', 1 + this.#fixed.length);
    if (options.nested === 'flatten') {
      this.#visitor = {
        path: this.#names.path,
        isWhole: (level) => this.#hasOmitted && this.#names.knownPath(level)?.role === 'omitted',
        members: (row) => this.#area.readMembers(row),
        nameOf: (arena, row) => this.#nameOf(arena, row),
        leaf: (arena, row, level) => {
          const entry = this.#kept(this.#isFull ? this.#names.knownPath(level) : this.#names.findPath(level));
          if (entry !== undefined) this.#leaf(arena, row, entry);
        },
      };
    }
  }

  /** The name under which the text of a line is sent from now on, if the line is no record. */
  set messageKey(name: string) {
    this.#messageKey = Buffer.from(name);
  }

  /**
   * Appends the record in `line[start..end)`, which must be well-formed UTF-8. Returns true if it was truncated to the
   * largest Log that the service accepts.
   */
  append(line: Buffer, start: number, end: number, sink: LogSink): boolean {
    const { maxLogBytes } = this.#layout;
    if (end - start <= LINE_LIMIT * maxLogBytes) return this.#append(line, start, end, sink);
    // What can be sent bounds the memory.
    const from = sink.length;
    const short = shortenLine(line, start, end, this.#layout, this.#visitor !== undefined);
    if (short !== undefined) {
      const isCut = this.#append(short.bytes, 0, short.bytes.length, sink);
      if (this.#isObject) return isCut || short.isCut;
      sink.length = from;
    }
    const text = beginningOf(line, start, end, maxLogBytes);
    this.#append(text, 0, text.length, sink);
    return true;
  }

  #append(line: Buffer, start: number, end: number, sink: LogSink): boolean {
    const { maxLogBytes } = this.#layout;
    const from = sink.length;
    let slackBytes = FIRST_SLACK_BYTES;
    while (!this.#fits(line, start, end, sink, slackBytes)) slackBytes = Math.max(8 * slackBytes, 2 * (end - start));
    if (this.#names.trim() || this.#cache.isStale) this.#cache.clear();
    const isLong = sink.length - from > maxLogBytes && readVarint(sink.arena.bytes, from + 1).value > maxLogBytes;
    if (isLong || this.#leftOut > 0) truncateLog(sink, from, maxLogBytes, this.#leftOut);
    return isLong || this.#leftOut > 0;
  }

  /** Appends the record, or returns false and appends nothing if it needs more room than planned. */
  #fits(line: Buffer, start: number, end: number, sink: LogSink, slackBytes: number): boolean {
    try {
      this.#area.plan(line, start, end, sink, slackBytes);
      const { arena } = sink;
      this.#cache.use(arena);
      this.#readFields(arena);
      this.#addFixedFields(arena);
      sink.length = this.#write(arena, sink.length);
      return true;
    } catch (error) {
      if (error === NO_ROOM) return false;
      throw error;
    }
  }

  #readFields(arena: Arena): void {
    const { firstRow, firstOutRow, text, textTo } = this.#area;
    this.#record += 1;
    this.#contents = 0;
    this.#omitted = 0;
    this.#nameBytes = 0;
    this.#leftOut = 0;
    this.#timeMs = 0;
    this.#subMsNs = -1;
    this.#timeFrom = undefined;
    const end = this.#area.readRows();
    this.#isObject = end >= firstRow;
    this.#outEnd = firstOutRow === firstRow ? end : firstOutRow;
    for (let row = firstRow; row < end; row += ROW_WORDS) this.#field(arena, row);
    if (this.#contents > 0) return;
    const isAllOmitted = this.#omitted > 0;
    // The text is sent instead. Only the time of the record is kept.
    this.#record += 1;
    this.#timeFrom = undefined;
    this.#outEnd = firstOutRow;
    const message = this.#names.find(this.#messageKey, 0, this.#messageKey.length);
    this.#addRow(arena, message, text, isAllOmitted ? text : textTo);
  }

  #addFixedFields(arena: Arena): void {
    for (const { name, value } of this.#fixed) {
      const entry = this.#names.find(name, 0, name.length);
      const isInRecord = entry.seenIn === this.#record || entry.suffixedIn === this.#record;
      if (isInRecord || entry === this.#timeFrom) continue;
      const at = this.#area.put(value);
      this.#addRow(arena, entry, at, at + value.length);
    }
  }

  /** Adds a row for a field that the record does not have. */
  #addRow(arena: Arena, entry: FieldName, from: number, to: number): void {
    const { words } = arena;
    const row = this.#outEnd;
    this.#outEnd += ROW_WORDS;
    words[row + KIND] = STRING;
    words[row + VALUE] = from;
    words[row + VALUE_TO] = to;
    this.#setName(arena, entry, row);
    this.#content(arena, entry, row);
  }

  #field(arena: Arena, row: number): void {
    const slot = arena.words[row + SLOT]!;
    if (this.#visitor !== undefined) {
      if (slot >= 0 && !isObject(arena, row)) this.#leaf(arena, row, this.#cache.inSlot(slot));
      else this.#nestedField(this.#visitor, arena, row, slot);
      return;
    }
    if (slot >= 0) {
      this.#value(arena, this.#cache.inSlot(slot), row);
      return;
    }
    const entry = this.#find(this.#nameOf(arena, row));
    if (entry === undefined) {
      arena.words[row + KIND] = DROPPED;
      return;
    }
    this.#setName(arena, entry, row);
    this.#value(arena, entry, row);
  }

  /** A field whose value may be flattened. A copy of the row is sent. */
  #nestedField(visitor: RowVisitor, arena: Arena, row: number, slot: number): void {
    const cached = slot >= 0 ? this.#cache.inSlot(slot) : undefined;
    if (isObject(arena, row)) {
      const name = this.#nameOf(arena, row);
      const known = cached ?? (this.#hasOmitted ? this.#names.known(name.bytes, name.from, name.to) : undefined);
      if (known?.role === 'omitted') this.#leaf(arena, row, known);
      else flatten(visitor, arena, row, name);
      return;
    }
    const entry = cached ?? this.#find(this.#nameOf(arena, row));
    if (entry !== undefined) this.#leaf(arena, row, entry);
  }

  /** Returns the entry of a name that the cache does not have; undefined if the field is left out. */
  #find({ bytes, from, to }: NameText): FieldName | undefined {
    return this.#kept(this.#isFull ? this.#names.known(bytes, from, to) : this.#names.find(bytes, from, to));
  }

  /** Whether the names of the record until now need more room than there is in the largest Log. */
  get #isFull(): boolean {
    return this.#nameBytes > this.#layout.maxLogBytes;
  }

  /** Adds a name to the cache. Without a name, the field is left out, and counted. */
  #kept(entry: FieldName | undefined): FieldName | undefined {
    if (entry === undefined) this.#leftOut += 1;
    else this.#cache.insert(entry, this.#names.text);
    return entry;
  }

  /** Copies a row to the rows that are sent. */
  #leaf(arena: Arena, row: number, entry: FieldName): void {
    const { words } = arena;
    const out = this.#outEnd;
    this.#outEnd += ROW_WORDS;
    for (let word = KIND; word <= VALUE_TO; word += 1) words[out + word] = words[row + word]!;
    this.#setName(arena, entry, out);
    this.#value(arena, entry, out);
  }

  #nameOf(arena: Arena, row: number): NameText {
    const { bytes, words } = arena;
    const slot = words[row + SLOT]!;
    if (slot >= 0) {
      const { at, bytes: length } = this.#cache.inSlot(slot);
      return { bytes: this.#names.text, from: at, to: at + length };
    }
    if (slot === UNKNOWN_ESCAPED) this.#area.unescape(row + NAME, row + NAME_TO);
    return { bytes, from: words[row + NAME]!, to: words[row + NAME_TO]! };
  }

  #value(arena: Arena, entry: FieldName, row: number): void {
    const { words } = arena;
    if (entry.role === 'omitted') {
      this.#omitted += 1;
      words[row + KIND] = DROPPED;
      return;
    }
    const kind = words[row + KIND]!;
    if (kind === ESCAPED) this.#area.unescape(row + VALUE, row + VALUE_TO);
    if (entry.role === 'time' || entry.role === 'hidden time') {
      const isText = kind === NUMBER || kind === STRING || kind === ESCAPED;
      if (isText && this.#takeTime(arena, entry, row)) return;
      if (entry.role === 'hidden time') {
        this.#omitted += 1;
        words[row + KIND] = DROPPED;
        return;
      }
    } else if (entry.role === 'level' && kind === NUMBER) {
      const label = labelOf(this.#options.levels, arena.bytes, words[row + VALUE]!, words[row + VALUE_TO]!);
      if (label !== undefined) {
        const at = this.#area.put(label);
        words[row + VALUE] = at;
        words[row + VALUE_TO] = at + label.length;
      }
    }
    this.#content(arena, entry, row);
  }

  /** Reads the record's time from a time field, unless it has one. Returns true if the field is the time. */
  #takeTime(arena: Arena, entry: FieldName, row: number): boolean {
    if (this.#timeFrom !== undefined) return false;
    const { bytes, words } = arena;
    const time = readTime(bytes, words[row + VALUE]!, words[row + VALUE_TO]!);
    if (time === undefined) return false;
    this.#timeMs = time.ms;
    this.#subMsNs = time.subMsNs;
    this.#timeFrom = entry;
    words[row + KIND] = DROPPED;
    return true;
  }

  /** Makes the row a content. */
  #content(arena: Arena, named: FieldName, row: number): void {
    let entry = named;
    if (named.out.holder !== named) {
      entry = this.#names.claim(named, this.#record);
      if (entry !== named) this.#setName(arena, entry, row);
    }
    if (entry.seenIn === this.#record) arena.words[entry.row + KIND] = DROPPED;
    else {
      this.#contents += 1;
      this.#nameBytes += entry.encodedBytes + CONTENT_BYTES;
    }
    entry.seenIn = this.#record;
    entry.row = row;
  }

  /** Sets the name under which the row is sent. */
  #setName(arena: Arena, entry: FieldName, row: number): void {
    const { words } = arena;
    const { encodedAt, encodedBytes } = entry;
    const at = this.#cache.addressOf(entry);
    words[row + NAME] = at !== 0 ? at : this.#area.put(this.#names.text, encodedAt, encodedAt + encodedBytes);
    words[row + NAME_TO] = encodedBytes;
  }

  /** Writes the Log, and returns its end. */
  #write(arena: Arena, to: number): number {
    const { timeUnit, timeNsTag } = this.#layout;
    const { firstOutRow, limit } = this.#area;
    const ms = this.#timeMs === 0 ? this.#clock.wallMs() : this.#timeMs;
    const time = timeUnit === 's' ? Math.floor(ms / 1000) : ms;
    const end = arena.code.write(firstOutRow * 4, this.#outEnd * 4, to, limit, time, timeNsTag);
    if (end === 0) throw NO_ROOM;
    // Counted after the Log is written, because a repeated record must not count twice in its millisecond.
    const subMsNs = this.#subMsNs === -1 ? this.#callOrder.subMsNs(ms) : this.#subMsNs;
    arena.bytes.writeUInt32LE(timeUnit === 's' ? (ms - time * 1000) * 1_000_000 + subMsNs : subMsNs, end - 4);
    return end;
  }
}
