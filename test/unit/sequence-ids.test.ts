import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceIds } from '@putlogs/core/internal/delivery/sequence-ids';
import { sealedUnit } from '@putlogs/core/internal/delivery/unit';
import {
  attemptOf,
  keyOfSequence,
  MAX_SEQUENCE_NUMBER,
  readSequenceId,
  SEQUENCE_ID_BYTES,
  writeSequenceId,
} from '@putlogs/core/internal/spool/sequence-id';
import { makeBatch } from '../support/made-batch';
import { START_MS } from '../support/start-time';

const HASH_KEY = 'ab'.repeat(16);

function unitNo(sequence: number) {
  const records = [{ text: `record ${sequence}`, timeMs: START_MS }];
  const place = { prefix: 'AB'.repeat(8), hashKey: HASH_KEY, codec: 'none' } as const;
  return sealedUnit(makeBatch({ sequence, firstRecord: sequence, records, ...place }), sequence);
}

function given(ids: SequenceIds, sequence: number) {
  const unit = unitNo(sequence);
  assert.equal(ids.give(unit), undefined);
  return unit.sentUnder!;
}

test('ids rise by one under one key, and a unit keeps its id', () => {
  const ids = new SequenceIds();
  const [first, second] = [given(ids, 1), given(ids, 2)];
  assert.deepEqual([first.id.number, second.id.number], [1, 2]);
  assert.equal(first.id.keyEnd, second.id.keyEnd);
  assert.deepEqual([first.batch.hashKey, first.batch.sequenceId], [`${'ab'.repeat(9)}${first.id.keyEnd}`, 1]);
  const unit = unitNo(3);
  ids.give(unit);
  const kept = unit.sentUnder;
  ids.give(unit);
  assert.equal(unit.sentUnder, kept);
});

test('behind the last id of 31 bits there is a new key', () => {
  const ids = new SequenceIds(MAX_SEQUENCE_NUMBER);
  const [last, next] = [given(ids, 1), given(ids, 2)];
  assert.deepEqual([last.id.number, next.id.number], [2 ** 31 - 1, 1]);
  assert.notEqual(last.id.keyEnd, next.id.keyEnd);
});

test('if units in flight go to another process, no id follows theirs, and they are in doubt', () => {
  const ids = new SequenceIds();
  const unit = unitNo(1);
  ids.give(unit);
  assert.equal(unit.sentUnder!.isInDoubt, false);
  ids.givenAway([unit]);
  assert.equal(unit.sentUnder!.isInDoubt, true);
  const next = given(ids, 2);
  assert.equal(next.id.number, 1);
  assert.notEqual(next.id.keyEnd, unit.sentUnder!.id.keyEnd);
});

test('two queues never have the same key', () => {
  const ends = Array.from({ length: 100 }, () => given(new SequenceIds(), 1).id.keyEnd);
  assert.equal(new Set(ends).size, 100);
});

test('a key without the digits of an instance is one that the service accepts', () => {
  const id = { keyEnd: 'f'.repeat(14), number: 1 };
  assert.equal(keyOfSequence('', id), `${'f'.repeat(14)}0000${'f'.repeat(14)}`);
});

test('an id is read as it was written', () => {
  const bytes = Buffer.alloc(SEQUENCE_ID_BYTES + 2);
  const id = { keyEnd: '0123456789abcd', number: MAX_SEQUENCE_NUMBER };
  writeSequenceId(bytes, 1, id);
  assert.deepEqual(readSequenceId(bytes, 1), id);
});

test('of several ids for exactly the same records the last one counts', () => {
  const keyEnd = 'a'.repeat(14);
  const attempts = [
    { keyEnd, number: 9, from: 0, to: 10 },
    { keyEnd, number: 8, from: 0, to: 10 },
    { keyEnd, number: 10, from: 0, to: 5 },
  ];
  assert.equal(attemptOf(attempts, 0, 10)?.number, 9);
  assert.equal(attemptOf(attempts, 0, 5)?.number, 10);
  assert.equal(attemptOf(attempts, 5, 10), undefined);
});
