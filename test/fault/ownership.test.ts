// Runs of real processes that are stopped, killed, hidden from each other by the kernel, or on a full disk.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, readFileSync, rmSync, unlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { newRun } from '@putlogs/core/internal/runtime/run';
import { LEASE_MS } from '@putlogs/core/internal/spool/lease-times';
import { probe } from '@putlogs/core/internal/spool/liveness';
import { ownerName, socketName } from '@putlogs/core/internal/spool/names';
import { readOwner } from '@putlogs/core/internal/spool/owner-file';
import type { Verdict } from '@putlogs/core/internal/spool/ownership';
import { type ChildOptions, runChild, type StartedChild, startChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { until } from '../support/emulator';
import { disk, type Judge, judgeIn, passBeating } from '../support/owned';

const app = join(__dirname, 'apps/owning.js');
const node = process.execPath;

/** Why the machine cannot do it, or false. */
function missing(command: string, args: string[]): string | false {
  const { status, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined) return `${command} is not there: ${error.message}`;
  return status === 0 ? false : `${command} ${args.join(' ')} may not be done here`;
}

const notLinux = process.platform === 'linux' ? false : 'only Linux has /proc';
const CONTAINER = ['-Urpf', '--mount-proc', '--kill-child=SIGKILL'];
const noNamespace = missing('unshare', [...CONTAINER, 'true']);
const noMount = missing('unshare', ['-Urm', 'sh', '-c', 'mount -t tmpfs -o size=64k tmpfs /mnt']);
const AS_NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const noOtherUser = missing('setpriv', [
  ...AS_NOBODY,
  node,
  '-e',
  `require('node:fs').readFileSync(${JSON.stringify(app)})`,
]);
const noNetPermission =
  Number.parseInt(process.versions.node, 10) >= 25 ? false : 'before node 25 every process may connect';
const hiddenProc = ['-pfm', '--kill-child=SIGKILL', 'sh', '-c', 'mount -t proc -o hidepid=2 proc /proc'];
const noHiddenProc = noOtherUser || missing('unshare', hiddenProc);

interface Owning {
  readonly run: string;
  /** Of the process that owns the run, as we see it. */
  readonly pid: number;
  readonly child: StartedChild;
}

/** Resolves when it owns its run; it renews ten times a second. */
async function owning(root: string, options: ChildOptions = {}): Promise<Owning> {
  const run = newRun(Date.now());
  const child = startChild(app, { ...options, env: { ROOT: root, RUN: run, ...options.env } });
  after(() => child.kill('SIGKILL'));
  const line = await child.line('owns');
  assert.equal(line, 'owns socket=true');
  return { run, child, pid: options.command === 'unshare' ? childOf(child.pid) : child.pid };
}

/** In a pid namespace of its own, as in a container that shares a volume with us. */
function owningInContainer(root: string): Promise<Owning> {
  return owning(root, { command: 'unshare', args: [...CONTAINER, node, app] });
}

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}

async function stopped({ pid }: Owning): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await until('the process is stopped', () => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
}

async function killed({ pid, child }: Owning): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await child.ended;
}

function judging(root: string): Judge {
  const judge = judgeIn(root);
  assert.equal(judge.ownership.open(), undefined);
  after(() => judge.ownership.close());
  return judge;
}

function beatOf(root: string, run: string): number {
  const file = readOwner(disk, join(root, ownerName(run)));
  return 'kind' in file ? -1 : (file.owner?.beat ?? -1);
}

test('a stopped process stays alive, and a killed one is dead at once', { skip: notLinux }, async () => {
  const root = temporaryDirectory('owning');
  const other = await owning(root);
  const judge = judging(root);
  assert.equal(await judge.ownership.verdict(other.run), 'alive');
  await stopped(other);
  await passBeating(judge, 20 * LEASE_MS);
  assert.equal(await judge.ownership.verdict(other.run), 'alive');
  await killed(other);
  assert.equal(await judge.ownership.verdict(other.run), 'dead');
});

test('without its socket a process of our pid namespace is judged by its pid', { skip: notLinux }, async () => {
  const root = temporaryDirectory('owning');
  const other = await owning(root);
  const judge = judging(root);
  unlinkSync(join(root, socketName(other.run)));
  await stopped(other);
  await passBeating(judge, 20 * LEASE_MS);
  assert.equal(await judge.ownership.verdict(other.run), 'alive');
  await killed(other);
  assert.equal(await judge.ownership.verdict(other.run), 'dead');
});

