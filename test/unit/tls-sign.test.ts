// The signature of Volcengine TLS, compared with vectors: same request, same time, same keys.
// The vectors are from the vendor's SDKs and tests; test/vectors has the source of each.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { volcTls } from '@putlogs/core/internal/targets/tls/put-logs';
import { canonicalQuery, type UnsignedRequest, VolcSigner } from '@putlogs/core/internal/targets/tls/sign';
import { root } from './transcoded';

interface Vectors {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  protobuf: { rawBase64: string; rawSha256: string; rawLength: number };
  cases: {
    name: string;
    method: string;
    url: string;
    headers: Record<string, string>;
    bodyBase64: string;
    xContentSha256EqualsBodySha256: boolean;
    authorization: string;
  }[];
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
      signedHeaderValues: Record<string, string>;
      authorization: string;
    }[];
  };
}

const vectors = JSON.parse(readFileSync(join(__dirname, '../../vectors/volc-sign-vectors.json'), 'utf8')) as Vectors;

const ADDED_BY_SIGNING = ['x-date', 'x-content-sha256', 'x-security-token', 'authorization'];

for (const golden of vectors.officialGoldens.cases) {
  test(`the published signature of ${golden.name} is reproduced`, () => {
    assert.equal(
      sign(golden, golden.region, golden.accessKeyId, golden.secretAccessKey, golden.signedHeaderValues, golden.body),
      golden.authorization,
    );
  });
}

for (const vector of vectors.cases.filter(({ name }) => !name.includes('QUIRK'))) {
  test(`the signature of ${vector.name} is reproduced`, () => {
    const { pathname, searchParams } = new URL(vector.url);
    const request = { method: vector.method, path: pathname, query: Object.fromEntries(searchParams) };
    const signed = /SignedHeaders=([^,]+)/.exec(vector.authorization)![1]!.split(';');
    const lower = Object.fromEntries(
      Object.entries(vector.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    // The SDKs differ in the headers that they sign. Our signer signs all headers, so only those are passed.
    const headers = Object.fromEntries(signed.map((name) => [name, lower[name]!]));
    const body = Buffer.from(vector.bodyBase64, 'base64');
    assert.equal(
      sign(request, vectors.region, vectors.accessKeyId, vectors.secretAccessKey, headers, body),
      vector.authorization,
    );
  });
}

function sign(
  request: { method: string; path: string; query: Record<string, string> },
  region: string,
  accessKeyId: string,
  accessKeySecret: string,
  signedHeaders: Record<string, string>,
  body: string | Buffer,
): string {
  const date = signedHeaders['x-date']!;
  const wallMs = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  const headers = Object.fromEntries(
    Object.entries(signedHeaders).filter(([name]) => !ADDED_BY_SIGNING.includes(name)),
  );
  const unsigned: UnsignedRequest = { ...request, headers, body: Buffer.from(body) };
  const securityToken = signedHeaders['x-security-token'];
  const all = new VolcSigner(region).sign(unsigned, { accessKeyId, accessKeySecret, securityToken }, wallMs);
  assert.equal(all['X-Content-Sha256'], signedHeaders['x-content-sha256']);
  return all['Authorization']!;
}

test('the published body of the vendor is reproduced byte for byte', () => {
  const Log = root.lookupType('Log');
  const entries = Array.from({ length: 10 }, (_, i) => {
    const value = `value${10 - i}`;
    const log = { Time: 1_750_733_700, Contents: ['k1', 'k2'].map((Key) => ({ Key, Value: value })) };
    const bytes = Log.encode(Log.fromObject(log)).finish();
    return Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes]);
  });
  const logs = Buffer.concat(entries);
  const target = volcTls({
    endpoint: 'https://tls-cn-beijing.volces.com',
    region: 'cn-beijing',
    topicId: 't',
    credentials: () => ({ accessKeyId: 'a', accessKeySecret: 's' }),
  });
  const { head, tail } = target.frame(
    { source: 'c-shard-sdk', topic: '', fileName: 'c-shard-fn', tags: {}, packId: '' },
    logs.length,
  );
  const body = Buffer.concat([head, logs, tail]);
  assert.equal(body.length, vectors.protobuf.rawLength);
  assert.equal(createHash('sha256').update(body).digest('hex'), vectors.protobuf.rawSha256);
  assert.deepEqual(body, Buffer.from(vectors.protobuf.rawBase64, 'base64'));
});

test('a query is sorted and percent-encoded as in RFC 3986', () => {
  assert.equal(canonicalQuery({ b: "x y/é!'()*~", a: '' }), 'a=&b=x%20y%2F%C3%A9%21%27%28%29%2A~');
});

test('the headers of a signed request contain no secret', () => {
  const credentials = { accessKeyId: 'id', accessKeySecret: 'the-very-secret' };
  const unsigned = { method: 'POST', path: '/', query: {}, headers: { Host: 'h' }, body: Buffer.alloc(0) };
  const headers = new VolcSigner('r').sign(unsigned, credentials, 0);
  assert.doesNotMatch(JSON.stringify(headers), /the-very-secret/);
});
