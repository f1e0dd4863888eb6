import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type History, type ProcessLog, violations } from '../support/ledger-check';
import { batchIdOf } from '../support/ledger-repetition';
import type { Attempt } from '../support/virtual-service';

const RUN = '0123456789ABCDEF';
const WHOLE = `${RUN}-1F`;
const PART_1 = `${WHOLE}00000001`;
const PART_2 = `${WHOLE}00000002`;
const KEY = 'k';

/** A group that was stored; the answer came unless `answeredAt` is undefined. */
function stored(packId: string, records: readonly string[], at: number, change: Partial<Attempt> = {}): Attempt {
  return {
    process: 'p',
    packId,
    hashKey: KEY,
    bodyHash: records.join(),
    records,
    startedAt: at,
    storedAt: at + 1,
    answeredAt: at + 2,
    verdict: 'delivered',
    unreadable: undefined,
    ...change,
  };
}

const LOST = { answeredAt: undefined };

function processOf(name: string, texts: readonly string[], change: Partial<ProcessLog> = {}): ProcessLog {
  return {
    name,
    instance: 'orders',
    bornAt: 0,
    diedAt: undefined,
    accepted: texts.map((text) => ({ text, hashKey: KEY })),
    rejected: [],
    unwrittenDeadLetters: 0,
    notBehind: [],
    ...change,
  };
}

function found(attempts: readonly Attempt[], change: Partial<History> = {}): string[] {
  const history: History = {
    attempts,
    processes: [processOf('p', ['a', 'b', 'c', 'd'])],
    excuses: [],
    deadLetters: [],
    damaged: [],
    countedDamaged: 0,
    mustHaveArrived: [],
    ...change,
  };
  return violations(history);
}

/** The numbers of the checks that found something. */
function numbers(attempts: readonly Attempt[], change: Partial<History> = {}): string {
  return found(attempts, change)
    .map((text) => text.split(':')[0])
    .join(' ');
}

test('a history in which everything arrives once and in order has no violation', () => {
  assert.deepEqual(found([stored(`${RUN}-1`, ['a', 'b'], 10), stored(`${RUN}-2`, ['c', 'd'], 20)]), []);
});

test('the id of a part begins with the id of its batch, and so does that of a part of a part', () => {
  for (const digits of ['1', '1F', 'FFFFFFFF']) {
    const whole = `${RUN}-${digits}`;
    assert.deepEqual([whole, `${whole}0A0B0C0D`, `${whole}0A0B0C0D00000001`].map(batchIdOf), [whole, whole, whole]);
  }
});

test('4: one id with two bodies is a violation', () => {
  const second = stored(WHOLE, ['a'], 20, { bodyHash: 'another' });
  assert.equal(numbers([stored(WHOLE, ['a'], 10, LOST), second]), '4');
});

test('5: a record under the ids of two batches is a violation, whatever was lost', () => {
  assert.equal(numbers([stored(`${RUN}-1`, ['a', 'b'], 10, LOST), stored(`${RUN}-2`, ['a'], 20)]), '5');
});

test('5: a batch without an answer may arrive again in parts, one with an answer may not', () => {
  const parts = [stored(PART_1, ['a'], 20), stored(PART_2, ['b'], 30)];
  assert.equal(numbers([stored(WHOLE, ['a', 'b'], 10, LOST), ...parts]), '');
  assert.equal(numbers([stored(WHOLE, ['a', 'b'], 10), ...parts]), '5 5');
});

test('5: a request that timed out may arrive after its parts', () => {
  const late = stored(WHOLE, ['a', 'b'], 10, { ...LOST, storedAt: 100 });
  assert.equal(numbers([late, stored(PART_1, ['a'], 20), stored(PART_2, ['b'], 30)]), '');
});

test('5: a batch may not arrive whole after its part, unless the cut was forgotten', () => {
  const attempts = [stored(PART_1, ['a'], 10, LOST), stored(WHOLE, ['a', 'b'], 40)];
  assert.equal(numbers(attempts), '5');
  assert.equal(numbers(attempts, { excuses: [{ kind: 'crash', process: 'p', at: 30 }] }), '5');
  assert.equal(numbers(attempts, { excuses: [{ kind: 'power loss', at: 30 }] }), '');
  assert.equal(numbers(attempts, { excuses: [{ kind: 'cut failed', process: 'p', at: 5 }] }), '');
});

