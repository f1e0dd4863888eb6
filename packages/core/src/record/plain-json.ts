// JSON in a Uint8Array: where each value ends, and what a string says. RFC 8259 to the letter, as wasm/json-string.ts
// and wasm/json-value.ts, for processes in which WebAssembly cannot run.

import { BACKSLASH, LETTER_U, QUOTE, skipSpace, unitAt } from './json-scan';

/** Returned instead of a position if the bytes are not JSON. No text stands at address 0. */
export const NOT_JSON = 0;

/** The bytes that the escapes of one letter stand for, by letter. */
const SHORT_ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ n: '\n', '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', r: '\r', t: '\t' }).map(
    ([letter, text]) => [letter.charCodeAt(0), text.charCodeAt(0)],
  ),
);
const HEX_DIGITS: ReadonlySet<number> = new Set(Buffer.from('0123456789abcdefABCDEF'));

/** The first quote, backslash or control character, or `end`. */
export function plainEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) break;
    at += 1;
  }
  return at;
}

/** The position behind the closing quote. `start` lies inside the string, and not within an escape. */
export function stringEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (;;) {
    at = plainEnd(bytes, at, end);
    if (at >= end) return NOT_JSON;
    const byte = bytes[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) return NOT_JSON;
    const length = escapeLength(bytes, at, end);
    if (length === 0) return NOT_JSON;
    at += length;
  }
}

/** The length of the escape whose backslash is at `at`: 2 or 6, or 0 if JSON has no such escape. */
function escapeLength(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return 0;
  const letter = bytes[at + 1]!;
  if (letter !== LETTER_U) return SHORT_ESCAPES.has(letter) ? 2 : 0;
  if (at + 6 > end) return 0;
  for (let i = 2; i < 6; i += 1) if (!HEX_DIGITS.has(bytes[at + i]!)) return 0;
  return 6;
}

function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at += 1;
  return at;
}

export function startsNumber(byte: number): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
}

export function startsNested(byte: number): boolean {
  return byte === 0x7b || byte === 0x5b;
}

export function numberEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = bytes[start] === 0x2d ? start + 1 : start;
  const whole = digitsEnd(bytes, at, end);
  if (whole === at || (bytes[at] === 0x30 && whole > at + 1)) return NOT_JSON;
  at = whole;
  if (at < end && bytes[at] === 0x2e) {
    const fraction = digitsEnd(bytes, at + 1, end);
    if (fraction === at + 1) return NOT_JSON;
    at = fraction;
  }
  if (at < end && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    let digits = at + 1;
    if (digits < end && (bytes[digits] === 0x2b || bytes[digits] === 0x2d)) digits += 1;
    const exponent = digitsEnd(bytes, digits, end);
    if (exponent === digits) return NOT_JSON;
    at = exponent;
  }
  return at;
}

const WORDS: readonly Uint8Array[] = ['true', 'false', 'null'].map((word) => Buffer.from(word));

/** The end of `true`, `false` or `null`. */
export function wordEnd(bytes: Uint8Array, at: number, end: number): number {
  for (const word of WORDS) {
    if (at + word.length > end) continue;
    let same = 0;
    while (same < word.length && bytes[at + same] === word[same]) same += 1;
    if (same === word.length) return at + same;
  }
  return NOT_JSON;
}

/** The first byte of a member's value. `at` is the opening quote of its name. */
function nameEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end || bytes[at] !== QUOTE) return NOT_JSON;
  const close = stringEnd(bytes, at + 1, end);
  if (close === NOT_JSON) return NOT_JSON;
  const colon = skipSpace(bytes, close, end);
  return colon < end && bytes[colon] === 0x3a ? skipSpace(bytes, colon + 1, end) : NOT_JSON;
}

/**
 * The position behind the object or array that begins at `start`.
 *
 * The bit of each level at `levels` says whether the level is an object. So the depth is bounded by the length of the
 * text, and not by a stack.
 */
