// A spool, as a read-only tool sees it.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readOnlyFs } from '@putlogs/core/internal/maintenance/read-only-fs';
import { ownIdentity } from '@putlogs/core/internal/spool/identity';
import { encodeOwner, type OwnerRecord } from '@putlogs/core/internal/spool/owner-file';
import {
  damagedIn,
  destinationOf,
  entriesOf,
  type Finding,
  lastUnfinishedOf,
  ownersIn,
  partsIn,
  readBatch,
  type SurveyedEntry,
  type SurveyedPart,
} from '@putlogs/core/tools';
import { segmentsIn, spooledRecords, temporaryDirectory } from '../support/directory';
import { batchOf, journalIn, journalOptions } from '../support/journals';
import { START_MS } from '../support/start-time';

const RUN = '018f3b2c4d5ea1b2c3';
const LATER_RUN = '018f3b2c4d5fa1b2c3';

function onlyPart(dir: string): SurveyedPart {
  const [part, ...others] = [...partsIn(dir)];
  assert.ok(part !== undefined && others.length === 0);
  return part;
}

function findings(dir: string, mayLive = false): Finding[] {
  return [...entriesOf(onlyPart(dir), { mayLive })].map((found) =>
    found.kind === 'entry' ? { ...found, batch: { ...found.batch, body: Buffer.from(found.batch.body) } } : found,
  );
}

function entriesIn(dir: string): SurveyedEntry[] {
  return findings(dir).flatMap((found) => (found.kind === 'entry' ? found : []));
}

const kinds = (found: readonly Finding[]) => found.map(({ kind }) => kind);

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 0x10;
  writeFileSync(path, bytes);
}

/** Names, sizes, times and bytes of all that is below a directory. */
function treeOf(dir: string): unknown[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const stat = lstatSync(join(dir, name));
      const bytes = stat.isFile() ? readFileSync(join(dir, name)).toString('hex') : '';
      return [name, stat.mode, stat.size, stat.mtimeMs, stat.ctimeMs, stat.nlink, bytes];
    });
}

test('a part has its names, its texts, its segments, and the records that are not finished', () => {
  const dir = temporaryDirectory('survey');
  const one = journalIn(dir, { run: LATER_RUN, owner: 'free' });
  for (let n = 0; n < 5; n += 1) one.append(batchOf(n * 10, 10));
  one.writer.close();
  const elsewhere = journalIn(dir, { run: RUN, instance: 'two', destination: '{"topicId":"another"}' });
  elsewhere.append(batchOf(0, 3));
  const parts = [...partsIn(dir)];
  assert.deepEqual(
    parts.map(({ name, instance, destination, segments, unfinished, failure }) => {
      return [name.origin, name.owner, instance, destination, segments, unfinished, failure];
    }),
    [
      [RUN, RUN, 'two', '{"topicId":"another"}', 1, 3, undefined],
      [LATER_RUN, 'free', 'one', one.journal.text.destination, 1, 50, undefined],
    ],
  );
  assert.equal(parts[1]!.bytes, lstatSync(join(dir, segmentsIn(dir).at(-1)!)).size);
  const configured = destinationOf(journalOptions);
  assert.deepEqual(
    parts.map((part) => configured.isFor(part)),
    [false, true],
  );
  assert.equal(spooledRecords(dir), 53);
});

test('entries come one at a time, as they were written', () => {
  const dir = temporaryDirectory('entries');
  const { append } = journalIn(dir);
  const batches = [batchOf(0, 1), batchOf(1, 20), batchOf(21, 3)];
  for (const batch of batches) append(batch);
  const entries = entriesIn(dir);
  assert.deepEqual(
    entries.map(({ batch }) => [batch.packId, batch.count, batch.body, batch.hashKey]),
    batches.map(({ packId, count, body }) => [packId, count, body, 'a'.repeat(32)]),
  );
  const numbers = entries.flatMap(({ batch }) => [...readBatch(batch).records].map(({ contents }) => contents['n']));
  assert.deepEqual(
    numbers,
    Array.from({ length: 24 }, (_, n) => `${n}`),
  );
  assert.deepEqual(
    entries.map(({ isFinished }) => isFinished),
    [false, false, false],
  );
});

