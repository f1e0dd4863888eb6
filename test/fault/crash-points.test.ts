// A process is killed at each of its calls to the file system, and the next one goes on from what is there.
//
// The killed process does everything that the spool does: it adopts what two processes have left, meets an outage,
// seals, spills, joins, cuts what is too large, gives up a refused record, delivers, and removes what is finished.
//
// Some of the calls here, all of them with CRASH_POINTS=all: see test/support/kill-points.ts.

import assert from 'node:assert/strict';
import { cpSync, existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseOwner } from '@putlogs/core/internal/spool/names';
import { runChild, startChild } from '../support/child';
import { leftIn, temporaryDirectory } from '../support/directory';
import { contentsOf, type Emulator, type EmulatorLog, environmentFor, startEmulator } from '../support/emulator';
import { callsIn, KILLS_AT_ALL_CALLS, killPoints, NEVER } from '../support/kill-points';
import { checkLedger, type ExpectedRecord } from '../support/ledger';
import { KILLED_CALLS } from '../support/sizes';
import { START_MS } from '../support/start-time';

const app = join(__dirname, 'apps/spooling.js');
const killedAtCall = join(__dirname, '../../fault/apps/killed-at-call.cjs');

/** Two processes have left 30 records each, the killed one writes 60, its successor 10. */
const LEFT = 60;
const OWN_FROM = 1000;
const OWN = 60;
const NEXT_FROM = 2000;
const NEXT = 10;
/** The service refuses this record for good. */
const POISON = 7;

function environmentOf(emulator: Emulator, base: string, mode: string): Record<string, string> {
  return environmentFor(emulator, {
    PUTLOGS_SPOOL_DIR: join(base, 'spool'),
    PUTLOGS_SPOOL_MODE: mode,
    PUTLOGS_DEAD_LETTER_FILE: join(base, 'dead.ndjson'),
    PUTLOGS_BATCH_MAX_COUNT: '10',
    PUTLOGS_LINGER_MS: '10',
    PUTLOGS_RETRY_BASE_MS: '5',
    PUTLOGS_RETRY_MAX_MS: '20',
    PUTLOGS_CLOSE_TIMEOUT_MS: '9000',
  });
}

const planOf = (from: number, count: number, end = 'natural') =>
  JSON.stringify({ instance: 'one', from, count, burst: 10, pauseMs: 0, end });

function expectedOf(from: number, count: number): ExpectedRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    const contents = Object.entries({ instance: 'one', n: `${n}`, text: `第${n}条` });
    return { n, timeMs: START_MS + n, contents: new Map(contents) };
  });
}

/** A spool as a process that ended in an outage, and one that was killed in it, leave it. */
async function leaveBehind(service: Emulator, base: string): Promise<void> {
  service.faults([{ status: 503 }]);
  const env = environmentOf(service, base, 'always');
  await runChild(app, { args: [planOf(0, LEFT / 2, 'close')], env: { ...env, PUTLOGS_CLOSE_TIMEOUT_MS: '100' } });
  const killed = startChild(app, { args: [planOf(LEFT / 2, LEFT / 2, 'stay')], env });
  await killed.line('all written');
  killed.kill('SIGKILL');
  await killed.ended;
}

function copied(left: string): string {
  const base = temporaryDirectory('crash');
  // A socket cannot be copied.
  cpSync(left, base, { recursive: true, filter: (path) => !lstatSync(path).isSocket() });
  return base;
}

let emulator: Emulator;
/** Each process begins with a copy of it. */
const left = temporaryDirectory('left');
before(async () => {
  emulator = await startEmulator();
  await leaveBehind(emulator, left);
});
after(() => emulator.close());

for (const mode of ['always', 'overflow'] as const) {
  const count = join(temporaryDirectory('count'), 'calls');

  test(`a process that is not killed delivers all, and leaves nothing (spool.mode ${mode})`, async () => {
    assert.equal(await survives(mode, `${NEVER} before`, { KILL_COUNT: count }), false);
  });

  for (const how of ['before', 'torn'] as const) {
    const where = how === 'before' ? 'before any call to the file system' : 'in the middle of any write';
    test(`killed ${where}, no record on disk is lost or altered, and none is left (spool.mode ${mode})`, async (t) => {
      const calls = callsIn(count, how);
      const killed: number[] = [];
      for (const nth of killPoints(calls, KILLED_CALLS[mode])) {
        if (await survives(mode, `${nth} ${how}`)) killed.push(nth);
        else if (KILLS_AT_ALL_CALLS) break;
      }
      t.diagnostic(`${killed.length} processes killed; one that is not killed makes ${calls} calls`);
      // One process makes a few calls more than the next: it may be finished before the last one.
      assert.ok(killed.length >= KILLED_CALLS[mode] - 1, `killed at ${killed.join(', ')} of ${calls}`);
    });
  }
}

