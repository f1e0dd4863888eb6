// Lines that are many times longer than a record may be: every field stays, and only the longest values are cut.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenBatch } from '@putlogs/core/internal/batch/open-batch';
import { shortenLine } from '@putlogs/core/internal/record/long-line';
import type { TranscodeOptions } from '@putlogs/core/internal/record/types';
import { VOLC_LAYOUT } from '@putlogs/core/internal/targets/tls/put-logs';
import { cases } from '../support/sizes';
import { ARRIVAL_MS, decoded, type Log, root, transcoder } from './transcoded';

const MiB = 1024 * 1024;
const MS = 1_763_700_000_123;

/** The Log of a long line, which is not copied for the test. */
function logOf(line: string | Buffer, options: Partial<TranscodeOptions> = {}): Log & { isTruncated: boolean } {
  const bytes = Buffer.from(line as string);
  const batch = new OpenBatch(MiB);
  const start = batch.length;
  const isTruncated = transcoder(options).append(bytes, 0, bytes.length, batch);
  batch.added(start);
  const entries = batch.seal(false, () => ({ head: new Uint8Array(), tail: new Uint8Array() }), Buffer.from);
  const log = decoded(entries)[0]!;
  assert.ok(root.lookupType('Log').encode(log).finish().length <= MiB);
  return { ...log, isTruncated };
}

function fieldsOf(line: string | Buffer, options?: Partial<TranscodeOptions>): Record<string, string> {
  return Object.fromEntries(logOf(line, options).Contents.map(({ Key, Value }) => [Key, Value]));
}

/** Asserts that a value is a beginning of `whole` and a mark with the number of bytes that are missing. */
function assertCut(value: string, whole: string): void {
  const match = /^(.*)…\[truncated (\d+) bytes\]$/su.exec(value);
  assert.ok(match !== null, value.slice(-60));
  const [, kept, missing] = match as unknown as [string, string, string];
  assert.ok(whole.startsWith(kept), 'not its beginning');
  assert.equal(Buffer.byteLength(kept) + Number(missing), Buffer.byteLength(whole));
  assert.ok(kept.length > 1000, `only ${kept.length} characters`);
}

for (const mebibytes of cases([5], [64, 200])) {
  for (const place of ['first', 'in the middle', 'last']) {
    test(`a record with a value of ${mebibytes} MiB ${place} keeps its other fields, its level and its time`, () => {
      const long = 'x'.repeat(mebibytes * MiB);
      const head = `"level":30,"time":${MS},"pid":7`;
      const tail = '"user":{"id":1},"msg":"done"';
      const value = `"body":"${long}"`;
      const fields = { first: [value, head, tail], 'in the middle': [head, value, tail], last: [head, tail, value] };
      const log = logOf(`{${fields[place as keyof typeof fields].join(',')}}`);
      assert.equal(log.Time, MS);
      assert.equal(log.isTruncated, true);
      const { body, ...others } = Object.fromEntries(log.Contents.map(({ Key, Value }) => [Key, Value]));
      assert.deepEqual(others, { level: 'info', pid: '7', user: '{"id":1}', msg: 'done' });
      assertCut(body!, long);
    });
  }
}

test('several long values are cut to one length, and shorter ones stay whole', () => {
  const [a, b, c] = ['a'.repeat(2 * MiB), 'b'.repeat(4 * MiB), 'c'.repeat(1000)];
  const { a: first, b: second, ...others } = fieldsOf(JSON.stringify({ level: 30, a, b, c, msg: 'done' }));
  assert.deepEqual(others, { level: 'info', c, msg: 'done' });
  assertCut(first!, a);
  assertCut(second!, b);
  assert.ok(Math.abs(first!.length - second!.length) < 4);
  assert.ok(first!.length + second!.length > MiB - 2048, 'the room is used');
});

test('thousands of values of medium length all stay, cut to one length', () => {
  const values = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`field-${i}`, `${i % 10}`.repeat(2000)]));
  const fields = fieldsOf(JSON.stringify({ level: 30, ...values, msg: 'done' }));
  assert.equal(Object.keys(fields).length, 5002);
  assert.equal(fields['msg'], 'done');
  assert.match(fields['field-4321']!, /^1+…\[truncated \d+ bytes\]$/);
  const [kept, missing] = [fields['field-4321']!.indexOf('…'), Number(/(\d+) bytes/.exec(fields['field-4321']!)![1])];
  assert.equal(kept + missing, 2000);
});

