import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createEmulator, type Emulator } from '@putlogs/emulator';
import type * as signature from '../../packages/emulator/src/volc/signature.js';
import { type Headers, log, put, send, TOPIC } from './signed-request.js';

const emulatorDir = dirname(require.resolve('@putlogs/emulator/package.json'));
const { verifySignature } = require(join(emulatorDir, 'dist/volc/signature.js')) as typeof signature;
// Compiled to test/dist/emulator.
const testDir = join(__dirname, '..', '..');

interface Vectors {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  region: string;
  cases: { name: string; method: string; url: string; headers: Headers; bodyBase64: string }[];
  officialGoldens: {
    cases: {
      name: string;
      accessKeyId: string;
      secretAccessKey: string;
      region: string;
      method: string;
      path: string;
      query: Record<string, string>;
      body: string;
      signedHeaderValues: Headers;
      authorization: string;
    }[];
  };
}
const vectors = JSON.parse(readFileSync(join(testDir, 'vectors/volc-sign-vectors.json'), 'utf8')) as Vectors;
const VECTOR_TIME_MS = Date.parse('2025-06-24T02:55:00Z');

function vectorEmulator(vector: Vectors['cases'][number], lenient: boolean): Promise<Emulator> {
  return createEmulator({
    accessKeyId: vectors.accessKeyId,
    accessKeySecret: vectors.secretAccessKey,
    securityToken: vector.headers['X-Security-Token'],
    region: vectors.region,
    lenient,
    clock: () => VECTOR_TIME_MS,
  });
}

function sendVector(emulator: Emulator, vector: Vectors['cases'][number], change: Headers = {}, body?: Buffer) {
  const { pathname, search, host } = new URL(vector.url);
  const named = 'x-tls-bodyrawsize' in vector.headers;
  // The minimal signers of the Java and Python SDKs send these two all the same, unsigned.
  const unsigned: Headers = named ? {} : { 'x-tls-bodyrawsize': '390', 'x-tls-compresstype': 'lz4' };
  const headers = { Host: host, ...unsigned, ...vector.headers, ...change };
  return send(
    emulator.url,
    vector.method,
    pathname + search,
    headers,
    body ?? Buffer.from(vector.bodyBase64, 'base64'),
  );
}

