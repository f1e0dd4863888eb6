import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyBuffers } from '@putlogs/core/internal/spool/body-buffers';

const BYTES = 100_000;

test('a released body is read over, and one in use never is', () => {
  const bodies = new BodyBuffers();
  const [first, second] = [bodies.take(BYTES), bodies.take(BYTES)];
  assert.notEqual(first.buffer, second.buffer);
  bodies.release(first);
  const third = bodies.take(BYTES + 1000);
  assert.equal(third.buffer, first.buffer);
  assert.equal(third.length, BYTES + 1000);
  assert.notEqual(bodies.take(BYTES).buffer, first.buffer);
});

test('a body that is released twice, a view of one, and memory from elsewhere are not used again', () => {
  const bodies = new BodyBuffers();
  const first = bodies.take(BYTES);
  bodies.release(first.subarray(0, 10));
  bodies.release(Buffer.allocUnsafeSlow(BYTES));
  const second = bodies.take(BYTES);
  assert.notEqual(second.buffer, first.buffer);
  bodies.release(first);
  const third = bodies.take(BYTES);
  bodies.release(first);
  assert.notEqual(bodies.take(BYTES).buffer, third.buffer);
});

test('a free buffer that is too small, or much too large, is not kept', () => {
  const bodies = new BodyBuffers();
  const small = bodies.take(BYTES);
  bodies.release(small);
  assert.notEqual(bodies.take(10 * BYTES).buffer, small.buffer);
  const large = bodies.take(10 * BYTES);
  bodies.release(large);
  assert.notEqual(bodies.take(BYTES).buffer, large.buffer);
  assert.notEqual(bodies.take(10 * BYTES).buffer, large.buffer);
});