test('an entry is finished below the mark, and behind it if its progress says so', () => {
  const dir = temporaryDirectory('finished');
  const { journal, append } = journalIn(dir);
  const units = Array.from({ length: 5 }, (_, n) => append(batchOf(n * 10, 10)));
  journal.finish(units[0]!, 0, 10, 'delivered');
  journal.finish(units[1]!, 2, 5, 'rejected');
  journal.finish(units[3]!, 0, 10, 'delivered');
  assert.deepEqual(
    entriesIn(dir).map(({ finished, isFinished }) => [finished.ranges, isFinished]),
    [
      [[{ from: 0, to: 10 }], true],
      [[{ from: 2, to: 5 }], false],
      [[], false],
      [[{ from: 0, to: 10 }], true],
      [[], false],
    ],
  );
  assert.equal(onlyPart(dir).unfinished, 27);
  const fromMark = [...entriesOf(onlyPart(dir), { mayLive: false, fromMark: true })];
  assert.equal(fromMark.length, 4);
  journal.finish(units[4]!, 0, 10, 'delivered');
  const [first] = readBatch(lastUnfinishedOf(onlyPart(dir))!.batch).records;
  assert.equal(first!.time, START_MS + 20);
});

test('the progress of entries that were joined is that of each of them', () => {
  const dir = temporaryDirectory('joined');
  const { journal, append } = journalIn(dir);
  for (let n = 0; n < 4; n += 1) append(batchOf(n * 5, 5));
  const taken = journal.next({ maxBytes: 1e6, maxCount: 15 });
  assert.ok(taken.kind === 'unit' && taken.entries.length === 3);
  journal.finish(taken.unit, 3, 12, 'rejected');
  assert.deepEqual(
    entriesIn(dir).map(({ finished }) => finished.ranges),
    [[{ from: 3, to: 5 }], [{ from: 0, to: 5 }], [{ from: 0, to: 2 }], []],
  );
  assert.equal(onlyPart(dir).unfinished, 11);
});

test('a damaged entry is reported with its lost records, and those behind it are read', () => {
  const dir = temporaryDirectory('damaged');
  const { journal, append } = journalIn(dir);
  const units = Array.from({ length: 6 }, (_, n) => append(batchOf(n * 10, 10)));
  const path = join(dir, segmentsIn(dir)[0]!);
  flip(path, units[1]!.next.offset - 3);
  flip(path, units[3]!.start.offset + 30);
  const found = findings(dir);
  assert.deepEqual(kinds(found), ['entry', 'damaged', 'entry', 'damaged', 'entry', 'entry']);
  const damaged = found.flatMap((one) => (one.kind === 'damaged' ? [one] : []));
  assert.deepEqual(damaged, [
    {
      kind: 'damaged',
      path,
      offset: units[1]!.start.offset,
      why: 'the checksum of an entry does not hold',
      records: 10,
    },
    { kind: 'damaged', path, offset: units[3]!.start.offset, why: 'the header of an entry is damaged', records: 10 },
  ]);
  for (const unit of units.slice(0, 3)) journal.finish(unit, 0, 10, 'delivered');
  const later = findings(dir).flatMap((one) => (one.kind === 'damaged' ? [one.records] : []));
  assert.deepEqual(later, [0, 10], 'what is below the mark was lost before');
});

test('every prefix of a segment is read up to its last whole entry, and its rest is torn, or being written', () => {
  const dir = temporaryDirectory('prefix');
  const { append } = journalIn(dir);
  const ends = Array.from({ length: 3 }, (_, n) => append(batchOf(n, 1)).next.offset);
  const path = join(dir, segmentsIn(dir)[0]!);
  const whole = readFileSync(path);
  for (let length = 0; length <= whole.length; length += 1) {
    writeFileSync(path, whole.subarray(0, length));
    const entries = ends.filter((end) => end <= length).length;
    const isWhole =
      length === 0 || ends.includes(length) || length === onlyPart(dir).journals[0]!.segments[0]!.start.offset;
    const before = Array.from({ length: entries }, () => 'entry');
    assert.deepEqual(kinds(findings(dir)), isWhole ? before : [...before, 'torn'], `${length} bytes, dead`);
    const living = kinds(findings(dir, true));
    assert.deepEqual(living, isWhole ? before : [...before, 'being written'], `${length} bytes, alive`);
    assert.equal(spooledRecords(dir), entries);
  }
});

