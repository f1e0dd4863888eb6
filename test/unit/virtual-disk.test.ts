import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { test } from 'node:test';
import type { SpoolFs } from '@putlogs/core/internal/spool/disk';
import { seededRandom } from '../support/seeded-random';
import { Crash, type Fault, VirtualDisk } from '../support/virtual-disk';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;
const NEW = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;

function newDisk(options = {}): { disk: VirtualDisk; fs: SpoolFs } {
  const disk = new VirtualDisk(options);
  const fs = disk.processFs('p');
  fs.mkdirSync('/d', { mode: 0o700 });
  return { disk, fs };
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
  return 'nothing was thrown';
}

function planOnce(disk: VirtualDisk, onCall: string, fault: Fault): void {
  disk.plan = (_process, call) => {
    if (call !== onCall) return undefined;
    disk.plan = () => undefined;
    return fault;
  };
}

// Faults.

test('a file that was renamed or unlinked can still be written by its descriptor', () => {
  const { disk, fs } = newDisk();
  const file = fs.openSync('/d/a', NEW, 0o600);
  fs.renameSync('/d/a', '/d/b');
  fs.writeSync(file, Buffer.from('one'), 0, 3, 0);
  assert.equal(disk.content('/d/b').toString(), 'one');
  fs.unlinkSync('/d/b');
  fs.writeSync(file, Buffer.from('two'), 0, 3, 3);
  const read = Buffer.alloc(6);
  assert.equal(fs.readSync(file, read, 0, 6, 0), 6);
  assert.equal(read.toString(), 'onetwo');
  assert.equal(disk.usedBytes, 8192);
  fs.closeSync(file);
  assert.equal(disk.usedBytes, 4096, 'only the directory takes space');
});

test('a file that is replaced by a rename frees its space', () => {
  const { disk, fs } = newDisk();
  for (const [path, bytes] of [
    ['/d/a', 1],
    ['/d/b', 9000],
  ] as const) {
    const file = fs.openSync(path, NEW, 0o600);
    fs.writeSync(file, Buffer.alloc(bytes), 0, bytes, 0);
    fs.closeSync(file);
  }
  assert.equal(disk.usedBytes, 5 * 4096);
  fs.renameSync('/d/a', '/d/b');
  assert.equal(disk.usedBytes, 2 * 4096);
});

test('a planned error fails the operation before it takes place, and with `done` after it', () => {
  const { disk, fs } = newDisk();
  planOnce(disk, 'mkdir', { kind: 'error', code: 'EIO' });
  assert.equal(
    codeOf(() => fs.mkdirSync('/d/x')),
    'EIO',
  );
  assert.deepEqual(fs.readdirSync('/d'), []);
  planOnce(disk, 'mkdir', { kind: 'error', code: 'ETIMEDOUT', done: true });
  assert.equal(
    codeOf(() => fs.mkdirSync('/d/x')),
    'ETIMEDOUT',
  );
  assert.deepEqual(fs.readdirSync('/d'), ['x']);
  assert.equal(disk.faults, 2);
});

test('a short write transfers what the plan says, and the next one continues', () => {
  const { disk, fs } = newDisk();
  const file = fs.openSync('/d/a', NEW, 0o600);
  planOnce(disk, 'write', { kind: 'short', bytes: 2 });
  assert.equal(fs.writevSync(file, [Buffer.from('h'), Buffer.from('ello')], 0), 2);
  assert.equal(fs.writeSync(file, Buffer.from('hello'), 2, 3, 2), 3);
  assert.equal(disk.content('/d/a').toString(), 'hello');
});

