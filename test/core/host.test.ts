// The core in a worker thread, and how both threads end: real processes, real threads.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createHost, type Stats } from '@putlogs/core';
import { type ChildResult, runChild } from '../support/child';
import {
  closedPort,
  contentsOf,
  type Emulator,
  environmentFor,
  optionsFor,
  startEmulator,
  until,
} from '../support/emulator';

const apps = join(__dirname, 'apps');
const sources = join(__dirname, '../../core/apps');

async function running(): Promise<Emulator> {
  const emulator = await startEmulator();
  after(() => emulator.close());
  return emulator;
}

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
  const emulator = await running();
  const host = createHost({ ...optionsFor(emulator), lingerMs: 60_000 });
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
  const emulator = await running();
  const host = createHost(optionsFor(emulator));
  host.write(JSON.stringify({ a: 'x\ny', n: 1 }, null, 2));
  host.write(Buffer.from('{"n":2}'));
  await host.close();
  assert.deepEqual(numbers(emulator), [1, 2]);
  assert.equal(contentsOf(emulator.logs()[0]!)['a'], 'x\ny');
});

test('close keeps its deadline though a flush waits for a service that is down', async () => {
  const host = createHost({ ...optionsFor(await running()), endpoint: `http://127.0.0.1:${await closedPort()}` });
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
  const emulator = await running();
  const maxBytes = 1024 * 1024;
  const host = createHost({ ...optionsFor(emulator), memory: { maxBytes } });
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

test('with a spool, an outage goes to the worker’s disk, and this thread refuses nothing', async () => {
  const emulator = await running();
  const dir = mkdtempSync(join(tmpdir(), 'putlogs-'));
  after(() => rmSync(dir, { recursive: true, force: true }));
  const maxBytes = 1024 * 1024;
  const options = { ...optionsFor(emulator), memory: { maxBytes }, compression: 'none' as const, spool: { dir } };
  const host = createHost({ ...options, batch: { maxCount: 100 } });
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

test('wrong options throw at once, in the thread that gave them', () => {
  assert.throws(() => createHost({ region: 'r' }), { code: 'ERR_PUTLOGS_OPTIONS' });
});

test('enabled: false starts no thread', async () => {
  const host = createHost({ enabled: false });
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
    const emulator = await running();
    const args = [JSON.stringify({ count: 2000, end })];
    const result = await runChild(join(apps, 'hosted.js'), { args, env: environmentFor(emulator) });
    assert.equal(result.code, code, result.stderr);
    assert.deepEqual(numbers(emulator), ALL);
    assert.equal(statsOf(result).delivered, 2000);
    if (code !== 1) assert.equal(result.stderr, '');
  });
}

test('a process with nothing to deliver ends at once', async () => {
  const emulator = await running();
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
      ...environmentFor(await running()),
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

test('in one thread, the natural end delivers what waits', async () => {
  const emulator = await running();
  const args = [JSON.stringify({ count: 2000, end: 'natural' })];
  const env = { ...environmentFor(emulator), PUTLOGS_LINGER_MS: '60000' };
  const result = await runChild(join(apps, 'in-thread.js'), { args, env });
  assert.equal(result.code, 0);
  assert.equal(result.stderr, '');
  assert.deepEqual(numbers(emulator), ALL);
});

test('instrumentation that makes a host and runs in its worker, too, does not start threads without end', async () => {
  const emulator = await running();
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
