// What happens to the records and to the application when a worker thread dies or hangs, with real threads.

import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createWorkerShipper, type Stats } from '@putlogs/core';
import { type ChildResult, startChild } from '../support/child';
import { spooledRecords, temporaryDirectory } from '../support/directory';
import {
  closedPort,
  contentsOf,
  type Emulator,
  emulatorForTest,
  environmentFor,
  optionsFor,
  until,
} from '../support/emulator';
import { cases } from '../support/sizes';

const app = join(__dirname, 'apps/supervised.js');
const fault = join(__dirname, '../../core/apps/worker-fault.cjs');

interface Run extends ChildResult {
  readonly stats: Stats;
  readonly warnings: readonly string[];
  readonly numbers: readonly number[];
}

async function run(plan: object, env: Record<string, string>, downUntilGone = false, at?: Emulator): Promise<Run> {
  const service = at ?? (await emulatorForTest());
  if (downUntilGone) service.faults([{ status: 503 }]);
  const child = startChild(app, {
    args: [JSON.stringify({ count: 5000, turns: 5, end: 'flush', ...plan })],
    nodeArgs: ['--require', fault],
    // A batch is sealed by its end only: so nothing is in flight when the worker dies, and every count is exact.
    env: { ...environmentFor(service), PUTLOGS_LINGER_MS: '60000', ...env },
  });
  let ended = false;
  void child.ended.finally(() => {
    ended = true;
  });
  while (downUntilGone && !ended && !child.output().stderr.includes('the worker thread has ended')) await pause(5);
  if (downUntilGone) service.faults([]);
  const result = await child.ended;
  const line = result.stdout.split('\n').find((text) => text.startsWith('{"stats"'));
  assert.ok(line, result.stdout + result.stderr);
  const { stats, warnings } = JSON.parse(line) as Pick<Run, 'stats' | 'warnings'>;
  const numbers = service.logs().map((log) => Number(contentsOf(log)['n']));
  return { ...result, stats, warnings, numbers };
}

function assertExact(result: Run, accepted: number): void {
  const { numbers } = result;
  assertSums(result, accepted, 0);
  const inOrder = [...new Set(numbers)].sort((a, b) => a - b);
  assert.deepEqual(numbers, inOrder, 'nothing twice, and in call order');
}

function assertSums({ stats, numbers }: Run, accepted: number, recovered: number): void {
  assert.equal(stats.accepted, accepted);
  assert.equal(stats.recovered, recovered);
  assert.equal(stats.pending, 0);
  assert.equal(numbers.length, stats.delivered, 'what is counted as delivered has arrived, and nothing else');
  assert.equal(stats.delivered + stats.dropped.worker + stats.dropped.exit, accepted + recovered);
}

/** The records that our lines on stderr report as lost. */
function reportedLost(result: ChildResult): number {
  const counts = ours(result).map((line) => Number(/(-?\d+) records? (is|are) lost/.exec(line)?.[1] ?? 0));
  return counts.reduce((sum, records) => sum + records, 0);
}

/** Lines of ours on stderr; an engine that runs out of memory prints its own. */
function ours({ stderr }: ChildResult): string[] {
  return stderr.split('\n').filter((line) => line.startsWith('putlogs: '));
}

/** The first worker has ended, and the second one has delivered the rest. */
function assertReplaced(result: Run, reason: RegExp): void {
  assert.equal(result.code, 0, result.stderr);
  assertExact(result, 5000);
  assert.ok(result.stats.dropped.worker >= 1000 && result.stats.dropped.worker <= 2500, JSON.stringify(result.stats));
  assert.equal(result.numbers.at(-1), 4999, 'the next worker delivers');
  assert.deepEqual(result.warnings, ['worker']);
  assert.equal(ours(result).length, 1, result.stderr);
  assert.match(ours(result)[0]!, reason);
  assert.match(ours(result)[0]!, new RegExp(`: ${result.stats.dropped.worker} records are lost with it`));
}

