// What only SLS says, and every form in which it is written to.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PutlogsOptions } from '@putlogs/core';
import { unpackBatch } from '@putlogs/core/internal/batch/unpack';
import { partsIn } from '@putlogs/core/internal/maintenance/survey';
import { entriesOf } from '@putlogs/core/internal/maintenance/survey-entries';
import { zstd as nodesZstd } from '@putlogs/core/internal/runtime/zstd';
import { temporaryDirectory } from '../support/directory';
import { contentsOf, type EmulatorOptions, until } from '../support/emulator';
import { assertLedger } from '../support/ledger';
import { assertConserved, emulatorAndShipper, write } from '../support/shipper';
import { type TargetName, targetNamed } from '../support/targets';

async function shipperTo(name: TargetName, options: PutlogsOptions = {}, service: EmulatorOptions = {}) {
  return emulatorAndShipper(options, service, targetNamed(name));
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

test('records outside of the accepted times are rejected alone, together, and kept in the dead-letter file', async () => {
  const file = join(temporaryDirectory('time'), 'dead.ndjson');
  const { emulator, shipper, warnings } = await shipperTo('aliyun-sls', { deadLetter: { file }, lingerMs: 60_000 });
  const nowMs = Date.now();
  const times = [nowMs, nowMs - 8 * DAY_MS, nowMs - 6 * DAY_MS, nowMs + 20 * MINUTE_MS, nowMs + 10 * MINUTE_MS];
  for (let n = 0; n < 500; n += 1) shipper.write(JSON.stringify({ time: times[n % times.length], n }));
  await shipper.flush();
  const { delivered, dropped, deadLettered, requests } = shipper.stats();
  assert.deepEqual([delivered, dropped.rejected, deadLettered], [300, 200, 200]);
  assert.equal(requests, 2, 'it is known which they are: nothing is searched for');
  const numbers = emulator.logs().map((log) => Number(contentsOf(log)['n']));
  assert.deepEqual(
    numbers,
    [...Array(500).keys()].filter((n) => n % 5 === 0 || n % 5 === 2 || n % 5 === 4),
  );
  const dead = readFileSync(file, 'utf8').trim().split('\n');
  assert.equal(dead.length, 200);
  const first = JSON.parse(dead[0]!) as { record: { time: number; contents: { n: string } } };
  assert.deepEqual([first.record.time, first.record.contents.n], [times[1], '1']);
  assert.equal(warnings.length, 1);
  assert.match(
    `${warnings[0]!.kind}: ${warnings[0]!.message}`,
    /^rejected: 200 records were refused by the service and are in the dead-letter file: PostBodyInvalid/,
  );
  assertConserved(shipper.stats());
});

for (const name of ['aliyun-sls', 'aliyun-webtracking'] as const) {
  test(`${name} reaches a project by a domain of its own, which does not contain the project`, async () => {
    const { emulator, shipper } = await shipperTo(name, { customDomain: true });
    const expected = write(shipper, 20);
    await shipper.flush();
    assertLedger(new Map([['one', expected]]), emulator.logs());
    assert.equal(emulator.logs()[0]!.project, targetNamed(name).place['project']);
  });
}

const noZstd = nodesZstd() === undefined && `${process.version} has no zstd: it came with Node 22.15`;

test('records go with zstd', { skip: noZstd }, async () => {
  const { emulator, shipper, warnings } = await shipperTo('aliyun-sls', { compression: 'zstd', compressionLevel: 3 });
  const expected = write(shipper, 500);
  await shipper.flush();
  assertLedger(new Map([['one', expected]]), emulator.logs());
  const { rawBytes, wireBytes } = emulator.stats();
  assert.ok(wireBytes * 4 < rawBytes, `${wireBytes} of ${rawBytes}`);
  assert.deepEqual(warnings, []);
});

test('if the service does not accept zstd, every batch goes with lz4, once and in order', {
  skip: noZstd,
}, async () => {
  const options = { compression: 'zstd', batch: { maxCount: 10 } } as const;
  const { emulator, shipper, warnings } = await shipperTo('aliyun-sls', options);
  emulator.faults([{ code: 'InvalidCompressType', times: 1 }]);
  const expected = write(shipper, 100);
  await shipper.flush();
  const later = write(shipper, 10, undefined, 100);
  await shipper.flush();
  assertLedger(new Map([['one', [...expected, ...later]]]), emulator.logs());
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['COMPRESSION_REFUSED'],
  );
  const { requests, retries } = shipper.stats();
  assert.deepEqual([requests, retries], [12, 0]);
});

