// telemetry/secrets.ts: each form in which a secret may come back is masked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretsInHeaders, secretsInProxy, withoutSecrets } from '@putlogs/core/internal/telemetry/secrets';

const SECRET = 'p/q+r=s "t"\\ü&';

const forms: readonly (readonly [string, string])[] = [
  ['raw', SECRET],
  ['URL-encoded', encodeURIComponent(SECRET)],
  ['URL-encoded with small digits', encodeURIComponent(SECRET).replace(/%../g, (digits) => digits.toLowerCase())],
  ['form-encoded', new URLSearchParams({ s: SECRET }).toString().slice(2)],
  ['JSON-escaped', JSON.stringify(SECRET)],
  ['JSON-escaped as PHP does', JSON.stringify(SECRET).replaceAll('/', '\\/')],
];

for (const [form, text] of forms) {
  test(`a secret that comes back ${form} is masked`, () => {
    const masked = withoutSecrets(`before ${text} after`, [SECRET]);
    assert.match(masked, /^before "?\*\*\*"? after$/);
  });
}

test('a secret inside a longer base64 text is masked at each of the three alignments', () => {
  for (const before of ['', 'a', 'ab', 'abc']) {
    for (const encoding of ['base64', 'base64url'] as const) {
      const text = Buffer.from(`${before}${SECRET}|rest`).toString(encoding);
      const masked = withoutSecrets(text, [SECRET]);
      assert.match(masked, /\*\*\*/, text);
      const left = masked.split('***').map((part) => Buffer.from(part, encoding).toString());
      assert.ok(!left.some((part) => part.includes('q+r')), text);
    }
  }
});

test('a secret that is a part of another one does not leave the rest of that one', () => {
  assert.equal(withoutSecrets('abcdef abc', ['abc', 'abcdef']), '*** ***');
});

test('no secrets and empty secrets change nothing', () => {
  assert.equal(withoutSecrets('text', ['']), 'text');
  assert.equal(withoutSecrets('text', []), 'text');
});

test('the signature and the token of a request are secrets, in each of the signature formats', () => {
  const signature = (authorization: string) => secretsInHeaders({ Authorization: authorization })[1];
  assert.equal(
    signature('HMAC-SHA256 Credential=id/20260101/r/TLS/request, SignedHeaders=a;b, Signature=0a1b'),
    '0a1b',
  );
  assert.equal(signature('SLS4-HMAC-SHA256 Credential=id/20260101/r/sls/aliyun_v4_request,Signature=0a1b'), '0a1b');
  assert.equal(signature('LOG id:a+b/c='), 'a+b/c=');
  assert.equal(signature('Bearer key'), 'key');
  const tokens = { 'X-Security-Token': 't1', 'x-acs-security-token': 't2', 'x-api-key': 't3', 'x-log-date': 'd' };
  assert.deepEqual(
    secretsInHeaders(tokens).filter((text) => text !== ''),
    ['t1', 't2', 't3'],
  );
});

test('the password of a proxy is a secret, as it stands in the address and as the header has it', () => {
  const secrets = secretsInProxy('http://me:p%40ss@proxy:3128');
  assert.deepEqual(secrets, ['p%40ss', 'p@ss', 'me:p@ss', Buffer.from('me:p@ss').toString('base64')]);
  assert.deepEqual(secretsInProxy('http://proxy:3128'), []);
  assert.deepEqual(secretsInProxy(undefined), []);
});
