// The signatures of Alibaba Cloud SLS, compared with vectors: same request, same time, same keys.
// The vectors are from the unit tests of the vendor's SDKs and from its npm packages; the file has the source of each.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { aliyunSls } from '@putlogs/core/internal/targets/sls/put-logs';
import { queryOf, signV1, V4Signer } from '@putlogs/core/internal/targets/sls/sign';

interface Vector {
  readonly name: string;
  readonly version: 'v1' | 'v4';
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly region?: string;
  readonly dateTime?: string;
  readonly bodyHex?: string;
  readonly bodyUtf8?: string;
  readonly authorization: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}

const { vectors } = JSON.parse(readFileSync(join(__dirname, '../../vectors/sls-sign-vectors.json'), 'utf8')) as {
  vectors: Vector[];
};
assert.equal(vectors.length, 25);

const bodyOf = ({ bodyHex, bodyUtf8 = '' }: Vector) =>
  bodyHex === undefined ? Buffer.from(bodyUtf8) : Buffer.from(bodyHex, 'hex');

/** One for each region, as in a shipper: it keeps its key from one vector to the next. */
const signers = new Map<string, V4Signer>();

function signerOf(region: string): V4Signer {
  const signer = signers.get(region) ?? new V4Signer(region);
  signers.set(region, signer);
  return signer;
}

test('the vectors of v4 are from several days, so that their signers need several keys', () => {
  const days = vectors.flatMap(({ dateTime, region }) =>
    dateTime === undefined ? [] : [`${region} ${dateTime.slice(0, 8)}`],
  );
  assert.ok(new Set(days).size > new Set(days.map((day) => day.split(' ')[0])).size, `${days}`);
});

test('a signer of v4 follows the day and the secret, back and forth', () => {
  const signer = new V4Signer('cn-hangzhou');
  for (const [day, accessKeySecret] of [
    ['20300101', 'one'],
    ['20300102', 'one'],
    ['20300102', 'two'],
    ['20300101', 'one'],
    ['20300101', 'one'],
  ] as const) {
    const headers = { 'x-log-date': `${day}T000000Z`, 'x-log-content-sha256': 'hash' };
    const request = { method: 'POST', path: '/', query: {}, headers };
    const keys = { accessKeyId: 'id', accessKeySecret };
    assert.equal(signer.sign(request, keys), new V4Signer('cn-hangzhou').sign(request, keys));
  }
});

for (const vector of vectors) {
  test(`the signature of ${vector.name} is reproduced`, () => {
    const { method, path, query, version, region, dateTime } = vector;
    const headers = { ...vector.headers };
    for (const name of Object.keys(headers)) if (name.toLowerCase() === 'authorization') delete headers[name];
    if (version === 'v1') return assert.equal(signV1({ method, path, query, headers }, vector), vector.authorization);
    // The published vectors have the time and the body beside the headers.
    headers['x-log-date'] = dateTime!;
    headers['x-log-content-sha256'] = createHash('sha256').update(bodyOf(vector)).digest('hex');
    assert.equal(signerOf(region!).sign({ method, path, query, headers }, vector), vector.authorization);
  });
}

/** Vectors of PostLogStoreLogs, which the target builds as a whole. */
const WHOLE: Record<string, { region: string; hashKey?: true; routing?: 'header' }> = {
  'npm-sign-lb-lz4': { region: '' },
  'npm-sign-route-key-lz4': { region: '', hashKey: true },
  'npm-sign-lb-hashkey-header-lz4': { region: '', hashKey: true, routing: 'header' },
  'npm-sign-lb-lz4-sts': { region: '' },
  'gw-v4-putlogs-lb-lz4': { region: 'cn-hangzhou' },
  'gw-v4-putlogs-route-lz4': { region: 'cn-hangzhou', hashKey: true },
  'gw-v4-putlogs-lb-lz4-sts': { region: 'cn-hangzhou' },
  'gw-v4-putlogs-lb-none': { region: 'cn-hangzhou' },
};

for (const [name, { region, hashKey, routing = 'route' }] of Object.entries(WHOLE)) {
  test(`the request of ${name} is built to the byte`, () => {
    const vector = vectors.find((other) => other.name === name)!;
    const lower = new Map(Object.entries(vector.headers).map(([key, value]) => [key.toLowerCase(), value]));
    const { accessKeyId, accessKeySecret } = vector;
    const securityToken = lower.get('x-acs-security-token');
    const target = aliyunSls({
      endpoint: 'https://cn-hangzhou.log.aliyuncs.com',
      region,
      project: 'test-project',
      logstore: 'test-logstore',
      customDomain: false,
      routing,
      signature: region === '' ? 'v1' : 'v4',
      credentials: () => ({ accessKeyId, accessKeySecret, securityToken }),
    });
    const body = bodyOf(vector);
    const key = vector.query['key'] ?? lower.get('x-log-hashkey') ?? '';
    assert.equal(key !== '', hashKey === true);
    const codec = lower.get('x-log-compresstype') === 'lz4' ? ('lz4' as const) : ('none' as const);
    const place = { firstRecord: 0, entriesFrom: 0, entriesTo: 0, count: 1, packId: '' };
    const batch = { ...place, hashKey: key, rawBytes: Number(lower.get('x-log-bodyrawsize')), codec, body };
    const request = target.request(batch, Date.UTC(2024, 0, 2, 3, 4, 5));
    assert.equal(target.origin, 'https://test-project.cn-hangzhou.log.aliyuncs.com');
    assert.equal(request.path, queryOf(vector.query) === '' ? vector.path : `${vector.path}?${queryOf(vector.query)}`);
    assert.deepEqual(request.body, body);
    const ours = new Map(Object.entries(request.headers).map(([header, value]) => [header.toLowerCase(), value]));
    ours.set('authorization', ours.get('authorization')!);
    for (const [header, value] of lower) {
      if (/^(accept|user-agent|content-length)$/.test(header)) continue;
      assert.equal(ours.get(header), value, header);
    }
    assert.equal(ours.get('authorization'), vector.authorization);
  });
}

test('the project is the first label of the host name; on this machine, of the Host header only', () => {
  const at = (endpoint: string) => {
    const target = aliyunSls({
      endpoint,
      region: '',
      project: 'p-1',
      logstore: 'store',
      customDomain: false,
      routing: 'route',
      signature: 'v1',
      credentials: () => ({ accessKeyId: 'a', accessKeySecret: 's' }),
    });
    const body = Buffer.from('x');
    const place = { firstRecord: 0, entriesFrom: 0, entriesTo: 0, count: 1, packId: '', hashKey: '', rawBytes: 1 };
    return [target.origin, target.request({ ...place, codec: 'none', body }, 0).headers['Host']];
  };
  assert.deepEqual(at('https://cn-hangzhou.log.aliyuncs.com'), [
    'https://p-1.cn-hangzhou.log.aliyuncs.com',
    'p-1.cn-hangzhou.log.aliyuncs.com',
  ]);
  assert.deepEqual(at('https://p-1.cn-hangzhou.log.aliyuncs.com'), [
    'https://p-1.cn-hangzhou.log.aliyuncs.com',
    'p-1.cn-hangzhou.log.aliyuncs.com',
  ]);
  assert.deepEqual(at('http://127.0.0.1:4700'), ['http://127.0.0.1:4700', 'p-1.127.0.0.1:4700']);
  assert.deepEqual(at('http://localhost:4700'), ['http://localhost:4700', 'p-1.localhost:4700']);
  assert.deepEqual(at('http://[::1]:4700'), ['http://[::1]:4700', 'p-1.localhost:4700']);
});
