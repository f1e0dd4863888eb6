// A batch that is refused, or too large, goes on in halves. Here a batch is a text, and each letter a record.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from '@putlogs/core/internal/delivery/gate';
import { Lane } from '@putlogs/core/internal/delivery/lane';
import type { Outcome } from '@putlogs/core/internal/delivery/outcome';
import { REFUSALS_IN_A_ROW, REFUSALS_PER_MINUTE, RefusalBudget } from '@putlogs/core/internal/delivery/refusals';
import { HandClock, settled } from './hand-clock';

const REFUSAL = { code: 'X', message: 'x' };
const TOO_LARGE: Outcome = { kind: 'split', refusal: REFUSAL, tooLarge: 'bytes' };
const REJECT: Outcome = { kind: 'reject', refusal: REFUSAL };
const DELIVERED: Outcome = { kind: 'delivered', requestId: 'r' };

function laneTo(service: (batch: string) => Outcome) {
  const clock = new HandClock();
  const sent: string[] = [];
  const fates: string[] = [];
  const waits: string[] = [];
  const lane = new Lane<string>({
    concurrency: 1,
    clock,
    gate: new Gate({ concurrency: 1, backoff: { baseMs: 100, maxMs: 1000 }, clock }),
    deliver: (batch) => {
      sent.push(batch);
      return Promise.resolve(service(batch));
    },
    halve: (batch) => {
      if (batch.includes('!')) throw new Error('it cannot be read');
      const middle = Math.ceil(batch.length / 2);
      return batch.length === 1 ? [] : [batch.slice(0, middle), batch.slice(middle)];
    },
    // A capital letter is a record of another time.
    sift: (batch) => ({
      kept: batch.replaceAll(/[A-Z]/g, '') || undefined,
      others: batch.replaceAll(/[a-z]/g, '') || undefined,
    }),
    refusals: new RefusalBudget(clock),
    onRetry: (batch, { kind, refusal }) => waits.push(`${kind} ${batch.length}: ${refusal.message}`),
    onHalved: () => {},
    onFate: (batch, { kind }) => fates.push(kind === 'delivered' ? batch : `-${batch}`),
  });
  return { lane, clock, sent, fates, waits };
}

const letters = (count: number) => 'abcdefgh'.repeat(count / 8);

test('what is too large goes in halves, in order, before what comes behind it, and without a wait', async () => {
  const { lane, clock, sent, fates, waits } = laneTo((batch) => (batch.length > 2 ? TOO_LARGE : DELIVERED));
  lane.push('abcdefg');
  lane.push('hi');
  await settled();
  assert.deepEqual(fates, ['ab', 'cd', 'ef', 'g', 'hi']);
  assert.deepEqual(sent, ['abcdefg', 'abcd', 'ab', 'cd', 'efg', 'ef', 'g', 'hi']);
  assert.deepEqual(waits, []);
  assert.equal(clock.timers, 0);
  assert.equal(lane.size, 0);
});

const TAKES = { fromMs: 0, toMs: 1 };
const ANOTHER_TIME: Outcome = { kind: 'reject', refusal: REFUSAL, takes: TAKES };

test('records of a time that is refused are rejected together, however many, and the others are sent without them', async () => {
  const { lane, sent, fates, waits } = laneTo((batch) => (/[A-Z]/.test(batch) ? ANOTHER_TIME : DELIVERED));
  lane.push('aBcD');
  for (let i = 0; i < 100; i += 1) lane.push('EFGH');
  lane.push('ij');
  await settled();
  assert.deepEqual(sent.slice(0, 3), ['aBcD', 'ac', 'EFGH']);
  assert.deepEqual([fates[0], fates[1], fates.at(-1)], ['-BD', 'ac', 'ij']);
  assert.equal(fates.length, 103);
  assert.deepEqual(waits, [], 'this needs no budget: it is known which they are');
});

