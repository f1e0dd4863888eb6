// Protobuf's variable-length numbers, for values below 2^53.

/** 7 bits each: enough for 2^53. */
const LONGEST_BYTES = 8;

export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  let bytes = 4;
  for (let above = 2 ** 28; value >= above; above *= 128) bytes += 1;
  return bytes;
}

/** Writes `value` and gives the position behind it. */
export function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  // Above 2^31 JavaScript's shifts would cut the number.
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

/** Reads the number at `at`. @throws if there is none, or one that is too long */
export function readVarint(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let scale = 1;
  let next = at;
  for (;;) {
    const byte = bytes[next++];
    if (byte === undefined || next - at > LONGEST_BYTES) throw new RangeError(`no number stands at ${at}`);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next };
    scale *= 128;
  }
}