test('records that a later segment counts and that are not there are damage, not a torn tail', () => {
  const dir = temporaryDirectory('gap');
  const { writer, append } = journalIn(dir, { maxBytes: 64 * 1024 * 16 });
  const units = Array.from({ length: 40 }, (_, n) =>
    append({ ...batchOf(n * 10, 10), codec: 'none', body: Buffer.alloc(4096, n) }),
  );
  writer.close();
  const [first, ...others] = segmentsIn(dir);
  assert.ok(others.length > 1);
  const inFirst = units.filter(({ segment }) => segment === units[0]!.segment);
  const whole = readFileSync(join(dir, first!));
  truncateSync(join(dir, first!), inFirst.at(-2)!.next.offset - 1);
  const damaged = findings(dir, true).filter(({ kind }) => kind !== 'entry');
  assert.deepEqual(damaged, [
    {
      kind: 'damaged',
      path: join(dir, first!),
      offset: inFirst.at(-2)!.start.offset,
      why: 'the end of the segment is missing',
      records: 20,
    },
  ]);
  writeFileSync(join(dir, first!), whole);
  flip(join(dir, others[0]!), 20);
  const [header] = findings(dir).filter(({ kind }) => kind !== 'entry');
  const inSecond = units.filter(({ segment }) => segment.number === 2).length;
  const why = 'the header of the segment is damaged';
  assert.deepEqual(header, { kind: 'damaged', path: join(dir, others[0]!), offset: 0, why, records: inSecond * 10 });
  assert.equal(spooledRecords(dir), 400, 'they are lost only when a transport has reached them');
});

test('a batch that was appended twice, because the first append seemed to fail, counts once', () => {
  const dir = temporaryDirectory('twin');
  const { path, run, append, writer } = journalIn(dir, { maxBytes: 64 * 1024 * 16 });
  for (let n = 0; n < 2; n += 1) append(batchOf(n * 10, 10));
  const segment = join(path, '000-00000001.seg');
  const retired = readFileSync(segment);
  append(batchOf(20, 10, 'TWIN-3'));
  const withTwin = readFileSync(segment);
  writer.close();
  rmSync(path, { recursive: true });
  const again = journalIn(dir, { run, maxBytes: 64 * 1024 * 16 });
  for (let n = 0; n < 2; n += 1) again.append(batchOf(n * 10, 10));
  // A second segment begins behind the first one's two entries.
  const body = Buffer.alloc(65_000);
  const big = again.append({ ...batchOf(20, 10, 'TWIN-3'), codec: 'none', body });
  assert.equal(big.segment.number, 2);
  assert.ok(retired.length < withTwin.length);
  writeFileSync(segment, withTwin);
  const found = findings(dir).map((one) => (one.kind === 'entry' ? [one.isRepeated, one.isFinished] : [one.kind]));
  assert.deepEqual(found, [
    [false, false],
    [false, false],
    [true, true],
    [false, false],
  ]);
  assert.equal(spooledRecords(dir), 30);
});

test('a survey changes no name, no byte and no time', async () => {
  const dir = temporaryDirectory('unchanged');
  const { journal, append, path } = journalIn(dir);
  const units = Array.from({ length: 5 }, (_, n) => append(batchOf(n * 10, 10)));
  journal.finish(units[0]!, 0, 10, 'delivered');
  journal.finish(units[2]!, 1, 4, 'delivered');
  truncateSync(join(dir, segmentsIn(dir)[0]!), units[4]!.next.offset - 5);
  appendFileSync(join(path, '000-00000002.seg'), 'PUTLOGS1');
  writeFileSync(join(path, '001-00000001.seg'), 'what is this');
  const before = treeOf(dir);
  assert.equal(findings(dir).length, 7);
  lastUnfinishedOf(onlyPart(dir));
  await ownersIn(dir, [RUN, 'free'], { watchMs: 0 });
  assert.deepEqual(damagedIn(dir), []);
  assert.deepEqual(treeOf(dir), before);
  const { openSync: _, ...calls } = readOnlyFs();
  for (const name of ['mkdirSync', 'renameSync', 'rmdirSync', 'unlinkSync', 'writeSync', 'ftruncateSync'] as const) {
    assert.throws(() => (calls[name] as () => void)(), { code: 'EROFS' });
  }
  const made = join(dir, 'made');
  assert.throws(() => readOnlyFs().openSync(made, 'wx'), { code: 'ENOENT' });
});

