import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { OpenBatch } from '@putlogs/core/internal/batch/open-batch';
import { hashKeyOf } from '@putlogs/core/internal/options/instance';
import { Lines } from '@putlogs/core/internal/shipper/line-splitter';

const NO_FRAME = () => ({ head: new Uint8Array(), tail: new Uint8Array() });

function put(batch: OpenBatch, entry: string): void {
  const start = batch.length;
  batch.reserve(entry.length);
  batch.length += batch.bytes.write(entry, start);
  batch.added(start);
}

test('what was put in comes out behind one another, in the frame', () => {
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

test('the entry that was one too many begins the next batch', () => {
  const batch = new OpenBatch(1000);
  for (const entry of ['a', 'b', 'c']) put(batch, entry);
  assert.equal(batch.seal(true, NO_FRAME, String), 'ab');
  assert.equal(batch.count, 1);
  put(batch, 'd');
  assert.equal(batch.seal(false, NO_FRAME, String), 'cd');
});

test('the buffer grows with what it needs, and is not kept when one record made it huge', () => {
  const batch = new OpenBatch(100_000);
  const huge = 'x'.repeat(5_000_000);
  put(batch, 'first');
  put(batch, huge);
  assert.equal(batch.seal(false, NO_FRAME, String), `first${huge}`);
  assert.ok(batch.bytes.length <= 300_000, `${batch.bytes.length} bytes kept`);
  put(batch, 'next');
  assert.equal(batch.seal(false, NO_FRAME, String), 'next');
});

test('an instance has the md5 of its name as its key, for its life', () => {
  const md5 = createHash('md5').update('pod-1').digest('hex');
  assert.equal(hashKeyOf('instance', 'pod-1'), md5);
  assert.equal(hashKeyOf('none', 'pod-1'), '');
  assert.equal(hashKeyOf('ABCDEF'.padEnd(32, '0'), 'pod-1'), 'abcdef'.padEnd(32, '0'));
});

test('lines come whole however the chunks are cut', () => {
  const text = 'one\ntwo 中文\r\n\n\r\nthree\u{1f600}\nlast';
  const bytes = Buffer.from(text);
  const expected = ['one', 'two 中文', 'three\u{1f600}', 'last'];
  for (let size = 1; size <= bytes.length; size += 1) {
    const lines: string[] = [];
    const splitter = new Lines((line, start, end) => lines.push(line.toString('utf8', start, end)));
    for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size));
    assert.deepEqual(lines, expected.slice(0, -1));
    splitter.end();
    assert.deepEqual(lines, expected, `in chunks of ${size}`);
  }
});
