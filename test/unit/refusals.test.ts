// A unit that is refused, or too large, is sent in halves, within the refusal budget. Each letter is a record here, and
// a capital letter is a record of another time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REFUSALS_IN_A_ROW, REFUSALS_PER_MINUTE, RefusalBudget } from '@putlogs/core/internal/delivery/refusal-budget';
import { CLOCKS_AGREE_MS } from '@putlogs/core/internal/delivery/refusals';
import type { Outcome, TimeWindow } from '@putlogs/core/internal/targets/outcome';
import { queueAndLane } from '../support/queue-and-lane';
import { HandClock, settled } from './hand-clock';

const REFUSAL = { code: 'X', message: 'x' };
const TOO_LARGE: Outcome = { kind: 'split', refusal: REFUSAL, tooLarge: 'bytes' };
const REJECT: Outcome = { kind: 'reject', refusal: REFUSAL };
const DELIVERED: Outcome = { kind: 'delivered', requestId: 'r' };

function laneTo(service: (letters: string) => Outcome, clock = new HandClock()) {
  const parts = queueAndLane({ clock, service: (texts) => service(texts.join('')) });
  const push = (...batches: string[]) => {
    for (const batch of batches) parts.push([...batch]);
  };
  const sent = () => parts.sent.map((texts) => texts.join(''));
  const ends = () => parts.ends.map(({ how, texts }) => `${how === 'rejected' ? '-' : ''}${texts.join('')}`);
  const rejected = () => parts.textsThat('rejected').length;
  return { ...parts, push, sent, ends, rejected };
}

const letters = (count: number) => 'abcdefgh'.repeat(Math.ceil(count / 8)).slice(0, count);

/** Lets time pass until every batch is finished; fails after so long. */
async function finish(
  { clock, queue }: { clock: HandClock; queue: { isEmpty: boolean } },
  stepMs: number,
  steps: number,
) {
  for (let step = 0; step < steps && !queue.isEmpty; step += 1) await clock.pass(stepMs);
  assert.ok(queue.isEmpty, 'every batch is finished');
}

// too large

test('a batch that is too large goes in halves, in order, before the batch behind it, and without a wait', async () => {
  const { push, clock, sent, ends, waits, queue, counters } = laneTo((batch) =>
    batch.length > 2 ? TOO_LARGE : DELIVERED,
  );
  push('abcdefg', 'hi');
  await settled();
  assert.deepEqual(ends(), ['ab', 'cd', 'ef', 'g', 'hi']);
  assert.deepEqual(sent(), ['abcdefg', 'abcd', 'ab', 'cd', 'efg', 'ef', 'g', 'hi']);
  assert.deepEqual(waits, []);
  assert.equal(clock.timers, 0);
  assert.ok(queue.isEmpty);
  const { halved, delivered, pending, pendingBytes } = counters.stats();
  assert.deepEqual([halved, delivered, pending, pendingBytes], [3, 9, 0, 0]);
});

test('cuts of batches that are too large cost no budget: a single delivery is found below any number of them', async () => {
  const { push, ends, waits, size } = laneTo((batch) => (batch.length > 1 ? TOO_LARGE : DELIVERED));
  push(letters(512));
  await settled();
  assert.equal(ends().join(''), letters(512));
  assert.deepEqual(waits, []);
  assert.ok(size.maxBytes < 1_000_000, 'the refused size is learned');
});

test('a single record that is still too large is given up alone', async () => {
  const { push, ends, counters } = laneTo((batch) => (batch.includes('c') ? TOO_LARGE : DELIVERED));
  push('abcde');
  await settled();
  assert.deepEqual(ends(), ['ab', '-c', 'de']);
  const { delivered, dropped } = counters.stats();
  assert.deepEqual([delivered, dropped.rejected], [4, 1]);
});

test('if every single record is too large, fewer than 32 are given up, and the rest is held', async () => {
  const { push, rejected, clock } = laneTo(() => TOO_LARGE);
  push(letters(1000));
  for (let minute = 0; minute < 600; minute += 1) await clock.pass(60_000);
  assert.equal(rejected(), REFUSALS_IN_A_ROW);
});

// parts

