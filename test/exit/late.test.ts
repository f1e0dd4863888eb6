// Records that the application logs in a listener for `exit`: each of them is delivered, on disk, or counted, whichever
// listener runs first.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { Stats } from '@putlogs/core';
import { runChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { contentsOf, type Emulator, emulatorForTest, environmentFor } from '../support/emulator';
import { assertConserved } from '../support/shipper';
import type { LatePlan, LateWay } from './apps/late-app';

const WAYS: readonly { readonly way: LateWay; readonly hasWorker: boolean }[] = [
  { way: 'core', hasWorker: true },
  { way: 'core in one thread', hasWorker: false },
  { way: 'winston', hasWorker: true },
  { way: 'winston in one thread', hasWorker: false },
  { way: 'pino in one thread', hasWorker: false },
];
const LATE = 3;
const REFUSED = /^putlogs: a record was logged in an exit listener, after putlogs had closed: it is refused and lost/;

for (const { way, hasWorker } of WAYS) {
  suite(`with ${way}, in a listener that the application adds`, { concurrency: 2 }, () => {
    // With records before the end, and without: an idle transport in one thread has no hook.
    for (const [early, calls] of [
      [2, undefined],
      [0, undefined],
      [2, 'process.exit'],
    ] as const) {
      const end = `${calls ?? 'the natural end'} after ${early} records`;

      test(`after the transport, late records are refused and counted, and one line says so: ${end}`, async () => {
        const emulator = await emulatorForTest();
        const plan: LatePlan = { way, listens: 'after the first records', early, late: LATE, ...ending(calls) };
        // The exit code is the only one that such an application could look at.
        const { stats, lines, code } = await run(emulator, plan, { PUTLOGS_STRICT: 'true' });
        assert.deepEqual([stats.accepted, stats.refused.closed, code], [early, LATE, 1]);
        // In one thread nothing can be sent after process.exit.
        const isLost = !hasWorker && calls === 'process.exit';
        assert.equal(stats.delivered, isLost ? 0 : early);
        assert.deepEqual(textsIn(emulator), textsOf('early', stats.delivered));
        assert.equal(lines.filter((line) => REFUSED.test(line)).length, 1, lines.join('\n'));
        assert.equal(lines.length, isLost ? 2 : 1, lines.join('\n'));
      });
    }

    for (const [early, calls] of [
      [0, undefined],
      [2, 'process.exit'],
    ] as const) {
      const end = `${calls ?? 'the natural end'} after ${early} records`;

      test(`before the transport, late records are delivered, or lost in one thread and counted: ${end}`, async () => {
        const emulator = await emulatorForTest();
        const plan: LatePlan = { way, listens: 'before the transport', early, late: LATE, ...ending(calls) };
        const { stats, lines, code } = await run(emulator, plan);
        assert.deepEqual([stats.accepted, stats.refused.closed, code], [early + LATE, 0, 0]);
        if (hasWorker) {
          assert.deepEqual(textsIn(emulator), [...textsOf('early', early), ...textsOf('late', LATE)]);
          assert.deepEqual(lines, []);
          return;
        }
        assert.deepEqual([stats.delivered, stats.dropped.exit], [0, early + LATE]);
        assert.deepEqual(
          lines.map(
            (line) => /^putlogs: (\d+) records are lost: not delivered before the process ended/.exec(line)?.[1],
          ),
          [String(early + LATE)],
          lines.join('\n'),
        );
      });
    }

    test('before the transport, late records are delivered, or in one thread on disk for the next process', async () => {
      const emulator = await emulatorForTest();
      const env = { PUTLOGS_SPOOL_DIR: temporaryDirectory('late'), PUTLOGS_INSTANCE: 'one' };
      const plan: LatePlan = { way, listens: 'before the transport', early: 0, late: LATE };
      const { stats, lines, code } = await run(emulator, plan, env);
      assert.deepEqual([lines, code], [[], 0]);
      assert.deepEqual([stats.delivered, stats.spooled], hasWorker ? [LATE, 0] : [0, LATE]);
      if (hasWorker) return;
      const next = await run(emulator, { ...plan, early: 1, late: 0 }, env);
      assert.deepEqual([next.lines, next.code], [[], 0]);
      assert.deepEqual(textsIn(emulator), [...textsOf('late', LATE), ...textsOf('early', 1)]);
    });
  });
}

function ending(calls: LatePlan['calls']): Pick<LatePlan, 'calls'> {
  return calls === undefined ? {} : { calls };
}

interface Ran {
  readonly code: number | null;
  /** As the application's last listener reads them. */
  readonly stats: Stats;
  /** What is on stderr. */
  readonly lines: readonly string[];
}

async function run(emulator: Emulator, plan: LatePlan, more: Record<string, string> = {}): Promise<Ran> {
  const env = environmentFor(emulator, more);
  const { code, stdout, stderr } = await runChild(join(__dirname, 'apps/late-app.js'), {
    args: [JSON.stringify(plan)],
    env,
  });
  const stats = JSON.parse(stdout) as Stats;
  const { recovered, pending } = stats;
  assertConserved({ ...stats, accepted: stats.accepted + recovered });
  assert.equal(pending, 0);
  return { code, stats, lines: stderr.split('\n').filter((line) => line !== '') };
}

function textsIn(emulator: Emulator): string[] {
  return emulator.logs().map((log) => contentsOf(log)['text'] ?? '');
}

function textsOf(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${kind} ${n}`);
}
