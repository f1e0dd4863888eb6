// Protobuf fields of text, as bytes: all that the envelope of a batch is made of.
// Takes: a tag and its content. Gives: the field; and from bytes, the fields. Keeps: nothing. Nothing is loaded for it: a batch is sealed when there
// may be no file descriptor left to load anything with.

import { readVarint, varintBytes, writeVarint } from './varint';

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

export interface ReadField {
  readonly tag: number;
  readonly content: Buffer;
}

/** The fields that follow one another in the bytes. @throws if that is not what they are */
export function readFields(bytes: Buffer): ReadField[] {
  const fields: ReadField[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, next } = readVarint(bytes, at + 1);
    if (next + value > bytes.length) throw new RangeError(`the field at ${at} has no end`);
    fields.push({ tag: bytes[at]!, content: bytes.subarray(next, next + value) });
    at = next + value;
  }
  return fields;
}

/** The text of the field, or of the last of several; '' of one that is not there, as protobuf has it. */
export function textOf(fields: readonly ReadField[], tag: number): string {
  return fields.findLast((field) => field.tag === tag)?.content.toString() ?? '';
}

/** Tags of name and value, each a message of its own. */
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
        return [textOf(pair, keyTag), textOf(pair, valueTag)];
      }),
  );
}
