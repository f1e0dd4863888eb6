// How a host counts records when its workers die.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addDead,
  type Books,
  emptyBooks,
  giveUp,
  hostStats,
  missingRecords,
  recordsAtRisk,
} from '@putlogs/core/internal/host/worker-books';
import { Counters, type Reading, type Stats, sumOf } from '@putlogs/core/internal/telemetry/counters';
import fc from 'fast-check';

const EMPTY = emptyBooks(new Counters().stats());

/** What a worker counted. */
function worker(counts: {
  begun?: number;
  recovered?: number;
  inherited?: number;
  known?: boolean;
  delivered?: number;
  rejected?: number;
  spooled?: number;
}): Reading {
  const counters = new Counters();
  counters.add('begun', counts.begun ?? 0);
  counters.add('recovered', counts.recovered ?? 0);
  counters.add('inherited', counts.inherited ?? 0);
  if (counts.known ?? true) counters.inheritedIsKnown();
  counters.add('spooled', counts.spooled ?? 0);
  counters.add('delivered', counts.delivered ?? 0);
  counters.drop('rejected', counts.rejected ?? 0);
  return counters.reading();
}

function accepted(records: number): Stats {
  const own = new Counters();
  own.add('accepted', records);
  return own.stats();
}

/** accepted, recovered, delivered, spooled, pending, dropped by worker; after a check of the sums. */
function terms(books: Books, reading: Reading | undefined, records: number): number[] {
  const { recovered, delivered, spooled, pending, dropped } = hostStats(books, reading, accepted(records));
  const all = [records, recovered, delivered, spooled, pending, dropped.worker];
  assert.equal(records + recovered, delivered + spooled + pending + sumOf(dropped), all.join());
  assert.ok(
    [...all, ...Object.values(dropped)].every((term) => term >= 0),
    all.join(),
  );
  return all;
}

test('until the successor has read the spool, spooled records stay spooled and the rest is pending', () => {
  const books = addDead(EMPTY, worker({ begun: 100, delivered: 20, spooled: 50 }));
  assert.deepEqual(terms(books, undefined, 120), [120, 0, 20, 50, 50, 0]);
  assert.deepEqual(terms(books, worker({ known: false }), 120), [120, 0, 20, 50, 50, 0]);
  const partly = worker({ known: false, inherited: 30, spooled: 25, delivered: 5 });
  assert.deepEqual(terms(books, partly, 120), [120, 0, 25, 45, 50, 0]);
  assert.equal(missingRecords(books, partly), 0);
});

test('records that the successor does not find on disk are lost, whatever the dead worker counted as spooled', () => {
  for (const spooled of [0, 50, 70, 80]) {
    const books = addDead(EMPTY, worker({ begun: 100, delivered: 20, spooled }));
    const successor = worker({ inherited: 70, spooled: 70 });
    assert.equal(missingRecords(books, successor), 10);
    assert.deepEqual(terms(books, successor, 100), [100, 0, 20, 70, 0, 10]);
  }
});

test('a worker that dies between the write and its counter loses no record that is on disk', () => {
  const books = addDead(EMPTY, worker({ begun: 94, spooled: 0 }));
  const successor = worker({ inherited: 94, delivered: 94 });
  assert.equal(missingRecords(books, successor), 0);
  assert.deepEqual(terms(books, successor, 94), [94, 0, 94, 0, 0, 0]);
});

test('recovered records of a dead worker are not counted twice and not as a loss below zero', () => {
  const books = addDead(EMPTY, worker({ begun: 10, recovered: 94, delivered: 4, spooled: 94 }));
  const successor = worker({ inherited: 100, spooled: 60, delivered: 40 });
  assert.equal(missingRecords(books, successor), 0);
  assert.deepEqual(terms(books, successor, 10), [10, 94, 44, 60, 0, 0]);
});

test('delivered records that are still on disk are recovered, and delivered again', () => {
  const books = addDead(EMPTY, worker({ begun: 100, delivered: 60, spooled: 40 }));
  const successor = worker({ inherited: 55, spooled: 0, delivered: 55 });
  assert.equal(missingRecords(books, successor), 0);
  assert.deepEqual(terms(books, successor, 100), [100, 15, 115, 0, 0, 0]);
  assert.deepEqual(terms(addDead(books, successor), undefined, 100), [100, 15, 115, 0, 0, 0]);
});

test('the books of workers that die one after the other are closed together', () => {
  let books = addDead(EMPTY, worker({ begun: 50, spooled: 40 }));
  books = addDead(books, worker({ begun: 30, known: false, inherited: 10, spooled: 20 }));
  books = addDead(books, worker({ known: false }));
  assert.deepEqual(terms(books, undefined, 100), [100, 0, 0, 50, 50, 0]);
  const last = worker({ begun: 20, inherited: 70, spooled: 70 });
  assert.equal(missingRecords(books, last), 10);
  assert.deepEqual(terms(books, last, 100), [100, 0, 0, 70, 20, 10]);
});

test('books that a worker closed before it died stay closed', () => {
  let books = addDead(EMPTY, worker({ begun: 50, spooled: 40 }));
  books = addDead(books, worker({ begun: 10, inherited: 45, delivered: 5, spooled: 40 }));
  assert.deepEqual(terms(books, undefined, 60), [60, 0, 5, 40, 10, 5]);
  assert.equal(recordsAtRisk(books), 10);
  assert.deepEqual(terms(books, worker({ inherited: 50, spooled: 50 }), 60), [60, 0, 5, 50, 0, 5]);
});

test('books that are given up leave spooled records on disk, and a later worker may still find them', () => {
  const open = addDead(EMPTY, worker({ begun: 100, spooled: 60 }));
  assert.equal(recordsAtRisk(open), 40);
  const books = giveUp(open, 'worker');
  assert.deepEqual(terms(books, undefined, 100), [100, 0, 0, 60, 0, 40]);
  assert.deepEqual(terms(books, worker({ inherited: 60, delivered: 60 }), 100), [100, 0, 60, 0, 0, 40]);
  assert.deepEqual(terms(books, worker({ inherited: 90, spooled: 90 }), 100), [100, 30, 0, 90, 0, 40]);
});

test('the sums hold and no term is negative, after any chain of lives and deaths', () => {
  const part = fc.nat(1000);
  const life = fc.record({ begun: part, recovered: part, inherited: part, known: fc.boolean(), giveUp: fc.boolean() });
  const split = fc.record({ delivered: fc.nat(99), rejected: fc.nat(99), spooled: fc.nat(99) });
  fc.assert(
    fc.property(fc.array(fc.tuple(life, split), { minLength: 1, maxLength: 8 }), (lives) => {
      let books = EMPTY;
      let records = 0;
      for (const [{ giveUp: isGivenUp, ...counts }, shares] of lives) {
        const all = counts.begun + counts.recovered + counts.inherited;
        const of = (share: number) => Math.floor((all * share) / 300);
        records += counts.begun;
        const reading = worker({
          ...counts,
          delivered: of(shares.delivered),
          rejected: of(shares.rejected),
          spooled: of(shares.spooled),
        });
        const living = terms(books, reading, records);
        books = addDead(books, reading);
        assert.deepEqual(terms(books, undefined, records), living, 'the end of a worker by itself changes no number');
        if (isGivenUp) books = giveUp(books, 'exit');
      }
      terms(books, undefined, records);
    }),
  );
});
