import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from '@putlogs/core/internal/delivery/gate';
import { Lane } from '@putlogs/core/internal/delivery/lane';
import type { Outcome } from '@putlogs/core/internal/delivery/outcome';
import { RefusalBudget } from '@putlogs/core/internal/delivery/refusals';
import { HandClock, settled } from './hand-clock';

const DELIVERED: Outcome = { kind: 'delivered', requestId: 'r' };
const REFUSAL = { code: 'X', message: 'x' };
const RETRY: Outcome = { kind: 'retry', refusal: REFUSAL, afterMs: 0 };

interface Sent {
  batch: number;
  answer: (outcome: Outcome) => void;
  fail: (error: Error) => void;
}

function laneOf(concurrency: number) {
  const clock = new HandClock();
  const sent: Sent[] = [];
  const fates: [number, Outcome['kind']][] = [];
  const retries: [number, string, number][] = [];
  const lane = new Lane<number>({
    concurrency,
    clock,
    gate: new Gate({ concurrency, backoff: { baseMs: 100, maxMs: 1000 }, clock }),
    deliver: (batch) => new Promise((answer, fail) => sent.push({ batch, answer, fail })),
    halve: () => [],
    sift: (batch) => ({ kept: batch, others: undefined }),
    refusals: new RefusalBudget(clock),
    onRetry: (batch, { refusal }, delayMs) => retries.push([batch, refusal.code, delayMs]),
    onHalved: () => assert.fail('a batch of one record has no halves'),
    onFate: (batch, outcome) => fates.push([batch, outcome.kind]),
  });
  return { lane, clock, sent, fates, retries };
}

test('one batch is in flight, and the next goes when it has its fate', async () => {
  const { lane, sent, fates } = laneOf(1);
  for (const batch of [1, 2, 3]) lane.push(batch);
  assert.deepEqual(
    sent.map(({ batch }) => batch),
    [1],
  );
  sent[0]!.answer(DELIVERED);
  await settled();
  assert.deepEqual(
    sent.map(({ batch }) => batch),
    [1, 2],
  );
  assert.deepEqual(fates, [[1, 'delivered']]);
  assert.equal(lane.size, 2);
});

test('a batch that is sent again is not overtaken', async () => {
  const { lane, clock, sent } = laneOf(1);
  lane.push(1);
  lane.push(2);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    sent.at(-1)!.answer(RETRY);
    await settled();
    await clock.pass(10_000);
  }
  sent.at(-1)!.answer(DELIVERED);
  await settled();
  assert.deepEqual(
    sent.map(({ batch }) => batch),
    [1, 1, 1, 1, 2],
  );
});

test('without order, as many are in flight as may be', async () => {
  const { lane, sent, fates } = laneOf(3);
  for (const batch of [1, 2, 3, 4, 5]) lane.push(batch);
  assert.deepEqual(
    sent.map(({ batch }) => batch),
    [1, 2, 3],
  );
  sent[1]!.answer(DELIVERED);
  await settled();
  assert.deepEqual(
    sent.map(({ batch }) => batch),
    [1, 2, 3, 4],
  );
  assert.deepEqual(fates, [[2, 'delivered']]);
});

test('the wait between attempts grows, and what the service asks for comes on top', async () => {
  const { lane, clock, sent, retries } = laneOf(1);
  lane.push(1);
  for (const outcome of [
    RETRY,
    RETRY,
    { ...RETRY, afterMs: 5000 } as Outcome,
    { kind: 'hold', refusal: REFUSAL } as Outcome,
  ]) {
    sent.at(-1)!.answer(outcome);
    await settled();
    await clock.pass(60_000);
  }
  assert.deepEqual(
    retries.map(([, , delayMs]) => delayMs),
    [100, 200, 5400, 1050],
  );
});

test('an attempt that throws is an attempt that failed, and the lane goes on', async () => {
  const { lane, clock, sent, fates, retries } = laneOf(1);
  lane.push(1);
  sent[0]!.fail(new Error('a surprise'));
  await settled();
  assert.deepEqual(retries, [[1, 'INTERNAL', 100]]);
  await clock.pass(100);
  sent[1]!.answer(DELIVERED);
  await settled();
  assert.deepEqual(fates, [[1, 'delivered']]);
});

test('a rejected batch is done with, and the next one goes', async () => {
  const { lane, sent, fates } = laneOf(1);
  lane.push(1);
  lane.push(2);
  sent[0]!.answer({ kind: 'reject', refusal: REFUSAL });
  await settled();
  assert.deepEqual(fates, [[1, 'reject']]);
  assert.equal(sent[1]!.batch, 2);
});

test('abandoned, it gives back what has no fate, in order, and leaves no timer behind', async () => {
  const { lane, clock, sent, fates } = laneOf(1);
  for (const batch of [1, 2, 3]) lane.push(batch);
  sent[0]!.answer(RETRY);
  await settled();
  assert.equal(clock.timers, 1);
  assert.deepEqual(lane.abandon(), [1, 2, 3]);
  await settled();
  assert.equal(clock.timers, 0);
  assert.equal(lane.size, 0);
  await clock.pass(60_000);
  assert.equal(sent.length, 1);
  assert.deepEqual(fates, []);
});

test('an answer that comes after it was abandoned changes no fate', async () => {
  const { lane, sent, fates } = laneOf(2);
  lane.push(1);
  lane.push(2);
  assert.deepEqual(lane.abandon(), [1, 2]);
  for (const { answer } of sent) answer(DELIVERED);
  await settled();
  assert.deepEqual(fates, []);
});

test('sixty-four batches that wait at once are no leak in node’s eyes', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const { lane, sent } = laneOf(64);
  for (let batch = 0; batch < 64; batch += 1) lane.push(batch);
  for (const { answer } of sent) answer(RETRY);
  await settled();
  await settled();
  process.off('warning', onWarning);
  lane.abandon();
  assert.deepEqual(warnings, []);
});
