// The pause between two attempts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '@putlogs/core/internal/runtime/backoff';

test('the backoff doubles up to its maximum, with full jitter on top of the delay that the service asked for', () => {
  const options = { baseMs: 100, maxMs: 1000 };
  const most = [1, 2, 3, 4, 5, 6, 2000].map((failures) => backoffMs(failures, 0, options, () => 1));
  assert.deepEqual(most, [100, 200, 400, 800, 1000, 1000, 1000]);
  assert.equal(
    backoffMs(9, 0, options, () => 0),
    0,
  );
  assert.equal(
    backoffMs(1, 500, options, () => 0.5),
    550,
  );
});
