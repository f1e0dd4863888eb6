// The arena: wherever a record's text and the batch lie in it, the Log has the same bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenBatch } from '@putlogs/core/internal/batch/open-batch';
import { newArena, plainArena } from '@putlogs/core/internal/record/arena';
import type { Transcoder } from '@putlogs/core/internal/record/transcode';
import { contents, decoded, encoded, transcoded, transcoder } from './transcoded';

const record = (n: number) =>
  `{"level":30,"n":${n},"text":"line ${n} with \\"quotes\\" and 中文","nested":{"a":[${n}]}}`;

function bytesOf(batch: OpenBatch): Buffer {
  return batch.seal(false, () => ({ head: new Uint8Array(), tail: new Uint8Array() }), Buffer.from);
}

function append(by: Transcoder, batch: OpenBatch, bytes: Buffer, start: number, end: number): void {
  const from = batch.length;
  by.append(bytes, start, end, batch);
  batch.added(from);
}

/** The body of these lines, one behind the other in the input buffer of the batch's memory. */
function encodedFromPiece(lines: readonly string[], batch = new OpenBatch(1024 * 1024)): Buffer {
  const by = transcoder();
  const { inputBuffer } = batch.arena;
  const bytes = inputBuffer.subarray(0, inputBuffer.write(lines.join('\n')));
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    append(by, batch, bytes, start, end);
    start = end + 1;
  }
  return bytesOf(batch);
}

test('a record in the memory of its batch becomes the same bytes as a record that is copied there', () => {
  const lines = Array.from({ length: 300 }, (_, n) => record(n));
  assert.deepEqual(encodedFromPiece(lines), encoded(lines));
  assert.deepEqual(encodedFromPiece(lines, new OpenBatch(1024 * 1024, plainArena)), encoded(lines));
});

test('a batch that WebAssembly has no memory for goes on without it, and the other way round, to the same bytes', () => {
  const lines = Array.from({ length: 9000 }, (_, n) => record(n));
  for (const first of [0, 1]) {
    let made = first;
    const batch = new OpenBatch(1024 * 1024, (batchBytes) => {
      made += 1;
      return made % 2 === 0 ? newArena(batchBytes) : plainArena(batchBytes);
    });
    const by = transcoder();
    for (const line of lines) append(by, batch, Buffer.from(line), 0, Buffer.byteLength(line));
    assert.deepEqual(bytesOf(batch), encoded(lines));
    assert.ok(made - first >= 3, `${made - first} arenas`);
  }
});

test('lines in the old memory stay valid when a batch outgrows it', () => {
  const lines = Array.from({ length: 900 }, (_, n) => record(n));
  const batch = new OpenBatch(1024 * 1024);
  const first = batch.arena;
  batch.reserve(64 * 1024);
  batch.length += 60 * 1024;
  const before = Buffer.from(first.bytes.subarray(batch.length - 60 * 1024, batch.length));
  const bytes = encodedFromPiece(lines, batch);
  assert.notEqual(batch.arena, first);
  assert.deepEqual(bytes.subarray(0, before.length), before);
  assert.deepEqual(bytes.subarray(before.length), encoded(lines));
});

test('two transcoders that alternate on one batch do not mix up their names', () => {
  const [one, other] = [transcoder(), transcoder({ levelKey: 'severity' })];
  const batch = new OpenBatch(1024 * 1024);
  const line = Buffer.from('{"severity":30,"level":30}');
  for (let turn = 0; turn < 3; turn += 1) for (const by of [one, other]) append(by, batch, line, 0, line.length);
  const values = decoded(bytesOf(batch)).map((log) => log.Contents.map(({ Value }) => Value));
  const pair = [
    ['30', 'info'],
    ['info', '30'],
  ];
  assert.deepEqual(values, [...pair, ...pair, ...pair]);
});

test('names that differ in one character at any place are different names', () => {
  for (let length = 1; length <= 40; length += 1) {
    const names = Array.from({ length }, (_, at) => `${'n'.repeat(at)}x${'n'.repeat(length - at - 1)}`);
    const line = `{${names.map((name, at) => `"${name}":${at}`).join(',')}}`;
    const expected = names.map((name, at) => [name, String(at)]);
    const by = transcoder();
    for (const log of decoded(encoded([line, line], by))) {
      assert.deepEqual(
        log.Contents.map(({ Key, Value }) => [Key, Value]),
        expected,
      );
    }
  }
});

test('all names are written, also if there are more than the name cache has room for', () => {
  const by = transcoder();
  const lines = Array.from(
    { length: 200 },
    (_, n) => `{${Array.from({ length: 50 }, (_, at) => `"name${n * 50 + at}":${at}`).join(',')}}`,
  );
  for (const [n, log] of decoded(encoded(lines, by)).entries()) {
    assert.deepEqual(
      log.Contents.map(({ Key }) => Key),
      Array.from({ length: 50 }, (_, at) => `name${n * 50 + at}`),
    );
  }
});

test('a record whose names become far longer gets the room it needs, and one place in the order', () => {
  const names = Array.from({ length: 5000 }, (_, at) => `"${String.fromCodePoint(0x4e00 + at)}":0`);
  const [before, log, after] = decoded(
    encoded(['{"time":1700000000123,"n":0}', `{"time":1700000000123,${names}}`, '{"time":1700000000123,"n":2}']),
  );
  assert.equal(log!.Contents.length, 5000);
  assert.equal(log!.Contents[4999]!.Key, `u${(0x4e00 + 4999).toString(16)}`);
  assert.deepEqual([before!.TimeNs, log!.TimeNs, after!.TimeNs], [0, 1, 2]);
});

test('a nested value must be closed by the matching bracket at every depth', () => {
  for (const depth of [1, 2, 63, 64, 65, 127, 128, 129, 1000]) {
    const isObject = (level: number) => (level * 7 + (level >> 3)) % 3 === 0;
    const levels = Array.from({ length: depth }, (_, level) => level);
    const opening = levels.map((level) => (isObject(level) ? '{"k":' : '[')).join('');
    const closing = levels.reverse().map((level) => (isObject(level) ? '}' : ']'));
    const json = `${opening}0${closing.join('')}`;
    assert.deepEqual(contents(`{"deep":${json}}`), [['deep', json]]);
    for (const at of [0, depth >> 1, depth - 1]) {
      const wrong = closing.with(at, closing[at] === '}' ? ']' : '}').join('');
      const line = `{"deep":${opening}0${wrong}}`;
      assert.deepEqual(contents(line), [['message', line]]);
    }
  }
});

test('a string may end, escape or be invalid at any of sixteen places', () => {
  for (let length = 0; length <= 50; length += 1) {
    const plain = 'p'.repeat(length);
    assert.deepEqual(contents(`{"s":"${plain}"}`), [['s', plain]]);
    assert.deepEqual(contents(`{"s":"${plain}\\n\\u4e2d${plain}","t":1}`), [
      ['s', `${plain}\n中${plain}`],
      ['t', '1'],
    ]);
    for (const broken of [`{"s":"${plain}`, `{"s":"${plain}\\"}`, `{"s":"${plain}\\u12"}`, `{"s":["${plain}\\x"]}`]) {
      assert.deepEqual(transcoded(broken).Contents, [{ Key: 'message', Value: broken }]);
    }
    const control = `{"s":"${plain}\t"}`;
    assert.deepEqual(contents(control), [['message', control]]);
  }
});