/** Runs a process that is killed at the point, then its successor. Returns whether it was killed. */
async function survives(mode: string, point: string, more: Readonly<Record<string, string>> = {}): Promise<boolean> {
  const base = copied(left);
  const arrivedBefore = emulator.logs().length;
  const refusals = [{ match: { contains: `第${POISON}条` }, code: 'InvalidArgument' }, { maxLogs: 4 }];
  emulator.faults([{ times: 3, status: 503 }, ...refusals]);
  const env = environmentOf(emulator, base, mode);
  const kill = { ...env, ...more, KILL_IN: base, KILL_AT: point };
  const first = await runChild(app, { args: [planOf(OWN_FROM, OWN)], nodeArgs: ['-r', killedAtCall], env: kill });
  emulator.faults(refusals);
  const second = await runChild(app, { args: [planOf(NEXT_FROM, NEXT)], env });
  const logs = emulator.logs().slice(arrivedBefore);
  const said = `killed at ${point}\n${first.stderr}\n${second.stderr}`;
  const all = expectedOf(0, LEFT).concat(expectedOf(OWN_FROM, OWN), expectedOf(NEXT_FROM, NEXT));
  const { altered, reordered, differences } = checkLedger(new Map([['one', all]]), logs);
  assert.deepEqual({ altered, reordered }, { altered: 0, reordered: 0 }, `${differences.join('\n')}\n${said}`);
  const arrived = new Set(logs.map((log) => Number(contentsOf(log)['n'])));
  const given = deadLettersIn(join(base, 'dead.ndjson'));
  const isKept = (n: number) => arrived.has(n) || given.has(n);
  const safe = [...expectedOf(0, LEFT), ...expectedOf(NEXT_FROM, NEXT), ...safeOf(mode, first.stdout)];
  assert.deepEqual(
    safe.map(({ n }) => n).filter((n) => !isKept(n)),
    [],
    `lost, ${said}`,
  );
  assert.deepEqual([...given], [POISON], said);
  assertIds(logs, said);
  // An owner file that is not whole says nothing of its owner: it goes when its lease is over.
  const names = leftIn(join(base, 'spool')).filter((name) => parseOwner(name) === undefined);
  assert.deepEqual(names, [], said);
  return first.signal === 'SIGKILL';
}

/** With `always` a batch is on disk when the write that filled it returns. */
function safeOf(mode: string, stdout: string): ExpectedRecord[] {
  if (mode !== 'always') return [];
  const last = [...stdout.matchAll(/^written (\d+)$/gm)].at(-1)?.[1];
  return last === undefined ? [] : expectedOf(OWN_FROM, Number(last) - OWN_FROM + 1);
}

function deadLettersIn(file: string): Set<number> {
  if (!existsSync(file)) return new Set();
  const numbers = new Set<number>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const n = /"n":"?(\d+)/.exec(line)?.[1];
    // A line that a kill has cut has none, or is followed by a whole one.
    if (n !== undefined) numbers.add(Number(n));
  }
  return numbers;
}

/** One id has one content, and a record comes under one id only: here every attempt had an answer, or was the last. */
function assertIds(logs: readonly EmulatorLog[], said: string): void {
  const requests = new Map<string, EmulatorLog[]>();
  for (const log of logs) requests.set(log.requestId, [...(requests.get(log.requestId) ?? []), log]);
  const contents = new Map<string, string>();
  const ids = new Map<string, string>();
  for (const group of requests.values()) {
    const id = group[0]!.packId ?? '';
    const numbers = group.map((log) => contentsOf(log)['n']).join(' ');
    assert.equal(contents.get(id) ?? numbers, numbers, `${id} has two contents, ${said}`);
    contents.set(id, numbers);
    for (const n of numbers.split(' ')) {
      assert.equal(ids.get(n) ?? id, id, `record ${n} has two ids, ${said}`);
      ids.set(n, id);
    }
  }
}

test('the preload that kills finds the calls of the spool', () => {
  const names = readFileSync(killedAtCall, 'utf8');
  const disk = readFileSync(join(__dirname, '../../../packages/core/src/spool/disk.ts'), 'utf8');
  const used = [...disk.matchAll(/^ {2}\| '(\w+Sync)'$/gm)].map(([, name]) => name!);
  assert.ok(used.length > 10);
  // `readFileSync` opens and reads by itself, and `statfsSync` changes nothing.
  const uncounted = ['readFileSync', 'statfsSync'];
  for (const name of used) if (!uncounted.includes(name)) assert.ok(names.includes(`'${name}'`), name);
});
