// The journal on disk: what a later process reads after each state that a crash, a damaged disk or a failing disk
// can leave.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LastingFailure } from '@putlogs/core/internal/spool/read-failures';
import type { DiskUnit } from '@putlogs/core/internal/spool/segment';
import {
  batchNo,
  DIRECTORY,
  drainJournal,
  finish,
  KitClock,
  opensAgain,
  PROGRESS,
  reopenJournal,
  segmentPath,
  take,
  textsOf,
  writeJournal,
} from '../support/journal-kit';
import { VirtualDisk } from '../support/virtual-disk';

const JOIN = { maxBytes: 1 << 20, maxCount: 1000 };

function names(disk: VirtualDisk): string[] {
  return disk.paths().filter((path) => path.startsWith(`${DIRECTORY}/`));
}

/** The disk with one file replaced. */
function withFile(disk: VirtualDisk, path: string, bytes: Buffer): VirtualDisk {
  const copy = disk.clone();
  const fs = copy.processFs('setup');
  fs.unlinkSync(path);
  const file = fs.openSync(path, 'wx');
  fs.writeSync(file, bytes, 0, bytes.length, 0);
  copy.kill('setup');
  return copy;
}

test('every batch that was appended is read back, in order, and nothing is left behind', () => {
  for (const isClosed of [true, false]) {
    const disk = new VirtualDisk();
    const { add, writer } = writeJournal(disk);
    for (let i = 1; i <= 5; i += 1) add(batchNo(i, i));
    if (isClosed) writer.close();
    disk.kill('writer');
    const { journal, recovered, lost } = opensAgain(disk);
    assert.equal(recovered, 15);
    assert.deepEqual(
      drainJournal(journal),
      [1, 2, 3, 4, 5].flatMap((i) => textsOf(i, i)),
    );
    assert.equal(journal.unfinished, 0);
    assert.deepEqual(lost, { damaged: 0, surplus: 0, aside: [] });
    assert.equal(journal.isRead, true);
    journal.remove();
    assert.deepEqual(names(disk), [PROGRESS]);
  }
});

test('a segment that ends at any byte has the entries that are whole, and no damage', () => {
  const disk = new VirtualDisk();
  const { add } = writeJournal(disk);
  const ends: number[] = [];
  for (let i = 1; i <= 3; i += 1) ends.push(add(batchNo(i, i)).next.offset);
  const whole = disk.content(segmentPath(1));
  for (let bytes = 0; bytes <= whole.length; bytes += 1) {
    const cut = withFile(disk, segmentPath(1), whole.subarray(0, bytes));
    const entries = ends.filter((end) => end <= bytes).length;
    const expected = [1, 2, 3].slice(0, entries).flatMap((i) => textsOf(i, i));
    const found = reopenJournal(cut);
    if (found === undefined) assert.equal(entries, 0, `${bytes} bytes`);
    else {
      assert.ok(!('kind' in found));
      assert.equal(found.recovered, expected.length, `${bytes} bytes`);
      assert.deepEqual(drainJournal(found.journal), expected, `${bytes} bytes`);
      assert.deepEqual(found.lost, { damaged: 0, surplus: 0, aside: [] }, `${bytes} bytes`);
      assert.ok(found.journal.isRead);
    }
  }
});

test('a progress file that ends at any byte has less progress, and no false progress', () => {
  const disk = new VirtualDisk();
  const { add, journal } = writeJournal(disk);
  for (let i = 1; i <= 4; i += 1) add(batchNo(i, 2));
  const units = [1, 2, 3].map(() => take(journal)!);
  finish(units[0]!);
  finish(units[2]!);
  const whole = disk.content(PROGRESS);
  assert.equal(whole.length, 4096);
  const expected = new Set(['2.0 2.1 4.0 4.1', '2.0 2.1 3.0 3.1 4.0 4.1', '1.0 1.1 2.0 2.1 3.0 3.1 4.0 4.1']);
  const seen = new Set<string>();
  for (let bytes = 0; bytes <= whole.length; bytes += 1) {
    const { journal: later, recovered } = opensAgain(withFile(disk, PROGRESS, whole.subarray(0, bytes)));
    const texts = drainJournal(later);
    assert.equal(recovered, texts.length);
    seen.add(texts.join(' '));
    assert.ok(expected.has(texts.join(' ')), `${bytes} bytes: ${texts.join(' ')}`);
  }
  assert.deepEqual(seen, expected);
});

