import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURES_TO_PAUSE, Gate } from '@putlogs/core/internal/delivery/gate';
import type { Failure, Outcome } from '@putlogs/core/internal/targets/outcome';
import { queueAndLane } from '../support/queue-and-lane';
import { HandClock, settled } from './hand-clock';

const REFUSAL = { code: 'X', message: 'x' };
const RETRY: Failure = { kind: 'retry', refusal: REFUSAL, afterMs: 0 };
const DELIVERED: Outcome = { kind: 'delivered', requestId: 'r' };
const backoff = { baseMs: 100, maxMs: 10_000 };
const never = new AbortController().signal;

function gateOf(concurrency: number) {
  const clock = new HandClock();
  return { clock, gate: new Gate({ concurrency, backoff, clock }) };
}

function turns(gate: Gate, count: number): number[] {
  return Array.from({ length: count }, () => gate.tryEnter()!);
}

/** Reports failures until the gate is closed. Returns the longest wait. */
function close(gate: Gate, concurrency: number): number {
  return turns(gate, concurrency).reduce((most, turn) => Math.max(most, gate.failed(turn, RETRY, 1)), 0);
}

test('the gate admits as many attempts as may be in flight, and the next one when one has ended', async () => {
  const { gate } = gateOf(2);
  const [first, second] = turns(gate, 2);
  assert.equal(gate.tryEnter(), undefined);
  const third = gate.enter(never);
  gate.answered(first!);
  assert.equal(await third, second);
});

test('a short failure of all attempts in flight counts as one: the wait is the first step', () => {
  const { gate } = gateOf(64);
  assert.equal(close(gate, 64), 100);
});

test('while the service is down one probe is sent at a time, after growing waits, whatever the number of waiting attempts', async () => {
  const { gate, clock } = gateOf(8);
  let waitMs = close(gate, 8);
  let turn: number | undefined;
  for (let i = 0; i < 8; i += 1) void gate.enter(never).then((given) => (turn = given));
  for (const expectedMs of [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]) {
    assert.equal(waitMs, expectedMs);
    await clock.pass(waitMs - 1);
    assert.equal(turn, undefined);
    await clock.pass(1);
    assert.notEqual(turn, undefined);
    assert.equal(gate.tryEnter(), undefined, 'one probe at a time');
    assert.equal(clock.timers, 0);
    waitMs = gate.failed(turn!, RETRY, 1);
    turn = undefined;
    void gate.enter(never).then((given) => (turn = given));
  }
});

test('after an outage, each success admits one more attempt', async () => {
  const { gate, clock } = gateOf(4);
  await clock.pass(close(gate, 4));
  const inFlight = () => {
    const given: number[] = [];
    for (let turn = gate.tryEnter(); turn !== undefined; turn = gate.tryEnter()) given.push(turn);
    return given;
  };
  let given = inFlight();
  assert.equal(given.length, 1);
  for (const expected of [2, 4, 4]) {
    for (const turn of given) gate.answered(turn);
    given = inFlight();
    assert.equal(given.length, expected);
  }
});

test('a service that fails now and then does not close the gate', () => {
  const { gate } = gateOf(4);
  for (let i = 0; i < 100; i += 1) {
    for (const turn of turns(gate, FAILURES_TO_PAUSE - 1)) gate.failed(turn, RETRY, 1);
    const turn = gate.tryEnter();
    assert.notEqual(turn, undefined, 'the gate is open');
    gate.answered(turn!);
    gate.answered(gate.tryEnter()!);
    gate.answered(gate.tryEnter()!);
  }
});

test('Retry-After holds for all attempts, even if one that began earlier succeeds', async () => {
  const { gate, clock } = gateOf(3);
  const [first, second, third] = turns(gate, 3);
  assert.equal(gate.failed(first!, { ...RETRY, afterMs: 5000 }, 1), 5100);
  gate.answered(second!);
  assert.equal(gate.tryEnter(), undefined);
  assert.equal(gate.failed(third!, { ...RETRY, afterMs: 9000 }, 1), 9000);
  await clock.pass(8999);
  assert.equal(gate.tryEnter(), undefined);
  await clock.pass(1);
  assert.notEqual(gate.tryEnter(), undefined);
});

test('an attempt that is aborted while it waits leaves no timer, and does not block the next one', async () => {
  const { gate, clock } = gateOf(1);
  gate.failed(gate.tryEnter()!, { ...RETRY, afterMs: 1000 }, 1);
  const stop = new AbortController();
  const given = gate.enter(stop.signal);
  const behind = gate.enter(never);
  assert.equal(clock.timers, 1);
  stop.abort();
  assert.equal(await given, undefined);
  await clock.pass(2000);
  assert.notEqual(await behind, undefined);
  assert.equal(clock.timers, 0);
});

test('a lane with many batches in flight probes an outage with one of them, and delivers all of them afterwards', async () => {
  const { gate, clock } = gateOf(8);
  let isWell = false;
  let inFlight = 0;
  const { push, sent, queue, textsThat } = queueAndLane({
    concurrency: 8,
    clock,
    gate,
    service: async () => {
      inFlight += 1;
      assert.ok(inFlight <= 8);
      await settled();
      inFlight -= 1;
      return isWell ? DELIVERED : RETRY;
    },
  });
  for (let batch = 0; batch < 100; batch += 1) push([`${batch}`]);
  for (let second = 0; second < 600; second += 1) {
    await clock.pass(1000);
    await settled();
  }
  // Ten minutes: the first eight, then a probe for each step, and then one every ten seconds.
  assert.ok(sent.length <= 8 + 10 + 60, `${sent.length} requests in ten minutes`);
  isWell = true;
  for (let second = 0; second < 60 && !queue.isEmpty; second += 1) {
    await clock.pass(1000);
    for (let turn = 0; turn < 30; turn += 1) await settled();
  }
  assert.deepEqual(
    textsThat('delivered').toSorted((a, b) => Number(a) - Number(b)),
    Array.from({ length: 100 }, (_, batch) => `${batch}`),
  );
  assert.equal(clock.timers, 0);
});
