import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { compressor, decompress } from '@putlogs/core/internal/batch/compress';
import { zstd } from '@putlogs/core/internal/runtime/zstd';

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

const skip = zstd() === undefined && `${process.version} has no zstd: it came with Node 22.15`;

test('zstd is one frame, which node:zlib reads', { skip }, () => {
  const raw = Buffer.alloc(10_000, line);
  const { codec, body } = compressor('zstd', refuse)(raw);
  assert.equal(codec, 'zstd');
  assert.equal(body.readUInt32LE(0), 0xfd2fb528, 'the magic number of RFC 8878');
  assert.deepEqual(decompress({ codec, body, rawBytes: raw.length }), raw);
  assert.throws(() => decompress({ codec, body, rawBytes: raw.length - 1 }));
});

test('a higher level makes a body smaller, with zlib and with zstd', () => {
  const raw = Buffer.from(Array.from({ length: 5000 }, (_, n) => `${n * n} ${line}`).join(''));
  for (const codec of zstd() !== undefined ? (['zlib', 'zstd'] as const) : (['zlib'] as const)) {
    const [low, high] = [1, 9].map((level) => compressor(codec, refuse, level)(raw).body.length);
    assert.ok(high! < low!, codec);
  }
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
