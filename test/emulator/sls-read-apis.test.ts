import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createEmulator, type Emulator } from '@putlogs/emulator';
import type * as lz4Block from '../../packages/emulator/src/lz4-block.js';
import type { Answer } from './signed-request.js';
import { callSls, decodeGroupList, now, putSls, type SlsGroup, slsLog } from './sls-request.js';

const emulatorDir = dirname(require.resolve('@putlogs/emulator/package.json'));
const { decodeBlock } = require(join(emulatorDir, 'dist/lz4-block.js')) as typeof lz4Block;

const TIME = now();
const HEX = (digit: string): string => digit.repeat(32);

describe('the read APIs of SLS', () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await createEmulator();
  });
  beforeEach(() => emulator.reset());
  after(() => emulator.close());

  const get = (rest: string, headers = {}): Promise<Answer> => callSls(emulator, 'GET', rest, { headers });
  const write = async (group: SlsGroup, key: string): Promise<void> => {
    const answer = await putSls(emulator, group, { codec: 'deflate', rest: `/shards/route?key=${key}` });
    assert.equal(answer.status, 200, answer.body.toString());
  };
  const refused = async (answering: Promise<Answer>, status: number, code: string): Promise<void> => {
    const answer = await answering;
    assert.deepEqual([answer.status, answer.json?.errorCode], [status, code], answer.body.toString());
  };
  const cursor = async (shard: number, from: string): Promise<string> =>
    (await get(`/shards/${shard}?type=cursor&from=${from}`)).json.cursor;

  test('list the shards with their ranges', async () => {
    await write({ Logs: [slsLog({ a: '1' })] }, HEX('0'));
    const { status, json } = await get('/shards');
    assert.equal(status, 200);
    assert.deepEqual(
      json.map(({ shardID, status, inclusiveBeginKey, exclusiveEndKey }: Record<string, unknown>) => [
        shardID,
        status,
        inclusiveBeginKey,
        exclusiveEndKey,
      ]),
      [
        [0, 'readwrite', HEX('0'), `8${'0'.repeat(31)}`],
        [1, 'readwrite', `8${'0'.repeat(31)}`, HEX('f')],
      ],
    );
  });

  test('pull the groups of a shard from a cursor on, as they were written', async () => {
    const groups: SlsGroup[] = [
      { Logs: [slsLog({ a: '1', empty: '' }, TIME, 5)], Topic: 't', Source: 's', LogTags: [{ Key: 'k', Value: '' }] },
      { Logs: [slsLog({ a: '2' }, TIME), slsLog({ a: '三' }, TIME, 0)], Topic: '', Source: '', LogTags: [] },
    ];
    for (const group of groups) await write(group, HEX('0'));
    await write({ Logs: [slsLog({ a: 'other shard' })] }, HEX('e'));
    const begin = await cursor(0, 'begin');
    for (const headers of [{}, { 'Accept-Encoding': 'lz4' }, { 'Accept-Encoding': 'gzip, lz4' }]) {
      const pulled = await get(`/shards/0?type=log&cursor=${begin}&count=10`, headers);
      assert.equal(pulled.status, 200);
      assert.equal(pulled.headers['content-type'], 'application/x-protobuf');
      assert.equal(pulled.headers['x-log-count'], '2');
      const rawBytes = Number(pulled.headers['x-log-bodyrawsize']);
      const isBlock = pulled.headers['x-log-compresstype'] === 'lz4';
      assert.equal(isBlock, 'Accept-Encoding' in headers);
      const raw = isBlock ? decodeBlock(pulled.body, rawBytes)! : pulled.body;
      assert.equal(raw.length, rawBytes);
      assert.deepEqual(
        decodeGroupList(raw),
        groups.map(({ LogTags, ...group }) => (LogTags?.length ? { ...group, LogTags } : group)),
      );
      assert.equal(pulled.headers['x-log-cursor'], await cursor(0, 'end'));
    }
    const first = await get(`/shards/0?type=logs&cursor=${begin}&count=1`);
    assert.equal(decodeGroupList(first.body).length, 1);
    const next = first.headers['x-log-cursor'];
    const rest = await get(`/shards/0?type=log&cursor=${next}&count=1000`);
    assert.deepEqual(decodeGroupList(rest.body)[0]!.Logs.length, 2);
    const ended = await get(`/shards/0?type=log&cursor=${begin}&count=9&end_cursor=${next}`);
    assert.equal(ended.headers['x-log-count'], '1');
    const end = await get(`/shards/0?type=log&cursor=${await cursor(0, 'end')}&count=9`, { 'Accept-Encoding': 'lz4' });
    assert.deepEqual([end.status, end.body.length, end.headers['x-log-count']], [200, 0, '0']);
  });

  test('find the cursor of a time and the time of a cursor', async () => {
    let nowMs = Date.parse('2026-01-02T03:04:05Z');
    const clocked = await createEmulator({ shards: 1, clock: () => nowMs });
    try {
      const put = (): Promise<Answer> =>
        putSls(clocked, { Logs: [slsLog({ a: '1' }, nowMs / 1000)] }, { signing: { atMs: nowMs } });
      const dated = (rest: string): Promise<Answer> =>
        callSls(clocked, 'GET', rest, { headers: { Date: new Date(nowMs).toUTCString() } });
      await put();
      nowMs += 10_000;
      await put();
      const at = async (from: number): Promise<string> => {
        const { status, json } = await dated(`/shards/0?type=cursor&from=${nowMs / 1000 + from}`);
        assert.equal(status, 200);
        return json.cursor;
      };
      assert.equal(await at(-10), (await dated('/shards/0?type=cursor&from=begin')).json.cursor);
      assert.equal(await at(-9), await at(0));
      assert.equal(await at(1), (await dated('/shards/0?type=cursor&from=end')).json.cursor);
      const timeOf = async (cursor: string): Promise<number> =>
        (await dated(`/shards/0?type=cursor_time&cursor=${cursor}`)).json.cursor_time;
      assert.equal(await timeOf(await at(-10)), nowMs / 1000 - 10);
      assert.equal(await timeOf(await at(0)), nowMs / 1000);
    } finally {
      await clocked.close();
    }
  });

  test('search by time, topic and query, in pages of either order', async () => {
    for (let n = 0; n < 5; n++) {
      await write(
        {
          Logs: [slsLog({ n: String(n), text: `number ${n} of five` }, TIME - n, n)],
          Topic: n < 3 ? 'low' : 'high',
          Source: 'host',
          LogTags: [{ Key: 'env', Value: n % 2 === 0 ? 'even' : 'odd' }],
        },
        HEX('0'),
      );
    }
    const search = async (parameters: string): Promise<string[]> => {
      const target = `?type=log&from=${TIME - 4}&to=${TIME + 1}${parameters}`;
      const { status, json, headers } = await get(target);
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(headers['x-log-progress'], 'Complete');
      assert.equal(headers['x-log-count'], String(json.length));
      return json.map(({ n }) => n!);
    };
    assert.deepEqual(await search(''), ['4', '3', '2', '1', '0']);
    assert.deepEqual(await search('&reverse=true'), ['0', '1', '2', '3', '4']);
    assert.deepEqual(await search('&reverse=true&line=2&offset=1'), ['1', '2']);
    assert.deepEqual(await search('&line=0'), []);
    assert.deepEqual(await search('&topic=high'), ['4', '3']);
    assert.deepEqual(await search('&query=n:3'), ['3']);
    assert.deepEqual(await search('&query=__tag__:env:odd'), ['3', '1']);
    assert.deepEqual(await search('&query=__topic__:high'), ['4', '3']);
    assert.deepEqual(await search('&query=five'), ['4', '3', '2', '1', '0']);
    const outside = await get(`?type=log&from=${TIME - 4}&to=${TIME}`);
    assert.equal(outside.json.length, 4, 'the end is left out');
    const [log] = (await get(`?type=log&from=${TIME - 4}&to=${TIME + 1}&line=1`)).json;
    assert.deepEqual(log, {
      n: '4',
      text: 'number 4 of five',
      '__tag__:env': 'even',
      __topic__: 'high',
      __source__: 'host',
      __time__: String(TIME - 4),
      __time_ns_part__: '4',
    });
    const body = { from: TIME - 4, to: TIME + 1, query: 'n:2', line: 10, offset: 0, reverse: false };
    for (const headers of [{}, { 'Accept-Encoding': 'lz4' }]) {
      const answer = await callSls(emulator, 'POST', '/logs', { value: body, headers });
      const size = Number(answer.headers['x-log-bodyrawsize']);
      const text = 'Accept-Encoding' in headers ? decodeBlock(answer.body, size)! : answer.body;
      const { meta, data } = JSON.parse(text.toString());
      assert.deepEqual([meta.progress, meta.count, data[0].n], ['Complete', 1, '2']);
    }
    await write({ Logs: [slsLog({ n: '5' }, TIME)] }, HEX('0'));
    assert.deepEqual(await search('&reverse=true&line=2'), ['5', '0'], 'a new log is seen at once');
  });

  test('refuse unknown arguments, and stores that do not exist', async () => {
    await refused(get('/shards'), 404, 'LogStoreNotExist');
    await write({ Logs: [slsLog({ a: '1' })] }, HEX('0'));
    const begin = await cursor(0, 'begin');
    await refused(get('/shards/2?type=cursor&from=begin'), 404, 'ShardNotExist');
    await refused(get('/shards/0?type=other'), 400, 'ParameterInvalid');
    await refused(get('/shards/0?type=cursor&from=now'), 400, 'ParameterInvalid');
    await refused(get(`/shards/1?type=log&cursor=${begin}&count=1`), 400, 'InvalidCursor');
    await refused(get('/shards/0?type=log&cursor=nonsense&count=1'), 400, 'InvalidCursor');
    for (const count of ['', '0', '1001', 'x']) {
      await refused(get(`/shards/0?type=log&cursor=${begin}&count=${count}`), 400, 'ParameterInvalid');
    }
    const window = `from=${TIME - 4}&to=${TIME + 1}`;
    await refused(get(`?type=log&from=${TIME}&to=${TIME}`), 400, 'ParameterInvalid');
    await refused(get('?type=log&from=1'), 400, 'ParameterInvalid');
    await refused(get(`?type=log&${window}&line=101`), 400, 'ParameterInvalid');
    await refused(get(`?type=log&${window}&offset=x`), 400, 'ParameterInvalid');
    await refused(get(`?type=log&${window}&reverse=yes`), 400, 'ParameterInvalid');
    await refused(get(`?type=log&${window}&query=a|b`), 400, 'InvalidQueryString');
    await refused(get(`?type=histogram&${window}`), 400, 'ParameterInvalid');
    emulator.reset();
    await refused(get('/shards'), 404, 'LogStoreNotExist');
  });

  test('need a signature', async () => {
    await write({ Logs: [slsLog({ a: '1' })] }, HEX('0'));
    const forged = await putSls(emulator, Buffer.alloc(0), {
      method: 'GET',
      rest: '/shards',
      unsigned: { Authorization: 'LOG demo:AAAA' },
    });
    assert.deepEqual([forged.status, forged.json.errorCode], [401, 'SignatureNotMatch']);
  });
});
