// One JSON text in, one protobuf Log out, in a single pass over the bytes.
//
// Takes: a line of UTF-8 and the batch to append to. Gives: one more `Logs` entry in the batch. Keeps: its position,
// the key table and the order within a millisecond. Never: throws, parses into objects, or leaves half an entry: a
// line that turns out broken is rolled back and goes out whole, as text.
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
// Lengths stand before what they measure and take one byte more from 128, 16384, ... on. Each is given the room that
// the JSON text suggests, and where that was wrong (rare) the bytes behind it move by the difference.

import type { Clock } from '../clock';
import { characterStart, cutLog } from './cut';
import { Flattener } from './flatten';
import { closingQuote, endOfNested, endOfNumber, endOfPlainString, endOfWord, NOT_JSON, skipSpace } from './json';
import { hashKeyBytes, type KeyEntry, type KeyRole, type KeyRule, Keys } from './keys';
import { type LevelLabels, labelOf } from './level';
import { CallOrder, readTime } from './time';
import { unescapeText } from './unescape';
import { varintBytes, writeVarint } from './varint';

/** The buffer a record is appended to. `bytes` may be another one after `reserve`. */
export interface LogSink {
  bytes: Buffer;
  length: number;
  /** Makes room for `extra` more bytes behind `length`. */
  reserve(extra: number): void;
}

/** How a target's service wants a Log. */
export interface LogLayout {
  /** What Log.Time counts; Log.TimeNs is the rest. */
  readonly timeUnit: 'ms' | 's';
  /** The tag byte of Log.TimeNs, a fixed32. */
  readonly timeNsTag: number;
  /** The largest Log the service takes, in bytes of its encoding. */
  readonly maxLogBytes: number;
  readonly keys: KeyRule;
}

export interface TranscodeOptions {
  readonly timeKeys: readonly string[];
  readonly levelKey: string;
  readonly levels: LevelLabels;
  readonly messageKey: string;
  /** Put on every record. */
  readonly fields: Readonly<Record<string, string>>;
  /** Names as the application has them, and what they go out as. */
  readonly rename: Readonly<Record<string, string>>;
  /** Names as the application has them; flattened, with their path. */
  readonly omit: readonly string[];
  readonly nested: 'json' | 'flatten';
}

/** A field of the options, ready to be put on a record. */
interface Fixed {
  readonly name: Uint8Array;
  readonly hash: number;
  readonly value: Uint8Array;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Tag and varint of a time in milliseconds between 1971 and 2109. */
const TIME_ROOM = 7;
/** What the encoding of a field adds to its text at most: two tags, a value's length twice, and a length's slack. */
const FIELD_ROOM = 16;
/** A longer value is copied by the runtime. */
const LOOPED_BYTES = 160;

export class Transcoder {
  readonly #layout: LogLayout;
  readonly #options: TranscodeOptions;
  readonly #clock: Clock;
  readonly #keys: Keys;
  readonly #messageKey: Uint8Array;
  readonly #fixed: readonly Fixed[];
  readonly #flattener: Flattener | undefined;
  readonly #order = new CallOrder();
  #scratch = Buffer.allocUnsafe(256);
  #record = 0;
  #fields = 0;
  #omitted = 0;
  #ms = 0;
  #subMsNs = 0;
  #timeFrom: KeyEntry | undefined;
  /** The name that was read last in this record. */
  #lastKey: KeyEntry;
  /** Ranges of contents that a later field of the same name has replaced: from, to, from, to, ... */
  readonly #replaced: number[] = [];

