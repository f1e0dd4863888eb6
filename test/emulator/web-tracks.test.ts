import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { createEmulator, type Emulator } from '@putlogs/emulator';
import { type Answer, call, decode, log, lz4, put, send, sign, TOPIC } from './signed-request.js';

const PROJECT_ID = 'a-project';
const value = { Logs: [{ key1: 'value11 value11 value11', key2: '二' }, { key1: '' }], Source: '192.168.1.1' };

describe('WebTracks', () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await createEmulator({ webTrackingOff: ['closed'] });
  });
  beforeEach(() => emulator.reset());
  after(() => emulator.close());

  const target = `/WebTracks?ProjectId=${PROJECT_ID}&TopicId=${TOPIC}`;
  const track = (
    body: unknown,
    options: { headers?: Record<string, string | null>; wire?: Buffer; target?: string; signed?: boolean } = {},
  ): Promise<Answer> => {
    const raw = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const all = { 'Content-Type': 'application/json', 'x-tls-bodyrawsize': String(raw.length), ...options.headers };
    const headers = Object.fromEntries(
      Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null),
    );
    const wire = options.wire ?? raw;
    const to = options.target ?? target;
    const sent = options.signed ? sign(emulator, 'POST', to, headers, wire) : headers;
    return send(emulator.url, 'POST', to, sent, wire);
  };
  const refused = async (answering: Promise<Answer>, status: number, code: string, message?: RegExp): Promise<void> => {
    const answer = await answering;
    assert.deepEqual([answer.status, answer.json.ErrorCode], [status, code], answer.body.toString().slice(0, 300));
    if (message) assert.match(answer.json.ErrorMessage, message);
    assert.equal(emulator.stats().logs, 0);
  };
  const assertKept = (): void => {
    assert.deepEqual(
      emulator.logs().map(({ service, project, topicId, source, timeNs, contents }) => ({
        service,
        project,
        topicId,
        source,
        timeNs,
        contents: Object.fromEntries(contents.map(({ key, value }) => [key, value])),
      })),
      value.Logs.map((contents) => ({
        service: 'tls',
        project: PROJECT_ID,
        topicId: TOPIC,
        source: '192.168.1.1',
        timeNs: null,
        contents,
      })),
    );
    for (const { time } of emulator.logs()) assert.ok(Math.abs(time - Date.now()) < 30_000, 'that of arrival');
  };

  test('takes JSON without a signature, plain or as an LZ4 block', async () => {
    const raw = Buffer.from(JSON.stringify(value));
    for (const [name, wire] of [
      [null, raw],
      ['none', raw],
      ['lz4', lz4(raw)],
    ] as const) {
      emulator.reset();
      const answer = await track(value, { headers: { 'x-tls-compresstype': name }, wire });
      assert.deepEqual([answer.status, answer.json], [200, {}], answer.body.toString());
      assert.match(String(answer.headers['x-tls-requestid']), /^[0-9a-f]{32}$/);
      assertKept();
      assert.deepEqual([emulator.stats().rawBytes, emulator.stats().wireBytes], [raw.length, wire.length]);
    }
  });

  test('may be signed, as every SDK does, and then rightly', async () => {
    assert.equal((await track(value, { signed: true })).status, 200);
    assertKept();
    emulator.reset();
    await refused(track(value, { headers: { Authorization: 'HMAC-SHA256' } }), 403, 'AuthFailed');
  });

  test('is refused with a code for its mistake', async () => {
    await refused(track(value, { target: `/WebTracks?TopicId=${TOPIC}` }), 400, 'InvalidArgument', /ProjectId/);
    await refused(track(value, { target: '/WebTracks?ProjectId=p' }), 400, 'InvalidArgument', /TopicId/);
    await refused(track(value, { headers: { 'Content-Type': 'text/plain' } }), 400, 'InvalidArgument', /Content-Type/);
    await refused(track(value, { headers: { 'x-tls-bodyrawsize': null } }), 400, 'InvalidArgument', /bodyrawsize/);
    await refused(track(value, { headers: { 'x-tls-bodyrawsize': '5' } }), 400, 'InvalidArgument', /bodyrawsize/);
    await refused(track(value, { headers: { 'x-tls-compresstype': 'lz4' } }), 400, 'DeserializeFailed');
    const zlib = { headers: { 'x-tls-compresstype': 'zlib' }, wire: deflateSync(JSON.stringify(value)) };
    await refused(track(value, zlib), 400, 'InvalidArgument', /compresstype/);
    const bodies: [unknown, string, RegExp?][] = [
      [Buffer.from('{'), 'DeserializeFailed'],
      [Buffer.from([0x22, 0xff, 0x22]), 'DeserializeFailed'],
      [[], 'DeserializeFailed'],
      [{}, 'InvalidArgument', /Logs/],
      [{ Logs: [] }, 'InvalidArgument', /no log/],
      [{ Logs: ['a'] }, 'InvalidArgument', /log 0/],
      [{ Logs: [{ a: 1 }] }, 'InvalidArgument', /log 0: not a string/],
      [{ Logs: [{ _a: '1' }] }, 'InvalidArgument', /underscore/],
      [{ ...value, Source: 1 }, 'InvalidArgument', /Source/],
      [{ ...value, Time: 1 }, 'InvalidArgument', /no such field/],
      [{ Logs: Array(10_001).fill({ a: '1' }) }, 'TooManyLogs'],
      [{ Logs: [{ a: 'a'.repeat(1024 * 1024) }] }, 'LogSizeTooLarge'],
    ];
    for (const [body, code, message] of bodies) await refused(track(body), 400, code, message);
    const large = { Logs: Array(6).fill({ a: 'a'.repeat(900_000) }) };
    await refused(track(large), 413, 'LogGroupListSizeTooLarge');
  });

  test('is refused where it is off, while PutLogs is taken', async () => {
    await refused(track(value, { target: '/WebTracks?ProjectId=p&TopicId=closed' }), 403, 'AccessDenied', /is off/);
    assert.equal((await put(emulator, [{ Logs: [log({ a: '1' })] }], { topicId: 'closed' })).status, 200);
  });

  test('knows only the topics that are listed', async () => {
    const listed = await createEmulator({ topics: ['known'] });
    try {
      const status = async (topicId: string): Promise<number> => {
        const body = Buffer.from(JSON.stringify(value));
        const headers = { 'Content-Type': 'application/json', 'x-tls-bodyrawsize': String(body.length) };
        const to = `/WebTracks?ProjectId=p&TopicId=${topicId}`;
        return (await send(listed.url, 'POST', to, headers, body)).status;
      };
      assert.deepEqual([await status('known'), await status('unknown')], [200, 404]);
    } finally {
      await listed.close();
    }
  });

  test('is read back like any other write', async () => {
    assert.equal((await track(value)).status, 200);
    const body = { TopicId: TOPIC, Query: 'key2:二', StartTime: Date.now() - 60_000, EndTime: Date.now() + 60_000 };
    const { json } = await call(emulator, 'POST', '/SearchLogs', body);
    assert.deepEqual([json.HitCount, json.Logs[0]!['key2'], json.Logs[0]!['__source__']], [1, '二', '192.168.1.1']);
    const { cursor } = (await call(emulator, 'POST', `/DescribeCursor?TopicId=${TOPIC}&ShardId=0`, { From: 'begin' }))
      .json;
    const consumed = await call(emulator, 'POST', `/ConsumeLogs?TopicId=${TOPIC}&ShardId=0`, { Cursor: cursor });
    assert.deepEqual(
      decode(consumed.body).map(({ Source, Logs }) => [Source, Logs.length]),
      [['192.168.1.1', 2]],
    );
  });
});