// Each test has a process, workers and a service of its own, and mostly waits for their starts and ends.
describe('a worker that ends', { concurrency: 3 }, () => {
  for (const [how, reason] of [
    ['throw', /thrown on purpose/],
    ['reject', /rejected on purpose/],
    ['exit', /the worker thread exited/],
    ['silent exit', /it ended/],
    ['out of memory', /memory/],
  ] as const) {
    test(`a worker that dies is replaced, the loss counted exactly, the application untouched: ${how}`, async () => {
      assertReplaced(await run({}, { FAULT: how, FAULT_AT: '1000', PUTLOGS_MEMORY_MAX_BYTES: '1048576' }), reason);
    });
  }

  for (const how of cases(['throw', 'exit'], ['reject', 'silent exit'])) {
    test(`with a spool, no record is lost when a worker ends: ${how}`, async () => {
      const spool = { PUTLOGS_SPOOL_DIR: temporaryDirectory('died') };
      const result = await run({}, { ...spool, FAULT: how, FAULT_AT: '1000', FAULT_TIMES: '2' });
      assert.equal(result.code, 0, result.stderr);
      assertExact(result, 5000);
      assert.equal(result.numbers.length, 5000, result.stderr);
      assert.equal(
        result.stats.recovered,
        0,
        'what another worker of this process has left is not from an earlier one',
      );
      assert.equal(result.stats.spooled, 0);
      assert.equal(spooledRecords(spool.PUTLOGS_SPOOL_DIR), 0);
    });
  }

  test('between two workers, the end of the process leaves spooled records on disk', async () => {
    const dir = temporaryDirectory('left');
    const spool = { PUTLOGS_SPOOL_DIR: dir, PUTLOGS_SPOOL_MODE: 'always', PUTLOGS_BATCH_MAX_COUNT: '300' };
    const service = await emulatorForTest();
    service.faults([{ status: 503 }]);
    const fault = { FAULT: 'exit', FAULT_AT: '1', FAULT_TIMES: '99', PUTLOGS_CLOSE_TIMEOUT_MS: '100' };
    const result = await run({ count: 600, turns: 1, end: 'exit' }, { ...spool, ...fault }, false, service);
    assert.equal(result.code, 3, result.stderr);
    const { accepted, spooled, pending, dropped } = result.stats;
    assert.equal(accepted, spooled + dropped.exit + dropped.worker);
    assert.equal(pending, 0);
    service.faults([]);
    const next = await run({ count: 0, end: 'close at once' }, spool, false, service);
    assert.equal(next.stats.delivered, spooled);
    assert.equal(next.stats.recovered, spooled, `${JSON.stringify(result.stats)} ${result.stderr}`);
  });

  test('a record that ends its worker costs itself and the records that the worker had read, and not the next worker', async () => {
    const result = await run({ poisonAt: 2100 }, { FAULT: 'poison', FAULT_TIMES: '9' });
    assert.equal(result.code, 0, result.stderr);
    assertExact(result, 5000);
    assert.equal(result.stats.dropped.worker, 2101);
    assert.equal(result.numbers[0], 2101);
  });

  test('records that a worker spools after it lost its directory are sent by the next worker, counted once', async () => {
    const service = await emulatorForTest();
    const dir = temporaryDirectory('evicted');
    const endsWorker = join(temporaryDirectory('transform'), 'ends-worker.cjs');
    writeFileSync(endsWorker, 'module.exports = (record) => (record.n === -1 ? process.exit(1) : record);');
    const spool = { dir, mode: 'always' as const };
    const host = createWorkerShipper({ ...optionsFor(service), lingerMs: 10, spool, transform: endsWorker });
    service.faults([{ status: 503 }]);
    host.write(JSON.stringify({ n: 0 }));
    await until('the first record is on disk', () => host.stats().spooled === 1);
    rmSync(join(dir, 'putlogs-1'), { recursive: true });
    await until('the worker goes on as another run', () => existsSync(join(dir, 'putlogs-1')), 15_000);
    for (let n = 1; n <= 10; n += 1) host.write(JSON.stringify({ n }));
    await until('the next records are on disk', () => spooledRecords(dir) >= 10);
    const dropped = host.stats().dropped.damaged;
    host.write('{"n":-1}');
    await until('the worker has ended', () => host.stats().pending > 0);
    service.faults([]);
    await host.flush();
    const stats = host.stats();
    const numbers = service.logs().map((log) => Number(contentsOf(log)['n']));
    assert.deepEqual(numbers.slice(-10), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.equal(stats.recovered, 0, 'no earlier process left them');
    assert.equal(stats.delivered, 11 - dropped);
    assert.equal(stats.dropped.worker, 1);
    assert.deepEqual([stats.spooled, stats.pending], [0, 0]);
    await host.close();
    assert.equal(spooledRecords(dir), 0);
  });

  test('three workers that die one after the other leave a fourth that delivers', async () => {
    const result = await run({ turns: 500 }, { FAULT: 'exit while reading', FAULT_AT: '1', FAULT_TIMES: '3' });
    assert.equal(result.code, 0, result.stderr);
    assertExact(result, 5000);
    assert.equal(result.numbers.at(-1), 4999);
    assert.equal(result.stats.dropped.worker, 3, 'the record at which each of them ended');
    // The first; the others within its minute.
    assert.equal(ours(result).length, 1, result.stderr);
  });

  for (const end of ['flush', 'exit'] as const) {
    test(`if no worker can start, the records are lost, and flush, close and the application still end: ${end}`, async () => {
      const result = await run({ end }, { FAULT: 'boot', FAULT_TIMES: '99', PUTLOGS_CLOSE_TIMEOUT_MS: '500' });
      assert.equal(result.code, end === 'exit' ? 3 : 0, result.stderr);
      assert.equal(result.stats.pending, 0);
      assert.equal(result.stats.delivered, 0);
      assert.match(result.stderr, /not started on purpose/);
      assert.ok(result.durationMs < 20_000, `${result.durationMs} ms`);
    });
  }
});

/** Long enough for a worker that starts on a busy machine. */
const STUCK_MS = 3000;

describe('a worker that is stuck', { concurrency: 2 }, () => {
  test('a worker that dies is replaced, the loss counted exactly, the application untouched: spin', async () => {
    // Within a read, because a timer of a busy worker could come after all records.
    const fault = { FAULT: 'spin while reading', FAULT_AT: '1000', PUTLOGS_MEMORY_MAX_BYTES: '1048576' };
    assertReplaced(await run({ stuckMs: STUCK_MS }, fault), /did not respond for 3000 ms/);
  });

  for (const how of ['out of memory', 'hang'] as const) {
    test(`with spool.mode always, a worker that is cut off costs its open batch, and the next one sends in order: ${how}`, async () => {
      const spool = { PUTLOGS_SPOOL_DIR: temporaryDirectory('died'), PUTLOGS_SPOOL_MODE: 'always' };
      const limits = { PUTLOGS_BATCH_MAX_COUNT: '300', PUTLOGS_MEMORY_MAX_BYTES: '1048576' };
      const plan = how === 'hang' ? { stuckMs: STUCK_MS } : {};
      const result = await run(plan, { ...spool, ...limits, FAULT: how, FAULT_AT: '1000' }, true);
      assert.equal(result.code, 0, result.stderr);
      assertExact(result, 5000);
      assert.ok(result.stats.dropped.worker < 300, JSON.stringify(result.stats));
      assert.equal(reportedLost(result), result.stats.dropped.worker, result.stderr);
      assert.equal(result.numbers[0], 0);
      assert.equal(result.stats.spooled, 0);
      assert.equal(spooledRecords(spool.PUTLOGS_SPOOL_DIR), 0);
    });
  }

  test('a worker that is ended between the write of a batch and its counter does not lose that batch', async () => {
    const spool = { PUTLOGS_SPOOL_DIR: temporaryDirectory('died'), PUTLOGS_SPOOL_MODE: 'always' };
    const limits = { PUTLOGS_BATCH_MAX_COUNT: '300' };
    const fault = { FAULT: 'uncounted', FAULT_AT: '1000' };
    const result = await run({ stuckMs: STUCK_MS }, { ...spool, ...limits, ...fault }, true);
    assert.equal(result.code, 0, result.stderr);
    assertExact(result, 5000);
    // 1,200 records are on disk, and 900 of them are counted.
    assert.deepEqual(
      result.numbers.slice(0, 1200),
      Array.from({ length: 1200 }, (_, n) => n),
    );
    assert.equal(reportedLost(result), result.stats.dropped.worker, result.stderr);
    assert.equal(spooledRecords(spool.PUTLOGS_SPOOL_DIR), 0);
  });

  for (const how of cases(['exit', 'uncounted'], ['hang'])) {
    test(`with records of an earlier process on disk, a dead worker costs no more than what it reports: ${how}`, async () => {
      const dir = temporaryDirectory('recovered');
      const spool = { PUTLOGS_SPOOL_DIR: dir, PUTLOGS_SPOOL_MODE: 'always', PUTLOGS_BATCH_MAX_COUNT: '300' };
      const service = await emulatorForTest();
      const brief = { ...spool, PUTLOGS_CLOSE_TIMEOUT_MS: '1' };
      const earlier = await run({ count: 94, turns: 1, end: 'exit at once' }, brief, true, service);
      assert.equal(earlier.stats.spooled, 94, earlier.stderr);
      const times = how === 'exit' ? '2' : '1';
      const fault = { FAULT: how, FAULT_AT: '1000', FAULT_TIMES: times };
      const result = await run(how === 'exit' ? {} : { stuckMs: STUCK_MS }, { ...spool, ...fault }, true, service);
      assert.equal(result.code, 0, result.stderr);
      assertSums(result, 5000, 94);
      assert.ok(result.stats.dropped.worker < 300, JSON.stringify(result.stats));
      if (how === 'exit') assert.equal(result.stats.dropped.worker, 0);
      assert.equal(reportedLost(result), result.stats.dropped.worker, result.stderr);
      assert.equal(result.stats.spooled, 0);
      assert.equal(spooledRecords(dir), 0);
    });
  }

  test('a worker is not treated as stuck because the service is down', async () => {
    const endpoint = `http://127.0.0.1:${await closedPort()}`;
    const env = { PUTLOGS_ENDPOINT: endpoint, PUTLOGS_CLOSE_TIMEOUT_MS: '3000', PUTLOGS_LINGER_MS: '10' };
    const result = await run({ end: 'close at once', stuckMs: 1500 }, env);
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.stats.dropped.exit, 5000);
    assert.ok(!result.warnings.includes('worker'), result.warnings.join());
  });
});

