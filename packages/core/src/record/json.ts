// Where a JSON value ends, and whether it is one.
// Takes: bytes and a position. Gives: the position behind the value, or NOT_JSON. Keeps: nothing. Never: recurses
// (a record nested a million deep is a record) or makes an object.
// The grammar is RFC 8259's, to the letter: what JSON.parse refuses is refused here.

/** Instead of a position: these bytes are not JSON. */
export const NOT_JSON = -1;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** 1 for a byte that stands for itself within a string: no quote, no backslash, no control character. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  let to = at;
  while (to < end) {
    const byte = bytes[to]!;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    to += 1;
  }
  return to;
}

export function endOfNumber(bytes: Uint8Array, start: number, end: number): number {
  let at = bytes[start] === 0x2d ? start + 1 : start;
  const whole = endOfDigits(bytes, at, end);
  if (whole === at || (bytes[at] === 0x30 && whole > at + 1)) return NOT_JSON;
  at = whole;
  if (at < end && bytes[at] === 0x2e) {
    const fraction = endOfDigits(bytes, at + 1, end);
    if (fraction === at + 1) return NOT_JSON;
    at = fraction;
  }
  if (at < end && (bytes[at]! | 0x20) === 0x65) {
    let digits = at + 1;
    if (digits < end && (bytes[digits] === 0x2b || bytes[digits] === 0x2d)) digits += 1;
    const exponent = endOfDigits(bytes, digits, end);
    if (exponent === digits) return NOT_JSON;
    at = exponent;
  }
  return at;
}

function endOfDigits(bytes: Uint8Array, at: number, end: number): number {
  let to = at;
  while (to < end && bytes[to]! >= 0x30 && bytes[to]! <= 0x39) to += 1;
  return to;
}

const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word));

/** The end of `true`, `false` or `null`. */
export function endOfWord(bytes: Buffer, start: number, end: number): number {
  for (const word of WORDS) {
    if (bytes[start] !== word[0]) continue;
    const to = start + word.length;
    return to <= end && bytes.compare(word, 0, word.length, start, to) === 0 ? to : NOT_JSON;
  }
  return NOT_JSON;
}

/** The closing quote, or the first backslash, from `at` on; `NOT_JSON` for a control character or no end. */
export function endOfPlainString(line: Buffer, at: number, end: number): number {
  let to = at;
  while (to < end && PLAIN[line[to]!] === 1) to += 1;
  return to < end && line[to]! >= 0x20 ? to : NOT_JSON;
}

/** Behind so many bytes a search by the runtime is faster than a loop; before it, starting one costs more. */
const LOOPED_BYTES = 64;

/** The closing quote of a string whose first backslash is at `at`. Whether it is a string is seen when it is unescaped. */
export function closingQuote(line: Buffer, at: number, end: number): number {
  let close = at;
  while (close !== NOT_JSON && line[close] === BACKSLASH) {
    if (close + 2 > end) return NOT_JSON;
    if (close - at > LOOPED_BYTES) return unescapedQuote(line, close, end);
    close = endOfPlainString(line, close + 2, end);
  }
  return close;
}

/** The first quote with no backslash before it, or an even number of them; from the backslash at `start` on. */
function unescapedQuote(line: Buffer, start: number, end: number): number {
  for (let quote = line.indexOf(QUOTE, start); quote !== -1 && quote < end; quote = line.indexOf(QUOTE, quote + 1)) {
    let first = quote;
    while (first > start && line[first - 1] === BACKSLASH) first -= 1;
    if ((quote - first) % 2 === 0) return quote;
  }
  return NOT_JSON;
}

/** The position behind a string's closing quote, from behind its opening one; every escape is checked. */
function endOfString(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (;;) {
    while (at < end && PLAIN[bytes[at]!] === 1) at += 1;
    if (at >= end) return NOT_JSON;
    const byte = bytes[at]!;
    if (byte === QUOTE) return at + 1;
    const length = byte === BACKSLASH ? escapeLength(bytes, at, end) : NOT_JSON;
    if (length === NOT_JSON) return NOT_JSON;
    at += length;
  }
}

/** The bytes of the escape that begins at the backslash `at`: 2 or 6. */
export function escapeLength(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return NOT_JSON;
  switch (bytes[at + 1]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return 2;
    case 0x75: // u
      if (at + 6 > end) return NOT_JSON;
      for (let i = at + 2; i < at + 6; i += 1) if (hexDigit(bytes[i]!) < 0) return NOT_JSON;
      return 6;
    default:
      return NOT_JSON;
  }
}

/** The value of a hex digit, or -1. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * For each level, whether it is an object's. It grows as the nesting does, so that depth costs memory in proportion to
 * the text and never the stack.
 */
let levels = new Uint8Array(64);

/** The position behind the object or array that begins at `start`. */
export function endOfNested(bytes: Buffer, start: number, end: number): number {
  let depth = 0;
  let at = start;
  for (;;) {
    // Here a value begins at `at`.
    const first = at < end ? bytes[at]! : 0;
    if (first === 0x7b || first === 0x5b) {
      const inObject = first === 0x7b;
      at = skipSpace(bytes, at + 1, end);
      if (at >= end) return NOT_JSON;
      if (bytes[at] === first + 2) {
        at += 1;
      } else {
        if (depth === levels.length) levels = Uint8Array.from({ length: depth * 2 }, (_, i) => levels[i] ?? 0);
        levels[depth] = inObject ? 1 : 0;
        depth += 1;
        if (inObject) {
          at = endOfName(bytes, at, end);
          if (at === NOT_JSON) return NOT_JSON;
        }
        continue;
      }
    } else if (first === QUOTE) at = endOfString(bytes, at + 1, end);
    else if (first === 0x2d || (first >= 0x30 && first <= 0x39)) at = endOfNumber(bytes, at, end);
    else at = endOfWord(bytes, at, end);
    if (at === NOT_JSON) return NOT_JSON;
    // Here a value has ended at `at`: close what it closes, and go to the next.
    for (;;) {
      if (depth === 0) return at;
      at = skipSpace(bytes, at, end);
      if (at >= end) return NOT_JSON;
      const inObject = levels[depth - 1] === 1;
      if (bytes[at] === (inObject ? 0x7d : 0x5d)) {
        depth -= 1;
        at += 1;
        continue;
      }
      if (bytes[at] !== 0x2c) return NOT_JSON;
      at = skipSpace(bytes, at + 1, end);
      if (inObject) {
        at = endOfName(bytes, at, end);
        if (at === NOT_JSON) return NOT_JSON;
      }
      break;
    }
  }
}

/** From a name's opening quote to the first byte of its value. */
function endOfName(bytes: Buffer, at: number, end: number): number {
  if (at >= end || bytes[at] !== QUOTE) return NOT_JSON;
  const close = endOfString(bytes, at + 1, end);
  if (close === NOT_JSON) return NOT_JSON;
  const colon = skipSpace(bytes, close, end);
  return colon < end && bytes[colon] === 0x3a ? skipSpace(bytes, colon + 1, end) : NOT_JSON;
}
