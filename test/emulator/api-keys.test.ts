// API keys at both services: who may write with one, and what is refused.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createEmulator, type Emulator } from '@putlogs/emulator';
import { encode, type Headers, log, send, TOPIC } from './signed-request.js';
import { encodeGroup, hostOf, LOGSTORE, md5, slsLog } from './sls-request.js';

const KEY = 'a-known-key';

describe('API keys', () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await createEmulator({ apiKeys: [KEY] });
  });
  beforeEach(() => {
    emulator.reset();
    emulator.temporaryKeys([]);
  });
  after(() => emulator.close());

  const toTls = (key: string, target = `/PutLogs?TopicId=${TOPIC}`, method = 'POST') => {
    const raw = method === 'POST' ? encode([{ Logs: [log({ a: '1' })] }]) : Buffer.alloc(0);
    const headers = {
      'Content-Type': 'application/x-protobuf',
      'x-tls-apiversion': '0.3.0',
      'x-tls-bodyrawsize': String(raw.length),
      'x-tls-hashkey': '7fffffffffffffffffffffffffffffff',
      'x-tls-anonymous-identity': key,
    };
    return send(emulator.url, method, target, headers, raw);
  };
  const toSls = (key: string, more: Headers = {}, rest = '/shards/lb', method = 'POST') => {
    const raw = method === 'POST' ? encodeGroup({ Logs: [slsLog({ a: '1' })] }) : Buffer.alloc(0);
    const headers = {
      Host: hostOf(emulator),
      'Content-Type': 'application/x-protobuf',
      'x-log-apiversion': '0.6.0',
      'x-log-bodyrawsize': String(raw.length),
      Date: new Date().toUTCString(),
      Authorization: `Bearer ${key}`,
      ...more,
    };
    return send(emulator.url, method, `/logstores/${LOGSTORE}${rest}`, headers, raw);
  };

  test('a write with a known key is accepted without a signature', async () => {
    assert.equal((await toTls(KEY)).status, 200);
    assert.equal(emulator.logs()[0]!.hashKey, '7fffffffffffffffffffffffffffffff');
    assert.equal((await toSls(KEY)).status, 200);
    assert.equal(emulator.stats().logs, 2);
  });

  test('an unknown key is refused', async () => {
    const tls = await toTls('another-key');
    assert.deepEqual([tls.status, tls.json.ErrorCode], [403, 'AuthFailed']);
    const sls = await toSls('another-key');
    assert.deepEqual([sls.status, sls.json.errorCode], [401, 'Unauthorized']);
    assert.equal(emulator.stats().logs, 0);
  });

  test('a key that has expired is refused', async () => {
    const temporary = 'a-temporary-key';
    emulator.temporaryKeys([{ apiKey: temporary, expiresMs: Date.now() + 60_000 }]);
    assert.deepEqual([(await toTls(temporary)).status, (await toSls(temporary)).status], [200, 200]);
    emulator.temporaryKeys([{ apiKey: temporary, expiresMs: Date.now() - 1 }]);
    assert.deepEqual([(await toTls(temporary)).status, (await toSls(temporary)).status], [403, 401]);
  });

  test('a key may only write', async () => {
    const topic = await toTls(KEY, `/DescribeTopic?TopicId=${TOPIC}`, 'GET');
    assert.deepEqual([topic.status, topic.json.ErrorCode], [403, 'AccessDenied']);
    await toSls(KEY);
    const shards = await toSls(KEY, {}, '/shards', 'GET');
    assert.deepEqual([shards.status, shards.json.errorCode], [401, 'Unauthorized']);
  });

  test('SLS checks the date and the digest of such a request', async () => {
    const late = await toSls(KEY, { Date: new Date(Date.now() - 3_600_000).toUTCString() });
    assert.equal(late.json.errorCode, 'RequestTimeExpired');
    assert.equal((await toSls(KEY, { 'Content-MD5': md5(Buffer.from('other')) })).json.errorCode, 'SignatureNotMatch');
  });

  test('a key that is no text, or is empty, is no option', async () => {
    await assert.rejects(createEmulator({ apiKeys: [''] }), { code: 'ERR_EMULATOR_OPTIONS' });
    assert.throws(() => emulator.temporaryKeys([{ apiKey: '' }]), { code: 'ERR_EMULATOR_OPTIONS' });
  });
});
