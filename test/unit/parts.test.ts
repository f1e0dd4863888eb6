// Parts of a batch and joined batches: their records, their ids, and their frame, for every body layout.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Codec, compressor, decompress } from '@putlogs/core/internal/batch/compress';
import type { Envelope } from '@putlogs/core/internal/batch/open-batch';
import { joinBatches, partOf, type Reframing, sealedId, sequenceOf } from '@putlogs/core/internal/batch/parts';
import { type SealedBatch, sealBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { logAt, logsIn, unpackBatch } from '@putlogs/core/internal/batch/unpack';
import { fieldOf, textField } from '@putlogs/core/internal/protobuf/fields';
import { readVarint, writeVarint } from '@putlogs/core/internal/protobuf/varint';
import { readBatch } from '@putlogs/core/internal/targets/read-batch';
import { aliyunSls } from '@putlogs/core/internal/targets/sls/put-logs';
import { aliyunWebtracking } from '@putlogs/core/internal/targets/sls/web-tracking';
import type { Target } from '@putlogs/core/internal/targets/target';
import { volcTls } from '@putlogs/core/internal/targets/tls/put-logs';
import { volcWebTracks } from '@putlogs/core/internal/targets/tls/web-tracks';
import { root } from './transcoded';

const credentials = () => ({ accessKeyId: 'a', accessKeySecret: 's' });
const volc = { endpoint: 'https://tls-cn-beijing.volces.com', region: 'cn-beijing', topicId: 't' };
const place = { region: '', project: 'p', logstore: 'store', customDomain: false };
const sls = { endpoint: 'https://cn-hangzhou.log.aliyuncs.com', ...place };
const targets: readonly Target[] = [
  volcTls({ ...volc, credentials }),
  aliyunSls({ ...sls, routing: 'route', signature: 'v1', credentials }),
  volcWebTracks({ ...volc, projectId: 'p', compression: 'none' }),
  aliyunWebtracking({ ...sls, compression: 'none' }),
];
const volcTarget = targets[0]!;

const BASE_ID = '0123456789ABCDEF-2A';
const ENVELOPE: Envelope = { source: 'here', topic: '', fileName: 'a.log', tags: { env: 'test' }, packId: BASE_ID };
const ID = /^0123456789ABCDEF-2A[0-9A-F]{8}$/;
const Log = root.lookupType('Log');
const LogGroupList = root.lookupType('LogGroupList');

function batchOf(texts: readonly string[], target = volcTarget, codec: Codec = 'none', packId = BASE_ID): SealedBatch {
  const entries = Buffer.concat(
    texts.map((text) => {
      const time = Buffer.from([0x08, 0x01]);
      return fieldOf(0x0a, time, fieldOf(0x12, textField(0x0a, 'k'), textField(0x12, text)));
    }),
  );
  const { head, tail } = target.frame({ ...ENVELOPE, packId }, entries.length);
  const place = { entriesFrom: head.length, entriesTo: head.length + entries.length };
  const unsealed = { firstRecord: 40, packId, hashKey: 'f0', count: texts.length, ...place };
  return sealBatch(unsealed, Buffer.concat([head, entries, tail]), compressor(codec, assert.fail));
}

function reframing(target = volcTarget, codec: Codec = 'none'): Reframing {
  return { frame: target.frame, readTail: target.readTail, compress: compressor(codec, assert.fail) };
}

const from = (first: number, to: number) => Array.from({ length: to - first }, (_, i) => first + i);

/** Records `first` to `to` of a sealed batch, or of a part whose first record is number `partFrom` of that batch. */
function part(batch: SealedBatch, first: number, to: number, partFrom = 0, parts = reframing()): SealedBatch {
  return partOf(unpackBatch(batch), from(first, to), BASE_ID, partFrom + first, parts);
}

const textsOf = (batch: SealedBatch) => [...readBatch(batch).records].map(({ contents }) => contents['k']);

for (const target of targets) {
  const { service } = target.destination;
  for (const codec of ['none', 'lz4', 'zlib'] as const) {
    test(`the halves of a batch for ${service} (${codec}) have its records in order, its envelope and key, and ids of their own`, () => {
      for (const count of [2, 3, 7, 100]) {
        const texts = Array.from({ length: count }, (_, i) => `${i} ${'long '.repeat(i * 5)}`);
        const whole = batchOf(texts, target, codec);
        const at = Math.ceil(count / 2);
        const halves = [[0, at] as const, [at, count] as const].map(([first, to]) =>
          part(whole, first, to, 0, reframing(target, codec)),
        );
        assert.deepEqual(halves.flatMap(textsOf), texts);
        const ids = halves.map(({ packId }) => packId);
        for (const id of ids) assert.match(id, ID);
        assert.notEqual(ids[0], ids[1]);
        for (const half of halves) {
          const { envelope, layout } = readBatch(half);
          assert.deepEqual([envelope, layout], [{ ...ENVELOPE, packId: half.packId }, target.bodyLayout]);
          assert.equal(half.rawBytes, decompress(half).length);
        }
        assert.deepEqual(
          halves.map(({ firstRecord, count, hashKey }) => ({ firstRecord, count, hashKey })),
          [
            { firstRecord: 40, count: at, hashKey: 'f0' },
            { firstRecord: 40 + at, count: count - at, hashKey: 'f0' },
          ],
        );
      }
    });
  }

  test(`joined batches for ${service} have all records in order in the frame of the first, under an id of its own`, () => {
    const parts = reframing(target);
    const batches = [
      batchOf(['a', 'b'], target),
      batchOf(['c'], target, 'lz4', '0123456789ABCDEF-2B'),
      batchOf(['d', 'e', 'f'], target, 'zlib', '0123456789ABCDEF-2C'),
    ];
    const one = joinBatches(batches, parts);
    assert.deepEqual(textsOf(one), ['a', 'b', 'c', 'd', 'e', 'f']);
    assert.match(one.packId, ID);
    assert.deepEqual(readBatch(one).envelope, { ...ENVELOPE, packId: one.packId });
    assert.deepEqual([one.firstRecord, one.count, one.hashKey], [40, 6, 'f0']);
    assert.deepEqual(joinBatches(batches, parts), one, 'the same batches joined again are the same batch');
    assert.notEqual(joinBatches(batches.slice(0, 2), parts).packId, one.packId);
  });
}

test('a part for TLS is one LogGroup, as protobufjs reads it', () => {
  const half = part(batchOf(['a', 'b', 'c']), 1, 3);
  const { LogGroups } = LogGroupList.decode(decompress(half)).toJSON() as {
    LogGroups: { Logs: object[]; ContextFlow: string; Source: string }[];
  };
  assert.equal(LogGroups.length, 1);
  assert.deepEqual([LogGroups[0]!.Logs.length, LogGroups[0]!.ContextFlow], [2, half.packId]);
});

test('equal records at an equal place have equal ids and bytes, however they were split and compressed', () => {
  const texts = Array.from({ length: 8 }, (_, i) => `record ${i}`);
  const whole = batchOf(texts, volcTarget, 'lz4');
  const direct = part(whole, 5, 7);
  const ofHalf = part(part(whole, 4, 8), 1, 3, 4);
  const ofQuarters = part(part(part(whole, 2, 8), 2, 6, 2), 1, 3, 4);
  for (const other of [ofHalf, ofQuarters]) assert.deepEqual(other, direct);
  const compressed = part(whole, 5, 7, 0, reframing(volcTarget, 'lz4'));
  assert.equal(compressed.packId, direct.packId);
  assert.deepEqual(decompress(compressed), decompress(direct));
});

test('two parts of equal lines have different ids, and so have parts that differ in number or place', () => {
  const whole = batchOf(Array.from({ length: 16 }, () => 'the same line'));
  const ids = new Set<string>();
  let parts = 0;
  for (let first = 0; first < 16; first += 1) {
    for (let to = first + 1; to <= 16; to += 1) {
      ids.add(part(whole, first, to).packId);
      parts += 1;
    }
  }
  assert.equal(ids.size, parts);
});

test('records that are not adjacent can be one part, in order', () => {
  const whole = batchOf(['a', 'b', 'c', 'd', 'e']);
  const some = partOf(unpackBatch(whole), [1, 3, 4], BASE_ID, 1, reframing());
  assert.deepEqual(textsOf(some), ['b', 'd', 'e']);
  assert.deepEqual([some.firstRecord, some.count], [41, 3]);
  assert.notEqual(some.packId, part(whole, 1, 4).packId);
});

test('a batch can be split down to single records, each under its own id and number', () => {
  const texts = Array.from({ length: 33 }, () => 'equal');
  const cut = (batch: SealedBatch, first: number): SealedBatch[] => {
    if (batch.count === 1) return [batch];
    const at = Math.ceil(batch.count / 2);
    return [...cut(part(batch, 0, at, first), first), ...cut(part(batch, at, batch.count, first), first + at)];
  };
  const singles = cut(batchOf(texts), 0);
  assert.deepEqual(singles.flatMap(textsOf), texts);
  assert.deepEqual(
    singles.map(({ firstRecord }) => firstRecord),
    texts.map((_, i) => 40 + i),
  );
  assert.equal(new Set(singles.map(({ packId }) => packId)).size, 33);
});

test('the sealed id and the number of a batch are read from its own id and from the ids of its parts', () => {
  const whole = batchOf(['a', 'b']);
  const half = part(whole, 0, 1);
  assert.deepEqual([sealedId(whole.packId, false), sequenceOf(whole.packId, false)], [BASE_ID, 42]);
  assert.deepEqual([sealedId(half.packId, true), sequenceOf(half.packId, true)], [BASE_ID, 42]);
});

test('the logs that a batch is unpacked to are those that were encoded, one by one and together', () => {
  const texts = ['one', 'two '.repeat(100), ''];
  const batch = batchOf(texts, volcTarget, 'lz4');
  const values = logsIn(unpackBatch(batch)).map((log) => {
    const { Contents } = Log.decode(log).toJSON() as { Contents: { Value?: string }[] };
    return Contents[0]!.Value ?? '';
  });
  assert.deepEqual(values, texts);
  const unpacked = unpackBatch(batch);
  assert.deepEqual(
    texts.map((_, i) => logAt(unpacked, i)),
    logsIn(unpacked),
  );
});

test('a damaged batch cannot be unpacked or joined', () => {
  const batch = batchOf(['a', 'b', 'c', 'd']);
  const torn = Buffer.from(batch.body);
  torn[batch.entriesFrom] = 0xff;
  for (const damaged of [
    { ...batch, count: 5 },
    { ...batch, entriesTo: batch.entriesTo - 1 },
    { ...batch, entriesFrom: batch.entriesFrom + 1 },
    { ...batch, rawBytes: batch.rawBytes + 1 },
    { ...batch, body: torn },
    { ...batch, codec: 'zlib' as const },
  ]) {
    assert.throws(() => unpackBatch(damaged));
    assert.throws(() => joinBatches([batch, damaged], reframing()));
    assert.throws(() => joinBatches([damaged, batch], reframing()));
  }
});

test('an incomplete or too long varint is an error', () => {
  assert.throws(() => readVarint(Buffer.from([0x80, 0x80]), 0), /no varint at byte 0/);
  assert.throws(() => readVarint(Buffer.alloc(20, 0xff), 1), /no varint at byte 1/);
  const largest = Buffer.alloc(8);
  const end = writeVarint(largest, 0, Number.MAX_SAFE_INTEGER);
  assert.deepEqual(readVarint(largest, 0), { value: Number.MAX_SAFE_INTEGER, next: end });
});