test('5: all records of a group under another id are no part of it', () => {
  assert.equal(numbers([stored(WHOLE, ['a'], 10, LOST), stored(PART_1, ['a'], 20)]), '5');
});

test('5: a part that reaches beyond the earlier group is a violation', () => {
  assert.equal(numbers([stored(PART_1, ['a', 'b'], 10, LOST), stored(PART_2, ['b', 'c'], 20)]), '5');
});

test('6: a group may arrive again after an attempt without an answer, and not after one with an answer', () => {
  assert.equal(numbers([stored(WHOLE, ['a'], 10, LOST), stored(WHOLE, ['a'], 20)]), '');
  assert.equal(numbers([stored(WHOLE, ['a'], 10), stored(WHOLE, ['a'], 20)]), '6');
  assert.equal(numbers([stored(WHOLE, ['a'], 10, LOST), stored(WHOLE, ['a'], 20), stored(WHOLE, ['a'], 30)]), '6');
});

test('6: an answer that comes after the repetition began excuses it', () => {
  assert.equal(numbers([stored(WHOLE, ['a'], 10, { answeredAt: 50 }), stored(WHOLE, ['a'], 20)]), '');
});

test('6: a request that timed out may arrive after its repetition', () => {
  const late = stored(WHOLE, ['a'], 10, { ...LOST, storedAt: 90 });
  assert.equal(numbers([late, stored(WHOLE, ['a'], 20)]), '');
});

test('6: a crash excuses the last answered group of its process, and no older one', () => {
  const attempts = [stored(`${RUN}-1`, ['a'], 10), stored(`${RUN}-2`, ['b'], 20)];
  const crash = { kind: 'crash', process: 'p', at: 25 } as const;
  const last = stored(`${RUN}-2`, ['b'], 30, { process: 'q' });
  const older = stored(`${RUN}-1`, ['a'], 30, { process: 'q' });
  assert.equal(numbers([...attempts, last]), '6');
  assert.equal(numbers([...attempts, last], { excuses: [crash] }), '');
  assert.equal(numbers([...attempts, older], { excuses: [crash] }), '6');
  assert.equal(numbers([...attempts, last], { excuses: [{ ...crash, process: 'q' }] }), '6');
  assert.equal(numbers([...attempts, last], { excuses: [{ ...crash, at: 35 }] }), '6', 'the crash came later');
});

test('6: the last answered group is the one whose answer came last, not the one that was sent last', () => {
  const attempts = [
    stored(`${RUN}-1`, ['a'], 10, { answeredAt: 24 }),
    stored(`${RUN}-2`, ['b'], 20, { answeredAt: 22 }),
    stored(`${RUN}-2`, ['b'], 30, { process: 'q' }),
  ];
  assert.equal(numbers(attempts, { excuses: [{ kind: 'crash', process: 'p', at: 25 }] }), '6');
});

test('6: progress that failed, a power loss and an eviction excuse a repetition', () => {
  const attempts = [stored(WHOLE, ['a'], 10), stored(WHOLE, ['a'], 30, { process: 'q' })];
  assert.equal(numbers(attempts, { excuses: [{ kind: 'progress failed', process: 'p', at: 20 }] }), '');
  assert.equal(numbers(attempts, { excuses: [{ kind: 'power loss', at: 20 }] }), '');
  assert.equal(numbers(attempts, { excuses: [{ kind: 'power loss', at: 5 }] }), '6');
  assert.equal(numbers(attempts, { excuses: [{ kind: 'evicted', process: 'p', at: 5 }] }), '');
  assert.equal(numbers(attempts, { excuses: [{ kind: 'evicted', process: 'x', at: 5 }] }), '6');
});

test('7: a record that arrives first after a younger one of its process is a violation', () => {
  const swapped = [stored(`${RUN}-2`, ['c'], 10), stored(`${RUN}-1`, ['a'], 20)];
  assert.equal(numbers(swapped), '7');
  const again = [stored(`${RUN}-1`, ['a'], 10, LOST), stored(`${RUN}-2`, ['b'], 20), stored(`${RUN}-1`, ['a'], 30)];
  assert.equal(numbers(again), '', 'only the first arrival counts');
  const keyless = { hashKey: '', processes: [processOf('p', [], { accepted: [] })] };
  const accepted = ['a', 'c'].map((text) => ({ text, hashKey: '' }));
  const withoutKey = swapped.map((attempt) => ({ ...attempt, hashKey: '' }));
  assert.equal(numbers(withoutKey, { ...keyless, processes: [processOf('p', [], { accepted })] }), '');
});

