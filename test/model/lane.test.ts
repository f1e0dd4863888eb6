// Queue, lane, gate and refusal budget, without a spool, against a service that answers anything, in any order, at
// any time.
//
// A batch is a list of numbered records. The script says what the service answers to each request, and after how many
// turns of the loop. After the script the service works, except for records it never takes and batches that are too
// large.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REFUSALS_IN_A_ROW } from '@putlogs/core/internal/delivery/refusal-budget';
import type { Outcome } from '@putlogs/core/internal/targets/outcome';
import fc from 'fast-check';
import { queueAndLane } from '../support/queue-and-lane';
import { LANE_ABANDONED, LANE_SERVICES } from '../support/sizes';
import { HandClock, settled } from '../unit/hand-clock';

const REFUSAL = { code: 'X', message: 'x' };
const STEP_MS = 60_000;
/** Beyond any wait of the model: five minutes for each answer of a script. */
const MOST_STEPS = 300;

interface Reply {
  readonly kind: 'well' | 'retry' | 'hold' | 'reject' | 'split' | 'throw' | 'lost answer';
  readonly afterMs: number;
  readonly random: number;
  /** Ticks of the loop until it comes. */
  readonly turns: number;
}

const reply: fc.Arbitrary<Reply> = fc.record({
  kind: fc.constantFrom('well', 'well', 'retry', 'retry', 'hold', 'reject', 'split', 'throw', 'lost answer'),
  afterMs: fc.constantFrom(0, 0, 0, 500, 300_000),
  random: fc.double({ min: 0, max: 0.999, noNaN: true }),
  turns: fc.nat(3),
});

const scenario = fc.record({
  concurrency: fc.constantFrom(1, 1, 2, 5),
  batches: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
  script: fc.array(reply, { maxLength: 40 }),
  /** Which records are never taken, by a part of all. */
  poisonEvery: fc.constantFrom(0, 0, 3, 7, 1),
  /** Which are of a time that is refused. */
  staleEvery: fc.constantFrom(0, 0, 4, 1),
  clocksAgree: fc.boolean(),
  maxCount: fc.constantFrom(1, 2, 5, 100),
});

/** The service's clock and ours: equal, or so far apart that one of them is wrong. */
const CLOCKS_DIFFER_MS = 3_600_000;

