// The lane and its queue against a service that answers when the test says so.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from '@putlogs/core/internal/delivery/gate';
import { Lane } from '@putlogs/core/internal/delivery/lane';
import type { Next } from '@putlogs/core/internal/delivery/queue';
import { sealedUnit } from '@putlogs/core/internal/delivery/unit';
import type { Outcome } from '@putlogs/core/internal/targets/outcome';
import { makeBatch } from '../support/made-batch';
import { queueAndLane } from '../support/queue-and-lane';
import { HandClock, settled } from './hand-clock';

const DELIVERED: Outcome = { kind: 'delivered', requestId: 'r' };
const REFUSAL = { code: 'X', message: 'x' };
const RETRY: Outcome = { kind: 'retry', refusal: REFUSAL, afterMs: 0 };

interface Attempt {
  readonly text: string;
  readonly answer: (outcome: Outcome) => void;
  readonly fail: (error: Error) => void;
}

/** Each batch is a single record. */
function laneOf(concurrency: number) {
  const attempts: Attempt[] = [];
  const retries: [string, string, number][] = [];
  const parts = queueAndLane({
    concurrency,
    service: ([text]) => new Promise((answer, fail) => attempts.push({ text: text!, answer, fail })),
    onRetry: ([text], { refusal }, delayMs) => retries.push([text!, refusal.code, delayMs]),
  });
  const push = (...texts: string[]) => {
    for (const text of texts) parts.push([text]);
  };
  return { ...parts, push, attempts, retries };
}

test('one batch is in flight, and the next is sent when it is finished', async () => {
  const { push, sent, attempts, textsThat, counters } = laneOf(1);
  push('1', '2', '3');
  assert.deepEqual(sent, [['1']]);
  attempts[0]!.answer(DELIVERED);
  await settled();
  assert.deepEqual(sent, [['1'], ['2']]);
  assert.deepEqual(textsThat('delivered'), ['1']);
  const { delivered, pending } = counters.stats();
  assert.deepEqual([delivered, pending], [1, 2]);
});

test('an answer that may be the fault of the bytes is repeated a few times, and then the batch is rejected', async () => {
  const { push, clock, sent, attempts, textsThat } = laneOf(1);
  const limited: Outcome = { ...RETRY, mostAttempts: 3 };
  push('1', '2');
  // An answer of another kind in between is not counted.
  for (const outcome of [limited, RETRY, limited, RETRY, limited]) {
    assert.deepEqual(textsThat('rejected'), []);
    attempts.at(-1)!.answer(outcome);
    await settled();
    await clock.pass(60_000);
  }
  assert.deepEqual(textsThat('rejected'), ['1']);
  assert.deepEqual(sent.at(-1), ['2']);
});

test('no later batch is sent before a batch that is retried', async () => {
  const { push, clock, sent, attempts } = laneOf(1);
  push('1', '2');
  for (let attempt = 0; attempt < 3; attempt += 1) {
    attempts.at(-1)!.answer(RETRY);
    await settled();
    await clock.pass(10_000);
  }
  attempts.at(-1)!.answer(DELIVERED);
  await settled();
  assert.deepEqual(sent.flat(), ['1', '1', '1', '1', '2']);
});

test('a batch that is sent again has the same pack id', async () => {
  const { push, clock, packIds, attempts } = laneOf(1);
  push('1');
  attempts[0]!.answer(RETRY);
  await settled();
  await clock.pass(1000);
  assert.equal(packIds.length, 2);
  assert.equal(packIds[0], packIds[1]);
});

test('without order, as many batches are in flight as the lane permits', async () => {
  const { push, sent, attempts, textsThat } = laneOf(3);
  push('1', '2', '3', '4', '5');
  assert.deepEqual(sent.flat(), ['1', '2', '3']);
  attempts[1]!.answer(DELIVERED);
  await settled();
  assert.deepEqual(sent.flat(), ['1', '2', '3', '4']);
  assert.deepEqual(textsThat('delivered'), ['2']);
});

test('the wait between attempts grows, on top of the delay that the service asks for', async () => {
  const { push, clock, attempts, retries } = laneOf(1);
  push('1');
  const outcomes: Outcome[] = [
    RETRY,
    RETRY,
    { kind: 'retry', refusal: REFUSAL, afterMs: 5000 },
    { kind: 'hold', refusal: REFUSAL },
  ];
  for (const outcome of outcomes) {
    attempts.at(-1)!.answer(outcome);
    await settled();
    await clock.pass(60_000);
  }
  assert.deepEqual(
    retries.map(([, , delayMs]) => delayMs),
    [100, 200, 5400, 1050],
  );
});

