// Certificates that are good, and that are not: never is a record given to somebody else than the service.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runChild } from '../support/child';
import { REGION } from '../support/emulator';

const directory = mkdtempSync(join(tmpdir(), 'putlogs-tls-'));
after(() => rmSync(directory, { recursive: true }));
const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'this machine has no openssl';
const at = (name: string) => join(directory, name);

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { cwd: directory, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

/** A certificate for the names, signed by the test's own authority. */
function certificate(name: string, subjectAltName: string, ...validity: string[]): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=putlogs test');
  writeFileSync(at(`${name}.ext`), `subjectAltName=${subjectAltName}\n`);
  const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
  openssl('x509', '-req', '-in', `${name}.csr`, ...authority, ...validity, '-out', `${name}.pem`);
}

before(() => {
  if (skip) return;
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=putlogs test CA', '-days', '2');
  certificate('good', 'IP:127.0.0.1', '-days', '1');
  certificate('other', 'DNS:elsewhere.invalid', '-days', '1');
  certificate('expired', 'IP:127.0.0.1', '-days', '-1');
});

/** Ships a record to a server with this certificate, and gives what came of it. */
async function ship(certificateName: string, authority: string | undefined) {
  let requests = 0;
  const options = { key: readFileSync(at(`${certificateName}.key`)), cert: readFileSync(at(`${certificateName}.pem`)) };
  const server = createServer(options, (request, response) => {
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
      NODE_EXTRA_CA_CERTS: authority,
    };
    const { stdout, stderr } = await runChild(join(__dirname, 'apps/one-record.js'), { env });
    const stats = JSON.parse(stdout) as { delivered: number; pending: number; kinds: string[] };
    return { ...stats, stderr, requests };
  } finally {
    server.close();
  }
}

test('with its authority in NODE_EXTRA_CA_CERTS a private service is trusted', { skip }, async () => {
  const { delivered, requests } = await ship('good', at('ca.pem'));
  assert.deepEqual([delivered, requests], [1, 1]);
});

test('a certificate of an unknown authority holds the records, names the cause, and gets no request', {
  skip,
}, async () => {
  const { pending, kinds, requests, stderr } = await ship('good', undefined);
  assert.deepEqual([pending, requests], [1, 0]);
  assert.deepEqual(kinds, ['hold']);
  assert.match(stderr, /UNABLE_TO_|SELF_SIGNED/);
});

test('a certificate for another name holds the records, names the cause, and gets no request', { skip }, async () => {
  const { pending, kinds, requests, stderr } = await ship('other', at('ca.pem'));
  assert.deepEqual([pending, requests], [1, 0]);
  assert.deepEqual(kinds, ['hold']);
  assert.match(stderr, /ERR_TLS_CERT_ALTNAME_INVALID/);
});

test('a certificate that has expired holds the records, names the cause, and gets no request', { skip }, async () => {
  const { pending, kinds, requests, stderr } = await ship('expired', at('ca.pem'));
  assert.deepEqual([pending, requests], [1, 0]);
  assert.deepEqual(kinds, ['hold']);
  assert.match(stderr, /CERT_HAS_EXPIRED/);
});