test('every part has an id of its own that begins with its batch’s, and the batch counts as finished when all parts are', async () => {
  const { push, packIds, finished } = laneTo((batch) => (batch.length > 1 ? TOO_LARGE : DELIVERED));
  push('aaaaaaaa');
  await settled();
  assert.equal(new Set(packIds).size, packIds.length, 'equal lines at different places have different ids');
  for (const id of packIds) assert.ok(id.startsWith(packIds[0]!));
  assert.deepEqual([...finished], [[packIds[0], 8]]);
});

// one bad record

for (const count of [1, 2, 3, 8, 100, 1000]) {
  test(`one bad record among ${count} is found in as many rounds as there are halvings, wherever it is`, async () => {
    for (const at of new Set([0, 1, Math.floor(count / 2), count - 1].filter((at) => at < count))) {
      const records = `${'g'.repeat(at)}b${'g'.repeat(count - at - 1)}`;
      const { push, sent, ends } = laneTo((batch) => (batch.includes('b') ? REJECT : DELIVERED));
      push(records, 'next');
      await settled();
      assert.deepEqual(
        ends().filter((end) => end.startsWith('-')),
        ['-b'],
      );
      assert.equal(ends().join('').replace('-', ''), `${records}next`);
      const rounds = sent().filter((batch) => batch.includes('b')).length;
      assert.ok(rounds <= Math.ceil(Math.log2(count)) + 1, `${rounds} rounds`);
    }
  });
}

test('bad records among good ones are given up, no more a minute than the budget permits', async () => {
  const parts = laneTo((batch) => (batch.includes('b') ? REJECT : DELIVERED));
  const { push, clock, ends } = parts;
  const bad = () => ends().filter((end) => end === '-b').length;
  const batches = Array.from({ length: 200 }, () => 'gbgg');
  push(...batches);
  await settled();
  assert.equal(bad(), REFUSALS_PER_MINUTE);
  await finish(parts, 1000, 3600);
  assert.equal(bad(), 200);
  assert.equal(ends().join('').replaceAll('-', ''), batches.join(''));
  const minutes = 200 / REFUSALS_PER_MINUTE;
  assert.ok(clock.monotonicMs() > (minutes - 1.5) * 60_000, `all done after ${clock.monotonicMs()} ms`);
});

test('a backlog of large batches with a bad record in each takes no longer than its bad records do', async () => {
  const parts = laneTo((batch) => (batch.includes('b') ? REJECT : DELIVERED));
  const batches = Array.from({ length: 60 }, () => `${'g'.repeat(1000)}b${'g'.repeat(1000)}`);
  parts.push(...batches);
  await settled();
  assert.ok(parts.queue.isEmpty, 'each needs 11 cuts, and nothing is held');
  assert.equal(parts.rejected(), 60);
});

test('a batch that cannot be read is held, not dropped, and costs no budget', async () => {
  const { push, clock, ends, waits, budget } = queueAndLane({ service: () => REJECT });
  push([...'abc'], (batch) => ({ ...batch, count: 4 }));
  await settled();
  for (let minute = 0; minute < 100; minute += 1) await clock.pass(60_000);
  assert.equal(waits[0], 'hold 4: x; its records cannot be read: the batch is damaged: 3 of 4 records can be read');
  assert.deepEqual(ends, []);
  assert.ok(budget.allows(REFUSALS_IN_A_ROW));
});

// everything is refused

test('if everything is refused, fewer than 32 refusals are acted on in ten hours, and all is delivered afterwards', async () => {
  let isTaking = false;
  const parts = laneTo(() => (isTaking ? DELIVERED : REJECT));
  const { push, clock, waits, rejected, ends } = parts;
  for (let i = 0; i < 10; i += 1) push(letters(1000));
  await settled();
  const dropped = rejected();
  assert.ok(dropped > 0 && dropped < 32, `${dropped} records given up`);
  assert.match(waits[0]!, /^hold .*x; too much is refused: this is held, and nothing is deleted$/);
  for (let minute = 0; minute < 600; minute += 1) await clock.pass(60_000);
  assert.equal(rejected(), dropped, 'the budget is not refilled without a delivery');
  isTaking = true;
  await finish(parts, 2000, 10);
  assert.equal(ends().join('').replaceAll('-', '').length, 10_000);
  assert.equal(rejected(), dropped);
});

