// What becomes of the records and of the application when a worker thread dies or hangs: real threads, real deaths.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Stats } from '@putlogs/core';
import { type ChildResult, startChild } from '../support/child';
import { batchesIn, temporaryDirectory } from '../support/directory';
import { closedPort, contentsOf, environmentFor, startEmulator } from '../support/emulator';

const app = join(__dirname, 'apps/supervised.js');
const fault = join(__dirname, '../../core/apps/worker-fault.cjs');

interface Run extends ChildResult {
  readonly stats: Stats;
  readonly warnings: readonly string[];
  readonly numbers: readonly number[];
}

async function run(plan: object, env: Record<string, string>, downUntilGone = false): Promise<Run> {
  const service = await startEmulator();
  after(() => service.close());
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
  while (downUntilGone && !ended && !child.output().stderr.includes('the worker thread is gone')) await pause(5);
  service.faults([]);
  const result = await child.ended;
  const line = result.stdout.split('\n').find((text) => text.startsWith('{"stats"'));
  assert.ok(line, result.stdout + result.stderr);
  const { stats, warnings } = JSON.parse(line) as Pick<Run, 'stats' | 'warnings'>;
  const numbers = service.logs().map((log) => Number(contentsOf(log)['n']));
  return { ...result, stats, warnings, numbers };
}

function assertExact({ stats, numbers }: Run, accepted: number): void {
  assert.equal(stats.accepted, accepted);
  assert.equal(stats.pending, 0);
  assert.equal(numbers.length, stats.delivered, 'what is counted as delivered has arrived, and nothing else');
  assert.equal(stats.delivered + stats.dropped.worker + stats.dropped.exit, accepted);
  const inOrder = [...new Set(numbers)].sort((a, b) => a - b);
  assert.deepEqual(numbers, inOrder, 'nothing twice, and in call order');
}

/** Lines of ours on stderr; an engine that runs out of memory prints its own. */
function ours({ stderr }: ChildResult): string[] {
  return stderr.split('\n').filter((line) => line.startsWith('putlogs: '));
}

for (const [how, reason] of [
  ['throw', /thrown on purpose/],
  ['reject', /rejected on purpose/],
  ['exit', /the worker thread exited/],
  ['silent exit', /it ended/],
  ['out of memory', /memory/],
  ['spin', /no sign of life for 2000 ms/],
] as const) {
  test(`a worker that dies is replaced, the loss counted exactly, the application untouched: ${how}`, async () => {
    const result = await run({ stuckMs: 2000 }, { FAULT: how, FAULT_AT: '1000', PUTLOGS_MEMORY_MAX_BYTES: '1048576' });
    assert.equal(result.code, 0, result.stderr);
    assertExact(result, 5000);
    assert.ok(result.stats.dropped.worker >= 1000 && result.stats.dropped.worker <= 2500, JSON.stringify(result.stats));
    assert.equal(result.numbers.at(-1), 4999, 'the next worker delivers');
    assert.deepEqual(result.warnings, ['worker']);
    assert.equal(ours(result).length, 1, result.stderr);
    assert.match(ours(result)[0]!, reason);
    assert.match(ours(result)[0]!, new RegExp(`: ${result.stats.dropped.worker} records are lost with it`));
  });
}

for (const how of ['throw', 'reject', 'exit', 'silent exit'] as const) {
  test(`with a spool, a worker that ends takes nothing with it: ${how}`, async () => {
    const spool = { PUTLOGS_SPOOL_DIR: temporaryDirectory('died') };
    const result = await run({}, { ...spool, FAULT: how, FAULT_AT: '1000', FAULT_TIMES: '2' });
    assert.equal(result.code, 0, result.stderr);
    assertExact(result, 5000);
    assert.equal(result.numbers.length, 5000, result.stderr);
    assert.equal(result.stats.recovered, 0, 'what another worker of this process has left is not from an earlier one');
    assert.equal(result.stats.spooled, 0);
    assert.deepEqual(batchesIn(spool.PUTLOGS_SPOOL_DIR), []);
  });
}

