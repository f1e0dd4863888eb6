// Which runs live, as one process judges it: the root, the owner file, the verdict, and what the process does then.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs, {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { newRun } from '@putlogs/core/internal/runtime/run';
import { type Candidate, decide } from '@putlogs/core/internal/spool/adopter';
import { Disk, type SpoolFs } from '@putlogs/core/internal/spool/disk';
import { ownIdentity } from '@putlogs/core/internal/spool/identity';
import { BEAT_MS, LEASE_MS, NFS_LEASE_MS } from '@putlogs/core/internal/spool/lease-times';
import { listenAt, probe } from '@putlogs/core/internal/spool/liveness';
import { ownerName, ROOT, socketName } from '@putlogs/core/internal/spool/names';
import {
  decodeOwner,
  encodeOwner,
  OWNER_FILE_BYTES,
  type OwnerFile,
  readOwner,
} from '@putlogs/core/internal/spool/owner-file';
import { fileSystemKind, openRoot } from '@putlogs/core/internal/spool/root';
import { runChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { linkedPackages } from '../support/linked-packages';
import { DistantRun, disk, type Judge, judgeIn, passBeating } from '../support/owned';

const noUsers = process.getuid === undefined ? 'this system has no user ids' : false;
const notRoot = process.getuid?.() === 0 ? false : 'only root can change the owner of a directory';
const notLinux = process.platform === 'linux' ? false : 'only Linux names a process for good';

function opened(root: string, options: Parameters<typeof judgeIn>[1] = {}): Judge {
  const judge = judgeIn(root, options);
  assert.equal(judge.ownership.open(), undefined);
  after(() => judge.ownership.close());
  return judge;
}

/** The file system, if it showed our own owner file that much later than it does. */
function showingOwnFileLater(run: string, laterMs: () => number): Disk {
  const lstatSync = ((path: string) => {
    const stat = fs.lstatSync(path);
    if (path.endsWith(ownerName(run))) stat.mtimeMs += laterMs();
    return stat;
  }) as typeof fs.lstatSync;
  return new Disk(false, { ...fs, lstatSync });
}

function problemOf(dir: string): string {
  const root = openRoot(disk, dir);
  assert.equal(root.kind, 'failed');
  assert.equal(root.code, 'EFOREIGN');
  return root.message;
}

// The root

test('our own directory is made for us alone, inside a directory that every user may write to', () => {
  const dir = temporaryDirectory('owned');
  chmodSync(dir, 0o777);
  const root = openRoot(disk, join(dir, 'a/b'));
  assert.deepEqual(root, { kind: 'root', path: join(fs.realpathSync(dir), 'a/b', ROOT) });
  if (!noUsers) assert.equal(lstatSync(root.path).mode & 0o777, 0o700);
  assert.deepEqual(openRoot(new Disk(true), join(dir, 'a/b')), root, 'the second process finds it');
});

test('the path of the root has no links, so that it stays right when the directory changes', () => {
  const dir = temporaryDirectory('owned');
  mkdirSync(join(dir, 'real'));
  symlinkSync(join(dir, 'real'), join(dir, 'link'));
  assert.deepEqual(openRoot(disk, join(dir, 'link')), { kind: 'root', path: join(fs.realpathSync(dir), 'real', ROOT) });
});

test('a root that every user can write to is refused, and the message says what to change', { skip: noUsers }, () => {
  const dir = temporaryDirectory('owned');
  mkdirSync(join(dir, ROOT));
  chmodSync(join(dir, ROOT), 0o777);
  assert.match(problemOf(dir), /every user can write to .*putlogs-1; run chmod o-w on it, or set spool\.dir/);
});

test('a root that is a link or a file is refused', () => {
  const dir = temporaryDirectory('owned');
  mkdirSync(join(dir, 'elsewhere'));
  symlinkSync(join(dir, 'elsewhere'), join(dir, ROOT));
  assert.match(problemOf(dir), /putlogs-1 is a link; remove it/);
  unlinkSync(join(dir, ROOT));
  writeFileSync(join(dir, ROOT), '');
  assert.match(problemOf(dir), /putlogs-1 is not a directory; remove it/);
});

test('a root of another user is refused', { skip: notRoot }, () => {
  const dir = temporaryDirectory('owned');
  mkdirSync(join(dir, ROOT));
  fs.chownSync(join(dir, ROOT), 65534, 65534);
  assert.match(problemOf(dir), /belongs to user 65534 and this process runs as user 0; change its owner/);
});

test('a root that Kubernetes made group-writable is accepted', { skip: noUsers }, () => {
  const dir = temporaryDirectory('owned');
  mkdirSync(join(dir, ROOT));
  chmodSync(join(dir, ROOT), 0o2770);
  assert.equal(openRoot(disk, dir).kind, 'root');
});

test('a directory that cannot be made is a failure, not an exception', () => {
  const dir = temporaryDirectory('owned');
  writeFileSync(join(dir, 'file'), '');
  const root = openRoot(disk, join(dir, 'file/spool'));
  assert.equal(root.kind, 'failed');
  assert.equal(root.code, 'ENOTDIR');
});

test('a file system on which a spool survives less is recognised by its magic number', () => {
  const of = (type: number) => fileSystemKind('/', { statfsSync: () => ({ type }) } as unknown as SpoolFs);
  assert.deepEqual([0x01021994, 0x794c7630, 0x6969, 0xef53].map(of), ['tmpfs', 'overlay', 'nfs', undefined]);
  assert.equal(fileSystemKind('/nowhere/at/all'), undefined);
});

test('shared memory is a tmpfs', { skip: existsSync('/dev/shm') ? false : 'there is no /dev/shm' }, () => {
  assert.equal(fileSystemKind('/dev/shm'), 'tmpfs');
});

// The owner file

const record = { ...ownIdentity(), run: newRun(1), beat: 7, leaseMs: LEASE_MS, socket: true, dev: '1' };
const owner = { ...record, host: 'orders-0', instance: 'a'.repeat(16), dests: ['b'.repeat(16)], named: newRun(2) };

test('an owner file is 1,024 bytes and reads as it was written', () => {
  const bytes = encodeOwner(owner);
  assert.equal(bytes.length, OWNER_FILE_BYTES);
  assert.equal(bytes.at(-1), 0x0a);
  assert.deepEqual(decodeOwner(bytes), owner);
});

test('an owner file keeps its size, however long the host name and however many the destinations', () => {
  const dests = Array.from({ length: 100 }, (_, i) => `${i}`.padStart(16, '0'));
  const bytes = encodeOwner({ ...owner, host: '\u0001'.repeat(300), dests });
  assert.equal(bytes.length, OWNER_FILE_BYTES);
  const decoded = decodeOwner(bytes)!;
  assert.equal(decoded.run, owner.run);
  assert.equal(decoded.host, '\u0001'.repeat(64));
  assert.deepEqual(decoded.dests, dests.slice(0, decoded.dests.length));
});

test('every prefix and every changed bit of an owner file is read without an exception', () => {
  const bytes = encodeOwner(owner);
  for (let length = 0; length < bytes.length; length++) {
    const decoded = decodeOwner(bytes.subarray(0, length));
    if (decoded !== undefined) assert.deepEqual(decoded, owner, 'only spaces are missing');
  }
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    const decoded = decodeOwner(damaged);
    assert.ok(decoded === undefined || (Number.isSafeInteger(decoded.pid) && decoded.pid >= 0));
  }
  for (const text of ['null', '7', '[]', '{"pid":-1,"beat":1e99,"dests":"x","socket":"true"}']) {
    const { pid = 0, beat = 0, dests = [], socket = false } = decodeOwner(Buffer.from(text)) ?? {};
    assert.deepEqual({ pid, beat, dests, socket }, { pid: 0, beat: 0, dests: [], socket: false });
  }
});