test('if everything is refused, 5,000 batches of one record lose fewer than 32', async () => {
  const { push, clock, rejected } = laneTo(() => REJECT);
  push(...Array.from({ length: 5000 }, () => 'a'));
  for (let minute = 0; minute < 600; minute += 1) await clock.pass(60_000);
  assert.equal(rejected(), 31);
});

test('thirty-one bad records in a row are given up, a delivery permits 31 more, and a longer row is held', async () => {
  const bad = Array.from({ length: 31 }, () => 'b');
  const parts = laneTo((batch) => (batch.includes('b') ? REJECT : DELIVERED));
  parts.push(...bad, 'g', ...bad, 'g', ...bad, 'b', 'g');
  for (let minute = 0; minute < 600; minute += 1) await parts.clock.pass(60_000);
  assert.equal(parts.rejected(), 93);
  assert.equal(parts.textsThat('delivered').join(''), 'gg');
  assert.equal(parts.queue.isEmpty, false);
});

// records of another time

/** Takes times from 1 on: a capital letter is a record of time 0. */
const taking = (serviceMs: number | undefined): Outcome => ({
  kind: 'reject',
  refusal: REFUSAL,
  takes: { fromMs: 1, toMs: 1, serviceMs },
});
const hasCapital = (batch: string) => /[A-Z]/.test(batch);

test('records of a time that is refused are given up together, however many, and the others are sent without them', async () => {
  const { push, sent, ends, waits, queue, counters } = laneTo((batch) => (hasCapital(batch) ? taking(0) : DELIVERED));
  push('aBcD', ...Array.from({ length: 100 }, () => 'EFGH'), 'ij');
  await settled();
  assert.deepEqual(sent().slice(0, 3), ['aBcD', 'ac', 'EFGH']);
  assert.deepEqual([ends()[0], ends()[1], ends().at(-1)], ['-BD', 'ac', 'ij']);
  assert.equal(ends().length, 103);
  assert.deepEqual(waits, [], 'the clocks agree, so this costs no budget');
  assert.ok(queue.isEmpty);
  const { delivered, dropped, pending, pendingBytes } = counters.stats();
  assert.deepEqual([delivered, dropped.rejected, pending, pendingBytes], [4, 402, 0, 0]);
});

test('200 of 500 records outside the window cost two requests if the clocks agree', async () => {
  const { push, sent, ends, rejected, textsThat } = laneTo((batch) => (hasCapital(batch) ? taking(0) : DELIVERED));
  push('aBcDe'.repeat(100));
  await settled();
  assert.equal(sent().length, 2);
  assert.deepEqual([rejected(), textsThat('delivered').length], [200, 300]);
  assert.equal(ends()[1], 'ace'.repeat(100));
});

test('if no record is of another time, such a refusal is like the others: the record is searched for', async () => {
  const { push, ends } = laneTo((batch) => (batch.includes('c') ? taking(0) : DELIVERED));
  push('abcde');
  await settled();
  assert.deepEqual(ends(), ['ab', '-c', 'de']);
});

/** The service says that it takes times around its own clock, and the records have the time of ours. */
function laneToWindow(serviceAheadMs: number, isDateSaid = true) {
  const clock = new HandClock();
  const hourMs = 3_600_000;
  let fixedMs = serviceAheadMs;
  const parts = queueAndLane({
    clock,
    service: () => {
      const serviceMs = clock.wallMs() + fixedMs;
      const takes: TimeWindow = {
        fromMs: serviceMs - hourMs,
        toMs: serviceMs + hourMs,
        serviceMs: isDateSaid ? serviceMs : undefined,
      };
      const isTaken = fixedMs === 0;
      return isTaken ? DELIVERED : { kind: 'reject', refusal: REFUSAL, takes };
    },
  });
  const correct = () => {
    fixedMs = 0;
  };
  return { ...parts, correct, nowOf: () => clock.wallMs() };
}

const YEAR_MS = 365 * 24 * 3_600_000;

