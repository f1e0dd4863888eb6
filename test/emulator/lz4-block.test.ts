import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type * as lz4Block from '../../packages/emulator/src/lz4-block.js';

const emulatorDir = dirname(require.resolve('@putlogs/emulator/package.json'));
const { decodeBlock, encodeBlock } = require(join(emulatorDir, 'dist/lz4-block.js')) as typeof lz4Block;

// Bytes with repetition of every distance and length, and bytes without any.
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc
    .array(fc.tuple(fc.uint8Array({ maxLength: 12 }), fc.nat(300)), { maxLength: 8 })
    .map((parts) => Buffer.concat(parts.flatMap(([part, times]) => Array(times).fill(Buffer.from(part)) as Buffer[]))),
);

describe('an LZ4 block', () => {
  test('of any bytes decodes to those bytes, and to no other number of them', () => {
    fc.assert(
      fc.property(bytes, (raw) => {
        const block = encodeBlock(raw);
        assert.deepEqual(decodeBlock(block, raw.length), Buffer.from(raw));
        assert.equal(decodeBlock(block, raw.length + 1), null);
        if (raw.length > 0) assert.equal(decodeBlock(block, raw.length - 1), null);
      }),
      { numRuns: 300 },
    );
  });

  test('that was tampered with decodes to as many bytes or not at all, and never throws', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (raw, at, mask, cut) => {
        const block = Buffer.from(encodeBlock(raw));
        const place = at % block.length;
        block[place]! ^= mask;
        const decoded = decodeBlock(cut ? block.subarray(0, place) : block, raw.length);
        assert.ok(decoded === null || decoded.length === raw.length);
      }),
      { numRuns: 1000 },
    );
  });

  test('of noise decodes to as many bytes or not at all, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(5000), (block, rawBytes) => {
        const decoded = decodeBlock(block, rawBytes);
        assert.ok(decoded === null || decoded.length === rawBytes);
      }),
      { numRuns: 1000 },
    );
  });
});
