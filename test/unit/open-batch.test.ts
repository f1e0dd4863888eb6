// The open batch: the body that it is sealed to, the entry that is left out, and its memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenBatch } from '@putlogs/core/internal/batch/open-batch';

const NO_FRAME = () => ({ head: new Uint8Array(), tail: new Uint8Array() });

function put(batch: OpenBatch, entry: string): void {
  const start = batch.length;
  batch.reserve(entry.length);
  batch.length += batch.bytes.write(entry, start);
  batch.added(start);
}

test('a sealed body has the entries in order, between the head and the tail of the frame', () => {
  const batch = new OpenBatch(1000);
  put(batch, 'one');
  put(batch, 'two');
  const body = batch.seal(
    false,
    (logBytes) => ({ head: Buffer.from(`<${logBytes}|`), tail: Buffer.from('|end>') }),
    String,
  );
  assert.equal(body, '<6|onetwo|end>');
  assert.equal(batch.count, 0);
  assert.equal(batch.logBytes, 0);
});

test('an entry that is left out begins the next batch', () => {
  const batch = new OpenBatch(1000);
  for (const entry of ['a', 'b', 'c']) put(batch, entry);
  assert.equal(batch.seal(true, NO_FRAME, String), 'ab');
  assert.equal(batch.count, 1);
  put(batch, 'd');
  assert.equal(batch.seal(false, NO_FRAME, String), 'cd');
});

test('the memory grows as needed, and is replaced after one record made it huge', () => {
  const batch = new OpenBatch(100_000);
  const huge = 'x'.repeat(5_000_000);
  put(batch, 'first');
  put(batch, huge);
  assert.equal(batch.seal(false, NO_FRAME, String), `first${huge}`);
  assert.ok(batch.bytes.length <= 300_000, `${batch.bytes.length} bytes kept`);
  put(batch, 'next');
  assert.equal(batch.seal(false, NO_FRAME, String), 'next');
});