test('a long nested value becomes the beginning of its JSON text', () => {
  const nested = { list: Array.from({ length: 300_000 }, (_, i) => ({ i, text: 'say "hi"\\' })) };
  const line = JSON.stringify({ level: 30, nested, list: nested.list, msg: 'done' });
  const fields = fieldsOf(line);
  assertCut(fields['nested']!, JSON.stringify(nested));
  assertCut(fields['list']!, JSON.stringify(nested.list));
  assert.equal(fields['msg'], 'done');
});

test('a number of a million digits and a long word are cut like any other value', () => {
  const digits = '1234567890'.repeat(MiB);
  const fields = fieldsOf(`{"n":${digits},"msg":"done"}`);
  assertCut(fields['n']!, digits);
  assert.equal(fields['msg'], 'done');
});

test('flattened objects are cut in their own values', () => {
  const long = 'x'.repeat(5 * MiB);
  const line = JSON.stringify({ req: { method: 'GET', body: long, deep: { a: { b: long }, none: {} } }, msg: 'done' });
  const fields = fieldsOf(line, { nested: 'flatten' });
  assert.deepEqual(Object.keys(fields), ['req_method', 'req_body', 'req_deep_a_b', 'req_deep_none', 'msg']);
  assertCut(fields['req_body']!, long);
  assertCut(fields['req_deep_a_b']!, long);
  assert.deepEqual([fields['req_method'], fields['req_deep_none'], fields['msg']], ['GET', '{}', 'done']);
});

test('a value is cut between characters, and the mark counts the bytes of its text', () => {
  for (const character of ['中', 'é', '\u{1f600}', '\n', '"', '\\', '\u0001']) {
    const long = `x${character.repeat(Math.ceil((4.5 * MiB) / Buffer.byteLength(character)))}`;
    const { long: value, msg } = fieldsOf(JSON.stringify({ long, msg: 'done' }));
    assertCut(value!, long);
    assert.equal(msg, 'done');
  }
});

test('a value of escapes is cut between escapes, also between two of a pair', () => {
  for (const [written, character] of [
    [String.raw`\ud83d\ude00`, '\u{1f600}'],
    [String.raw`\u4e2d`, '中'],
    [String.raw`\u0041`, 'A'],
    [String.raw`\ud83d`, '\ufffd'],
    [String.raw`\/`, '/'],
  ] as const) {
    const count = Math.ceil((4.5 * MiB) / written.length);
    for (const before of ['', 'x']) {
      const { long, msg } = fieldsOf(`{"long":"${before}${written.repeat(count)}","msg":"done"}`);
      assertCut(long!, before + character.repeat(count));
      assert.equal(msg, 'done');
    }
  }
});

test('two long names stay different, and are sent under the name of a shorter record', () => {
  const [one, two] = ['a', 'b'].map((end) => `中"${'k'.repeat(3 * MiB)}${end}`);
  const keys = logOf(JSON.stringify({ [one!]: 1, [two!]: 2, msg: 'done' })).Contents.map(({ Key }) => Key);
  assert.equal(new Set(keys).size, 3);
  assert.equal(keys[2], 'msg');
  assert.deepEqual(keys.slice(0, 1), Object.keys(fieldsOf(JSON.stringify({ [one!]: 1 }))));
});

test('fields for which there is no room are counted, and the first ones stay', () => {
  const record = Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`${'k'.repeat(200)}${i}`, 'v']));
  for (const nested of ['json', 'flatten'] as const) {
    const line = JSON.stringify({ level: 30, time: MS, ...record });
    const log = logOf(line, { nested });
    assert.equal(log.Time, MS);
    assert.equal(log.Contents[0]!.Value, 'info');
    const { Key, Value } = log.Contents.at(-1)!;
    assert.deepEqual([Key, Value], ['putlogs_left_out', `${60_001 - (log.Contents.length - 1)} fields`]);
  }
});

test('the fields of a nested object are left out one by one if objects are flattened', () => {
  const member = Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`${'k'.repeat(200)}${i}`, 'v']));
  const line = JSON.stringify({ level: 30, a: { b: member }, c: { d: {}, e: { f: member } }, msg: 'done' });
  const log = logOf(line, { nested: 'flatten' });
  assert.deepEqual(log.Contents.at(-1), {
    Key: 'putlogs_left_out',
    Value: `${60_003 - (log.Contents.length - 1)} fields`,
  });
  assert.equal(
    log.Contents.some(({ Value }) => Value === '{}'),
    false,
  );
});

