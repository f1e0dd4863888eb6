// The times of the first and the last record of a batch, which TLS gets in headers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordTimesIn, recordTimesOf } from '@putlogs/core/internal/batch/record-times';
import fc from 'fast-check';
import { MADE_TARGET, makeBatch } from '../support/made-batch';
import { START_MS } from '../support/start-time';

const PLACE = { sequence: 1, firstRecord: 0, prefix: '0123456789ABCDEF', hashKey: 'a'.repeat(32) };
const batchOf = (times: readonly number[], codec: 'none' | 'lz4' = 'lz4') =>
  makeBatch({ ...PLACE, codec, records: times.map((timeMs, n) => ({ timeMs, text: `record ${n}` })) });

test('the earliest and the latest time are found, in whatever order the records are', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 253_402_300_799_999 }), { minLength: 1, maxLength: 50 }),
      (times) => {
        const sorted = times.toSorted((a, b) => a - b);
        const expected = { earliest: sorted[0]!, latest: sorted.at(-1)! };
        assert.deepEqual(recordTimesOf(batchOf(times)), expected);
        const { body, entriesFrom, entriesTo } = batchOf(times, 'none');
        assert.deepEqual(recordTimesIn(body, entriesFrom, entriesTo), expected);
      },
    ),
  );
});

test('a request to TLS has the number of its records and their times', () => {
  const batch = batchOf([START_MS + 5, START_MS, START_MS + 9]);
  const { headers } = MADE_TARGET.request(batch, START_MS);
  assert.deepEqual(
    [headers['log-count'], headers['earliest-log-time'], headers['latest-log-time']],
    ['3', String(START_MS), String(START_MS + 9)],
  );
  assert.ok(!/log-(?:count|time)/.test(headers['Authorization']!), 'they are not signed');
});

test('a batch that cannot be unpacked here is sent without its times', () => {
  const batch = { ...batchOf([START_MS]), codec: 'zlib' as const };
  const { headers } = MADE_TARGET.request(batch, START_MS);
  assert.equal(headers['log-count'], '1');
  assert.ok(!('earliest-log-time' in headers));
});