test('a renewal rewrites the owner file in place, with the next beat', async () => {
  const root = temporaryDirectory('owned');
  const { ownership } = opened(root);
  await ownership.socketReady;
  const path = join(root, ownerName(ownership.run));
  const { ino } = lstatSync(path);
  const beatOf = () => (readOwner(disk, path) as OwnerFile).owner!.beat;
  const first = beatOf();
  ownership.renew();
  assert.equal(beatOf(), first + 1);
  assert.equal(lstatSync(path).ino, ino);
  assert.equal(lstatSync(path).size, OWNER_FILE_BYTES);
});

test('an owner file that was deleted is made again by the next renewal', () => {
  const root = temporaryDirectory('owned');
  const { ownership } = opened(root);
  unlinkSync(join(root, ownerName(ownership.run)));
  assert.equal(ownership.renew(), undefined);
  assert.ok(existsSync(join(root, ownerName(ownership.run))));
});

test('on a full disk a heartbeat still sets the time of the owner file, by the clock of the file system', async () => {
  const root = temporaryDirectory('owned');
  let full = false;
  const writeSync = ((...args: Parameters<typeof fs.writeSync>) => {
    if (full) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    return fs.writeSync(...args);
  }) as typeof fs.writeSync;
  const { ownership, clock } = opened(root, { disk: new Disk(false, { ...fs, writeSync }) });
  const mtimeMs = () => lstatSync(join(root, ownerName(ownership.run))).mtimeMs;
  await ownership.socketReady;
  const before = mtimeMs();
  full = true;
  clock.wallAheadMs = 3_600_000;
  await clock.pass(5000);
  assert.equal(ownership.renew(), undefined);
  assert.equal(ownership.timeOnlyRenewals, 1);
  assert.ok(Math.abs(mtimeMs() - before - 5000) < 2, `${mtimeMs() - before} ms`);
  assert.equal(ownership.sinceRenewalMs, 0);
});

