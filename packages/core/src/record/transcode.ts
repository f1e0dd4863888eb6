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
//   - If a name occurs twice, the last value counts, as for JSON.parse.
//   - A record without a field is sent as its text. If all of its fields are omitted, an empty text is sent, because
//     its own text has the omitted values.
//   - The fields of the options follow those of the record. They are not added if the record has a field of that name.

import { readVarint } from '../protobuf/varint';
import type { Clock } from '../runtime/clock';
import type { Arena } from './arena';
import { type FieldName, FieldNames, type FieldRole } from './field-names';
import { Flattener, isObject, type NameText } from './flatten';
import { labelOf } from './level';
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
import { characterStart, truncateLog } from './truncate';
import type { LogLayout, LogSink, TranscodeOptions } from './types';
import { NO_ROOM, WorkArea } from './work-area';

/** A field of the options, in UTF-8. */
interface FixedField {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

/** How much of a line is read, as a multiple of the largest Log. */
const READ_LOGS = 4;

/**
 * How much of a line is worth keeping: a few bytes more than are read, so that `append` sees that the line is longer.
 */
export function keptLineBytes({ maxLogBytes }: LogLayout): number {
  return READ_LOGS * maxLogBytes + 4;
}

/** The first estimate of how much longer names and labels are than the text that they replace. */
const FIRST_SLACK_BYTES = 1024;

export class Transcoder {
  readonly #layout: LogLayout;
  readonly #options: TranscodeOptions;
  readonly #clock: Clock;
  readonly #names: FieldNames;
  readonly #cache = new NameCache();
  readonly #area: WorkArea;
  #messageKey: Uint8Array;
  readonly #fixed: readonly FixedField[];
  readonly #flattener: Flattener | undefined;
  readonly #callOrder = new CallOrder();

