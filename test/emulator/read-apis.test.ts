import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { createEmulator, type Emulator } from '@putlogs/emulator';
import { call, decode, type Group, log, put, TOPIC } from './signed-request.js';

const BASE_MS = 1_750_733_700_000;
let nowMs = Date.now();

describe('the read APIs', () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await createEmulator({ clock: () => nowMs });
  });
  beforeEach(() => {
    emulator.reset();
    nowMs = Date.now();
  });
  after(() => emulator.close());

  const write = async (groups: Group[], hashKey = '0'.repeat(32)) => {
    const answer = await put(emulator, groups, { headers: { 'x-tls-hashkey': hashKey } });
    assert.equal(answer.status, 200, answer.body.toString());
  };
  const search = (body: object) =>
    call(emulator, 'POST', '/SearchLogs', {
      TopicId: TOPIC,
      Query: '*',
      StartTime: BASE_MS,
      EndTime: BASE_MS + 1000,
      Limit: 100,
      ...body,
    });
  const cursor = async (From: string, shard = 0) =>
    (await call(emulator, 'GET', `/DescribeCursor?TopicId=${TOPIC}&ShardId=${shard}`, { From })).json.cursor as string;
  const consume = (body: object, shard = 0, method = 'GET') =>
    call(emulator, method, `/ConsumeLogs?TopicId=${TOPIC}&ShardId=${shard}`, body);

  test('SearchLogs returns fields, tags, time, source and path', async () => {
    const LogTags = [{ Key: 'env', Value: 'test' }];
    await write([{ Source: 's', FileName: 'f', LogTags, Logs: [log({ a: '1', b: '2' }, BASE_MS)] }]);
    const { status, json } = await search({});
    assert.equal(status, 200);
    assert.deepEqual(json.Logs, [
      { a: '1', b: '2', __tag__env: 'test', __time__: BASE_MS, __source__: 's', __path__: 'f' },
    ]);
    const { ResultStatus, Analysis, ListOver, HitCount, Count, Limit, Context } = json;
    assert.deepEqual(
      { ResultStatus, Analysis, ListOver, HitCount, Count, Limit, Context },
      { ResultStatus: 'complete', Analysis: false, ListOver: true, HitCount: 1, Count: 1, Limit: 100, Context: '' },
    );
  });

  test('SearchLogs sorts by time, then TimeNs, then arrival', async () => {
    const entry = (n: string, at: number, ns?: number) => log({ n }, BASE_MS + at, ns);
    await write([{ Logs: [entry('d', 2), entry('c', 1, 7), entry('b', 1, 6), entry('a', 0), entry('e', 2)] }]);
    const order = async (Sort?: string) => (await search({ Sort })).json.Logs.map(({ n }) => n!).join('');
    assert.equal(await order('asc'), 'abcde');
    assert.equal(await order('desc'), 'edcba');
    assert.equal(await order(), 'edcba');
  });

  test('SearchLogs pages by Context without gaps, also while logs arrive', async () => {
    const Logs = Array.from({ length: 25 }, (_, at) => log({ n: String(at) }, BASE_MS + at));
    await write([{ Logs }]);
    const seen: string[] = [];
    let Context = '';
    for (let page = 0; page < 3; page++) {
      const { json } = await search({ Limit: 10, Context });
      for (const { n } of json.Logs) seen.push(n!);
      assert.equal(json.ListOver, page === 2);
      assert.equal(json.HitCount, 25);
      Context = json.Context;
      await write([{ Logs: [log({ n: 'late' }, BASE_MS + 500)] }]);
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 25 }, (_, at) => String(24 - at)),
    );
  });

  test('SearchLogs keeps to its window, in milliseconds and in seconds', async () => {
    await write([
      {
        Logs: [log({ n: 'early' }, BASE_MS - 1), log({ n: 'in' }, BASE_MS / 1000), log({ n: 'late' }, BASE_MS + 1001)],
      },
    ]);
    assert.equal((await search({})).json.Logs[0]!['n'], 'in');
    assert.equal((await search({})).json.HitCount, 1);
    assert.equal((await search({ StartTime: BASE_MS / 1000 - 1, EndTime: BASE_MS / 1000 + 2 })).json.HitCount, 3);
  });

  test('SearchLogs knows words, phrases, keys and AND', async () => {
    const Logs = [
      log({ level: 'info', message: 'Order 42 was paid', path: '/api/a' }, BASE_MS),
      log({ level: 'error', message: 'order 421 failed', path: '/api/b' }, BASE_MS),
    ];
    await write([{ Source: 'web-1', Logs }]);
    const hits = async (Query: string) => (await search({ Query })).json.HitCount;
    const expected: Record<string, number> = {
      '*': 2,
      '': 2,
      'level:info': 1,
      'level: "info"': 1,
      order: 2,
      42: 1,
      '"was paid"': 1,
      '"paid was"': 0,
      'order AND level:error': 1,
      'order level:error': 1,
      'level:info and path:"/api/b"': 0,
      'missing:x': 0,
      'level:*': 2,
      'missing:*': 0,
      '__source__:web-1': 2,
    };
    for (const [query, count] of Object.entries(expected)) assert.equal(await hits(query), count, query);
    for (const query of ['a OR b', 'NOT a', '(a)', 'a | select count(*)', 'AND a', 'a AND', 'pre*', '"open']) {
      const answer = await search({ Query: query });
      assert.deepEqual([answer.status, answer.json.ErrorCode], [400, 'InvalidArgument'], query);
    }
  });

  test('SearchLogs refuses invalid arguments', async () => {
    await write([{ Logs: [log({ a: '1' })] }]);
    const wrong = [
      { Limit: 0 },
      { Limit: 1001 },
      { Limit: '5' },
      { StartTime: 'x' },
      { EndTime: 1 },
      { Sort: 'up' },
      { Context: '!' },
      { TopicId: '' },
    ];
    for (const body of wrong) {
      const answer = await search(body);
      assert.deepEqual([answer.status, answer.json.ErrorCode], [400, 'InvalidArgument'], JSON.stringify(body));
    }
    assert.equal((await search({ TopicId: 'none' })).json.ErrorCode, 'TopicNotExist');
    assert.equal((await call(emulator, 'POST', '/SearchLogs', [])).json.ErrorCode, 'BadRequest');
    assert.equal((await call(emulator, 'GET', '/SearchLogs')).json.ErrorCode, 'MethodNotSupport');
  });

  test('DescribeShards returns every shard and its range', async () => {
    await write([{ Logs: [log({ a: '1' })] }]);
    const { json } = await call(emulator, 'GET', `/DescribeShards?TopicId=${TOPIC}`);
    assert.equal(json.Total, 2);
    assert.deepEqual(
      json.Shards.map((shard: Record<string, unknown>) => [
        shard['ShardId'],
        shard['InclusiveBeginKey'],
        shard['ExclusiveEndKey'],
      ]),
      [
        [0, '0'.repeat(32), '8'.padEnd(32, '0')],
        [1, '8'.padEnd(32, '0'), 'f'.repeat(32)],
      ],
    );
    const second = await call(emulator, 'GET', `/DescribeShards?TopicId=${TOPIC}&PageNumber=2&PageSize=1`);
    assert.deepEqual(
      second.json.Shards.map(({ ShardId }) => ShardId),
      [1],
    );
    assert.equal((await call(emulator, 'GET', '/DescribeShards?TopicId=none')).status, 404);
  });

  test('ConsumeLogs returns the groups of one shard in order, in every compression', async () => {
    const groups: Group[] = Array.from({ length: 5 }, (_, at) => ({
      Source: `s${at}`,
      FileName: 'f',
      ContextFlow: `p${at}`,
      LogTags: [{ Key: 't', Value: String(at) }],
      Logs: [log({ n: String(at), text: 'again and again and again' }, BASE_MS, at)],
    }));
    await write(groups.slice(0, 2));
    await write([{ Logs: [log({ n: 'other shard' })] }], 'e'.repeat(32));
    await write(groups.slice(2));

    const begin = await cursor('begin');
    const first = await consume({ Cursor: begin, LogGroupCount: 3 });
    assert.equal(first.headers['x-tls-count'], '3');
    assert.deepEqual(decode(first.body), groups.slice(0, 3));
    const Cursor = first.headers['x-tls-cursor'] as string;
    const zlib = await consume({ Cursor, Compression: 'zlib' }, 0, 'POST');
    assert.deepEqual(decode(inflateSync(zlib.body)), groups.slice(3));
    assert.equal(Number(zlib.headers['x-tls-bodyrawsize']), inflateSync(zlib.body).length);

    const ended = await consume({ Cursor: zlib.headers['x-tls-cursor'] as string, Compression: 'lz4' });
    assert.deepEqual([ended.status, ended.headers['x-tls-count'], ended.body.length], [200, '0', 0]);
    assert.equal(ended.headers['x-tls-cursor'], await cursor('end'));
    const bounded = await consume({ Cursor: begin, EndCursor: Cursor });
    assert.equal(bounded.headers['x-tls-count'], '3');
  });

  test('ConsumeLogs returns lz4 blocks for compressible and incompressible groups alike', async () => {
    for (const text of ['again '.repeat(1000), randomBytes(3000).toString('base64'), 'x']) {
      emulator.reset();
      const groups: Group[] = [
        { Source: '', FileName: '', ContextFlow: '', LogTags: [], Logs: [log({ text }, BASE_MS, 1)] },
      ];
      await write(groups);
      const answer = await consume({ Cursor: await cursor('begin'), Compression: 'lz4' });
      assert.deepEqual(decode(referenceLz4(answer.body, Number(answer.headers['x-tls-bodyrawsize']))), groups);
    }
  });

  test('ConsumeLogs returns at most 5 MiB at once, but always a group', async () => {
    const big: Group[] = [{ Logs: Array.from({ length: 4 }, () => log({ text: 'x'.repeat(1_000_000) })) }];
    await write(big);
    await write(big);
    const first = await consume({ Cursor: await cursor('begin') });
    assert.equal(first.headers['x-tls-count'], '1');
    const second = await consume({ Cursor: first.headers['x-tls-cursor'] as string });
    assert.equal(second.headers['x-tls-count'], '1');
  });

  test('DescribeCursor finds a time of arrival', async () => {
    const seconds = Math.floor(nowMs / 1000) + 1;
    await write([{ Logs: [log({ n: 'before' })] }]);
    nowMs += 60_000;
    await write([{ Logs: [log({ n: 'after' })] }]);
    const answer = await consume({ Cursor: await cursor(String(seconds)) });
    assert.deepEqual(
      decode(answer.body).map(({ Logs }) => Logs[0]!.Contents[0]!.Value),
      ['after'],
    );
    assert.equal(await cursor(String(seconds + 1000)), await cursor('end'));
  });

  test('invalid cursors and shards are InvalidArgument', async () => {
    await write([{ Logs: [log({ a: '1' })] }]);
    const Cursor = await cursor('begin');
    const answers = [
      await call(emulator, 'POST', `/DescribeCursor?TopicId=${TOPIC}&ShardId=2`, { From: 'begin' }),
      await call(emulator, 'POST', `/DescribeCursor?TopicId=${TOPIC}`, { From: 'begin' }),
      await call(emulator, 'POST', `/DescribeCursor?TopicId=${TOPIC}&ShardId=0`, { From: 'middle' }),
      await consume({ Cursor: 'x' }),
      await consume({}),
      await consume({ Cursor }, 1),
      await consume({ Cursor, EndCursor: 'x' }),
      await consume({ Cursor, LogGroupCount: 1001 }),
      await consume({ Cursor, Compression: 'gzip' }),
    ];
    for (const [at, answer] of answers.entries()) {
      assert.deepEqual([answer.status, answer.json.ErrorCode], [400, 'InvalidArgument'], String(at));
    }
    const unknown = await call(emulator, 'POST', '/DescribeCursor?TopicId=none&ShardId=0', { From: 'begin' });
    assert.deepEqual([unknown.status, unknown.json.ErrorCode], [404, 'TopicNotExist']);
  });
});

// Written from the format's description: the tests do not decode with the decoder the emulator uses.
function referenceLz4(block: Buffer, rawBytes: number): Buffer {
  const raw: number[] = [];
  let at = 0;
  const length = (nibble: number): number => {
    let sum = nibble;
    if (nibble < 15) return sum;
    for (let next = 255; next === 255; sum += next) next = block[at++]!;
    return sum;
  };
  while (at < block.length) {
    const token = block[at++]!;
    for (let literals = length(token >> 4); literals > 0; literals--) raw.push(block[at++]!);
    if (at >= block.length) break;
    const offset = block.readUInt16LE(at);
    at += 2;
    for (let match = length(token & 15) + 4; match > 0; match--) raw.push(raw[raw.length - offset]!);
  }
  assert.equal(raw.length, rawBytes);
  return Buffer.from(raw);
}