test('a failed renewal is reported, and the time since the last one continues', async () => {
  const root = temporaryDirectory('owned');
  const { ownership, clock } = opened(root);
  await ownership.socketReady;
  fs.rmSync(root, { recursive: true });
  await clock.pass(5000);
  assert.equal(ownership.renew()?.code, 'ENOENT');
  assert.equal(ownership.sinceRenewalMs, 5000);
});

test('the time since the last renewal is that of the clock that shows more', async () => {
  const { ownership, clock } = opened(temporaryDirectory('owned'));
  await ownership.socketReady;
  await clock.pass(1000);
  assert.equal(ownership.sinceRenewalMs, 1000);
  clock.wallAheadMs = 40_000;
  assert.equal(ownership.sinceRenewalMs, 41_000);
  clock.wallAheadMs = -40_000;
  assert.equal(ownership.sinceRenewalMs, 1000);
});

test('a run that was frozen may be evicted until it has looked, even after its next renewal', async () => {
  const { ownership, clock } = opened(temporaryDirectory('owned'));
  await ownership.socketReady;
  await clock.pass(LEASE_MS / 2);
  assert.equal(ownership.mayBeEvicted, false);
  await clock.pass(1);
  assert.equal(ownership.mayBeEvicted, true);
  ownership.renew();
  assert.equal(ownership.mayBeEvicted, true);
  ownership.confirmHeld();
  assert.equal(ownership.mayBeEvicted, false);
  // The monotonic clock can stop while a machine is paused.
  clock.wallAheadMs = LEASE_MS;
  ownership.renew();
  assert.equal(ownership.mayBeEvicted, true);
});

test('a run that closes leaves neither owner file nor socket', async () => {
  const root = temporaryDirectory('owned');
  const { ownership } = opened(root);
  assert.ok(await ownership.socketReady, ownership.whyNoSocket);
  assert.deepEqual(readdirSync(root).sort(), [socketName(ownership.run), ownerName(ownership.run)].sort());
  assert.equal(ownership.close(), undefined);
  assert.deepEqual(readdirSync(root), []);
  assert.equal(ownership.renew(), undefined);
  assert.deepEqual(readdirSync(root), [], 'a late renewal creates no file');
});

