import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chunk, ChunkQueue } from '@putlogs/core/internal/host/chunks';

const MANY = 200_000;

function chunk(n: number): Chunk {
  return { bytes: Buffer.from(`${n}\n`), records: 1 };
}

test('200,000 chunks of a worker that ended go before the chunks that were added later', () => {
  const queue = new ChunkQueue();
  for (let n = MANY; n < MANY + 10; n += 1) queue.push(chunk(n));
  queue.unshift(Array.from({ length: MANY }, (_, n) => chunk(n)));
  assert.equal(queue.records, MANY + 10);
  const chunks = queue.take();
  assert.equal(chunks.length, MANY + 10);
  assert.ok(chunks.every(({ bytes }, n) => bytes.toString() === `${n}\n`));
  assert.ok(queue.isEmpty);
  assert.equal(queue.bytes, 0);
});

test('a queue of 200,000 chunks returns them in order, with true sums, while chunks are added', () => {
  const queue = new ChunkQueue();
  const held = chunk(0);
  for (let n = 0; n < MANY; n += 1) queue.push({ ...held, records: n });
  for (let n = 0; n < MANY; n += 1) {
    queue.push({ ...held, records: MANY + n });
    assert.equal(queue.first?.records, n);
    assert.equal(queue.shift()?.records, n);
  }
  assert.equal(queue.bytes, MANY * held.bytes.length);
  assert.equal(queue.records, (MANY * (3 * MANY - 1)) / 2);
  for (let n = 0; n < MANY; n += 1) queue.shift();
  assert.equal(queue.shift(), undefined);
  assert.deepEqual([queue.bytes, queue.records, queue.isEmpty], [0, 0, true]);
});