test('a torn write leaves a part of its bytes and ends the process', () => {
  const { disk, fs } = newDisk();
  const killed: string[] = [];
  disk.onKill = (process) => killed.push(process);
  const file = fs.openSync('/d/a', NEW, 0o600);
  planOnce(disk, 'write', { kind: 'torn', bytes: 3 });
  assert.throws(() => fs.writeSync(file, Buffer.from('hello'), 0, 5, 0), Crash);
  assert.throws(() => fs.closeSync(file), Crash, 'the process does nothing more');
  assert.throws(() => fs.lstatSync('/d'), Crash);
  assert.equal(disk.content('/d/a').toString(), 'hel');
  assert.deepEqual(killed, ['p']);
  assert.deepEqual(disk.processFs('p').readdirSync('/d'), ['a'], 'a new process may have the name');
});

test('a crash before an operation prevents it, a crash after it does not', () => {
  for (const when of ['before', 'after'] as const) {
    const { disk, fs } = newDisk();
    planOnce(disk, 'mkdir', { kind: 'crash', when });
    assert.throws(() => fs.mkdirSync('/d/x'), Crash);
    assert.deepEqual(disk.paths(), when === 'after' ? ['/d', '/d/x'] : ['/d']);
  }
});

test('killing one process leaves the others their descriptors', () => {
  const { disk, fs } = newDisk();
  const other = disk.processFs('q');
  const file = fs.openSync('/d/a', NEW, 0o600);
  const same = other.openSync('/d/a', O_RDWR);
  assert.equal(
    codeOf(() => other.closeSync(same + 1)),
    'EBADF',
  );
  disk.kill('p');
  assert.throws(() => fs.fstatSync(file), Crash);
  assert.equal(other.writeSync(same, Buffer.from('x'), 0, 1, 0), 1);
  assert.deepEqual([disk.openDescriptors('p'), disk.openDescriptors('q')], [0, 1]);
});

test('a full disk takes a part of a write, then none, and still lets bytes be overwritten and files be removed', () => {
  const { disk, fs } = newDisk({ capacityBytes: 4 * 4096 });
  const file = fs.openSync('/d/a', NEW, 0o600);
  const bytes = Buffer.alloc(20_000, 'x');
  assert.equal(fs.writeSync(file, bytes, 0, bytes.length, 0), 3 * 4096);
  assert.equal(
    codeOf(() => fs.writeSync(file, bytes, 0, 1, 3 * 4096)),
    'ENOSPC',
  );
  assert.equal(fs.writeSync(file, Buffer.alloc(5000, 'y'), 0, 5000, 100), 5000);
  const other = fs.openSync('/d/b', NEW, 0o600);
  assert.equal(
    codeOf(() => fs.writeSync(other, bytes, 0, 1, 0)),
    'ENOSPC',
  );
  fs.ftruncateSync(file, 4096);
  assert.equal(fs.writeSync(other, bytes, 0, bytes.length, 0), 2 * 4096);
  fs.closeSync(file);
  fs.unlinkSync('/d/a');
  assert.equal(disk.usedBytes, 3 * 4096);
});

test('a file that was only made longer has holes, and a full disk has no room for them', () => {
  const { fs } = newDisk({ capacityBytes: 2 * 4096 });
  const file = fs.openSync('/d/a', NEW, 0o600);
  fs.ftruncateSync(file, 12_288);
  assert.equal(fs.writeSync(file, Buffer.from('x'), 0, 1, 4096), 1);
  assert.equal(
    codeOf(() => fs.writeSync(file, Buffer.from('x'), 0, 1, 0)),
    'ENOSPC',
  );
  assert.equal(fs.fstatSync(file).size, 12_288);
});

test('a process has no more descriptors than its limit', () => {
  const { fs, disk } = newDisk({ maxDescriptors: 1 });
  const file = fs.openSync('/d/a', NEW, 0o600);
  assert.equal(
    codeOf(() => fs.openSync('/d/a', O_RDONLY)),
    'EMFILE',
  );
  fs.closeSync(file);
  assert.equal(fs.openSync('/d/a', O_RDONLY), file, 'the lowest free number');
  assert.equal(disk.processFs('q').openSync('/d/a', O_RDONLY), file, 'each process counts for itself');
});

