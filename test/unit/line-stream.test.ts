// The stream of text in front of a shipper: chunks that are cut anywhere become the same lines.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { INPUT_BYTES } from '@putlogs/core/internal/record/memory-layout';
import { Lines } from '@putlogs/core/internal/shipper/line-splitter';
import { lineStream } from '@putlogs/core/internal/shipper/line-stream';

/** No line of these tests is longer. */
const LONGEST = 2 ** 21;

/** The lines that come out of these chunks. */
async function linesOf(chunks: readonly (string | Buffer)[]): Promise<string[]> {
  const taken: string[] = [];
  const lines = new Lines((bytes, start, end) => taken.push(bytes.toString('utf8', start, end)), LONGEST);
  const piece = Buffer.alloc(INPUT_BYTES);
  const stream = lineStream(
    () => piece,
    (bytes) => lines.push(bytes),
    async () => lines.end(),
  );
  for (const chunk of chunks) assert.equal(stream.write(chunk), true);
  stream.end();
  await once(stream, 'finish');
  return taken;
}

test('a chunk of many megabytes is the same lines, wherever its pieces end', async () => {
  // 13 units a line, and characters of one to four bytes: every way in which a piece can cut one occurs.
  const line = (n: number) => `${String(n).padStart(7, '0')}é中😀x`;
  const expected = Array.from({ length: 200_000 }, (_, n) => line(n));
  assert.deepEqual(await linesOf([`${expected.join('\n')}\n`]), expected);
});

test('a line that is longer than a piece, begun in one chunk and ended in another, is one line', async () => {
  const long = '😀'.repeat(100_000);
  assert.deepEqual(await linesOf([`first\n${long}`, long, `${long}\nlast`]), ['first', long + long + long, 'last']);
});

test('a character in two chunks is one character, and an incomplete one at the end becomes U+FFFD', async () => {
  const text = Buffer.from('a中\nb😀');
  const bytes = Array.from(text, (byte) => Buffer.of(byte));
  assert.deepEqual(await linesOf(bytes), ['a中', 'b😀']);
  assert.deepEqual(await linesOf(bytes.slice(0, -1)), ['a中', 'b\ufffd']);
});

test('a surrogate without its other half becomes U+FFFD, also at the end of a piece', async () => {
  const before = 'x'.repeat(32 * 1024 - 1);
  assert.deepEqual(await linesOf([`${before}\ud83d`, `y\n\ude00\n`]), [`${before}\ufffdy`, '\ufffd']);
});
