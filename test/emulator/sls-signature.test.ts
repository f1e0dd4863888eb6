import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createEmulator, type Emulator } from '@putlogs/emulator';
import type * as signature from '../../packages/emulator/src/sls/signature.js';
import { type Headers, send } from './signed-request.js';
import { encodeGroup, hostOf, md5, putSls, type SlsOptions, type SlsSigning, signSls, slsLog } from './sls-request.js';

const emulatorDir = dirname(require.resolve('@putlogs/emulator/package.json'));
const { verifySignature } = require(join(emulatorDir, 'dist/sls/signature.js')) as typeof signature;
// Compiled to test/dist/emulator.
const testDir = join(__dirname, '..', '..');

interface Vector {
  origin: string;
  name: string;
  version: 'v1' | 'v4';
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Headers;
  region?: string;
  dateTime?: string;
  bodyHex?: string;
  bodyUtf8?: string;
  authorization: string;
  accessKeyId: string;
  accessKeySecret: string;
}
const { vectors } = JSON.parse(readFileSync(join(testDir, 'vectors/sls-sign-vectors.json'), 'utf8')) as {
  vectors: Vector[];
};

function bodyOf(vector: Vector): Buffer {
  return vector.bodyHex === undefined ? Buffer.from(vector.bodyUtf8 ?? '') : Buffer.from(vector.bodyHex, 'hex');
}

function changed(text: string, at: number): string {
  return `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`;
}

function changedByte(body: Buffer): Buffer {
  const other = Buffer.from(body);
  other[other.length - 1]! ^= 1;
  return other;
}

// The published ones are of SDKs' unit tests: no request that exists, so the verifier takes them without the way there.
describe('the signatures that other SDKs publish', () => {
  for (const vector of vectors.filter(({ origin }) => origin === 'published-in-sdk-tests')) {
    const body = bodyOf(vector);
    const lower = new Map(Object.entries(vector.headers).map(([name, value]) => [name.trim().toLowerCase(), value]));
    if (vector.version === 'v4') {
      lower.set('x-log-date', vector.dateTime!);
      lower.set('x-log-content-sha256', createHash('sha256').update(body).digest('hex'));
    }
    const verify = (authorization: string, sent: Buffer) => {
      const headers = new Map([...lower, ['authorization', authorization]].map(([name, value]) => [name!, [value!]]));
      const date = lower.get('date');
      const nowMs = Date.parse(
        date ?? vector.dateTime!.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z'),
      );
      const { method, path, accessKeyId, accessKeySecret, region } = vector;
      return verifySignature(
        { method, path, query: Object.entries(vector.query), headers, body: sent },
        { accessKeyId, accessKeySecret, region, securityToken: lower.get('x-acs-security-token'), nowMs },
      );
    };
    test(`${vector.name} is accepted, and refused with one character of it changed`, () => {
      assert.equal(verify(vector.authorization, body), null);
      const { length } = vector.authorization;
      for (const at of [length - 2, length - 5]) {
        assert.equal(verify(changed(vector.authorization, at), body)?.code, 'SignatureNotMatch');
      }
      const covered = lower.has('content-md5') || vector.version === 'v4';
      if (body.length > 0 && covered) {
        assert.equal(verify(vector.authorization, changedByte(body))?.code, 'SignatureNotMatch');
      }
    });
  }
});