export function nestedEnd(bytes: Uint8Array, start: number, end: number, levels: number): number {
  let depth = 0;
  let at = start;
  for (;;) {
    // A value begins at `at`.
    const first = at < end ? bytes[at]! : 0;
    if (first === QUOTE) at = stringEnd(bytes, at + 1, end);
    else if (startsNested(first)) {
      at = skipSpace(bytes, at + 1, end);
      if (at >= end) return NOT_JSON;
      if (bytes[at] === first + 2) at += 1;
      else {
        const bit = 1 << (depth & 7);
        if (first === 0x7b) bytes[levels + (depth >> 3)]! |= bit;
        else bytes[levels + (depth >> 3)]! &= ~bit;
        depth += 1;
        if (first === 0x7b) {
          at = nameEnd(bytes, at, end);
          if (at === NOT_JSON) return NOT_JSON;
        }
        continue;
      }
    } else if (startsNumber(first)) at = numberEnd(bytes, at, end);
    else at = wordEnd(bytes, at, end);
    if (at === NOT_JSON) return NOT_JSON;
    // A value has ended at `at`. This loop closes levels until the next value begins.
    for (;;) {
      if (depth === 0) return at;
      at = skipSpace(bytes, at, end);
      if (at >= end) return NOT_JSON;
      const level = depth - 1;
      const inObject = (bytes[levels + (level >> 3)]! & (1 << (level & 7))) !== 0;
      const byte = bytes[at]!;
      if (byte === 0x2c) {
        at = skipSpace(bytes, at + 1, end);
        if (inObject) {
          at = nameEnd(bytes, at, end);
          if (at === NOT_JSON) return NOT_JSON;
        }
        break;
      }
      if (byte !== (inObject ? 0x7d : 0x5d)) return NOT_JSON;
      depth = level;
      at += 1;
    }
  }
}

/**
 * Writes the unescaped text of the string in `start..end` at `to`, and returns the position behind it. The escapes must
 * have been checked. An unpaired surrogate becomes U+FFFD, as in Buffer.from: UTF-8 cannot encode it.
 */
export function writeText(bytes: Uint8Array, start: number, end: number, to: number): number {
  let at = start;
  let write = to;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte !== BACKSLASH) {
      bytes[write] = byte;
      write += 1;
      at += 1;
      continue;
    }
    const letter = bytes[at + 1]!;
    if (letter !== LETTER_U) {
      bytes[write] = SHORT_ESCAPES.get(letter)!;
      write += 1;
      at += 2;
      continue;
    }
    let codePoint = unitAt(bytes, at);
    at += 6;
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) {
      const isEscape = at + 6 <= end && bytes[at] === BACKSLASH && bytes[at + 1] === LETTER_U;
      const low = codePoint < 0xdc00 && isEscape ? unitAt(bytes, at) : 0;
      if (low >= 0xdc00 && low <= 0xdfff) {
        codePoint = 0x10000 + ((codePoint & 0x3ff) << 10) + (low & 0x3ff);
        at += 6;
      } else codePoint = 0xfffd;
    }
    write = putCharacter(bytes, write, codePoint);
  }
  return write;
}

/** Writes one code point as UTF-8, and returns the position behind it. */
function putCharacter(bytes: Uint8Array, at: number, codePoint: number): number {
  let write = at;
  if (codePoint < 0x80) bytes[write++] = codePoint;
  else {
    if (codePoint < 0x800) bytes[write++] = 0xc0 | (codePoint >> 6);
    else {
      if (codePoint < 0x10000) bytes[write++] = 0xe0 | (codePoint >> 12);
      else {
        bytes[write++] = 0xf0 | (codePoint >> 18);
        bytes[write++] = 0x80 | ((codePoint >> 12) & 0x3f);
      }
      bytes[write++] = 0x80 | ((codePoint >> 6) & 0x3f);
    }
    bytes[write++] = 0x80 | (codePoint & 0x3f);
  }
  return write;
}
