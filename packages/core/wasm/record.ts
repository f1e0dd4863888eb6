// What is done to every byte of a record, sixteen at a time: AssemblyScript, built into src/record/wasm-bytes.ts.
//
// Takes: addresses in the one memory that the JSON text, the batch and the tables share (src/record/arena.ts says
// what lies where). Gives: a table of a record's fields, and later, when JavaScript has decided what becomes of each,
// the Log. Keeps: the names seen lately, so that a field is known by its slot. Never: allocates, recurses, or decides
// what a field means.
//
// It may read 16 bytes behind a text and write 16 behind a Log, so there are always as many.
//
// The grammar is RFC 8259's, to the letter: what JSON.parse refuses is refused here. No text stands at address 0, so
// 0 instead of a position says that the bytes are not JSON.

const NOT_JSON: usize = 0;
const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;

// A field of the table, six words of 4 bytes.
const SLOT: usize = 0; // of its name in the cache, or one of the two below
const NAME: usize = 4; // cached: the bytes to write for it, and how many; else its source's start and end
const NAME_TO: usize = 8;
const KIND: usize = 12;
const VALUE: usize = 16;
const VALUE_TO: usize = 20;
const FIELD_BYTES: usize = 24;

const UNKNOWN: i32 = -1;
const UNKNOWN_ESCAPED: i32 = -2;

const DROPPED: u32 = 0;
const WORD: u32 = 1;
const NUMBER: u32 = 2;
const NESTED: u32 = 3;
const STRING: u32 = 4;
const ESCAPED: u32 = 5;

// A slot of the cache of names. Of a name of up to 16 bytes FIRST, LAST and LENGTH are all there is to it.
const FIRST: usize = 0; // its first eight bytes
const LAST: usize = 8; // its last eight
const LENGTH: usize = 16;
const SOURCE: usize = 20;
const ENCODED: usize = 24;
const ENCODED_BYTES: usize = 28; // 0 in a free slot
const SLOT_BYTES: usize = 32;
const SLOTS: usize = 512;
const PROBES: u32 = 4;
/** Where arena.ts has the cache. */
const CACHE: usize = 4096;

// strings

/** For each of 16 bytes, whether it does not stand for itself in a string: a quote, a backslash, a control character. */
function specials(at: usize): u32 {
  const bytes = v128.load(at);
  return i8x16.bitmask(
    v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(<i8>QUOTE)), i8x16.eq(bytes, i8x16.splat(<i8>BACKSLASH))),
      i8x16.lt_u(bytes, i8x16.splat(0x20)),
    ),
  );
}

/** The first byte that does not stand for itself; at `end` or behind it if there is none before. */
function plainEnd(start: usize, end: usize): usize {
  let at = start;
  while (at < end) {
    const found = specials(at);
    if (found !== 0) return at + ctz(found);
    at += 16;
  }
  return at;
}

/** Behind a string's closing quote, from behind its opening one or any place before an escape. */
function stringEnd(start: usize, end: usize): usize {
  let at = start;
  while (true) {
    at = plainEnd(at, end);
    if (at >= end) return NOT_JSON;
    const byte: u32 = load<u8>(at);
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) return NOT_JSON;
    const length = escapeLength(at, end);
    if (length === 0) return NOT_JSON;
    at += length;
  }
}

/** The bytes of the escape that begins at the backslash `at`: 2 or 6, or 0 for one that does not exist. */
function escapeLength(at: usize, end: usize): usize {
  if (at + 1 >= end) return 0;
  const letter: u32 = load<u8>(at + 1);
  if (letter === 0x75) {
    if (at + 6 > end) return 0;
    for (let i: usize = 2; i < 6; i += 1) if (hexDigit(load<u8>(at + i)) < 0) return 0;
    return 6;
  }
  return shortEscape(letter) !== 0 ? 2 : 0;
}

/** What a letter behind a backslash means, or 0. */
function shortEscape(letter: u32): u32 {
  switch (letter) {
    case 0x6e:
      return 0x0a;
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
      return letter;
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return 0;
  }
}

function hexDigit(byte: u32): i32 {
  if (byte - 0x30 <= 9) return byte - 0x30;
  const lower = byte | 0x20;
  return lower - 0x61 <= 5 ? lower - 0x57 : -1;
}

/** The UTF-16 unit of the six-byte escape at `at`. */
function unit(at: usize): u32 {
  let value: u32 = 0;
  for (let i: usize = 2; i < 6; i += 1) value = (value << 4) | hexDigit(load<u8>(at + i));
  return value;
}

/**
 * Writes the text of the string in `start..end`, whose escapes have been checked, at `to`; gives the position behind
 * it. A surrogate without its other half becomes U+FFFD, as it does in Buffer.from: UTF-8 has none.
 */