test('a run that closes before its socket is ready leaves neither owner file nor socket', async () => {
  const root = temporaryDirectory('owned');
  const { ownership } = opened(root);
  ownership.close();
  assert.equal(await ownership.socketReady, false);
  assert.deepEqual(readdirSync(root), []);
});

// The socket

test('a path that is too long for a socket is reached through its directory', { skip: notLinux }, async () => {
  const root = join(temporaryDirectory('owned'), 'x'.repeat(120));
  mkdirSync(root);
  const { ownership } = opened(root);
  assert.ok(await ownership.socketReady, ownership.whyNoSocket);
  const path = join(root, socketName(ownership.run));
  assert.ok(lstatSync(path).isSocket());
  assert.equal(await probe(disk, path, systemClock), 'connected');
  ownership.close();
  assert.deepEqual(readdirSync(root), []);
});

test('probes leave no descriptor open', { skip: notLinux }, async () => {
  const root = join(temporaryDirectory('owned'), 'x'.repeat(120));
  mkdirSync(root);
  const path = join(root, 'a.alive');
  const liveness = listenAt(disk, path);
  assert.deepEqual(await liveness.ready, { listening: true });
  const descriptors = () => readdirSync('/proc/self/fd').length;
  assert.equal(await probe(disk, path, systemClock), 'connected');
  const before = descriptors();
  for (let i = 0; i < 20; i++) assert.equal(await probe(disk, path, systemClock), 'connected');
  assert.ok(descriptors() < before + 10, `${before} and then ${descriptors()}`);
  liveness.close();
  assert.equal(await probe(disk, path, systemClock), 'unknown');
});

test('a probe does not disturb the next require of a package that is a link', async () => {
  const directory = temporaryDirectory('owned');
  const load = linkedPackages();
  // Node remembers the folders above both packages.
  assert.equal(load('early'), 7);
  const liveness = listenAt(disk, join(directory, 'a.alive'));
  await liveness.ready;
  const answer = probe(disk, join(directory, 'a.alive'), systemClock);
  assert.equal(load('late'), 7);
  assert.equal(await answer, 'connected');
  liveness.close();
});

test('a file that is no socket proves nothing', async () => {
  const path = join(temporaryDirectory('owned'), 'a.alive');
  writeFileSync(path, '');
  assert.equal(await probe(disk, path, systemClock), 'unknown');
});

test('a run has no socket if none can be created, and the reason is reported', async () => {
  const { ready } = listenAt(disk, '/nowhere/at/all/a.alive');
  assert.deepEqual(await ready, { listening: false, reason: 'EACCES' });
});

test('without an answer within one second the verdict is unknown', async () => {
  const { clock } = judgeIn('/');
  const path = join(temporaryDirectory('owned'), 'a.alive');
  const liveness = listenAt(disk, path);
  await liveness.ready;
  // The limit passes before the event loop can deliver the connection.
  const answer = probe(disk, path, clock);
  void clock.pass(1000);
  assert.equal(await answer, 'unknown');
  liveness.close();
});

const worker = join(__dirname, '../fault/apps/worker-owning.js');

test('a worker thread that is terminated leaves no socket that connects', async () => {
  const root = temporaryDirectory('owned');
  const run = newRun(1);
  const thread = new Worker(worker, { workerData: { root, run, stays: true } });
  assert.equal(await new Promise((resolve) => thread.once('message', resolve)), true);
  const deadRuns = new Set<string>();
  const { ownership } = opened(root, { deadRuns });
  assert.equal(await probe(disk, join(root, socketName(run)), systemClock), 'connected');
  assert.equal(await ownership.verdict(run), 'alive');
  await thread.terminate();
  assert.notEqual(await probe(disk, join(root, socketName(run)), systemClock), 'connected');
  deadRuns.add(run);
  assert.equal(await ownership.verdict(run), 'dead');
  assert.equal(ownership.forget(run), undefined);
  assert.deepEqual(
    readdirSync(root).filter((name) => name.startsWith(run)),
    [],
  );
});

