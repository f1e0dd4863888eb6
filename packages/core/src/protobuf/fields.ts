// Length-delimited protobuf fields. The envelope of a batch has no other fields.
//
// No library is used, because it would be loaded on first use. At that moment the process may have no file descriptor
// left to open a module.

import { readVarint, varintBytes, writeVarint } from './varint';

/** Returns a length-delimited field. Its content is the parts, one behind the other. */
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

/** Returns the tag byte of a length-delimited field, for field numbers up to 15. */
export function lengthTag(field: number): number {
  return (field << 3) | 2;
}

export interface ReadField {
  readonly tag: number;
  readonly content: Buffer;
}

/** Reads bytes that consist of length-delimited fields. @throws RangeError if the last field is incomplete */
export function readFields(bytes: Buffer): ReadField[] {
  const fields: ReadField[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, next } = readVarint(bytes, at + 1);
    if (next + value > bytes.length) throw new RangeError(`the field at byte ${at} is incomplete`);
    fields.push({ tag: bytes[at]!, content: bytes.subarray(next, next + value) });
    at = next + value;
  }
  return fields;
}

/** Returns the text of the last field with this tag, or '' without such a field, as protobuf defines it. */
export function textIn(fields: readonly ReadField[], tag: number): string {
  return fields.findLast((field) => field.tag === tag)?.content.toString() ?? '';
}

/** Reads messages of a key and a value into an object. */
export function readTags(
  fields: readonly ReadField[],
  tag: number,
  keyTag: number,
  valueTag: number,
): Record<string, string> {
  return Object.fromEntries(
    fields
      .filter((field) => field.tag === tag)
      .map(({ content }) => {
        const pair = readFields(content);
        return [textIn(pair, keyTag), textIn(pair, valueTag)];
      }),
  );
}