export function writeText(start: usize, end: usize, to: usize): usize {
  let at = start;
  let write = to;
  while (at < end) {
    const bytes = v128.load(at);
    v128.store(write, bytes);
    const found = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(<i8>BACKSLASH)));
    const plain = min<usize>(found === 0 ? 16 : ctz(found), end - at);
    at += plain;
    write += plain;
    if (at >= end || load<u8>(at) !== BACKSLASH) continue;
    const letter: u32 = load<u8>(at + 1);
    if (letter !== 0x75) {
      store<u8>(write, shortEscape(letter));
      write += 1;
      at += 2;
      continue;
    }
    let codePoint = unit(at);
    at += 6;
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) {
      const isPair = codePoint < 0xdc00 && at + 6 <= end && load<u16>(at) === 0x755c;
      const low = isPair ? unit(at) : 0;
      if (low >= 0xdc00 && low <= 0xdfff) {
        codePoint = 0x10000 + ((codePoint & 0x3ff) << 10) + (low & 0x3ff);
        at += 6;
      } else codePoint = 0xfffd;
    }
    write = putCharacter(write, codePoint);
  }
  return write;
}

function putCharacter(at: usize, codePoint: u32): usize {
  if (codePoint < 0x80) {
    store<u8>(at, codePoint);
    return at + 1;
  }
  if (codePoint < 0x800) {
    store<u8>(at, 0xc0 | (codePoint >> 6));
    store<u8>(at, 0x80 | (codePoint & 0x3f), 1);
    return at + 2;
  }
  if (codePoint < 0x10000) {
    store<u8>(at, 0xe0 | (codePoint >> 12));
    store<u8>(at, 0x80 | ((codePoint >> 6) & 0x3f), 1);
    store<u8>(at, 0x80 | (codePoint & 0x3f), 2);
    return at + 3;
  }
  store<u8>(at, 0xf0 | (codePoint >> 18));
  store<u8>(at, 0x80 | ((codePoint >> 12) & 0x3f), 1);
  store<u8>(at, 0x80 | ((codePoint >> 6) & 0x3f), 2);
  store<u8>(at, 0x80 | (codePoint & 0x3f), 3);
  return at + 4;
}

// values

function skipSpace(start: usize, end: usize): usize {
  let at = start;
  while (at < end) {
    const byte: u32 = load<u8>(at);
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    at += 1;
  }
  return at;
}

function digitsEnd(start: usize, end: usize): usize {
  let at = start;
  while (at < end) {
    const values = i8x16.sub(v128.load(at), i8x16.splat(0x30));
    const others = i8x16.bitmask(i8x16.gt_u(values, i8x16.splat(9)));
    if (others !== 0) return min(at + ctz(others), end);
    at += 16;
  }
  return end;
}

function numberEnd(start: usize, end: usize): usize {
  let at = load<u8>(start) === 0x2d ? start + 1 : start;
  const whole = digitsEnd(at, end);
  if (whole === at || (load<u8>(at) === 0x30 && whole > at + 1)) return NOT_JSON;
  at = whole;
  if (at < end && load<u8>(at) === 0x2e) {
    const fraction = digitsEnd(at + 1, end);
    if (fraction === at + 1) return NOT_JSON;
    at = fraction;
  }
  if (at < end && (load<u8>(at) | 0x20) === 0x65) {
    let digits = at + 1;
    if (digits < end && (load<u8>(digits) === 0x2b || load<u8>(digits) === 0x2d)) digits += 1;
    const exponent = digitsEnd(digits, end);
    if (exponent === digits) return NOT_JSON;
    at = exponent;
  }
  return at;
}

/** The end of `true`, `false` or `null`. */
function wordEnd(at: usize, end: usize): usize {
  if (at + 4 > end) return NOT_JSON;
  const four = load<u32>(at);
  if (four === 0x65757274 || four === 0x6c6c756e) return at + 4;
  return four === 0x736c6166 && at + 5 <= end && load<u8>(at + 4) === 0x65 ? at + 5 : NOT_JSON;
}

/** From a name's opening quote to the first byte of its value. */
function nameEnd(at: usize, end: usize): usize {
  if (at >= end || load<u8>(at) !== QUOTE) return NOT_JSON;
  const close = stringEnd(at + 1, end);
  if (close === NOT_JSON) return NOT_JSON;
  const colon = skipSpace(close, end);
  return colon < end && load<u8>(colon) === 0x3a ? skipSpace(colon + 1, end) : NOT_JSON;
}

/**
 * Behind the object or array that begins at `start`. A bit for each level says whether it is an object's: the lowest
 * 64 in a local, those above, when it runs over, at `levels`.
 */
