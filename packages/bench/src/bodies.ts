// Reads the number of each record in a body, for every service. The number is the field `n`, which every workload
// writes.
//
// A body that cannot be read is an error, which the run reports:
//
//   /PutLogs                  lz4 or zlib, protobuf   LogGroupList.LogGroups[1].Logs[1]
//   /logstores/.../shards/    lz4 or zlib, protobuf   LogGroup.Logs[1]
//   /loki/api/v1/push         JSON, or snappy and protobuf   streams[1].entries[2].line[2]: JSON
//   /v1/logs                  protobuf                resourceLogs[1].scopeLogs[2].logRecords[2].attributes[6]
//   /v1/datasets, /v1/ingest  gzip or plain           NDJSON or a JSON array
//   /logtail                  gzip, msgpack           array
//   the rest                  plain or gzip           Elasticsearch's bulk lines: an action, a document

import type { IncomingHttpHeaders } from 'node:http';
import { gunzipSync, inflateSync } from 'node:zlib';
import { decode } from '@msgpack/msgpack';
import { uncompressSync as lz4 } from 'lz4-napi';
import { uncompressSync as snappy } from 'snappy';
import { bytesFields, field, textOf, varintField } from './wire';

const LZ4_SIZE_PREFIX_BYTES = 4;

export function recordNumbers(path: string, headers: IncomingHttpHeaders, body: Buffer): Iterable<number> {
  if (path.startsWith('/PutLogs')) return fromLogGroups(bytesFields(decompressed(headers, 'x-tls', body), 1));
  if (path.startsWith('/logstores/')) return fromLogGroups([decompressed(headers, 'x-log', body)]);
  const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  if (path.startsWith('/loki/')) return fromLoki(headers, plain);
  if (path.startsWith('/v1/logs')) return fromOtlp(plain);
  if (path.startsWith('/v1/')) return fromLines(plain);
  if (path === '/logtail') return (decode(plain) as unknown[]).map(numberIn);
  return path.includes('_bulk') ? fromBulk(plain) : [];
}

function decompressed(headers: IncomingHttpHeaders, prefix: string, body: Buffer): Buffer {
  const codec = headers[`${prefix}-compresstype`];
  if (codec === undefined || codec === 'none') return body;
  if (codec !== 'lz4') return inflateSync(body);
  const prefixed = Buffer.allocUnsafe(LZ4_SIZE_PREFIX_BYTES + body.length);
  prefixed.writeUInt32LE(Number(headers[`${prefix}-bodyrawsize`]));
  prefixed.set(body, LZ4_SIZE_PREFIX_BYTES);
  return lz4(prefixed);
}

function* fromLogGroups(groups: Iterable<Buffer>): Iterable<number> {
  for (const group of groups) for (const log of bytesFields(group, 1)) yield ofContents(log);
}

/** The name and the value of a field have the same numbers in TLS and SLS. */
function ofContents(log: Buffer): number {
  for (const content of bytesFields(log, 2)) {
    if (textOf(field(content, 1)) === 'n') return Number(textOf(field(content, 2)));
  }
  throw new Error('a log without its number');
}

function* fromLoki(headers: IncomingHttpHeaders, body: Buffer): Iterable<number> {
  if (headers['content-type']?.includes('json')) {
    const { streams } = JSON.parse(body.toString()) as { streams: { values: [string, string][] }[] };
    for (const { values } of streams) for (const [, line] of values) yield numberIn(fieldsOf(line));
    return;
  }
  for (const stream of bytesFields(snappy(body) as Buffer, 1))
    for (const entry of bytesFields(stream, 2)) yield numberIn(fieldsOf(textOf(field(entry, 2))));
}

/** A line may begin with its message. */
function fieldsOf(line: string): unknown {
  return JSON.parse(line.slice(line.indexOf('{')));
}

function* fromOtlp(body: Buffer): Iterable<number> {
  for (const resource of bytesFields(body, 1))
    for (const scope of bytesFields(resource, 2))
      for (const record of bytesFields(scope, 2)) yield ofAttributes(record);
}

/** `KeyValue { key = 1, value = 2: AnyValue { int_value = 3 } }`. */
function ofAttributes(record: Buffer): number {
  for (const attribute of bytesFields(record, 6)) {
    if (textOf(field(attribute, 1)) === 'n') return varintField(field(attribute, 2), 3);
  }
  throw new Error('a log record without its number');
}

function fromLines(body: Buffer): number[] {
  const text = body.toString();
  if (text.startsWith('[')) return (JSON.parse(text) as unknown[]).map(numberIn);
  return linesOf(text).map((line) => numberIn(JSON.parse(line)));
}

/** Every second line is a document. */
function fromBulk(body: Buffer): number[] {
  return linesOf(body.toString())
    .filter((_, at) => at % 2 === 1)
    .map((line) => numberIn(JSON.parse(line)));
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** In the record itself, or in an object that a transport puts around its fields. */
function numberIn(record: unknown): number {
  const { n, fields } = record as { n?: number; fields?: { n?: number } };
  const number = n ?? fields?.n;
  if (number === undefined) throw new Error('a record without its number');
  return number;
}
