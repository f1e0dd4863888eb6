// Reads and writes LogGroupLists of TLS.
//
// The schema is not shared with @putlogs/core: two independent descriptions of the wire format can contradict each
// other, and that is how an error in one of them is found.

import { Reader, Root } from 'protobufjs/light';
import type { Refusal } from '../answer.js';
import type { KeyValue, LogGroup } from '../log-group.js';
import { refuse } from './refusal.js';

export interface WireContent {
  readonly Key: string;
  readonly Value: string;
}

export interface WireLog {
  /** May be a Long, so read it with `timeOf`. */
  readonly Time: number | { toNumber(): number };
  readonly Contents: readonly WireContent[];
  readonly TimeNs?: number;
}

export interface WireLogGroup {
  readonly Logs: readonly WireLog[];
  readonly Source: string;
  readonly LogTags: readonly WireContent[];
  readonly FileName: string;
  readonly ContextFlow: string;
}

const pair = { fields: { Key: { type: 'string', id: 1 }, Value: { type: 'string', id: 2 } } };
const root = Root.fromJSON({
  nested: {
    pb: {
      // proto3, so that the decoder refuses strings that are not UTF-8.
      edition: 'proto3',
      nested: {
        LogContent: { edition: 'proto3', ...pair },
        LogTag: { edition: 'proto3', ...pair },
        Log: {
          edition: 'proto3',
          oneofs: { OptionalTimeNs: { oneof: ['TimeNs'] } },
          fields: {
            Time: { type: 'int64', id: 1 },
            Contents: { rule: 'repeated', type: 'LogContent', id: 2 },
            TimeNs: { type: 'fixed32', id: 3 },
          },
        },
        LogGroup: {
          edition: 'proto3',
          fields: {
            Logs: { rule: 'repeated', type: 'Log', id: 1 },
            Source: { type: 'string', id: 2 },
            LogTags: { rule: 'repeated', type: 'LogTag', id: 3 },
            FileName: { type: 'string', id: 4 },
            ContextFlow: { type: 'string', id: 5 },
          },
        },
        LogGroupList: { edition: 'proto3', fields: { LogGroups: { rule: 'repeated', type: 'LogGroup', id: 1 } } },
      },
    },
  },
} as Parameters<typeof Root.fromJSON>[0]);
root.resolveAll();
const LogGroupList = root.lookupType('pb.LogGroupList');

export function decodeGroups(raw: Buffer): readonly WireLogGroup[] | Refusal {
  try {
    const reader = Reader.create(raw);
    reader.discardUnknown = false;
    const list = LogGroupList.decode(reader) as unknown as { LogGroups: WireLogGroup[] };
    return hasUnknown(list)
      ? refuse('DeserializeFailed', 'Deserialization failed: a field is not in the schema.')
      : list.LogGroups;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return refuse('DeserializeFailed', `Deserialization failed, please check argument. (${why})`);
  }
}

/** The same groups in the form of the ledger. */
export function storedGroups(groups: readonly WireLogGroup[]): LogGroup[] {
  return groups.map((group) => ({
    source: group.Source,
    topic: '',
    fileName: group.FileName,
    packId: group.ContextFlow,
    tags: group.LogTags.map(keyValue),
    logs: group.Logs.map((log) => ({
      time: timeOf(log),
      // Presence counts, and not the value: a TimeNs of 0 was sent.
      timeNs: Object.hasOwn(log, 'TimeNs') ? log.TimeNs! : null,
      contents: log.Contents.map(keyValue),
    })),
  }));
}

export function encodeGroups(groups: readonly LogGroup[]): Buffer {
  const list = {
    LogGroups: groups.map((group) => ({
      Source: group.source,
      FileName: group.fileName,
      ContextFlow: group.packId,
      LogTags: group.tags.map(wirePair),
      Logs: group.logs.map(({ time, timeNs, contents }) => ({
        Time: time,
        Contents: contents.map(wirePair),
        ...(timeNs === null ? {} : { TimeNs: timeNs }),
      })),
    })),
  };
  return Buffer.from(LogGroupList.encode(LogGroupList.create(list)).finish());
}

function keyValue({ Key, Value }: WireContent): KeyValue {
  return { key: Key, value: Value };
}

function wirePair({ key, value }: KeyValue): WireContent {
  return { Key: key, Value: value };
}

/** The time as sent. It is rounded beyond 2^53, but such a time is refused. */
export function timeOf(log: WireLog): number {
  return typeof log.Time === 'number' ? log.Time : log.Time.toNumber();
}

/** The size of the largest encoded Log, read from the wire: encoding it again could have another size. */
export function largestLogBytes(raw: Buffer): number {
  let largest = 0;
  for (const group of fieldsOf(raw)) {
    for (const log of fieldsOf(group)) largest = Math.max(largest, log.length);
  }
  return largest;
}

function* fieldsOf(message: Buffer): Generator<Buffer> {
  const reader = Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    // The reader of a Buffer returns Buffers, which are views.
    if (tag === 10) yield reader.bytes() as Buffer;
    else reader.skipType(tag & 7);
  }
}

// A known field with a wrong wire type is also kept as unknown. It is a mistake of the encoder, and refused.
function hasUnknown(list: { readonly LogGroups: readonly WireLogGroup[] }): boolean {
  const odd = (message: object): boolean => '$unknowns' in message;
  return (
    odd(list) ||
    list.LogGroups.some(
      (group) => odd(group) || group.LogTags.some(odd) || group.Logs.some((log) => odd(log) || log.Contents.some(odd)),
    )
  );
}
