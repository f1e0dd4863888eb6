// MD5 of our own: the same digests as OpenSSL's.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { md5, opensslHasMd5, ownMd5 } from '@putlogs/core/internal/runtime/md5';

const byOpenSsl = (data: string | Uint8Array) => createHash('md5').update(data).digest('hex');

test('the digests of RFC 1321 are those of the RFC', () => {
  const digests: Readonly<Record<string, string>> = {
    '': 'd41d8cd98f00b204e9800998ecf8427e',
    a: '0cc175b9c0f1b6a831c399e269772661',
    abc: '900150983cd24fb0d6963f7d28e17f72',
    'message digest': 'f96b697d7cb7938d525a2f31aaf161d0',
    abcdefghijklmnopqrstuvwxyz: 'c3fcd3d76192e4007dfb496cca67e13b',
    ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789: 'd174ab98d277d9f5a5611c2c9f419d9f',
    '12345678901234567890123456789012345678901234567890123456789012345678901234567890':
      '57edf4a22be3c955ac49da2e2107b67a',
  };
  for (const [text, digest] of Object.entries(digests)) assert.equal(ownMd5(text), digest);
});

test('a digest is the one of OpenSSL for every length, and for text that is not ASCII', {
  skip: !opensslHasMd5(),
}, () => {
  for (let length = 0; length <= 260; length += 1) {
    const bytes = randomBytes(length);
    assert.equal(ownMd5(bytes), byOpenSsl(bytes), bytes.toString('hex'));
  }
  const body = randomBytes(1_000_003);
  assert.equal(ownMd5(body), byOpenSsl(body));
  assert.equal(ownMd5(body.subarray(7, 99_999)), byOpenSsl(body.subarray(7, 99_999)));
  assert.equal(ownMd5('pod-实例-7'), byOpenSsl('pod-实例-7'));
  assert.equal(md5('pod-实例-7'), byOpenSsl('pod-实例-7'));
});