async function turnsOf(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

const isMultiple = (record: number, every: number) => every > 0 && record % every === 0;

test(`${LANE_SERVICES} services: every record is finished once or held, in order, within the limits, and no timer is left`, async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (plan) => {
      const { concurrency, batches, script, poisonEvery, staleEvery, clocksAgree, maxCount } = plan;
      const clock = new HandClock();
      const replies = [...script];
      const taken: number[] = [];
      /** Records given up or cuts made since the last delivery, as seen from outside. */
      let row = 0;
      let inFlight = 0;
      const serve = (records: readonly number[], answer: Reply | undefined): Outcome => {
        if (answer?.kind === 'retry') return { kind: 'retry', refusal: REFUSAL, afterMs: answer.afterMs };
        if (answer?.kind === 'throw') throw new Error('a surprise');
        if (answer?.kind === 'hold' || answer?.kind === 'reject') return { kind: answer.kind, refusal: REFUSAL };
        if (answer?.kind === 'split' || records.length > maxCount) {
          return { kind: 'split', refusal: REFUSAL, tooLarge: 'count' };
        }
        if (records.some((record) => isMultiple(record, staleEvery))) {
          const serviceMs = clock.wallMs() + (clocksAgree ? 0 : CLOCKS_DIFFER_MS);
          return { kind: 'reject', refusal: REFUSAL, takes: { fromMs: 1, toMs: 1, serviceMs } };
        }
        if (records.some((record) => isMultiple(record, poisonEvery))) return { kind: 'reject', refusal: REFUSAL };
        for (const record of records) taken.push(record);
        if (answer?.kind === 'lost answer') return { kind: 'retry', refusal: REFUSAL, afterMs: 0 };
        return { kind: 'delivered', requestId: 'r' };
      };
      const parts = queueAndLane({
        concurrency,
        clock,
        backoff: { baseMs: 100, maxMs: 10_000 },
        service: async (texts) => {
          inFlight += 1;
          assert.ok(inFlight <= concurrency, `${inFlight} in flight`);
          const answer = replies.shift();
          clock.random = () => answer?.random ?? 0.5;
          await turnsOf(answer?.turns ?? 0);
          inFlight -= 1;
          return serve(texts.map(Number), answer);
        },
        onRetry: (_texts, _failure, delayMs) => assert.ok(delayMs >= 0 && Number.isFinite(delayMs)),
      });
      const { counters, ends, finished, packIds, push, queue, sent } = parts;

      let next = 1;
      for (const count of batches) {
        const texts = Array.from({ length: count }, () => `${next++}`);
        push(texts, undefined, (text) => (isMultiple(Number(text), staleEvery) ? 0 : 1));
      }
      for (let step = 0; step < MOST_STEPS && !queue.isEmpty; step += 1) {
        await clock.pass(STEP_MS);
        await settled();
      }

      const { accepted, delivered, dropped, pending, pendingBytes, spooled } = counters.stats();
      assert.equal(accepted, delivered + dropped.rejected + pending);
      assert.deepEqual([accepted, spooled], [next - 1, 0]);
      const ended = ends.flatMap(({ texts }) => texts.map(Number));
      assert.equal(new Set(ended).size, ended.length, 'a record is finished once');
      assert.equal(ended.length, delivered + dropped.rejected);
      assert.equal(
        [...finished.values()].reduce((sum, count) => sum + count, 0),
        ended.length,
      );
      assert.equal(inFlight, 0);
      for (const { how, texts } of ends) {
        if (how === 'delivered') {
          row = 0;
          for (const text of texts) assert.ok(taken.includes(Number(text)), `record ${text} was never taken`);
          continue;
        }
        const areStale = texts.every((text) => isMultiple(Number(text), staleEvery));
        if (!areStale) assert.equal(texts.length, 1, 'only a single record is given up, or records of another time');
        if (!areStale || !clocksAgree) row += texts.length;
        assert.ok(row <= REFUSALS_IN_A_ROW, `${row} records given up without a delivery in between`);
      }
      if (queue.isEmpty) {
        assert.deepEqual([ended.length, pending, pendingBytes, clock.timers], [next - 1, 0, 0, 0]);
      } else {
        const isBad = (record: number) => isMultiple(record, poisonEvery) || isMultiple(record, staleEvery);
        assert.ok(sent.at(-1)!.map(Number).some(isBad), 'only a batch with a bad record is held');
      }
      const recordsOf = new Map<string, string>();
      for (const [i, texts] of sent.entries()) {
        const known = recordsOf.get(packIds[i]!) ?? texts.join();
        assert.equal(known, texts.join(), 'an id names the same records in every attempt');
        recordsOf.set(packIds[i]!, known);
      }
      if (concurrency > 1) return;
      const first = [...new Set(taken)];
      assert.deepEqual(
        first,
        first.toSorted((a, b) => a - b),
        'first arrivals are in call order',
      );
      // Records of another time are given up while others of their batch are still to be sent.
      const order = ended.filter((record) => !isMultiple(record, staleEvery));
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
        'records are finished in call order',
      );
    }),
    { numRuns: LANE_SERVICES, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
  );
});

test('abandoned at any moment, every record is finished or counted as lost, once, and no timer is left', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, fc.nat(12), async ({ concurrency, batches, script, maxCount }, steps) => {
      const clock = new HandClock();
      const replies = [...script];
      const { counters, ends, lane, push, queue, sent } = queueAndLane({
        concurrency,
        clock,
        backoff: { baseMs: 100, maxMs: 10_000 },
        service: async (texts) => {
          const answer = replies.shift();
          await turnsOf(answer?.turns ?? 0);
          if (texts.length > maxCount) return { kind: 'split', refusal: REFUSAL, tooLarge: 'count' };
          const fails = answer === undefined || answer.kind === 'retry' || answer.kind === 'hold';
          return fails
            ? { kind: 'retry', refusal: REFUSAL, afterMs: answer?.afterMs ?? 0 }
            : { kind: 'delivered', requestId: 'r' };
        },
      });
      let next = 1;
      for (const count of batches) push(Array.from({ length: count }, () => `${next++}`));
      for (let step = 0; step < steps; step += 1) await clock.pass(100);
      lane.abandon();
      const lost = queue.leave();
      const before = ends.length;
      const attempts = sent.length;
      await settled();
      assert.equal(clock.timers, 0);
      await clock.pass(STEP_MS);
      assert.deepEqual([ends.length, sent.length], [before, attempts]);
      const ended = ends.flatMap(({ texts }) => texts.map(Number));
      assert.equal(new Set(ended).size, ended.length);
      assert.equal(ended.length + lost, next - 1);
      const { delivered, dropped, pending, pendingBytes } = counters.stats();
      assert.deepEqual(
        [delivered, dropped.exit, dropped.rejected, pending, pendingBytes],
        [ended.length, lost, 0, 0, 0],
      );
      assert.ok(queue.isEmpty);
    }),
    { numRuns: LANE_ABANDONED, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
  );
});
