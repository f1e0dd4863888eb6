import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { compressor } from '@putlogs/core/internal/batch/compress';

/** A second implementation, in plain JavaScript, of the block format. */
const { decompressBlock } = require('lz4js') as {
  decompressBlock(from: Uint8Array, to: Uint8Array, at: number, length: number, toAt: number): number;
};

function refuse(reason: string): void {
  throw new Error(reason);
}

const line = Buffer.from(`${JSON.stringify({ level: 'info', msg: '你好 world', path: '/a/b' })}\n`);

for (const [name, raw] of [
  ['one line', Buffer.concat([line, line])],
  ['a megabyte of lines', Buffer.alloc(1024 * 1024, line)],
  ['zeros', Buffer.alloc(100_000)],
  ['half noise', Buffer.concat([randomBytes(5000), Buffer.alloc(5000, line)])],
] as const) {
  test(`the LZ4 block of ${name} is read by another implementation`, () => {
    const { codec, body } = compressor('lz4', refuse)(raw);
    assert.equal(codec, 'lz4');
    assert.ok(body.length < raw.length);
    const out = new Uint8Array(raw.length);
    assert.equal(decompressBlock(body, out, 0, body.length, 0), raw.length);
    assert.deepEqual(Buffer.from(out), raw);
  });
}

test('zlib is a stream of RFC 1950', () => {
  const raw = Buffer.alloc(10_000, line);
  const { codec, body } = compressor('zlib', refuse)(raw);
  assert.equal(codec, 'zlib');
  assert.deepEqual(inflateSync(body), raw);
});

test('a body that compression would make larger stays uncompressed', () => {
  const raw = randomBytes(10_000);
  for (const codec of ['lz4', 'zlib'] as const) {
    assert.deepEqual(compressor(codec, refuse)(raw), { codec: 'none', body: raw });
  }
});

test('a compressed body has memory of its own with every codec, because the batch overwrites its buffer', () => {
  for (const codec of ['lz4', 'zlib', 'none'] as const) {
    const raw = Buffer.alloc(1000, line);
    const { body } = compressor(codec, refuse)(raw);
    const before = Buffer.from(body);
    raw.fill(0);
    assert.deepEqual(body, before);
  }
});
