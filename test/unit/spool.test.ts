// The spool on a real file system.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import nodeFs, {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { SealedBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { logsOf } from '@putlogs/core/internal/batch/walk';
import { GRACE_MS, Spool, type SpoolEntry, type SpoolOptions } from '@putlogs/core/internal/spool/directory';
import { decodeBatch, encodeBatch } from '@putlogs/core/internal/spool/file';
import { LEASE_MS, type Owner, ownIdentity } from '@putlogs/core/internal/spool/owner';
import { Crash, Disk } from '../support/spool-disk';

const root = mkdtempSync(join(tmpdir(), 'putlogs-spool-'));
after(() => rmSync(root, { recursive: true }));
let directories = 0;

/** A process that is no more. */
const DEAD: Owner = { ...ownIdentity(), startTicks: 'never' };
const NEVER_BUSY = () => false;

function optionsOf(options: Partial<SpoolOptions> = {}): SpoolOptions {
  directories += 1;
  const dir = join(root, String(directories));
  return {
    dir,
    maxBytes: 1e9,
    fsync: false,
    destination: 'volc-tls topic',
    instance: 'one',
    wallMs: Date.now,
    ...options,
  };
}

function opened(options: SpoolOptions): Spool {
  const spool = new Spool(options);
  assert.equal(spool.open(), undefined);
  return spool;
}

function batchOf(firstRecord: number, count = 10, bytes = 100): SealedBatch {
  const body = Buffer.alloc(bytes, `${firstRecord} `);
  const hashKey = 'a'.repeat(32);
  return {
    firstRecord,
    packId: 'P-1',
    hashKey,
    count,
    rawBytes: 500,
    entriesFrom: 4,
    entriesTo: 480,
    codec: 'lz4',
    body,
  };
}

function put(spool: Spool, batch: SealedBatch): SpoolEntry {
  const result = spool.put(batch, NEVER_BUSY);
  assert.ok(result.kind === 'spooled', JSON.stringify(result));
  return result.entry;
}

function adopted(spool: Spool): SpoolEntry[] {
  const entries = spool.adopt();
  assert.ok(Array.isArray(entries), JSON.stringify(entries));
  return entries;
}

function read(spool: Spool, entry: SpoolEntry): SealedBatch {
  const result = spool.read(entry);
  assert.ok(result.kind === 'batch', JSON.stringify(result));
  return result.batch;
}

test('a batch comes back from its file as it was', () => {
  for (const codec of ['none', 'lz4', 'zlib'] as const) {
    const batch = { ...batchOf(2 ** 40), codec, hashKey: '' };
    assert.deepEqual(decodeBatch(encodeBatch(batch)), { kind: 'batch', batch });
  }
});

test('the files that version 1 wrote are read, and would be written the same', () => {
  // As the shipper that left them named it; see `Target.destination`.
  const destination = JSON.stringify({
    service: 'volc-tls',
    endpoint: 'http://127.0.0.1:9',
    region: 'cn-beijing',
    topicId: 'a-topic',
  });
  const options = optionsOf({ destination });
  cpSync(join(__dirname, '../../fixtures/spool/v1'), options.dir, { recursive: true });
  const spool = opened(options);
  const entries = adopted(spool);
  const batches = entries.map((entry) => read(spool, entry));
  assert.deepEqual(
    batches.map(({ codec, count, hashKey }) => [codec, count, hashKey]),
    (['none', 'lz4', 'zlib'] as const).map((codec) => [codec, 3, createHash('md5').update('one').digest('hex')]),
  );
  const numbers = batches.flatMap((batch) => logsOf(batch)).map((log) => /第(\d)条 x{40}/.exec(log.toString())?.[1]);
  assert.deepEqual(numbers, ['0', '1', '2', '3', '4', '5', '6', '7', '8']);
  for (const [i, entry] of entries.entries()) {
    assert.deepEqual(encodeBatch(batches[i]!), readFileSync(entry.path));
  }
});

test('no beginning of a file, and no file with one bit changed, is taken for a batch', () => {
  const file = encodeBatch(batchOf(7, 3, 40));
  for (let bytes = 0; bytes < file.length; bytes += 1)
    assert.equal(decodeBatch(file.subarray(0, bytes)).kind, 'damaged');
  assert.equal(decodeBatch(Buffer.concat([file, Buffer.alloc(1)])).kind, 'damaged');
  for (let bit = 0; bit < file.length * 8; bit += 1) {
    const changed = Buffer.from(file);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.notEqual(decodeBatch(changed).kind, 'batch', `bit ${bit}`);
  }
});