test('with any bit of a segment flipped, no forged record is read, later entries arrive, and the loss is counted', () => {
  for (const isClosed of [true, false]) {
    const disk = new VirtualDisk();
    const { add, writer } = writeJournal(disk);
    for (let i = 1; i <= 3; i += 1) add(batchNo(i, i));
    if (isClosed) writer.close();
    const whole = disk.content(segmentPath(1));
    const all = [1, 2, 3].flatMap((i) => textsOf(i, i));
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const where = `bit ${bit & 7} of byte ${bit >> 3}`;
      const damaged = withFile(disk, segmentPath(1), flipped);
      const found = reopenJournal(damaged);
      if (found === undefined) {
        assert.ok(bit >> 3 < 400, where);
        assert.ok(!names(damaged).includes(segmentPath(1)), `${where}: it is not set aside`);
        continue;
      }
      assert.ok(!('kind' in found));
      const { journal, lost, recovered } = found;
      const texts = drainJournal(journal);
      assert.deepEqual(
        texts,
        all.filter((text) => texts.includes(text)),
        where,
      );
      assert.equal(texts.length + lost.damaged, recovered, where);
      assert.equal(journal.unfinished, 0, where);
      assert.ok(journal.isRead, where);
      const isLastHeader = recovered < all.length;
      if (isLastHeader) assert.ok(!isClosed || texts.length === all.length, where);
      else assert.equal(texts.length + lost.damaged, all.length, where);
      journal.remove();
      assert.equal(lost.aside.length, lost.damaged > 0 ? 1 : 0, where);
    }
  }
});

test('records behind the damaged header of a last entry are counted by the end record', () => {
  const disk = new VirtualDisk();
  const { add, writer } = writeJournal(disk);
  add(batchNo(1, 2));
  const last = add(batchNo(2, 3));
  writer.close();
  disk.damage(segmentPath(1), last.start.offset + 20, Buffer.of(255));
  const { journal, recovered, lost } = opensAgain(disk);
  assert.equal(recovered, 5);
  assert.deepEqual(drainJournal(journal), textsOf(1, 2));
  assert.equal(lost.damaged, 3);
  assert.equal(journal.isRead, true);
  assert.equal(journal.unfinished, 0);
});

test('text that looks like an entry is not read as one, behind a damaged header either', () => {
  const disk = new VirtualDisk();
  const decoy = new VirtualDisk();
  const other = writeJournal(decoy);
  other.add(batchNo(9, 4));
  const forged = decoy.content(segmentPath(1));
  const { add, writer } = writeJournal(disk);
  const batch = batchNo(1, 2);
  const bad = add({ ...batch, body: Buffer.concat([batch.body, forged]) });
  add(batchNo(2, 3));
  writer.close();
  disk.damage(segmentPath(1), bad.start.offset + 9, Buffer.of(0, 0));
  const { journal, lost } = opensAgain(disk);
  assert.deepEqual(drainJournal(journal), textsOf(2, 3));
  assert.equal(lost.damaged, 2);
});

test('zeros in the middle of a segment, as after a power loss, cost only the entries in that place', () => {
  const disk = new VirtualDisk();
  const { add } = writeJournal(disk);
  const units: DiskUnit[] = [];
  for (let i = 1; i <= 6; i += 1) units.push(add(batchNo(i, i)));
  const [from, to] = [units[1]!.start.offset + 10, units[3]!.next.offset - 10];
  disk.damage(segmentPath(1), from, Buffer.alloc(to - from));
  const { journal, lost, recovered } = opensAgain(disk);
  assert.equal(recovered, 21);
  assert.deepEqual(drainJournal(journal), [...textsOf(1, 1), ...textsOf(5, 5), ...textsOf(6, 6)]);
  assert.equal(lost.damaged, 9);
  assert.equal(journal.unfinished, 0);
});