test('a killed process that its parent does not wait for is dead', { skip: notLinux }, async () => {
  const root = temporaryDirectory('owning');
  const run = newRun(Date.now());
  const script = '"$NODE" "$APP" & echo "pid $!"; exec sleep 60';
  const env = { ROOT: root, RUN: run, NODE: node, APP: app };
  const child = startChild('', { command: 'sh', args: ['-c', script], env });
  after(() => child.kill('SIGKILL'));
  const pid = Number((await child.line('pid ')).slice('pid '.length));
  await child.line('owns socket=true');
  const judge = judging(root);
  unlinkSync(join(root, socketName(run)));
  assert.equal(await judge.ownership.verdict(run), 'alive');
  process.kill(pid, 'SIGKILL');
  await until('a zombie', () => /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
  assert.equal(await judge.ownership.verdict(run), 'dead');
});

test('the socket of a cluster worker ends with the worker, not with the primary', { skip: notLinux }, async () => {
  const root = temporaryDirectory('owning');
  const run = newRun(Date.now());
  const primary = startChild(join(__dirname, 'apps/owning-clustered.js'), { env: { ROOT: root, RUN: run } });
  after(() => primary.kill('SIGKILL'));
  const pid = Number((await primary.line('worker ')).slice('worker '.length));
  await primary.line('owns socket=true');
  const path = join(root, socketName(run));
  assert.equal(await probe(disk, path, systemClock), 'connected');
  process.kill(pid, 'SIGKILL');
  await primary.line('worker ended');
  assert.equal(await probe(disk, path, systemClock), 'refused');
});

test('a full queue of connections means alive', { skip: notLinux }, async () => {
  const root = temporaryDirectory('owning');
  const other = await owning(root);
  await stopped(other);
  const path = join(root, socketName(other.run));
  const sockets: Socket[] = [];
  after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const connected = () =>
    new Promise<string>((resolve) => {
      const socket = connect(path, () => resolve('connected')).on('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code ?? 'UNKNOWN');
      });
      sockets.push(socket);
    });
  let last = 'connected';
  while (last === 'connected' && sockets.length < 5000) last = await connected();
  assert.equal(last, 'EAGAIN', `after ${sockets.length} connections`);
  assert.equal(await probe(disk, path, systemClock), 'connected');
});

test('in another container a stopped process stays alive, and a killed one is dead at once', {
  skip: noNamespace,
}, async () => {
  const root = temporaryDirectory('owning');
  const other = await owningInContainer(root);
  const judge = judging(root);
  assert.match(judge.ownership.describe(other.run), /, pid 1$/);
  await stopped(other);
  await judge.ownership.verdict(other.run);
  await passBeating(judge, 20 * LEASE_MS);
  assert.equal(await judge.ownership.verdict(other.run), 'alive');
  await killed(other);
  assert.equal(await judge.ownership.verdict(other.run), 'dead');
});

test('in another container without a socket the heartbeat decides', { skip: noNamespace }, async () => {
  const root = temporaryDirectory('owning');
  const other = await owningInContainer(root);
  const judge = judging(root);
  unlinkSync(join(root, socketName(other.run)));
  assert.equal(await judge.ownership.verdict(other.run), 'unknown');
  const before = beatOf(root, other.run);
  await until('a heartbeat', () => beatOf(root, other.run) > before);
  assert.equal(await judge.ownership.verdict(other.run), 'alive');
  await killed(other);
  await judge.ownership.verdict(other.run);
  await passBeating(judge, LEASE_MS - 5000);
  assert.notEqual(await judge.ownership.verdict(other.run), 'dead');
  await passBeating(judge, 5000);
  assert.equal(await judge.ownership.verdict(other.run), 'dead');
});

test('two processes with pid 1 in different containers do not mistake each other for themselves', {
  skip: noNamespace,
}, async () => {
  const root = temporaryDirectory('owning');
  const other = await owningInContainer(root);
  const args = [...CONTAINER, node, app];
  const verdict = async (): Promise<Verdict> => {
    const env = { ROOT: root, RUN: newRun(Date.now()), JUDGE: other.run };
    const { stdout, stderr } = await runChild('', { command: 'unshare', args, env });
    const [, found] = /verdict (\w+)/.exec(stdout) ?? [];
    assert.ok(found !== undefined, stderr);
    return found as Verdict;
  };
  assert.equal(await verdict(), 'alive');
  await killed(other);
  assert.equal(await verdict(), 'dead');
});

