import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { compressor } from '@putlogs/core/internal/batch/compress';
import { type SealedBatch, sealBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { DeadLetterFile } from '@putlogs/core/internal/spool/dead-letter';
import { HandClock } from './hand-clock';
import { root } from './transcoded';

const directory = mkdtempSync(join(tmpdir(), 'putlogs-dead-letter-'));
after(() => rmSync(directory, { recursive: true }));

const REFUSAL = { code: 'InvalidArgument', message: 'why', status: 400, requestId: 'r1' };
const ENVELOPE = { source: 'a-host', topic: '', fileName: '', tags: { env: 'test' } };
const Log = root.lookupType('Log');

function encoded(value: string): Buffer {
  const contents = [
    { Key: 'text', Value: value },
    { Key: '__proto__', Value: 'a name like any other' },
  ];
  return Buffer.from(Log.encode(Log.fromObject({ Time: 1_760_000_000_123, Contents: contents, TimeNs: 456 })).finish());
}

function batchOf(value: string): SealedBatch {
  const log = encoded(value);
  const length = log.length < 128 ? [log.length] : [(log.length & 0x7f) | 0x80, log.length >> 7];
  const entry = Buffer.from([0x0a, ...length, ...log]);
  const unsealed = { firstRecord: 0, packId: 'P-1', hashKey: 'f0', count: 1, entriesFrom: 0, entriesTo: entry.length };
  return sealBatch(unsealed, entry, compressor('lz4', assert.fail));
}

function deadLetter(file: string): DeadLetterFile {
  const destination = { service: 'a-service', topicId: 't' };
  const layout = { timeUnit: 'ms', timeNsTag: 0x1d } as const;
  return new DeadLetterFile({ file, destination, layout, envelopeOf: () => ENVELOPE, clock: new HandClock() });
}

const linesOf = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

test('a refused record is one line with its reason, its text and its bytes, for its owner only', () => {
  const file = join(directory, 'new', 'folder', 'dead.ndjson');
  const letters = deadLetter(file);
  const value = '中文 "quoted"\nand a second line \u{1f600}';
  assert.deepEqual(letters.put(batchOf(value), REFUSAL), { written: 1, lost: 0 });
  const [line] = linesOf(file) as { record: { contents: object } }[];
  assert.deepEqual(
    { ...line, record: { ...line!.record, contents: Object.entries(line!.record.contents) } },
    {
      time: '1970-01-01T00:00:00.000Z',
      reason: REFUSAL,
      target: { service: 'a-service', topicId: 't' },
      packId: 'P-1',
      hashKey: 'f0',
      envelope: ENVELOPE,
      record: {
        time: 1_760_000_000_123,
        timeNs: 456,
        contents: [
          ['text', value],
          ['__proto__', 'a name like any other'],
        ],
      },
      raw: encoded(value).toString('base64'),
    },
  );
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(join(directory, 'new', 'folder')).mode & 0o777, 0o700);
});

test('nothing is opened before the first refused record, and a file that is there is added to', () => {
  const file = join(directory, 'later.ndjson');
  const first = deadLetter(file);
  assert.equal(existsSync(file), false);
  first.put(batchOf('one'), REFUSAL);
  assert.deepEqual(first.close(), { written: 0, lost: 0 });
  const second = deadLetter(file);
  second.put(batchOf('two'), REFUSAL);
  second.put(batchOf('three'), REFUSAL);
  second.close();
  assert.equal(linesOf(file).length, 3);
  assert.deepEqual(deadLetter(file).close(), { written: 0, lost: 0 });
});

test('a file that cannot be opened is an answer, not an exception, and is tried again with the next record', () => {
  const blocked = join(directory, 'blocked');
  writeFileSync(blocked, 'a file where a folder should be');
  const file = join(blocked, 'dead.ndjson');
  const letters = deadLetter(file);
  const result = letters.put(batchOf('one'), REFUSAL);
  assert.deepEqual([result.written, result.lost], [0, 1]);
  assert.match(result.problem!, /ENOTDIR|EEXIST/);
  rmSync(blocked);
  assert.deepEqual(letters.put(batchOf('two'), REFUSAL), { written: 1, lost: 0 });
  assert.equal(linesOf(file).length, 1);
});

test('a full disk costs the records that do not fit, at once, and each of them is counted', (t) => {
  if (!existsSync('/dev/full')) return t.skip('this system has no /dev/full');
  const file = join(directory, 'full.ndjson');
  symlinkSync('/dev/full', file);
  const letters = deadLetter(file);
  const results = ['one', 'two', 'three'].map((value) => letters.put(batchOf(value), REFUSAL));
  for (const { problem } of results) assert.match(problem!, /ENOSPC/);
  results.push(letters.close());
  assert.equal(
    results.reduce((sum, { lost }) => sum + lost, 0),
    3,
  );
  assert.equal(
    results.reduce((sum, { written }) => sum + written, 0),
    0,
  );
});

test('a folder that nobody may write to is an answer', (t) => {
  if (process.getuid?.() === 0) return t.skip('root may write everywhere');
  const locked = mkdtempSync(join(directory, 'locked-'));
  chmodSync(locked, 0o500);
  const result = deadLetter(join(locked, 'dead.ndjson')).put(batchOf('one'), REFUSAL);
  assert.match(result.problem!, /EACCES/);
  assert.equal(result.lost, 1);
});

test('a batch that cannot be read is an answer', () => {
  const letters = deadLetter(join(directory, 'odd.ndjson'));
  const batch = batchOf('one');
  const result = letters.put({ ...batch, entriesTo: batch.entriesTo - 1 }, REFUSAL);
  assert.deepEqual([result.written, result.lost], [0, 1]);
  assert.match(result.problem!, /damaged/);
});

test('a file that was renamed, to be replayed or rotated, is not written to any more', () => {
  const file = join(directory, 'renamed.ndjson');
  const letters = deadLetter(file);
  letters.put(batchOf('one'), REFUSAL);
  renameSync(file, `${file}.1`);
  letters.put(batchOf('two'), REFUSAL);
  rmSync(file);
  letters.put(batchOf('three'), REFUSAL);
  letters.close();
  assert.deepEqual([linesOf(`${file}.1`).length, linesOf(file).length], [1, 1]);
});
