// The key of a name: what the table of names compares.
//
// A name of up to WHOLE_BYTES is its own key. The key of a longer one is bounded:
//
//   | the first 256 bytes | a hash with a secret key, 8 bytes | the hash of the name rule, 4 bytes |
//
// It is longer than any name that is its own key. So the memory for names does not depend on their lengths. Two long
// names have the same key with a chance of 1 in 2^64.
//
// The name of a nested value is its path. Each level continues the hashes of the level above, so that a long path is
// not read again for each value below it.

import { type HashKey, KeyedHash } from './keyed-hash';
import { addToNameHash, newNameHash } from './name-rule';

/** The longest name that is its own key. */
export const WHOLE_BYTES = 256;
const KEY_BYTES = WHOLE_BYTES + 12;
const DOT = 0x2e;
const DOT_BYTES = Buffer.of(DOT);

interface Level {
  /** The length of the name, in bytes. */
  length: number;
  /** Of a name above WHOLE_BYTES: its hashes, to which another level can be added. */
  readonly hash: KeyedHash;
  nameHash: number;
}

export class NameKey {
  /** The key begins here. */
  readonly bytes = Buffer.allocUnsafe(KEY_BYTES);
  readonly #secret: HashKey;
  readonly #levels: Level[] = [];
  readonly #result: KeyedHash;

  constructor(secret: HashKey) {
    this.#secret = secret;
    this.#result = new KeyedHash(secret);
  }

  /** Sets the name of a level: that of the level above, a dot, and these bytes. The outermost level is 0. */
  set(level: number, bytes: Uint8Array, from: number, to: number): void {
    const here = this.#level(level);
    const above = level === 0 ? undefined : this.#levels[level - 1]!;
    const before = above === undefined ? 0 : above.length + 1;
    const length = before + to - from;
    here.length = length;
    const key = this.bytes;
    if (before > 0 && before <= WHOLE_BYTES) key[before - 1] = DOT;
    for (let at = before, i = from; at < WHOLE_BYTES && i < to; at += 1, i += 1) key[at] = bytes[i]!;
    if (length > WHOLE_BYTES) this.#hash(here, above, before, bytes, from, to);
  }

  /** Completes the key of a level, and returns its length. The key is valid until another level is used. */
  lengthOf(level: number): number {
    const { length, hash, nameHash } = this.#levels[level]!;
    if (length <= WHOLE_BYTES) return length;
    this.#result.copy(hash);
    this.bytes.writeInt32LE(this.#result.low(), WHOLE_BYTES);
    this.bytes.writeInt32LE(this.#result.high(), WHOLE_BYTES + 4);
    this.bytes.writeInt32LE(nameHash, WHOLE_BYTES + 8);
    return KEY_BYTES;
  }

  #hash(here: Level, above: Level | undefined, before: number, bytes: Uint8Array, from: number, to: number): void {
    const { hash } = here;
    if (above !== undefined && above.length > WHOLE_BYTES) {
      hash.copy(above.hash);
      hash.add(DOT_BYTES, 0, 1);
      here.nameHash = addToNameHash(above.nameHash, DOT_BYTES);
    } else {
      // The bytes of the levels above are in the key. If they fill it, the dot is not.
      const held = Math.min(before, WHOLE_BYTES);
      hash.start();
      hash.add(this.bytes, 0, held);
      here.nameHash = addToNameHash(newNameHash(), this.bytes, 0, held);
      if (before > held) {
        hash.add(DOT_BYTES, 0, 1);
        here.nameHash = addToNameHash(here.nameHash, DOT_BYTES);
      }
    }
    hash.add(bytes, from, to);
    here.nameHash = addToNameHash(here.nameHash, bytes, from, to);
  }

  #level(level: number): Level {
    this.#levels[level] ??= { length: 0, hash: new KeyedHash(this.#secret), nameHash: 0 };
    return this.#levels[level];
  }
}

/** Returns true if the key is that of a name above WHOLE_BYTES. */
export function isLongKey(key: Uint8Array): boolean {
  return key.length > WHOLE_BYTES;
}

/** Returns the hash of the name rule, from the key of a long name. */
export function nameHashIn(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getInt32(WHOLE_BYTES + 8, true);
}
