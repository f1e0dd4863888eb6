// A JSON string's text.
// Takes: the bytes between the quotes. Gives: their UTF-8 without escapes, never longer than they were. Keeps: nothing.
// Never: a surrogate without its other half: UTF-8 has none, so it becomes U+FFFD, as it does in Buffer.from.

import { escapeLength, hexDigit, NOT_JSON } from './json';

const BACKSLASH = 0x5c;

/** From this length on the engine's own parser is faster than a loop, though it makes a string: a stack trace has it. */
const LONG_BYTES = 96;

/**
 * Writes the text of `bytes[start..end)` at `out[to]`, which has room for as many bytes; gives the position behind it,
 * or NOT_JSON for a bad escape.
 */
export function unescapeText(bytes: Buffer, start: number, end: number, out: Buffer, to: number): number {
  if (end - start >= LONG_BYTES) return unescapeLong(bytes, start, end, out, to);
  let at = start;
  let write = to;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte !== BACKSLASH) {
      if (byte < 0x20) return NOT_JSON;
      out[write++] = byte;
      at += 1;
      continue;
    }
    const length = escapeLength(bytes, at, end);
    if (length === NOT_JSON) return NOT_JSON;
    if (length === 2) {
      out[write++] = SHORT[bytes[at + 1]!]!;
      at += 2;
      continue;
    }
    let codePoint = unit(bytes, at);
    at += 6;
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) {
      const low =
        codePoint < 0xdc00 && at < end && bytes[at] === BACKSLASH && escapeLength(bytes, at, end) === 6
          ? unit(bytes, at)
          : 0;
      if (low >= 0xdc00 && low <= 0xdfff) {
        codePoint = 0x10000 + ((codePoint & 0x3ff) << 10) + (low & 0x3ff);
        at += 6;
      } else codePoint = 0xfffd;
    }
    write = writeCodePoint(out, write, codePoint);
  }
  return write;
}

function unescapeLong(bytes: Buffer, start: number, end: number, out: Buffer, to: number): number {
  try {
    // With its quotes, which stand around it.
    return to + out.write(JSON.parse(bytes.toString('utf8', start - 1, end + 1)) as string, to);
  } catch {
    return NOT_JSON;
  }
}

/** What stands behind a backslash, and what it means. */
const SHORT = new Uint8Array(128);
for (const [letter, meant] of Object.entries({
  '"': 0x22,
  '\\': 0x5c,
  '/': 0x2f,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
})) {
  SHORT[letter.charCodeAt(0)] = meant;
}

/** The UTF-16 unit of the six-byte escape at `at`. */
function unit(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at + 2; i < at + 6; i += 1) value = value * 16 + hexDigit(bytes[i]!);
  return value;
}

function writeCodePoint(out: Uint8Array, at: number, codePoint: number): number {
  let to = at;
  if (codePoint < 0x80) out[to++] = codePoint;
  else if (codePoint < 0x800) {
    out[to++] = 0xc0 | (codePoint >> 6);
    out[to++] = 0x80 | (codePoint & 0x3f);
  } else if (codePoint < 0x10000) {
    out[to++] = 0xe0 | (codePoint >> 12);
    out[to++] = 0x80 | ((codePoint >> 6) & 0x3f);
    out[to++] = 0x80 | (codePoint & 0x3f);
  } else {
    out[to++] = 0xf0 | (codePoint >> 18);
    out[to++] = 0x80 | ((codePoint >> 12) & 0x3f);
    out[to++] = 0x80 | ((codePoint >> 6) & 0x3f);
    out[to++] = 0x80 | (codePoint & 0x3f);
  }
  return to;
}
