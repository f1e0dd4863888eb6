// The batcher against any sequence of records, times and refusals of size: every record in one batch, in order, within
// the limits, and none open for longer than it may be.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batcher } from '@putlogs/core/internal/batch/batcher';
import { compressor } from '@putlogs/core/internal/batch/compress';
import type { SealedBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { SizeLimit } from '@putlogs/core/internal/batch/size-limit';
import { logsIn, unpackBatch } from '@putlogs/core/internal/batch/unpack';
import fc from 'fast-check';
import { BATCH_SEQUENCES } from '../support/sizes';
import { HandClock } from '../unit/hand-clock';

const LINGER_MS = 1000;
const HEAD = Buffer.from('head');

type Step =
  | { readonly kind: 'record'; readonly bytes: number }
  /** Its encoding fails half way. */
  | { readonly kind: 'broken'; readonly bytes: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'seal' }
  | { readonly kind: 'end in a record' }
  | { readonly kind: 'too large'; readonly bytes: number }
  | { readonly kind: 'too many'; readonly records: number }
  /** The next batch cannot be made. */
  | { readonly kind: 'no frame' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('record' as const), bytes: fc.integer({ min: 4, max: 700 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('record' as const), bytes: fc.constant(5000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('broken' as const), bytes: fc.integer({ min: 4, max: 700 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 400, 999, 1000, 9000) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'seal' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'end in a record' } as const) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('too large' as const), bytes: fc.integer({ min: 1, max: 5000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('too many' as const), records: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'no frame' } as const) },
);

/** An entry as the transcoder writes it: a tag, a length, and for a Log the record's number, filled up. */
function entryOf(number: number, bytes: number): Buffer {
  const log = Buffer.alloc(bytes, 0x20);
  log.writeUInt32LE(number);
  const length = bytes < 0x80 ? [bytes] : [(bytes & 0x7f) | 0x80, bytes >> 7];
  return Buffer.concat([Buffer.from([0x0a, ...length]), log]);
}

test(`${BATCH_SEQUENCES} sequences: each record is in one batch, in order, within the limits, and none waits for longer than it may`, async () => {
  const limits = { maxBytes: 2048, maxCount: 8 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const clock = new HandClock();
      const size = new SizeLimit(limits, clock);
      const sealed: SealedBatch[] = [];
      let [held, lost, number] = [0, 0, 0];
      let [fails, hasFrame] = [false, true];
      let openedAtMs = 0;
      const batcher = new Batcher({
        maxBytes: limits.maxBytes,
        size,
        lingerMs: LINGER_MS,
        hashKey: 'a'.repeat(32),
        clock,
        encode: (bytes, start, end, batch) => {
          batch.reserve(end - start);
          batch.bytes.set(bytes.subarray(start, end), batch.length);
          // A failure in the middle leaves what was written so far.
          batch.length += fails ? (end - start) >> 1 : end - start;
          if (fails) throw new Error('it cannot be encoded');
          return false;
        },
        frame: (packId) => {
          if (!hasFrame) throw new Error('there is no frame');
          return { head: HEAD, tail: Buffer.from(packId) };
        },
        compress: compressor('lz4', () => assert.fail('there is LZ4')),
        onBegun: () => {
          openedAtMs = clock.monotonicMs();
        },
        onHeld: (bytes) => {
          held += bytes;
        },
        onSealed: (batch) => sealed.push(batch),
        onFailed: (records) => {
          lost += records;
          hasFrame = true;
        },
      });
      const write = (bytes: number) => {
        const entry = entryOf(number, bytes);
        batcher.add(entry, 0, entry.length);
        number += 1;
        assert.ok(batcher.count < size.maxCount || batcher.count === 0, 'a full batch is sealed at once');
        assert.ok(held < size.maxBytes || batcher.count === 0);
      };
      for (const one of steps) {
        const before = { open: batcher.count, maxBytes: size.maxBytes, maxCount: size.maxCount, sealed: sealed.length };
        switch (one.kind) {
          case 'record':
            write(one.bytes);
            break;
          case 'broken':
            fails = true;
            assert.throws(() => write(one.bytes), /cannot be encoded/);
            fails = false;
            assert.equal(batcher.count, before.open);
            break;
          case 'pass':
            await clock.pass(one.ms);
            break;
          case 'seal':
            batcher.seal();
            break;
          case 'end in a record':
            fails = true;
            assert.throws(() => write(10), /cannot be encoded/);
            fails = false;
            batcher.sealWhole();
            assert.equal(batcher.count, 0);
            break;
          case 'too large':
            size.tooLarge(one.bytes);
            break;
          case 'too many':
            size.tooMany(one.records);
            break;
          case 'no frame':
            hasFrame = false;
            break;
        }
        if (batcher.count > 0) {
          assert.ok(clock.monotonicMs() - openedAtMs < LINGER_MS, 'it lingers no longer than it may');
          assert.ok(clock.timers > 0);
        } else assert.equal(held, 0, 'nothing open is nothing held');
        for (const batch of sealed.slice(before.sealed)) {
          const largest = Math.max(before.maxBytes, limits.maxBytes);
          assert.ok(batch.count === 1 || batch.entriesTo - batch.entriesFrom <= largest, `${batch.entriesTo} bytes`);
          assert.ok(batch.count <= Math.max(before.maxCount, limits.maxCount));
        }
      }
      batcher.seal();
      assert.equal(clock.timers, 0, 'no timer is left');
      assert.equal(held, 0);
      const numbers = sealed.flatMap((batch) => logsIn(unpackBatch(batch)).map((log) => log.readUInt32LE()));
      assert.equal(numbers.length + lost, number, 'each record is in a batch, or lost with one that could not be made');
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((a, b) => a - b),
        'once, and in order',
      );
      const packIds = sealed.map(({ packId }) => packId);
      assert.equal(new Set(packIds).size, packIds.length);
      for (const batch of sealed) assert.equal(unpackBatch(batch).tail.toString(), batch.packId);
      for (const [i, { firstRecord, count }] of sealed.entries()) {
        assert.ok(i === 0 || firstRecord >= sealed[i - 1]!.firstRecord + sealed[i - 1]!.count);
        assert.ok(count > 0);
      }
    }),
    { numRuns: BATCH_SEQUENCES },
  );
});