test('a long line that is no JSON object is sent as its beginning, and the mark counts the whole line', () => {
  const text = 'plain text '.repeat(MiB / 2);
  for (const line of [text, `[${text}`, `"${text}"`, `{${text}`, `{"a":1} ${text}`, `{"a":1,,"b":"${text}"}`]) {
    const fields = fieldsOf(line);
    assert.deepEqual(Object.keys(fields), ['message']);
    assertCut(fields['message']!, line);
  }
  for (const broken of ['{"a":tru,', '{"a":01,', '{"a":"\\x",', '{"a" 1,', '{a:1,', '{"a":{"b":},', '{"a":1 "b":2,']) {
    const line = `${broken}"text":"${text}"}`;
    const fields = fieldsOf(line);
    assert.deepEqual(Object.keys(fields), ['message'], broken);
    assertCut(fields['message']!, line);
  }
  const trailing = `{"text":"${text}",}`;
  assertCut(fieldsOf(trailing)['message']!, trailing);
});

test('a long line that was cut at its end keeps the fields that it has', () => {
  const text = 'x'.repeat(5 * MiB);
  const head = `{"level":30,"time":${MS},"pid":7,"msg":"done"`;
  const others = { level: 'info', pid: '7', msg: 'done' };
  for (const [end, cut] of [
    [`,"text":"${text}`, 'xxxx'],
    [`,"text":"${text}\\`, 'xxxx'],
    [`,"text":"${text}\\u00`, 'xxxx'],
    [`,"text":["${text}`, '["xxx'],
    [`,"text":{"a":[{"b":"${text}"`, '{"a":[{"b":"xxx'],
    [`,"text":${'7'.repeat(5 * MiB)}`, '7777'],
  ] as const) {
    const { text: value, ...got } = fieldsOf(head + end);
    assert.deepEqual(got, others, end.slice(0, 20));
    assert.ok(value!.startsWith(cut));
    assert.match(value!, /…\[truncated\]$/);
  }
  for (const end of ['', ',', ',"na', ',"name"', ',"name":', ',"name": ']) {
    const { text: value, ...got } = fieldsOf(`${head},"text":"${text}"${end}`);
    assert.deepEqual(got, others);
    assertCut(value!, text);
  }
  const { text: raw, ...got } = fieldsOf(
    Buffer.concat([Buffer.from(`${head},"text":"${text}`), Buffer.from([0xe4, 0xb8])]),
  );
  assert.deepEqual(got, others);
  assert.ok(!raw!.includes('\ufffd'));
  const flat = fieldsOf(`${head},"o":{"p":{"q":1,"r":"${text}`, { nested: 'flatten' });
  assert.deepEqual([flat['msg'], flat['o_p_q']], ['done', '1']);
  assert.match(flat['o_p_r']!, /^x+…\[truncated\]$/);
});

test('white space does not make a record lose anything', () => {
  const space = ' \t\r\n'.repeat(2 * MiB);
  const log = logOf(`${space}{${space}"a"${space}:${space}1,"b":"c"${space}}${space}`);
  assert.deepEqual(log.Contents, [
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: 'c' },
  ]);
  assert.equal(log.isTruncated, false);
});

test('the time, the names and the options mean the same as in a short record', () => {
  const long = 'x'.repeat(6 * MiB);
  const line = `{"level":30,"time":${MS},"time":153,"secret":"${long}","a.b":1,"a_b":2,"msg":"${long}","msg":"last"}`;
  const log = logOf(line, { omit: ['secret'], rename: { msg: 'message' }, fields: { service: 'shop' } });
  assert.equal(log.Time, MS);
  assert.deepEqual(
    log.Contents.map(({ Key, Value }) => [Key, Value]),
    [
      ['level', 'info'],
      ['time', '153'],
      ['a_b', '1'],
      ['a_b_2', '2'],
      ['message', 'last'],
      ['service', 'shop'],
    ],
  );
  assert.equal(logOf(`{"a":"${long}"}`).Time, ARRIVAL_MS);
});

test('a shortened line is at most a few times longer than a record may be, whatever the line is', () => {
  const long = 'x"\\\n中'.repeat(MiB);
  for (const record of [
    { long },
    Array.from({ length: 3000 }, () => long.slice(0, 3000)),
    Object.fromEntries(Array.from({ length: 400_000 }, (_, i) => [`f${i}`, i])),
    Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`${i}${long.slice(0, 2000)}`, i])),
  ]) {
    const line = Buffer.from(JSON.stringify(Array.isArray(record) ? { record } : record));
    const { bytes } = shortenLine(line, 0, line.length, VOLC_LAYOUT, false)!;
    assert.ok(bytes.length <= 4 * MiB + 1024, `${bytes.length} bytes of ${line.length}`);
    JSON.parse(bytes.toString());
  }
});
