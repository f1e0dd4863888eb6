// The splitter of chunks into lines.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lines } from '@putlogs/core/internal/shipper/line-splitter';

test('lines are complete at any chunk boundary', () => {
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