  // The record that is being transcoded.
  /** Its number. A repeated record has a new number, so that nothing of the first attempt counts. */
  #record = 0;
  /** The number of its contents until now. */
  #contents = 0;
  #omitted = 0;
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
    const roles = new Map<string, FieldRole>(options.timeKeys.map((key) => [key, 'time']));
    if (!roles.has(options.levelKey)) roles.set(options.levelKey, 'level');
    for (const name of options.omit) if (roles.get(name) !== 'time') roles.set(name, 'omitted');
    this.#names = new FieldNames(layout.names, roles, new Map(Object.entries(options.rename)));
    this.#messageKey = Buffer.from(options.messageKey);
    this.#fixed = Object.entries(options.fields).map(([name, value]) => ({
      name: Buffer.from(name),
      value: Buffer.from(value),
    }));
    this.#area = new WorkArea(options.nested === 'flatten', 1 + this.#fixed.length);
    if (options.nested === 'flatten') {
      this.#flattener = new Flattener({
        isWhole: (path, pathBytes) => this.#names.find(path, 0, pathBytes).role === 'omitted',
        members: (row) => this.#area.readMembers(row),
        nameOf: (arena, row) => this.#nameOf(arena, row),
        leaf: (arena, row, path, pathBytes) => this.#leaf(arena, row, this.#lookUp(path, 0, pathBytes)),
      });
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
    // Only the first part of a very long line is read, so that what can be sent bounds the memory.
    const mostBytes = READ_LOGS * maxLogBytes;
    const readTo = end - start > mostBytes ? characterStart(line, start + mostBytes) : end;
    const from = sink.length;
    let slackBytes = FIRST_SLACK_BYTES;
    while (!this.#fits(line, start, readTo, sink, slackBytes)) slackBytes *= 8;
    if (this.#names.trim() || this.#cache.isStale) this.#cache.clear();
    const isLong = sink.length - from > maxLogBytes && readVarint(sink.arena.bytes, from + 1).value > maxLogBytes;
    if (isLong) truncateLog(sink, from, maxLogBytes);
    return isLong || readTo < end;
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
    this.#timeMs = 0;
    this.#subMsNs = -1;
    this.#timeFrom = undefined;
    const end = this.#area.readRows();
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
      if (entry.seenIn === this.#record || entry.suffixedIn === this.#record) continue;
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
    let entry: FieldName;
    if (slot >= 0) entry = this.#cache.inSlot(slot);
    else {
      const name = this.#nameOf(arena, row);
      entry = this.#lookUp(name.bytes, name.from, name.to);
      // With a flattener, a copy of the row is sent.
      if (this.#flattener === undefined) this.#setName(arena, entry, row);
    }
    if (this.#flattener === undefined) this.#value(arena, entry, row);
    else if (entry.role === 'omitted' || !isObject(arena, row)) this.#leaf(arena, row, entry);
    else this.#flattener.flatten(arena, row, entry.source);
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
      const { source } = this.#cache.inSlot(slot);
      return { bytes: source, from: 0, to: source.length };
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
    if (entry.role === 'time') {
      const isText = kind === NUMBER || kind === STRING || kind === ESCAPED;
      if (isText && this.#takeTime(arena, entry, row)) return;
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

  /**
   * Reads the record's time from a time field, and returns true if that was possible. Of several time keys the first
   * readable one counts, and the others stay contents. If one key occurs twice, the last value counts.
   */
  #takeTime(arena: Arena, entry: FieldName, row: number): boolean {
    if (this.#timeFrom !== undefined && this.#timeFrom !== entry) return false;
    const { bytes, words } = arena;
    const time = readTime(bytes, words[row + VALUE]!, words[row + VALUE_TO]!);
    if (time === undefined) return false;
    this.#dropEarlier(arena, entry);
    this.#timeMs = time.ms;
    this.#subMsNs = time.subMsNs;
    this.#timeFrom = entry;
    entry.seenIn = this.#record;
    entry.row = -1;
    words[row + KIND] = DROPPED;
    return true;
  }

  /** Drops the content that an earlier field of the same name left. */
  #dropEarlier(arena: Arena, entry: FieldName): void {
    if (entry.seenIn !== this.#record || entry.row === -1) return;
    arena.words[entry.row + KIND] = DROPPED;
    this.#contents -= 1;
  }

  /** Makes the row a content. */
  #content(arena: Arena, named: FieldName, row: number): void {
    let entry = named;
    if (named.out.holder !== named) {
      entry = this.#names.claim(named, this.#record);
      if (entry !== named) this.#setName(arena, entry, row);
    }
    this.#dropEarlier(arena, entry);
    if (entry === this.#timeFrom) {
      // The field occurs twice: the first value was the time, and this one cannot be read as a time.
      this.#timeFrom = undefined;
      this.#timeMs = 0;
      this.#subMsNs = -1;
    }
    entry.seenIn = this.#record;
    entry.row = row;
    this.#contents += 1;
  }

  /** Returns the entry of a name that the cache does not have, and adds the name to the cache. */
  #lookUp(name: Uint8Array, from: number, to: number): FieldName {
    const entry = this.#names.find(name, from, to);
    this.#cache.insert(entry);
    return entry;
  }

  /** Sets the name under which the row is sent. */
  #setName(arena: Arena, entry: FieldName, row: number): void {
    const { words } = arena;
    words[row + NAME] = this.#cache.addressOf(entry) || this.#area.put(entry.encoded);
    words[row + NAME_TO] = entry.encoded.length;
  }

  /** Writes the Log, and returns its end. */
  #write(arena: Arena, to: number): number {
    const { timeUnit, timeNsTag } = this.#layout;
    const { firstOutRow, limit } = this.#area;
    const ms = this.#timeMs === 0 ? this.#clock.wallMs() : this.#timeMs;
    const time = timeUnit === 's' ? Math.floor(ms / 1000) : ms;
    const end = arena.wasm.write(firstOutRow * 4, this.#outEnd * 4, to, limit, time, timeNsTag);
    if (end === 0) throw NO_ROOM;
    // Counted after the Log is written, because a repeated record must not count twice in its millisecond.
    const subMsNs = this.#subMsNs === -1 ? this.#callOrder.subMsNs(ms) : this.#subMsNs;
    arena.bytes.writeUInt32LE(timeUnit === 's' ? (ms - time * 1000) * 1_000_000 + subMsNs : subMsNs, end - 4);
    return end;
  }
}
