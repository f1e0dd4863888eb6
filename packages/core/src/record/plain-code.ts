// What wasm/record.ts does, in JavaScript and on an ArrayBuffer: for processes in which WebAssembly cannot run.
//
// It fills the same rows and writes the same bytes, so all that transcode.ts decides about a record holds here too. It
// takes several times as long. wasm/record.ts documents the functions.

import { varintBytes, writeVarint } from '../protobuf/varint';
import { QUOTE, skipSpace } from './json-scan';
import {
  DROPPED,
  ESCAPED,
  FULL,
  KIND,
  NAME,
  NAME_TO,
  NESTED,
  NO_OBJECT,
  NUMBER,
  ROW_WORDS,
  SLOT,
  STRING,
  UNKNOWN_ESCAPED,
  VALUE,
  VALUE_TO,
  WORD,
} from './memory-layout';
import {
  NOT_JSON,
  nestedEnd,
  numberEnd,
  plainEnd,
  startsNested,
  startsNumber,
  stringEnd,
  wordEnd,
  writeText,
} from './plain-json';
import { PlainNames } from './plain-names';
import type { RecordCode } from './record-code';

/** The number of bytes from which a native copy is faster than a loop. */
const LONG_COPY_BYTES = 64;

export function plainCode(buffer: ArrayBuffer): RecordCode {
  const bytes = new Uint8Array(buffer);
  const words = new Int32Array(buffer);
  const names = new PlainNames(bytes);
  return {
    read: (start, end, rows, rowsTo, levels) => read(bytes, words, names, start, end, rows >> 2, rowsTo >> 2, levels),
    write: (rows, rowsTo, to, limit, time, nsTag) =>
      write(bytes, words, rows >> 2, rowsTo >> 2, to, limit, time, nsTag),
    writeText: (start, end, to) => writeText(bytes, start, end, to),
    insertName: (source, length, encoded, encodedBytes) => names.insert(source, length, encoded, encodedBytes),
    clearNames: () => names.clear(),
  };
}

function read(
  bytes: Uint8Array,
  words: Int32Array,
  names: PlainNames,
  start: number,
  end: number,
  rows: number,
  rowsTo: number,
  levels: number,
): number {
  let at = skipSpace(bytes, start, end);
  if (at >= end || bytes[at] !== 0x7b) return NO_OBJECT;
  at = skipSpace(bytes, at + 1, end);
  if (at < end && bytes[at] === 0x7d) return skipSpace(bytes, at + 1, end) === end ? 0 : NO_OBJECT;
  let row = rows;
  for (;;) {
    if (at >= end || bytes[at] !== QUOTE) return NO_OBJECT;
    if (row + ROW_WORDS > rowsTo) return FULL;
    const name = at + 1;
    const plain = plainEnd(bytes, name, end);
    if (plain >= end) return NO_OBJECT;
    const isPlain = bytes[plain] === QUOTE;
    const nameEnd = isPlain ? plain + 1 : stringEnd(bytes, plain, end);
    if (nameEnd === NOT_JSON) return NO_OBJECT;
    const slot = isPlain ? names.find(name, plain - name) : UNKNOWN_ESCAPED;
    words[row + SLOT] = slot;
    words[row + NAME] = slot < 0 ? name : names.encoded[slot]!;
    words[row + NAME_TO] = slot < 0 ? nameEnd - 1 : names.encodedBytes[slot]!;
    at = skipSpace(bytes, nameEnd, end);
    if (at >= end || bytes[at] !== 0x3a) return NO_OBJECT;
    at = skipSpace(bytes, at + 1, end);
    if (at >= end) return NO_OBJECT;
    at = readValue(bytes, words, row, at, end, levels);
    if (at === NOT_JSON) return NO_OBJECT;
    row += ROW_WORDS;
    at = skipSpace(bytes, at, end);
    if (at >= end) return NO_OBJECT;
    const behind = bytes[at];
    at = skipSpace(bytes, at + 1, end);
    if (behind === 0x7d) return at === end ? (row - rows) / ROW_WORDS : NO_OBJECT;
    if (behind !== 0x2c) return NO_OBJECT;
  }
}

/** Reads the value that begins at `start` into the row, and returns the position behind it, or NOT_JSON. */
function readValue(
  bytes: Uint8Array,
  words: Int32Array,
  row: number,
  start: number,
  end: number,
  levels: number,
): number {
  const first = bytes[start]!;
  if (first === QUOTE) {
    const plain = plainEnd(bytes, start + 1, end);
    if (plain >= end) return NOT_JSON;
    const isPlain = bytes[plain] === QUOTE;
    const next = isPlain ? plain + 1 : stringEnd(bytes, plain, end);
    words[row + KIND] = isPlain ? STRING : ESCAPED;
    words[row + VALUE] = start + 1;
    words[row + VALUE_TO] = next - 1;
    return next;
  }
  let kind = WORD;
  let next: number;
  if (startsNumber(first)) {
    kind = NUMBER;
    next = numberEnd(bytes, start, end);
  } else if (startsNested(first)) {
    kind = NESTED;
    next = nestedEnd(bytes, start, end, levels);
  } else next = wordEnd(bytes, start, end);
  words[row + KIND] = kind;
  words[row + VALUE] = start;
  words[row + VALUE_TO] = next;
  return next;
}

function write(
  bytes: Uint8Array,
  words: Int32Array,
  rows: number,
  rowsTo: number,
  to: number,
  limit: number,
  time: number,
  nsTag: number,
): number {
  // As WebAssembly converts it to an unsigned number.
  const timeValue = time > 0 ? Math.floor(time) : 0;
  let body = 1 + varintBytes(timeValue) + 5;
  for (let row = rows; row < rowsTo; row += ROW_WORDS) {
    if (words[row + KIND] === DROPPED) continue;
    const content = contentBytes(words, row);
    body += 1 + varintBytes(content) + content;
  }
  if (to + body + 6 > limit) return 0;
  bytes[to] = 0x0a;
  let at = writeVarint(bytes, to + 1, body);
  bytes[at] = 0x08;
  at = writeVarint(bytes, at + 1, timeValue);
  for (let row = rows; row < rowsTo; row += ROW_WORDS) {
    if (words[row + KIND] === DROPPED) continue;
    const value = words[row + VALUE]!;
    const valueBytes = words[row + VALUE_TO]! - value;
    bytes[at] = 0x12;
    at = writeVarint(bytes, at + 1, contentBytes(words, row));
    at = put(bytes, at, words[row + NAME]!, words[row + NAME_TO]!);
    bytes[at] = 0x12;
    at = writeVarint(bytes, at + 1, valueBytes);
    at = put(bytes, at, value, valueBytes);
  }
  bytes[at] = nsTag;
  return at + 5;
}

function contentBytes(words: Int32Array, row: number): number {
  const valueBytes = words[row + VALUE_TO]! - words[row + VALUE]!;
  return words[row + NAME_TO]! + 1 + varintBytes(valueBytes) + valueBytes;
}

/** Copies bytes, and returns the position behind the copy. */
function put(bytes: Uint8Array, to: number, from: number, length: number): number {
  if (length >= LONG_COPY_BYTES) bytes.copyWithin(to, from, from + length);
  else for (let i = 0; i < length; i += 1) bytes[to + i] = bytes[from + i]!;
  return to + length;
}
