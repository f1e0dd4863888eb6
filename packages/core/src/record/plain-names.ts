// The cache of field names for plain-code.ts, as wasm/name-cache.ts has one: where each known name lies, and the bytes
// to write for it. A name that is not in it is looked up by FieldNames, so the cache may be small and its hash weak.

import { NAME_SLOTS, UNKNOWN } from './memory-layout';

/** The number of slots that are searched for a name. */
const PROBES = 4;

export class PlainNames {
  readonly #bytes: Uint8Array;
  readonly #sources = new Int32Array(NAME_SLOTS);
  readonly #lengths = new Int32Array(NAME_SLOTS);
  /** The addresses of the bytes to write, and their number. 0 bytes mark a free slot. */
  readonly encoded = new Int32Array(NAME_SLOTS);
  readonly encodedBytes = new Int32Array(NAME_SLOTS);

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Returns the slot of the name, or UNKNOWN. */
  find(at: number, length: number): number {
    let slot = this.#slotOf(at, length);
    for (let probe = 0; probe < PROBES; probe += 1) {
      if (this.encodedBytes[slot] === 0) return UNKNOWN;
      if (this.#lengths[slot] === length && this.#isAt(this.#sources[slot]!, at, length)) return slot;
      slot = (slot + 1) & (NAME_SLOTS - 1);
    }
    return UNKNOWN;
  }

  /** Adds a name that the cache does not have. Returns its slot, or UNKNOWN if no slot is free. */
  insert(source: number, length: number, encoded: number, encodedBytes: number): number {
    let slot = this.#slotOf(source, length);
    for (let probe = 0; probe < PROBES; probe += 1) {
      if (this.encodedBytes[slot] === 0) {
        this.#sources[slot] = source;
        this.#lengths[slot] = length;
        this.encoded[slot] = encoded;
        this.encodedBytes[slot] = encodedBytes;
        return slot;
      }
      slot = (slot + 1) & (NAME_SLOTS - 1);
    }
    return UNKNOWN;
  }

  clear(): void {
    this.encodedBytes.fill(0);
  }

  #slotOf(at: number, length: number): number {
    if (length === 0) return 0;
    const bytes = this.#bytes;
    const mixed = 131 * length + 31 * bytes[at]! + 17 * bytes[at + (length >> 1)]! + 7 * bytes[at + length - 1]!;
    return mixed & (NAME_SLOTS - 1);
  }

  #isAt(source: number, at: number, length: number): boolean {
    const bytes = this.#bytes;
    for (let i = 0; i < length; i += 1) if (bytes[source + i] !== bytes[at + i]) return false;
    return true;
  }
}
