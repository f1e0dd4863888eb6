import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@putlogs/core/internal/runtime/clock';

test('a wait longer than node’s timers can is long, and not over at once', async () => {
  let fired = 0;
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const cancels = [2 ** 31, 1e12, Number.POSITIVE_INFINITY].map((delayMs) =>
    systemClock.after(delayMs, true, () => {
      fired += 1;
    }),
  );
  // Node would have fired them after a millisecond.
  await new Promise<void>((resolve) => systemClock.after(30, true, resolve));
  for (const cancel of cancels) cancel();
  process.off('warning', onWarning);
  assert.equal(fired, 0);
  assert.deepEqual(warnings, []);
});

test('a wait below nothing is over at once', async () => {
  await new Promise<void>((resolve) => systemClock.after(-5, true, resolve));
});