describe('the vectors of the official SDKs', () => {
  for (const vector of vectors.cases) {
    const isQuirk = vector.name.includes('QUIRK');
    test(`${vector.name} is ${isQuirk ? 'refused' : 'accepted'} by the strict emulator`, async () => {
      const emulator = await vectorEmulator(vector, false);
      try {
        const answer = await sendVector(emulator, vector);
        assert.equal(answer.status, isQuirk ? 403 : 200, answer.body.toString());
        if (isQuirk) assert.equal(answer.json.ErrorCode, 'SignatureDoesNotMatch');
        assert.equal(emulator.logs().length, isQuirk ? 0 : 10);
        assert.match(String(answer.headers['x-tls-requestid']), /^[0-9a-f]{32}$/);
      } finally {
        await emulator.close();
      }
    });
    test(`${vector.name} is accepted by the lenient emulator`, async () => {
      const emulator = await vectorEmulator(vector, true);
      try {
        assert.equal((await sendVector(emulator, vector)).status, 200);
        assert.deepEqual(
          emulator
            .logs({ limit: 1 })
            .map(({ time, source, fileName, contents }) => ({ time, source, fileName, contents })),
          [
            {
              time: 1_750_733_700,
              source: 'c-shard-sdk',
              fileName: 'c-shard-fn',
              contents: [
                { key: 'k1', value: 'value10' },
                { key: 'k2', value: 'value10' },
              ],
            },
          ],
        );
      } finally {
        await emulator.close();
      }
    });
    test(`${vector.name} is refused once any signed header or the body is changed`, async () => {
      const emulator = await vectorEmulator(vector, isQuirk);
      try {
        const signed = /SignedHeaders=([^,]+)/.exec(vector.headers['Authorization']!)![1]!.split(';');
        for (const [name, value] of Object.entries(vector.headers)) {
          const lower = name.toLowerCase();
          if (!signed.includes(lower) || lower === 'x-date') continue;
          const changed = value === '' ? '0' : value.slice(0, -1) + (value.endsWith('0') ? '1' : '0');
          const answer = await sendVector(emulator, vector, { [name]: changed });
          const codes: Record<string, string> = {
            'x-security-token': 'InvalidSecurityToken',
            'x-tls-apiversion': 'InvalidArgument',
          };
          assert.equal(answer.json.ErrorCode, codes[lower] ?? 'SignatureDoesNotMatch', name);
          assert.notEqual(answer.status, 200);
        }
        const later = await sendVector(emulator, vector, { 'X-Date': '20250624T025501Z' });
        assert.equal(later.json.ErrorCode, 'SignatureDoesNotMatch');
        const authorization = vector.headers['Authorization']!;
        const flipped = authorization.slice(0, -1) + (authorization.endsWith('0') ? '1' : '0');
        const forged = await sendVector(emulator, vector, { Authorization: flipped });
        assert.equal(forged.json.ErrorCode, 'SignatureDoesNotMatch');
        if (!isQuirk) {
          const body = Buffer.from(vector.bodyBase64, 'base64');
          for (let at = 0; at < body.length; at += 13) {
            const tampered = Buffer.from(body);
            tampered[at]! ^= 1;
            const answer = await sendVector(emulator, vector, {}, tampered);
            assert.deepEqual([answer.status, answer.json.ErrorCode], [403, 'SignatureDoesNotMatch']);
          }
        }
        assert.equal(emulator.stats().logs, 0);
      } finally {
        await emulator.close();
      }
    });
  }

  for (const golden of vectors.officialGoldens.cases) {
    const request = {
      method: golden.method,
      path: golden.path,
      query: Object.entries(golden.query),
      headers: new Map(
        Object.entries({ ...golden.signedHeaderValues, authorization: golden.authorization }).map(([k, v]) => [k, [v]]),
      ),
      body: Buffer.from(golden.body),
    };
    const policy = {
      accessKeyId: golden.accessKeyId,
      accessKeySecret: golden.secretAccessKey,
      securityToken: golden.signedHeaderValues['x-security-token'],
      region: golden.region,
      lenient: false,
      nowMs: Date.parse('2024-03-14T15:09:26Z'),
    };
    test(`${golden.name}, a published signature, is verified`, () => {
      assert.equal(verifySignature(request, policy), null);
    });
    test(`${golden.name} is not verified with another secret, body or query`, () => {
      assert.equal(verifySignature(request, { ...policy, accessKeySecret: 'other' })?.code, 'SignatureDoesNotMatch');
      const body = Buffer.from(`${golden.body} `);
      assert.equal(verifySignature({ ...request, body }, policy)?.code, 'SignatureDoesNotMatch');
      assert.equal(verifySignature({ ...request, query: [['topic_id', 'x']] }, policy)?.code, 'SignatureDoesNotMatch');
    });
  }
});