test('a worker thread and a process that own runs end by themselves', async () => {
  const root = temporaryDirectory('owned');
  const workerData = JSON.stringify({ root, run: newRun(1), stays: false });
  const script = `new (require('node:worker_threads').Worker)(${JSON.stringify(worker)}, { workerData: ${workerData} })
    .on('message', (socket) => console.log(socket))`;
  const { code, stdout, stderr } = await runChild('', { command: process.execPath, args: ['-e', script] });
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'true\n', stderr: '' });
});

// The verdict

test('two transports of one process know that both of them live', { skip: notLinux }, async () => {
  const root = temporaryDirectory('owned');
  const [one, other] = [opened(root), opened(root)];
  assert.equal(await one.ownership.verdict(other.ownership.run), 'alive');
  assert.equal(await other.ownership.verdict(one.ownership.run), 'alive');
  assert.equal(await one.ownership.verdict(one.ownership.run), 'mine');
});

test('a run on another machine is alive while its heartbeat moves, and dead when its heartbeat stood still for a lease', async () => {
  const root = temporaryDirectory('owned');
  const judge = opened(root);
  const other = new DistantRun(root);
  assert.equal(await judge.ownership.verdict(other.run), 'unknown');
  await passBeating(judge, 10_000, () => other.beat());
  assert.equal(await judge.ownership.verdict(other.run), 'alive');
  await passBeating(judge, LEASE_MS - 5000);
  assert.equal(await judge.ownership.verdict(other.run), 'alive');
  await passBeating(judge, 5000);
  assert.equal(await judge.ownership.verdict(other.run), 'dead');
  other.beat();
  assert.equal(await judge.ownership.verdict(other.run), 'alive');
});

test('a run that asks for a longer lease gets it', async () => {
  const root = temporaryDirectory('owned');
  const judge = opened(root);
  const other = new DistantRun(root, { leaseMs: NFS_LEASE_MS });
  await judge.ownership.verdict(other.run);
  await passBeating(judge, NFS_LEASE_MS - 5000);
  assert.equal(await judge.ownership.verdict(other.run), 'unknown');
  await passBeating(judge, 5000);
  assert.equal(await judge.ownership.verdict(other.run), 'dead');
});

test('a run whose file is ten leases older than ours is dead at the first look', async () => {
  const root = temporaryDirectory('owned');
  const judge = opened(root);
  const [old, older] = [new DistantRun(root), new DistantRun(root)];
  old.age(10 * LEASE_MS - 10_000);
  older.age(10 * LEASE_MS + 10_000);
  assert.equal(await judge.ownership.verdict(old.run), 'unknown');
  assert.equal(await judge.ownership.verdict(older.run), 'dead');
});

test('the wall clock, set an hour back and forth, changes no verdict', async () => {
  const root = temporaryDirectory('owned');
  const judge = opened(root);
  const [living, dead] = [new DistantRun(root), new DistantRun(root)];
  const verdicts = async () => [await judge.ownership.verdict(living.run), await judge.ownership.verdict(dead.run)];
  await verdicts();
  for (const hours of [1, -1, 0]) {
    judge.clock.wallAheadMs = hours * 3_600_000;
    await passBeating(judge, 5000, () => living.beat());
    assert.deepEqual(await verdicts(), ['alive', 'unknown']);
  }
  await passBeating(judge, LEASE_MS - 15_000, () => living.beat());
  assert.deepEqual(await verdicts(), ['alive', 'dead']);
});