test('where no record is of another time, such a refusal is like the others: the record is searched for', async () => {
  const { lane, fates } = laneTo((batch) => (batch.includes('c') ? ANOTHER_TIME : DELIVERED));
  lane.push('abcde');
  await settled();
  assert.deepEqual(fates, ['ab', '-c', 'de']);
});

test('a single record that is still too large is rejected alone', async () => {
  const { lane, fates } = laneTo((batch) => (batch.includes('c') ? TOO_LARGE : DELIVERED));
  lane.push('abcde');
  await settled();
  assert.deepEqual(fates, ['ab', '-c', 'de']);
});

for (const count of [1, 2, 3, 8, 100, 1000]) {
  test(`one bad record among ${count} is found in as many rounds as there are halvings, wherever it is`, async () => {
    for (const at of new Set([0, 1, Math.floor(count / 2), count - 1].filter((at) => at < count))) {
      const records = `${'g'.repeat(at)}B${'g'.repeat(count - at - 1)}`;
      const { lane, sent, fates } = laneTo((batch) => (batch.includes('B') ? REJECT : DELIVERED));
      lane.push(records);
      lane.push('next');
      await settled();
      assert.deepEqual(
        fates.filter((fate) => fate.startsWith('-')),
        ['-B'],
      );
      assert.equal(fates.join('').replace('-', ''), `${records}next`);
      const rounds = sent.filter((batch) => batch.includes('B')).length;
      assert.ok(rounds <= Math.ceil(Math.log2(count)) + 1, `${rounds} rounds`);
    }
  });
}

test('when everything is refused, a few records are dropped and the rest is held, for as long as it lasts', async () => {
  let takes = false;
  const { lane, clock, fates, waits } = laneTo(() => (takes ? DELIVERED : REJECT));
  for (let i = 0; i < 10; i += 1) lane.push(letters(1000));
  await settled();
  const dropped = fates.length;
  assert.ok(dropped < REFUSALS_IN_A_ROW, `${dropped} records dropped`);
  assert.match(waits[0]!, /^hold .*x; too much is refused: this is held, and nothing is deleted$/);
  for (let second = 0; second < 599; second += 1) await clock.pass(1000);
  assert.equal(fates.length, dropped);
  takes = true;
  await clock.pass(2000);
  assert.equal(lane.size, 0);
  assert.equal(fates.slice(dropped).join('').length, 10_000 - dropped);
});

test('a long run of bad records does not stand in the way for ever', async () => {
  const { lane, clock, fates } = laneTo((batch) => (batch.includes('B') ? REJECT : DELIVERED));
  lane.push('B'.repeat(32));
  lane.push('good');
  for (let minute = 0; minute < 10_000 && lane.size > 0; minute += 1) await clock.pass(60_000);
  assert.equal(fates.length, 33);
  assert.equal(fates.at(-1), 'good');
});

test('bad records among good ones cost no more requests a minute than the budget allows', async () => {
  const { lane, clock, sent, fates } = laneTo((batch) => (batch.includes('B') ? REJECT : DELIVERED));
  const batches = Array.from({ length: 100 }, () => 'gBgg');
  for (const batch of batches) lane.push(batch);
  await settled();
  // Each refusal that is acted on brings two requests at most.
  assert.ok(sent.length <= 3 * REFUSALS_PER_MINUTE, `${sent.length} requests at once`);
  for (let second = 0; second < 3600 && lane.size > 0; second += 1) await clock.pass(1000);
  assert.equal(fates.filter((fate) => fate === '-B').length, 100);
  assert.equal(fates.join('').replaceAll('-', ''), batches.join(''));
  const minutes = (3 * 100) / REFUSALS_PER_MINUTE;
  assert.ok(clock.monotonicMs() > (minutes - 1.5) * 60_000, `all done after ${clock.monotonicMs()} ms`);
});

test('a batch that cannot be read is held, not dropped', async () => {
  const { lane, fates, waits } = laneTo(() => REJECT);
  lane.push('ab!');
  await settled();
  assert.deepEqual(waits, ['hold 3: x; not cut: it cannot be read']);
  assert.deepEqual(fates, []);
});