test('7: what an older process left arrives before the records of a younger one, unless both lived or it gave up', () => {
  const attempts = [
    stored(`${RUN}-1`, ['a'], 30),
    stored(`${RUN}-2`, ['x'], 40, { process: 'q' }),
    stored(`${RUN}-3`, ['b'], 50, { process: 'q' }),
  ];
  const older = processOf('p', ['a', 'b'], { diedAt: 10 });
  const younger = processOf('q', ['x'], { bornAt: 20 });
  assert.equal(numbers(attempts, { processes: [older, younger] }), '7');
  assert.equal(numbers(attempts, { processes: [{ ...older, diedAt: 25 }, younger] }), '');
  assert.equal(numbers(attempts, { processes: [{ ...older, diedAt: undefined }, younger] }), '');
  assert.equal(numbers(attempts, { processes: [older, { ...younger, notBehind: ['p'] }] }), '');
  assert.equal(numbers(attempts, { processes: [older, { ...younger, instance: 'other' }] }), '');
});

test('10: a record that one process delivered and rejected, or that is no dead letter, is a violation', () => {
  const rejected = [{ text: 'a', at: 5 }];
  const process = processOf('p', ['a'], { rejected });
  assert.equal(numbers([], { processes: [process], deadLetters: ['a'] }), '');
  assert.equal(numbers([], { processes: [process] }), '10');
  assert.equal(numbers([], { processes: [{ ...process, unwrittenDeadLetters: 1 }] }), '');
  assert.equal(numbers([stored(WHOLE, ['a'], 10)], { processes: [process], deadLetters: ['a'] }), '10');
  const answerless = [stored(WHOLE, ['a'], 10, LOST)];
  assert.equal(
    numbers(answerless, { processes: [process], deadLetters: ['a'] }),
    '',
    'it does not know of the delivery',
  );
});

test('10: 32 rejected records without a delivery in between are a violation', () => {
  const texts = Array.from({ length: 32 }, (_, i) => `r${i}`);
  const rejected = texts.map((text, i) => ({ text, at: i < 20 ? i : i + 100 }));
  const process = processOf('p', [...texts, 'a'], { rejected });
  const change = { processes: [process], deadLetters: texts };
  assert.equal(numbers([], change), '10');
  assert.equal(numbers([stored(WHOLE, ['a'], 50)], change), '');
  const few = { ...process, rejected: rejected.slice(1) };
  assert.equal(numbers([], { ...change, processes: [few] }), '');
});

test('11: a forged record, a wrong key, two instances in one group, a record twice and an unreadable body are violations', () => {
  assert.equal(numbers([stored(WHOLE, ['forged'], 10)]), '11');
  assert.equal(numbers([stored(WHOLE, ['a'], 10, { hashKey: 'wrong' })]), '11');
  assert.equal(numbers([stored(WHOLE, ['a', 'a'], 10)]), '11');
  const processes = [processOf('p', ['a']), processOf('q', ['x'], { instance: 'other' })];
  assert.equal(numbers([stored(WHOLE, ['a', 'x'], 10)], { processes }), '11');
  const unreadable = { unreadable: 'damaged', storedAt: undefined, verdict: 'reject' } as const;
  assert.equal(numbers([stored(WHOLE, [], 10, unreadable)]), '11');
});

test('12: a damaged entry that is sent or not counted, and a record behind it that does not arrive, are violations', () => {
  const damaged = [{ records: ['a', 'b'], at: 10, isCountable: true }];
  const behind = stored(`${RUN}-2`, ['c'], 20);
  assert.equal(numbers([behind], { damaged, countedDamaged: 2, mustHaveArrived: ['c'] }), '');
  assert.equal(numbers([behind], { damaged, countedDamaged: 3 }), '12');
  assert.equal(numbers([behind], { damaged: [{ ...damaged[0]!, isCountable: false }], countedDamaged: 0 }), '');
  assert.equal(numbers([stored(WHOLE, ['b'], 20)], { damaged, countedDamaged: 2 }), '12');
  assert.equal(numbers([stored(WHOLE, ['b'], 5)], { damaged, countedDamaged: 2 }), '', 'it was sent before the damage');
  assert.equal(numbers([], { damaged, countedDamaged: 2, mustHaveArrived: ['c'] }), '12');
});

test('a history that names a record twice is a defect of the test', () => {
  assert.throws(() => found([], { processes: [processOf('p', ['a', 'a'])] }), /names the record a twice/);
});