test('the clock of the file system, set an hour forward, makes no living run look dead', async () => {
  const root = temporaryDirectory('owned');
  const run = newRun(1);
  let aheadMs = 0;
  // This process renews first: the others' files still show the time before.
  const judge = opened(root, { run, disk: showingOwnFileLater(run, () => aheadMs) });
  const other = new DistantRun(root);
  await passBeating(judge, 5000);
  aheadMs = 3_600_000;
  await passBeating(judge, 5000);
  assert.equal(await judge.ownership.verdict(other.run), 'unknown');
  await passBeating(judge, LEASE_MS);
  assert.equal(await judge.ownership.verdict(other.run), 'dead');
});

test('a process that stood still itself starts to observe again', async () => {
  const root = temporaryDirectory('owned');
  const judge = opened(root);
  await judge.ownership.socketReady;
  const other = new DistantRun(root);
  assert.equal(await judge.ownership.verdict(other.run), 'unknown');
  await judge.clock.pass(2 * LEASE_MS);
  assert.equal(await judge.ownership.verdict(other.run), 'unknown', 'before its own renewal');
  judge.ownership.renew();
  assert.equal(await judge.ownership.verdict(other.run), 'unknown', 'after it');
  await passBeating(judge, LEASE_MS - 5000);
  assert.equal(await judge.ownership.verdict(other.run), 'unknown');
  await passBeating(judge, 5000);
  assert.equal(await judge.ownership.verdict(other.run), 'dead');
});

test('a volume that answered no process for minutes makes no living run look dead', async () => {
  const root = temporaryDirectory('owned');
  const run = newRun(1);
  // The file system's clock goes on with the judge's.
  let nowMs = 0;
  const judge = opened(root, { run, disk: showingOwnFileLater(run, () => nowMs) });
  await judge.ownership.socketReady;
  nowMs = 11 * LEASE_MS;
  await judge.clock.pass(nowMs);
  judge.ownership.renew();
  const later = () => {
    nowMs += BEAT_MS;
  };
  const other = new DistantRun(root);
  assert.equal(await judge.ownership.verdict(other.run), 'unknown');
  await passBeating(judge, LEASE_MS - 5000, later);
  assert.equal(await judge.ownership.verdict(other.run), 'unknown');
  await passBeating(judge, 5000, later);
  assert.equal(await judge.ownership.verdict(other.run), 'dead');
});

test('a missing owner file means dead only after a lease without one', async () => {
  const root = temporaryDirectory('owned');
  const judge = opened(root);
  const run = newRun(1);
  assert.equal(await judge.ownership.verdict(run), 'unknown');
  await passBeating(judge, LEASE_MS - 5000);
  assert.equal(await judge.ownership.verdict(run), 'unknown');
  await passBeating(judge, 5000);
  assert.equal(await judge.ownership.verdict(run), 'dead');
});

test('an owner file that is deleted while its run lives costs only time', async () => {
  const root = temporaryDirectory('owned');
  const judge = opened(root);
  const other = new DistantRun(root);
  await judge.ownership.verdict(other.run);
  await passBeating(judge, LEASE_MS - 5000);
  unlinkSync(join(root, ownerName(other.run)));
  assert.equal(await judge.ownership.verdict(other.run), 'unknown');
  await passBeating(judge, LEASE_MS - 5000);
  assert.equal(await judge.ownership.verdict(other.run), 'unknown');
  other.beat();
  assert.equal(await judge.ownership.verdict(other.run), 'alive');
});

test('the time of a damaged owner file still counts as a heartbeat', async () => {
  const root = temporaryDirectory('owned');
  const judge = opened(root);
  const other = new DistantRun(root);
  const path = join(root, ownerName(other.run));
  writeFileSync(path, 'damaged');
  assert.equal(await judge.ownership.verdict(other.run), 'unknown');
  await passBeating(judge, LEASE_MS - 5000);
  other.age(-5000);
  assert.equal(await judge.ownership.verdict(other.run), 'alive');
  await passBeating(judge, LEASE_MS);
  assert.equal(await judge.ownership.verdict(other.run), 'dead');
  assert.equal(judge.ownership.describe(other.run), 'an unknown process');
});

