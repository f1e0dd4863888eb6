// The dead-letter file as a transport writes it, on a real file system.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs, {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { allDeadLetters } from '@putlogs/core/internal/dead-letter/reader';
import type { DeadLetterFile, DeadLetterResult } from '@putlogs/core/internal/dead-letter/writer';
import { runChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { batchOf, deadLetterFile, ENVELOPE, encoded, REFUSAL } from './refused-batch';

const directory = temporaryDirectory('dead-letter');

const linesOf = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

const put = (letters: DeadLetterFile, ...values: string[]): DeadLetterResult =>
  letters.put(batchOf(...values), REFUSAL, 0);

/** The texts of the records in both files, oldest first; `-` for a line that cannot be read. */
const textsIn = (file: string): string[] =>
  [...allDeadLetters(file)].map(({ letter }) => letter?.record.contents['text'] ?? '-');

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** No file of this process may grow beyond so many bytes: a full disk, which takes a part of a write. */
function limitFiles(bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', `${process.pid}`, `--fsize=${bytes}:`]);
}

test('a refused record is one line with its reason, its text and its bytes, for its owner only', () => {
  const file = join(directory, 'new', 'folder', 'dead.ndjson');
  const letters = deadLetterFile(file);
  const value = '中文 "quoted"\nand a second line \u{1f600}';
  assert.deepEqual(letters.put(batchOf(value), REFUSAL, 7), { written: 1, lost: 0, evicted: 0 });
  const [line] = linesOf(file) as { record: { contents: object } }[];
  assert.deepEqual(
    { ...line, record: { ...line!.record, contents: Object.entries(line!.record.contents) } },
    {
      time: '1970-01-01T00:00:00.000Z',
      reason: REFUSAL,
      target: { service: 'a-service', topicId: 't' },
      packId: 'P-1',
      index: 7,
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
  const first = deadLetterFile(file);
  assert.equal(existsSync(file), false);
  first.put(batchOf('one'), REFUSAL, 0);
  assert.deepEqual(first.close(), { written: 0, lost: 0, evicted: 0 });
  const second = deadLetterFile(file);
  second.put(batchOf('two'), REFUSAL, 0);
  second.put(batchOf('three'), REFUSAL, 0);
  second.close();
  assert.equal(linesOf(file).length, 3);
  assert.deepEqual(deadLetterFile(file).close(), { written: 0, lost: 0, evicted: 0 });
});

test('a file that cannot be opened is reported as a value, not thrown, and is tried again with the next record', () => {
  const blocked = join(directory, 'blocked');
  writeFileSync(blocked, 'a file in place of a folder');
  const file = join(blocked, 'dead.ndjson');
  const letters = deadLetterFile(file);
  const result = letters.put(batchOf('one'), REFUSAL, 0);
  assert.deepEqual([result.written, result.lost], [0, 1]);
  assert.match(result.problem!, /ENOTDIR|EEXIST/);
  rmSync(blocked);
  assert.deepEqual(letters.put(batchOf('two'), REFUSAL, 0), { written: 1, lost: 0, evicted: 0 });
  assert.equal(linesOf(file).length, 1);
});

test('on a full disk the records that do not fit are lost at once, and each of them is counted', () => {
  const file = join(directory, 'full.ndjson');
  const letters = deadLetterFile(file);
  limitFiles(100);
  let results: DeadLetterResult[];
  try {
    results = ['one', 'two', 'three'].map((value) => put(letters, value));
    results.push(letters.close());
  } finally {
    limitFiles('unlimited');
  }
  for (const { problem } of results) assert.match(problem!, /EFBIG/);
  const sum = (count: (result: DeadLetterResult) => number) => results.reduce((all, result) => all + count(result), 0);
  assert.deepEqual([sum(({ lost }) => lost), sum(({ written }) => written)], [3, 0]);
});

test('a line that a full disk has cut stays cut, and is written again whole when there is room', () => {
  const file = join(directory, 'cut.ndjson');
  const letters = deadLetterFile(file);
  put(letters, 'one');
  limitFiles(sizeOf(file) + 50);
  let results: DeadLetterResult[];
  try {
    results = [put(letters, 'two', 'three'), put(letters, 'four')];
  } finally {
    limitFiles('unlimited');
  }
  assert.deepEqual(
    results.map(({ written, lost }) => [written, lost]),
    [
      [0, 0],
      [0, 1],
    ],
  );
  assert.deepEqual(put(letters, 'five'), { written: 3, lost: 0, evicted: 0 });
  assert.deepEqual(textsIn(file), ['one', '-', 'two', 'three', 'five']);
});

test('a line behind one that a crash has cut begins on a fresh line', () => {
  const file = join(directory, 'torn.ndjson');
  writeFileSync(file, '{"time":"2026-');
  const letters = deadLetterFile(file);
  put(letters, 'one');
  // As another process that is killed in the middle of its write.
  appendFileSync(file, '{"time":');
  put(letters, 'two');
  put(letters, 'three');
  assert.deepEqual(textsIn(file), ['-', 'one', '-', 'two', 'three']);
  assert.ok(!readFileSync(file, 'utf8').includes('\n\n'));
});

for (const [what, make] of [
  ['a symbolic link', (file: string) => symlinkSync(join(directory, 'victim'), file)],
  ['a symbolic link', (file: string) => symlinkSync('/nowhere/at/all', file)],
  ['a FIFO', (file: string) => execFileSync('mkfifo', [file])],
  ['a directory', (file: string) => mkdirSync(file)],
] as const) {
  test(`${what} under the file's name fails at once, and the records are counted as lost`, () => {
    const victim = join(directory, 'victim');
    writeFileSync(victim, 'of another user');
    const folder = mkdtempSync(join(directory, 'odd-'));
    const file = join(folder, 'dead.ndjson');
    make(file);
    const letters = deadLetterFile(file);
    const result = put(letters, 'one', 'two');
    assert.deepEqual([result.written, result.lost], [0, 2]);
    assert.match(result.problem!, new RegExp(`is ${what}, not a regular file`));
    assert.deepEqual(letters.close(), { written: 0, lost: 0, evicted: 0 });
    assert.equal(readFileSync(victim, 'utf8'), 'of another user');
    assert.throws(() => [...allDeadLetters(file)], /not a regular file/);
    rmSync(file, { recursive: true });
    assert.equal(put(letters, 'three').written, 1);
  });
}

test('a FIFO with a reader is not written to either', () => {
  const file = join(directory, 'read.ndjson');
  execFileSync('mkfifo', [file]);
  const reader = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
  assert.match(put(deadLetterFile(file), 'one').problem!, /is a FIFO/);
  assert.throws(() => fs.readSync(reader, Buffer.alloc(1)), /EAGAIN/);
  fs.closeSync(reader);
});

test('both files stay within the limit, the oldest lines go first, and each of them is counted', () => {
  const file = join(directory, 'limit.ndjson');
  const maxBytes = 5000;
  const letters = deadLetterFile(file, { maxBytes });
  let [written, evicted] = [0, 0];
  for (let n = 0; n < 100; n += 1) {
    const result = put(letters, `${n} ${'x'.repeat(n)}`);
    assert.equal(result.problem, undefined);
    written += result.written;
    evicted += result.evicted;
    const [size, older] = [sizeOf(file), sizeOf(`${file}.1`)];
    assert.ok(size <= maxBytes / 2 && older <= maxBytes / 2, `${size} + ${older}`);
  }
  assert.equal(written, 100);
  const left = textsIn(file).map((text) => Number(text.split(' ')[0]));
  assert.ok(left.length > 2 && evicted > 0);
  assert.deepEqual(
    left,
    Array.from({ length: 100 - evicted }, (_, i) => evicted + i),
  );
  assert.equal(statSync(`${file}.1`).mode & 0o777, 0o600);
  assert.equal(readdirSync(directory).filter((name) => name.startsWith('limit.ndjson')).length, 2);
});

test('a line that is larger than half of the limit is lost alone, and a batch may be larger than both files', () => {
  const file = join(directory, 'large.ndjson');
  const letters = deadLetterFile(file, { maxBytes: 4000 });
  const result = put(letters, 'one', 'x'.repeat(3000), 'two');
  assert.deepEqual([result.written, result.lost], [2, 1]);
  assert.match(result.problem!, /a line of \d+ bytes does not fit into half of deadLetter.maxBytes/);
  assert.deepEqual(textsIn(file), ['one', 'two']);
  const many = put(letters, ...Array.from({ length: 40 }, (_, n) => `${n}`));
  assert.deepEqual([many.written, many.lost], [40, 0]);
  const left = textsIn(file);
  assert.equal(left.length + many.evicted, 42);
  assert.equal(left.at(-1), '39');
  assert.ok(sizeOf(file) + sizeOf(`${file}.1`) <= 4000);
});

test('a file that was put back larger than half of the limit is replaced before both pass the limit', () => {
  const file = join(directory, 'overfull.ndjson');
  const first = deadLetterFile(file, { maxBytes: 1_000_000 });
  for (let n = 0; n < 9; n += 1) put(first, `${n}`);
  first.close();
  const letters = deadLetterFile(file, { maxBytes: 5000 });
  let evicted = 0;
  for (let n = 9; n < 30; n += 1) {
    evicted += put(letters, `${n}`).evicted;
    assert.ok(sizeOf(file) + sizeOf(`${file}.1`) <= 5000);
  }
  assert.equal(textsIn(file).length + evicted, 30);
});

test('a symbolic link under the older file is replaced, and what it names is not touched', () => {
  const file = join(directory, 'link.ndjson');
  const victim = join(directory, 'another');
  writeFileSync(victim, 'of another user\n');
  symlinkSync(victim, `${file}.1`);
  const letters = deadLetterFile(file, { maxBytes: 2000 });
  for (let n = 0; n < 3; n += 1) assert.equal(put(letters, `${n}`).evicted, 0);
  assert.equal(lstatSync(`${file}.1`).isFile(), true);
  assert.equal(readFileSync(victim, 'utf8'), 'of another user\n');
});

test('a directory under the older file costs the lines that do not fit, and each of them is counted', () => {
  const file = join(directory, 'blocked.ndjson');
  mkdirSync(`${file}.1`);
  const letters = deadLetterFile(file, { maxBytes: 20_000 });
  const results = Array.from({ length: 40 }, (_, n) => put(letters, `${n}`));
  const lost = results.reduce((sum, result) => sum + result.lost, 0);
  assert.ok(lost > 0);
  assert.match(results.at(-1)!.problem!, /EISDIR|ENOTEMPTY|EEXIST/);
  assert.equal(linesOf(file).length, 40 - lost);
  assert.ok(sizeOf(file) <= 10_000);
});

test('several processes that rotate one file lose no line uncounted', async () => {
  const file = join(directory, 'shared.ndjson');
  const app = join(__dirname, 'apps/dead-letter-writer.js');
  const children = await Promise.all(
    ['a', 'b', 'c'].map((name) => runChild(app, { args: [file, '6000', name, '300'] })),
  );
  const sum = { written: 0, lost: 0, evicted: 0 };
  for (const { code, stdout, stderr } of children) {
    assert.equal(code, 0, stderr);
    const { written, lost, evicted } = JSON.parse(stdout) as DeadLetterResult;
    sum.written += written;
    sum.lost += lost;
    sum.evicted += evicted;
  }
  assert.equal(sum.written + sum.lost, 900);
  const left = textsIn(file);
  assert.ok(!left.includes('-'));
  // A line may be there twice, if another process rotated the file during its write.
  assert.ok(left.length + sum.evicted >= sum.written, JSON.stringify({ ...sum, left: left.length }));
  assert.ok(sum.evicted > 500 && sum.lost < 50, JSON.stringify(sum));
});

test('with fsync the line is synced before the answer, and without it is not', () => {
  const fsyncSync = mock.method(fs, 'fsyncSync');
  try {
    put(deadLetterFile(join(directory, 'unsynced.ndjson')), 'one');
    assert.equal(fsyncSync.mock.callCount(), 0);
    const letters = deadLetterFile(join(directory, 'synced.ndjson'), { fsync: true });
    put(letters, 'one');
    // Also the directory, because the file is new.
    assert.equal(fsyncSync.mock.callCount(), 2);
    put(letters, 'two');
    assert.equal(fsyncSync.mock.callCount(), 3);
  } finally {
    fsyncSync.mock.restore();
  }
});

test('a new file whose name cannot be synced costs no descriptor, and is tried again with the next record', (t) => {
  if (process.platform !== 'linux') return t.skip('open descriptors are listed in /proc');
  const letters = deadLetterFile(join(directory, 'unsyncable.ndjson'), { fsync: true });
  const failing = mock.method(fs, 'fsyncSync', () => {
    throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
  });
  const before = readdirSync('/proc/self/fd').length;
  try {
    const result = put(letters, 'one');
    assert.deepEqual([result.written, result.lost], [0, 1]);
    assert.match(result.problem!, /EIO/);
  } finally {
    failing.mock.restore();
  }
  assert.equal(readdirSync('/proc/self/fd').length, before);
  assert.deepEqual(put(letters, 'two'), { written: 1, lost: 0, evicted: 0 });
  letters.close();
});

test('a line that was written while the file got another name is in the new file as well', () => {
  const file = join(directory, 'raced.ndjson');
  const letters = deadLetterFile(file);
  put(letters, 'one');
  const { writeSync } = fs;
  const racing = mock.method(fs, 'writeSync', (...given: Parameters<typeof writeSync>) => {
    racing.mock.restore();
    renameSync(file, `${file}.replaying`);
    return writeSync(...given);
  });
  assert.deepEqual(put(letters, 'two'), { written: 1, lost: 0, evicted: 0 });
  letters.close();
  assert.equal(linesOf(`${file}.replaying`).length, 2);
  assert.equal(linesOf(file).length, 1);
});

test('a folder without write permission is reported as a value', (t) => {
  if (process.getuid?.() === 0) return t.skip('root may write everywhere');
  const locked = mkdtempSync(join(directory, 'locked-'));
  chmodSync(locked, 0o500);
  const result = deadLetterFile(join(locked, 'dead.ndjson')).put(batchOf('one'), REFUSAL, 0);
  assert.match(result.problem!, /EACCES/);
  assert.equal(result.lost, 1);
});

test('a batch that cannot be read is reported as a value', () => {
  const letters = deadLetterFile(join(directory, 'odd.ndjson'));
  const batch = batchOf('one');
  const result = letters.put({ ...batch, entriesTo: batch.entriesTo - 1 }, REFUSAL, 0);
  assert.deepEqual([result.written, result.lost], [0, 1]);
  assert.match(result.problem!, /damaged/);
});

test('a file that was renamed, to be replayed or rotated, is not written to any more', () => {
  const file = join(directory, 'renamed.ndjson');
  const letters = deadLetterFile(file);
  letters.put(batchOf('one'), REFUSAL, 0);
  renameSync(file, `${file}.1`);
  letters.put(batchOf('two'), REFUSAL, 0);
  rmSync(file);
  letters.put(batchOf('three'), REFUSAL, 0);
  letters.close();
  assert.deepEqual([linesOf(`${file}.1`).length, linesOf(file).length], [1, 1]);
});
