// Finds where values of JSON text end, byte by byte, without checking them. WebAssembly checks what is sent.
//
// Each function returns -1 if the value does not end before `end`.

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const LETTER_U = 0x75;
export const OPENING_BRACE = 0x7b;
export const OPENING_BRACKET = 0x5b;
export const CLOSING_BRACE = 0x7d;
const CLOSING_BRACKET = 0x5d;
export const COMMA = 0x2c;

function isSpace(byte: number): boolean {
  return byte <= 0x20 && (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}

/** Returns the first place from `start` that is no white space. */
export function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(bytes[at]!)) at += 1;
  return at;
}

/** Returns the place behind a value, with its closing quote if it is a text. */
export function skipValue(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start];
  if (first === OPENING_BRACE || first === OPENING_BRACKET) return skipNested(bytes, start, end);
  if (first !== QUOTE) return skipScalar(bytes, start, end);
  const quote = skipString(bytes, start + 1, end);
  return quote === -1 ? -1 : quote + 1;
}

/** Returns the place of the closing quote. `start` is behind the opening one. */
export function skipString(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at += 1;
  }
  return -1;
}

/** Returns the place behind an object or a list. */
function skipNested(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = skipString(bytes, at + 1, end);
      if (at === -1) return -1;
    } else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) depth += 1;
    else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

/** Returns the place behind a number or a word. */
function skipScalar(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === COMMA || byte === CLOSING_BRACE || byte === CLOSING_BRACKET || isSpace(byte!)) return at;
  }
  return -1;
}

/**
 * Returns the last place, at most `limit`, up to which the JSON string `bytes[from..to)` can be cut: behind a whole
 * character or escape. A surrogate pair of two escapes is one character.
 */
export function cutEnd(bytes: Uint8Array, from: number, to: number, limit: number): number {
  const most = Math.min(limit, to);
  let at = from;
  while (at < most) {
    const step = bytes[at] === BACKSLASH ? escapeBytes(bytes, at, to) : characterBytes(bytes[at]!);
    if (at + step > most) break;
    at += step;
  }
  return at;
}

/** Returns the number of bytes of the text that the JSON string `bytes[from..to)` stands for. */
export function textBytes(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; ) {
    if (bytes[at] !== BACKSLASH) {
      count += 1;
      at += 1;
      continue;
    }
    const step = escapeBytes(bytes, at, to);
    count += step === 2 ? 1 : step === 12 ? 4 : unitBytes(unitAt(bytes, at));
    at += step;
  }
  return count;
}

/** The length of the escape at `at`: 2, 6, or 12 for a surrogate pair. */
function escapeBytes(bytes: Uint8Array, at: number, to: number): number {
  if (bytes[at + 1] !== LETTER_U) return 2;
  const isPair =
    (unitAt(bytes, at) & 0xfc00) === 0xd800 &&
    at + 12 <= to &&
    bytes[at + 6] === BACKSLASH &&
    bytes[at + 7] === LETTER_U &&
    (unitAt(bytes, at + 6) & 0xfc00) === 0xdc00;
  return isPair ? 12 : 6;
}

/** The UTF-16 unit of the escape at `at`: `\u` and four hex digits. */
export function unitAt(bytes: Uint8Array, at: number): number {
  let unit = 0;
  for (let i = at + 2; i < at + 6; i += 1) {
    const byte = bytes[i]!;
    unit = (unit << 4) | (byte < 0x40 ? byte & 0xf : (byte & 0x7) + 9);
  }
  return unit;
}

/** An unpaired surrogate becomes U+FFFD, which has three bytes. */
function unitBytes(unit: number): number {
  if (unit < 0x80) return 1;
  return unit < 0x800 ? 2 : 3;
}

/** The length of the character of UTF-8 that begins with this byte. */
function characterBytes(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
