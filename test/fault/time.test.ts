// What time can do: hours without a service, a process that is stopped and goes on, a wall clock that jumps.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Stats } from '@putlogs/core';
import { startChild } from '../support/child';
import { segmentsIn, spooledRecords, temporaryDirectory } from '../support/directory';
import { type Emulator, emulatorForTest, environmentFor, until } from '../support/emulator';
import { checkLedger, type ExpectedRecord } from '../support/ledger';
import { START_MS } from '../support/start-time';
import { target } from '../support/targets';
import { type OutagePlan, scaledClock } from './apps/outage';

for (const mode of ['overflow', 'always'] as const) {
  test(`six hours of 503, a record a second (spool.mode ${mode}): memory, files and requests stay bounded, and all arrives`, async () => {
    const plan: OutagePlan = { hours: 6, factor: 3600, startMs: Date.now() };
    const emulator = await emulatorForTest({ clock: scaledClock(plan).wallMs });
    emulator.faults([{ status: 503 }]);
    const spool = temporaryDirectory('outage');
    const child = startChild(join(__dirname, 'apps/outage.js'), {
      args: [JSON.stringify(plan)],
      env: {
        ...environmentFor(emulator),
        PUTLOGS_LINGER_MS: '1000',
        PUTLOGS_RETRY_BASE_MS: '200',
        PUTLOGS_RETRY_MAX_MS: '30000',
        // By that clock a deadline passes fast: a second is a quarter of a millisecond.
        PUTLOGS_REQUEST_TIMEOUT_MS: '600000',
        PUTLOGS_MEMORY_MAX_BYTES: '8388608',
        PUTLOGS_SPOOL_DIR: spool,
        PUTLOGS_SPOOL_MODE: mode,
      },
    });
    const { outage, mostBytes } = JSON.parse(await child.line('"outage"')) as { outage: Stats; mostBytes: number };
    const files = segmentsIn(spool).length;
    emulator.faults([]);
    const { code, stdout, stderr } = await child.ended;
    assert.equal(code, 0, stderr);

    assert.ok(mostBytes < 4 * 1024 * 1024, `${mostBytes} bytes in memory`);
    // Between two attempts up to 30 s, 15 s on average, and an attempt itself: a millisecond is 3.6 s here, so that a
    // busy machine makes few.
    assert.ok(outage.requests > 20 && outage.requests < 3 * (6 * 240), `${outage.requests} requests`);
    assert.ok(outage.delivered === 0 && outage.spooled > 0.95 * outage.accepted, JSON.stringify(outage));
    assert.ok(files < 10, `${files} segments for ${outage.accepted} batches of one record`);

    const { after: end } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { after: Stats };
    assert.deepEqual([end.accepted, end.delivered, end.spooled, end.pending], [outage.accepted, end.accepted, 0, 0]);
    const drain = end.requests - outage.requests;
    assert.ok(drain < 100, `${drain} requests: small batches are joined while they drain`);
    assertArrived(emulator, outage.accepted, 'tick');
    assert.equal(spooledRecords(spool), 0);
    // Of each kind the first, then one a minute: six hours have 360.
    assert.ok(stderr.split('\n').length <= 2 * 361, `${stderr.split('\n').length} lines on stderr`);
  });
}

/** In order, none lost, none altered; an answer that came too late may have made a second copy. */
function assertArrived(emulator: Emulator, count: number, text = 'record'): void {
  const expected: ExpectedRecord[] = Array.from({ length: count }, (_, n) => {
    return {
      n,
      timeMs: START_MS + n,
      contents: new Map(Object.entries({ instance: 'one', n: `${n}`, text })),
    };
  });
  const { lost, reordered, altered, differences } = checkLedger(new Map([['one', expected]]), emulator.logs());
  assert.deepEqual([lost, reordered, altered], [0, 0, 0], differences.join('\n'));
}

const COUNT = 300;

function steady(emulator: Emulator, env: Record<string, string> = {}, nodeArgs: string[] = []) {
  const plan = { count: COUNT, everyMs: 3, stuckMs: 2000 };
  const limits = { PUTLOGS_LINGER_MS: '20', PUTLOGS_REQUEST_TIMEOUT_MS: '1000' };
  return startChild(join(__dirname, 'apps/steady.js'), {
    args: [JSON.stringify(plan)],
    env: { ...environmentFor(emulator), ...limits, ...env },
    nodeArgs,
  });
}

function assertAllArrived(emulator: Emulator, output: string): void {
  const stats = JSON.parse(output.trim().split('\n').at(-1)!) as Stats;
  assert.deepEqual([stats.accepted, stats.delivered, stats.pending], [COUNT, COUNT, 0]);
  assertArrived(emulator, COUNT);
}

test('a process that is stopped for longer than every deadline continues: nothing is lost, no worker is treated as stuck, and there is no burst', async () => {
  const emulator = await emulatorForTest();
  // So that a request is under way whenever it is stopped.
  emulator.faults([{ delayMs: 15 }]);
  const child = steady(emulator);
  await child.line('written 100');
  child.kill('SIGSTOP');
  // What is waited for is time itself: more than `stuckMs` and `requestTimeoutMs`.
  await pause(4500);
  const { requests } = emulator.stats();
  child.kill('SIGCONT');
  const { code, stdout, stderr } = await child.ended;
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /worker thread/);
  assertAllArrived(emulator, stdout);
  // 200 records every 3 ms in batches of 20 ms, and the one that may have been cut off.
  assert.ok(emulator.stats().requests - requests <= 60, `${emulator.stats().requests - requests} requests`);
});

const YEAR_MS = 365 * 24 * 3_600_000;

for (const [where, jumpMs] of [
  ['ahead', YEAR_MS],
  ['back', -YEAR_MS],
] as const) {
  test(`a wall clock that jumps a year ${where} costs nothing: the service's time is used for signing`, async () => {
    const emulator = await emulatorForTest();
    const [spool, mark] = [temporaryDirectory('jump'), join(temporaryDirectory('jump'), 'now')];
    const env = { JUMP_AT: mark, JUMP_MS: `${jumpMs}`, PUTLOGS_SPOOL_DIR: spool, PUTLOGS_SPOOL_MODE: 'always' };
    const child = steady(emulator, env, ['--require', join(__dirname, '../../fault/apps/jump.cjs')]);
    await child.line('written 50');
    await until('something has arrived before', () => emulator.logs().length > 0);
    writeFileSync(mark, '');
    const { code, stdout, stderr } = await child.ended;
    assert.equal(code, 0, stderr);
    if (target.isSigned) assert.match(stderr, /the clock of this machine is 3153\d{4} s (ahead|behind)/);
    else assert.equal(stderr, '', 'an anonymous request has no time');
    assertAllArrived(emulator, stdout);
    assert.equal(emulator.logs().length, COUNT, 'and nothing twice');
  });
}
