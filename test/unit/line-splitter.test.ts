// The splitter of chunks into lines.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lines } from '@putlogs/core/internal/shipper/line-splitter';

const LONGEST = 1024;

/** A splitter that keeps what it takes. A cut line ends with `|`. */
function splitter(maxBytes = LONGEST) {
  const taken: string[] = [];
  const lines = new Lines((line, start, end, isCut) => {
    taken.push(line.toString('utf8', start, end) + (isCut ? '|' : ''));
  }, maxBytes);
  return { taken, lines };
}

test('lines are complete at any chunk boundary', () => {
  const text = 'one\ntwo 中文\r\n\n\r\nthree\u{1f600}\nlast';
  const bytes = Buffer.from(text);
  const expected = ['one', 'two 中文', 'three\u{1f600}', 'last'];
  for (let size = 1; size <= bytes.length; size += 1) {
    const { taken, lines } = splitter();
    for (let at = 0; at < bytes.length; at += size) lines.push(bytes.subarray(at, at + size));
    assert.deepEqual(taken, expected.slice(0, -1));
    lines.end();
    assert.deepEqual(taken, expected, `in chunks of ${size}`);
  }
});

test('a line that is too long is cut before a character, and the next line is whole, at any chunk boundary', () => {
  const cases: readonly [line: string, cut: string][] = [
    ['12345678', '12345678'],
    ['123456789', '12345678|'],
    ['1234567é9', '1234567|'],
    ['123456é9', '123456é|'],
    ['12345😀', '12345|'],
    ['12345678\r', '12345678'],
    ['1234567\r\r', '1234567\r'],
    ['12345678\r\r', '12345678|'],
    ['12345678\r9', '12345678|'],
    ['123456789\r', '12345678|'],
    [`12345678${'中'.repeat(50)}`, '12345678|'],
  ];
  for (const [line, cut] of cases) {
    const bytes = Buffer.from(`before\n${line}\nafter\n${line}`);
    for (let size = 1; size <= bytes.length; size += 1) {
      const { taken, lines } = splitter(8);
      for (let at = 0; at < bytes.length; at += size) lines.push(bytes.subarray(at, at + size));
      lines.end();
      assert.deepEqual(taken, ['before', cut, 'after', cut], `${JSON.stringify(line)} in chunks of ${size}`);
    }
  }
});

test('of a line without end only its beginning is kept', () => {
  const { taken, lines } = splitter(LONGEST);
  const chunk = Buffer.alloc(64 * 1024, 'x');
  for (let chunks = 0; chunks < 1000; chunks += 1) {
    lines.push(chunk);
    assert.ok(lines.begunBytes <= LONGEST + 1);
  }
  lines.end();
  assert.deepEqual(taken, [`${'x'.repeat(LONGEST)}|`]);
  assert.equal(lines.begunBytes, 0);
});

test('the bytes of a chunk are not used after it', () => {
  const { taken, lines } = splitter();
  const chunk = Buffer.from('begun');
  lines.push(chunk);
  chunk.fill('?');
  lines.push(Buffer.from(' and ended\n'));
  assert.deepEqual(taken, ['begun and ended']);
});
