// The bodies for Alibaba Cloud SLS, compared with what protobufjs writes for the proto2 messages of the service.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenBatch } from '@putlogs/core/internal/batch/open-batch';
import { Transcoder } from '@putlogs/core/internal/record/transcode';
import { ALIYUN_LAYOUT, aliyunSls } from '@putlogs/core/internal/targets/sls/put-logs';
import { parse } from 'protobufjs';
import { corpusRecord } from '../support/corpus';
import { DEFAULTS, decoded, encoded, stoppedClock } from './transcoded';

const { root } = parse(
  `syntax = "proto2";
  message Log {
    required uint32 Time = 1;
    message Content { required string Key = 1; required string Value = 2; }
    repeated Content Contents = 2;
    optional fixed32 Time_ns = 4;
  }
  message LogTag { required string Key = 1; required string Value = 2; }
  message LogGroup {
    repeated Log Logs = 1;
    optional string Category = 2;
    optional string Topic = 3;
    optional string Source = 4;
    optional string MachineUUID = 5;
    repeated LogTag LogTags = 6;
  }`,
  { keepCase: true },
);
const LogGroup = root.lookupType('LogGroup');

interface Group {
  Logs: { Time: number; Time_ns: number; Contents: { Key: string; Value: string }[] }[];
  Topic: string;
  Source: string;
  LogTags: { Key: string; Value: string }[];
}

const target = aliyunSls({
  endpoint: 'https://cn-hangzhou.log.aliyuncs.com',
  region: '',
  project: 'p',
  logstore: 'store',
  customDomain: false,
  routing: 'route',
  signature: 'v1',
  credentials: () => ({ accessKeyId: 'a', accessKeySecret: 's' }),
});

const linesOf = (count: number) =>
  Array.from({ length: count }, (_, n) => {
    const { fields, timeMs, message } = corpusRecord(n, 1_763_800_000_000);
    const text = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
    return JSON.stringify({ time: n % 3 === 0 ? `${timeMs}.000789` : timeMs, n, empty: '', message, ...fields }, text);
  });

/** The body of a sealed batch of these lines. */
function bodyOf(lines: readonly string[]): Buffer {
  const by = new Transcoder(ALIYUN_LAYOUT, DEFAULTS, stoppedClock);
  const batch = new OpenBatch(1024);
  for (const line of lines) {
    const start = batch.length;
    const bytes = Buffer.from(line);
    by.append(bytes, 0, bytes.length, batch);
    batch.added(start);
  }
  const envelope = {
    source: '主机',
    topic: 'a topic',
    fileName: 'a.log',
    tags: { env: 'test', none: '' },
    packId: 'P-1',
  };
  return batch.seal(
    false,
    (logBytes) => target.frame(envelope, logBytes),
    (body) => Buffer.from(body),
  );
}

test('a LogGroup has the bytes that protobufjs writes, also with empty values', () => {
  const body = bodyOf(linesOf(600));
  const group = LogGroup.decode(body) as unknown as Group;
  assert.equal(group.Logs.length, 600);
  assert.deepEqual(Buffer.from(LogGroup.encode(LogGroup.fromObject(group)).finish()), body);
  assert.deepEqual([group.Topic, group.Source], ['a topic', '主机']);
  assert.deepEqual(
    group.LogTags.map(({ Key, Value }) => [Key, Value]),
    [
      ['env', 'test'],
      ['none', ''],
      ['__path__', 'a.log'],
      ['__pack_id__', 'P-1'],
    ],
  );
});

test('the contents are the same as for every other target, and the time is in seconds and nanoseconds', () => {
  const lines = linesOf(600);
  const { Logs } = LogGroup.decode(bodyOf(lines)) as unknown as Group;
  for (const [i, log] of decoded(encoded(lines)).entries()) {
    const { Time, Time_ns, Contents } = Logs[i]!;
    assert.deepEqual(
      Contents.map(({ Key, Value }) => [Key, Value]),
      log.Contents.map(({ Key, Value }) => [Key, Value]),
    );
    assert.equal(Time * 1000 + Math.floor(Time_ns / 1e6), log.Time);
    assert.equal(Time_ns % 1e6, log.TimeNs);
  }
});