function nestedEnd(start: usize, end: usize, levels: usize): usize {
  let depth: usize = 0;
  let isObject: u64 = 0;
  let at = start;
  while (true) {
    // Here a value begins at `at`.
    const first: u32 = at < end ? load<u8>(at) : 0;
    if (first === QUOTE) at = stringEnd(at + 1, end);
    else if (first === 0x7b || first === 0x5b) {
      at = skipSpace(at + 1, end);
      if (at >= end) return NOT_JSON;
      if (load<u8>(at) === first + 2) at += 1;
      else {
        if (depth !== 0 && depth % 64 === 0) store<u64>(levels + depth / 8 - 8, isObject);
        isObject = (isObject << 1) | u64(first === 0x7b);
        depth += 1;
        if (first === 0x7b) {
          at = nameEnd(at, end);
          if (at === NOT_JSON) return NOT_JSON;
        }
        continue;
      }
    } else if (first === 0x2d || first - 0x30 <= 9) at = numberEnd(at, end);
    else at = wordEnd(at, end);
    if (at === NOT_JSON) return NOT_JSON;
    // Here a value has ended at `at`: close what it closes, and go to the next.
    while (true) {
      if (depth === 0) return at;
      at = skipSpace(at, end);
      if (at >= end) return NOT_JSON;
      const inObject = (isObject & 1) !== 0;
      const byte: u32 = load<u8>(at);
      if (byte === 0x2c) {
        at = skipSpace(at + 1, end);
        if (inObject) {
          at = nameEnd(at, end);
          if (at === NOT_JSON) return NOT_JSON;
        }
        break;
      }
      if (byte !== <u32>(inObject ? 0x7d : 0x5d)) return NOT_JSON;
      depth -= 1;
      isObject >>= 1;
      if (depth !== 0 && depth % 64 === 0) isObject = load<u64>(levels + depth / 8 - 8);
      at += 1;
    }
  }
}

// names

function firstBytes(at: usize, length: usize): u64 {
  if (length >= 8) return load<u64>(at);
  if (length >= 4) return load<u32>(at);
  if (length === 0) return 0;
  return load<u8>(at) | (u64(load<u8>(at + length / 2)) << 8);
}

function lastBytes(at: usize, length: usize): u64 {
  if (length >= 8) return load<u64>(at + length - 8);
  if (length >= 4) return load<u32>(at + length - 4);
  return length === 0 ? 0 : load<u8>(at + length - 1);
}

function slotOf(first: u64, last: u64, length: usize): usize {
  const mixed = (first ^ rotl(last, 23) ^ length) * 0x1e3779b97f4a7d;
  return usize(mixed >> 55);
}

function find(at: usize, length: usize): i32 {
  const first = firstBytes(at, length);
  const last = lastBytes(at, length);
  let slot = slotOf(first, last, length);
  for (let i: u32 = 0; i < PROBES; i += 1) {
    const entry = CACHE + slot * SLOT_BYTES;
    if (load<u32>(entry + ENCODED_BYTES) === 0) return UNKNOWN;
    if (
      load<u64>(entry + FIRST) === first &&
      load<u64>(entry + LAST) === last &&
      <usize>load<u32>(entry + LENGTH) === length
    ) {
      if (length <= 16 || memory.compare(load<u32>(entry + SOURCE), at, length) === 0) return i32(slot);
    }
    slot = (slot + 1) & (SLOTS - 1);
  }
  return UNKNOWN;
}

/** Puts a name that is not there into the cache, with what is written for it; gives its slot, -1 if none is free. */
export function remember(source: usize, length: usize, encoded: usize, encodedBytes: usize): i32 {
  const first = firstBytes(source, length);
  const last = lastBytes(source, length);
  let slot = slotOf(first, last, length);
  for (let i: u32 = 0; i < PROBES; i += 1) {
    const entry = CACHE + slot * SLOT_BYTES;
    if (load<u32>(entry + ENCODED_BYTES) === 0) {
      store<u64>(entry + FIRST, first);
      store<u64>(entry + LAST, last);
      store<u32>(entry + LENGTH, length);
      store<u32>(entry + SOURCE, source);
      store<u32>(entry + ENCODED, encoded);
      store<u32>(entry + ENCODED_BYTES, encodedBytes);
      return i32(slot);
    }
    slot = (slot + 1) & (SLOTS - 1);
  }
  return UNKNOWN;
}

/** Forgets every name. */
export function forget(): void {
  memory.fill(CACHE, 0, SLOTS * SLOT_BYTES);
}

// the record

/**
 * Reads `{ ... }` with nothing but space around it and puts its fields into `table`. `levels` has room for a bit a
 * byte. Gives the number of fields, or -1 if that is not what is there, or -2 if the table is too short for it.
 */
