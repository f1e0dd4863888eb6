// JSON strings: where one ends, and what it says. RFC 8259 to the letter, sixteen bytes at a time.

/** Returned instead of a position if the bytes are not JSON. No text stands at address 0. */
export const NOT_JSON: usize = 0;
export const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;

/** A bit for each of the 16 bytes at `at`: set for a quote, a backslash and a control character. */
function specials(at: usize): u32 {
  const bytes = v128.load(at);
  return i8x16.bitmask(
    v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(<i8>QUOTE)), i8x16.eq(bytes, i8x16.splat(<i8>BACKSLASH))),
      i8x16.lt_u(bytes, i8x16.splat(0x20)),
    ),
  );
}

/** The first quote, backslash or control character. If there is none before `end`, the result is `end` or behind it. */
export function plainEnd(start: usize, end: usize): usize {
  let at = start;
  while (at < end) {
    const found = specials(at);
    if (found !== 0) return at + ctz(found);
    at += 16;
  }
  return at;
}

/** The position behind the closing quote. `start` lies inside the string, and not within an escape. */
export function stringEnd(start: usize, end: usize): usize {
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

/** The length of the escape whose backslash is at `at`: 2 or 6, or 0 if JSON has no such escape. */
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

/** The byte that a one-letter escape stands for, or 0 if JSON has no such escape. */
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

/** The value of a hex digit, or -1. */
function hexDigit(byte: u32): i32 {
  if (byte - 0x30 <= 9) return byte - 0x30;
  const lower = byte | 0x20;
  return lower - 0x61 <= 5 ? lower - 0x57 : -1;
}

/** The UTF-16 unit of the escape at `at`: `\u` and four hex digits. */
function utf16Unit(at: usize): u32 {
  let value: u32 = 0;
  for (let i: usize = 2; i < 6; i += 1) value = (value << 4) | hexDigit(load<u8>(at + i));
  return value;
}

/**
 * Writes the unescaped text of the string in `start..end` at `to`, and returns the position behind it. The escapes must
 * have been checked. An unpaired surrogate becomes U+FFFD, as in Buffer.from: UTF-8 cannot encode it.
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
    let codePoint = utf16Unit(at);
    at += 6;
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) {
      const isPair = codePoint < 0xdc00 && at + 6 <= end && load<u16>(at) === 0x755c;
      const low = isPair ? utf16Unit(at) : 0;
      if (low >= 0xdc00 && low <= 0xdfff) {
        codePoint = 0x10000 + ((codePoint & 0x3ff) << 10) + (low & 0x3ff);
        at += 6;
      } else codePoint = 0xfffd;
    }
    write = putCharacter(write, codePoint);
  }
  return write;
}

/** Writes one code point as UTF-8, and returns the position behind it. */
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
