// The bytes of all names in one buffer: their keys, and the Key fields of the names that are sent. An array for each
// name would cost more than everything else that belongs to the name.

const FIRST_BYTES = 16 * 1024;
/** The tag, and a length of up to two bytes. */
const MAX_HEAD_BYTES = 3;

export class NameBytes {
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #to = 0;

  /** It may be another buffer when a name was added. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** The place for the next bytes. */
  get length(): number {
    return this.#to;
  }

  clear(): void {
    this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.#to = 0;
  }

  /** Adds bytes, and returns their place. */
  add(bytes: Uint8Array, from: number, to: number): number {
    this.#makeRoom(to - from);
    const at = this.#to;
    this.#bytes.set(bytes.subarray(from, to), at);
    this.#to += to - from;
    return at;
  }

  /** Adds the Key field of a LogContent, and returns its length. Two bytes hold the length of a name up to 16,383. */
  addKeyField(name: string): number {
    const length = Buffer.byteLength(name);
    this.#makeRoom(length + MAX_HEAD_BYTES);
    const bytes = this.#bytes;
    const from = this.#to;
    let at = from;
    bytes[at++] = 0x0a;
    if (length < 0x80) bytes[at++] = length;
    else {
      bytes[at++] = (length & 0x7f) | 0x80;
      bytes[at++] = length >> 7;
    }
    this.#to = at + bytes.write(name, at);
    return this.#to - from;
  }

  #makeRoom(more: number): void {
    if (this.#to + more <= this.#bytes.length) return;
    const bytes = Buffer.allocUnsafeSlow(2 * (this.#bytes.length + more));
    this.#bytes.copy(bytes, 0, 0, this.#to);
    this.#bytes = bytes;
  }
}