for (const [what, aheadMs, isDateSaid] of [
  ['the service’s Date is a year ahead', YEAR_MS, true],
  ['the machine’s clock is a year ahead of the service’s', -YEAR_MS, true],
  ['the service does not say its time', YEAR_MS, false],
] as const) {
  for (const perBatch of [5000, 500, 20, 1]) {
    test(`if ${what}, 5,000 records outside the window in batches of ${perBatch} lose fewer than 32`, async () => {
      const { clock, push, ends, waits, textsThat, queue, correct, nowOf } = laneToWindow(aheadMs, isDateSaid);
      await clock.pass(Math.max(0, -aheadMs) + YEAR_MS);
      for (let n = 0; n < 5000; n += perBatch) {
        push(
          Array.from({ length: perBatch }, (_, i) => `${n + i}`),
          undefined,
          nowOf,
        );
      }
      // A minute each: the budget of a minute must not be what limits the loss.
      for (let minute = 0; minute < 60; minute += 1) await clock.pass(60_000);
      const lost = textsThat('rejected').length;
      assert.ok(lost < 32, `${lost} records given up`);
      assert.equal(lost, perBatch === 1 ? 31 : perBatch === 20 ? 20 : 0);
      assert.match(waits[0]!, /too much is refused for its time, and the clocks differ: this is held/);
      correct();
      await finish({ clock, queue }, 2000, 20);
      assert.equal(ends.flatMap(({ texts }) => texts).length, 5000);
      assert.equal(textsThat('delivered').length, 5000 - lost);
    });
  }
}

test('the clocks agree within five minutes, and differ beyond them', async () => {
  for (const [differenceMs, expected] of [
    [CLOCKS_AGREE_MS, 40],
    [-CLOCKS_AGREE_MS, 40],
    [CLOCKS_AGREE_MS + 1, 0],
    [-CLOCKS_AGREE_MS - 1, 0],
  ] as const) {
    const clock = new HandClock();
    const { push, rejected } = laneTo(() => taking(clock.wallMs() + differenceMs), clock);
    await clock.pass(3_600_000);
    push('A'.repeat(40));
    await settled();
    assert.equal(rejected(), expected, `${differenceMs} ms`);
  }
});

test('a cut that the disk refuses is held and costs no budget until it is made', async () => {
  const clock = new HandClock();
  const parts = queueAndLane({ clock, service: (texts) => (texts.includes('b') ? REJECT : DELIVERED) });
  const { queue, push, waits, textsThat } = parts;
  const cut = queue.cut.bind(queue);
  queue.cut = () => ({ kind: 'failed', code: 'EIO', message: 'i/o error' });
  push([...'gbgg']);
  for (let minute = 0; minute < 100; minute += 1) await clock.pass(60_000);
  assert.equal(waits[0], 'hold 4: x; its parts cannot be written down: i/o error');
  queue.cut = cut;
  await finish({ clock, queue }, 60_000, 10);
  assert.deepEqual([textsThat('rejected'), textsThat('delivered')], [['b'], ['g', 'g', 'g']]);
});

test('the budget has 31 in a row, cuts among them, and 64 given up a minute', async () => {
  const clock = new HandClock();
  const budget = new RefusalBudget(clock);
  for (let cuts = 0; cuts < 30; cuts += 1) budget.cut();
  assert.deepEqual([budget.allows(1), budget.allows(2), budget.allowsCut], [true, false, true]);
  budget.cut();
  assert.deepEqual([budget.allows(1), budget.allowsCut], [false, false]);
  budget.delivered();
  assert.deepEqual([budget.allows(31), budget.allows(32)], [true, false]);
  budget.gaveUp(31);
  assert.equal(budget.allowsCut, false);
  budget.delivered();
  budget.gaveUp(30);
  budget.delivered();
  assert.deepEqual([budget.allows(3), budget.allows(4)], [true, false], '61 were given up in this minute');
  assert.ok(budget.allowsCut);
  await clock.pass(60_000 / REFUSALS_PER_MINUTE);
  assert.deepEqual([budget.allows(4), budget.allows(5)], [true, false]);
  await clock.pass(3_600_000);
  assert.deepEqual([budget.allows(31), budget.allows(32)], [true, false]);
});