test('records of a damaged stretch that were finished before are not counted as damaged', () => {
  const disk = new VirtualDisk();
  const { add, journal: own, writer } = writeJournal(disk);
  for (let i = 1; i <= 5; i += 1) add(batchNo(i, i));
  const taken = [1, 2, 3, 4].map(() => take(own)!);
  finish(taken[2]!);
  writer.close();
  const [from, to] = [taken[1]!.unit.start.offset + 10, taken[3]!.unit.start.offset - 10];
  disk.damage(segmentPath(1), from, Buffer.alloc(to - from));
  const { journal, lost, recovered } = opensAgain(disk);
  assert.equal(recovered, 12);
  assert.deepEqual(drainJournal(journal), [...textsOf(1, 1), ...textsOf(4, 4), ...textsOf(5, 5)]);
  assert.equal(lost.damaged, 2);
  assert.equal(journal.unfinished, 0);
});

test('a segment whose first pages are zeros is set aside and not deleted', () => {
  const disk = new VirtualDisk();
  const { add, writer } = writeJournal(disk);
  add(batchNo(1, 1, 6000));
  writer.close();
  disk.damage(segmentPath(1), 0, Buffer.alloc(4096));
  const found = reopenJournal(disk);
  if (found !== undefined) {
    assert.ok(!('kind' in found));
    drainJournal(found.journal);
    found.journal.remove();
  }
  assert.ok(disk.paths().includes('/aside-000-00000001.seg'));
});

test('two segments that were exchanged are set aside, and the third is read', () => {
  const disk = new VirtualDisk();
  const { add, writer } = writeJournal(disk);
  for (let i = 1; i <= 3; i += 1) {
    add(batchNo(i, i, 70_000));
  }
  writer.close();
  const fs = disk.processFs('person');
  fs.renameSync(segmentPath(1), '/x');
  fs.renameSync(segmentPath(2), segmentPath(1));
  fs.renameSync('/x', segmentPath(2));
  const { journal, lost, recovered } = opensAgain(disk);
  assert.equal(recovered, 6);
  assert.deepEqual(
    drainJournal(journal).map((text) => text.trim()),
    textsOf(3, 3),
  );
  assert.equal(lost.damaged, 3);
  journal.remove();
  assert.deepEqual(lost.aside, [segmentPath(1), segmentPath(2)]);
});

test('the progress file of another journal is ignored', () => {
  const other = new VirtualDisk();
  const foreign = writeJournal(other, { run: 'f'.repeat(18) });
  for (let i = 1; i <= 4; i += 1) foreign.add(batchNo(i, 1, 0, 'FEDCBA9876543210'));
  const units = [1, 2, 3].map(() => take(foreign.journal)!);
  finish(units[0]!);
  finish(units[2]!);
  const disk = new VirtualDisk();
  const { add } = writeJournal(disk);
  for (let i = 1; i <= 4; i += 1) add(batchNo(i, 1));
  const { journal, recovered } = opensAgain(withFile(disk, PROGRESS, other.content(PROGRESS)));
  assert.deepEqual(drainJournal(journal), ['1.0', '2.0', '3.0', '4.0']);
  assert.equal(recovered, 4);
});

test('a segment that is longer than its end record states is read up to the stated end', () => {
  const disk = new VirtualDisk();
  const { add, writer } = writeJournal(disk);
  add(batchNo(1, 2));
  writer.close();
  disk.damage(segmentPath(1), disk.content(segmentPath(1)).length, Buffer.from('more'.repeat(100)));
  const { journal, recovered, lost } = opensAgain(disk);
  assert.equal(recovered, 2);
  assert.deepEqual(drainJournal(journal), textsOf(1, 2));
  assert.deepEqual(lost, { damaged: 0, surplus: 0, aside: [] });
  assert.ok(journal.isRead);
});

