// What many dead runs left, or many batches of one: how long it takes, in steps of which length, in which order.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Stats } from '@putlogs/core';
import { adopting, numbersOf, range, write } from '../support/adopting';
import { runChild } from '../support/child';
import { leaveRun } from '../support/dead-runs';
import { leftIn, segmentsIn, spooledRecords, temporaryDirectory } from '../support/directory';
import { emulatorForTest, environmentFor, until } from '../support/emulator';
import { cpuMs, watchLoop } from '../support/loop-stall';
import { putlogs } from '../support/putlogs-command';
import { ADOPTED_BATCHES, DEAD_RUNS, SLOW_VOLUME } from '../support/sizes';
import { scaledClock } from './apps/outage';

for (const count of ADOPTED_BATCHES.counts) {
  test(`${count} batches of one record that a process left are adopted, and arrive in order`, async (t) => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('many');
    leaveRun(dir, { from: 0, count, maxBytes: ADOPTED_BATCHES.maxBytes });
    assert.ok(segmentsIn(dir).length > 1);
    const stop = watchLoop();
    const beforeMs = cpuMs();
    const { shipper } = adopting(emulator, { spool: { dir }, batch: { maxCount: 4096 } });
    const startMs = cpuMs() - beforeMs;
    write(shipper, count, 10);
    await until('it has adopted them', () => shipper.stats().recovered === count);
    const stall = stop();
    t.diagnostic(`start: ${Math.round(startMs)} ms of CPU; longest stall: ${Math.round(stall.cpuMs)} ms of CPU`);
    await shipper.flush();
    assert.deepEqual(numbersOf(emulator), range(0, count + 10));
    assert.ok(startMs < 1000, `${startMs} ms`);
    assert.ok(stall.cpuMs < 1000, `${stall.cpuMs} ms`);
  });
}

test(`a running process adopts ${ADOPTED_BATCHES.living} batches of one record at its next check`, async () => {
  const count = ADOPTED_BATCHES.living;
  const startMs = Date.now();
  const emulator = await emulatorForTest({ clock: scaledClock({ factor: 20, startMs }).wallMs });
  const dir = temporaryDirectory('living');
  const { shipper } = adopting(
    emulator,
    { spool: { dir }, batch: { maxCount: 4096 }, requestTimeoutMs: 600_000 },
    { factor: 20, startMs },
  );
  write(shipper, 0, 10);
  await shipper.flush();
  leaveRun(dir, { from: 1000, count, maxBytes: ADOPTED_BATCHES.maxBytes });
  await until('it has found them', () => shipper.stats().recovered > 0);
  await shipper.flush();
  assert.deepEqual(numbersOf(emulator), [...range(0, 10), ...range(1000, count)]);
});

test(`putlogs spool replay delivers ${ADOPTED_BATCHES.replayed} batches of one record`, async () => {
  const count = ADOPTED_BATCHES.replayed;
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('replay');
  leaveRun(dir, { from: 0, count, maxBytes: ADOPTED_BATCHES.maxBytes, instance: 'another' });
  const { code, stderr } = await putlogs('spool replay', { ...environmentFor(emulator), PUTLOGS_SPOOL_DIR: dir });
  assert.equal(code, 0, stderr);
  assert.deepEqual(numbersOf(emulator), range(0, count));
  assert.deepEqual(leftIn(dir), []);
});

test(`${DEAD_RUNS} dead runs of one record each are adopted in short steps, and arrive in order`, async (t) => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('runs');
  for (let n = 0; n < DEAD_RUNS; n += 1) leaveRun(dir, { from: n, count: 1 });
  const stop = watchLoop();
  const { shipper } = adopting(emulator, { spool: { dir } });
  await until('it has adopted them', () => shipper.stats().recovered === DEAD_RUNS, 300_000);
  const stall = stop();
  t.diagnostic(`longest stall: ${Math.round(stall.ms)} ms, ${Math.round(stall.cpuMs)} ms of CPU`);
  await shipper.flush();
  assert.deepEqual(numbersOf(emulator), range(0, DEAD_RUNS));
  assert.ok(stall.cpuMs < 500, `${stall.cpuMs} ms`);
  await shipper.close();
  assert.deepEqual(leftIn(dir), []);
});

test('on a volume that takes a millisecond a call, a worker adopts the records of many runs and is not treated as stuck', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('slow');
  const { batches, runs, others } = SLOW_VOLUME;
  leaveRun(dir, { from: 0, count: batches });
  for (let n = batches; n < batches + runs; n += 1) leaveRun(dir, { from: n, count: 1 });
  for (let n = 0; n < others; n += 1) leaveRun(dir, { from: n, count: 1, instance: 'another' });
  const plan = { count: 200, everyMs: 5, stuckMs: 3000 };
  const { code, stdout, stderr } = await runChild(join(__dirname, 'apps/steady.js'), {
    args: [JSON.stringify(plan)],
    nodeArgs: ['-r', join(__dirname, '../../fault/apps/slow-volume.cjs')],
    env: {
      ...environmentFor(emulator, {
        PUTLOGS_SPOOL_DIR: dir,
        PUTLOGS_CLOSE_TIMEOUT_MS: '9500',
        PUTLOGS_INSTANCE: 'one',
      }),
      SLOW_DIR: dir,
    },
    timeoutMs: 120_000,
  });
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /worker thread has ended/);
  const stats = JSON.parse(stdout.trim().split('\n').at(-1)!) as Stats;
  assert.equal(stats.dropped.worker, 0);
  // The end of the process has its limit. What is not delivered by then stays on disk.
  const delivered = emulator.logs().length;
  const all = batches + runs + others + plan.count;
  assert.ok(delivered + spooledRecords(dir) >= all, `${delivered} delivered, ${spooledRecords(dir)} on disk`);
  assert.deepEqual(numbersOf(emulator).slice(0, batches), range(0, batches));
});