for (const how of ['out of memory', 'spin'] as const) {
  test(`with spool.mode always, a worker that is cut off costs its open batch, and the next sends in order: ${how}`, async () => {
    const spool = { PUTLOGS_SPOOL_DIR: temporaryDirectory('died'), PUTLOGS_SPOOL_MODE: 'always' };
    const limits = { PUTLOGS_BATCH_MAX_COUNT: '300', PUTLOGS_MEMORY_MAX_BYTES: '1048576' };
    const plan = { stuckMs: 2000 };
    const result = await run(plan, { ...spool, ...limits, FAULT: how, FAULT_AT: '1000' }, true);
    assert.equal(result.code, 0, result.stderr);
    assertExact(result, 5000);
    assert.ok(result.stats.dropped.worker < 300, JSON.stringify(result.stats));
    assert.equal(result.numbers[0], 0);
    assert.equal(result.stats.recovered, 0);
    assert.equal(result.stats.spooled, 0);
    assert.deepEqual(batchesIn(spool.PUTLOGS_SPOOL_DIR), []);
  });
}

test('a record that ends the worker that reads it costs itself and what was read before, and not the next worker', async () => {
  const result = await run({ poisonAt: 2100 }, { FAULT: 'poison', FAULT_TIMES: '9' });
  assert.equal(result.code, 0, result.stderr);
  assertExact(result, 5000);
  assert.equal(result.stats.dropped.worker, 2101);
  assert.equal(result.numbers[0], 2101);
});

test('three workers that die one after the other leave a fourth that delivers', async () => {
  const result = await run({ turns: 500 }, { FAULT: 'exit', FAULT_AT: '1', FAULT_TIMES: '3' });
  assert.equal(result.code, 0, result.stderr);
  assertExact(result, 5000);
  assert.equal(result.numbers.at(-1), 4999);
  // The first; the others within its minute.
  assert.equal(ours(result).length, 1, result.stderr);
});

for (const [end, code] of [
  ['close', 0],
  ['close at once', 0],
  ['exit', 3],
  ['exit at once', 3],
  ['natural', 0],
] as const) {
  for (const how of ['exit', 'boot'] as const) {
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

test('a worker that never can start costs the records, and neither flush nor close nor the application', async () => {
  for (const end of ['flush', 'exit'] as const) {
    const result = await run({ end }, { FAULT: 'boot', FAULT_TIMES: '99', PUTLOGS_CLOSE_TIMEOUT_MS: '500' });
    assert.equal(result.code, end === 'exit' ? 3 : 0, result.stderr);
    assert.equal(result.stats.pending, 0);
    assert.equal(result.stats.delivered, 0);
    assert.match(result.stderr, /not started on purpose/);
    assert.ok(result.durationMs < 20_000, `${result.durationMs} ms`);
  }
});

test('a worker that is stuck holds up the end of the process no longer than it takes to see that', async () => {
  const result = await run({ end: 'exit at once' }, { FAULT: 'spin', FAULT_AT: '1', PUTLOGS_CLOSE_TIMEOUT_MS: '1000' });
  assert.equal(result.code, 3, result.stderr);
  assert.ok(result.durationMs < 6000, `${result.durationMs} ms`);
  assert.equal(result.stats.dropped.exit, 5000);
  assert.equal(ours(result).length, 1, result.stderr);
});

test('a service that is down is no reason to call the worker stuck', async () => {
  const endpoint = `http://127.0.0.1:${await closedPort()}`;
  const env = { PUTLOGS_ENDPOINT: endpoint, PUTLOGS_CLOSE_TIMEOUT_MS: '3000', PUTLOGS_LINGER_MS: '10' };
  const result = await run({ end: 'close at once', stuckMs: 1500 }, env);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stats.dropped.exit, 5000);
  assert.ok(!result.warnings.includes('worker'), result.warnings.join());
});