test('what a dead run left is adopted, in order, and sent under its own hash key', () => {
  const options = optionsOf();
  const first = opened({ ...options, owner: DEAD });
  for (const firstRecord of [300, 0, 20]) put(first, batchOf(firstRecord));
  const second = opened(options);
  const entries = adopted(second);
  assert.deepEqual(
    entries.map(({ firstRecord }) => firstRecord),
    [0, 20, 300],
  );
  assert.deepEqual(read(second, entries[2]!), batchOf(300));
  assert.equal(
    second.bytes,
    entries.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  assert.deepEqual(adopted(second), []);
  for (const entry of entries) assert.equal(second.remove(entry), undefined);
  second.close();
  assert.deepEqual(readdirSync(options.dir), []);
});

test('what a living run has is its own, and free at once when it closes', () => {
  const options = optionsOf();
  const living = opened(options);
  put(living, batchOf(0));
  const other = opened(options);
  assert.deepEqual(adopted(other), []);
  living.close();
  assert.equal(adopted(other).length, 1);
});

test('of many that want the same, one gets it', () => {
  const options = optionsOf();
  for (const n of [0, 1, 2]) put(opened({ ...options, owner: DEAD, wallMs: () => 1e12 + n }), batchOf(n));
  const heirs = Array.from({ length: 8 }, () => opened(options));
  const got = heirs.flatMap(adopted).map(({ firstRecord }) => firstRecord);
  assert.deepEqual(got.sort(), [0, 1, 2]);
});

test('what a dead worker of this process left is the next one’s at once, whoever’s it was, and counted only once', () => {
  const options = optionsOf();
  const first = opened({ ...options, runs: { own: 'a'.repeat(18), dead: [] } });
  put(first, batchOf(0));
  const adoptedBefore = opened({ ...options, instance: 'other', owner: DEAD });
  put(adoptedBefore, batchOf(1));
  const second = opened({ ...options, runs: { own: 'b'.repeat(18), dead: ['a'.repeat(18)] } });
  assert.deepEqual(
    adopted(second).map(({ firstRecord, inherited }) => [firstRecord, inherited]),
    [[0, true]],
    'and not that of another dead instance, which has its minute',
  );
  const third = opened({ ...options, runs: { own: 'c'.repeat(18), dead: ['a'.repeat(18), 'b'.repeat(18)] } });
  assert.equal(adopted(third).length, 1);
});

test('a run of this process that renews its lease no more has ended with its thread', () => {
  const options = optionsOf();
  const thread = opened(options);
  put(thread, batchOf(0));
  assert.deepEqual(adopted(opened(options)), []);
  const later = opened({ ...options, wallMs: () => Date.now() + LEASE_MS + 1000 });
  assert.equal(adopted(later).length, 1);
});

test('a directory that its successor takes away in this very moment does not keep a process from its own', () => {
  const options = optionsOf();
  put(opened({ ...options, owner: DEAD, instance: 'other' }), batchOf(0));
  put(opened({ ...options, owner: DEAD }), batchOf(10));
  let vanished = 0;
  const mine = createHash('sha256').update('one').digest('hex').slice(0, 8);
  const lstatSync = ((path: string) => {
    if (!/\.[0-9a-f]{18}$/.test(path) || path.includes(mine)) return nodeFs.lstatSync(path);
    vanished += 1;
    throw Object.assign(new Error('ENOENT: gone'), { code: 'ENOENT' });
  }) as SpoolOptions['fs'] extends infer F ? (F extends { lstatSync: infer L } ? L : never) : never;
  const heir = opened({ ...options, fs: { ...nodeFs, lstatSync } });
  assert.deepEqual(
    adopted(heir).map(({ firstRecord }) => firstRecord),
    [10],
  );
  assert.ok(vanished > 0);
});

test('the oldest run’s batches come first', () => {
  const options = optionsOf();
  const young = opened({ ...options, owner: DEAD, wallMs: () => 2e12 });
  const old = opened({ ...options, owner: DEAD, wallMs: () => 1e12 });
  put(young, batchOf(0));
  put(old, batchOf(50));
  assert.deepEqual(
    adopted(opened(options)).map(({ firstRecord }) => firstRecord),
    [50, 0],
  );
});

test('an heir that dies leaves the inheritance to the next', () => {
  const options = optionsOf();
  put(opened({ ...options, owner: DEAD }), batchOf(0));
  assert.equal(adopted(opened({ ...options, owner: DEAD })).length, 1);
  assert.equal(adopted(opened(options)).length, 1);
});

test('another instance’s batches are left to its successor for a minute, and then taken by whoever is there', () => {
  const options = optionsOf();
  const dead = opened({ ...options, owner: DEAD, instance: 'other' });
  put(dead, batchOf(0));
  const early = opened(options);
  assert.deepEqual(adopted(early), []);
  const late = opened({ ...options, wallMs: () => Date.now() + GRACE_MS + 1000 });
  assert.equal(adopted(late).length, 1);
  put(opened({ ...options, owner: DEAD, instance: 'other' }), batchOf(10));
  assert.equal(adopted(opened({ ...options, instance: 'other' })).length, 1);
});

test('batches for another destination are left alone', () => {
  const options = optionsOf();
  put(opened({ ...options, owner: DEAD, destination: 'volc-tls another topic' }), batchOf(0));
  assert.deepEqual(adopted(opened(options)), []);
});

test('a run that cannot be seen is alive while its lease is young', () => {
  const options = optionsOf();
  const elsewhere: Owner = { host: 'another', pid: 1, pidSpace: 'another boot', startTicks: '5' };
  put(opened({ ...options, owner: elsewhere }), batchOf(0));
  assert.deepEqual(adopted(opened(options)), []);
  const ownerFile = readdirSync(options.dir).find(
    (name) => name.endsWith('.owner') && readFileSync(join(options.dir, name), 'utf8').includes('another'),
  )!;
  const longAgo = (Date.now() - LEASE_MS - 1000) / 1000;
  utimesSync(join(options.dir, ownerFile), longAgo, longAgo);
  assert.equal(adopted(opened(options)).length, 1);
});

test('a damaged file is set aside, counted from its name, and its neighbours are read', () => {
  const options = optionsOf();
  const spool = opened(options);
  const [good, bad, other] = [put(spool, batchOf(0)), put(spool, batchOf(10)), put(spool, batchOf(20))];
  const bytes = readFileSync(bad.path);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(bad.path, bytes);
  const result = spool.read(bad);
  assert.deepEqual(result, { kind: 'damaged', why: 'its checksum does not hold' });
  assert.equal(bad.count, 10);
  assert.equal(readdirSync(join(options.dir, 'damaged')).length, 1);
  assert.deepEqual(read(spool, good), batchOf(0));
  assert.deepEqual(read(spool, other), batchOf(20));
  assert.equal(spool.bytes, good.bytes + other.bytes);
});

test('a file of a later version is left for it', () => {
  const options = optionsOf();
  const spool = opened(options);
  const entry = put(spool, batchOf(0));
  const bytes = readFileSync(entry.path);
  bytes.writeUInt16LE(2, 4);
  writeFileSync(entry.path, bytes);
  assert.deepEqual(spool.read(entry), { kind: 'newer', version: 2 });
  assert.ok(existsSync(entry.path));
});

test('files, links and directories that are not ours are not touched', () => {
  const options = optionsOf();
  const dead = opened({ ...options, owner: DEAD });
  const entry = put(dead, batchOf(0));
  const directory = join(entry.path, '..');
  writeFileSync(join(directory, 'notes.txt'), 'mine');
  writeFileSync(join(options.dir, 'README'), 'mine');
  mkdirSync(join(options.dir, 'a directory'));
  symlinkSync('/etc/passwd', join(directory, '00000000000001-5.batch'));
  mkdirSync(join(directory, '00000000000002-5.batch'));
  writeFileSync(join(directory, '00000000000003-5.tmp'), 'half');
  const heir = opened(options);
  const entries = adopted(heir);
  assert.equal(entries.length, 1);
  const left = readdirSync(join(entries[0]!.path, '..'));
  assert.deepEqual(left.sort(), [
    '00000000000000-10.batch',
    '00000000000001-5.batch',
    '00000000000002-5.batch',
    'notes.txt',
  ]);
  assert.ok(existsSync(join(options.dir, 'README')));
});

test('a pipe in the spool’s place for files is not opened', (t) => {
  const options = optionsOf();
  const entry = put(opened({ ...options, owner: DEAD }), batchOf(0));
  const pipe = join(entry.path, '..', '00000000000001-5.batch');
  if (spawnSync('mkfifo', [pipe]).status !== 0) return t.skip('this machine has no mkfifo');
  spawnSync('mkfifo', [join(options.dir, `${'0'.repeat(18)}.owner`)]);
  // Opened, either would wait for a writer for ever.
  assert.equal(adopted(opened(options)).length, 1);
});

test('a run that dies while it sets a damaged file aside leaves that to the next', () => {
  for (let at = 1; ; at += 1) {
    const disk = new Disk();
    const options = { ...optionsOf(), fs: disk.fs, owner: DEAD };
    const first = opened(options);
    const bad = put(first, batchOf(0));
    put(first, batchOf(10));
    const bytes = Buffer.from(disk.data(bad.path));
    bytes[bytes.length - 1]! ^= 1;
    disk.set(bad.path, bytes);
    const before = disk.operations;
    disk.plan = (operation) => (operation === before + at ? { kind: 'crash' } : undefined);
    try {
      first.read(bad);
    } catch (error) {
      assert.ok(error instanceof Crash);
    }
    const crashed = disk.operations === before + at;
    disk.restart('kept');
    const next = opened(options);
    const kinds = adopted(next).map((entry) => next.read(entry).kind);
    assert.deepEqual(kinds.slice(-1), ['batch']);
    assert.equal(disk.files().filter((path) => path.includes('/damaged/')).length, 1, `at ${at}`);
    if (!crashed) return;
  }
});

test('a clock that is set back changes neither a run’s order nor who may have what it left', () => {
  let nowMs = Date.now();
  const options = optionsOf({ wallMs: () => nowMs });
  const run = opened({ ...options, owner: DEAD });
  for (const firstRecord of [0, 10, 20]) {
    put(run, batchOf(firstRecord));
    nowMs -= 3_600_000;
  }
  assert.equal(run.renew(), undefined);
  nowMs -= 365 * 24 * 3_600_000;
  assert.deepEqual(
    adopted(opened(options)).map(({ firstRecord }) => firstRecord),
    [0, 10, 20],
  );
});

test('beyond maxBytes the oldest is dropped, but not one that is being sent', () => {
  const bytes = encodeBatch(batchOf(0)).length;
  const spool = opened(optionsOf({ maxBytes: 3 * bytes }));
  const entries = [0, 10, 20].map((firstRecord) => put(spool, batchOf(firstRecord)));
  const result = spool.put(batchOf(30), (entry) => entry === entries[0]);
  assert.ok(result.kind === 'spooled');
  assert.deepEqual(result.dropped, [entries[1]]);
  assert.ok(spool.bytes <= 3 * bytes);
  assert.ok(existsSync(entries[0]!.path) && !existsSync(entries[1]!.path));
});

test('nobody else may read it', () => {
  const options = optionsOf();
  const entry = put(opened(options), batchOf(0));
  assert.equal(statSync(options.dir).mode & 0o777, 0o700);
  assert.equal(statSync(join(entry.path, '..')).mode & 0o777, 0o700);
  assert.equal(statSync(entry.path).mode & 0o777, 0o600);
});

test('a directory that is deleted while in use is made anew', () => {
  const options = optionsOf();
  const spool = opened(options);
  const entry = put(spool, batchOf(0));
  rmSync(options.dir, { recursive: true });
  const after = put(spool, batchOf(10));
  assert.deepEqual(read(spool, after), batchOf(10));
  assert.equal(spool.read(entry).kind, 'failed');
  assert.equal(spool.remove(entry), undefined);
});

test('a place that cannot be written is an answer, with the system’s code', {
  skip: process.getuid?.() === 0 ? 'root may write everywhere' : false,
}, () => {
  const options = optionsOf();
  mkdirSync(options.dir);
  chmodSync(options.dir, 0o500);
  const failure = new Spool(options).open();
  assert.equal(failure?.code, 'EACCES');
});

test('a file where the directory should be is an answer', () => {
  const options = optionsOf();
  writeFileSync(options.dir, '');
  assert.equal(new Spool(options).open()?.code, 'EEXIST');
  assert.equal(new Spool({ ...options, dir: join(options.dir, 'below') }).open()?.code, 'ENOTDIR');
});

test('a place where no directory can be made is an answer, at once', {
  skip: existsSync('/proc/self') ? false : 'there is no /proc',
}, () => {
  // node's own recursion never returns from here.
  assert.equal(new Spool({ ...optionsOf(), dir: '/proc/putlogs/spool' }).open()?.code, 'ENOENT');
});

test('a directory is made with those above it, for its owner alone, and may be there', () => {
  const options = optionsOf();
  const dir = join(options.dir, 'above', 'below');
  for (let time = 0; time < 2; time += 1) assert.equal(new Spool({ ...options, dir }).open(), undefined);
  assert.equal(statSync(dir).mode & 0o777, 0o700);
});

test('nothing of a batch’s way in is in its file: no key, no signature', () => {
  const file = encodeBatch(batchOf(0)).toString('latin1');
  assert.doesNotMatch(file, /secret|Credential|Signature|Authorization/i);
});
