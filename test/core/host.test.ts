// The core in a worker thread, and how both threads end: real processes, real threads.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createShipper, createWorkerShipper, type Stats } from '@putlogs/core';
import { type ChildResult, runChild, startChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import {
  closedPort,
  contentsOf,
  type Emulator,
  emulatorForTest,
  environmentFor,
  optionsFor,
  until,
} from '../support/emulator';
import { assertLedger, type ExpectedRecord } from '../support/ledger';

const apps = join(__dirname, 'apps');
const sources = join(__dirname, '../../core/apps');

function statsOf(result: ChildResult): Stats {
  const line = result.stdout.split('\n').find((text) => text.startsWith('{"accepted"'));
  assert.ok(line, result.stdout + result.stderr);
  return JSON.parse(line) as Stats;
}

function numbers(emulator: Emulator): number[] {
  return emulator.logs().map((log) => Number(contentsOf(log)['n']));
}

const ALL = Array.from({ length: 2000 }, (_, n) => n);

test('flush means acknowledged, and close ends the thread', async () => {
  const emulator = await emulatorForTest();
  const host = createWorkerShipper({ ...optionsFor(emulator), lingerMs: 60_000 });
  for (const n of ALL) assert.ok(host.write(JSON.stringify({ n })));
  await host.flush();
  assert.deepEqual(numbers(emulator), ALL);
  const { accepted, delivered, pending } = host.stats();
  assert.deepEqual([accepted, delivered, pending], [2000, 2000, 0]);
  host.write('{"n":2000}');
  await host.close();
  assert.equal(emulator.stats().logs, 2001);
  assert.equal(host.write('{"n":2001}'), false);
  assert.equal(host.stats().refused.closed, 1);
  await host.close();
  await host.flush();
});

test('a record with newlines between its tokens is one record', async () => {
  const emulator = await emulatorForTest();
  const host = createWorkerShipper(optionsFor(emulator));
  host.write(JSON.stringify({ a: 'x\ny', n: 1 }, null, 2));
  host.write(Buffer.from('{"n":2}'));
  await host.close();
  assert.deepEqual(numbers(emulator), [1, 2]);
  assert.equal(contentsOf(emulator.logs()[0]!)['a'], 'x\ny');
});

test('close keeps its deadline though a flush waits for a service that is down', async () => {
  const host = createWorkerShipper({
    ...optionsFor(await emulatorForTest()),
    endpoint: `http://127.0.0.1:${await closedPort()}`,
  });
  host.write('{"n":1}');
  const flushed = host.flush();
  await until('the worker has tried', () => host.stats().requests > 0);
  const startMs = performance.now();
  await host.close({ timeoutMs: 200 });
  assert.ok(performance.now() - startMs < 1000, `${performance.now() - startMs} ms`);
  await flushed;
  assert.equal(host.stats().dropped.exit, 1);
  assert.equal(host.stats().pending, 0);
});

test('records wait no longer in this thread than memory.maxBytes allows', async () => {
  const emulator = await emulatorForTest();
  const maxBytes = 1024 * 1024;
  const host = createWorkerShipper({ ...optionsFor(emulator), memory: { maxBytes } });
  const record = JSON.stringify({ text: 'x'.repeat(1000) });
  let accepted = 0;
  // The worker cannot be ready within this turn, so nothing is read meanwhile.
  for (let i = 0; i < 3000; i += 1) if (host.write(record)) accepted += 1;
  assert.ok(accepted >= 1000 && accepted <= 1048, `${accepted}`);
  assert.ok(host.stats().pendingBytes <= maxBytes);
  await host.flush();
  assert.equal(emulator.stats().logs, accepted);
  assert.equal(host.stats().refused.memory, 3000 - accepted);
  await host.close();
});

test('of a million records in one turn those are accepted that memory has room for, and each of the others is counted', async () => {
  const emulator = await emulatorForTest();
  const host = createWorkerShipper({ ...optionsFor(emulator), memory: { maxBytes: 1024 * 1024 } });
  let accepted = 0;
  for (let n = 0; n < 1_000_000; n += 1) if (host.write(`{"n":${n},"text":"${'x'.repeat(80)}"}`)) accepted += 1;
  assert.ok(host.stats().pendingBytes <= 1024 * 1024);
  await host.close();
  const { delivered, refused } = host.stats();
  assert.deepEqual([delivered, delivered + refused.memory], [accepted, 1_000_000]);
  assert.deepEqual(
    numbers(emulator),
    Array.from({ length: accepted }, (_, n) => n),
  );
});

test('with a spool, an outage goes to the worker’s disk, and this thread refuses nothing', async () => {
  const emulator = await emulatorForTest();
  const dir = mkdtempSync(join(tmpdir(), 'putlogs-'));
  after(() => rmSync(dir, { recursive: true, force: true }));
  const maxBytes = 1024 * 1024;
  const options = { ...optionsFor(emulator), memory: { maxBytes }, compression: 'none' as const, spool: { dir } };
  const host = createWorkerShipper({ ...options, batch: { maxCount: 100 } });
  emulator.faults([{ status: 503 }]);
  const text = 'x'.repeat(1000);
  for (let n = 0; n < 5000; n += 1) {
    assert.ok(host.write(JSON.stringify({ n, text })), `${n} is refused: ${JSON.stringify(host.stats())}`);
    if (n % 100 === 99) await until('the worker keeps up', () => host.stats().pendingBytes < maxBytes / 2 + 300_000);
  }
  await until('it is on disk', () => host.stats().spooled >= 4800);
  emulator.faults([]);
  await host.close();
  assert.deepEqual(
    numbers(emulator),
    Array.from({ length: 5000 }, (_, n) => n),
  );
});

test('wrong options throw at once, in the thread that passed them', () => {
  assert.throws(() => createWorkerShipper({ region: 'r' }), { code: 'ERR_PUTLOGS_OPTIONS' });
});

test('enabled: false starts no thread', async () => {
  const host = createWorkerShipper({ enabled: false });
  assert.equal(host.write('{}'), false);
  await host.flush();
  await host.close();
  assert.equal(host.stats().refused.disabled, 1);
});

for (const [end, code] of [
  ['natural', 0],
  ['exit', 3],
  ['throw', 1],
  ['reject', 1],
  ['close', 0],
] as const) {
  test(`all records are delivered when the process ends by: ${end}`, async () => {
    const emulator = await emulatorForTest();
    const args = [JSON.stringify({ count: 2000, end })];
    const result = await runChild(join(apps, 'hosted.js'), { args, env: environmentFor(emulator) });
    assert.equal(result.code, code, result.stderr);
    assert.deepEqual(numbers(emulator), ALL);
    assert.equal(statsOf(result).delivered, 2000);
    if (code !== 1) assert.equal(result.stderr, '');
  });
}

test('a process with nothing to deliver ends at once', async () => {
  const emulator = await emulatorForTest();
  const args = [JSON.stringify({ count: 0, end: 'natural' })];
  const result = await runChild(join(apps, 'hosted.js'), { args, env: environmentFor(emulator) });
  assert.equal(result.code, 0);
  assert.ok(result.durationMs < 3000, `${result.durationMs} ms`);
});

for (const [app, end] of [
  ['hosted.js', 'natural'],
  ['hosted.js', 'exit'],
  ['in-thread.js', 'natural'],
  ['in-thread.js', 'exit'],
] as const) {
  test(`with the service down, ${app} ended by ${end} ends in time, and counts what is lost in one line`, async () => {
    const env = {
      ...environmentFor(await emulatorForTest()),
      PUTLOGS_ENDPOINT: `http://127.0.0.1:${await closedPort()}`,
      PUTLOGS_CLOSE_TIMEOUT_MS: '400',
    };
    const result = await runChild(join(apps, app), { args: [JSON.stringify({ count: 50, end })], env });
    assert.ok(result.durationMs < 5000, `${result.durationMs} ms`);
    assert.equal(statsOf(result).dropped.exit, 50);
    assert.equal(
      result.stderr.split('\n').filter((line) => line.includes('50 records are lost')).length,
      1,
      result.stderr,
    );
  });
}

test('in one thread, pending records are delivered at the natural end', async () => {
  const emulator = await emulatorForTest();
  const args = [JSON.stringify({ count: 2000, end: 'natural' })];
  const env = { ...environmentFor(emulator), PUTLOGS_LINGER_MS: '60000' };
  const result = await runChild(join(apps, 'in-thread.js'), { args, env });
  assert.equal(result.code, 0);
  assert.equal(result.stderr, '');
  assert.deepEqual(numbers(emulator), ALL);
});

test('instrumentation that creates a worker shipper, and is also loaded in its worker, does not start threads without end', async () => {
  const emulator = await emulatorForTest();
  const result = await runChild(join(apps, 'hosted.js'), {
    args: [JSON.stringify({ count: 1, end: 'natural' })],
    nodeArgs: ['--require', join(sources, 'preloaded-host.cjs')],
    env: environmentFor(emulator),
  });
  assert.equal(result.code, 0, result.stderr);
  // One for the application's host, one for the instrumentation's.
  assert.equal(result.stdout.match(/preloaded in worker/g)?.length, 2, result.stdout);
  assert.deepEqual(
    emulator
      .logs()
      .map((log) => contentsOf(log)['from'] ?? contentsOf(log)['n'])
      .sort(),
    ['0', 'main'],
  );
});

for (const by of ['the core', 'pino'] as const) {
  test(`while the application's thread is blocked, its worker continues to send: ${by}`, async () => {
    const emulator = await emulatorForTest();
    const free = join(temporaryDirectory('blocked'), 'free');
    const args = [JSON.stringify({ by, count: 500, until: free })];
    const child = startChild(join(apps, 'blocked.js'), { args, env: environmentFor(emulator) });
    await child.line('blocked');
    await until('all arrived', () => emulator.stats().logs === 500);
    assert.doesNotMatch(child.output().stdout, /free/);
    writeFileSync(free, '');
    assert.equal((await child.ended).code, 0);
  });
}

test('the processes of a cluster, with two transports each, deliver every record once and in order', async () => {
  const emulator = await emulatorForTest();
  const env = environmentFor(emulator, { POD_NAME: 'pod' });
  const { code, stderr } = await runChild(join(apps, 'clustered.js'), { args: [JSON.stringify({ count: 500 })], env });
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  const instances = [1, 2, 3, 4].flatMap((worker) => [`${worker} 0`, `${worker} 1`]);
  const expected = new Map(
    instances.map((instance) => [
      instance,
      Array.from({ length: 500 }, (_, n): ExpectedRecord => {
        return { n, timeMs: 1_760_000_000_000 + n, contents: new Map(Object.entries({ instance, n: `${n}` })) };
      }),
    ]),
  );
  assertLedger(expected, emulator.logs());
  const keys = new Set(emulator.logs().map(({ hashKey }) => hashKey));
  assert.deepEqual([...keys].sort(), [1, 2, 3, 4].map((number) => md5(`pod-${number}`)).sort());
});

const noProc = !existsSync('/proc/self/environ') && 'this system does not show the first environment of a process';

test('a process of a cluster is also known by its number in a worker thread', { skip: noProc }, async () => {
  const emulator = await emulatorForTest();
  const env = environmentFor(emulator, { POD_NAME: 'pod' });
  const { code, stderr } = await runChild(join(apps, 'clustered-pino.js'), { env });
  assert.equal(code, 0, stderr);
  const keys = new Set(emulator.logs().map(({ hashKey }) => hashKey));
  assert.deepEqual([...keys].sort(), [1, 2].map((number) => md5(`pod-${number}`)).sort());
});

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

test('a record larger than the ring between the threads is sent cut, and its neighbours are whole', async () => {
  const emulator = await emulatorForTest();
  const host = createWorkerShipper(optionsFor(emulator));
  host.write('{"n":0}');
  host.write(JSON.stringify({ n: 1, text: '中'.repeat(2 ** 22) }));
  host.write('{"n":2}');
  await host.close();
  const [before, large, behind] = emulator.logs().map(contentsOf);
  assert.deepEqual([before, behind], [{ n: '0' }, { n: '2' }]);
  assert.match(Object.values(large!).join(), /中…\[truncated \d+ bytes\]$/);
  assert.equal(host.stats().truncated, 1);
});

test('a record of which only the beginning is kept takes no memory once it is delivered', async () => {
  const emulator = await emulatorForTest();
  const host = createWorkerShipper(optionsFor(emulator));
  for (let n = 0; n < 3; n += 1) {
    assert.ok(host.write(JSON.stringify({ n, text: 'x'.repeat(10_000_000) })));
    assert.ok(host.write(`{"n":${n}}`));
    assert.equal((await host.flush()).finished, true);
    assert.equal(host.stats().pendingBytes, 0);
  }
  const { accepted, delivered, truncated } = host.stats();
  assert.deepEqual([accepted, delivered, truncated], [6, 6, 3]);
  await host.close();
});

test('an empty record is a record, in one thread and in two', async () => {
  for (const create of [createShipper, createWorkerShipper]) {
    const emulator = await emulatorForTest();
    const sink = create(optionsFor(emulator));
    for (const record of ['', '{}', Buffer.alloc(0), '{"n":1}']) assert.ok(sink.write(record));
    await sink.close();
    const texts = emulator.logs().map((log) => contentsOf(log)['message']?.trim());
    assert.deepEqual(texts, ['', '{}', '', undefined]);
    assert.equal(sink.stats().delivered, 4);
  }
});

const permission = ['--permission', '--experimental-permission'].find((flag) =>
  process.allowedNodeEnvironmentFlags.has(flag),
);

test('if no thread may be started, a worker shipper reports it, and a shipper works without', {
  skip: permission === undefined ? 'this node has no permission model' : false,
}, async () => {
  const emulator = await emulatorForTest();
  const allowed = ['--allow-fs-read=*', '--allow-fs-write=*', '--allow-net', '--no-warnings'];
  const nodeArgs = [
    permission!,
    ...allowed.filter((flag) => process.allowedNodeEnvironmentFlags.has(flag.split('=')[0]!)),
  ];
  const env = environmentFor(emulator);
  const { code, stdout, stderr } = await runChild(join(apps, 'without-threads.js'), { nodeArgs, env });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'ERR_PUTLOGS_WORKER\n1 delivered\n');
  // Nor may it load what is not JavaScript.
  assert.match(stderr, /^putlogs: LZ4 could not be loaded, zlib is used instead: .*\n$/);
});

test('a program without a file, and frozen intrinsics, deliver by a worker as well', async () => {
  const program = `
    import { createWorkerShipper } from '@putlogs/core';
    const host = createWorkerShipper();
    host.write('{"n":0}');
    await host.close();
    process.stdout.write(String(host.stats().delivered));`;
  for (const flags of [['--input-type=module'], ['--input-type=module', '--frozen-intrinsics', '--no-warnings']]) {
    const emulator = await emulatorForTest();
    const args = [...flags, '--eval', program];
    const options = { command: process.execPath, args, cwd: __dirname, env: environmentFor(emulator) };
    const { code, stdout, stderr } = await runChild('', options);
    assert.deepEqual([code, stdout, stderr], [0, '1', '']);
  }
});