test('an entry that was torn while another one is damaged is neither counted nor read', () => {
  const disk = new VirtualDisk();
  const { add } = writeJournal(disk);
  const first = add(batchNo(1, 2));
  add(batchNo(2, 3));
  const { length } = disk.content(segmentPath(1));
  const torn = withFile(disk, segmentPath(1), disk.content(segmentPath(1)).subarray(0, length - 5));
  torn.damage(segmentPath(1), first.next.offset - 3, Buffer.from('???'));
  const { journal, recovered, lost } = opensAgain(torn);
  assert.equal(recovered, 2);
  assert.deepEqual(drainJournal(journal), []);
  assert.equal(lost.damaged, 2);
});

test('joined entries and cuts are the same after a restart', () => {
  const disk = new VirtualDisk();
  const { add, journal: own } = writeJournal(disk);
  for (let i = 1; i <= 5; i += 1) add(batchNo(i, 2));
  const group = take(own, { maxBytes: 1 << 20, maxCount: 6 })!;
  assert.deepEqual(group.packIds.length, 3);
  assert.equal(own.cut(group.unit, 3), undefined);
  own.finish(group.unit, 0, 3, 'delivered');
  disk.kill('writer');
  const { journal, recovered } = opensAgain(disk);
  assert.equal(recovered, 7);
  const again = take(journal, JOIN)!;
  assert.deepEqual(again.packIds, group.packIds);
  assert.deepEqual(again.unit.cuts, [3]);
  assert.deepEqual(again.unit.finished.ranges, [{ from: 0, to: 3 }]);
  assert.equal(again.mayBeSent, true);
  finish(again);
  assert.equal(take(journal, JOIN)!.packIds.length, 2);
});

test('the first entry that another run left is never joined, nor is an entry that may have been sent', () => {
  const disk = new VirtualDisk();
  const { add } = writeJournal(disk);
  for (let i = 1; i <= 3; i += 1) add(batchNo(i, 1));
  add(batchNo(4, 1), true);
  add(batchNo(5, 1));
  const { journal } = opensAgain(disk);
  const sizes: number[] = [];
  for (let taken = take(journal, JOIN); taken !== undefined; taken = take(journal, JOIN)) {
    sizes.push(taken.packIds.length);
    finish(taken);
  }
  assert.deepEqual(sizes, [1, 2, 1, 1]);
});

test('an entry that is too large to be joined is read once', () => {
  const disk = new VirtualDisk();
  const { add } = writeJournal(disk, { maxBytes: 1 << 28 });
  for (let i = 1; i <= 4; i += 1) add(batchNo(i, 1, 600_000));
  let readBytes = 0;
  const counting: Pick<VirtualDisk, 'processFs'> = {
    processFs: (name) => {
      const fs = disk.processFs(name);
      const readSync = (...call: Parameters<typeof fs.readSync>) => {
        const bytes = fs.readSync(...call);
        readBytes += bytes;
        return bytes;
      };
      return { ...fs, readSync: readSync as typeof fs.readSync };
    },
  };
  const { journal } = opensAgain(counting as VirtualDisk);
  readBytes = 0;
  const texts = drainJournal(journal, JOIN).map((text) => text.trim());
  assert.deepEqual(
    texts,
    [1, 2, 3, 4].flatMap((i) => textsOf(i)),
  );
  assert.ok(readBytes < 4 * 600_000 * 1.5, `${readBytes} bytes were read`);
});

test('entries are sent alone if their join cannot be written down', () => {
  const disk = new VirtualDisk();
  const { add, journal } = writeJournal(disk);
  for (let i = 1; i <= 3; i += 1) add(batchNo(i, 1));
  disk.plan = (_process, call, path) =>
    call === 'write' && path === PROGRESS ? { kind: 'error', code: 'EIO' } : undefined;
  assert.equal(take(journal, JOIN)!.packIds.length, 1);
  disk.plan = () => undefined;
  assert.equal(take(journal, JOIN)!.packIds.length, 2);
});

