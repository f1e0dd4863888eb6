import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { createEmulator, type Emulator } from '@putlogs/emulator';
import { type Answer, lz4, send } from './signed-request.js';
import { callSls, hostOf, LOGSTORE, now, PROJECT, present, putSls, slsLog } from './sls-request.js';

const NO_BODY = Buffer.alloc(0);
const value = {
  __topic__: 'topic',
  __source__: 'source',
  __logs__: [
    { foo: 'bar bar bar bar bar bar bar', foo1: '' },
    { bar: 'foo', bar1: '二 👋' },
  ],
  __tags__: { tag1: 'value1', tag2: 'value2' },
};

describe('SLS web tracking', () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await createEmulator({ webTrackingOff: [`${PROJECT}/closed`] });
  });
  beforeEach(() => emulator.reset());
  after(() => emulator.close());

  const track = (
    body: unknown,
    options: { headers?: Record<string, string | null>; wire?: Buffer; target?: string; method?: string } = {},
  ): Promise<Answer> => {
    const raw = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const headers = present({
      Host: hostOf(emulator),
      'x-log-apiversion': '0.6.0',
      'x-log-bodyrawsize': String(raw.length),
      ...options.headers,
    });
    const { target = `/logstores/${LOGSTORE}/track`, method = 'POST' } = options;
    return send(emulator.url, method, target, headers, options.wire ?? raw);
  };
  const refused = async (answering: Promise<Answer>, status: number, code: string, message?: RegExp): Promise<void> => {
    const answer = await answering;
    assert.deepEqual([answer.status, answer.json?.errorCode], [status, code], answer.body.toString());
    if (message) assert.match(answer.json.errorMessage, message);
    assert.match(String(answer.headers['x-log-requestid']), /^[0-9A-F]{24}$/);
    assert.equal(emulator.stats().logs, 0);
  };
  const assertKept = (): void => {
    const logs = emulator.logs();
    assert.deepEqual(
      logs.map(({ service, project, logstore, topic, source, timeNs, hashKey, packId }) => ({
        service,
        project,
        logstore,
        topic,
        source,
        timeNs,
        hashKey,
        packId,
      })),
      Array(2).fill({
        service: 'sls',
        project: PROJECT,
        logstore: LOGSTORE,
        topic: 'topic',
        source: 'source',
        timeNs: null,
        hashKey: '',
        packId: '',
      }),
    );
    assert.deepEqual(
      logs.map(({ contents }) => Object.fromEntries(contents.map(({ key, value }) => [key, value]))),
      value.__logs__,
    );
    assert.deepEqual(logs[0]!.tags, [
      { key: 'tag1', value: 'value1' },
      { key: 'tag2', value: 'value2' },
    ]);
    for (const { time } of logs) assert.ok(Math.abs(time - now()) < 30, 'the time is that of arrival');
  };

  test('takes JSON without a signature, in every compression, and answers with an empty 200', async () => {
    const raw = Buffer.from(JSON.stringify(value));
    const wires: [string | null, Buffer][] = [
      [null, raw],
      ['lz4', lz4(raw)],
      ['deflate', deflateSync(raw)],
      ['gzip', gzipSync(raw)],
      ['gzip', deflateSync(raw)],
    ];
    for (const [name, wire] of wires) {
      emulator.reset();
      const answer = await track(value, { headers: { 'x-log-compresstype': name }, wire });
      assert.deepEqual([answer.status, answer.body.length], [200, 0], answer.body.toString());
      assertKept();
      const { rawBytes, wireBytes } = emulator.stats();
      assert.deepEqual([rawBytes, wireBytes], [raw.length, wire.length]);
    }
  });

  test('takes the form of the browser, which has no header and the version in its query', async () => {
    const target = `/logstores/${LOGSTORE}/track?APIVersion=0.6.0`;
    const headers = { 'x-log-apiversion': null, 'x-log-bodyrawsize': null, 'Content-Type': 'text/plain;charset=UTF-8' };
    assert.equal((await track(value, { target, headers })).status, 200);
    assertKept();
    await refusedAfter(track(value, { headers }), 400, 'MissingAPIVersion');
    await refusedAfter(track(value, { headers, target: `${target}1` }), 400, 'InvalidAPIVersion');
  });

  const refusedAfter = (answering: Promise<Answer>, status: number, code: string): Promise<void> => {
    emulator.reset();
    return refused(answering, status, code);
  };

  test('replaces the time of a log, and needs neither topic nor tags', async () => {
    const answer = await track({ __source__: 's', __logs__: [{ __time__: 1_234_567, a: '1' }, { b: '' }] });
    assert.equal(answer.status, 200, answer.body.toString());
    assert.deepEqual(
      emulator.logs().map(({ topic, source, tags, contents }) => [topic, source, tags, contents]),
      [
        ['', 's', [], [{ key: 'a', value: '1' }]],
        ['', 's', [], [{ key: 'b', value: '' }]],
      ],
    );
    for (const { time } of emulator.logs()) assert.ok(Math.abs(time - now()) < 30);
  });

  test('needs a source, except in the form of the browser, whose SDK leaves it out', async () => {
    const logs = { __logs__: [{ a: '1' }] };
    await refused(track(logs), 400, 'PostBodyInvalid', /__source__/);
    const target = `/logstores/${LOGSTORE}/track?APIVersion=0.6.0`;
    const headers = { 'x-log-apiversion': null, 'x-log-bodyrawsize': null };
    assert.equal((await track(logs, { target, headers })).status, 200);
    assert.equal(emulator.logs()[0]!.source, '');
  });

  test('takes one log from a query', async () => {
    const get = (query: string): Promise<Answer> =>
      track(NO_BODY, {
        method: 'GET',
        target: `/logstores/${LOGSTORE}/track?APIVersion=0.6.0&${query}`,
        headers: { 'x-log-apiversion': null, 'x-log-bodyrawsize': null },
      });
    assert.equal((await get('__topic__=t&a=%E4%BA%8C&b=')).status, 200);
    const [log] = emulator.logs();
    const contents = [
      { key: 'a', value: '二' },
      { key: 'b', value: '' },
    ];
    assert.deepEqual([log!.topic, log!.contents, emulator.stats().logs], ['t', contents, 1]);
    emulator.reset();
    await refused(get(`a=${'a'.repeat(16 * 1024)}`), 400, 'PostBodyTooLarge');
    await refused(get('a=1&a=2'), 400, 'InvalidKey');
    await refused(get('=1'), 400, 'InvalidKey');
    await refused(get('a=%zz'), 400, 'ParameterInvalid');
  });

  test('is refused with a code for its mistake', async () => {
    const raw = Buffer.from(JSON.stringify(value));
    await refused(track(value, { headers: { 'x-log-bodyrawsize': null } }), 400, 'MissingBodyRawSize');
    await refused(track(value, { headers: { 'x-log-bodyrawsize': '5' } }), 400, 'InvalidBodyRawSize');
    await refused(track(value, { headers: { 'x-log-compresstype': 'zstd' } }), 400, 'InvalidCompressType');
    await refused(track(value, { headers: { 'x-log-compresstype': 'lz4' } }), 400, 'PostBodyUncompressError');
    await refused(track(value, { headers: { 'x-log-compresstype': 'gzip' } }), 400, 'PostBodyUncompressError');
    const trailing = Buffer.concat([gzipSync(raw), Buffer.of(0)]);
    const gzip = { headers: { 'x-log-compresstype': 'gzip' }, wire: trailing };
    await refused(track(value, gzip), 400, 'PostBodyUncompressError');
    await refused(track(value, { headers: { Host: new URL(emulator.url).host } }), 400, 'ParameterInvalid', /Host/);
    await refused(track(value, { method: 'PUT' }), 405, 'MethodNotSupport');
    const bodies: [unknown, string, RegExp?][] = [
      [Buffer.from('{'), 'PostBodyInvalid', /not JSON/],
      [Buffer.from([0x22, 0xff, 0x22]), 'InvalidEncoding'],
      [[], 'PostBodyInvalid', /not a JSON object/],
      [{ __source__: 's' }, 'PostBodyInvalid', /__logs__/],
      [{ ...value, __logs__: [] }, 'PostBodyInvalid', /no log/],
      [{ ...value, __logs__: [{ __time__: 'x', a: '1' }] }, 'InvalidTimestamp', /log 0/],
      [{ ...value, __logs__: ['a'] }, 'PostBodyInvalid', /log 0/],
      [{ ...value, __logs__: [{ a: 1 }] }, 'PostBodyInvalid', /"a" in log 0 is not a string/],
      [{ ...value, __logs__: [{ a: null }] }, 'PostBodyInvalid'],
      [{ ...value, __logs__: [{ a: { b: 'c' } }] }, 'PostBodyInvalid'],
      [{ ...value, __logs__: [{ '': 'a' }] }, 'InvalidKey'],
      [{ ...value, __logs__: [{ __source__: 'a' }] }, 'InvalidKey'],
      [{ ...value, __topic__: 1 }, 'PostBodyInvalid', /__topic__/],
      [{ ...value, __source__: 's'.repeat(129) }, 'PostBodyInvalid', /source/],
      [{ ...value, __tags__: { a: 1 } }, 'PostBodyInvalid', /__tags__/],
      [{ ...value, __tags__: [] }, 'PostBodyInvalid', /__tags__/],
      [{ ...value, __log__: [] }, 'PostBodyInvalid', /unknown field/],
      [{ ...value, __logs__: Array(4097).fill({ a: '1' }) }, 'PostBodyTooLarge'],
      [{ ...value, __logs__: [{ a: 'a'.repeat(3 * 1024 * 1024) }] }, 'PostBodyTooLarge'],
    ];
    for (const [body, code, message] of bodies) await refused(track(body), 400, code, message);
  });

  test('is refused where it is off, while signed writes are taken', async () => {
    const target = '/logstores/closed/track';
    await refused(track(value, { target }), 401, 'Unauthorized', /Web tracking is off/);
    const group = { Logs: [slsLog({ a: '1' })] };
    assert.equal((await putSls(emulator, group, { logstore: 'closed' })).status, 200);
    assert.equal((await track(value)).status, 200);
  });

  test('knows only the Logstores that are listed', async () => {
    const listed = await createEmulator({ logstores: [`${PROJECT}/known`] });
    try {
      const at = async (project: string, logstore: string): Promise<[number, string | undefined]> => {
        const headers = { Host: hostOf(listed, project) };
        const target = `/logstores/${logstore}/track?APIVersion=0.6.0`;
        const answer = await send(listed.url, 'POST', target, headers, Buffer.from(JSON.stringify(value)));
        return [answer.status, answer.json?.errorCode];
      };
      assert.deepEqual(await at(PROJECT, 'known'), [200, undefined]);
      assert.deepEqual(await at(PROJECT, 'unknown'), [404, 'LogStoreNotExist']);
      assert.deepEqual(await at('other', 'known'), [404, 'ProjectNotExist']);
    } finally {
      await listed.close();
    }
  });

  test('may be signed, and then rightly', async () => {
    assert.equal((await callSls(emulator, 'POST', '/track', { value })).status, 200);
    assertKept();
    emulator.reset();
    await refused(track(value, { headers: { Authorization: 'LOG demo:AAAA' } }), 400, 'MissingSignatureMethod');
  });

  test('is read back like any other write', async () => {
    assert.equal((await track(value)).status, 200);
    const read = await callSls(emulator, 'GET', `?type=log&from=${now() - 60}&to=${now() + 60}&query=bar1:*`);
    assert.deepEqual([read.json.length, read.json[0]!['bar1'], read.json[0]!['__tag__:tag1']], [1, '二 👋', 'value1']);
  });
});
