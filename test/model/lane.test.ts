// The lane, its gate and its budget against a service that answers anything, in any order, at any time.
//
// A batch is a list of numbered records. The script says what the service answers to each request and how long it
// takes; when the script is over the service is well, but for records it never takes and batches that are too large.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from '@putlogs/core/internal/delivery/gate';
import { Lane } from '@putlogs/core/internal/delivery/lane';
import type { Outcome } from '@putlogs/core/internal/delivery/outcome';
import { RefusalBudget } from '@putlogs/core/internal/delivery/refusals';
import fc from 'fast-check';
import { HandClock, settled } from '../unit/hand-clock';

const RUNS = 1500;
const REFUSAL = { code: 'X', message: 'x' };
const STEP_MS = 60_000;
/** Beyond any wait of the model: ten minutes for one more refusal, for each record there can be. */
const MOST_STEPS = 2000;

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
  maxCount: fc.constantFrom(1, 2, 5, 100),
});

async function turnsOf(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

test(`${RUNS} services: every record has one fate, in order, within the limit, and no timer is left`, async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ concurrency, batches, script, poisonEvery, staleEvery, maxCount }) => {
      const clock = new HandClock();
      const replies = [...script];
      const fates = new Map<number, string>();
      const taken: number[] = [];
      let inFlight = 0;
      const settle = (records: readonly number[], fate: string) => {
        for (const record of records) {
          assert.ok(!fates.has(record), `record ${record} has two fates: ${fates.get(record)} and ${fate}`);
          fates.set(record, fate);
        }
      };
      const serve = (records: readonly number[], answer: Reply | undefined): Outcome => {
        if (answer?.kind === 'retry') return { kind: 'retry', refusal: REFUSAL, afterMs: answer.afterMs };
        if (answer?.kind === 'throw') throw new Error('a surprise');
        if (answer?.kind === 'hold' || answer?.kind === 'reject') return { kind: answer.kind, refusal: REFUSAL };
        if (answer?.kind === 'split' || records.length > maxCount) {
          return { kind: 'split', refusal: REFUSAL, tooLarge: 'count' };
        }
        if (staleEvery > 0 && records.some((record) => record % staleEvery === 0)) {
          return { kind: 'reject', refusal: REFUSAL, takes: { fromMs: staleEvery, toMs: staleEvery } };
        }
        if (poisonEvery > 0 && records.some((record) => record % poisonEvery === 0)) {
          return { kind: 'reject', refusal: REFUSAL };
        }
        taken.push(...records);
        if (answer?.kind === 'lost answer') return { kind: 'retry', refusal: REFUSAL, afterMs: 0 };
        return { kind: 'delivered', requestId: 'r' };
      };
      const lane = new Lane<readonly number[]>({
        concurrency,
        clock,
        gate: new Gate({ concurrency, backoff: { baseMs: 100, maxMs: 10_000 }, clock }),
        refusals: new RefusalBudget(clock),
        deliver: async (records) => {
          inFlight += 1;
          assert.ok(inFlight <= concurrency, `${inFlight} in flight`);
          const answer = replies.shift();
          clock.random = () => answer?.random ?? 0.5;
          await turnsOf(answer?.turns ?? 0);
          inFlight -= 1;
          return serve(records, answer);
        },
        halve: (records) => {
          if (records.length === 1) return [];
          const middle = Math.ceil(records.length / 2);
          return [records.slice(0, middle), records.slice(middle)];
        },
        sift: (records, { fromMs }) => {
          const isStale = (record: number) => record % fromMs === 0;
          const kept = records.filter((record) => !isStale(record));
          const others = records.filter(isStale);
          return { kept: kept.length > 0 ? kept : undefined, others: others.length > 0 ? others : undefined };
        },
        onRetry: (_records, _failure, delayMs) => assert.ok(delayMs >= 0 && Number.isFinite(delayMs)),
        onHalved: (whole, parts) => {
          assert.deepEqual(
            parts.flat().toSorted((a, b) => a - b),
            whole,
          );
        },
        onFate: (records, { kind }) => {
          const areStale = staleEvery > 0 && records.every((record) => record % staleEvery === 0);
          if (kind === 'reject' && !areStale) assert.equal(records.length, 1, 'only a single record is rejected');
          settle(records, kind);
        },
      });

      let next = 1;
      for (const count of batches) lane.push(Array.from({ length: count }, () => next++));
      for (let step = 0; step < MOST_STEPS && lane.size > 0; step += 1) {
        await clock.pass(STEP_MS);
        await settled();
      }
      assert.equal(lane.size, 0, 'everything has its fate in the end');
      assert.equal(clock.timers, 0);
      assert.equal(inFlight, 0);
      assert.equal(fates.size, next - 1);
      for (const [record, fate] of fates) {
        if (fate === 'delivered') assert.ok(taken.includes(record), `record ${record} was never taken`);
      }
      if (concurrency > 1) return;
      const first = [...new Set(taken)];
      assert.deepEqual(
        first,
        first.toSorted((a, b) => a - b),
        'first arrivals are in call order',
      );
      // Those of a refused time have theirs while others of their batch are still on their way.
      const order = [...fates.keys()].filter((record) => staleEvery === 0 || record % staleEvery !== 0);
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
        'fates are in call order',
      );
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true },
  );
});

test('abandoned at any moment, what has no fate is given back, in order, and no timer is left', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, fc.nat(12), async ({ concurrency, batches, script, maxCount }, steps) => {
      const clock = new HandClock();
      const replies = [...script];
      const settledRecords: number[] = [];
      const lane = new Lane<readonly number[]>({
        concurrency,
        clock,
        gate: new Gate({ concurrency, backoff: { baseMs: 100, maxMs: 10_000 }, clock }),
        refusals: new RefusalBudget(clock),
        deliver: async (records) => {
          const answer = replies.shift();
          await turnsOf(answer?.turns ?? 0);
          if (records.length > maxCount) return { kind: 'split', refusal: REFUSAL, tooLarge: 'count' };
          const fails = answer === undefined || answer.kind === 'retry' || answer.kind === 'hold';
          return fails
            ? { kind: 'retry', refusal: REFUSAL, afterMs: answer?.afterMs ?? 0 }
            : { kind: 'delivered', requestId: 'r' };
        },
        halve: (records) =>
          records.length === 1
            ? []
            : [records.slice(0, Math.ceil(records.length / 2)), records.slice(Math.ceil(records.length / 2))],
        sift: (records) => ({ kept: records, others: undefined }),
        onRetry: () => {},
        onHalved: () => {},
        onFate: (records) => settledRecords.push(...records),
      });
      let next = 1;
      for (const count of batches) lane.push(Array.from({ length: count }, () => next++));
      for (let step = 0; step < steps; step += 1) await clock.pass(100);
      const left = lane.abandon().flat();
      const before = settledRecords.length;
      await settled();
      assert.equal(clock.timers, 0);
      await clock.pass(STEP_MS);
      assert.equal(settledRecords.length, before);
      assert.deepEqual(
        [...settledRecords, ...left].toSorted((a, b) => a - b),
        Array.from({ length: next - 1 }, (_, i) => i + 1),
      );
      if (concurrency === 1)
        assert.deepEqual(
          left,
          left.toSorted((a, b) => a - b),
        );
    }),
    { numRuns: 1000, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true },
  );
});
