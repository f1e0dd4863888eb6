import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createEmulator, type Emulator, type FaultRule } from '@putlogs/emulator';
import { call, encode, log, put, send } from './signed-request.js';

const groups = [{ Logs: [log({ message: 'fine' })] }];

describe('fault rules', { timeout: 60_000 }, () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await createEmulator();
  });
  beforeEach(() => {
    emulator.faults([]);
    emulator.reset();
  });
  after(() => emulator.close());
  const kept = (): number => emulator.stats().logs;
  const fired = (): number[] => emulator.faults().map((report) => report.fired);
  const lost = (code: string) => (error: NodeJS.ErrnoException) => error.code === code || assert.fail(`${error.code}`);

  test('with a status make up an answer and write nothing', async () => {
    emulator.faults([{ status: 503, times: 1 }]);
    const answer = await put(emulator, groups);
    assert.deepEqual([answer.status, answer.json.ErrorCode], [503, 'InternalServerError']);
    assert.match(String(answer.headers['x-tls-requestid']), /^[0-9a-f]{32}$/);
    assert.equal(kept(), 0);
    assert.deepEqual(emulator.stats().rejected, { InternalServerError: 1 });
    assert.equal((await put(emulator, groups)).status, 200);
    assert.deepEqual([kept(), fired()], [1, [1]]);
  });

  test('with a code take the status that goes with it', async () => {
    const expected: [FaultRule, number, string][] = [
      [{ code: 'ExceedQPSLimit' }, 429, 'ExceedQPSLimit'],
      [{ code: 'TopicNotExist' }, 404, 'TopicNotExist'],
      [{ code: 'NeverHeardOf' }, 400, 'NeverHeardOf'],
      [{ status: 500, code: 'ExceedRateLimit' }, 500, 'ExceedRateLimit'],
      [{ status: 429 }, 429, 'ExceedQPSLimit'],
      [{ status: 413 }, 413, 'LogGroupListSizeTooLarge'],
      [{ status: 403 }, 403, 'AccessDenied'],
      [{ status: 400 }, 400, 'InvalidArgument'],
      [{ status: 418 }, 418, 'BadRequest'],
    ];
    for (const [rule, status, code] of expected) {
      emulator.faults([rule]);
      const answer = await put(emulator, groups);
      assert.deepEqual([answer.status, answer.json.ErrorCode], [status, code]);
    }
    emulator.faults([{ code: 'InternalServerError', message: 'in the words of the test' }]);
    assert.equal((await put(emulator, groups)).json.ErrorMessage, 'in the words of the test');
  });

  test('with a status of success claim a write that was not done', async () => {
    emulator.faults([{ status: 200 }]);
    const answer = await put(emulator, groups);
    assert.deepEqual([answer.status, answer.json, kept()], [200, {}, 0]);
    assert.deepEqual(emulator.stats().rejected, {});
  });

  test('with headers and a body change the answer only', async () => {
    emulator.faults([{ headers: { 'Retry-After': '7', 'X-Tls-Requestid': 'mine' }, body: '<html>é</html>' }]);
    const answer = await put(emulator, groups);
    assert.deepEqual([answer.status, answer.body.toString(), kept()], [200, '<html>é</html>', 1]);
    assert.deepEqual([answer.headers['retry-after'], answer.headers['x-tls-requestid']], ['7', 'mine']);
    emulator.faults([{ status: 502, body: 'Bad Gateway', headers: { 'Content-Type': 'text/plain' } }]);
    const gateway = await put(emulator, groups);
    assert.deepEqual([gateway.status, gateway.body.toString(), kept()], [502, 'Bad Gateway', 1]);
  });

  test('match by path, method, topic and hash key', async () => {
    const hashKey = 'AB'.padEnd(32, '0');
    const matches: FaultRule['match'][] = [
      { path: '/PutLogs' },
      { path: 'PutLogs' },
      { method: 'post' },
      { topicId: 'mine' },
      { hashKey },
    ];
    for (const match of matches) {
      emulator.faults([{ match: match!, status: 500 }]);
      const headers = { 'x-tls-hashkey': hashKey.toLowerCase() };
      assert.equal((await put(emulator, groups, { topicId: 'mine', headers })).status, 500, JSON.stringify(match));
    }
    const others: FaultRule['match'][] = [
      { path: '/SearchLogs' },
      { method: 'GET' },
      { topicId: 'yours' },
      { hashKey: '' },
    ];
    for (const match of others) {
      emulator.faults([{ match: match!, status: 500 }]);
      const headers = { 'x-tls-hashkey': hashKey };
      assert.equal((await put(emulator, groups, { topicId: 'mine', headers })).status, 200, JSON.stringify(match));
    }
    emulator.faults([{ match: { hashKey: '' }, status: 500 }]);
    assert.equal((await put(emulator, groups)).status, 500);
  });

  test('match by a text of any log, in every codec', async () => {
    emulator.faults([{ match: { contains: 'poison' }, code: 'InvalidArgument' }]);
    const bad = [
      { Logs: [log({ message: 'fine fine fine fine fine fine' })] },
      { Logs: [log({ a: 'x', b: 'a poisoned one' })] },
    ];
    for (const codec of ['none', 'lz4', 'zlib'] as const) {
      assert.equal((await put(emulator, bad, { codec })).status, 400);
      assert.equal((await put(emulator, [bad[0]!], { codec })).status, 200);
    }
    assert.deepEqual(
      emulator.faults().map(({ matched, fired }) => [matched, fired]),
      [[3, 3]],
    );
  });

  test('fire from, at and for as many requests as they say', async () => {
    const statuses = async (rules: FaultRule[], count: number) => {
      emulator.faults(rules);
      const seen: number[] = [];
      for (let at = 0; at < count; at++) seen.push((await put(emulator, groups)).status);
      return seen;
    };
    assert.deepEqual(await statuses([{ match: { nth: 3 }, status: 500 }], 4), [200, 200, 500, 200]);
    assert.deepEqual(await statuses([{ match: { skip: 2 }, times: 1, status: 500 }], 4), [200, 200, 500, 200]);
    assert.deepEqual(
      await statuses(
        [
          { times: 2, status: 500 },
          { times: 1, status: 429 },
        ],
        4,
      ),
      [500, 500, 429, 200],
    );
    assert.deepEqual(fired(), [2, 1]);
  });

  test('with delayMs hold the answer back after the logs are written', async () => {
    emulator.faults([{ delayMs: 120 }]);
    const start = process.hrtime.bigint();
    const pending = put(emulator, groups);
    while (kept() === 0) await new Promise(setImmediate);
    assert.equal((await pending).status, 200);
    assert.ok(process.hrtime.bigint() - start >= 110_000_000n);
  });

  test('with resetAfterBytes reset the connection and write nothing', async () => {
    for (const resetAfterBytes of [0, 10, 1_000_000]) {
      emulator.faults([{ resetAfterBytes }]);
      await assert.rejects(put(emulator, groups), lost('ECONNRESET'));
      assert.deepEqual([kept(), fired()], [0, [1]]);
    }
    emulator.faults([{ match: { nth: 2 }, resetAfterBytes: 1000 }]);
    const large = [{ Logs: [log({ text: 'x'.repeat(1_000_000) })] }];
    assert.equal((await put(emulator, large)).status, 200);
    await assert.rejects(put(emulator, large));
    assert.equal((await put(emulator, large)).status, 200);
    assert.equal(kept(), 2);
  });

  test('with resetAfterBytes give way to an earlier rule that fires', async () => {
    emulator.faults([{ times: 1, status: 500 }, { resetAfterBytes: 0 }]);
    assert.equal((await put(emulator, groups)).status, 500);
    await assert.rejects(put(emulator, groups), lost('ECONNRESET'));
    assert.deepEqual(fired(), [1, 1]);
  });

  test('with swallow drop the answer before or after the logs are written', async () => {
    emulator.faults([
      { swallow: 'before', times: 1 },
      { swallow: 'after', times: 1 },
    ]);
    await assert.rejects(put(emulator, groups), lost('ECONNRESET'));
    assert.equal(kept(), 0);
    await assert.rejects(put(emulator, groups), lost('ECONNRESET'));
    assert.equal(kept(), 1);
  });

  test('with slowBodyBytesPerSecond drip the body', async () => {
    emulator.faults([{ status: 500, body: 'x'.repeat(40), slowBodyBytesPerSecond: 200 }]);
    const start = process.hrtime.bigint();
    const answer = await put(emulator, groups);
    assert.deepEqual([answer.status, answer.body.length], [500, 40]);
    assert.ok(process.hrtime.bigint() - start >= 180_000_000n);
  });

  test('with maxRequestBytes or maxLogs refuse only larger requests', async () => {
    const bytes = encode(groups).length;
    emulator.faults([{ maxRequestBytes: bytes - 1 }]);
    const large = await put(emulator, groups);
    assert.deepEqual([large.status, large.json.ErrorCode], [413, 'LogGroupListSizeTooLarge']);
    emulator.faults([{ maxRequestBytes: bytes }]);
    assert.equal((await put(emulator, groups)).status, 200);
    assert.deepEqual(
      emulator.faults().map(({ matched }) => matched),
      [0],
    );

    const three = [{ Logs: [log({ a: '1' }), log({ a: '2' })] }, { Logs: [log({ a: '3' })] }];
    emulator.faults([{ maxLogs: 2 }]);
    const many = await put(emulator, three);
    assert.deepEqual([many.status, many.json.ErrorCode], [400, 'TooManyLogs']);
    emulator.faults([{ maxLogs: 2, status: 413, code: 'PostBodyTooLarge' }]);
    assert.deepEqual((await put(emulator, three)).json.ErrorCode, 'PostBodyTooLarge');
    emulator.faults([{ maxLogs: 3 }]);
    assert.equal((await put(emulator, three)).status, 200);
  });

  test('with clockSkewMs shift the Date header and the check of X-Date', async () => {
    const hourMs = 3_600_000;
    emulator.faults([{ clockSkewMs: hourMs }]);
    const answer = await put(emulator, groups);
    assert.equal(answer.json.ErrorCode, 'RequestExpired');
    const serverMs = Date.parse(String(answer.headers.date));
    assert.ok(Math.abs(serverMs - Date.now() - hourMs) < 60_000);
    assert.equal((await put(emulator, groups, { signing: { atMs: serverMs } })).status, 200);
    emulator.faults([{ clockSkewMs: -hourMs }]);
    assert.equal((await put(emulator, groups)).json.ErrorCode, 'RequestTimeTooSkewed');
  });

  test('apply to the read APIs, and never to the control API', async () => {
    await put(emulator, groups);
    emulator.faults([{ status: 500 }]);
    assert.equal((await call(emulator, 'POST', '/SearchLogs', {})).status, 500);
    assert.equal((await send(emulator.url, 'GET', '/_emulator/stats', {}, Buffer.alloc(0))).status, 200);
  });

  test('that are mistyped are refused by a sentence that names the field', async () => {
    const wrong: [unknown, RegExp][] = [
      [{}, /faults must be a list/],
      [[1], /faults\[0\] must be an object/],
      [[{ status: 500 }, { staus: 500 }], /faults\[1\]\.staus is not a known field; did you mean status\?/],
      [[{ status: 99 }], /faults\[0\]\.status must be a whole number between 200 and 599/],
      [[{ status: '500' }], /status/],
      [
        [{ match: { topicID: 'a' }, status: 500 }],
        /faults\[0\]\.match\.topicID is not a known field; did you mean topicId\?/,
      ],
      [[{ match: { nth: 0 }, status: 500 }], /match\.nth/],
      [[{ match: { nth: 1, skip: 1 }, status: 500 }], /nth cannot be combined with skip/],
      [[{ match: { contains: '' }, status: 500 }], /contains/],
      [[{ match: null, status: 500 }], /match must be an object/],
      [[{ times: 0, status: 500 }], /times/],
      [[{ delayMs: -1 }], /delayMs/],
      [[{ delayMs: 0.5 }], /delayMs/],
      [[{ swallow: 'both' }], /swallow/],
      [[{ headers: { 'a b': 'c' } }], /headers/],
      [[{ headers: { a: 'b\r\nc: d' } }], /headers/],
      [[{ body: {} }], /body/],
      [[{ times: 1 }], /faults\[0\] has no effect/],
      [[{ message: 'm', delayMs: 1 }], /message needs status or code/],
      [[{ resetAfterBytes: 1, status: 500 }], /resetAfterBytes cannot be combined with status/],
      [[{ resetAfterBytes: 1, match: { contains: 'a' } }], /contains cannot be combined with resetAfterBytes/],
    ];
    emulator.faults([{ status: 418 }]);
    for (const [rules, message] of wrong) {
      assert.throws(() => emulator.faults(rules as FaultRule[]), { code: 'ERR_EMULATOR_FAULT_RULE', message });
      const answer = await send(emulator.url, 'PUT', '/_emulator/faults', {}, Buffer.from(JSON.stringify(rules)));
      assert.deepEqual([answer.status, answer.json.ErrorCode], [400, 'InvalidArgument'], JSON.stringify(rules));
      assert.match(answer.json.ErrorMessage, message);
    }
    assert.deepEqual(
      emulator.faults().map(({ rule }) => rule),
      [{ status: 418 }],
      'the script before stays',
    );
  });

  test('are set, shown and ended over HTTP', async () => {
    const control = (method: string, rules?: unknown) =>
      send(
        emulator.url,
        method,
        '/_emulator/faults',
        {},
        Buffer.from(rules === undefined ? '' : JSON.stringify(rules)),
      );
    const set = await control('PUT', [{ times: 1, status: 500 }]);
    assert.deepEqual(set.json, { rules: [{ rule: { times: 1, status: 500 }, matched: 0, fired: 0 }] });
    await put(emulator, groups);
    await put(emulator, groups);
    assert.deepEqual((await control('GET')).json, {
      rules: [{ rule: { times: 1, status: 500 }, matched: 2, fired: 1 }],
    });
    assert.deepEqual((await control('PUT', { rules: [] })).json, { rules: [] });
    assert.equal((await control('PUT', 'x')).status, 400);
    assert.equal((await send(emulator.url, 'PUT', '/_emulator/faults', {}, Buffer.from('{'))).status, 400);
  });

  test('leave a held-back answer behind when the emulator closes', async () => {
    const other = await createEmulator();
    other.faults([{ delayMs: 3_600_000 }]);
    const pending = assert.rejects(put(other, groups));
    while (other.stats().logs === 0) await new Promise(setImmediate);
    await other.close();
    await pending;
  });

  test('survive a client that goes away in the middle of its body', async () => {
    const socket = connect(emulator.port, emulator.host);
    socket.write('POST /PutLogs?TopicId=a HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc');
    while (emulator.stats().requests === 0) await new Promise(setImmediate);
    socket.destroy();
    assert.equal((await put(emulator, groups)).status, 200);
  });
});