for (const [end, code] of [
  ['close', 0],
  ['close at once', 0],
  ['exit', 3],
  ['exit at once', 3],
  ['natural', 0],
] as const) {
  const ways = end === 'natural' || end === 'exit' ? ['exit', 'boot'] : cases(['exit'], ['boot']);
  for (const how of ways) {
    test(`between two workers the application ends in time, by: ${end}, after: ${how}`, async () => {
      const result = await run({ end }, { FAULT: how, FAULT_AT: '1', PUTLOGS_CLOSE_TIMEOUT_MS: '3000' });
      assert.equal(result.code, code, result.stderr);
      assert.ok(result.durationMs < 8000, `${result.durationMs} ms`);
      assertExact(result, 5000);
      if (how === 'boot') assert.equal(result.stats.dropped.worker, 0, 'nothing was read');
      // A worker that dies while the process already ends is not replaced any more.
      if (end !== 'exit at once') assert.equal(result.stats.dropped.exit, 0);
    });
  }
}

test('a stuck worker delays the end of the process only until it is recognised', async () => {
  const result = await run({ end: 'exit at once' }, { FAULT: 'hang', FAULT_AT: '1', PUTLOGS_CLOSE_TIMEOUT_MS: '1000' });
  assert.equal(result.code, 3, result.stderr);
  assert.ok(result.durationMs < 6000, `${result.durationMs} ms`);
  assert.equal(result.stats.dropped.exit, 5000);
  assert.equal(ours(result).length, 1, result.stderr);
});