export function read(start: usize, end: usize, table: usize, tableTo: usize, levels: usize): i32 {
  let at = skipSpace(start, end);
  if (at >= end || load<u8>(at) !== 0x7b) return -1;
  at = skipSpace(at + 1, end);
  if (at < end && load<u8>(at) === 0x7d) return skipSpace(at + 1, end) === end ? 0 : -1;
  let field = table;
  while (true) {
    if (at >= end || load<u8>(at) !== QUOTE) return -1;
    if (field + FIELD_BYTES > tableTo) return -2;
    const name = at + 1;
    let close = plainEnd(name, end);
    if (close >= end) return -1;
    if (load<u8>(close) === QUOTE) {
      const slot = find(name, close - name);
      store<i32>(field + SLOT, slot);
      if (slot >= 0) {
        store<u64>(field + NAME, load<u64>(CACHE + usize(slot) * SLOT_BYTES + ENCODED));
      } else {
        store<u32>(field + NAME, name);
        store<u32>(field + NAME_TO, close);
      }
    } else {
      close = stringEnd(close, end);
      if (close === NOT_JSON) return -1;
      close -= 1;
      store<i32>(field + SLOT, UNKNOWN_ESCAPED);
      store<u32>(field + NAME, name);
      store<u32>(field + NAME_TO, close);
    }
    at = skipSpace(close + 1, end);
    if (at >= end || load<u8>(at) !== 0x3a) return -1;
    at = skipSpace(at + 1, end);
    if (at >= end) return -1;
    const first: u32 = load<u8>(at);
    if (first === QUOTE) {
      const value = at + 1;
      at = plainEnd(value, end);
      if (at >= end) return -1;
      let kind = STRING;
      if (load<u8>(at) !== QUOTE) {
        kind = ESCAPED;
        at = stringEnd(at, end);
        if (at === NOT_JSON) return -1;
        at -= 1;
      }
      store<u32>(field + KIND, kind);
      store<u32>(field + VALUE, value);
      store<u32>(field + VALUE_TO, at);
      at += 1;
    } else {
      store<u32>(field + VALUE, at);
      let kind = WORD;
      if (first - 0x30 <= 9 || first === 0x2d) {
        at = numberEnd(at, end);
        kind = NUMBER;
      } else if (first === 0x7b || first === 0x5b) {
        at = nestedEnd(at, end, levels);
        kind = NESTED;
      } else at = wordEnd(at, end);
      if (at === NOT_JSON) return -1;
      store<u32>(field + KIND, kind);
      store<u32>(field + VALUE_TO, at);
    }
    field += FIELD_BYTES;
    at = skipSpace(at, end);
    if (at >= end) return -1;
    const behind: u32 = load<u8>(at);
    at = skipSpace(at + 1, end);
    if (behind === 0x7d) return at === end ? i32((field - table) / FIELD_BYTES) : -1;
    if (behind !== 0x2c) return -1;
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

/** Copies by sixteen: up to 15 bytes behind the last are overwritten. */
function put(to: usize, from: usize, length: usize): void {
  if (length > 512) memory.copy(to, from, length);
  else for (let i: usize = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i));
}

/**
 * Writes a Logs entry with the fields of the table that are not dropped, each with its name ready to be copied, at
 * `to`; but for the last four bytes, the nanoseconds. Gives the position behind it, or 0 if that would be behind
 * `limit`: then nothing has been written.
 */
export function write(table: usize, tableTo: usize, to: usize, limit: usize, time: f64, nsTag: u32): usize {
  const timeValue = u64(time);
  let body: u32 = 1 + timeBytes(timeValue) + 5;
  for (let field = table; field < tableTo; field += FIELD_BYTES) {
    if (load<u32>(field + KIND) === DROPPED) continue;
    const valueBytes = load<u32>(field + VALUE_TO) - load<u32>(field + VALUE);
    const content = load<u32>(field + NAME_TO) + 1 + varintBytes(valueBytes) + valueBytes;
    body += 1 + varintBytes(content) + content;
  }
  if (to + body + 6 > limit) return 0;
  store<u8>(to, 0x0a);
  let at = putVarint(to + 1, body);
  store<u8>(at, 0x08);
  at = putVarint(at + 1, timeValue);
  for (let field = table; field < tableTo; field += FIELD_BYTES) {
    if (load<u32>(field + KIND) === DROPPED) continue;
    const value = load<u32>(field + VALUE);
    const valueBytes = load<u32>(field + VALUE_TO) - value;
    const nameBytes = load<u32>(field + NAME_TO);
    store<u8>(at, 0x12);
    at = putVarint(at + 1, nameBytes + 1 + varintBytes(valueBytes) + valueBytes);
    put(at, load<u32>(field + NAME), nameBytes);
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
