// Shortens a line that is many times longer than a Log may be, so that what can be sent bounds the memory.
//
// The line is read once, byte by byte. Everything is copied except long values. Then it is known how much room they
// have, and a part of each is copied: the same length for all that are longer. So the level, the time, the message and
// every other field stay, wherever the long value is.
//
//   - A cut text ends with `…[truncated N bytes]`. It is cut between two characters, and never within an escape.
//   - A cut object, list or number becomes a text: the beginning of its JSON text, with the same mark.
//   - If objects are flattened, each of their values is cut on its own.
//   - A name of more than 1 KiB is replaced by the name that is sent for it.
//   - If the fields alone are too long, those behind are left out, and `putlogs_left_out` has their number.
//   - A line that ends within the object was cut before it came here. Its fields stay. The value in which it ends has
//     the mark `…[truncated]`, because its length is not known.
//
// What is copied is not checked here: WebAssembly checks it when it reads the shortened line.

import { commonLength, MARK_BYTES, markOf, UNNUMBERED_MARK } from './cut-mark';
import { MAX_DEPTH } from './flatten';
import {
  CLOSING_BRACE,
  COMMA,
  cutEnd,
  OPENING_BRACE,
  QUOTE,
  skipSpace,
  skipString,
  skipValue,
  textBytes,
} from './json-scan';
import { legalNameOfJson } from './name-rule';
import { characterStart, LEFT_OUT, leftOutText } from './truncate';
import type { LogLayout } from './types';

/** A line is shortened if it is longer than this many of the largest Logs. It is also the length that is aimed at. */
export const LINE_LIMIT = 4;

export interface ShortLine {
  readonly bytes: Buffer;
  /** Whether anything is missing. White space between fields does not count. */
  readonly isCut: boolean;
}

/** A longer value may be cut. */
const SHORT_VALUE_BYTES = 128;
/** A longer name is replaced. */
const SHORT_NAME_BYTES = 1024;
/** Two quotes, a colon, a comma, and the braces of an object. */
const SYNTAX_BYTES = 6;

const COLON = 0x3a;

/** A value `line[from..to)` that may be cut. A text is without its quotes. */
interface LongValue {
  /** Its place among the copied bytes. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly isText: boolean;
  /** Whether the line ends within the value. */
  readonly isUnfinished: boolean;
}

/**
 * Returns a shorter line with the same fields, or undefined if the line is not a JSON object.
 * @param isFlattened whether objects are flattened
 */
export function shortenLine(
  line: Buffer,
  start: number,
  end: number,
  layout: LogLayout,
  isFlattened: boolean,
): ShortLine | undefined {
  const scan = new Scan(line, end, layout, isFlattened ? MAX_DEPTH : 1);
  return scan.read(start) ? scan.shortened() : undefined;
}

/** Returns the beginning of a line that is not a JSON object, with a mark. */
export function beginningOf(line: Buffer, start: number, end: number, maxBytes: number): Buffer {
  const to = characterStart(line, start + maxBytes);
  return Buffer.concat([line.subarray(start, to), Buffer.from(markOf(end - to))]);
}

class Scan {
  readonly #line: Buffer;
  readonly #end: number;
  readonly #layout: LogLayout;
  readonly #maxDepth: number;
  readonly #maxBytes: number;
  readonly #copied: Buffer;
  #copiedTo = 0;
  /** The least number of bytes of the shortened line. */
  #needed = 0;
  readonly #long: LongValue[] = [];
  /** The number of objects that are open, here and in the copied bytes. */
  #depth = 0;
  #openCopied = 0;
  /** Where each of them begins, with its name and its comma. */
  readonly #openedAt: number[] = [];
  /** Whether there is no room for any more fields. */
  #isFull = false;
  #leftOut = 0;
  #isCut = false;

