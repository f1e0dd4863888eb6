// A disk that is full, and a process killed at each of its calls to the system: on the real kernel.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Stats } from '@putlogs/core';
import { runChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { type Emulator, environmentFor, startEmulator } from '../support/emulator';
import { checkLedger, type ExpectedRecord } from '../support/ledger';
import { START_MS } from '../support/start-time';

const app = join(__dirname, 'apps/spooling.js');

/** Why the machine cannot do it, or false. */
function missing(command: string, args: string[]): string | false {
  const { status, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined) return `${command} is not there: ${error.message}`;
  return status === 0 ? false : `${command} ${args.join(' ')} may not be done here`;
}

const noStrace = missing('strace', ['-f', '-qq', '-e', 'trace=none', 'true']);
const noMount = missing('unshare', ['-Urm', 'sh', '-c', 'mount -t tmpfs -o size=64k tmpfs /mnt']);

async function running(): Promise<Emulator> {
  const emulator = await startEmulator();
  after(() => emulator.close());
  return emulator;
}

function environmentOf(emulator: Emulator, dir: string): Record<string, string> {
  return environmentFor(emulator, {
    PUTLOGS_SPOOL_DIR: dir,
    PUTLOGS_SPOOL_MODE: 'always',
    PUTLOGS_BATCH_MAX_COUNT: '10',
    PUTLOGS_LINGER_MS: '10',
    PUTLOGS_CLOSE_TIMEOUT_MS: '5000',
  });
}

function expectedOf(from: number, count: number): ExpectedRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    const contents = new Map([
      ['instance', 'one'],
      ['n', `${n}`],
      ['text', `第${n}条`],
    ]);
    return { n, timeMs: START_MS + n, contents };
  });
}

const planOf = (from: number, count: number) => {
  return JSON.stringify({ instance: 'one', from, count, burst: 10, pauseMs: 0, end: 'natural' });
};

test('a full disk is told, and everything arrives from memory', { skip: noMount }, async () => {
  const emulator = await running();
  // Room for some batches and not for all, so that a write is cut short.
  const script = 'mount -t tmpfs -o size=16k tmpfs "$DIR" && exec "$NODE" "$APP" "$PLAN"';
  const dir = temporaryDirectory('spool');
  emulator.faults([{ times: 3, status: 503 }]);
  const env = {
    ...environmentOf(emulator, join(dir, 'spool')),
    DIR: dir,
    NODE: process.execPath,
    APP: app,
    PLAN: planOf(0, 400),
  };
  const { code, stderr } = await runChild('', { command: 'unshare', args: ['-Urm', 'sh', '-c', script], env });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the spool cannot be used as it should \(spool\.dir\), ENOSPC/);
  assertOnce(emulator, 400);
});

test('a disk that is read-only is told, and everything arrives from memory', { skip: noMount }, async () => {
  const emulator = await running();
  const mount = 'mount -t tmpfs tmpfs "$DIR" && mkdir "$DIR/spool" && mount -o remount,ro "$DIR"';
  const script = `${mount} && exec "$NODE" "$APP" "$PLAN"`;
  const dir = temporaryDirectory('spool');
  const env = {
    ...environmentOf(emulator, join(dir, 'spool')),
    DIR: dir,
    NODE: process.execPath,
    APP: app,
    PLAN: planOf(0, 100),
  };
  const { code, stderr } = await runChild('', { command: 'unshare', args: ['-Urm', 'sh', '-c', script], env });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the spool cannot be used as it should \(spool\.dir\), EROFS/);
  assertOnce(emulator, 100);
});

test('a file that may not become as large as a batch is told, and everything arrives from memory', {
  skip: missing('sh', ['-c', 'ulimit -f 1']),
}, async () => {
  const emulator = await running();
  emulator.faults([{ times: 3, status: 503 }]);
  const large = { PUTLOGS_BATCH_MAX_COUNT: '100', PUTLOGS_COMPRESSION: 'none' };
  const env = {
    ...environmentOf(emulator, join(temporaryDirectory('spool'), 'spool')),
    ...large,
    NODE: process.execPath,
    APP: app,
    PLAN: planOf(0, 400),
  };
  const script = 'ulimit -f 1 && exec "$NODE" "$APP" "$PLAN"';
  const { code, stderr } = await runChild('', { command: 'sh', args: ['-c', script], env });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the spool cannot be used as it should \(spool\.dir\), EFBIG/);
  assertOnce(emulator, 400);
});

// The first is of the owner's file, the fourth of the second batch's.
// The third is of the directory, when its file is already there.
for (const when of ['3', '4', '3+2', '1+']) {
  test(`a disk that fails to sync a file is told, and everything arrives, once: the calls ${when}`, {
    skip: noStrace,
  }, async () => {
    const emulator = await running();
    const dir = join(temporaryDirectory('spool'), 'spool');
    const env = { ...environmentOf(emulator, dir), PUTLOGS_SPOOL_FSYNC: 'true' };
    const inject = ['-e', 'trace=fsync', '-e', `inject=fsync:error=EIO:when=${when}`];
    const args = ['-f', '-qq', '-o', '/dev/null', ...inject, process.execPath, app, planOf(0, 60)];
    const { code, stderr } = await runChild('', { command: 'strace', args, env });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /the spool cannot be used as it should \(spool\.dir\), EIO/);
    await runChild(app, { args: [planOf(60, 10)], env });
    assertOnce(emulator, 70);
  });
}