test('an attempt that throws is an attempt that failed, and the lane goes on', async () => {
  const { push, clock, attempts, retries, textsThat } = laneOf(1);
  push('1');
  attempts[0]!.fail(new Error('a surprise'));
  await settled();
  assert.deepEqual(retries, [['1', 'INTERNAL', 100]]);
  await clock.pass(100);
  attempts[1]!.answer(DELIVERED);
  await settled();
  assert.deepEqual(textsThat('delivered'), ['1']);
});

test('a rejected record is finished, and the next batch is sent', async () => {
  const { push, attempts, textsThat, counters } = laneOf(1);
  push('1', '2');
  attempts[0]!.answer({ kind: 'reject', refusal: REFUSAL });
  await settled();
  assert.deepEqual(textsThat('rejected'), ['1']);
  assert.equal(counters.stats().dropped.rejected, 1);
  assert.equal(attempts[1]!.text, '2');
});

test('hurry ends the wait of a batch and opens the gate', async () => {
  const { push, clock, lane, attempts } = laneOf(1);
  push('1');
  attempts[0]!.answer({ kind: 'retry', refusal: REFUSAL, afterMs: 60_000 });
  await settled();
  lane.hurry();
  await settled();
  assert.equal(attempts.length, 2);
  assert.equal(clock.timers, 0);
});

test('an abandoned lane sends nothing more, leaves no timer, and the queue counts every record of it as lost', async () => {
  const { push, clock, lane, queue, attempts, counters, ends } = laneOf(1);
  push('1', '2', '3');
  attempts[0]!.answer(RETRY);
  await settled();
  assert.equal(clock.timers, 1);
  lane.abandon();
  assert.equal(queue.leave(), 3);
  await settled();
  assert.equal(clock.timers, 0);
  assert.ok(queue.isEmpty);
  await clock.pass(60_000);
  assert.equal(attempts.length, 1);
  assert.deepEqual(ends, []);
  const { dropped, pending, pendingBytes } = counters.stats();
  assert.deepEqual([dropped.exit, pending, pendingBytes], [3, 0, 0]);
});

test('a lane that is abandoned when it reports a retry leaves no timer', async () => {
  const clock = new HandClock();
  const { lane, push } = queueAndLane({ clock, service: () => RETRY, onRetry: () => lane.abandon() });
  push(['1']);
  await settled();
  assert.equal(clock.timers, 0);
});

test('an answer that comes after the lane was abandoned changes no counter', async () => {
  const { push, lane, queue, attempts, counters, ends } = laneOf(2);
  push('1', '2');
  lane.abandon();
  assert.equal(queue.leave(), 2);
  for (const { answer } of attempts) answer(DELIVERED);
  await settled();
  assert.deepEqual(ends, []);
  const { delivered, dropped } = counters.stats();
  assert.deepEqual([delivered, dropped.exit], [0, 2]);
});

test('sixty-four batches that wait for a retry cause no leak warning of Node', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const { push, lane, attempts } = laneOf(64);
  for (let batch = 0; batch < 64; batch += 1) push(`${batch}`);
  assert.equal(attempts.length, 64);
  for (const { answer } of attempts) answer(RETRY);
  await settled();
  await settled();
  process.off('warning', onWarning);
  lane.abandon();
  assert.deepEqual(warnings, []);
});

test('a failed read is repeated after a growing wait, and no batch behind it is sent', async () => {
  const clock = new HandClock();
  const waits: number[] = [];
  const unit = sealedUnit(
    makeBatch({
      sequence: 1,
      firstRecord: 0,
      records: [{ text: '1', timeMs: 1 }],
      prefix: '0'.repeat(16),
      hashKey: '',
    }),
    1,
  );
  const nexts: Next[] = [
    ...Array.from({ length: 3 }, (): Next => ({ kind: 'failed', code: 'EIO', message: 'i/o error' })),
    { kind: 'unit', unit },
  ];
  let sent = 0;
  const lane = new Lane({
    concurrency: 4,
    clock,
    gate: new Gate({ concurrency: 4, backoff: { baseMs: 100, maxMs: 1000 }, clock }),
    next: () => nexts.shift() ?? { kind: 'none' },
    attempt: async () => {
      sent += 1;
      return DELIVERED;
    },
    onDelivered: () => {},
    onRefused: () => assert.fail('no batch is refused'),
    onRetry: () => assert.fail('no attempt fails'),
  });
  lane.pull();
  for (const delayMs of [100, 200, 400]) {
    lane.pull();
    assert.equal(sent, 0);
    waits.push(clock.waitsMs.at(-1)!);
    await clock.pass(delayMs);
  }
  assert.deepEqual(waits, [100, 200, 400]);
  assert.equal(sent, 1);
  assert.equal(clock.timers, 0);
});
