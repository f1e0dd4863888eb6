// Protobuf fields of text, as bytes: all that the envelope of a batch is made of.
// Takes: a tag and its content. Gives: the field. Keeps: nothing. Nothing is loaded for it: a batch is sealed when there
// may be no file descriptor left to load anything with.

import { varintBytes, writeVarint } from '../record/varint';

/** A length-delimited field of several others. */
export function fieldOf(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const field = Buffer.allocUnsafe(1 + varintBytes(bytes) + bytes);
  field[0] = tag;
  let at = writeVarint(field, 1, bytes);
  for (const part of parts) {
    field.set(part, at);
    at += part.length;
  }
  return field;
}

export function textField(tag: number, text: string): Buffer {
  return fieldOf(tag, Buffer.from(text));
}

/** The wire's tag of a length-delimited field. */
export function lengthTag(field: number): number {
  return (field << 3) | 2;
}