describe("the requests of the vendor's own packages", () => {
  for (const vector of vectors.filter(({ origin }) => origin !== 'published-in-sdk-tests')) {
    const query = new URLSearchParams(vector.query).toString();
    const target = query === '' ? vector.path : `${vector.path}?${query}`;
    const sendVector = (emulator: Emulator, change: Headers, body: Buffer) => {
      const { 'content-length': _, ...headers } = vector.headers;
      const host = headers['host'] === undefined ? { Host: 'test-project.cn-hangzhou.log.aliyuncs.com' } : {};
      const authorization = headers['Authorization'] === undefined ? 'authorization' : 'Authorization';
      const all = { ...host, ...headers, [authorization]: vector.authorization, ...change };
      return send(emulator.url, vector.method, target, all, body);
    };
    test(`${vector.name} is written, and refused with one byte of signature or body changed`, async () => {
      const emulator = await createEmulator({
        accessKeyId: vector.accessKeyId,
        accessKeySecret: vector.accessKeySecret,
        securityToken: vector.headers['x-acs-security-token'],
        region: vector.region,
        clock: () => Date.parse('2024-01-02T03:04:05Z'),
      });
      try {
        const body = bodyOf(vector);
        const answer = await sendVector(emulator, {}, body);
        assert.deepEqual([answer.status, answer.body.toString()], [200, '']);
        assert.match(String(answer.headers['x-log-requestid']), /^[0-9A-F]{24}$/);
        const [log] = emulator.logs();
        assert.deepEqual(
          [log!.service, log!.project, log!.logstore, log!.hashKey],
          ['sls', 'test-project', 'test-logstore', vector.query['key'] ?? vector.headers['x-log-hashkey'] ?? ''],
        );
        assert.equal(log!.time, 1_704_164_645);
        assert.deepEqual(
          log!.contents.filter(({ key }) => key === 'message'),
          [{ key: 'message', value: 'hello' }],
        );
        const written = emulator.stats().logs;

        const { length } = vector.authorization;
        const name = vector.headers['Authorization'] === undefined ? 'authorization' : 'Authorization';
        const forged = await sendVector(emulator, { [name]: changed(vector.authorization, length - 3) }, body);
        assert.deepEqual([forged.status, forged.json.errorCode], [401, 'SignatureNotMatch']);
        const altered = await sendVector(emulator, {}, changedByte(body));
        assert.deepEqual([altered.status, altered.json.errorCode], [401, 'SignatureNotMatch']);
        for (const [header, value] of Object.entries(vector.headers)) {
          const own = /^(?:x-log-(?!date)|x-acs-)/i.test(header) || /^content-(?:md5|type)$/i.test(header);
          const other = header.toLowerCase() === 'x-log-apiversion' ? null : changed(value, value.length - 1);
          if (!own || other === null) continue;
          const refusal = await sendVector(emulator, { [header]: other }, body);
          const code = header === 'x-log-signaturemethod' ? 'InvalidSignatureMethod' : 'SignatureNotMatch';
          assert.equal(refusal.json.errorCode, code, header);
        }
        assert.equal(emulator.stats().logs, written);
      } finally {
        await emulator.close();
      }
    });
  }
});

