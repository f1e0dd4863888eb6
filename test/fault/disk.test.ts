// A disk that is full, read-only, slow, or that fails to sync: on the real kernel.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Stats } from '@putlogs/core';
import { runChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { type Emulator, emulatorForTest, environmentFor } from '../support/emulator';
import { checkLedger, type ExpectedRecord } from '../support/ledger';
import { cases } from '../support/sizes';
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

test('a full disk is reported, and everything arrives from memory', { skip: noMount }, async () => {
  const emulator = await emulatorForTest();
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
  assert.match(stderr, /the spool cannot be used as configured \(spool\.dir\), ENOSPC/);
  assertOnce(emulator, 400);
});

test('a disk that is read-only is reported, and everything arrives from memory', { skip: noMount }, async () => {
  const emulator = await emulatorForTest();
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
  assert.match(stderr, /the spool cannot be used as configured \(spool\.dir\), EROFS/);
  assertOnce(emulator, 100);
});

test('a file that may not become as large as a batch is reported, and everything arrives from memory', {
  skip: missing('sh', ['-c', 'ulimit -f 1']),
}, async () => {
  const emulator = await emulatorForTest();
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
  assert.match(stderr, /the spool cannot be used as configured \(spool\.dir\), EFBIG/);
  assertOnce(emulator, 400);
});

// fdatasync: one for each batch. fsync: of spool.dir, of our own directory, of the new segment's. ftruncate: the first
// makes the progress file, each other one cuts a failed append back.
const FAILING_CALLS: [string, string[]][] = [
  ['the first sync of a batch', ['fdatasync:error=EIO:when=1']],
  ['every second sync of a batch', ['fdatasync:error=EIO:when=1+2']],
  ["the sync of the run's name", ['fsync:error=EIO:when=2']],
  ['every sync of a name', ['fsync:error=EIO:when=1+']],
  ['the progress file', ['ftruncate:error=EIO:when=1']],
  ['the first sync of a batch and what takes it back', ['fdatasync:error=EIO:when=1', 'ftruncate:error=EIO:when=2+']],
  ['every sync of a batch and what takes it back', ['fdatasync:error=EIO:when=1+', 'ftruncate:error=EIO:when=2+']],
];
const MORE_FAILING_CALLS: [string, string[]][] = [
  ['one sync of a batch among others', ['fdatasync:error=EIO:when=4']],
  ['every sync of a batch', ['fdatasync:error=EIO:when=1+']],
  ['the sync of spool.dir', ['fsync:error=EIO:when=1']],
  ["the sync of the first segment's name", ['fsync:error=EIO:when=3']],
  ['a later sync of a batch and what takes it back', ['fdatasync:error=EIO:when=3', 'ftruncate:error=EIO:when=2+']],
];
for (const [what, faults] of cases(FAILING_CALLS, MORE_FAILING_CALLS)) {
  test(`a disk that fails is reported, and everything arrives, once: ${what}`, { skip: noStrace }, async () => {
    const emulator = await emulatorForTest();
    const dir = join(temporaryDirectory('spool'), 'spool');
    const env = { ...environmentOf(emulator, dir), PUTLOGS_SPOOL_FSYNC: 'true' };
    const inject = faults.flatMap((fault) => ['-e', `inject=${fault}`]);
    const args = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync,ftruncate', ...inject];
    const command = { command: 'strace', args: [...args, process.execPath, app, planOf(0, 60)], env };
    const { code, stderr } = await runChild('', command);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /the spool cannot be used as configured \(spool\.dir\), EIO/);
    await runChild(app, { args: [planOf(60, 10)], env });
    assertOnce(emulator, 70);
  });
}

test('a disk that takes a second and a half to sync holds up the worker, and not the application', {
  skip: noStrace,
}, async () => {
  const emulator = await emulatorForTest();
  const env = {
    ...environmentOf(emulator, join(temporaryDirectory('spool'), 'spool')),
    PUTLOGS_SPOOL_FSYNC: 'true',
    PUTLOGS_BATCH_MAX_COUNT: '100',
    PUTLOGS_CLOSE_TIMEOUT_MS: '9500',
  };
  const inject = ['-e', 'trace=fdatasync', '-e', 'inject=fdatasync:delay_enter=1500000:when=1'];
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

test('a process without a free file descriptor reports it, and delivers when it has some again', {
  skip: missing('sh', ['-c', 'ulimit -n 128']),
}, async () => {
  const emulator = await emulatorForTest();
  const env = { ...environmentOf(emulator, join(temporaryDirectory('spool'), 'spool')), NODE: process.execPath };
  const script = `ulimit -n 128 && exec "$NODE" ${join(__dirname, 'apps/no-descriptors.js')}`;
  const { code, stdout, stderr } = await runChild('', { command: 'sh', args: ['-c', script], env });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the spool cannot be used as configured \(spool\.dir\), EMFILE/);
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
