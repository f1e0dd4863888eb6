// telemetry/warnings.ts: when a warning is reported, and what happens to an error of a listener.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '@putlogs/core/internal/runtime/clock';
import type { NewWarning } from '@putlogs/core/internal/telemetry/warning-codes';
import { type Warning, WarningReporter } from '@putlogs/core/internal/telemetry/warnings';

const stopped: Clock = { wallMs: () => 0, monotonicMs: () => 0, after: () => () => {}, random: () => 0 };

function make(code: NewWarning['code'], kind: NewWarning['kind'], message: string, topic: string = kind): NewWarning {
  return { kind, code, topic, message };
}

test('the first warning of a kind is reported, then at most one a minute, with the number of those left out', async () => {
  let nowMs = 5;
  const reported: Warning[] = [];
  const warnings = new WarningReporter({ ...stopped, monotonicMs: () => nowMs }, (warning) => reported.push(warning));
  for (let second = 0; second < 150; second += 1) {
    warnings.warn(make('BATCH_RETRIED', 'retry', `at ${second}`));
    if (second === 70) warnings.warn(make('MEMORY_FULL', 'memory', 'another kind'));
    nowMs += 1000;
  }
  await new Promise(setImmediate);
  assert.deepEqual(reported, [
    { kind: 'retry', code: 'BATCH_RETRIED', message: 'at 0', suppressed: 0 },
    { kind: 'retry', code: 'BATCH_RETRIED', message: 'at 60', suppressed: 59 },
    { kind: 'memory', code: 'MEMORY_FULL', message: 'another kind', suppressed: 0 },
    { kind: 'retry', code: 'BATCH_RETRIED', message: 'at 120', suppressed: 59 },
  ]);
});

test('a warning with a topic of its own is not left out after another one of its kind', async () => {
  const reported: Warning[] = [];
  const warnings = new WarningReporter(stopped, (warning) => reported.push(warning));
  warnings.warn(make('WORKER_ENDED', 'worker', 'it has ended'));
  warnings.warn(make('WORKER_RECORDS_LOST', 'worker', 'some are lost', 'worker.lost'));
  warnings.warn(make('WORKER_RECORDS_LOST', 'worker', 'more are lost', 'worker.lost'));
  await new Promise(setImmediate);
  assert.deepEqual(
    reported.map(({ message, suppressed }) => [message, suppressed]),
    [
      ['it has ended', 0],
      ['some are lost', 0],
    ],
  );
});

test('an error that a listener throws does not reach the core', async () => {
  const thrown = new Promise((resolve) => {
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => {
      for (const listener of listeners) process.on('uncaughtException', listener);
      resolve(error);
    });
  });
  const warnings = new WarningReporter(stopped, () => {
    throw new Error('a listener’s own');
  });
  warnings.warn(make('BATCH_NOT_SEALED', 'internal', 'something'));
  assert.match(String(await thrown), /a listener’s own/);
});
