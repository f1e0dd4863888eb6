// Varints: the variable-length integers of protobuf, for values from 0 to 2^53 - 1.

/** 8 bytes with 7 bits each are enough for 2^53. */
const LONGEST_BYTES = 8;

/** Returns the number of bytes of the varint. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  let bytes = 4;
  for (let above = 2 ** 28; value >= above; above *= 128) bytes += 1;
  return bytes;
}

/** Writes `value` at `at`, and returns the position behind it. */
export function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  // JavaScript's shifts use 32 bits, and would truncate a larger number.
  while (rest > 0x7fffffff) {
    out[to++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    out[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[to++] = rest;
  return to;
}

/** Reads the varint at `at`. `next` is the position behind it. @throws RangeError if it is incomplete or too long */
export function readVarint(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let scale = 1;
  let next = at;
  for (;;) {
    const byte = bytes[next++];
    if (byte === undefined || next - at > LONGEST_BYTES) throw new RangeError(`there is no varint at byte ${at}`);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next };
    scale *= 128;
  }
}
