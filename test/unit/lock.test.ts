// The lock of the dead-letter files, between real processes.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { takeLock } from '@putlogs/core/internal/dead-letter/lock';
import { runChild, startChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';

const holder = join(__dirname, 'apps/lock-holder.js');
const hasProc = process.platform === 'linux';
/** A pid namespace of its own, with the /proc of the host. */
const FOREIGN_PROC = ['-Urpf', '--kill-child=SIGKILL'];
const noForeignProc =
  spawnSync('unshare', [...FOREIGN_PROC, 'true']).status === 0 ? false : 'unshare may not be done here';

function newPrefix(name: string): { readonly prefix: string; readonly files: () => string[] } {
  const directory = temporaryDirectory(name);
  return { prefix: join(directory, 'dead.ndjson.lock-'), files: () => readdirSync(directory) };
}

/** Takes it, or fails. */
function taken(prefix: string): { release(): void; isHeld(): boolean } {
  const lock = takeLock(prefix, 1);
  if (lock.kind === 'busy') assert.fail(lock.holder);
  return lock;
}

/** The name of a lock file of this machine, for another process. */
function nameLike(prefix: string, change: (space: string, pid: string, start: string) => string): string {
  const lock = taken(prefix);
  const [own] = readdirSync(join(prefix, '..'));
  lock.release();
  const [space, pid, start] = own!.slice(basename(prefix).length).split('-');
  return `${prefix}${change(space!, pid!, start!)}-00000000`;
}

test('a lock that a living process holds is busy, by its pid and its file, and free after its release', async () => {
  const { prefix, files } = newPrefix('lock');
  const child = startChild(holder, { args: [prefix] });
  await child.line('held');
  const [file] = files();
  const busy = takeLock(prefix, 2);
  assert.equal(busy.kind, 'busy');
  assert.ok(busy.kind === 'busy' && busy.holder.includes(`process ${child.pid} on `) && busy.holder.includes(file!));
  child.kill('SIGKILL');
  await child.ended;
  const lock = taken(prefix);
  assert.equal(takeLock(prefix, 1).kind, 'busy');
  lock.release();
  assert.deepEqual(files(), []);
});

test('a killed process holds no lock, even if it is a zombie', async (t) => {
  if (!hasProc) return t.skip('zombies are recognised by /proc');
  const { prefix, files } = newPrefix('zombie');
  // The shell becomes a sleep, which never asks how its child has ended.
  const script = `"${process.execPath}" "${holder}" "${prefix}" & exec sleep 60`;
  const parent = startChild('', { command: '/bin/sh', args: ['-c', script] });
  const [, pid] = (await parent.line('held')).split(' ');
  assert.equal(takeLock(prefix, 1).kind, 'busy');
  process.kill(Number(pid), 'SIGKILL');
  while (takeLock(prefix, 1).kind === 'busy') await new Promise((resolve) => setImmediate(resolve));
  // It has a pid still.
  process.kill(Number(pid), 0);
  assert.equal(files().length, 1);
  parent.kill('SIGKILL');
  await parent.ended;
});

test('a lock is free if its pid belongs to another process now', (t) => {
  if (!hasProc) return t.skip('the start of a process is read from /proc');
  const { prefix, files } = newPrefix('reused');
  const name = nameLike(prefix, (space, _, start) => `${space}-${process.ppid}-${Number(start) - 1}`);
  writeFileSync(name, '');
  taken(prefix).release();
  assert.deepEqual(files(), []);
});

test('a living process holds a lock in a container whose /proc is that of the host', {
  skip: noForeignProc,
}, async () => {
  const { prefix } = newPrefix('foreign-proc');
  const held = join(temporaryDirectory('foreign-proc-said'), 'said');
  const env = { NODE: process.execPath, HOLDER: holder, PREFIX: prefix, SAID: held };
  // The second one sees other processes under the pids of its namespace, or none.
  const script =
    '"$NODE" "$HOLDER" "$PREFIX" > "$SAID" & while ! grep -q held "$SAID"; do sleep 0.02; done; exec "$NODE" "$HOLDER" "$PREFIX"';
  const child = startChild('', { command: 'unshare', args: [...FOREIGN_PROC, 'sh', '-c', script], env });
  assert.match(await child.line(''), /^busy /);
  child.kill('SIGKILL');
  await child.ended;
});

test('a process that cannot be seen, of another container or host, holds a lock as long as it renews it', () => {
  const { prefix, files } = newPrefix('elsewhere');
  const name = nameLike(prefix, () => '0123456789ab-1-1');
  writeFileSync(name, 'process 1 on another-host\n');
  const busy = takeLock(prefix, 1);
  assert.match(busy.kind === 'busy' ? busy.holder : '', /^process 1 on another-host \(lock file /);
  const longAgo = Date.now() / 1000 - 120;
  utimesSync(name, longAgo, longAgo);
  taken(prefix).release();
  assert.deepEqual(files(), []);
});

test('a process that another one judged dead notices that it lost the lock', () => {
  const { prefix, files } = newPrefix('stolen');
  const lock = taken(prefix);
  assert.equal(lock.isHeld(), true);
  const longAgo = Date.now() / 1000 - 120;
  for (const file of files()) utimesSync(join(prefix, '..', file), longAgo, longAgo);
  const next = taken(prefix);
  assert.deepEqual([lock.isHeld(), next.isHeld()], [false, true]);
  lock.release();
  assert.equal(next.isHeld(), true);
  next.release();
});

test('files that only look like those of the lock are left alone', () => {
  const { prefix, files } = newPrefix('alike');
  writeFileSync(`${prefix}of-a-person`, 'x');
  symlinkSync('/nowhere', `${prefix}link`);
  taken(prefix).release();
  assert.deepEqual(files().sort(), ['dead.ndjson.lock-link', 'dead.ndjson.lock-of-a-person']);
});

test('of many processes that take the lock repeatedly, no two hold it at the same time', async () => {
  const { prefix, files } = newPrefix('many');
  const children = await Promise.all(Array.from({ length: 4 }, () => runChild(holder, { args: [prefix, '60'] })));
  for (const { code, stderr } of children) assert.equal(code, 0, stderr);
  const held = children.map(({ stdout }) => Number(stdout.split(' ')[1]));
  assert.ok(
    held.some((count) => count > 0),
    `${held}`,
  );
  assert.deepEqual(files(), []);
});
