// Memory for the bodies that are read from a journal, used again for the next one.
//
// The first use of fresh memory costs more than the read and its checksum together: the system maps it page by page.
// On a drain, one body is in flight while the next one is read, so one free buffer is enough.

/** Smaller bodies come from memory that is in use already. */
const MIN_BYTES = 16 * 1024;
/** Bodies differ in size: a buffer is made a little larger, so that it fits most of the others. */
const STEP_BYTES = 64 * 1024;

export class BodyBuffers {
  #free: ArrayBufferLike | undefined;
  readonly #lent = new WeakSet<Buffer>();

  /** Returns memory for one body. Its content is arbitrary. */
  take(bytes: number): Buffer {
    if (bytes < MIN_BYTES) return Buffer.allocUnsafe(bytes);
    const free = this.#free;
    this.#free = undefined;
    const isFit = free !== undefined && free.byteLength >= bytes && free.byteLength <= 2 * bytes + STEP_BYTES;
    const memory = isFit ? free : Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES).buffer;
    const body = Buffer.from(memory, 0, bytes);
    this.#lent.add(body);
    return body;
  }

  /**
   * The body is not used any more: the next one is read over it. Does nothing for a body that is not from here, and for
   * a view of one.
   */
  release(body: Buffer): void {
    if (this.#lent.delete(body)) this.#free = body.buffer;
  }

  clear(): void {
    this.#free = undefined;
  }
}
