// HalfSipHash-1-3: a hash with a secret key, of bytes that may arrive in pieces.
//
// An application may log names that a user of it chose. Without a secret, that user could choose names with the same
// hash, and looking up n of them would take n² steps. The engine's own hash of strings is no help: that of a text of
// digits is the number itself.
//
// 1 round for each word, 3 at the end, 32-bit words: https://github.com/veorq/SipHash, halfsiphash.c.

/** The secret: two words. */
export interface HashKey {
  readonly low: number;
  readonly high: number;
}

/** @param random returns a number of at least 0 and below 1 */
export function newHashKey(random: () => number): HashKey {
  const word = () => Math.floor(random() * 2 ** 32) | 0;
  return { low: word(), high: word() };
}

/** Returns the first 32 bits of the hash of bytes that are all there: what KeyedHash returns, in half the time. */
export function keyedHash({ low, high }: HashKey, bytes: Uint8Array, from: number, to: number): number {
  let a = low;
  let b = high ^ 0xee;
  let c = 0x6c796765 ^ low;
  let d = 0x74656462 ^ high;
  const length = to - from;
  const wordsTo = from + (length & ~3);
  for (let at = from; at < wordsTo; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    d ^= word;
    a = (a + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ a;
    a = (a << 16) | (a >>> 16);
    c = (c + d) | 0;
    d = ((d << 8) | (d >>> 24)) ^ c;
    a = (a + d) | 0;
    d = ((d << 7) | (d >>> 25)) ^ a;
    c = (c + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ c;
    c = (c << 16) | (c >>> 16);
    a ^= word;
  }
  let last = length << 24;
  if ((length & 3) > 0) last |= bytes[wordsTo]!;
  if ((length & 3) > 1) last |= bytes[wordsTo + 1]! << 8;
  if ((length & 3) > 2) last |= bytes[wordsTo + 2]! << 16;
  d ^= last;
  for (let round = 0; round < 4; round += 1) {
    a = (a + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ a;
    a = (a << 16) | (a >>> 16);
    c = (c + d) | 0;
    d = ((d << 8) | (d >>> 24)) ^ c;
    a = (a + d) | 0;
    d = ((d << 7) | (d >>> 25)) ^ a;
    c = (c + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ c;
    c = (c << 16) | (c >>> 16);
    if (round > 0) continue;
    a ^= last;
    c ^= 0xee;
  }
  return b ^ d;
}

/** The hash of bytes that arrive in pieces. */
export class KeyedHash {
  readonly #key: HashKey;
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;
  /** The bytes since the last whole word. */
  #word = 0;
  #bytes = 0;

  constructor(key: HashKey) {
    this.#key = key;
    this.start();
  }

  start(): void {
    const { low, high } = this.#key;
    this.#a = low;
    // 0xee asks for 64 bits. The first 32 of them are the hash of a table.
    this.#b = high ^ 0xee;
    this.#c = 0x6c796765 ^ low;
    this.#d = 0x74656462 ^ high;
    this.#word = 0;
    this.#bytes = 0;
  }

  /** Continues where `other` is. */
  copy(other: KeyedHash): void {
    this.#a = other.#a;
    this.#b = other.#b;
    this.#c = other.#c;
    this.#d = other.#d;
    this.#word = other.#word;
    this.#bytes = other.#bytes;
  }

  add(bytes: Uint8Array, from: number, to: number): void {
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    let word = this.#word;
    let count = this.#bytes;
    for (let at = from; at < to; at += 1) {
      word |= bytes[at]! << ((count & 3) << 3);
      count += 1;
      if ((count & 3) !== 0) continue;
      d ^= word;
      a = (a + b) | 0;
      b = ((b << 5) | (b >>> 27)) ^ a;
      a = (a << 16) | (a >>> 16);
      c = (c + d) | 0;
      d = ((d << 8) | (d >>> 24)) ^ c;
      a = (a + d) | 0;
      d = ((d << 7) | (d >>> 25)) ^ a;
      c = (c + b) | 0;
      b = ((b << 13) | (b >>> 19)) ^ c;
      c = (c << 16) | (c >>> 16);
      a ^= word;
      word = 0;
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
    this.#word = word;
    this.#bytes = count;
  }

  /** Returns the first 32 bits of the hash. Nothing may be added afterwards. */
  low(): number {
    const word = this.#word | (this.#bytes << 24);
    this.#d ^= word;
    this.#round();
    this.#a ^= word;
    this.#c ^= 0xee;
    this.#round();
    this.#round();
    this.#round();
    return this.#b ^ this.#d;
  }

  /** Returns the other 32 bits. `low` must have been called. */
  high(): number {
    this.#b ^= 0xdd;
    this.#round();
    this.#round();
    this.#round();
    return this.#b ^ this.#d;
  }

  #round(): void {
    this.#a = (this.#a + this.#b) | 0;
    this.#b = ((this.#b << 5) | (this.#b >>> 27)) ^ this.#a;
    this.#a = (this.#a << 16) | (this.#a >>> 16);
    this.#c = (this.#c + this.#d) | 0;
    this.#d = ((this.#d << 8) | (this.#d >>> 24)) ^ this.#c;
    this.#a = (this.#a + this.#d) | 0;
    this.#d = ((this.#d << 7) | (this.#d >>> 25)) ^ this.#a;
    this.#c = (this.#c + this.#b) | 0;
    this.#b = ((this.#b << 13) | (this.#b >>> 19)) ^ this.#c;
    this.#c = (this.#c << 16) | (this.#c >>> 16);
  }
}
