import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { deflateRawSync, deflateSync } from 'node:zlib';
import { createEmulator, type Emulator } from '@putlogs/emulator';
import { call, encode, type Group, log, lz4, type PutOptions, put } from './signed-request.js';

const one: Group[] = [{ Logs: [log({ message: 'hello hello hello hello hello hello' })] }];

describe('PutLogs', () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await createEmulator({ shards: 4 });
  });
  beforeEach(() => emulator.reset());
  after(() => emulator.close());

  const refused = async (
    groups: Group[] | Buffer,
    options: PutOptions,
    status: number,
    code: string,
    message?: RegExp,
  ) => {
    const before = emulator.stats();
    const answer = await put(emulator, groups, options);
    assert.deepEqual([answer.status, answer.json.ErrorCode], [status, code], answer.body.toString().slice(0, 300));
    if (message) assert.match(answer.json.ErrorMessage, message);
    const now = emulator.stats();
    assert.equal(now.logs, before.logs, 'nothing is written');
    assert.equal(now.rejected[code], (before.rejected[code] ?? 0) + 1);
  };

  test('is answered with 200, an empty JSON object and a request id', async () => {
    const answer = await put(emulator, one);
    assert.equal(answer.status, 200);
    assert.match(String(answer.headers['content-type']), /^application\/json/);
    assert.deepEqual(answer.json, {});
    assert.equal(emulator.logs()[0]!.requestId, answer.headers['x-tls-requestid']);
  });

  test('keeps every part of a log, duplicates in wire order', async () => {
    const groups: Group[] = [
      {
        Source: 'host-1',
        FileName: 'app.log',
        ContextFlow: 'PACK-1',
        LogTags: [
          { Key: 'env', Value: 'a' },
          { Key: 'env', Value: 'b' },
        ],
        Logs: [
          {
            Time: 1_750_733_700_123,
            TimeNs: 456_789,
            Contents: [
              { Key: 'k', Value: '1' },
              { Key: 'k', Value: '二\uFEFF' },
            ],
          },
          { Time: 1_750_733_700, TimeNs: 0, Contents: [] },
        ],
      },
      { Logs: [log({ other: '' })] },
    ];
    const answer = await put(emulator, groups, {
      codec: 'zlib',
      headers: { 'x-tls-hashkey': '7fffffffffffffffffffffffffffffff' },
    });
    assert.equal(answer.status, 200, answer.body.toString());
    const [first, second, third] = emulator.logs();
    const tags = [
      { key: 'env', value: 'a' },
      { key: 'env', value: 'b' },
    ];
    assert.deepEqual(first, {
      sequence: 1,
      service: 'tls',
      project: '',
      logstore: '',
      topicId: '0f8f5a3e-1b2c-4d5e-8f90-123456789abc',
      shard: 1,
      hashKey: '7fffffffffffffffffffffffffffffff',
      packId: 'PACK-1',
      fileName: 'app.log',
      topic: '',
      time: 1_750_733_700_123,
      timeNs: 456_789,
      source: 'host-1',
      tags,
      contents: [
        { key: 'k', value: '1' },
        { key: 'k', value: '二\uFEFF' },
      ],
      requestId: answer.headers['x-tls-requestid'],
      batch: 1,
    });
    assert.deepEqual([second!.sequence, second!.time, second!.timeNs, second!.contents], [2, 1_750_733_700, 0, []]);
    assert.deepEqual(
      [third!.packId, third!.timeNs, third!.tags, third!.contents],
      ['', null, [], [{ key: 'other', value: '' }]],
    );
  });

  test('takes every codec and every api version', async () => {
    for (const codec of ['none', 'lz4', 'zlib'] as const)
      assert.equal((await put(emulator, one, { codec })).status, 200);
    for (const version of ['0.2.0', '0.3.0', null]) {
      assert.equal((await put(emulator, one, { headers: { 'x-tls-apiversion': version } })).status, 200);
    }
    assert.equal((await put(emulator, one, { headers: { 'x-tls-compresstype': 'none' } })).status, 200);
    await refused(one, { headers: { 'x-tls-apiversion': '0.1.0' } }, 400, 'InvalidArgument', /x-tls-apiversion/);
  });

  test('counts raw and wire bytes', async () => {
    const raw = encode(one);
    const body = deflateSync(raw);
    await put(emulator, raw, { codec: 'zlib', body });
    const { rawBytes, wireBytes, requests, logs } = emulator.stats();
    assert.deepEqual(
      { rawBytes, wireBytes, requests, logs },
      { rawBytes: raw.length, wireBytes: body.length, requests: 1, logs: 1 },
    );
  });

  test('without a TopicId is refused', async () => {
    await refused(one, { target: '/PutLogs' }, 400, 'InvalidArgument', /TopicId/);
    await refused(one, { target: '/PutLogs?TopicId=' }, 400, 'InvalidArgument', /TopicId/);
  });

  test('to a topic that is not listed is TopicNotExist', async () => {
    const listed = await createEmulator({ topics: ['known'] });
    try {
      assert.equal((await put(listed, one, { topicId: 'known' })).status, 200);
      const answer = await put(listed, one, { topicId: 'unknown' });
      assert.deepEqual(
        [answer.status, answer.json],
        [404, { ErrorCode: 'TopicNotExist', ErrorMessage: 'Topic does not exist.' }],
      );
    } finally {
      await listed.close();
    }
  });

  test('with a wrong method or to an unknown path is refused', async () => {
    await refused(one, { method: 'PUT' }, 405, 'MethodNotSupport');
    await refused(one, { target: '/PutLog?TopicId=a' }, 404, 'PathNotFound');
  });

  test('with another Content-Type is refused', async () => {
    await refused(one, { headers: { 'Content-Type': 'application/json' } }, 400, 'InvalidArgument', /Content-Type/);
    await refused(one, { headers: { 'Content-Type': null } }, 400, 'InvalidArgument', /Content-Type/);
  });

  test('with a Content-MD5 in either case is taken, with a wrong one refused', async () => {
    const md5 = createHash('md5').update(encode(one)).digest('hex');
    assert.equal((await put(emulator, one, { headers: { 'Content-MD5': md5 } })).status, 200);
    assert.equal((await put(emulator, one, { headers: { 'Content-MD5': md5.toUpperCase() } })).status, 200);
    await refused(one, { headers: { 'Content-MD5': '0'.repeat(32) } }, 400, 'ErrLogMD5CheckFailed');
    const base64 = Buffer.from(md5, 'hex').toString('base64');
    await refused(one, { headers: { 'Content-MD5': base64 } }, 400, 'InvalidArgument', /Content-MD5/);
  });

  test('with an unknown compression is refused in the documented words', () =>
    refused(
      one,
      { headers: { 'x-tls-compresstype': 'rar' } },
      400,
      'InvalidArgument',
      /^Invalid argument key x-tls-compresstype, value rar, please check argument\.$/,
    ));

  test('with a missing, odd or wrong raw size is refused', async () => {
    const raw = encode(one);
    for (const size of [null, '', '-1', '1e3', '0x10', ' ', String(raw.length + 1), String(raw.length - 1)]) {
      await refused(one, { headers: { 'x-tls-bodyrawsize': size } }, 400, 'InvalidArgument', /x-tls-bodyrawsize/);
    }
    await refused(one, { codec: 'zlib', rawBytes: raw.length + 1 }, 400, 'InvalidArgument', /x-tls-bodyrawsize/);
    await refused(one, { codec: 'lz4', rawBytes: raw.length + 1 }, 400, 'DeserializeFailed');
    await refused(one, { rawBytes: 6 * 1024 * 1024 }, 413, 'LogGroupListSizeTooLarge');
  });

  test('with a stream that is not of its codec is DeserializeFailed', async () => {
    const raw = encode(one);
    const framed = Buffer.concat([Buffer.from([4, 0x22, 0x4d, 0x18]), lz4(raw)]);
    const sized = Buffer.concat([Buffer.from([raw.length, 0, 0, 0]), lz4(raw)]);
    for (const body of [framed, sized, raw, lz4(raw).subarray(1), lz4(raw).subarray(0, -1), Buffer.alloc(0)]) {
      await refused(raw, { codec: 'lz4', body }, 400, 'DeserializeFailed');
    }
    const trailing = Buffer.concat([deflateSync(raw), Buffer.from([0])]);
    for (const body of [deflateRawSync(raw), raw, deflateSync(raw).subarray(0, -1), trailing]) {
      await refused(raw, { codec: 'zlib', body }, 400, 'DeserializeFailed');
    }
    const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024));
    await refused(raw, { codec: 'zlib', body: bomb }, 400, 'DeserializeFailed');
    const hugeMatch = Buffer.concat([Buffer.from([0x1f, 0x61, 1, 0]), Buffer.alloc(1_000_000, 255), Buffer.from([0])]);
    await refused(raw, { codec: 'lz4', body: hugeMatch, rawBytes: 5_000_000 }, 400, 'DeserializeFailed');
  });

  test('that is not a LogGroupList is DeserializeFailed', async () => {
    const raw = encode(one);
    const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
    const bodies = {
      truncated: raw.subarray(0, -1),
      'no protobuf': Buffer.from('{"Logs":[]}'),
      'an unknown field': Buffer.concat([raw, hex('30 01')]),
      'a known field of a wrong type': hex('0a 04 0a 02 0d 00'),
      'a value that is not UTF-8': hex('0a 0f 0a 0d 08 01 12 09 0a 01 6b 12 04 ff fe 61 62'),
      'a key with a lone surrogate': hex('0a 0e 0a 0c 08 01 12 08 0a 03 ed a0 80 12 01 61'),
      'a source that is not UTF-8': Buffer.concat([hex('0a 07 0a 02 08 01 12 01 ff')]),
    };
    for (const [what, body] of Object.entries(bodies)) {
      const answer = await put(emulator, body);
      assert.deepEqual([answer.status, answer.json.ErrorCode], [400, 'DeserializeFailed'], what);
    }
    assert.equal(emulator.stats().logs, 0);
  });

  test('without any log is refused', async () => {
    await refused([], {}, 400, 'InvalidArgument', /no log/);
    await refused([{ Logs: [] }], {}, 400, 'InvalidArgument', /no log/);
  });

  test('at each limit is taken, one beyond is refused whole', async () => {
    const small = log({ k: 'v' });
    assert.equal((await put(emulator, [{ Logs: Array(10_000).fill(small) }, { Logs: [small] }])).status, 200);
    await refused([{ Logs: [small] }, { Logs: Array(10_001).fill(small) }], { codec: 'lz4' }, 400, 'TooManyLogs');

    // The bytes of a Log around its one value: its time, the content's head, key and value lengths.
    const around = encode([{ Logs: [log({ k: 'v'.repeat(900_000) })] }]);
    const logBytes = around.length - 900_000 - 8;
    const fits = log({ k: 'v'.repeat(1024 * 1024 - logBytes) });
    assert.equal((await put(emulator, [{ Logs: [small, fits] }], { codec: 'lz4' })).status, 200);
    const beyond = log({ k: 'v'.repeat(1024 * 1024 - logBytes + 1) });
    await refused([{ Logs: [small, beyond] }], { codec: 'lz4' }, 400, 'LogSizeTooLarge');

    const filler = Array.from({ length: 5 }, () => log({ k: 'x'.repeat(1_000_000) }));
    const room = 5 * 1024 * 1024 - encode([{ Logs: [...filler, log({ k: 'y'.repeat(200_000) })] }]).length;
    const full = encode([{ Logs: [...filler, log({ k: 'y'.repeat(200_000 + room) })] }]);
    assert.equal(full.length, 5 * 1024 * 1024);
    assert.equal((await put(emulator, full)).status, 200);
    const over = encode([{ Logs: [...filler, log({ k: 'y'.repeat(200_001 + room) })] }]);
    for (const codec of ['none', 'lz4', 'zlib'] as const)
      await refused(over, { codec }, 413, 'LogGroupListSizeTooLarge');
    await refused(Buffer.alloc(20 * 1024 * 1024), { rawBytes: 1 }, 413, 'LogGroupListSizeTooLarge');
  });

  test('with a time that is not positive or not exact is refused', async () => {
    for (const time of [0, -1, Number.MAX_SAFE_INTEGER * 2]) {
      await refused([{ Logs: [log({ k: 'v' }, time)] }], {}, 400, 'InvalidArgument', /Time/);
    }
  });

  test('takes the keys of the documented rule and refuses all others', async () => {
    const good = ['a', 'A9', 'req-id', 'a/b', 'a b', 'a_', '9', '-', '/x', 'x'.repeat(128), '__content__'];
    for (const key of good) {
      const answer = await put(emulator, [{ Logs: [log({ [key]: 'v' })] }]);
      assert.equal(answer.status, 200, `${key}: ${answer.body}`);
    }
    const reserved = ['time', 'source', 'path', 'tls_key', 'tls_time', 'mq_offset', 'package_offset'].map(
      (name) => `__${name}__`,
    );
    const bad = [
      '',
      '_a',
      ' a',
      'a ',
      'a.b',
      'a:b',
      'a\nb',
      'a\u0000',
      '键',
      'é',
      'x'.repeat(129),
      ' ',
      '__proto__',
      ...reserved,
    ];
    for (const Key of bad) {
      const Contents = [
        { Key: 'fine', Value: '' },
        { Key, Value: '' },
      ];
      await refused(
        [{ Logs: [log({ k: 'v' }), { Time: 1, Contents }] }],
        {},
        400,
        'InvalidArgument',
        /log 1 of group 0/,
      );
    }
  });

  test('with a hash key goes to the shard that contains it', async () => {
    const borders = ['0', '3', '4', '7', '8', 'b', 'c', 'f'];
    const expected = [0, 0, 1, 1, 2, 2, 3, 3];
    for (const digit of borders) {
      const hashKey = digit.padEnd(32, '0');
      assert.equal((await put(emulator, one, { headers: { 'x-tls-hashkey': hashKey } })).status, 200);
    }
    await put(emulator, one, { headers: { 'x-tls-hashkey': `3${'F'.repeat(31)}` } });
    assert.deepEqual(
      emulator.logs().map(({ shard }) => shard),
      [...expected, 0],
    );
    const { shards } = emulator.stats();
    assert.deepEqual(
      shards.map(({ shard, begin, end, logs }) => [shard, begin, end, logs]),
      [
        [0, '0'.repeat(32), '4'.padEnd(32, '0'), 3],
        [1, '4'.padEnd(32, '0'), '8'.padEnd(32, '0'), 2],
        [2, '8'.padEnd(32, '0'), 'c'.padEnd(32, '0'), 2],
        [3, 'c'.padEnd(32, '0'), 'f'.repeat(32), 2],
      ],
    );
  });

  test('without a hash key, or with an empty one, takes the shards in turn', async () => {
    for (let at = 0; at < 6; at++) {
      const headers = at % 2 ? { 'x-tls-hashkey': '' } : {};
      assert.equal((await put(emulator, one, { headers })).status, 200);
    }
    assert.deepEqual(
      emulator.logs().map(({ shard, hashKey }) => [shard, hashKey]),
      [0, 1, 2, 3, 0, 1].map((shard) => [shard, '']),
    );
  });

  test('with a hash key of fewer digits goes to the shard of the key that begins with it', async () => {
    for (const hashKey of ['7fffffff', '8', 'ffff']) {
      assert.equal((await put(emulator, one, { headers: { 'x-tls-hashkey': hashKey } })).status, 200);
    }
    assert.deepEqual(
      emulator.logs().map(({ shard }) => shard),
      [1, 2, 3],
    );
  });

  test('with statistics in its headers is accepted if they are true', async () => {
    const groups = [{ Logs: [log({ a: '1' }, 1_750_733_700_500), log({ a: '2' }, 1_750_733_700)] }];
    const headers = {
      'log-count': '2',
      'earliest-log-time': '1750733700000',
      'latest-log-time': '1750733700500',
    };
    assert.equal((await put(emulator, groups, { headers })).status, 200);
    emulator.reset();
    for (const [name, value] of Object.entries(headers)) {
      const wrong = { ...headers, [name]: String(Number(value) + 1) };
      await refused(groups, { headers: wrong }, 400, 'InvalidArgument', new RegExp(name));
    }
  });

  test('with an invalid hash key is refused', async () => {
    for (const hashKey of ['g'.repeat(32), 'a'.repeat(33), 'f'.repeat(32)]) {
      await refused(one, { headers: { 'x-tls-hashkey': hashKey } }, 400, 'InvalidArgument', /x-tls-hashkey/);
    }
  });

  test('pages its logs by sequence, and by topic', async () => {
    for (let at = 0; at < 5; at++) {
      const Logs = Array.from({ length: 7 }, (_, index) => log({ n: String(at * 7 + index) }));
      await put(emulator, [{ Logs: Logs.slice(0, 3) }, { Logs: Logs.slice(3) }], { topicId: at % 2 ? 'odd' : 'even' });
    }
    const numbers = (query: Parameters<Emulator['logs']>[0]) =>
      emulator.logs(query).map(({ contents }) => Number(contents[0]!.value));
    assert.deepEqual(numbers({ after: 10, limit: 5 }), [10, 11, 12, 13, 14]);
    assert.deepEqual(numbers({ after: 33 }), [33, 34]);
    assert.deepEqual(numbers({ after: 35 }), []);
    assert.deepEqual(numbers({ limit: 0 }), []);
    assert.deepEqual(numbers({ topicId: 'odd', after: 12, limit: 3 }), [12, 13, 21]);
    const page = await call(emulator, 'GET', '/_emulator/logs?after=30&limit=2');
    assert.deepEqual(
      [page.json.logs.map((entry: { sequence: number }) => entry.sequence), page.json.next],
      [[31, 32], 32],
    );
    const end = await call(emulator, 'GET', '/_emulator/logs?after=35');
    assert.deepEqual(end.json, { logs: [], next: 35 });
  });
});
