// Alternatives to the transcoder: a record as an object, encoded as a Log by a protobuf library.
//
// They write the same contents as the transcoder: strings as text, other values as JSON, and the label of a level. Each
// library is used in its fastest way: no verification, no conversion, and plain objects if they are enough.

import { create, createFileRegistry, toBinary } from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import { VOLC_SCHEMA } from '@putlogs/core/internal/targets/tls/schema';
import { type INamespace, Root } from 'protobufjs';

export type Encode = (records: readonly Record<string, unknown>[]) => Uint8Array;

const LEVELS: Readonly<Record<string, string>> = { 30: 'info', 50: 'error' };

function contentsOf(record: Record<string, unknown>): [string, string][] {
  const contents: [string, string][] = [];
  for (const [key, value] of Object.entries(record)) {
    if (key === 'time') continue;
    const text = key === 'level' ? (LEVELS[String(value)] ?? String(value)) : value;
    contents.push([key, typeof text === 'string' ? text : JSON.stringify(text)]);
  }
  return contents;
}

export function protobufjsEncoder(): Encode {
  const LogGroup = Root.fromJSON(structuredClone(VOLC_SCHEMA) as unknown as INamespace).lookupType('LogGroup');
  return (records) =>
    LogGroup.encode({
      Logs: records.map((record) => ({
        Time: record['time'],
        Contents: contentsOf(record).map(([Key, Value]) => ({ Key, Value })),
      })),
    }).finish();
}

/** The same messages, from the same schema. */
export function bufbuildEncoder(): Encode {
  const { LogContent, Log, LogGroup } = VOLC_SCHEMA.nested;
  const text = { type: Type.STRING, label: Label.OPTIONAL };
  const file = create(FileDescriptorProtoSchema, {
    name: 'logs.proto',
    syntax: 'proto3',
    messageType: [
      {
        name: 'LogContent',
        field: [
          { ...text, name: 'Key', number: LogContent.fields.Key.id },
          { ...text, name: 'Value', number: LogContent.fields.Value.id },
        ],
      },
      {
        name: 'Log',
        field: [
          { name: 'Time', number: Log.fields.Time.id, type: Type.INT64, label: Label.OPTIONAL },
          messages('Contents', Log.fields.Contents.id, '.LogContent'),
        ],
      },
      { name: 'LogGroup', field: [messages('Logs', LogGroup.fields.Logs.id, '.Log')] },
    ],
  });
  const schema = createFileRegistry(file, () => undefined).getMessage('LogGroup')!;
  return (records) => {
    const Logs = records.map((record) => ({
      Time: BigInt(record['time'] as number),
      Contents: contentsOf(record).map(([Key, Value]) => ({ Key, Value })),
    }));
    return toBinary(schema, create(schema, { Logs } as Record<string, unknown>));
  };
}

function messages(name: string, number: number, typeName: string) {
  return { name, number, typeName, type: Type.MESSAGE, label: Label.REPEATED };
}
