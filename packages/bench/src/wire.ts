// The part of protobuf's wire format that counting needs. protobufjs would build an object for every field.

/** The content of each length-delimited field of this number. */
export function* bytesFields(message: Buffer, wanted: number): Iterable<Buffer> {
  const cursor = { at: 0 };
  while (cursor.at < message.length) {
    const tag = varint(message, cursor);
    const from = cursor.at;
    skip(message, cursor, tag & 7);
    if (cursor.at > message.length) throw new Error('a field ends behind its message');
    if (tag >>> 3 !== wanted || (tag & 7) !== 2) continue;
    const start = { at: from };
    varint(message, start);
    yield message.subarray(start.at, cursor.at);
  }
}

/** The content of the first such field. Empty if there is none, because protobuf leaves out an empty field. */
export function field(message: Buffer, wanted: number): Buffer {
  for (const found of bytesFields(message, wanted)) return found;
  return message.subarray(0, 0);
}

export function varintField(message: Buffer, wanted: number): number {
  const cursor = { at: 0 };
  while (cursor.at < message.length) {
    const tag = varint(message, cursor);
    if (tag >>> 3 === wanted && (tag & 7) === 0) return varint(message, cursor);
    skip(message, cursor, tag & 7);
  }
  return 0;
}

export function textOf(bytes: Buffer): string {
  return bytes.toString();
}

function skip(message: Buffer, cursor: { at: number }, wireType: number): void {
  if (wireType === 0) varint(message, cursor);
  else if (wireType === 1) cursor.at += 8;
  else if (wireType === 2) {
    const bytes = varint(message, cursor);
    cursor.at += bytes;
  } else if (wireType === 5) cursor.at += 4;
  else throw new Error(`no protobuf: wire type ${wireType}`);
}

function varint(message: Buffer, cursor: { at: number }): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = message[cursor.at++];
    if (byte === undefined) throw new Error('a number ends behind its message');
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}