test('links are not followed, and a spool that is not used yet is empty', () => {
  const dir = temporaryDirectory('links');
  assert.deepEqual([...partsIn(dir)], []);
  assert.throws(() => [...partsIn(join(dir, 'nowhere'))], { code: 'ENOENT' });
  const other = temporaryDirectory('linked');
  const { path, append } = journalIn(other);
  append(batchOf(0, 10));
  mkdirSync(join(dir, 'putlogs-1'));
  const name = path.slice(path.lastIndexOf('/') + 1);
  symlinkSync(path, join(dir, 'putlogs-1', name));
  assert.deepEqual([...partsIn(dir)], []);
  rmSync(join(dir, 'putlogs-1', name));
  mkdirSync(join(dir, 'putlogs-1', name));
  symlinkSync(join(path, '000-00000001.seg'), join(dir, 'putlogs-1', name, '000-00000001.seg'));
  assert.deepEqual(
    [...partsIn(dir)].map(({ segments }) => segments),
    [0],
  );
  rmSync(join(dir, 'putlogs-1'), { recursive: true });
  symlinkSync(join(other, 'putlogs-1'), join(dir, 'putlogs-1'));
  assert.throws(() => [...partsIn(dir)], { code: 'ELOOP' });
});

test('a directory that is adopted while the spool is listed is found, and one that is delivered is not', () => {
  const dir = temporaryDirectory('moving');
  const runs = ['018f3b2c4d5ea1b2c1', '018f3b2c4d5ea1b2c2', '018f3b2c4d5ea1b2c3'];
  const paths = runs.map((run) => {
    const { path, append } = journalIn(dir, { run });
    append(batchOf(0, 10));
    return path;
  });
  const parts = partsIn(dir);
  assert.equal((parts.next().value as SurveyedPart).name.origin, runs[0]);
  renameSync(paths[1]!, paths[1]!.replace(/[^.]*$/, LATER_RUN));
  rmSync(paths[2]!, { recursive: true });
  const rest = [...parts];
  assert.deepEqual(
    rest.map(({ name, unfinished }) => [name.origin, name.owner, unfinished]),
    [[runs[1], LATER_RUN, 10]],
  );
});

test('a segment that is delivered while its part is read is reported as gone', () => {
  const dir = temporaryDirectory('gone');
  const { append } = journalIn(dir);
  append(batchOf(0, 10));
  const part = onlyPart(dir);
  rmSync(part.path, { recursive: true });
  const path = join(part.path, '000-00000001.seg');
  assert.deepEqual([...entriesOf(part, { mayLive: false })], [{ kind: 'gone', path, records: 10 }]);
});

test('in a copy of a spool without progress files all records count as unfinished', () => {
  const dir = temporaryDirectory('original');
  const { journal, append } = journalIn(dir);
  const unit = append(batchOf(0, 10));
  append(batchOf(10, 10));
  journal.finish(unit, 0, 10, 'delivered');
  const copy = temporaryDirectory('copy');
  cpSync(dir, copy, { recursive: true });
  const progress = join(onlyPart(copy).path, '000.progress');
  assert.equal(spooledRecords(copy), 10);
  copyFileSync('/dev/null', progress);
  assert.equal(spooledRecords(copy), 20);
  rmSync(progress);
  assert.equal(spooledRecords(copy), 20);
});

function owner(run: string, more: Partial<OwnerRecord>): OwnerRecord {
  const common = { run, beat: 1, leaseMs: 30_000, socket: false, dev: '', instance: '', dests: [], named: '' };
  return { ...common, ...ownIdentity(), ...more };
}

test('an owner is alive, dead, free or unknown, as socket, pid and a heartbeat that moves show it', async () => {
  const dir = temporaryDirectory('owners');
  const root = join(dir, 'putlogs-1');
  mkdirSync(root);
  const write = (run: string, more: Partial<OwnerRecord>) => {
    writeFileSync(join(root, `${run}.owner`), encodeOwner(owner(run, more)));
  };
  const [here, ended, remote, frozen] = [1, 2, 3, 4].map((n) => `018f3b2c4d5ea1b2c${n}`) as [
    string,
    string,
    string,
    string,
  ];
  write(here, {});
  write(ended, { start: '1' });
  const elsewhere = { boot: 'another', host: 'another-host', pid: 7 };
  write(remote, elsewhere);
  write(frozen, elsewhere);
  let beat = 1;
  const beating = setInterval(() => {
    beat += 1;
    write(remote, { ...elsewhere, beat });
  }, 20);
  try {
    const owners = await ownersIn(dir, [here, ended, remote, frozen, LATER_RUN, 'free'], { watchMs: 1000 });
    assert.deepEqual(
      [here, ended, remote, frozen, LATER_RUN, 'free'].map((run) => owners.stateOf(run)),
      ['alive', 'dead', 'alive', 'unknown', 'unknown', 'free'],
    );
    assert.equal(owners.describe(remote), 'another-host, pid 7');
  } finally {
    clearInterval(beating);
  }
});
