// Reads and writes LogGroups of SLS.
//
// It refuses what a protobuf library would accept: a missing required field, an unknown field, a wrong wire type, and a
// repeated field. Each is a mistake of the encoder, and the service answers some of them with lost logs.

import { Reader, Writer } from 'protobufjs/light';
import type { Refusal } from '../answer.js';
import type { KeyValue, LogGroup, StoredLog } from '../log-group.js';
import { type ErrorCode, refuse } from './refusal.js';

const VARINT = 0;
const BYTES = 2;
const FIXED32 = 5;
const MAX_UINT32 = 2 ** 32 - 1;
const MAX_TIME_NS = 999_999_999;

type Field = readonly [wireType: number, take: (reader: Reader) => void, repeated?: 'repeated'];

class Malformed extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function decodeGroup(raw: Buffer): LogGroup | Refusal {
  try {
    return readGroup(raw);
  } catch (cause) {
    if (cause instanceof Malformed) return refuse(cause.code, cause.message);
    return refuse('PostBodyInvalid', `The body is not a LogGroup: ${String((cause as Error).message ?? cause)}.`);
  }
}

/** The group in the form of the ledger. The pack id is a tag. */
export function groupOf(parts: Pick<LogGroup, 'topic' | 'source' | 'tags' | 'logs'>): LogGroup {
  const packId = parts.tags.find(({ key }) => key === '__pack_id__')?.value ?? '';
  return { ...parts, fileName: '', packId };
}

export function encodeGroupList(groups: readonly LogGroup[]): Buffer {
  const list = Writer.create();
  for (const group of groups) {
    list.uint32(10).fork();
    for (const log of group.logs) {
      list.uint32(10).fork().uint32(8).uint32(log.time);
      for (const content of log.contents) writePair(list, 18, content);
      if (log.timeNs !== null) list.uint32(37).fixed32(log.timeNs);
      list.ldelim();
    }
    list.uint32(26).string(group.topic).uint32(34).string(group.source);
    for (const tag of group.tags) writePair(list, 50, tag);
    list.ldelim();
  }
  return Buffer.from(list.finish());
}

function writePair(writer: Writer, tag: number, { key, value }: KeyValue): void {
  writer.uint32(tag).fork().uint32(10).string(key).uint32(18).string(value).ldelim();
}

function readGroup(raw: Buffer): LogGroup {
  const logs: StoredLog[] = [];
  const tags: KeyValue[] = [];
  const texts = { topic: '', source: '' };
  readMessage('LogGroup', raw, {
    1: [BYTES, (reader) => logs.push(readLog(reader.bytes() as Buffer)), 'repeated'],
    // Category and MachineUUID are for the vendor's agent. They are checked, and not kept.
    2: [BYTES, (reader) => readText(reader)],
    3: [BYTES, (reader) => (texts.topic = readText(reader))],
    4: [BYTES, (reader) => (texts.source = readText(reader))],
    5: [BYTES, (reader) => readText(reader)],
    6: [BYTES, (reader) => tags.push(readPair('LogTag', reader.bytes() as Buffer)), 'repeated'],
  });
  return groupOf({ ...texts, tags, logs });
}

function readLog(bytes: Buffer): StoredLog {
  const contents: KeyValue[] = [];
  const read: { time: number | null; timeNs: number | null } = { time: null, timeNs: null };
  readMessage('Log', bytes, {
    1: [VARINT, (reader) => (read.time = Number(String(reader.uint64())))],
    2: [BYTES, (reader) => contents.push(readPair('Content', reader.bytes() as Buffer)), 'repeated'],
    4: [FIXED32, (reader) => (read.timeNs = reader.fixed32())],
  });
  const { time, timeNs } = read;
  if (time === null) throw new Malformed('PostBodyInvalid', 'A Log has no Time, which is required.');
  if (time > MAX_UINT32) throw new Malformed('InvalidTimestamp', `The Time ${time} is not Unix seconds in 32 bits.`);
  if (timeNs !== null && timeNs > MAX_TIME_NS) {
    throw new Malformed('InvalidTimestamp', `The Time_ns ${timeNs} is not below a second.`);
  }
  return { time, timeNs, contents };
}

function readPair(message: string, bytes: Buffer): KeyValue {
  const read: { key: string | null; value: string | null } = { key: null, value: null };
  readMessage(message, bytes, {
    1: [BYTES, (reader) => (read.key = readText(reader))],
    2: [BYTES, (reader) => (read.value = readText(reader))],
  });
  const { key, value } = read;
  if (key === null) throw new Malformed('PostBodyInvalid', `A ${message} has no Key, which is required.`);
  if (value === null) {
    throw new Malformed('PostBodyInvalid', `A ${message} has no Value, which is required even when it is empty.`);
  }
  return { key, value };
}

function readMessage(message: string, bytes: Buffer, fields: Readonly<Record<number, Field>>): void {
  const reader = Reader.create(bytes);
  let seen = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const id = tag >>> 3;
    const field = fields[id];
    if (!field) throw new Malformed('PostBodyInvalid', `${message} has no field ${id}.`);
    const [wireType, take, repeated] = field;
    if ((tag & 7) !== wireType) {
      throw new Malformed('PostBodyInvalid', `The field ${id} of ${message} has the wire type ${tag & 7}.`);
    }
    if (!repeated && seen & (1 << id)) {
      throw new Malformed('PostBodyInvalid', `The field ${id} of ${message} was given twice.`);
    }
    seen |= 1 << id;
    take(reader);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readText(reader: Reader): string {
  const bytes = reader.bytes();
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Malformed('InvalidEncoding', 'A text of the body is not UTF-8.');
  }
}
