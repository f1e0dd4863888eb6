import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { createEmulator, type Emulator } from '@putlogs/emulator';
import { type Answer, lz4, put, send } from './signed-request.js';
import {
  encodeGroup,
  hostOf,
  LOGSTORE,
  now,
  PROJECT,
  putSls,
  type SlsGroup,
  type SlsOptions,
  signSls,
  slsLog,
} from './sls-request.js';

const one: SlsGroup = { Logs: [slsLog({ message: 'hello hello hello hello hello hello' })] };

describe('an SLS write', () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await createEmulator({ shards: 4 });
  });
  beforeEach(() => emulator.reset());
  after(() => emulator.close());

  const refused = async (
    group: SlsGroup | Buffer,
    options: SlsOptions,
    status: number,
    code: string,
    message?: RegExp,
  ) => {
    const before = emulator.stats();
    const answer = await putSls(emulator, group, options);
    assert.deepEqual([answer.status, answer.json?.errorCode], [status, code], answer.body.toString().slice(0, 300));
    assert.match(String(answer.headers['content-type']), /^application\/json/);
    assert.match(String(answer.headers['x-log-requestid']), /^[0-9A-F]{24}$/);
    if (message) assert.match(answer.json.errorMessage, message);
    const now = emulator.stats();
    assert.equal(now.logs, before.logs, 'nothing is written');
    assert.equal(now.rejected[code], (before.rejected[code] ?? 0) + 1);
  };

  test('is answered with 200, an empty body and a request id', async () => {
    const answer = await putSls(emulator, one);
    assert.deepEqual([answer.status, answer.body.length], [200, 0]);
    assert.equal(emulator.logs()[0]!.requestId, answer.headers['x-log-requestid']);
    assert.equal(answer.headers['x-tls-requestid'], undefined);
  });

  test('keeps every part of a log', async () => {
    const time = now();
    const answer = await putSls(
      emulator,
      {
        Logs: [slsLog({ level: 'info', empty: '', 二: '你好 👋\uFEFF' }, time, 123_456_789), slsLog({}, time - 1, 0)],
        Topic: 'topic',
        Source: 'host-1',
        MachineUUID: 'machine',
        Category: 'category',
        LogTags: [
          { Key: 'env', Value: '' },
          { Key: '__pack_id__', Value: 'ABCDEF0123456789-1A' },
        ],
      },
      { codec: 'deflate', rest: `/shards/route?key=${'7f'.repeat(16)}` },
    );
    assert.equal(answer.status, 200, answer.body.toString());
    const [first, second] = emulator.logs();
    assert.deepEqual(first, {
      sequence: 1,
      service: 'sls',
      project: PROJECT,
      logstore: LOGSTORE,
      topicId: '',
      shard: 1,
      hashKey: '7f'.repeat(16),
      packId: 'ABCDEF0123456789-1A',
      fileName: '',
      topic: 'topic',
      time,
      timeNs: 123_456_789,
      source: 'host-1',
      tags: [
        { key: 'env', value: '' },
        { key: '__pack_id__', value: 'ABCDEF0123456789-1A' },
      ],
      contents: [
        { key: 'level', value: 'info' },
        { key: 'empty', value: '' },
        { key: '二', value: '你好 👋\uFEFF' },
      ],
      requestId: answer.headers['x-log-requestid'],
      batch: 1,
    });
    assert.deepEqual([second!.time, second!.timeNs, second!.contents], [time - 1, 0, []]);
  });

  test('takes every codec on both paths of the load balancer', async () => {
    for (const codec of ['none', 'lz4', 'deflate'] as const) {
      for (const rest of ['/shards/lb', '']) {
        assert.equal((await putSls(emulator, one, { codec, rest })).status, 200);
      }
    }
    assert.deepEqual(
      emulator.logs().map(({ shard, hashKey, contents }) => [shard, hashKey, contents[0]!.value.slice(0, 5)]),
      [0, 1, 2, 3, 0, 1].map((shard) => [shard, '', 'hello']),
    );
  });

  test('accepts a block of literals only, which encoders write for data that does not compress', async () => {
    const raw = encodeGroup({ Logs: [slsLog({ a: '1' })] });
    const head = raw.length < 15 ? [raw.length << 4] : [0xf0, raw.length - 15];
    const block = Buffer.concat([Buffer.from(head), raw]);
    const answer = await putSls(emulator, raw, { body: block, headers: { 'x-log-compresstype': 'lz4' } });
    assert.equal(answer.status, 200, answer.body.toString());
  });

  test('with a hash key goes to the shard whose range holds it, in both forms', async () => {
    const keys: [string, number][] = [
      ['0'.repeat(32), 0],
      ['3fffffffffffffffffffffffffffffff', 0],
      ['40000000000000000000000000000000', 1],
      ['BFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF', 2],
      ['c0000000000000000000000000000000', 3],
      ['fffffffffffffffffffffffffffffffe', 3],
    ];
    for (const [key, shard] of keys) {
      for (const options of [{ rest: `/shards/route?key=${key}` }, { headers: { 'x-log-hashkey': key } }]) {
        emulator.reset();
        assert.equal((await putSls(emulator, one, options)).status, 200);
        assert.deepEqual(
          emulator.logs().map((log) => [log.shard, log.hashKey]),
          [[shard, key]],
        );
      }
    }
  });

  test('with an invalid hash key is ParameterInvalid', async () => {
    for (const key of ['0', 'g'.repeat(32), '0'.repeat(33), 'f'.repeat(32)]) {
      await refused(one, { rest: `/shards/route?key=${key}` }, 400, 'ParameterInvalid', /hash key/);
      await refused(one, { headers: { 'x-log-hashkey': key } }, 400, 'ParameterInvalid', /hash key/);
    }
    await refused(one, { rest: '/shards/route' }, 400, 'ParameterInvalid', /key/);
    // The form of 2017: a blank header is load balancing.
    assert.equal((await putSls(emulator, one, { headers: { 'x-log-hashkey': '' } })).status, 200);
  });

  test('names its project in the Host', async () => {
    const { port } = emulator;
    for (const Host of [`127.0.0.1:${port}`, `localhost:${port}`, '[::1]', '10.0.0.1', '.localhost']) {
      await refused(one, { headers: { Host } }, 400, 'ParameterInvalid', /Host header .* names no project/);
    }
    await refused(one, { headers: { Host: 'a+b.localhost' } }, 404, 'ProjectNotExist');
    const hosts = [
      `one.127.0.0.1:${port}`,
      `two.localhost:${port}`,
      'three.cn-hangzhou.log.aliyuncs.com',
      'Four_4-x.localhost',
    ];
    for (const Host of hosts) assert.equal((await putSls(emulator, one, { headers: { Host } })).status, 200);
    assert.deepEqual(
      emulator.logs().map(({ project }) => project),
      ['one', 'two', 'three', 'Four_4-x'],
    );
    assert.deepEqual(
      emulator.logs({ project: 'two' }).map(({ sequence }) => sequence),
      [2],
    );
  });

  test('goes to any project and Logstore with a possible name, unless they are listed', async () => {
    for (const logstore of ['ab', 'UPPER', 'a'.repeat(64)]) {
      await refused(one, { logstore }, 404, 'LogStoreNotExist');
    }
    assert.equal((await putSls(emulator, one, { logstore: 'other_log-store' })).status, 200);
    assert.deepEqual(
      emulator.logs({ logstore: 'other_log-store' }).map(({ sequence }) => sequence),
      [1],
    );
    const listed = await createEmulator({ logstores: ['known/store-1', 'known/store-2'] });
    try {
      const write = async (project: string, logstore: string): Promise<[number, string | undefined]> => {
        const answer = await putSls(listed, one, { project, logstore });
        return [answer.status, answer.json?.errorCode];
      };
      assert.deepEqual(await write('known', 'store-1'), [200, undefined]);
      assert.deepEqual(await write('known', 'store-2'), [200, undefined]);
      assert.deepEqual(await write('known', 'store-3'), [404, 'LogStoreNotExist']);
      assert.deepEqual(await write('unknown', 'store-1'), [404, 'ProjectNotExist']);
    } finally {
      await listed.close();
    }
  });

  test('with a wrong path or method is refused', async () => {
    const path = async (method: string, target: string): Promise<[number, string]> => {
      const headers = { Host: hostOf(emulator), 'x-log-apiversion': '0.6.0' };
      const signed = signSls(emulator, method, target, headers, Buffer.alloc(0));
      const answer = await send(emulator.url, method, target, signed, Buffer.alloc(0));
      return [answer.status, answer.json.errorCode];
    };
    assert.deepEqual(await path('POST', '/logstores/test-logstore/shards/xx'), [404, 'PathNotFound']);
    assert.deepEqual(await path('POST', '/logstores'), [404, 'PathNotFound']);
    assert.deepEqual(await path('PUT', '/logstores/test-logstore/shards/lb'), [405, 'MethodNotSupport']);
    assert.deepEqual(await path('GET', '/logstores/test-logstore/shards/lb'), [405, 'MethodNotSupport']);
  });

  test('needs its headers, each with its own refusal', async () => {
    await refused(one, { headers: { 'x-log-apiversion': null } }, 400, 'MissingAPIVersion');
    await refused(one, { headers: { 'x-log-apiversion': '0.4.0' } }, 400, 'InvalidAPIVersion');
    await refused(one, { headers: { 'Content-Type': null } }, 400, 'MissingContentType');
    await refused(one, { headers: { 'Content-Type': 'text/plain' } }, 415, 'InvalidContentType');
    await refused(one, { headers: { 'x-log-bodyrawsize': null } }, 400, 'MissingBodyRawSize');
    for (const size of ['', 'x', '-1', '1.5']) {
      await refused(one, { headers: { 'x-log-bodyrawsize': size } }, 400, 'InvalidBodyRawSize');
    }
    for (const name of ['zstd', 'gzip', 'zlib', 'none', 'LZ4', '']) {
      await refused(one, { headers: { 'x-log-compresstype': name } }, 400, 'InvalidCompressType');
    }
    // Without a signed MD5 a request of the old kind is taken all the same.
    assert.equal((await putSls(emulator, one, { headers: { 'Content-MD5': null } })).status, 200);
  });

  test('is a stream of its codec, whole and nothing more', async () => {
    const raw = encodeGroup(one);
    const as = (codec: 'lz4' | 'deflate', body: Buffer): SlsOptions => ({
      body,
      headers: { 'x-log-compresstype': codec },
    });
    await refused(raw, as('lz4', raw), 400, 'PostBodyUncompressError');
    await refused(raw, as('lz4', Buffer.concat([lz4(raw), Buffer.of(0)])), 400, 'PostBodyUncompressError');
    const size = Buffer.alloc(4);
    size.writeUInt32LE(raw.length);
    await refused(raw, as('lz4', Buffer.concat([size, lz4(raw)])), 400, 'PostBodyUncompressError');
    await refused(raw, as('deflate', deflateRawSync(raw)), 400, 'PostBodyUncompressError');
    await refused(raw, as('deflate', gzipSync(raw)), 400, 'PostBodyUncompressError');
    await refused(raw, as('deflate', deflateSync(raw).subarray(0, -1)), 400, 'PostBodyUncompressError');
    await refused(raw, as('deflate', Buffer.concat([deflateSync(raw), Buffer.of(0)])), 400, 'PostBodyUncompressError');
    await refused(raw, { rawBytes: raw.length + 1 }, 400, 'InvalidBodyRawSize');
    await refused(raw, { codec: 'deflate', rawBytes: raw.length + 1 }, 400, 'InvalidBodyRawSize');
    await refused(raw, { codec: 'lz4', rawBytes: raw.length + 1 }, 400, 'PostBodyUncompressError');
  });

  // Tags: 0a LogGroup.Logs, 08 Log.Time, 12 Log.Contents, 0a Content.Key, 12 Content.Value.
  const time = encodeGroup({ Logs: [slsLog({})] })
    .subarray(2)
    .toString('hex');
  const logWith = (fields: string): string => hexField('0a', `${time}${fields}`);
  const hexField = (tag: string, hex: string): string => tag + (hex.length / 2).toString(16).padStart(2, '0') + hex;
  const bodies: [string, string, string, RegExp?][] = [
    ['a content without its value', logWith(hexField('12', '0a0161')), 'PostBodyInvalid', /no Value/],
    ['a content without its key', logWith(hexField('12', '1200')), 'PostBodyInvalid', /no Key/],
    ['an empty content', logWith('1200'), 'PostBodyInvalid', /no Key/],
    ['a log without Time', hexField('0a', hexField('12', '0a01611200')), 'PostBodyInvalid', /no Time/],
    ['a tag without its value', `${logWith('')}${hexField('32', '0a0161')}`, 'PostBodyInvalid', /no Value/],
    ['an unknown field of a log', logWith('1801'), 'PostBodyInvalid', /no field 3/],
    ['an unknown field of the group', `${logWith('')}3a00`, 'PostBodyInvalid', /no field 7/],
    ['a varint for Time_ns', logWith('2001'), 'PostBodyInvalid', /wire type 0/],
    ['a fixed32 for Time', hexField('0a', `0d00000000`), 'PostBodyInvalid', /wire type 5/],
    ['a topic given twice', `${logWith('')}1a01611a0162`, 'PostBodyInvalid', /twice/],
    ['a truncated log', logWith('').slice(0, -2), 'PostBodyInvalid'],
    ['a LogGroupList', hexField('0a', logWith('')), 'PostBodyInvalid'],
    ['a Time above 32 bits', hexField('0a', '08ffffffff1f'), 'InvalidTimestamp'],
    ['a Time_ns of a whole second', logWith('2500ca9a3b'), 'InvalidTimestamp'],
    ['a value that is not UTF-8', logWith(hexField('12', '0a01611201ff')), 'InvalidEncoding'],
    ['a topic that is not UTF-8', `${logWith('')}1a01c3`, 'InvalidEncoding'],
    ['no log', '', 'PostBodyInvalid', /no log/],
  ];
  for (const [what, hex, code, message] of bodies) {
    test(`with ${what} is ${code}`, () => refused(Buffer.from(hex, 'hex'), {}, 400, code, message));
  }

  test('has keys of 1 to 128 bytes that are neither reserved nor repeated', async () => {
    for (const key of ['k'.repeat(128), '二'.repeat(42), '_', '9', 'a.b', ' ', '__pack_id__']) {
      assert.equal((await putSls(emulator, { Logs: [slsLog({ [key]: '1' })] })).status, 200, key);
    }
    const reserved = ['__time__', '__source__', '__topic__', '__partition_time__', '_extract_others_'];
    const others = ['__extract_others__', '__time_ns_part__', '__tag__:', '__tag__:env'];
    for (const key of ['', 'k'.repeat(129), '二'.repeat(43), ...reserved, ...others])
      await refused({ Logs: [slsLog({ [key]: '1' })] }, {}, 400, 'InvalidKey');
    const twice = { Key: 'a', Value: '1' };
    await refused({ Logs: [{ Time: now(), Contents: [twice, twice] }] }, {}, 400, 'InvalidKey', /twice/);
    await refused({ ...one, LogTags: [{ Key: '', Value: 'a' }] }, {}, 400, 'InvalidKey', /tag/);
  });

  test('with slsStrictKeys has keys of letters, digits and underscores that begin with no digit', async () => {
    const strict = await createEmulator({ slsStrictKeys: true });
    after(() => strict.close());
    for (const key of ['a', 'A9', '_id', 'http_method', 'k'.repeat(128)]) {
      assert.equal((await putSls(strict, { Logs: [slsLog({ [key]: '1' })] })).status, 200, key);
    }
    for (const key of ['http.method', 'req-id', 'a/b', 'a b', '9', '9a', '用户', 'é', '@timestamp', 'a\n', '']) {
      const answer = await putSls(strict, { Logs: [slsLog({ [key]: '1' })] });
      assert.deepEqual([answer.status, answer.json?.errorCode], [400, 'InvalidKey'], key);
    }
  });

  test('has a topic and a source of at most 128 bytes', async () => {
    for (const name of ['Topic', 'Source'] as const) {
      assert.equal((await putSls(emulator, { ...one, [name]: 'a'.repeat(128) })).status, 200);
      await refused({ ...one, [name]: 'a'.repeat(129) }, {}, 400, 'PostBodyInvalid', /128/);
    }
  });

  test('has values of at most 1 MiB', async () => {
    const ofBytes = (bytes: number): SlsGroup => ({ Logs: [slsLog({ a: 'a'.repeat(bytes) })] });
    assert.equal((await putSls(emulator, ofBytes(1024 * 1024))).status, 200);
    await refused(ofBytes(1024 * 1024 + 1), {}, 400, 'PostBodyTooLarge', /value/);
    await refused({ Logs: [slsLog({ a: '二'.repeat(349_526) })] }, {}, 400, 'PostBodyTooLarge', /value/);
  });

  test('has times between seven days ago and fifteen minutes ahead, or is refused whole', async () => {
    const nowMs = Date.parse('2026-01-02T03:04:05Z');
    const frozen = await createEmulator({ clock: () => nowMs });
    try {
      const at = async (seconds: number): Promise<Answer> =>
        putSls(
          frozen,
          { Logs: [slsLog({ a: '1' }, nowMs / 1000), slsLog({ a: '2' }, nowMs / 1000 + seconds)] },
          { signing: { atMs: nowMs } },
        );
      for (const seconds of [-7 * 24 * 3600, 15 * 60]) assert.equal((await at(seconds)).status, 200);
      assert.equal(frozen.stats().logs, 4);
      for (const seconds of [-7 * 24 * 3600 - 1, 15 * 60 + 1, -nowMs / 1000]) {
        const answer = await at(seconds);
        assert.deepEqual([answer.status, answer.json.errorCode], [400, 'PostBodyInvalid']);
        assert.match(answer.json.errorMessage, /time is out of range: log 1/);
      }
      assert.equal(frozen.stats().logs, 4);
    } finally {
      await frozen.close();
    }
  });

  test('has at most 4096 logs and 3 MiB, unless the emulator has other limits', async () => {
    const many = (count: number): SlsGroup => ({ Logs: Array(count).fill(slsLog({ a: '1' })) });
    const large = (bytes: number): SlsGroup => {
      const values = Array.from({ length: 5 }, (_, n) => slsLog({ a: String(n).repeat(600_000) }));
      const rest = bytes - encodeGroup({ Logs: [...values, slsLog({ a: 'x'.repeat(100_000) })] }).length;
      return { Logs: [...values, slsLog({ a: 'x'.repeat(100_000 + rest) })] };
    };
    const limit = 3 * 1024 * 1024;
    assert.equal(encodeGroup(large(limit)).length, limit);
    assert.equal((await putSls(emulator, many(4096), { codec: 'lz4' })).status, 200);
    assert.equal((await putSls(emulator, large(limit), { codec: 'lz4' })).status, 200);
    await refused(many(4097), { codec: 'lz4' }, 400, 'PostBodyTooLarge', /4096/);
    await refused(large(limit + 1), { codec: 'lz4' }, 400, 'PostBodyTooLarge', /3145728/);
    await refused(large(limit + 1), { codec: 'deflate', rawBytes: 10 }, 400, 'PostBodyUncompressError');
    await refused(Buffer.alloc(17 * 1024 * 1024), {}, 400, 'PostBodyTooLarge');
    const raised = await createEmulator({ maxBodyBytes: 20 * 1024 * 1024, slsMaxLogs: 5000 });
    try {
      assert.equal((await putSls(raised, many(5000), { codec: 'deflate' })).status, 200);
      assert.equal((await putSls(raised, many(5001), { codec: 'deflate' })).status, 400);
      const mebibyte = slsLog({ a: 'a'.repeat(1024 * 1024) });
      assert.equal((await putSls(raised, { Logs: Array(19).fill(mebibyte) })).status, 200);
      assert.equal((await putSls(raised, { Logs: Array(20).fill(mebibyte) })).status, 400);
    } finally {
      await raised.close();
    }
  });

  test('may be JSON', async () => {
    const time = now();
    const json = (value: unknown): Promise<Answer> =>
      putSls(emulator, Buffer.from(JSON.stringify(value)), { headers: { 'Content-Type': 'application/json' } });
    const value = {
      __topic__: 't',
      __source__: 's',
      __tags__: { __pack_id__: 'P-1' },
      __logs__: [{ __time__: time, __time_ns_part__: 5, a: '1' }],
    };
    assert.equal((await json(value)).status, 200);
    const [log] = emulator.logs();
    assert.deepEqual(
      [log!.topic, log!.source, log!.packId, log!.time, log!.timeNs, log!.contents],
      ['t', 's', 'P-1', time, 5, [{ key: 'a', value: '1' }]],
    );
    const code = async (other: unknown): Promise<string> => (await json(other)).json.errorCode;
    assert.equal(await code({ ...value, __logs__: [{ a: '1' }] }), 'InvalidTimestamp');
    assert.equal(await code({ ...value, __logs__: [{ __time__: 1, a: '1' }] }), 'PostBodyInvalid');
    assert.equal(await code({ ...value, __logs__: [{ __time__: time, a: 1 }] }), 'PostBodyInvalid');
    assert.equal(await code([]), 'PostBodyInvalid');
  });

  test('shares one server, one ledger and its statistics with TLS', async () => {
    const tls = [{ Logs: [{ Time: 1, Contents: [{ Key: 'a', Value: 'tls' }] }] }];
    assert.equal((await putSls(emulator, one)).status, 200);
    assert.equal((await put(emulator, tls)).status, 200);
    assert.equal((await putSls(emulator, one, { codec: 'lz4' })).status, 200);
    assert.deepEqual(
      emulator.logs().map(({ sequence, service, topicId, logstore }) => [sequence, service, topicId !== '', logstore]),
      [
        [1, 'sls', false, LOGSTORE],
        [2, 'tls', true, ''],
        [3, 'sls', false, LOGSTORE],
      ],
    );
    const { requests, logs, rawBytes, wireBytes } = emulator.stats();
    assert.deepEqual([requests, logs], [3, 3]);
    const raw = encodeGroup(one);
    assert.equal(rawBytes - 2 * raw.length, wireBytes - raw.length - lz4(raw).length);
    const page = await send(emulator.url, 'GET', `/_emulator/logs?project=${PROJECT}&after=1`, {}, Buffer.alloc(0));
    assert.deepEqual(
      page.json.logs.map(({ sequence }: { sequence: number }) => sequence),
      [3],
    );
  });
});