test('an owner file that becomes readable does not count as a heartbeat', async () => {
  const root = temporaryDirectory('owned');
  const judge = opened(root);
  const other = new DistantRun(root);
  other.beat();
  const { run } = other;
  const path = join(root, ownerName(run));
  const bytes = fs.readFileSync(path);
  const { atime, mtime } = lstatSync(path);
  for (const content of ['damaged', bytes]) {
    writeFileSync(path, content);
    fs.utimesSync(path, atime, mtime);
    assert.equal(await judge.ownership.verdict(run), 'unknown');
  }
});

test('an owner file that is a directory, a pipe or a link is judged by its time alone', {
  skip: notLinux,
}, async () => {
  const root = temporaryDirectory('owned');
  const judge = opened(root);
  const [directory, pipe, link] = [newRun(1), newRun(1), newRun(1)];
  mkdirSync(join(root, ownerName(directory)));
  assert.equal(spawnSync('mkfifo', [join(root, ownerName(pipe))]).status, 0);
  symlinkSync(join(root, ownerName(new DistantRun(root).run)), join(root, ownerName(link)));
  const runs = [directory, pipe, link];
  for (const run of runs) assert.equal(await judge.ownership.verdict(run), 'unknown');
  assert.deepEqual(
    runs.map((run) => judge.ownership.describe(run)),
    runs.map(() => 'an unknown process'),
  );
  await passBeating(judge, LEASE_MS);
  for (const run of runs) assert.equal(await judge.ownership.verdict(run), 'dead');
});

test('a refused connection proves death only on the same boot and through the same mount', async () => {
  const root = temporaryDirectory('owned');
  const judge = opened(root, { probe: () => Promise.resolve('refused') });
  const { boot } = ownIdentity();
  const here = { boot, pidns: 'another', socket: true };
  const verdictOf = (record: ConstructorParameters<typeof DistantRun>[1]) => {
    return judge.ownership.verdict(new DistantRun(root, record).run);
  };
  assert.equal(await verdictOf({ ...here, boot: 'another' }), 'unknown');
  assert.equal(await verdictOf({ ...here, dev: '0' }), 'unknown');
  assert.equal(await verdictOf({ ...here, socket: false }), 'unknown');
  assert.equal(await verdictOf(here), boot === '' ? 'unknown' : 'dead');
});

test('without a boot id a connection proves life, and a refused one proves nothing', async () => {
  const root = temporaryDirectory('owned');
  const identity = { ...ownIdentity(), boot: '', pidns: '', start: '' };
  const other = new DistantRun(root, { ...identity, socket: true });
  const answering = (answer: 'connected' | 'refused') => {
    return opened(root, { identity, probe: () => Promise.resolve(answer) }).ownership;
  };
  assert.equal(await answering('connected').verdict(other.run), 'alive');
  assert.equal(await answering('refused').verdict(other.run), 'unknown');
});

test('a run is dead if its pid belongs to another process now', { skip: notLinux }, async () => {
  const root = temporaryDirectory('owned');
  const { ownership } = opened(root);
  const identity = ownIdentity();
  assert.equal(await ownership.verdict(new DistantRun(root, { ...identity, start: '1' }).run), 'dead');
  // No process may have this number.
  assert.equal(await ownership.verdict(new DistantRun(root, { ...identity, pid: 2 ** 30 }).run), 'dead');
  assert.equal(await ownership.verdict(new DistantRun(root, { ...identity, pid: 0 }).run), 'unknown');
});

test('a run whose heartbeat stood still for a lease is dead if no socket of it connects', async () => {
  const root = temporaryDirectory('owned');
  const judge = opened(root);
  const { boot } = ownIdentity();
  const frozen = new DistantRun(root, { boot, pidns: 'another', socket: true });
  assert.equal(await judge.ownership.verdict(frozen.run), 'unknown');
  await passBeating(judge, LEASE_MS);
  assert.equal(await judge.ownership.verdict(frozen.run), 'dead', 'its socket is gone');
});