test('an owner file that is deleted or damaged comes back while its run lives', { skip: notLinux }, async () => {
  const root = temporaryDirectory('owning');
  const other = await owning(root);
  const judge = judging(root);
  const path = join(root, ownerName(other.run));
  await stopped(other);
  unlinkSync(path);
  await judge.ownership.verdict(other.run);
  await passBeating(judge, 2 * LEASE_MS);
  assert.equal(await judge.ownership.verdict(other.run), 'alive', 'its socket connects');
  process.kill(other.pid, 'SIGCONT');
  await until('the owner file', () => existsSync(path) && beatOf(root, other.run) > 0);
  disk.fs.ftruncateSync(openForDamage(path), 100);
  await until('a whole owner file', () => beatOf(root, other.run) > 0 && lstatSync(path).size === 1024);
  assert.equal(await judge.ownership.verdict(other.run), 'alive');
});

test('a process without permission to use the network owns and judges directories without a socket', {
  skip: noNetPermission,
}, async () => {
  const root = temporaryDirectory('owning');
  const other = await owning(root);
  const nodeArgs = ['--permission', '--allow-fs-read=*', `--allow-fs-write=${root}`];
  const own = { ROOT: root, RUN: newRun(Date.now()) };
  const { stdout, stderr } = await runChild(app, { nodeArgs, env: { ...own, JUDGE: other.run } });
  assert.equal(stdout, 'verdict alive\n', stderr);
  const child = startChild(app, { nodeArgs, env: own });
  after(() => child.kill('SIGKILL'));
  assert.equal(await child.line('owns'), 'owns socket=false');
});

test('on a full disk heartbeats are still written', { skip: noMount }, async () => {
  const root = temporaryDirectory('owning');
  const script = 'mount -t tmpfs -o size=64k tmpfs "$ROOT" && exec "$NODE" "$APP"';
  const env = { ROOT: root, RUN: newRun(Date.now()), NODE: node, APP: app, FILL: join(root, 'fill') };
  const { code, stdout, stderr } = await runChild('', { command: 'unshare', args: ['-Urm', 'sh', '-c', script], env });
  assert.equal(code, 0, stderr);
  const renewals = 'renewal done\n'.repeat(3);
  assert.equal(stdout, `owns socket=true\nfull ENOSPC\n${renewals}beat 4\nsince 0 time only 0\n`);
});

test("another user's process is alive", { skip: noOtherUser }, async () => {
  const root = temporaryDirectory('owning');
  const other = await owning(root);
  makeReadable(root, other.run);
  const judge = { ROOT: root, RUN: newRun(Date.now()), JUDGE: other.run };
  const judged = () => runChild('', { command: 'setpriv', args: [...AS_NOBODY, node, app], env: judge });
  assert.equal((await judged()).stdout, 'verdict alive\n');
  await killed(other);
  assert.equal((await judged()).stdout, 'verdict dead\n');
});

test("another user's process that /proc hides is alive", { skip: noHiddenProc }, async () => {
  const root = temporaryDirectory('owning');
  const run = newRun(Date.now());
  // The socket is removed, so that only the pid is left.
  const script = `mount -t proc -o hidepid=2 proc /proc
    "$NODE" "$APP" & owner=$!
    while ! [ -S "$ROOT/$SOCKET" ]; do sleep 0.05; done
    rm "$ROOT/$SOCKET"; chmod 755 "$ROOT"; chmod 644 "$ROOT/$OWNER"
    JUDGE="$RUN" RUN="$JUDGING" setpriv ${AS_NOBODY.join(' ')} "$NODE" "$APP"
    kill -9 $owner; wait $owner
    JUDGE="$RUN" RUN="$JUDGING" setpriv ${AS_NOBODY.join(' ')} "$NODE" "$APP"`;
  const names = { OWNER: ownerName(run), SOCKET: socketName(run) };
  const env = { ROOT: root, RUN: run, JUDGING: newRun(Date.now()), NODE: node, APP: app, ...names };
  const args = ['-pfm', '--kill-child=SIGKILL', 'sh', '-c', script];
  const { stdout, stderr } = await runChild('', { command: 'unshare', args, env });
  const verdicts = stdout.split('\n').filter((line) => line.startsWith('verdict'));
  assert.deepEqual(verdicts, ['verdict alive', 'verdict dead'], stderr);
});

/** As a volume's group permissions would allow it. */
function makeReadable(root: string, run: string): void {
  chmodSync(root, 0o755);
  chmodSync(join(root, ownerName(run)), 0o644);
  rmSync(join(root, socketName(run)));
}

function openForDamage(path: string): number {
  const file = disk.fs.openSync(path, 'r+');
  after(() => disk.fs.closeSync(file));
  return file;
}