test('if several batches in zstd are refused at once, each goes with lz4 at once', { skip: noZstd }, async () => {
  const options = { compression: 'zstd', batch: { maxCount: 10 }, hashKey: 'none', concurrency: 4 } as const;
  const { emulator, shipper, warnings } = await shipperTo('aliyun-sls', options);
  emulator.faults([{ code: 'InvalidCompressType', times: 4, delayMs: 100 }]);
  write(shipper, 40);
  await shipper.flush();
  const numbers = emulator.logs().map((log) => Number(contentsOf(log)['n']));
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    [...Array(40).keys()],
  );
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['COMPRESSION_REFUSED'],
  );
  const { requests, retries } = shipper.stats();
  assert.deepEqual([requests, retries], [8, 0]);
});

test('a body that cannot be decompressed is sent four times, and then only its record is given up', async () => {
  const { emulator, shipper } = await shipperTo('aliyun-sls');
  emulator.faults([{ match: { contains: 'poison' }, code: 'PostBodyUncompressError' }]);
  const expected = write(shipper, 8, (n) => (n === 5 ? 'poison' : `record ${n}`));
  await shipper.flush();
  assertLedger(new Map([['one', expected.filter(({ n }) => n !== 5)]]), emulator.logs());
  const { dropped, retries } = shipper.stats();
  // Of 8, 4, 2 records and the one.
  assert.deepEqual([dropped.rejected, retries], [1, 4 * 3]);
  assertConserved(shipper.stats());
});

test('records on disk that are too old for the service do not block newer ones', async () => {
  const { emulator, shipper } = await shipperTo('aliyun-sls', { batch: { maxCount: 10 }, lingerMs: 60_000 });
  for (let n = 0; n < 1000; n += 1) shipper.write(JSON.stringify({ time: Date.now() - 9 * DAY_MS, n }));
  shipper.write('{"n":1000}');
  await shipper.flush();
  const { dropped, delivered, retries } = shipper.stats();
  assert.deepEqual([dropped.rejected, delivered, retries], [1000, 1, 0]);
  assert.equal(emulator.logs().length, 1);
});

for (const [what, rule] of [
  ['WriteQuotaExceed', { code: 'WriteQuotaExceed' }],
  ['ShardWriteQuotaExceed', { code: 'ShardWriteQuotaExceed' }],
  ['ExceedQuota', { code: 'ExceedQuota' }],
  ['a text of inflow', { status: 403, code: 'ProjectQuota', message: 'Project inflow Quota Exceed: 30GB/min' }],
  ['a text of requests', { status: 403, code: 'ProjectQuota', message: 'Project Write QPS Exceed, qps: 600000' }],
] as const) {
  test(`an exceeded quota delays records, and drops none: ${what}`, async () => {
    const { emulator, shipper, warnings } = await shipperTo('aliyun-sls', { batch: { maxCount: 50 } });
    emulator.faults([{ ...rule, times: 12 }]);
    const expected = write(shipper, 500);
    await shipper.flush();
    assertLedger(new Map([['one', expected]]), emulator.logs());
    assert.deepEqual([shipper.stats().retries, shipper.stats().halved], [12, 0]);
    assert.equal(warnings[0]!.kind, 'retry');
  });
}

for (const [what, options, service] of [
  ['signed by v1', {}, {}],
  ['signed by v4', { region: 'cn-hangzhou' }, {}],
  ['signed by v1 though the region is known', { region: 'cn-hangzhou', signature: 'v1' }, {}],
  ['with a token, by v1', { securityToken: 'a/token+of==STS' }, { securityToken: 'a/token+of==STS' }],
  ['with a token, by v4', { region: 'r', securityToken: 'a/token' }, { securityToken: 'a/token' }],
  ['with the hash key in a header', { routing: 'header' }, {}],
  ['with the hash key in a header, by v4', { routing: 'header', region: 'r' }, {}],
  ['without a hash key', { hashKey: 'none' }, {}],
  ['as deflate', { compression: 'zlib' }, {}],
  ['as it is', { compression: 'none' }, {}],
  ['with topic, source, file and tags', { topic: '主题', source: 'here', fileName: 'a.log', tags: { env: 'é' } }, {}],
] as const) {
  test(`every record arrives once, in order and unchanged: ${what}`, async () => {
    const { securityToken, ...rest } = options as PutlogsOptions & { securityToken?: string };
    const keys = { accessKeyId: 'demo', accessKeySecret: 'demo-secret', securityToken };
    const credentials = securityToken === undefined ? {} : { credentials: keys };
    const small = { batch: { maxCount: 100 } };
    const { emulator, shipper, warnings } = await shipperTo(
      'aliyun-sls',
      { ...small, ...rest, ...credentials },
      service,
    );
    const expected = write(shipper, 1000);
    await shipper.flush();
    assert.deepEqual(warnings, []);
    const logs = emulator.logs();
    if (rest.hashKey !== 'none') assertLedger(new Map([['one', expected]]), logs);
    assert.equal(logs.length, 1000);
    const isKeyed = rest.hashKey !== 'none';
    assert.equal(new Set(logs.map(({ shard }) => shard)).size === 1, isKeyed);
    const [{ topic, source, tags }] = logs as [(typeof logs)[0]];
    if (rest.topic === undefined) return;
    assert.deepEqual([topic, source], ['主题', 'here']);
    assert.deepEqual(
      tags.filter(({ key }) => key !== '__pack_id__'),
      [
        { key: 'env', value: 'é' },
        { key: '__path__', value: 'a.log' },
      ],
    );
  });
}

