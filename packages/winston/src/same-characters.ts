// Decides whether two texts have the same characters, in whatever order: `format.json()` sorts the fields of an info.
//
// It is quicker than to parse a text and compare the values, and it is done for every record of a logger with the
// default format. It compares sums of 32 bits to which each character adds a number of its own. A text in which
// something was masked has other characters, also if it is as long as before.

const MAX_CHARS = 8192;
const first = Buffer.allocUnsafeSlow(MAX_CHARS);
const second = Buffer.allocUnsafeSlow(MAX_CHARS);

const NUMBERS = Int32Array.from({ length: 256 }, (_, byte) => numberOf(byte + 1));

function numberOf(seed: number): number {
  const mixed = Math.imul(seed ^ (seed << 13), 0x9e3779b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) ^ (mixed >>> 13);
}

/** Returns false for long texts, whether they have the same characters or not. */
export function haveSameCharacters(a: string, b: string): boolean {
  const { length } = a;
  if (length !== b.length || length > MAX_CHARS) return false;
  // Of other characters than Latin ones, this writes the low bytes.
  first.write(a, 'latin1');
  second.write(b, 'latin1');
  let difference = 0;
  for (let at = 0; at < length; at += 1) difference = (difference + NUMBERS[first[at]!]! - NUMBERS[second[at]!]!) | 0;
  return difference === 0;
}
