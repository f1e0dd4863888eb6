// The size limit of batches after the service has refused one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SizeLimit } from '@putlogs/core/internal/batch/size-limit';
import { HandClock } from './hand-clock';

test('a lower limit lasts for ten minutes from the last refusal', async () => {
  const clock = new HandClock();
  const size = new SizeLimit({ maxBytes: 1_000_000, maxCount: 4096 }, clock);
  size.tooLarge(600_001);
  size.tooMany(1001);
  assert.deepEqual([size.maxBytes, size.maxCount], [300_000, 501]);
  await clock.pass(9 * 60_000);
  size.tooLarge(900_000);
  size.refresh();
  assert.deepEqual([size.maxBytes, size.maxCount], [300_000, 501]);
  await clock.pass(9 * 60_000);
  size.refresh();
  assert.equal(size.maxBytes, 300_000);
  await clock.pass(60_000);
  size.refresh();
  assert.deepEqual([size.maxBytes, size.maxCount], [1_000_000, 4096]);
});

test('the limit never falls below 1 KiB and one record', () => {
  const size = new SizeLimit({ maxBytes: 1_000_000, maxCount: 4096 }, new HandClock());
  size.tooLarge(2);
  size.tooMany(1);
  assert.deepEqual([size.maxBytes, size.maxCount], [1024, 1]);
});