for (const compression of ['lz4', 'zlib', 'gzip', 'none'] as const) {
  test(`by web tracking every record arrives with its time as a field: ${compression}`, async () => {
    const { emulator, shipper, warnings } = await shipperTo('aliyun-webtracking', {
      compression,
      tags: { env: 'test' },
    });
    const expected = write(shipper, 500);
    await shipper.flush();
    assert.deepEqual(warnings, []);
    const logs = emulator.logs();
    // The service chooses the shard, so only what arrived is compared, and not in which order.
    const byNumber = logs.toSorted((a, b) => Number(contentsOf(a)['n']) - Number(contentsOf(b)['n']));
    assertLedger(new Map([['one', expected]]), byNumber);
    assert.ok(logs.every(({ tags, packId }) => packId !== '' && tags.some(({ value }) => value === 'test')));
    assert.equal(shipper.stats().wireBytes, emulator.stats().wireBytes);
  });
}

test('on disk a batch of web tracking is its records and its envelope, and none of the options', async () => {
  const dir = temporaryDirectory('web');
  const { emulator, shipper } = await shipperTo('aliyun-webtracking', {
    spool: { dir, mode: 'always' },
    tags: { a: 'b' },
  });
  emulator.faults([{ status: 503 }]);
  write(shipper, 3);
  await until('it is on disk', () => shipper.stats().spooled === 3);
  const [part] = [...partsIn(dir)];
  const [entry] = [...entriesOf(part!, { mayLive: true })];
  assert.ok(entry?.kind === 'entry');
  const envelope = JSON.parse(unpackBatch(entry.batch).tail.toString()) as object;
  assert.deepEqual(Object.keys(envelope).sort(), ['fileName', 'packId', 'source', 'tags', 'topic']);
  emulator.faults([]);
  await shipper.flush();
  assert.equal(emulator.logs().length, 3);
});

test('web tracking that is switched off holds the records, and one line says what to change', async () => {
  const { emulator, shipper, warnings } = await shipperTo(
    'aliyun-webtracking',
    {},
    { webTrackingOff: ['test-project/test-logstore'] },
  );
  write(shipper, 10);
  await Promise.race([shipper.flush(), new Promise((resolve) => shipper.once('warning', resolve))]);
  assert.equal(warnings.length, 1);
  assert.match(
    `${warnings[0]!.kind}: ${warnings[0]!.message}`,
    /^hold: 10 records were not delivered, Unauthorized .*for web tracking, that it is on for the Logstore/,
  );
  assert.deepEqual([shipper.stats().pending, emulator.logs().length], [10, 0]);
});

for (const [what, service, halved] of [
  ['takes that', { maxBodyBytes: 10 * 1024 * 1024, slsMaxLogs: 40_960 }, 0],
  ['takes 3 MB and 4096 logs', {}, 7],
] as const) {
  test(`batches above the documented limits, if the user sets them, and the service ${what}`, async () => {
    const batch = { maxBytes: 8 * 1024 * 1024, maxCount: 20_000 };
    const { emulator, shipper } = await shipperTo('aliyun-sls', { batch, lingerMs: 60_000 }, service);
    const expected = write(shipper, 20_000, (n) => `${n} ${'x'.repeat(300)}`);
    await shipper.flush();
    assertLedger(new Map([['one', expected]]), emulator.logs());
    assert.deepEqual([shipper.stats().halved, shipper.stats().dropped.rejected], [halved, 0]);
  });
}
