import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallOrder, readTime } from '@putlogs/core/internal/record/time';

function read(text: string): [number, number] | undefined {
  const bytes = Buffer.from(`x${text}x`);
  const time = readTime(bytes, 1, 1 + Buffer.byteLength(text));
  return time && [time.ms, time.subMsNs];
}

/** The text has no more than milliseconds. */
const NOT_SAID = -1;

test('a number is seconds, milliseconds, microseconds or nanoseconds by its magnitude', () => {
  assert.deepEqual(read('1700000000'), [1_700_000_000_000, NOT_SAID]);
  assert.deepEqual(read('1700000000123'), [1_700_000_000_123, NOT_SAID]);
  assert.deepEqual(read('1700000000123456'), [1_700_000_000_123, 456_000]);
  assert.deepEqual(read('1700000000123456789'), [1_700_000_000_123, 456_789]);
  assert.deepEqual(read('1'), [1000, NOT_SAID]);
  assert.deepEqual(read('99999999999'), [99_999_999_999_000, NOT_SAID]);
  assert.deepEqual(read('100000000000'), [100_000_000_000, NOT_SAID]);
});

test('a fraction is kept to the nanosecond, and finer digits are dropped', () => {
  assert.deepEqual(read('1700000000.123456789'), [1_700_000_000_123, 456_789]);
  assert.deepEqual(read('1700000000.12'), [1_700_000_000_120, NOT_SAID]);
  assert.deepEqual(read('1700000000123.4'), [1_700_000_000_123, 400_000]);
  assert.deepEqual(read('1700000000123.0000019'), [1_700_000_000_123, 1]);
  assert.deepEqual(read('1700000000123456.789'), [1_700_000_000_123, 456_789]);
  assert.deepEqual(read('1700000000123456789.9'), [1_700_000_000_123, 456_789]);
});

test('a nanosecond epoch keeps the digits that a double would lose', () => {
  assert.equal(Number('1700000000123456789') % 1e6 === 456_789, false);
  assert.deepEqual(read('1700000000123456789')![1], 456_789);
});

test('an exponent is read if the number is whole', () => {
  assert.deepEqual(read('1.7e12'), [1_700_000_000_000, NOT_SAID]);
  assert.equal(read('1e400'), undefined);
  assert.equal(read('1.5e-3'), undefined);
});

test('ISO 8601 is read with every zone and up to nine digits', () => {
  const ms = Date.UTC(2023, 10, 14, 22, 13, 20);
  assert.deepEqual(read('2023-11-14T22:13:20Z'), [ms, NOT_SAID]);
  assert.deepEqual(read('2023-11-14T22:13:20.5Z'), [ms + 500, NOT_SAID]);
  assert.deepEqual(read('2023-11-14T22:13:20.123Z'), [ms + 123, NOT_SAID]);
  assert.deepEqual(read('2023-11-14T22:13:20.123456789Z'), [ms + 123, 456_789]);
  assert.deepEqual(read('2023-11-14T22:13:20,1234z'), [ms + 123, 400_000]);
  assert.deepEqual(read('2023-11-15 06:13:20+08:00'), [ms, NOT_SAID]);
  assert.deepEqual(read('2023-11-14T16:43:20.000-0530'), [ms, NOT_SAID]);
});

test('ISO 8601 without a zone is in the zone of the machine', () => {
  const local = new Date(2023, 10, 14, 22, 13, 20).getTime();
  assert.deepEqual(read('2023-11-14 22:13:20'), [local, NOT_SAID]);
});

test('every instant that toISOString writes is read back', () => {
  for (let ms = 1; ms < 253_402_300_799_999; ms = ms * 3 + 7) assert.equal(read(new Date(ms).toISOString())![0], ms);
});

test('a text that is no possible time is not read', () => {
  for (const text of [
    '',
    '0',
    '-1',
    '-1700000000123',
    'now',
    '2023-11-14',
    '2023-13-14T22:13:20Z',
    '2023-02-30T22:13:20X',
    '2023-11-14T25:13:20Z',
    '2023-11-14T22:61:20Z',
    '1970-01-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '999999999999999999999',
    '1'.repeat(1000),
    '1700000000123 ',
    '٣',
  ]) {
    assert.equal(read(text), undefined, text);
  }
});

test('the number within a millisecond increases, and does not overflow', () => {
  const order = new CallOrder();
  assert.deepEqual(
    [1, 1, 1, 2, 2, 1].map((ms) => order.subMsNs(ms)),
    [0, 1, 2, 0, 1, 0],
  );
  let last = 0;
  for (let i = 0; i < 1_000_010; i += 1) last = order.subMsNs(7);
  assert.equal(last, 999_999);
});