describe('the signature of an SLS request', () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await createEmulator({ region: 'cn-hangzhou' });
  });
  after(() => emulator.close());

  const refused = async (options: SlsOptions, status: number, code: string, message?: RegExp) => {
    const answer = await putSls(emulator, { Logs: [slsLog({ a: '1' })] }, options);
    assert.deepEqual([answer.status, answer.json?.errorCode], [status, code], answer.body.toString());
    if (message) assert.match(answer.json.errorMessage, message);
    assert.equal(emulator.stats().logs, 0);
  };

  test('is taken in each of its three kinds', async () => {
    for (const kind of ['hmac-sha1', 'hmac-sha256', 'v4'] as const) {
      const answer = await putSls(emulator, { Logs: [slsLog({ a: '1' })] }, { signing: { kind } });
      assert.equal(answer.status, 200, answer.body.toString());
    }
    emulator.reset();
  });

  test('of a wrong key is refused with a code for its mistake', async () => {
    for (const kind of ['hmac-sha1', 'hmac-sha256', 'v4'] as const) {
      await refused({ signing: { kind, accessKeySecret: 'other' } }, 401, 'SignatureNotMatch');
      await refused({ signing: { kind, accessKeyId: 'other' } }, 401, 'InvalidAccessKeyId');
      await refused({ signing: { kind, accessKeyId: '' } }, 400, 'MissAccessKeyId');
    }
    await refused({ unsigned: { Authorization: null } }, 400, 'MissAccessKeyId');
    for (const Authorization of [
      'LOG',
      'LOG demo',
      'Basic demo:eA==',
      'SLS4-HMAC-SHA256 Credential=demo,Signature=00',
    ]) {
      await refused({ unsigned: { Authorization } }, 401, 'Unauthorized');
    }
  });

  test('holds for fifteen minutes in both directions', async () => {
    for (const kind of ['hmac-sha1', 'v4'] as const) {
      const at = (minutes: number): SlsOptions => ({ signing: { kind, atMs: Date.now() + minutes * 60_000 } });
      await refused(at(-16), 400, 'RequestTimeExpired');
      await refused(at(16), 400, 'RequestTimeTooSkewed');
      for (const minutes of [-14, 14]) {
        assert.equal((await putSls(emulator, { Logs: [slsLog({ a: '1' })] }, at(minutes))).status, 200);
      }
      emulator.reset();
    }
  });

  test('needs a date it can read', async () => {
    await refused({ unsigned: { Date: null } }, 400, 'MissingDate');
    for (const date of [
      '2024-01-02T03:04:05Z',
      'Tue, 32 Jan 2024 03:04:05 GMT',
      'Tue, 02 Jan 2024 03:04:05 +0800',
      '',
    ]) {
      await refused({ unsigned: { Date: date } }, 400, 'InvalidDateFormat');
    }
    const v4: SlsSigning = { kind: 'v4' };
    await refused({ signing: v4, unsigned: { 'x-log-date': null } }, 400, 'MissingDate');
    await refused({ signing: v4, unsigned: { 'x-log-date': new Date().toUTCString() } }, 400, 'InvalidDateFormat');
  });

  test('takes x-log-date in the place of Date, without signing it as a header', async () => {
    const date = new Date().toUTCString();
    const options: SlsOptions = { headers: { 'x-log-date': date, Date: new Date(0).toUTCString() } };
    assert.equal((await putSls(emulator, { Logs: [slsLog({ a: '1' })] }, options)).status, 200);
    emulator.reset();
    await refused({ headers: { 'x-log-date': new Date(0).toUTCString() } }, 400, 'RequestTimeExpired');
  });

  test('names its method, one of two', async () => {
    await refused({ unsigned: { 'x-log-signaturemethod': null } }, 400, 'MissingSignatureMethod');
    await refused({ unsigned: { 'x-log-signaturemethod': 'hmac-md5' } }, 400, 'InvalidSignatureMethod');
  });

  test('of v4 covers scope, region and body', async () => {
    const scopes: SlsSigning[] = [
      { region: 'cn-beijing' },
      { service: 'TLS' },
      { terminator: 'request' },
      { scopeDate: '20200101' },
      { contentSha256: 'e'.repeat(64) },
    ];
    for (const signing of scopes) await refused({ signing: { kind: 'v4', ...signing } }, 401, 'SignatureNotMatch');
    await refused({ signing: { kind: 'v4' }, unsigned: { 'x-log-content-sha256': null } }, 401, 'SignatureNotMatch');
    await refused({ signing: { kind: 'v4' }, unsigned: { Host: 'other.localhost' } }, 401, 'SignatureNotMatch');
  });

  test('covers Content-MD5 as it was sent, which is compared in either letter case', async () => {
    const group = { Logs: [slsLog({ a: '1' })] };
    const right = md5(encodeGroup(group));
    const lower = await putSls(emulator, group, { headers: { 'Content-MD5': right.toLowerCase() } });
    assert.equal(lower.status, 200);
    emulator.reset();
    await refused({ unsigned: { 'Content-MD5': right.toLowerCase() } }, 401, 'SignatureNotMatch');
    await refused({ headers: { 'Content-MD5': '0'.repeat(32) } }, 401, 'SignatureNotMatch', /Content-MD5/);
    await refused({ headers: { 'Content-MD5': 'rL0Y20zC+Fzt72VPzMSk2A==' } }, 401, 'SignatureNotMatch', /Content-MD5/);
  });

  test('must carry the configured token, and no other', async () => {
    await refused({ headers: { 'x-acs-security-token': 'token' } }, 401, 'Unauthorized', /token/);
    const withToken = await createEmulator({ securityToken: 'token' });
    try {
      for (const kind of ['hmac-sha1', 'v4'] as const) {
        const status = async (token: string | null) =>
          (
            await putSls(
              withToken,
              { Logs: [slsLog({ a: '1' })] },
              { signing: { kind }, headers: { 'x-acs-security-token': token } },
            )
          ).status;
        assert.deepEqual([await status('token'), await status('other'), await status(null)], [200, 401, 401]);
      }
    } finally {
      await withToken.close();
    }
  });

  test('covers every header of the service, and one sent twice is refused', async () => {
    await refused({ unsigned: { 'x-log-hashkey': '0'.repeat(32) } }, 401, 'SignatureNotMatch');
    const target = '/logstores/test-logstore/shards/lb';
    const headers = {
      Host: hostOf(emulator),
      'x-log-apiversion': '0.6.0',
      Authorization: 'LOG demo:AAAA',
      // Node sends a list as as many headers.
      'x-log-bodyrawsize': ['0', '1'] as unknown as string,
    };
    const answer = await send(emulator.url, 'POST', target, headers, Buffer.alloc(0));
    assert.deepEqual([answer.status, answer.json.errorCode], [401, 'SignatureNotMatch']);
    assert.match(answer.json.errorMessage, /more than once/);
  });

  test('covers the query', async () => {
    const target = (key: string): string => `/logstores/test-logstore/shards/route?key=${key.repeat(32)}`;
    const body = encodeGroup({ Logs: [slsLog({ a: '1' })] });
    const headers = signSls(
      emulator,
      'POST',
      target('1'),
      {
        Host: hostOf(emulator),
        'Content-Type': 'application/x-protobuf',
        'x-log-apiversion': '0.6.0',
        'x-log-bodyrawsize': String(body.length),
      },
      body,
    );
    const other = await send(emulator.url, 'POST', target('2'), headers, body);
    assert.deepEqual([other.status, other.json.errorCode], [401, 'SignatureNotMatch']);
    assert.equal((await send(emulator.url, 'POST', target('1'), headers, body)).status, 200);
  });
});
