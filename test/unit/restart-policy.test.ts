import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestartPolicy } from '@putlogs/core/internal/host/restart-policy';
import type { Clock } from '@putlogs/core/internal/runtime/clock';

function clockAt(time: { ms: number; random: number }): Clock {
  return { wallMs: () => 0, monotonicMs: () => time.ms, after: () => () => {}, random: () => time.random };
}

test('the wait doubles with every end that follows within a minute, up to ten seconds, with full jitter', () => {
  const time = { ms: 0, random: 0.5 };
  const policy = new RestartPolicy(clockAt(time));
  const delays = Array.from({ length: 9 }, () => policy.endedDelayMs());
  assert.deepEqual(delays, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  time.random = 0;
  assert.equal(policy.endedDelayMs(), 0);
});

test('after a minute without an end the wait is that of a first end', () => {
  const time = { ms: 0, random: 0.5 };
  const policy = new RestartPolicy(clockAt(time));
  policy.endedDelayMs();
  policy.endedDelayMs();
  time.ms = 60_000;
  assert.equal(policy.endedDelayMs(), 50);
});

test('never more than five starts in any minute', () => {
  const time = { ms: 0, random: 0 };
  const policy = new RestartPolicy(clockAt(time));
  const starts: number[] = [];
  while (time.ms < 600_000) {
    // Each worker lives for a second.
    time.ms += 1000;
    time.ms += policy.endedDelayMs();
    policy.started();
    starts.push(time.ms);
  }
  for (const [i, ms] of starts.entries()) {
    const sixth = starts[i + 5];
    assert.ok(sixth === undefined || sixth - ms >= 60_000, `six from ${ms} to ${sixth}`);
  }
  assert.ok(starts.length >= 50, `${starts.length}: as many as are allowed`);
});
