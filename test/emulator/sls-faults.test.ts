import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createEmulator, type Emulator, type FaultRule } from '@putlogs/emulator';
import { type Answer, log, put, send, TOPIC } from './signed-request.js';
import { callSls, hostOf, LOGSTORE, PROJECT, putSls, type SlsOptions, slsLog } from './sls-request.js';

describe('a fault rule, with two services on one port,', () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await createEmulator();
  });
  beforeEach(() => {
    emulator.reset();
    emulator.faults([]);
  });
  after(() => emulator.close());

  const write = (text = 'fine', options: SlsOptions = {}): Promise<Answer> =>
    putSls(emulator, { Logs: [slsLog({ text })] }, options);
  const track = (text: string): Promise<Answer> => {
    const body = Buffer.from(JSON.stringify({ __logs__: [{ text }] }));
    const target = `/logstores/${LOGSTORE}/track?APIVersion=0.6.0`;
    return send(emulator.url, 'POST', target, { Host: hostOf(emulator) }, body);
  };
  const webTracks = (text: string): Promise<Answer> => {
    const body = Buffer.from(JSON.stringify({ Logs: [{ text }] }));
    const headers = { 'Content-Type': 'application/json', 'x-tls-bodyrawsize': String(body.length) };
    return send(emulator.url, 'POST', `/WebTracks?ProjectId=p&TopicId=${TOPIC}`, headers, body);
  };
  const tls = (text: string): Promise<Answer> => put(emulator, [{ Logs: [log({ text })] }]);
  const writers = { write, track, webTracks, tls };

  test('refuses an SLS request in the shape and with the status of SLS', async () => {
    const rules: [FaultRule, number, string][] = [
      [{ code: 'WriteQuotaExceed' }, 403, 'WriteQuotaExceed'],
      [{ code: 'ShardWriteQuotaExceed' }, 403, 'ShardWriteQuotaExceed'],
      [{ code: 'PostBodyTooLarge' }, 400, 'PostBodyTooLarge'],
      [{ code: 'RequestTimeTooSkewed' }, 400, 'RequestTimeTooSkewed'],
      [{ code: 'Unauthorized' }, 401, 'Unauthorized'],
      [{ code: 'Unauthorized', status: 403 }, 403, 'Unauthorized'],
      [{ code: 'PostBodyInvalid', status: 499 }, 499, 'PostBodyInvalid'],
      [{ code: 'ServerBusy' }, 503, 'ServerBusy'],
      [{ code: 'OfNoCatalogue' }, 400, 'OfNoCatalogue'],
      [{ status: 400 }, 400, 'ParameterInvalid'],
      [{ status: 401 }, 401, 'Unauthorized'],
      [{ status: 403 }, 403, 'WriteQuotaExceed'],
      [{ status: 404 }, 404, 'LogStoreNotExist'],
      [{ status: 413 }, 413, 'PostBodyTooLarge'],
      [{ status: 429 }, 429, 'WriteQuotaExceed'],
      [{ status: 499 }, 499, 'PostBodyInvalid'],
      [{ status: 500 }, 500, 'InternalServerError'],
      [{ status: 503 }, 503, 'ServerBusy'],
      [{ status: 502 }, 502, 'InternalServerError'],
      [{ maxLogs: 0 }, 400, 'PostBodyTooLarge'],
      [{ maxRequestBytes: 5 }, 400, 'PostBodyTooLarge'],
    ];
    for (const [rule, status, code] of rules) {
      emulator.faults([rule]);
      const answer = await write();
      assert.deepEqual([answer.status, answer.json.errorCode], [status, code]);
      assert.equal(typeof answer.json.errorMessage, 'string');
      assert.match(String(answer.headers['x-log-requestid']), /^[0-9A-F]{24}$/);
    }
    assert.equal(emulator.stats().logs, 0);
    emulator.faults([{ status: 200 }]);
    const claimed = await write();
    assert.deepEqual([claimed.status, claimed.body.length, emulator.stats().logs], [200, 0, 0]);
    emulator.faults([{ status: 403 }]);
    const other = await tls('fine');
    assert.deepEqual([other.status, other.json.ErrorCode], [403, 'AccessDenied']);
  });

  test('matches project, Logstore and hash key', async () => {
    const refusedAre = async (rule: FaultRule, asked: (() => Promise<Answer>)[]): Promise<boolean[]> => {
      emulator.faults([rule]);
      const refused: boolean[] = [];
      for (const ask of asked) refused.push((await ask()).status === 503);
      return refused;
    };
    const asked = [
      () => write(),
      () => write('fine', { project: 'other' }),
      () => write('fine', { logstore: 'other' }),
      () => write('fine', { rest: `/shards/route?key=${'A'.repeat(32)}` }),
      () => write('fine', { headers: { 'x-log-hashkey': 'a'.repeat(32) } }),
      () => webTracks('fine'),
    ];
    const rule = (match: FaultRule['match']): FaultRule => ({ match: match!, status: 503 });
    assert.deepEqual(await refusedAre(rule({ project: PROJECT }), asked), [true, false, true, true, true, false]);
    assert.deepEqual(await refusedAre(rule({ project: 'p' }), asked), [false, false, false, false, false, true]);
    assert.deepEqual(await refusedAre(rule({ logstore: 'other' }), asked), [false, false, true, false, false, false]);
    const aaa = 'a'.repeat(32);
    assert.deepEqual(await refusedAre(rule({ hashKey: aaa }), asked), [false, false, false, true, true, false]);
    assert.deepEqual(await refusedAre(rule({ hashKey: '' }), asked), [true, true, true, false, false, true]);
    const path = `logstores/${LOGSTORE}/shards/lb`;
    assert.deepEqual(await refusedAre(rule({ path }), asked), [true, true, false, false, true, false]);
    assert.deepEqual(await refusedAre(rule({ topicId: TOPIC }), asked), [false, false, false, false, false, true]);
    assert.throws(() => emulator.faults([{ match: { logStore: 'x' }, status: 503 } as FaultRule]), {
      code: 'ERR_EMULATOR_FAULT_RULE',
      message: /did you mean logstore\?/,
    });
  });

  for (const [name, writer] of Object.entries(writers)) {
    test(`looks into the body of ${name}`, async () => {
      emulator.faults([{ match: { contains: 'poison' }, status: 503 }]);
      assert.equal((await writer('has poison inside')).status, 503);
      assert.equal((await writer('fine')).status, 200);
      emulator.faults([{ maxLogs: 1 }]);
      assert.equal((await writer('fine')).status, 200);
      emulator.faults([{ maxLogs: 0 }]);
      assert.equal((await writer('fine')).status, 400);
      emulator.faults([{ maxRequestBytes: 200 }]);
      assert.equal((await writer('fine')).status, 200);
      assert.ok((await writer('a'.repeat(200))).status >= 400);
      assert.equal(emulator.stats().logs, 3);
    });

    test(`can swallow the answer of ${name} before or after it is written`, async () => {
      emulator.faults([
        { swallow: 'before', times: 1 },
        { swallow: 'after', times: 1 },
      ]);
      await assert.rejects(writer('lost'), { code: 'ECONNRESET' });
      assert.equal(emulator.stats().logs, 0);
      await assert.rejects(writer('kept'), { code: 'ECONNRESET' });
      assert.equal(emulator.stats().logs, 1);
    });
  }

  test('looks into compressed bodies, JSON bodies and queries too', async () => {
    emulator.faults([{ match: { contains: 'poison' }, status: 503 }]);
    const text = 'poison poison poison poison';
    for (const codec of ['lz4', 'deflate'] as const) assert.equal((await write(text, { codec })).status, 503);
    const json = Buffer.from(JSON.stringify({ __logs__: [{ __time__: 1, text }] }));
    const typed = await putSls(emulator, json, { headers: { 'Content-Type': 'application/json' } });
    assert.equal(typed.status, 503);
    const target = `/logstores/${LOGSTORE}/track?APIVersion=0.6.0&text=poison`;
    const query = await send(emulator.url, 'GET', target, { Host: hostOf(emulator) }, Buffer.alloc(0));
    assert.equal(query.status, 503);
    assert.equal((await callSls(emulator, 'GET', '?type=log&query=poison&from=1&to=2')).status, 404);
  });

  test('sets the clock of SLS ahead or back, and returns it in the Date header', async () => {
    emulator.faults([
      { clockSkewMs: 16 * 60_000, times: 1 },
      { clockSkewMs: -16 * 60_000, times: 1 },
    ]);
    const ahead = await write();
    assert.deepEqual([ahead.status, ahead.json.errorCode], [400, 'RequestTimeExpired']);
    assert.ok(Math.abs(Date.parse(ahead.headers.date!) - Date.now() - 16 * 60_000) < 30_000);
    const back = await write();
    assert.deepEqual([back.status, back.json.errorCode], [400, 'RequestTimeTooSkewed']);
    assert.equal((await write()).status, 200);
  });

  test('resets the connection of an SLS request in the middle of its body', async () => {
    emulator.faults([{ match: { logstore: LOGSTORE }, times: 1, resetAfterBytes: 10 }]);
    await assert.rejects(write('a'.repeat(100_000)), { code: /ECONNRESET|EPIPE/ });
    assert.equal((await write()).status, 200);
    assert.equal(emulator.stats().logs, 1);
  });

  test('may answer with any body and headers, or slowly', async () => {
    const page = '<html>bad gateway</html>';
    emulator.faults([{ status: 502, body: page, headers: { 'Content-Type': 'text/html', 'x-log-requestid': '' } }]);
    const answer = await write();
    assert.deepEqual(
      [answer.status, answer.body.toString(), answer.headers['x-log-requestid']],
      [502, page, undefined],
    );
    assert.equal(emulator.stats().rejected['InternalServerError'], 1);
    emulator.faults([{ status: 500, slowBodyBytesPerSecond: 5000 }]);
    assert.equal((await write()).json.errorCode, 'InternalServerError');
  });
});