test('a run is described by host and pid, and names its instance', async () => {
  const root = temporaryDirectory('owned');
  const { ownership } = opened(root);
  const other = new DistantRun(root);
  assert.equal(ownership.describe(other.run), 'orders-1, pid 1');
  assert.equal(ownership.ownerOf(other.run)?.instance, 'c'.repeat(16));
  assert.equal(ownership.describe(newRun(1)), 'an unknown process');
  assert.equal(ownership.ownerOf(newRun(1)), undefined);
});

test('a run does not forget itself', () => {
  const root = temporaryDirectory('owned');
  const { ownership } = opened(root);
  assert.equal(ownership.forget(ownership.run), undefined);
  assert.ok(existsSync(join(root, ownerName(ownership.run))));
});

// What a process does after a verdict

const [origin, holder] = [newRun(1), newRun(2)];
const candidate: Candidate = {
  part: { destination: 'd'.repeat(16), instance: 'e'.repeat(16), origin, owner: origin },
  verdict: 'alive',
  isMyInstance: false,
  isOpen: false,
  namedDeadByHost: false,
  firstSeenDeadAgoMs: 0,
  isSpokenFor: false,
  hasSegments: () => true,
  heldByOther: false,
  waitedMs: 0,
  leaseMs: LEASE_MS,
};
const free = { part: { ...candidate.part, owner: 'free' } };
const held = { part: { ...candidate.part, owner: holder }, heldByOther: true };
const mine = { isMyInstance: true };
const late = { firstSeenDeadAgoMs: 60_000 };

const decisions: readonly [string, Partial<Candidate>, ReturnType<typeof decide>][] = [
  ['my directory that is not open', { verdict: 'mine' }, 'open'],
  ['my directory that is open', { verdict: 'mine', isOpen: true }, 'leave'],
  ['a directory that was handed back to me', { ...held, ...mine, verdict: 'mine' }, 'open'],
  ['a free directory of my instance', { ...free, ...mine }, 'claim'],
  ['a free directory of another instance', free, 'leave'],
  ['the same, 59.999 s later', { ...free, firstSeenDeadAgoMs: 59_999 }, 'leave'],
  ['the same after a minute', { ...free, ...late }, 'claim'],
  ['the same after a minute, while its instance lives', { ...free, ...late, isSpokenFor: true }, 'leave'],
  ['a dead run of my instance', { ...mine, verdict: 'dead' }, 'claim'],
  ['a dead run of my instance in other, dead hands', { ...held, ...mine, verdict: 'dead' }, 'claim'],
  ['a dead run of another instance', { verdict: 'dead' }, 'leave'],
  ['the same after a minute', { verdict: 'dead', firstSeenDeadAgoMs: 60_000 }, 'claim'],
  ['a run of another instance that my host named', { verdict: 'dead', namedDeadByHost: true }, 'claim'],
  ['the same while its instance lives', { verdict: 'dead', namedDeadByHost: true, isSpokenFor: true }, 'claim'],
  ['an unknown run of my instance', { ...mine, verdict: 'unknown' }, 'wait'],
  ['the same after one lease', { ...mine, verdict: 'unknown', waitedMs: LEASE_MS }, 'leave'],
  ['the same without segments', { ...mine, verdict: 'unknown', hasSegments: () => false }, 'leave'],
  ['an unknown run of another instance', { verdict: 'unknown', firstSeenDeadAgoMs: 60_000 }, 'leave'],
  ['a living run of my instance', mine, 'leave'],
  ['a directory of my instance in other, living hands', { ...held, ...mine }, 'wait'],
  ['the same without segments', { ...held, ...mine, hasSegments: () => false }, 'leave'],
  ['the same after one lease', { ...held, ...mine, waitedMs: LEASE_MS }, 'leave'],
  ['a living run of another instance', {}, 'leave'],
];

test('each kind of directory is opened, claimed, waited for or left', () => {
  for (const [what, how, expected] of decisions) assert.equal(decide({ ...candidate, ...how }), expected, what);
});
