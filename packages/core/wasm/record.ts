// The loops over every byte of a record, in AssemblyScript: `npm run build:wasm` writes src/record/wasm-bytes.ts.
//
// 1. `read` turns the JSON text of a record into a row for each field.
// 2. src/record/transcode.ts decides in JavaScript what becomes of each row.
// 3. `write` turns the rows into the record's Log.
//
// All arguments are addresses in one memory, which src/record/memory-layout.ts describes. Nothing here allocates or
// recurses, or knows what a field means. The only state is the cache of names.
//
// Up to 16 bytes behind a text may be read, and up to 16 behind a Log overwritten. The caller keeps them free.

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
} from '../src/record/memory-layout';
import { NOT_JSON, plainEnd, QUOTE, stringEnd } from './json-string';
import { nestedEnd, numberEnd, skipSpace, wordEnd } from './json-value';
import { encodedName, findName } from './name-cache';

export { writeText } from './json-string';
export { clearNames, insertName } from './name-cache';

// The columns of a row, in bytes.
const SLOT_AT: usize = 4 * SLOT;
const NAME_AT: usize = 4 * NAME;
const NAME_TO_AT: usize = 4 * NAME_TO;
const KIND_AT: usize = 4 * KIND;
const VALUE_AT: usize = 4 * VALUE;
const VALUE_TO_AT: usize = 4 * VALUE_TO;
const ROW_BYTES: usize = 4 * ROW_WORDS;

/**
 * Reads a JSON object, with only white space around it, into a row for each field.
 *
 * @param levels an address with room for one bit for each byte of the text
 * @returns the number of rows, NO_OBJECT if the text is no JSON object, or FULL if the rows do not fit before `rowsTo`
 */
export function read(start: usize, end: usize, rows: usize, rowsTo: usize, levels: usize): i32 {
  let at = skipSpace(start, end);
  if (at >= end || load<u8>(at) !== 0x7b) return NO_OBJECT;
  at = skipSpace(at + 1, end);
  if (at < end && load<u8>(at) === 0x7d) return skipSpace(at + 1, end) === end ? 0 : NO_OBJECT;
  let row = rows;
  while (true) {
    if (at >= end || load<u8>(at) !== QUOTE) return NO_OBJECT;
    if (row + ROW_BYTES > rowsTo) return FULL;
    const name = at + 1;
    let close = plainEnd(name, end);
    if (close >= end) return NO_OBJECT;
    if (load<u8>(close) === QUOTE) {
      const slot = findName(name, close - name);
      store<i32>(row + SLOT_AT, slot);
      if (slot >= 0) {
        store<u64>(row + NAME_AT, encodedName(slot));
      } else {
        store<u32>(row + NAME_AT, name);
        store<u32>(row + NAME_TO_AT, close);
      }
    } else {
      close = stringEnd(close, end);
      if (close === NOT_JSON) return NO_OBJECT;
      close -= 1;
      store<i32>(row + SLOT_AT, UNKNOWN_ESCAPED);
      store<u32>(row + NAME_AT, name);
      store<u32>(row + NAME_TO_AT, close);
    }
    at = skipSpace(close + 1, end);
    if (at >= end || load<u8>(at) !== 0x3a) return NO_OBJECT;
    at = skipSpace(at + 1, end);
    if (at >= end) return NO_OBJECT;
    const first: u32 = load<u8>(at);
    if (first === QUOTE) {
      const value = at + 1;
      at = plainEnd(value, end);
      if (at >= end) return NO_OBJECT;
      let kind = STRING;
      if (load<u8>(at) !== QUOTE) {
        kind = ESCAPED;
        at = stringEnd(at, end);
        if (at === NOT_JSON) return NO_OBJECT;
        at -= 1;
      }
      store<u32>(row + KIND_AT, kind);
      store<u32>(row + VALUE_AT, value);
      store<u32>(row + VALUE_TO_AT, at);
      at += 1;
    } else {
      store<u32>(row + VALUE_AT, at);
      let kind = WORD;
      if (first - 0x30 <= 9 || first === 0x2d) {
        at = numberEnd(at, end);
        kind = NUMBER;
      } else if (first === 0x7b || first === 0x5b) {
        at = nestedEnd(at, end, levels);
        kind = NESTED;
      } else at = wordEnd(at, end);
      if (at === NOT_JSON) return NO_OBJECT;
      store<u32>(row + KIND_AT, kind);
      store<u32>(row + VALUE_TO_AT, at);
    }
    row += ROW_BYTES;
    at = skipSpace(at, end);
    if (at >= end) return NO_OBJECT;
    const behind: u32 = load<u8>(at);
    at = skipSpace(at + 1, end);
    if (behind === 0x7d) return at === end ? i32((row - rows) / ROW_BYTES) : NO_OBJECT;
    if (behind !== 0x2c) return NO_OBJECT;
  }
}

function varintBytes(value: u32): u32 {
  return (38 - clz(value | 1)) / 7;
}

function putVarint(to: usize, value: u64): usize {
  let at = to;
  let rest = value;
  while (rest > 0x7f) {
    store<u8>(at, u32(rest & 0x7f) | 0x80);
    rest >>= 7;
    at += 1;
  }
  store<u8>(at, u32(rest));
  return at + 1;
}

/** Copies sixteen bytes at a time. Up to 15 bytes behind the copy are overwritten. */
function put(to: usize, from: usize, length: usize): void {
  if (length > 512) memory.copy(to, from, length);
  else for (let i: usize = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i));
}

/**
 * Writes one `Logs` entry at `to`, with all rows that are not DROPPED. The last four bytes, the nanoseconds, are left
 * to the caller.
 *
 * @param time Log.Time, in the unit of the service
 * @param nsTag the tag byte of the nanoseconds
 * @returns the position behind the entry, or 0 if that is behind `limit`: then nothing has been written
 */
export function write(rows: usize, rowsTo: usize, to: usize, limit: usize, time: f64, nsTag: u32): usize {
  const timeValue = u64(time);
  let body: u32 = 1 + timeBytes(timeValue) + 5;
  for (let row = rows; row < rowsTo; row += ROW_BYTES) {
    if (load<u32>(row + KIND_AT) === DROPPED) continue;
    const valueBytes = load<u32>(row + VALUE_TO_AT) - load<u32>(row + VALUE_AT);
    const content = load<u32>(row + NAME_TO_AT) + 1 + varintBytes(valueBytes) + valueBytes;
    body += 1 + varintBytes(content) + content;
  }
  if (to + body + 6 > limit) return 0;
  store<u8>(to, 0x0a);
  let at = putVarint(to + 1, body);
  store<u8>(at, 0x08);
  at = putVarint(at + 1, timeValue);
  for (let row = rows; row < rowsTo; row += ROW_BYTES) {
    if (load<u32>(row + KIND_AT) === DROPPED) continue;
    const value = load<u32>(row + VALUE_AT);
    const valueBytes = load<u32>(row + VALUE_TO_AT) - value;
    const nameBytes = load<u32>(row + NAME_TO_AT);
    store<u8>(at, 0x12);
    at = putVarint(at + 1, nameBytes + 1 + varintBytes(valueBytes) + valueBytes);
    put(at, load<u32>(row + NAME_AT), nameBytes);
    at += nameBytes;
    store<u8>(at, 0x12);
    at = putVarint(at + 1, valueBytes);
    put(at, value, valueBytes);
    at += valueBytes;
  }
  store<u8>(at, nsTag);
  return at + 5;
}

function timeBytes(value: u64): u32 {
  return u32((70 - clz(value | 1)) / 7);
}