test('after a torn write of a mark, the mark before it is used', () => {
  for (let torn = 0; torn <= 64; torn += 1) {
    const disk = new VirtualDisk();
    const { add, journal: own } = writeJournal(disk);
    for (let i = 1; i <= 4; i += 1) add(batchNo(i, 1));
    for (let i = 0; i < 2; i += 1) finish(take(own)!);
    disk.plan = (_process, call, path) =>
      call === 'write' && path === PROGRESS ? { kind: 'torn', bytes: torn } : undefined;
    finish(take(own)!);
    disk.plan = () => undefined;
    const texts = drainJournal(opensAgain(disk).journal);
    // The rest of a slot is zeros, so it can be whole before its last byte is written.
    if (torn > 28 && torn < 64) continue;
    assert.deepEqual(texts, torn < 64 ? ['3.0', '4.0'] : ['4.0'], `${torn} bytes`);
  }
});

test('progress beyond the room of its file makes it grow, and all of it is read again', () => {
  const disk = new VirtualDisk();
  const { add, journal: own } = writeJournal(disk);
  for (let i = 1; i <= 301; i += 1) add(batchNo(i, 1));
  take(own);
  for (let i = 0; i < 300; i += 1) finish(take(own)!);
  assert.ok(disk.content(PROGRESS).length > 4096);
  const { journal, recovered } = opensAgain(disk);
  assert.equal(recovered, 1);
  assert.deepEqual(drainJournal(journal), ['1.0']);
  assert.ok(journal.isRead);
  assert.equal(journal.unfinished, 0);
});

test('progress that does not fit on a full disk is written once there is room', () => {
  const disk = new VirtualDisk();
  const { add, journal: own } = writeJournal(disk);
  for (let i = 1; i <= 200; i += 1) add(batchNo(i, 1));
  take(own);
  disk.capacityBytes = disk.usedBytes;
  for (let i = 0; i < 150; i += 1) finish(take(own)!);
  assert.equal(disk.content(PROGRESS).length, 4096);
  disk.capacityBytes = Number.POSITIVE_INFINITY;
  assert.equal(own.retryProgress(), undefined);
  assert.equal(opensAgain(disk).recovered, 50);
});

test('at most 1,024 units are finished ahead of an unfinished one', () => {
  const disk = new VirtualDisk();
  const { add, journal } = writeJournal(disk, { inFlight: 3 });
  for (let i = 1; i <= 1100; i += 1) add(batchNo(i, 1));
  const first = take(journal)!;
  for (let i = 0; i < 1024; i += 1) finish(take(journal)!);
  assert.equal(take(journal), undefined);
  finish(first);
  assert.deepEqual(drainJournal(journal).length, 1100 - 1025);
  assert.equal(journal.unfinished, 0);
});

test('units that were finished ahead are skipped after a restart, and their segments are deleted', () => {
  const disk = new VirtualDisk();
  const { add, journal: own } = writeJournal(disk, { inFlight: 3 });
  for (let i = 1; i <= 6; i += 1) add(batchNo(i, 1, 70_000));
  take(own);
  const units = [2, 3, 4].map(() => take(own)!);
  for (const unit of units) finish(unit);
  const { journal, recovered } = opensAgain(disk);
  assert.equal(recovered, 3);
  finish(take(journal)!);
  finish(take(journal)!);
  assert.deepEqual(names(disk), [segmentPath(6), PROGRESS].sort());
  assert.deepEqual(
    drainJournal(journal).map((text) => text.trim()),
    ['6.0'],
  );
  assert.ok(journal.isRead);
});

test('a mark behind the end of a segment that a power loss cut short finishes all of its entries', () => {
  const disk = new VirtualDisk();
  const { add, journal: own, writer } = writeJournal(disk, { inFlight: 3 });
  const second = add(batchNo(1, 1)).next.offset;
  for (let i = 2; i <= 4; i += 1) add(batchNo(i, 1));
  const first = disk.content(segmentPath(1));
  for (let i = 1; i <= 4; i += 1) finish(take(own)!);
  for (let i = 5; i <= 6; i += 1) add(batchNo(i, 1, 70_000));
  writer.close();
  const lost = withFile(disk, segmentPath(1), first.subarray(0, second));
  const { journal, recovered } = opensAgain(lost);
  assert.equal(recovered, 2);
  finish(take(journal)!);
  assert.ok(!names(lost).includes(segmentPath(1)));
  assert.deepEqual(
    drainJournal(journal).map((text) => text.trim()),
    ['6.0'],
  );
  assert.equal(journal.unfinished, 0);
});

