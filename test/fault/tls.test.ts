// Good and bad certificates: a record is sent to the service only, and never to another server.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Authority, noOpenssl as skip } from '../support/certificates';
import { runChild } from '../support/child';
import { REGION } from '../support/emulator';

const authority = new Authority();
const certificates: Record<string, { key: Buffer; cert: Buffer }> = {};

before(() => {
  if (skip) return;
  certificates['good'] = authority.certificate('good', 'IP:127.0.0.1', '-days', '1');
  certificates['other'] = authority.certificate('other', 'DNS:elsewhere.invalid', '-days', '1');
  certificates['expired'] = authority.certificate('expired', 'IP:127.0.0.1', '-days', '-1');
});

/** Ships a record to a server with this certificate, and returns its statistics and warnings. */
async function ship(certificateName: string, trust: Record<string, string>) {
  let requests = 0;
  const server = createServer(certificates[certificateName]!, (request, response) => {
    requests += 1;
    request.resume().on('end', () => response.writeHead(200, { 'x-tls-requestid': 'r' }).end());
  });
  // A client that does not trust it breaks off.
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const env = {
      PUTLOGS_ENDPOINT: `https://127.0.0.1:${port}`,
      PUTLOGS_REGION: REGION,
      PUTLOGS_TOPIC_ID: 't',
      PUTLOGS_LINGER_MS: '0',
      VOLCENGINE_ACCESS_KEY_ID: 'demo',
      VOLCENGINE_ACCESS_KEY_SECRET: 'demo-secret',
      ...trust,
    };
    const { stdout, stderr } = await runChild(join(__dirname, 'apps/one-record.js'), { env });
    const stats = JSON.parse(stdout) as { delivered: number; pending: number; kinds: string[] };
    return { ...stats, stderr, requests };
  } finally {
    server.close();
  }
}

test('with its CA in NODE_EXTRA_CA_CERTS a private service is trusted', { skip }, async () => {
  const { delivered, requests } = await ship('good', { NODE_EXTRA_CA_CERTS: authority.file });
  assert.deepEqual([delivered, requests], [1, 1]);
});

test('with its CA in tls.caFile a private service is trusted', { skip }, async () => {
  const { delivered, requests } = await ship('good', { PUTLOGS_TLS_CA_FILE: authority.file });
  assert.deepEqual([delivered, requests], [1, 1]);
});

test('a certificate of an unknown CA holds the records, names the cause, and gets no request', {
  skip,
}, async () => {
  const { pending, kinds, requests, stderr } = await ship('good', {});
  assert.deepEqual([pending, requests], [1, 0]);
  assert.deepEqual(kinds, ['hold']);
  assert.match(stderr, /UNABLE_TO_|SELF_SIGNED/);
});

test('a certificate for another name holds the records, names the cause, and gets no request', { skip }, async () => {
  const { pending, kinds, requests, stderr } = await ship('other', { NODE_EXTRA_CA_CERTS: authority.file });
  assert.deepEqual([pending, requests], [1, 0]);
  assert.deepEqual(kinds, ['hold']);
  assert.match(stderr, /ERR_TLS_CERT_ALTNAME_INVALID/);
});

test('a certificate that has expired holds the records, names the cause, and gets no request', { skip }, async () => {
  const { pending, kinds, requests, stderr } = await ship('expired', { NODE_EXTRA_CA_CERTS: authority.file });
  assert.deepEqual([pending, requests], [1, 0]);
  assert.deepEqual(kinds, ['hold']);
  assert.match(stderr, /CERT_HAS_EXPIRED/);
});
