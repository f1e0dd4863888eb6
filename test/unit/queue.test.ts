// The queue over a real journal on a virtual disk: what it counts, what it sends again, and in which shape.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compressor } from '@putlogs/core/internal/batch/compress';
import type { SealedBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { DeliveryQueue } from '@putlogs/core/internal/delivery/queue';
import { RefusalBudget } from '@putlogs/core/internal/delivery/refusal-budget';
import { actOnRefusal } from '@putlogs/core/internal/delivery/refusals';
import type { Unit } from '@putlogs/core/internal/delivery/unit';
import { Counters } from '@putlogs/core/internal/telemetry/counters';
import {
  batchNo,
  DIRECTORY,
  KitClock,
  opensAgain,
  segmentPath,
  type Written,
  writeJournal,
} from '../support/journal-kit';
import { MADE_TARGET, recordsIn } from '../support/made-batch';
import { VirtualDisk } from '../support/virtual-disk';

interface Kit {
  readonly queue: DeliveryQueue;
  readonly counters: Counters;
  readonly push: (batch: SealedBatch) => void;
  /** Fails the test if there is no unit. */
  readonly next: () => Unit;
  readonly sendAll: () => string[];
}

function kit(mode: 'always' | 'overflow' = 'always'): Kit {
  const counters = new Counters();
  const queue = new DeliveryQueue({
    ...{ counters, clock: new KitClock(), mode, joinLimits: () => ({ maxBytes: 1 << 20, maxCount: 100 }) },
    reframing: { frame: MADE_TARGET.frame, readTail: MADE_TARGET.readTail, compress: compressor('none', () => {}) },
    mayRead: () => true,
    beforeDisk: () => {},
    onDiskFailure: () => {},
    onDropped: (reason, records) => counters.drop(reason, records),
    onDrained: () => {},
  });
  const next = () => {
    const found = queue.next();
    assert.equal(found.kind, 'unit');
    return (found as { unit: Unit }).unit;
  };
  const sendAll = () => {
    const texts: string[] = [];
    for (let found = queue.next(); found.kind === 'unit'; found = queue.next()) {
      for (const { text } of recordsIn(found.unit.batch)) texts.push(text.trim());
      queue.finish(found.unit, 'delivered');
    }
    return texts;
  };
  const push = (batch: SealedBatch) => {
    counters.add('accepted', batch.count);
    queue.push(batch);
  };
  return { queue, counters, push, next, sendAll };
}

test('the copies in memory of a deleted segment are dropped, also behind a segment that is kept', () => {
  const { queue, counters, push, next, sendAll } = kit();
  const onEvict = (segment: Written['journal']['segments'][number]) => queue.evict(segment);
  queue.useSpool(writeJournal(new VirtualDisk(), { maxBytes: 300_000, onEvict }));
  push(batchNo(1, 1, 70_000));
  const first = next();
  for (let i = 2; i <= 5; i += 1) push(batchNo(i, 1, 70_000));
  assert.equal(counters.stats().dropped.spool, 1);
  assert.equal(counters.stats().spooled, 4);
  queue.finish(first, 'delivered');
  assert.deepEqual(sendAll(), ['3.0', '4.0', '5.0']);
  const { delivered, spooled, pending, pendingBytes } = counters.stats();
  assert.deepEqual(
    { delivered, spooled, pending, pendingBytes },
    { delivered: 4, spooled: 0, pending: 0, pendingBytes: 0 },
  );
});

test('copies in memory of batches that another process took over are not sent', () => {
  const { queue, counters, push, next } = kit();
  const disk = new VirtualDisk();
  // As a spool does: the same object has another journal after the eviction.
  const spool = { ...writeJournal(disk) };
  queue.useSpool(spool);
  for (let i = 1; i <= 3; i += 1) push(batchNo(i, 2));
  const inFlight = next();
  disk.processFs('adopter').renameSync(DIRECTORY, '/taken');
  Object.assign(spool, writeJournal(disk, { process: 'again' }));
  queue.evicted(DIRECTORY, spool, false);
  assert.equal(counters.stats().spooled, 4);
  queue.finish(inFlight, 'delivered');
  assert.equal(queue.next().kind, 'none');
  assert.equal(queue.isEmpty, true);
  push(batchNo(4, 1));
  assert.equal(counters.stats().spooled, 5);
  assert.ok(disk.paths().includes(segmentPath(1)));
});

test('after an eviction, a batch in flight is written behind older entries, and each is sent once', () => {
  const first = kit();
  const theirs = new VirtualDisk();
  first.queue.useSpool(writeJournal(theirs));
  first.push(batchNo(1, 1));
  theirs.kill('writer');
  const { queue, counters, push, next, sendAll } = kit();
  const own = writeJournal(new VirtualDisk());
  queue.useSpool(own);
  queue.adopt(opensAgain(theirs).journal, false);
  const inFlight = next();
  push(batchNo(2, 1));
  push(batchNo(3, 1));
  queue.evicted(DIRECTORY, own, true);
  push(batchNo(4, 1));
  assert.equal(counters.stats().spooled, 4, 'the batch in flight is on disk, with the three that are behind it');
  queue.finish(inFlight, 'delivered');
  assert.deepEqual(sendAll(), ['2.0', '3.0', '4.0']);
  assert.equal(queue.isEmpty, true);
});

test('the bodies of a drain share memory, and none changes before its batch is delivered', () => {
  const first = kit();
  const disk = new VirtualDisk();
  first.queue.useSpool(writeJournal(disk, { maxBytes: 1 << 24 }));
  // Two of them are too large to be joined.
  for (let i = 1; i <= 6; i += 1) first.push(batchNo(i, 2, 400_000));
  disk.kill('writer');
  const { queue, next } = kit();
  queue.adopt(opensAgain(disk).journal, false);
  const textsIn = ({ batch }: Unit) => recordsIn(batch).map(({ text }) => text.trim());
  const isSameMemory = (a: Unit, b: Unit) => a.batch.body.buffer === b.batch.body.buffer;

  const one = next();
  queue.prefetch();
  assert.deepEqual(textsIn(one), ['1.0', '1.1']);
  queue.finish(one, 'delivered');
  const two = next();
  queue.prefetch();
  assert.deepEqual(textsIn(two), ['2.0', '2.1']);
  queue.finish(two, 'delivered');
  const three = next();
  assert.ok(isSameMemory(three, one), 'the third body is read over the first');

  // Parts and rejected batches may be in use elsewhere, so nothing is read over them.
  assert.equal(queue.cut(three), undefined);
  const [left, right] = [next(), next()];
  queue.finish(left, 'delivered');
  const four = next();
  assert.deepEqual(textsIn(right), ['3.1']);
  assert.ok(!isSameMemory(four, right) && !isSameMemory(four, three));
  queue.finish(right, 'delivered');
  queue.finish(four, 'rejected');
  const five = next();
  assert.ok(!isSameMemory(five, four));
  assert.deepEqual([textsIn(four), textsIn(five)].flat(), ['4.0', '4.1', '5.0', '5.1']);
});

test('a batch that was cut is sent in the same parts after a restart', () => {
  const first = kit();
  const disk = new VirtualDisk();
  first.queue.useSpool(writeJournal(disk));
  first.push(batchNo(1, 8));
  assert.equal(first.queue.cut(first.next()), undefined);
  first.queue.finish(first.next(), 'delivered');
  assert.equal(first.queue.cut(first.next()), undefined);
  const left = [first.next(), first.next()].map(({ batch: { packId, count } }) => ({ packId, count }));
  disk.kill('writer');
  const second = kit();
  second.queue.adopt(opensAgain(disk).journal, false);
  const again = [second.next(), second.next()].map(({ batch: { packId, count } }) => ({ packId, count }));
  assert.deepEqual(again, left);
  assert.deepEqual(
    left.map(({ count }) => count),
    [2, 2],
  );
});

test('a batch in memory that was cut goes to disk in its parts, without its delivered parts', () => {
  const { queue, push, next, counters } = kit('overflow');
  const disk = new VirtualDisk();
  queue.useSpool(writeJournal(disk));
  push(batchNo(1, 4));
  queue.cut(next());
  queue.finish(next(), 'delivered');
  const part = next();
  queue.failed();
  queue.failed();
  assert.equal(counters.stats().spooled, 2);
  disk.kill('writer');
  const later = kit();
  later.queue.adopt(opensAgain(disk).journal, false);
  assert.equal(later.next().batch.packId, part.batch.packId);
  later.queue.rescue();
});

test('a refused record is in the dead-letter file before its progress is written', () => {
  for (const isForTime of [true, false]) {
    const { queue, counters, push, next } = kit();
    const disk = new VirtualDisk();
    queue.useSpool(writeJournal(disk));
    push(batchNo(1, 1));
    const takes = isForTime ? { fromMs: 1, toMs: 2, serviceMs: 0 } : undefined;
    const refusal = { code: 'Refused', message: 'no' };
    let given = 0;
    const held = actOnRefusal(
      queue,
      next(),
      takes === undefined ? { kind: 'reject', refusal } : { kind: 'reject', refusal, takes },
      {
        isExactlyOnce: false,
        ...{ counters, budget: new RefusalBudget(new KitClock()), clock: new KitClock(), layout: MADE_TARGET.layout },
        size: { tooLarge: () => {}, tooMany: () => {} },
        giveUp: () => {
          given += 1;
          assert.equal(opensAgain(disk).recovered, 1);
        },
        onFinished: () => {},
      },
    );
    assert.equal(held, undefined);
    assert.equal(given, 1);
    assert.equal(counters.stats().dropped.rejected, 1);
    assert.equal(opensAgain(disk).recovered, 0);
  }
});

test('an adopted journal to which its frozen owner appended is read to its end before it is removed', () => {
  const disk = new VirtualDisk();
  const { add } = writeJournal(disk);
  add(batchNo(1, 1));
  const { queue, counters, next, sendAll } = kit();
  queue.adopt(opensAgain(disk).journal, false);
  const unit = next();
  add(batchNo(2, 2));
  queue.finish(unit, 'delivered');
  assert.deepEqual(sendAll(), ['2.0', '2.1']);
  assert.equal(counters.stats().delivered, 3);
  assert.ok(!disk.paths().includes(segmentPath(1)));
});

test('a flush ends if all records that another run left are damaged', async () => {
  const disk = new VirtualDisk();
  const { add, writer } = writeJournal(disk);
  const { start } = add(batchNo(1, 3));
  writer.close();
  disk.damage(segmentPath(1), start.offset + 20, Buffer.of(255));
  const { queue } = kit();
  queue.adopt(opensAgain(disk).journal, false);
  const flushed = queue.finished(Number.POSITIVE_INFINITY);
  assert.equal(queue.next().kind, 'none');
  assert.equal(await flushed, true);
});

test('no batch is appended past one that could not be written, and all are written once the disk accepts them', () => {
  const { queue, push, counters } = kit('overflow');
  const disk = new VirtualDisk();
  queue.useSpool(writeJournal(disk));
  for (let i = 1; i <= 3; i += 1) push(batchNo(i, 1, i === 1 ? 9000 : 0));
  disk.capacityBytes = disk.usedBytes + 4 * 4096;
  queue.spill();
  assert.equal(counters.stats().spooled, 0);
  disk.capacityBytes = Number.POSITIVE_INFINITY;
  assert.equal(queue.leave(), 0);
  assert.equal(opensAgain(disk).recovered, 3);
});
