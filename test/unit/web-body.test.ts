// The bodies of web tracking: JSON that is made once for a batch, and is never larger than the service accepts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenBatch } from '@putlogs/core/internal/batch/open-batch';
import { type SealedBatch, sealBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { aliyunWebtracking } from '@putlogs/core/internal/targets/sls/web-tracking';
import type { Target } from '@putlogs/core/internal/targets/target';
import { volcWebTracks } from '@putlogs/core/internal/targets/tls/web-tracks';
import { START_MS } from '../support/start-time';
import { transcoder } from './transcoded';

const NOW = START_MS;
const sls = aliyunWebtracking({
  endpoint: 'https://cn-hangzhou.log.aliyuncs.com',
  region: 'cn-hangzhou',
  project: 'p',
  logstore: 'store',
  customDomain: false,
  compression: 'none',
});
const tls = volcWebTracks({
  endpoint: 'https://tls-cn-beijing.volces.com',
  projectId: 'p',
  topicId: 't',
  compression: 'none',
});

function batchOf(target: Target, records: readonly (object | string)[]): SealedBatch {
  const by = transcoder({}, target.layout.names);
  const open = new OpenBatch(1024 * 1024);
  for (const record of records) {
    const bytes = Buffer.from(typeof record === 'string' ? record : JSON.stringify(record));
    const start = open.length;
    by.append(bytes, 0, bytes.length, open);
    open.added(start);
  }
  const envelope = { source: 'host-1', topic: '', fileName: '', tags: {}, packId: 'P-1' };
  return open.seal(
    false,
    (logBytes) => target.frame(envelope, logBytes),
    (body, entriesFrom, entriesTo) => {
      const place = { firstRecord: 0, packId: 'P-1', hashKey: '', count: records.length, entriesFrom, entriesTo };
      return sealBatch(place, Buffer.from(body), (raw) => ({ codec: 'none', body: raw }));
    },
  );
}

test('each log of SLS has its time in seconds as `__time__`, and to the nanosecond as a field', () => {
  const batch = batchOf(sls, [
    { time: START_MS + 1999, message: 'a' },
    { time: `${START_MS}.000123`, message: 'b' },
  ]);
  assert.deepEqual(JSON.parse(sls.request(batch, NOW).body.toString()), {
    __topic__: '',
    __source__: 'host-1',
    __logs__: [
      { __time__: Math.floor((START_MS + 1999) / 1000), time: isoOf(START_MS + 1999, '000000'), message: 'a' },
      { __time__: START_MS / 1000, time: isoOf(START_MS, '000123'), message: 'b' },
    ],
    __tags__: { __pack_id__: 'P-1' },
  });
});

test('no field of a record is taken for a part of the body of SLS', () => {
  const own = ['__time__', '__time_ns_part__', '__topic__', '__source__', '__logs__', '__tags__', '__tag__:env'];
  const line = `{"time":${START_MS},"time":"t",${own.map((name) => `"${name}":"mine"`)}}`;
  const batch = batchOf(sls, [line, '{"__proto__":"p","http.method":"GET","\\"":"q"}']);
  const [first, second] = JSON.parse(sls.request(batch, NOW).body.toString()).__logs__;
  assert.deepEqual(first, {
    __time__: START_MS / 1000,
    time: isoOf(START_MS, '000000'),
    xtime: 't',
    ...Object.fromEntries(own.map((name) => [`x${name}`, 'mine'])),
  });
  assert.deepEqual(Object.entries(second).slice(2), [
    ['__proto__', 'p'],
    ['http.method', 'GET'],
    ['"', 'q'],
  ]);
});

test('a log of TLS has no `__time__`, which is a reserved name there', () => {
  const batch = batchOf(tls, [{ time: START_MS, message: 'a' }]);
  assert.deepEqual(JSON.parse(tls.request(batch, NOW).body.toString()), {
    Logs: [{ time: isoOf(START_MS, '000000'), message: 'a' }],
    Source: 'host-1',
  });
});

test('the body of a batch is made once for all of its attempts', () => {
  for (const target of [sls, tls]) {
    const batch = batchOf(target, [{ message: 'a' }]);
    assert.equal(target.tooLarge!(batch), undefined);
    const first = target.request(batch, NOW);
    assert.equal(target.request(batch, NOW + 60_000).body, first.body);
  }
});

test('a batch whose JSON is larger than the service accepts is cut before it is sent', () => {
  // A control character is one byte in protobuf, and six in JSON.
  const text = '\u0001'.repeat(100_000);
  for (const [target, limit] of [
    [sls, 3_000_000],
    [tls, 5 * 1024 * 1024],
  ] as const) {
    const fits = Math.floor(limit / 601_000);
    assert.equal(target.tooLarge!(batchOf(target, Array(fits).fill({ text }))), undefined);
    const refused = target.tooLarge!(batchOf(target, Array(fits + 1).fill({ text })));
    assert.ok(refused?.kind === 'split');
    assert.equal(refused.tooLarge, 'bytes');
    assert.match(refused.refusal.message, new RegExp(`the service accepts ${limit}$`));
  }
});

function isoOf(ms: number, subMs: string): string {
  return `${new Date(ms).toISOString().slice(0, -1)}${subMs}Z`;
}
