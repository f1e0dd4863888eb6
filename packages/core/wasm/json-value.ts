// JSON values other than strings: where each ends. The grammar is that of RFC 8259, so JSON.parse accepts the same
// texts.

import { NOT_JSON, QUOTE, stringEnd } from './json-string';

export function skipSpace(start: usize, end: usize): usize {
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

export function numberEnd(start: usize, end: usize): usize {
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
export function wordEnd(at: usize, end: usize): usize {
  if (at + 4 > end) return NOT_JSON;
  const four = load<u32>(at);
  if (four === 0x65757274 || four === 0x6c6c756e) return at + 4;
  return four === 0x736c6166 && at + 5 <= end && load<u8>(at + 4) === 0x65 ? at + 5 : NOT_JSON;
}

/** The first byte of a member's value. `at` is the opening quote of its name. */
function nameEnd(at: usize, end: usize): usize {
  if (at >= end || load<u8>(at) !== QUOTE) return NOT_JSON;
  const close = stringEnd(at + 1, end);
  if (close === NOT_JSON) return NOT_JSON;
  const colon = skipSpace(close, end);
  return colon < end && load<u8>(colon) === 0x3a ? skipSpace(colon + 1, end) : NOT_JSON;
}

/**
 * The position behind the object or array that begins at `start`.
 *
 * One bit for each level says whether the level is an object. The 64 innermost bits are in a local; the bits of outer
 * levels are stored at `levels`. So the depth is bounded by the length of the text, and not by a stack.
 */
export function nestedEnd(start: usize, end: usize, levels: usize): usize {
  let depth: usize = 0;
  let isObject: u64 = 0;
  let at = start;
  while (true) {
    // A value begins at `at`.
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
    // A value has ended at `at`. This loop closes levels until the next value begins.
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