  constructor(line: Buffer, end: number, layout: LogLayout, maxDepth: number) {
    this.#line = line;
    this.#end = end;
    this.#layout = layout;
    this.#maxDepth = maxDepth;
    this.#maxBytes = LINE_LIMIT * layout.maxLogBytes;
    // The field with the number of fields that are left out, and closing braces, have room of their own.
    this.#copied = Buffer.allocUnsafe(this.#maxBytes + 256);
  }

  /** Reads the line. Returns false if it is not a JSON object. */
  read(start: number): boolean {
    const line = this.#line;
    const end = this.#end;
    let at = skipSpace(line, start, end);
    if (line[at] !== OPENING_BRACE) return false;
    this.#openObject();
    at += 1;
    let isEmpty = true;
    while (true) {
      at = skipSpace(line, at, end);
      if (at < end && line[at] !== QUOTE && !(isEmpty && line[at] === CLOSING_BRACE)) return false;
      if (line[at] === QUOTE && at < end) {
        const nameTo = skipString(line, at + 1, end);
        const colon = nameTo === -1 ? end : skipSpace(line, nameTo + 1, end);
        if (colon < end && line[colon] !== COLON) return false;
        const value = skipSpace(line, colon + 1, end);
        if (value >= end) return this.#endsEarly();
        const isOpened = line[value] === OPENING_BRACE && this.#depth < this.#maxDepth;
        const next = isOpened ? value + 1 : this.#value(at + 1, nameTo, value);
        if (isOpened && !this.#nestedObject(at + 1, nameTo)) return false;
        if (next === undefined) return false;
        if (next === -1) return this.#endsEarly();
        at = next;
        isEmpty = isOpened;
        if (isOpened) continue;
      }
      at = skipSpace(line, at, end);
      while (at < end && line[at] === CLOSING_BRACE) {
        this.#closeObject(isEmpty);
        isEmpty = false;
        at = skipSpace(line, at + 1, end);
        if (this.#depth === 0) return at === end;
      }
      if (at >= end) return this.#endsEarly();
      if (line[at] !== COMMA) return false;
      at += 1;
      isEmpty = false;
    }
  }

  /** The line ends within the object. */
  #endsEarly(): boolean {
    this.#isCut = true;
    return this.#copiedTo > 1;
  }

  /** Reads a value. Returns the place behind it, -1 if the line ends within it, or undefined if it is no value. */
  #value(nameFrom: number, nameTo: number, start: number): number | undefined {
    const line = this.#line;
    const behind = skipValue(line, start, this.#end);
    if (behind === start) return undefined;
    const isText = line[start] === QUOTE;
    const isUnfinished = behind === -1;
    const from = isText ? start + 1 : start;
    const to = isUnfinished ? this.#end : isText ? behind - 1 : behind;
    const isShort = to - from <= SHORT_VALUE_BYTES && !isUnfinished;
    const name = this.#name(nameFrom, nameTo, isShort ? to - from : SHORT_VALUE_BYTES + MARK_BYTES);
    if (name === 'no JSON') return undefined;
    if (name === 'no room') this.#leftOut += 1;
    else if (isShort) this.#copy(isText ? start : from, isText ? to + 1 : to);
    else this.#long.push({ at: this.#copiedTo, from, to, isText, isUnfinished });
    return behind;
  }

  #nestedObject(nameFrom: number, nameTo: number): boolean {
    const name = this.#name(nameFrom, nameTo, 0);
    if (name === 'copied') this.#openObject();
    else this.#depth += 1;
    return name !== 'no JSON';
  }

