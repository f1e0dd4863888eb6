import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimerHeap } from '../support/timer-heap';
import { START_MS, VirtualTime, virtualHost } from '../support/virtual-clock';
import { Crash } from '../support/virtual-disk';

test('timers of several processes run in the order of time, and of one moment in the order they were set', async () => {
  const time = new VirtualTime();
  const host = virtualHost('h');
  const [a, b] = [time.processClock('a', host), time.processClock('b', host)];
  const ran: string[] = [];
  a.after(20, true, () => ran.push(`a at ${time.nowMs}`));
  b.after(10, true, () => {
    ran.push(`b at ${time.nowMs}`);
    b.after(10, true, () => ran.push(`b again at ${time.nowMs}`));
  });
  a.after(31, true, () => ran.push('too early'));
  await time.advance(30);
  assert.deepEqual(ran, ['b at 10', 'a at 20', 'b again at 20']);
  assert.deepEqual([time.nowMs, time.timers, time.nextTimerMs], [30, 1, 31]);
});

test('promises run until nothing is left between two timers', async () => {
  const time = new VirtualTime();
  const clock = time.processClock('a', virtualHost('h'));
  const ran: string[] = [];
  clock.after(1, true, async () => {
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    ran.push('promise');
  });
  clock.after(1, true, () => ran.push('timer'));
  await time.advance(1);
  assert.deepEqual(ran, ['promise', 'timer']);
});

test('a timer that was cancelled does not run, also if it is cancelled by one of the same moment', async () => {
  const time = new VirtualTime();
  const clock = time.processClock('a', virtualHost('h'));
  const ran: string[] = [];
  clock.after(5, true, () => cancel());
  const cancel = clock.after(5, true, () => ran.push('cancelled'));
  clock.after(0, true, () => ran.push(`at ${time.nowMs}`));
  await time.advance(10);
  assert.deepEqual(ran, ['at 1'], 'node waits at least a millisecond');
  assert.equal(time.nextTimerMs, undefined);
});

test('each host has a wall clock that can be set back, and it moves no timer', async () => {
  const time = new VirtualTime();
  const [early, late] = [virtualHost('early', { wallOffsetMs: -40_000 }), virtualHost('late', { bootMs: 7 })];
  const [a, b] = [time.processClock('a', early), time.processClock('b', late)];
  assert.deepEqual([a.wallMs(), b.wallMs(), time.wallMs], [START_MS - 40_000, START_MS, START_MS]);
  assert.deepEqual([a.monotonicMs(), b.monotonicMs()], [1000, 7]);
  let ranAtMs = 0;
  b.after(100, true, () => {
    ranAtMs = time.nowMs;
  });
  await time.advance(50);
  late.wallOffsetMs = -3_600_000;
  await time.advance(50);
  assert.deepEqual([ranAtMs, b.wallMs(), b.monotonicMs()], [100, START_MS + 100 - 3_600_000, 107]);
});

test('a clock that runs fast counts more milliseconds, and its timers run earlier in true time', async () => {
  const time = new VirtualTime();
  const clock = time.processClock('a', virtualHost('fast', { drift: 0.25, bootMs: 0 }));
  let ranAtMs = 0;
  clock.after(1000, true, () => {
    ranAtMs = time.nowMs;
  });
  await time.advance(1000);
  assert.deepEqual([ranAtMs, clock.monotonicMs(), clock.wallMs()], [800, 1250, START_MS + 1250]);
});

test('a killed process loses its timers and can set none; a new process may have its name', async () => {
  const time = new VirtualTime();
  const host = virtualHost('h');
  const ran: string[] = [];
  const old = time.processClock('a', host);
  old.after(1, true, () => ran.push('old'));
  time.kill('a');
  old.after(1, true, () => ran.push('old'));
  time.processClock('a', host).after(1, true, () => ran.push('new'));
  await time.advance(10);
  assert.deepEqual([ran, time.timers], [['new'], 0]);
});

test('a frozen process runs its timers when it wakes, in order, and those that were cancelled not at all', async () => {
  const time = new VirtualTime();
  const clock = time.processClock('a', virtualHost('h'));
  const ran: string[] = [];
  clock.after(20, true, () => ran.push(`second at ${time.nowMs}`));
  clock.after(10, true, () => {
    ran.push(`first at ${time.nowMs}`);
    cancel();
  });
  const cancel = clock.after(30, true, () => ran.push('cancelled'));
  time.freeze('a');
  await time.advance(100);
  assert.deepEqual([ran, time.isFrozen('a')], [[], true]);
  time.wake('a');
  await time.advance(0);
  assert.deepEqual([ran, time.isFrozen('a')], [['first at 100', 'second at 100'], false]);
});

test('a timer that ends in a crash kills its process, and any other error ends the test', async () => {
  const crashed: string[] = [];
  const time = new VirtualTime({ onCrash: (process) => crashed.push(process) });
  const clock = time.processClock('a', virtualHost('h'));
  clock.after(1, true, () => {
    throw new Crash('a');
  });
  clock.after(2, true, () => crashed.push('a timer ran'));
  await time.advance(5);
  assert.deepEqual(crashed, ['a']);
  time.processClock('b', virtualHost('h')).after(1, true, () => {
    throw new Error('a defect');
  });
  await assert.rejects(time.advance(5), /a defect/);
});

test('random numbers depend on the seed and on the process alone', () => {
  const numbers = (seed: number) => {
    const time = new VirtualTime({ seed });
    return ['a', 'b'].map((name) => time.processClock(name, virtualHost('h')).random());
  };
  assert.deepEqual(numbers(1), numbers(1));
  assert.notDeepEqual(numbers(1), numbers(100));
  assert.notEqual(numbers(1)[0], numbers(1)[1]);
});

test('the heap returns timers by time and then by order', () => {
  const heap = new TimerHeap<{ atMs: number; order: number }>();
  const items = Array.from({ length: 500 }, (_, order) => ({ atMs: (order * 7919) % 97, order }));
  for (const item of items) heap.push(item);
  const popped = [];
  for (let item = heap.pop(); item !== undefined; item = heap.pop()) popped.push(item);
  assert.deepEqual(
    popped,
    items.toSorted((x, y) => x.atMs - y.atMs || x.order - y.order),
  );
});