  constructor(layout: LogLayout, options: TranscodeOptions, clock: Clock) {
    this.#layout = layout;
    this.#options = options;
    this.#clock = clock;
    const roles = new Map<string, KeyRole>(options.timeKeys.map((key) => [key, 'time']));
    if (!roles.has(options.levelKey)) roles.set(options.levelKey, 'level');
    for (const name of options.omit) if (roles.get(name) !== 'time') roles.set(name, 'omitted');
    this.#keys = new Keys(layout.keys, roles, new Map(Object.entries(options.rename)));
    this.#lastKey = this.#keys.before;
    this.#messageKey = Buffer.from(options.messageKey);
    this.#fixed = Object.entries(options.fields).map(([text, value]) => {
      const name = Buffer.from(text);
      return { name, hash: hashKeyBytes(name, 0, name.length), value: Buffer.from(value) };
    });
    this.#flattener = options.nested === 'flatten' ? new Flattener() : undefined;
  }

  /**
   * Appends the record in `line[start..end)`, which must be well-formed UTF-8. Gives whether it had to be cut to
   * what the service takes.
   */
  append(line: Buffer, start: number, end: number, sink: LogSink): boolean {
    const { maxLogBytes } = this.#layout;
    // A line several times too long to go out whole is not read to its end: memory is bounded by what is sent.
    const readTo = end - start > 4 * maxLogBytes ? characterStart(line, start + 4 * maxLogBytes) : end;
    const rollback = sink.length;
    sink.reserve((readTo - start) * 2 + FIELD_ROOM + TIME_ROOM);
    const body = rollback + 1 + varintBytes(readTo - start);
    this.#begin();
    sink.length = body + TIME_ROOM;
    const isObject = this.#object(line, start, readTo, sink);
    if (!isObject || this.#fields === 0) {
      const { ms, subMsNs, omitted } = { ms: this.#ms, subMsNs: this.#subMsNs, omitted: this.#omitted };
      this.#begin();
      if (isObject) [this.#ms, this.#subMsNs] = [ms, subMsNs];
      sink.length = body + TIME_ROOM;
      const isAllOmitted = isObject && omitted > 0;
      const message = this.#entryOf(this.#messageKey, 0, this.#messageKey.length);
      this.#content(message, line, start, isAllOmitted ? start : readTo, sink);
    }
    for (const { name, hash, value } of this.#fixed) {
      const entry = this.#keys.find(name, 0, name.length, hash);
      const isThere = entry.seenIn === this.#record || entry.suffixedIn === this.#record;
      if (!isThere) this.#content(entry, value, 0, value.length, sink);
    }
    if (this.#replaced.length > 0) removeRanges(sink, this.#replaced);
    const bodyBytes = this.#finish(rollback, body, sink);
    this.#keys.trim();
    if (bodyBytes > maxLogBytes) cutLog(sink, rollback, maxLogBytes);
    return bodyBytes > maxLogBytes || readTo < end;
  }

  #begin(): void {
    this.#record += 1;
    this.#fields = 0;
    this.#omitted = 0;
    this.#ms = 0;
    this.#subMsNs = -1;
    this.#timeFrom = undefined;
    this.#lastKey = this.#keys.before;
    this.#replaced.length = 0;
  }

  /** Reads `{ ... }` with nothing but space around it; false if that is not what is there. */
  #object(line: Buffer, start: number, end: number, sink: LogSink): boolean {
    let at = skipSpace(line, start, end);
    if (line[at] !== 0x7b || at >= end) return false;
    at = skipSpace(line, at + 1, end);
    if (line[at] === 0x7d && at < end) return skipSpace(line, at + 1, end) === end;
    for (;;) {
      if (at >= end || line[at] !== QUOTE) return false;
      at = this.#field(line, at + 1, end, sink);
      if (at === NOT_JSON) return false;
      at = skipSpace(line, at, end);
      if (at >= end) return false;
      if (line[at] === 0x7d) return skipSpace(line, at + 1, end) === end;
      if (line[at] !== 0x2c) return false;
      at = skipSpace(line, at + 1, end);
    }
  }

  /** Reads `name" : value` from behind the opening quote; gives the end of the value. */
  #field(line: Buffer, start: number, end: number, sink: LogSink): number {
    const { next } = this.#lastKey;
    if (next !== undefined) {
      const close = start + next.source.length;
      // Such a name has no escape, so what is equal to it up to the quote is that name.
      if (close < end && line[close] === QUOTE && startsWith(line, start, next.source)) {
        this.#lastKey = next;
        return this.#afterName(next, line, close, end, sink);
      }
    }
    let hash = 0;
    let at = start;
    let byte = 0;
    while (at < end) {
      byte = line[at]!;
      if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) break;
      hash = (Math.imul(hash, 31) + byte) | 0;
      at += 1;
    }
    if (at >= end || byte < 0x20) return NOT_JSON;
    let entry: KeyEntry;
    if (byte === QUOTE) {
      entry = this.#keys.find(line, start, at, hash);
      this.#lastKey.next = entry;
    } else {
      const close = closingQuote(line, at, end);
      if (close === NOT_JSON) return NOT_JSON;
      if (this.#scratch.length < close - start) this.#scratch = Buffer.allocUnsafe(2 * (close - start));
      const written = unescapeText(line, start, close, this.#scratch, 0);
      if (written === NOT_JSON) return NOT_JSON;
      entry = this.#entryOf(this.#scratch, 0, written);
      at = close;
    }
    this.#lastKey = entry;
    return this.#afterName(entry, line, at, end, sink);
  }

  /** Reads `: value` from the name's closing quote. */
  #afterName(entry: KeyEntry, line: Buffer, close: number, end: number, sink: LogSink): number {
    let at = skipSpace(line, close + 1, end);
    if (at >= end || line[at] !== 0x3a) return NOT_JSON;
    at = skipSpace(line, at + 1, end);
    return at < end ? this.#value(entry, line, at, end, sink) : NOT_JSON;
  }

  #value(entry: KeyEntry, line: Buffer, at: number, end: number, sink: LogSink): number {
    if (entry.role === 'omitted') {
      this.#omitted += 1;
      return endOfNested(line, at, end);
    }
    const first = line[at]!;
    if (first === QUOTE) {
      const close = endOfPlainString(line, at + 1, end);
      if (close !== NOT_JSON && line[close] === QUOTE) {
        if (entry.role === 'time' && this.#time(entry, line, at + 1, close)) return close + 1;
        this.#content(entry, line, at + 1, close, sink);
        return close + 1;
      }
      return close === NOT_JSON ? NOT_JSON : this.#escaped(entry, line, at + 1, close, end, sink);
    }
    if (first === 0x7b || first === 0x5b) {
      const close = endOfNested(line, at, end);
      if (close === NOT_JSON) return NOT_JSON;
      if (first === 0x7b && this.#flattener !== undefined) {
        this.#flattener.flatten(entry.source, line, at, close, {
          isWhole: (path, pathBytes) => this.#entryOf(path, 0, pathBytes).role === 'omitted',
          leaf: (path, pathBytes, valueAt) => this.#leaf(path, pathBytes, line, valueAt, close, sink),
        });
      } else this.#content(entry, line, at, close, sink);
      return close;
    }
    if (first === 0x2d || (first >= 0x30 && first <= 0x39)) {
      const close = endOfNumber(line, at, end);
      if (close === NOT_JSON) return NOT_JSON;
      if (entry.role === 'time' && this.#time(entry, line, at, close)) return close;
      const label = entry.role === 'level' ? labelOf(this.#options.levels, line, at, close) : undefined;
      if (label === undefined) this.#content(entry, line, at, close, sink);
      else this.#content(entry, label, 0, label.length, sink);
      return close;
    }
    const close = endOfWord(line, at, end);
    if (close !== NOT_JSON) this.#content(entry, line, at, close, sink);
    return close;
  }

  /** A value within a nested object. What is an object still is to stay one. */
  #leaf(path: Buffer, pathBytes: number, line: Buffer, at: number, end: number, sink: LogSink): number {
    const entry = this.#entryOf(path, 0, pathBytes);
    if (line[at] !== 0x7b || entry.role === 'omitted') return this.#value(entry, line, at, end, sink);
    const close = endOfNested(line, at, end);
    this.#content(entry, line, at, close, sink);
    return close;
  }

  /** A string with its first escape at `backslash`: its text is shorter than its JSON, by how much is known afterwards. */
  #escaped(entry: KeyEntry, line: Buffer, start: number, backslash: number, end: number, sink: LogSink): number {
    const close = closingQuote(line, backslash, end);
    if (close === NOT_JSON) return NOT_JSON;
    if (this.#scratch.length < close - start) this.#scratch = Buffer.allocUnsafe(2 * (close - start));
    const written = unescapeText(line, start, close, this.#scratch, 0);
    if (written === NOT_JSON) return NOT_JSON;
    if (entry.role === 'time' && this.#time(entry, this.#scratch, 0, written)) return close + 1;
    this.#content(entry, this.#scratch, 0, written, sink);
    return close + 1;
  }

  /**
   * Takes the record's time from a time field. Of several time keys the first that can be read counts, and the
   * others stay contents; of one key that comes twice, the last, as for any other field.
   */
  #time(entry: KeyEntry, bytes: Buffer, start: number, end: number): boolean {
    if (this.#timeFrom !== undefined && this.#timeFrom !== entry) return false;
    const time = readTime(bytes, start, end);
    if (time === undefined) return false;
    this.#replace(entry);
    this.#ms = time.ms;
    this.#subMsNs = time.subMsNs;
    this.#timeFrom = entry;
    entry.seenIn = this.#record;
    entry.from = 0;
    entry.to = 0;
    return true;
  }

  /** The content that the field has already, if it has one, gives way to what comes now. */
  #replace(entry: KeyEntry): void {
    if (entry.seenIn !== this.#record || entry.to === entry.from) return;
    this.#replaced.push(entry.from, entry.to);
    this.#fields -= 1;
  }

  #entryOf(bytes: Uint8Array, start: number, end: number): KeyEntry {
    return this.#keys.find(bytes, start, end, hashKeyBytes(bytes, start, end));
  }

  /** Appends one content with the value `bytes[start..end)`. */
  #content(field: KeyEntry, bytes: Uint8Array, start: number, end: number, sink: LogSink): void {
    const entry = this.#keys.claim(field, this.#record);
    this.#replace(entry);
    if (entry === this.#timeFrom) {
      // It gave the time before, and now comes again with a value that is none.
      this.#timeFrom = undefined;
      this.#ms = 0;
      this.#subMsNs = -1;
    }
    const { encoded } = entry;
    const valueBytes = end - start;
    // A name or a label may be longer than the text it stands for, which is what was reserved.
    sink.reserve(encoded.length + valueBytes + FIELD_ROOM);
    const out = sink.bytes;
    const from = sink.length;
    out[from] = 0x12;
    let at = writeVarint(out, from + 1, encoded.length + 1 + varintBytes(valueBytes) + valueBytes);
    for (let i = 0; i < encoded.length; i += 1) out[at + i] = encoded[i]!;
    at += encoded.length;
    out[at] = 0x12;
    at = writeVarint(out, at + 1, valueBytes);
    // A call into the runtime, and the view it needs, cost as much as a loop over a hundred bytes and some.
    if (valueBytes < LOOPED_BYTES) for (let i = start; i < end; i += 1) out[at++] = bytes[i]!;
    else {
      out.set(bytes.subarray(start, end), at);
      at += valueBytes;
    }
    sink.length = at;
    entry.seenIn = this.#record;
    entry.from = from;
    entry.to = at;
    this.#fields += 1;
  }

  /** Writes the time before the contents and the nanoseconds behind them, and closes the entry; gives its bytes. */
  #finish(start: number, body: number, sink: LogSink): number {
    if (this.#ms === 0) this.#ms = this.#clock.wallMs();
    const subMsNs = this.#subMsNs === -1 ? this.#order.subMsNs(this.#ms) : this.#subMsNs;
    sink.reserve(FIELD_ROOM);
    const out = sink.bytes;
    const inSeconds = this.#layout.timeUnit === 's';
    const time = inSeconds ? Math.floor(this.#ms / 1000) : this.#ms;
    const timeNs = inSeconds ? (this.#ms - time * 1000) * 1_000_000 + subMsNs : subMsNs;
    const timeBytes = 1 + varintBytes(time);
    if (timeBytes !== TIME_ROOM) out.copyWithin(body + timeBytes, body + TIME_ROOM, sink.length);
    out[body] = 0x08;
    writeVarint(out, body + 1, time);
    const end = sink.length + timeBytes - TIME_ROOM;
    out[end] = this.#layout.timeNsTag;
    out.writeUInt32LE(timeNs, end + 1);
    const bodyBytes = end + 5 - body;
    const shift = start + 1 + varintBytes(bodyBytes) - body;
    if (shift !== 0) out.copyWithin(body + shift, body, body + bodyBytes);
    out[start] = 0x0a;
    writeVarint(out, start + 1, bodyBytes);
    sink.length = body + bodyBytes + shift;
    return bodyBytes;
  }
}

function startsWith(line: Buffer, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i += 1) if (line[start + i] !== name[i]) return false;
  return true;
}

/** Takes the ranges out of the sink and closes the gaps. They do not overlap, but may be in any order. */
function removeRanges(sink: LogSink, ranges: readonly number[]): void {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!]);
  pairs.sort((a, b) => a[0] - b[0]);
  let to = pairs[0]![0];
  for (const [i, [, gapEnd]] of pairs.entries()) {
    const next = pairs[i + 1]?.[0] ?? sink.length;
    sink.bytes.copyWithin(to, gapEnd, next);
    to += next - gapEnd;
  }
  sink.length = to;
}