  /** Copies a name, if there is room for it and for `valueBytes` of its value, and for all fields before it. */
  #name(from: number, to: number, valueBytes: number): 'copied' | 'no room' | 'no JSON' {
    const isLong = to - from > SHORT_NAME_BYTES;
    let replaced: string | undefined;
    if (isLong && !this.#isFull) {
      const name = legalNameOfJson(this.#line, from, to, this.#layout.names);
      if (name === undefined) return 'no JSON';
      // A name may have characters that JSON escapes.
      replaced = JSON.stringify(name);
    }
    const nameBytes = replaced === undefined ? to - from : Buffer.byteLength(replaced) - 2;
    const needed = this.#needed + nameBytes + valueBytes + SYNTAX_BYTES;
    if (this.#isFull || needed > this.#maxBytes) {
      this.#stop();
      return 'no room';
    }
    this.#needed = needed;
    this.#openedAt[this.#openCopied] = this.#copiedTo;
    if (this.#copied[this.#copiedTo - 1] !== OPENING_BRACE) this.#put(COMMA);
    if (replaced === undefined) this.#copy(from - 1, to + 1);
    else this.#copiedTo += this.#copied.write(replaced, this.#copiedTo);
    this.#put(COLON);
    return 'copied';
  }

  #openObject(): void {
    this.#put(OPENING_BRACE);
    this.#depth += 1;
    this.#openCopied += 1;
  }

  #closeObject(isEmpty: boolean): void {
    this.#depth -= 1;
    // The record itself is closed at the end, because a field may still be added.
    if (this.#depth === 0) return;
    if (this.#openCopied > this.#depth) {
      this.#put(CLOSING_BRACE);
      this.#openCopied -= 1;
    } else if (isEmpty) this.#leftOut += 1;
  }

  /** Takes back the objects without a field, of which the fields are left out. */
  #stop(): void {
    this.#isFull = true;
    while (this.#openCopied > 1 && this.#copied[this.#copiedTo - 1] === OPENING_BRACE) {
      this.#openCopied -= 1;
      this.#copiedTo = this.#openedAt[this.#openCopied]!;
    }
  }

  #copy(from: number, to: number): void {
    this.#copiedTo += this.#line.copy(this.#copied, this.#copiedTo, from, to);
  }

  #put(byte: number): void {
    this.#copied[this.#copiedTo] = byte;
    this.#copiedTo += 1;
  }

  shortened(): ShortLine {
    while (this.#openCopied > 1) {
      this.#put(CLOSING_BRACE);
      this.#openCopied -= 1;
    }
    if (this.#leftOut > 0) {
      const field = `"${LEFT_OUT}":"${leftOutText(this.#leftOut)}"`;
      if (this.#copiedTo > 1) this.#put(COMMA);
      this.#copiedTo += this.#copied.write(field, this.#copiedTo);
    }
    this.#put(CLOSING_BRACE);
    const lengths = this.#long.map(({ from, to }) => to - from);
    const room = this.#maxBytes - this.#copiedTo - lengths.length * MARK_BYTES;
    const longest = commonLength(lengths, room);
    const parts: Uint8Array[] = [];
    let at = 0;
    for (const value of this.#long) {
      parts.push(this.#copied.subarray(at, value.at), this.#partOf(value, longest));
      at = value.at;
    }
    parts.push(this.#copied.subarray(at, this.#copiedTo));
    return { bytes: Buffer.concat(parts), isCut: this.#isCut || this.#leftOut > 0 };
  }

  /** Returns the JSON text of a value that is cut to `longest`. What cannot be sent in any case is cut also. */
  #partOf({ from, to, isText, isUnfinished }: LongValue, longest: number): Buffer {
    const line = this.#line;
    const { maxLogBytes } = this.#layout;
    // Two bytes of an escape can be one of the text.
    const most = Math.min(longest, isText ? 2 * maxLogBytes : maxLogBytes);
    const isWhole = to - from <= most && !isUnfinished;
    if (isWhole) return isText ? line.subarray(from - 1, to + 1) : line.subarray(from, to);
    this.#isCut = true;
    if (isText) {
      const cut = cutEnd(line, from, to, from + most);
      const mark = isUnfinished ? UNNUMBERED_MARK : markOf(textBytes(line, cut, to));
      return Buffer.concat([line.subarray(from - 1, cut), Buffer.from(`${mark}"`)]);
    }
    const cut = characterStart(line, Math.min(from + most, to));
    const mark = isUnfinished ? UNNUMBERED_MARK : markOf(to - cut);
    return Buffer.from(JSON.stringify(line.toString('utf8', from, cut) + mark));
  }
}