test('a disk that takes a second and a half to sync holds up the worker, and not the application', {
  skip: noStrace,
}, async () => {
  const emulator = await running();
  const env = {
    ...environmentOf(emulator, join(temporaryDirectory('spool'), 'spool')),
    PUTLOGS_SPOOL_FSYNC: 'true',
    PUTLOGS_BATCH_MAX_COUNT: '100',
    PUTLOGS_CLOSE_TIMEOUT_MS: '9500',
  };
  // The first is of the owner's file, the second of the batch's.
  const inject = ['-e', 'trace=fsync', '-e', 'inject=fsync:delay_enter=1500000:when=2'];
  const plan = JSON.stringify({ count: 100 });
  const args = [
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    ...inject,
    process.execPath,
    join(__dirname, 'apps/slow-disk.js'),
    plan,
  ];
  const { code, stdout, stderr, durationMs } = await runChild('', { command: 'strace', args, env });
  assert.equal(code, 0, stderr);
  const { mostLateMs, stats } = JSON.parse(stdout) as { mostLateMs: number; stats: Stats };
  assert.ok(durationMs > 1500, `${durationMs} ms`);
  assert.ok(mostLateMs < 1000, `a timer of the application was ${mostLateMs} ms late`);
  assert.deepEqual([stats.delivered, stats.spooled, stats.pending], [100, 0, 0]);
  assert.equal(emulator.logs().length, 100);
});

test('a process that has no file descriptor left says so, and delivers when it has some again', {
  skip: missing('sh', ['-c', 'ulimit -n 128']),
}, async () => {
  const emulator = await running();
  const env = { ...environmentOf(emulator, join(temporaryDirectory('spool'), 'spool')), NODE: process.execPath };
  const script = `ulimit -n 128 && exec "$NODE" ${join(__dirname, 'apps/no-descriptors.js')}`;
  const { code, stdout, stderr } = await runChild('', { command: 'sh', args: ['-c', script], env });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the spool cannot be used as it should \(spool\.dir\), EMFILE/);
  const stats = JSON.parse(stdout) as Stats;
  assert.deepEqual([stats.accepted, stats.delivered, stats.pending], [101, 101, 0]);
  assertOnce(emulator, 101);
});

function assertOnce(emulator: Emulator, count: number): void {
  const { lost, duplicated, altered, reordered } = checkLedger(
    new Map([['one', expectedOf(0, count)]]),
    emulator.logs(),
  );
  assert.deepEqual({ lost, duplicated, altered, reordered }, { lost: 0, duplicated: 0, altered: 0, reordered: 0 });
}

/** The calls that put a batch on disk and take it away, and at which of them to kill: all with CRASH_POINTS=all. */
const POINTS: Record<string, number[]> =
  process.env['CRASH_POINTS'] === 'all'
    ? {
        mkdir: range(1, 4),
        write: range(1, 60),
        rename: range(1, 14),
        unlink: range(1, 16),
        rmdir: range(1, 3),
        utimensat: range(1, 2),
        // Node opens some hundred files of its own before the first of ours.
        openat: range(200, 420),
        close: range(200, 420),
      }
    : { mkdir: [1, 2], write: [4, 9, 17, 28], rename: [1, 4], unlink: [1, 5], openat: [390] };

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

test('killed at any call to the system, it loses no sealed batch, alters none, and leaves no batch behind', {
  skip: noStrace,
}, async (t) => {
  let killed = 0;
  for (const [call, points] of Object.entries(POINTS)) {
    for (const point of points) if (await survives(call, point)) killed += 1;
  }
  t.diagnostic(`${killed} processes killed`);
  assert.ok(killed >= 8, `${killed} killed`);
});

/** Runs the application until its `point`-th `call` kills it, then its successor. Gives whether it was killed. */
async function survives(call: string, point: number): Promise<boolean> {
  const emulator = await running();
  const dir = join(temporaryDirectory('spool'), 'spool');
  const env = environmentOf(emulator, dir);
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${point}`];
  const args = ['-f', '-qq', '-o', '/dev/null', ...inject, process.execPath, app, planOf(0, 60)];
  const first = await runChild('', { command: 'strace', args, env });
  await runChild(app, { args: [planOf(1000, 10)], env });
  const report = checkLedger(new Map([['one', expectedOf(0, 60).concat(expectedOf(1000, 10))]]), emulator.logs());
  const { altered, reordered } = report;
  assert.deepEqual(
    { altered, reordered },
    { altered: 0, reordered: 0 },
    `${call} ${point}: ${report.differences.join('\n')}`,
  );
  // A burst is a batch here: all that were said to be written, but for the last, were sealed and on disk.
  const written = 1 + Number(/written (\d+)\n(?!.*written)/s.exec(first.stdout)?.[1] ?? -1);
  const arrived = new Set(emulator.logs().map((log) => Number(log.contents.find(({ key }) => key === 'n')!.value)));
  for (let n = 0; n < written - 10; n += 1) assert.ok(arrived.has(n), `${call} ${point}: ${n} of ${written} is lost`);
  // An owner's file that was cut off says nothing of its owner; it is taken away when its lease is over.
  const left = (existsSync(dir) ? readdirSync(dir) : []).filter((name) => !name.endsWith('.owner'));
  assert.deepEqual(left, [], `${call} ${point}`);
  await emulator.close();
  return first.signal !== null || first.code === 137;
}
