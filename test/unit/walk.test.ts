import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchSize } from '@putlogs/core/internal/batch/batch-size';
import { type Codec, compressor, decompress } from '@putlogs/core/internal/batch/compress';
import { OpenBatch } from '@putlogs/core/internal/batch/open-batch';
import { type SealedBatch, sealBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { halve, logsOf } from '@putlogs/core/internal/batch/walk';
import { readVarint, writeVarint } from '@putlogs/core/internal/record/varint';
import { volcTls } from '@putlogs/core/internal/target/volc-tls';
import { HandClock } from './hand-clock';
import { root } from './transcoded';

const target = volcTls({
  endpoint: 'https://tls-cn-beijing.volces.com',
  region: 'cn-beijing',
  topicId: 't',
  credentials: () => ({ accessKeyId: 'a', accessKeySecret: 's' }),
});
const ENVELOPE = { source: 'here', topic: '', fileName: 'a.log', tags: { env: 'test' }, packId: 'P-1' };
const LogGroupList = root.lookupType('LogGroupList');
const Log = root.lookupType('Log');

function batchOf(texts: readonly string[], codec: Codec): SealedBatch {
  const open = new OpenBatch(1024);
  for (const text of texts) {
    const log = Log.encode(Log.fromObject({ Time: 1, Contents: [{ Key: 'k', Value: text }], TimeNs: 7 })).finish();
    const start = open.length;
    open.reserve(log.length + 8);
    open.bytes[start] = 0x0a;
    const at = writeVarint(open.bytes, start + 1, log.length);
    open.bytes.set(log, at);
    open.length = at + log.length;
    open.added(start);
  }
  const unsealed = { firstRecord: 40, packId: 'P-1', hashKey: 'f0', count: texts.length };
  return open.seal(
    false,
    (bytes) => target.frame(ENVELOPE, bytes),
    (body, entriesFrom, entriesTo) =>
      sealBatch({ ...unsealed, entriesFrom, entriesTo }, body, compressor(codec, assert.fail)),
  );
}

const halvesOf = (batch: SealedBatch) =>
  halve(batch, { head: target.head, compress: compressor(batch.codec, assert.fail) });

function groupOf(batch: SealedBatch) {
  const { LogGroups } = LogGroupList.decode(decompress(batch)).toJSON() as {
    LogGroups: { Logs: { Contents: { Value: string }[] }[] }[];
  };
  assert.equal(LogGroups.length, 1);
  const { Logs, ...envelope } = LogGroups[0]!;
  return { values: Logs.map(({ Contents }) => Contents[0]!.Value), envelope };
}

for (const codec of ['lz4', 'zlib', 'none'] as const) {
  test(`the halves of a batch (${codec}) have its records in order, its envelope, pack id and hash key`, () => {
    for (const count of [2, 3, 7, 100]) {
      const texts = Array.from({ length: count }, (_, i) => `${i} ${'long '.repeat(i * 5)}`);
      const whole = batchOf(texts, codec);
      const halves = halvesOf(whole);
      assert.equal(halves.length, 2);
      const [first, second] = halves.map(groupOf);
      assert.deepEqual([...first!.values, ...second!.values], texts);
      assert.deepEqual(first!.envelope, groupOf(whole).envelope);
      assert.deepEqual(second!.envelope, first!.envelope);
      assert.deepEqual(
        halves.map(({ firstRecord, count, packId, hashKey }) => ({ firstRecord, count, packId, hashKey })),
        [
          { firstRecord: 40, count: Math.ceil(count / 2), packId: 'P-1', hashKey: 'f0' },
          { firstRecord: 40 + Math.ceil(count / 2), count: Math.floor(count / 2), packId: 'P-1', hashKey: 'f0' },
        ],
      );
      for (const half of halves) assert.equal(half.rawBytes, decompress(half).length);
    }
  });
}

test('halved to the end, a batch is its single records, and a single record has no halves', () => {
  const texts = Array.from({ length: 33 }, (_, i) => `record ${i}`);
  let batches = [batchOf(texts, 'lz4')];
  while (batches.some(({ count }) => count > 1)) {
    batches = batches.flatMap((batch) => (batch.count > 1 ? halvesOf(batch) : [batch]));
  }
  assert.deepEqual(
    batches.flatMap((batch) => groupOf(batch).values),
    texts,
  );
  assert.deepEqual(
    batches.map(({ firstRecord }) => firstRecord),
    texts.map((_, i) => 40 + i),
  );
  assert.deepEqual(halvesOf(batches[0]!), []);
});

test('the logs of a batch are those that were put in', () => {
  const texts = ['one', 'two '.repeat(100), ''];
  const values = logsOf(batchOf(texts, 'lz4')).map((log) => {
    const { Contents } = Log.decode(log).toJSON() as { Contents: { Value: string }[] };
    return Contents[0]!.Value;
  });
  assert.deepEqual(values, texts);
});

test('a batch that is not what it says it is has no halves', () => {
  const batch = batchOf(['a', 'b', 'c', 'd'], 'none');
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
    assert.throws(() => halvesOf(damaged));
  }
});

test('a number that has no end is an error, and not a walk for ever', () => {
  assert.throws(() => readVarint(Buffer.from([0x80, 0x80]), 0), /no number stands at 0/);
  assert.throws(() => readVarint(Buffer.alloc(20, 0xff), 1), /no number stands at 1/);
  const largest = Buffer.alloc(8);
  const end = writeVarint(largest, 0, Number.MAX_SAFE_INTEGER);
  assert.deepEqual(readVarint(largest, 0), { value: Number.MAX_SAFE_INTEGER, next: end });
});

test('a refused size is remembered for ten minutes from its last refusal', async () => {
  const clock = new HandClock();
  const size = new BatchSize({ maxBytes: 1_000_000, maxCount: 4096 }, clock);
  size.tooLarge(600_001);
  size.tooMany(1001);
  assert.deepEqual([size.maxBytes, size.maxCount], [300_000, 501]);
  await clock.pass(9 * 60_000);
  size.tooLarge(900_000);
  size.refresh();
  assert.deepEqual([size.maxBytes, size.maxCount], [300_000, 501]);
  await clock.pass(9 * 60_000);
  size.refresh();
  assert.equal(size.maxBytes, 300_000);
  await clock.pass(60_000);
  size.refresh();
  assert.deepEqual([size.maxBytes, size.maxCount], [1_000_000, 4096]);
});

test('however small the refused size, a batch may have one record', () => {
  const size = new BatchSize({ maxBytes: 1_000_000, maxCount: 4096 }, new HandClock());
  size.tooLarge(2);
  size.tooMany(1);
  assert.deepEqual([size.maxBytes, size.maxCount], [1024, 1]);
});