test('files carry the time of the file system and the owner that the test set', () => {
  let nowMs = 5000;
  const { fs, disk } = newDisk({ nowMs: () => nowMs, uid: 7 });
  const file = fs.openSync('/d/a', NEW, 0o600);
  nowMs = 6000;
  fs.writeSync(file, Buffer.from('x'), 0, 1, 0);
  assert.deepEqual([fs.lstatSync('/d/a').mtimeMs, fs.lstatSync('/d').mtimeMs], [6000, 5000]);
  disk.setOwner('/d', { uid: 8, mode: 0o777 });
  assert.deepEqual([fs.lstatSync('/d').uid, fs.lstatSync('/d').mode & 0o777, fs.lstatSync('/d/a').uid], [8, 0o777, 7]);
});

// Power loss.

test('a power loss keeps all synced bytes and names', () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const { disk, fs } = newDisk();
    const root = fs.openSync('/', O_RDONLY);
    const directory = fs.openSync('/d', O_RDONLY);
    const file = fs.openSync('/d/a', NEW, 0o600);
    const synced = Buffer.alloc(10_000, 's');
    fs.writeSync(file, synced, 0, synced.length, 0);
    fs.fdatasyncSync(file);
    fs.fsyncSync(directory);
    fs.fsyncSync(root);
    fs.writeSync(file, Buffer.alloc(10_000, 'u'), 0, 10_000, 10_000);
    disk.losePower(seededRandom(seed));
    const content = disk.content('/d/a');
    assert.ok(content.subarray(0, 10_000).equals(synced));
    assert.ok(content.length <= 20_000);
    assert.match(content.toString('latin1', 10_000), /^[u\0]*$/);
    assert.throws(() => fs.fstatSync(file), Crash);
  }
});

test('unsynced bytes survive a power loss in every shape: none, a part at any byte, zeros in the middle, all', () => {
  const shapes = new Set<string>();
  const sizes = new Set<number>();
  for (let seed = 0; seed < 500; seed += 1) {
    const { disk, fs } = newDisk();
    for (const path of ['/', '/d']) fs.fsyncSync(fs.openSync(path, O_RDONLY));
    const file = fs.openSync('/d/a', NEW, 0o600);
    fs.fsyncSync(fs.openSync('/d', O_RDONLY));
    fs.writeSync(file, Buffer.alloc(10_000, 'u'), 0, 10_000, 0);
    disk.losePower(seededRandom(seed));
    const text = disk.content('/d/a').toString('latin1');
    sizes.add(text.length);
    if (text.length === 0) shapes.add('none');
    if (text === 'u'.repeat(10_000)) shapes.add('all');
    if (/u\0+u/.test(text)) shapes.add('zeros in the middle');
    if (/^u+$/.test(text) && text.length % 512 !== 0) shapes.add('a part');
  }
  assert.deepEqual([...shapes].sort(), ['a part', 'all', 'none', 'zeros in the middle']);
  assert.ok(sizes.size > 50);
});

test('a name that was not synced may be gone after a power loss, and a rename is never half done', () => {
  const found = new Set<string>();
  for (let seed = 0; seed < 300; seed += 1) {
    const { disk, fs } = newDisk();
    fs.mkdirSync('/e');
    fs.closeSync(fs.openSync('/d/a', NEW, 0o600));
    const [d, root] = [fs.openSync('/d', O_RDONLY), fs.openSync('/', O_RDONLY)];
    fs.fsyncSync(d);
    fs.fsyncSync(root);
    fs.renameSync('/d/a', '/e/b');
    if (seed % 3 === 0) fs.fsyncSync(d);
    fs.unlinkSync('/e/b');
    fs.mkdirSync('/f');
    disk.losePower(seededRandom(seed));
    found.add(`${seed % 3 === 0 ? 'synced' : 'not synced'}: ${disk.paths().join(' ')}`);
  }
  assert.deepEqual(
    [...found].sort(),
    [
      'not synced: /d /d/a /e',
      'not synced: /d /e',
      'not synced: /d /e /e/b',
      'not synced: /d /e /f',
      'synced: /d /e',
      'synced: /d /e /e/b',
      'synced: /d /e /f',
    ].sort(),
  );
});