test('the oldest segment without a unit in use is deleted for a new batch, and the append fails if there is none', () => {
  const disk = new VirtualDisk();
  const { add, journal, writer } = writeJournal(disk, { maxBytes: 300_000 });
  for (let i = 1; i <= 4; i += 1) add(batchNo(i, 1, 70_000));
  const first = take(journal)!;
  add(batchNo(5, 1, 70_000));
  assert.equal(journal.unfinished, 4);
  assert.deepEqual(
    journal.segments.map(({ number }) => number),
    [1, 3, 4, 5],
  );
  finish(first);
  assert.deepEqual(
    drainJournal(journal).map((text) => text.trim()),
    ['3.0', '4.0', '5.0'],
  );
  for (let i = 6; i <= 8; i += 1) {
    add(batchNo(i, 1, 70_000));
    take(journal);
  }
  const refused = writer.append(batchNo(9, 1, 140_000), { firstIndex: 0, isPart: false, mayBeSent: false });
  assert.equal(refused.kind === 'failed' && refused.code, 'NO_ROOM');
});

test('no segment is deleted for a batch whose own segment cannot be opened', () => {
  for (const isInUse of [false, true]) {
    const disk = new VirtualDisk();
    const { add, journal, writer } = writeJournal(disk, { maxBytes: 300_000 });
    for (let i = 1; i <= 4; i += 1) add(batchNo(i, 1, 70_000));
    // With the others in flight, only the segment that is written to can be deleted.
    if (isInUse) for (let i = 1; i <= 3; i += 1) take(journal);
    disk.plan = (_process, call) => (call === 'open' ? { kind: 'error', code: 'EMFILE' } : undefined);
    const refused = writer.append(batchNo(5, 1, 70_000), { firstIndex: 0, isPart: false, mayBeSent: false });
    assert.equal(refused.kind === 'failed' && refused.code, 'EMFILE');
    assert.equal(journal.unfinished, 4);
    disk.plan = () => undefined;
    add(batchNo(5, 1, 70_000));
    assert.equal(journal.unfinished, 4);
    const numbers = journal.segments.map(({ number }) => number);
    assert.deepEqual(numbers.slice(0, 3), isInUse ? [1, 2, 3] : [2, 3, 4]);
  }
});

test('after a failed write the next batch is appended, and all entries are whole', () => {
  for (const fault of ['write', 'fdatasync', 'ftruncate'] as const) {
    const disk = new VirtualDisk();
    const { add, writer, journal: own } = writeJournal(disk, { fsync: true });
    add(batchNo(1, 1));
    disk.plan = (_process, call, path) => {
      if (path !== segmentPath(1)) return undefined;
      if (call === 'write' && fault !== 'fdatasync') return { kind: 'error', code: 'EIO', done: true };
      return call === fault ? { kind: 'error', code: 'EIO' } : undefined;
    };
    const failed = writer.append(batchNo(2, 2), { firstIndex: 0, isPart: false, mayBeSent: false });
    assert.equal(failed.kind, 'failed');
    disk.plan = () => undefined;
    add(batchNo(2, 2));
    add(batchNo(3, 3));
    assert.equal(own.unfinished, 6);
    const { journal, recovered, lost } = opensAgain(disk);
    assert.equal(recovered, 6, fault);
    assert.deepEqual(
      drainJournal(journal),
      [1, 2, 3].flatMap((i) => textsOf(i, i)),
      fault,
    );
    assert.deepEqual(lost, { damaged: 0, surplus: 0, aside: [] }, fault);
    assert.equal(journal.unfinished, 0);
  }
});

