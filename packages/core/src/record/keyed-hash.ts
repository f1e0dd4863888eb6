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

export class KeyedHash {
  readonly #key: HashKey;
  /** The four words of the state. An array, because private fields take twice as long in `round`. */
  readonly #state = new Int32Array(4);
  /** The bytes since the last whole word. */
  #word = 0;
  #bytes = 0;

  constructor(key: HashKey) {
    this.#key = key;
    this.start();
  }

  start(): void {
    const { low, high } = this.#key;
    const state = this.#state;
    state[0] = low;
    // 0xee asks for 64 bits. The first 32 of them are the hash of a table.
    state[1] = high ^ 0xee;
    state[2] = 0x6c796765 ^ low;
    state[3] = 0x74656462 ^ high;
    this.#word = 0;
    this.#bytes = 0;
  }

  /** Continues where `other` is. */
  copy(other: KeyedHash): void {
    const { 0: a, 1: b, 2: c, 3: d } = other.#state;
    const state = this.#state;
    state[0] = a!;
    state[1] = b!;
    state[2] = c!;
    state[3] = d!;
    this.#word = other.#word;
    this.#bytes = other.#bytes;
  }

  add(bytes: Uint8Array, from: number, to: number): void {
    const state = this.#state;
    let at = from;
    while (at < to) {
      const place = this.#bytes & 3;
      if (place === 0 && at + 4 <= to) {
        const wordsTo = at + ((to - at) & ~3);
        this.#bytes += wordsTo - at;
        for (; at < wordsTo; at += 4) {
          addWord(state, bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
        }
        continue;
      }
      this.#word |= bytes[at]! << (place << 3);
      this.#bytes += 1;
      at += 1;
      if (place < 3) continue;
      addWord(state, this.#word);
      this.#word = 0;
    }
  }

  /** Returns the first 32 bits of the hash. Nothing may be added afterwards. */
  low(): number {
    const state = this.#state;
    addWord(state, this.#word | (this.#bytes << 24));
    state[2]! ^= 0xee;
    return result(state);
  }

  /** Returns the other 32 bits. `low` must have been called. */
  high(): number {
    this.#state[1]! ^= 0xdd;
    return result(this.#state);
  }
}

function addWord(state: Int32Array, word: number): void {
  state[3]! ^= word;
  round(state);
  state[0]! ^= word;
}

function result(state: Int32Array): number {
  round(state);
  round(state);
  round(state);
  return state[1]! ^ state[3]!;
}

function round(state: Int32Array): void {
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
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
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
}