test('the sync of a renamed name brings the names it depends on', () => {
  // Chance keeps none of the other changes, or some of them.
  for (const chance of [0, 0.99]) {
    const { disk, fs } = newDisk();
    fs.mkdirSync('/e');
    fs.closeSync(fs.openSync('/d/a', NEW, 0o600));
    fs.renameSync('/d/a', '/e/a');
    fs.fsyncSync(fs.openSync('/e', O_RDONLY));
    fs.fsyncSync(fs.openSync('/', O_RDONLY));
    disk.losePower(() => chance);
    assert.deepEqual(disk.paths(), ['/d', '/e', '/e/a']);
  }
});

test('after a sync that failed, a later sync does not save the bytes', () => {
  const { disk, fs } = newDisk();
  for (const path of ['/', '/d']) fs.fsyncSync(fs.openSync(path, O_RDONLY));
  const file = fs.openSync('/d/a', NEW, 0o600);
  fs.fsyncSync(fs.openSync('/d', O_RDONLY));
  fs.writeSync(file, Buffer.from('lost'), 0, 4, 0);
  planOnce(disk, 'fdatasync', { kind: 'error', code: 'EIO' });
  assert.equal(
    codeOf(() => fs.fdatasyncSync(file)),
    'EIO',
  );
  fs.fdatasyncSync(file);
  assert.equal(disk.content('/d/a').toString(), 'lost', 'the cache still has them');
  disk.losePower(() => 0);
  assert.equal(disk.content('/d/a').toString(), '\0\0\0\0');
});

test('bytes that the kernel wrote back survive a power loss, in the version of that moment', () => {
  const { disk, fs } = newDisk();
  for (const path of ['/', '/d']) fs.fsyncSync(fs.openSync(path, O_RDONLY));
  const file = fs.openSync('/d/a', NEW, 0o600);
  fs.fsyncSync(fs.openSync('/d', O_RDONLY));
  fs.writeSync(file, Buffer.from('first'), 0, 5, 0);
  disk.writeBack(() => 0.9);
  fs.writeSync(file, Buffer.from('other'), 0, 5, 0);
  disk.losePower(() => 0);
  assert.equal(disk.content('/d/a').toString(), 'first');
});

test('a clone changes apart from its disk, and loses the same with the power', () => {
  const { disk, fs } = newDisk();
  const file = fs.openSync('/d/a', NEW, 0o600);
  fs.writeSync(file, Buffer.alloc(9000, 'x'), 0, 9000, 0);
  const copy = disk.clone();
  const other = copy.processFs('shadow');
  assert.equal(other.readFileSync('/d/a', 'latin1'), 'x'.repeat(9000));
  other.writeSync(other.openSync('/d/a', O_RDWR), Buffer.from('copy'), 0, 4, 0);
  fs.writeSync(file, Buffer.from('disk'), 0, 4, 4100);
  assert.equal(copy.content('/d/a').toString('latin1', 0, 4104), `copy${'x'.repeat(4100)}`);
  other.unlinkSync('/d/a');
  assert.equal(disk.content('/d/a').toString('latin1', 0, 4), 'xxxx');
  assert.equal(disk.content('/d/a').toString('latin1', 4100, 4104), 'disk');
  assert.deepEqual(copy.paths(), ['/d']);
  disk.clone().losePower(() => 0);
  assert.deepEqual(disk.paths(), ['/d', '/d/a']);
  const dark = disk.clone();
  dark.losePower(() => 0);
  assert.deepEqual(dark.paths(), [], 'nothing was synced');
});