test('a batch in a segment that cannot be read for a minute is set aside, and the batches behind it arrive', () => {
  const disk = new VirtualDisk();
  const { add } = writeJournal(disk);
  for (let i = 1; i <= 3; i += 1) add(batchNo(i, i, 70_000));
  const clock = new KitClock();
  const found = reopenJournal(disk, clock);
  assert.ok(found !== undefined && !('kind' in found));
  const { journal, lost } = found;
  finish(take(journal)!);
  disk.plan = (_process, call, path) =>
    call === 'read' && path === segmentPath(2) ? { kind: 'error', code: 'EIO' } : undefined;
  let failures = 0;
  for (; clock.nowMs < 120_000; clock.nowMs += 10_000) {
    if (journal.next(undefined).kind !== 'failed') break;
    failures += 1;
  }
  assert.equal(failures, 6);
  assert.equal(lost.damaged, 2);
  assert.deepEqual(lost.aside, [segmentPath(2)]);
  assert.equal(journal.unfinished, 3);
});

test('a segment that cannot be opened for a minute is set aside, and the segments around it arrive', () => {
  const disk = new VirtualDisk();
  const { add } = writeJournal(disk);
  for (let i = 1; i <= 3; i += 1) add(batchNo(i, i, 70_000));
  const clock = new KitClock();
  const failures = new LastingFailure();
  disk.plan = (_process, call, path) =>
    call === 'open' && path === segmentPath(2) ? { kind: 'error', code: 'EACCES' } : undefined;
  const open = () => reopenJournal(disk, clock, (failure) => failures.isLasting(failure, clock));
  let found = open();
  for (; found !== undefined && 'kind' in found; found = open()) clock.nowMs += 10_000;
  assert.equal(clock.nowMs, 60_000);
  assert.ok(found !== undefined);
  const { journal, lost } = found;
  assert.deepEqual(
    drainJournal(journal).map((text) => text.trim()),
    ['1.0', '3.0', '3.1', '3.2'],
  );
  assert.equal(lost.damaged, 2);
  assert.deepEqual(lost.aside, [segmentPath(2)]);
  assert.equal(journal.unfinished, 0);
});

test('the records of a segment that a person deleted are counted once, except those in use', () => {
  const disk = new VirtualDisk();
  const { add } = writeJournal(disk);
  for (let i = 1; i <= 4; i += 1) add(batchNo(i, i, i === 3 ? 70_000 : 0));
  const { journal, lost, recovered } = opensAgain(disk);
  assert.equal(recovered, 10);
  const inUse = take(journal)!;
  disk.processFs('person').unlinkSync(segmentPath(1));
  journal.close();
  const next = take(journal)!;
  assert.deepEqual(
    next.texts.map((text) => text.trim()),
    textsOf(3, 3),
  );
  assert.equal(lost.damaged, 2);
  finish(inUse);
  finish(next);
  drainJournal(journal);
  assert.equal(journal.unfinished, 0);
});

test('entries that a frozen owner appended after its journal was adopted are read and counted', () => {
  const disk = new VirtualDisk();
  const { add } = writeJournal(disk);
  add(batchNo(1, 1));
  const { journal, lost, recovered } = opensAgain(disk);
  assert.equal(recovered, 1);
  drainJournal(journal);
  add(batchNo(2, 2));
  assert.equal(journal.lookAgain(), true);
  assert.deepEqual(drainJournal(journal), textsOf(2, 2));
  assert.equal(lost.surplus, 2);
  assert.equal(journal.unfinished, 0);
  assert.equal(journal.lookAgain(), false);
});

test('batches that are finished from memory are not read again when their segment is removed', () => {
  const disk = new VirtualDisk();
  const { add, journal, writer } = writeJournal(disk);
  for (let i = 1; i <= 4; i += 1) {
    const unit = add(batchNo(i, 1, 40_000));
    journal.moveCursor(unit, 'behind');
    journal.finish(unit, 0, 1, 'delivered');
    writer.trim();
    assert.equal(take(journal), undefined, `after batch ${i}`);
  }
  assert.equal(journal.unfinished, 0);
  assert.ok(journal.segments.length <= 1);
});
