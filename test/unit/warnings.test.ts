import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '@putlogs/core/internal/runtime/clock';
import { type Warning, WarningReporter } from '@putlogs/core/internal/telemetry/warnings';

test('of each kind the first is told, then at most one a minute, with the number of those left out', async () => {
  let nowMs = 5;
  const clock: Clock = { wallMs: () => 0, monotonicMs: () => nowMs, after: () => () => {}, random: () => 0 };
  const told: Warning[] = [];
  const warnings = new WarningReporter(clock, (warning) => told.push(warning));
  for (let second = 0; second < 150; second += 1) {
    warnings.warn('retry', `at ${second}`);
    if (second === 70) warnings.warn('memory', 'another kind');
    nowMs += 1000;
  }
  await new Promise(setImmediate);
  assert.deepEqual(told, [
    { kind: 'retry', message: 'at 0', suppressed: 0 },
    { kind: 'retry', message: 'at 60', suppressed: 59 },
    { kind: 'memory', message: 'another kind', suppressed: 0 },
    { kind: 'retry', message: 'at 120', suppressed: 59 },
  ]);
});

test('a warning with a topic of its own is not left out after another one of its kind', async () => {
  const clock: Clock = { wallMs: () => 0, monotonicMs: () => 0, after: () => () => {}, random: () => 0 };
  const told: Warning[] = [];
  const warnings = new WarningReporter(clock, (warning) => told.push(warning));
  warnings.warn('worker', 'it is gone');
  warnings.warn('worker', 'some are lost', 'worker.lost');
  warnings.warn('worker', 'more are lost', 'worker.lost');
  await new Promise(setImmediate);
  assert.deepEqual(told, [
    { kind: 'worker', message: 'it is gone', suppressed: 0 },
    { kind: 'worker', message: 'some are lost', suppressed: 0 },
  ]);
});

test('what a listener throws is not thrown into the core', async () => {
  const clock: Clock = { wallMs: () => 0, monotonicMs: () => 0, after: () => () => {}, random: () => 0 };
  const thrown = new Promise((resolve) => {
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => {
      for (const listener of listeners) process.on('uncaughtException', listener);
      resolve(error);
    });
  });
  const warnings = new WarningReporter(clock, () => {
    throw new Error('a listener’s own');
  });
  warnings.warn('internal', 'something');
  assert.match(String(await thrown), /a listener’s own/);
});