describe('the signature', () => {
  const nowMs = Date.parse('2026-01-02T03:04:05Z');
  let emulator: Emulator;
  before(async () => {
    emulator = await createEmulator({ clock: () => nowMs, region: 'cn-beijing' });
  });
  after(() => emulator.close());
  const attempt = (options: Parameters<typeof put>[2]) =>
    put(emulator, [{ Logs: [log({ a: '1' })] }], { ...options, signing: { atMs: nowMs, ...options?.signing } });
  const refused = async (options: Parameters<typeof put>[2], status: number, code: string) => {
    const answer = await attempt(options);
    assert.deepEqual([answer.status, answer.json.ErrorCode], [status, code], answer.body.toString());
    assert.match(String(answer.headers['x-tls-requestid']), /^[0-9a-f]{32}$/);
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
  };

  test('of another access key id is InvalidAccessKeyId', () =>
    refused({ signing: { accessKeyId: 'nobody' } }, 403, 'InvalidAccessKeyId'));
  test('with a wrong secret is SignatureDoesNotMatch', () =>
    refused({ signing: { accessKeySecret: 'wrong' } }, 403, 'SignatureDoesNotMatch'));
  test('for another region, service, terminator or date is SignatureDoesNotMatch', async () => {
    await refused({ signing: { region: 'cn-shanghai' } }, 403, 'SignatureDoesNotMatch');
    await refused({ signing: { service: 'tls' } }, 403, 'SignatureDoesNotMatch');
    await refused({ signing: { terminator: 'aws4_request' } }, 403, 'SignatureDoesNotMatch');
    await refused({ signing: { scopeDate: '20260101' } }, 403, 'SignatureDoesNotMatch');
  });
  test('that leaves out x-date or x-content-sha256 is SignatureDoesNotMatch', async () => {
    await refused({ signing: { unsigned: ['x-date'] } }, 403, 'SignatureDoesNotMatch');
    await refused({ signing: { unsigned: ['x-content-sha256'] } }, 403, 'SignatureDoesNotMatch');
    await refused({ signing: { contentSha256: null } }, 403, 'SignatureDoesNotMatch');
  });
  test('of the fewest headers is accepted', async () => {
    const unsigned = ['host', 'content-type', 'x-tls-apiversion', 'x-tls-bodyrawsize'];
    assert.equal((await attempt({ signing: { unsigned } })).status, 200);
  });
  test('over a wrong body hash is SignatureDoesNotMatch even though the signature itself holds', () =>
    refused({ signing: { contentSha256: 'a'.repeat(64) } }, 403, 'SignatureDoesNotMatch'));
  test('that is missing or malformed is AuthFailed', async () => {
    const { url } = emulator;
    const answer = await send(url, 'POST', `/PutLogs?TopicId=${TOPIC}`, {}, Buffer.alloc(0));
    assert.deepEqual([answer.status, answer.json.ErrorCode], [403, 'AuthFailed']);
    const odd = await send(url, 'POST', `/PutLogs?TopicId=${TOPIC}`, { Authorization: 'Bearer x' }, Buffer.alloc(0));
    assert.equal(odd.json.ErrorCode, 'AuthFailed');
  });
  test('in the query is AuthorizationQueryParametersError', async () => {
    const answer = await send(emulator.url, 'POST', `/PutLogs?TopicId=${TOPIC}&X-Signature=00`, {}, Buffer.alloc(0));
    assert.deepEqual([answer.status, answer.json.ErrorCode], [403, 'AuthorizationQueryParametersError']);
  });
  test('is valid for fifteen minutes in both directions', async () => {
    const windowMs = 15 * 60_000;
    assert.equal((await attempt({ signing: { atMs: nowMs - windowMs } })).status, 200);
    assert.equal((await attempt({ signing: { atMs: nowMs + windowMs } })).status, 200);
    await refused({ signing: { atMs: nowMs - windowMs - 1000 } }, 403, 'RequestExpired');
    await refused({ signing: { atMs: nowMs + windowMs + 1000 } }, 403, 'RequestTimeTooSkewed');
  });
  test('with a token no account has is InvalidSecurityToken', () =>
    refused({ headers: { 'X-Security-Token': 'token' } }, 403, 'InvalidSecurityToken'));
  test('must carry the configured token', async () => {
    const strict = await createEmulator({ securityToken: 'right' });
    try {
      const groups = [{ Logs: [log({ a: '1' })] }];
      assert.equal((await put(strict, groups)).json.ErrorCode, 'InvalidSecurityToken');
      const wrong = await put(strict, groups, { headers: { 'X-Security-Token': 'wrong' } });
      assert.equal(wrong.json.ErrorCode, 'InvalidSecurityToken');
      assert.equal((await put(strict, groups, { headers: { 'X-Security-Token': 'right' } })).status, 200);
      // As the C++ SDK does: the token is added after signing.
      const late = { headers: { 'X-Security-Token': 'right' }, signing: { unsigned: ['x-security-token'] } };
      assert.equal((await put(strict, groups, late)).status, 200);
    } finally {
      await strict.close();
    }
  });
  test('covers the query, whatever its encoding', async () => {
    const target = `/PutLogs?TopicId=${TOPIC}&b=%E4%B8%AD%20%2B&a=1`;
    assert.equal((await attempt({ target })).status, 200);
  });
  test('with a malformed X-Date is InvalidArgument', async () => {
    const answer = await send(
      emulator.url,
      'POST',
      '/PutLogs',
      {
        'X-Date': '20260230T000000Z',
        Authorization: `HMAC-SHA256 Credential=demo/20260230/r/TLS/request, SignedHeaders=x-date, Signature=${'0'.repeat(64)}`,
      },
      Buffer.alloc(0),
    );
    assert.deepEqual([answer.status, answer.json.ErrorCode], [400, 'InvalidArgument']);
  });
});
