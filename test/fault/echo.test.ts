// A service, or a proxy, that answers with the request it received: no secret of the request is shown.
//
// The answer repeats the secret key, the security token, the signature and the whole Authorization header. It does so
// in the message, the error code and the request id, raw and in the encodings that servers use.

import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createShipper, type PutlogsOptions, type Warning } from '@putlogs/core';
import { temporaryDirectory } from '../support/directory';
import { addressOf, optionsFor, REGION, until } from '../support/emulator';
import { targetNamed } from '../support/targets';

const SECRET = 'secret/key+with=signs&"quotes"';
const TOKEN = 'token/with+signs==and&more';

const ENCODINGS: Readonly<Record<string, (text: string) => string>> = {
  raw: (text) => text,
  'URL-encoded': encodeURIComponent,
  'URL-encoded with small digits': (text) => encodeURIComponent(text).replace(/%../g, (digits) => digits.toLowerCase()),
  'JSON-escaped': (text) => JSON.stringify(text),
  'in base64': (text) => Buffer.from(`>${text}<`).toString('base64'),
};

interface Case {
  readonly name: string;
  readonly target: 'volc-tls' | 'aliyun-sls';
  readonly options: PutlogsOptions;
  readonly tokenHeader: string;
  readonly signatureOf: (authorization: string) => string;
}

const CASES: readonly Case[] = [
  {
    name: 'TLS',
    target: 'volc-tls',
    options: {},
    tokenHeader: 'x-security-token',
    signatureOf: (text) => text.split('Signature=')[1]!,
  },
  {
    name: 'SLS, signature v1',
    target: 'aliyun-sls',
    options: { signature: 'v1' },
    tokenHeader: 'x-acs-security-token',
    signatureOf: (text) => text.split(':')[1]!,
  },
  {
    name: 'SLS, signature v4',
    target: 'aliyun-sls',
    options: { signature: 'v4', region: REGION },
    tokenHeader: 'x-acs-security-token',
    signatureOf: (text) => text.split('Signature=')[1]!,
  },
];

for (const { name, target: targetName, options, tokenHeader, signatureOf } of CASES) {
  test(`no secret is shown when the service answers with the request: ${name}`, async () => {
    const target = targetNamed(targetName);
    const file = join(temporaryDirectory('echo'), 'dead.ndjson');
    const secrets = (request: IncomingMessage): string[] => {
      const authorization = request.headers.authorization!;
      return [SECRET, String(request.headers[tokenHeader]), signatureOf(authorization), authorization];
    };
    const sent = new Set<string>();
    const encodings = Object.values(ENCODINGS);
    const plan = encodings.flatMap((encode) => [0, 1, 2, 3].map((which) => ({ encode, which })));
    let answered = 0;
    const server = await serve((request, response) => {
      // Each secret is refused once as a dead letter, then held once under a code that repeats it.
      const { encode, which } = plan[Math.floor(answered / 2) % plan.length]!;
      const isHeld = answered % 2 === 1;
      answered += 1;
      const secret = secrets(request)[which]!;
      for (const each of secrets(request)) for (const form of encodings) sent.add(form(each));
      const text = `echo ${encode(secret)} end`;
      const code = isHeld ? text : target.codes.refused;
      const [status, header] = [isHeld ? 403 : 400, encode(secret).replaceAll('\n', '')];
      response.writeHead(status, { [target.requestIdHeader]: header, 'content-type': 'application/json' });
      response.end(JSON.stringify({ ErrorCode: code, ErrorMessage: text, errorCode: code, errorMessage: text }));
    });
    const shipper = createShipper({
      ...optionsFor(addressOf(server), target),
      credentials: { accessKeyId: 'id', accessKeySecret: SECRET, securityToken: TOKEN },
      deadLetter: { file },
      retry: { baseMs: 1, maxMs: 2 },
      lingerMs: 1,
      ...options,
    });
    const shown = await collect(shipper, async () => {
      while (answered < plan.length * 2) {
        const before = answered;
        shipper.write('{"message":"one"}');
        await until('the record is answered', () => answered > before);
        await shipper.flush({ timeoutMs: 50 });
      }
    });
    shown.push(readFileSync(file, 'utf8'));
    assert.ok(shown.length > plan.length / 2, `${shown.length} texts`);
    assert.ok(shown.some((text) => text.includes('echo *** end') || text.includes('***')));
    // The parts of a base64 text beside the secret differ, so the raw secret is looked for in what it decodes to.
    for (const text of shown) for (const form of sent) assert.ok(!text.includes(form), `${form} in ${text}`);
    for (const text of shown) {
      for (const base64 of text.match(/[\w+/]{8,}={0,2}/g) ?? []) {
        const plain = Buffer.from(base64, 'base64').toString();
        for (const secret of [SECRET, TOKEN]) assert.ok(!plain.includes(secret.slice(3, -3)), `${secret} in ${text}`);
      }
    }
  });
}

test('no password is shown when a proxy answers in the name of the service with what it received', async () => {
  const target = targetNamed('volc-tls');
  const password = 'p@ss/word+1';
  let received = '';
  const proxy = createServer();
  proxy.on('connect', (request, socket) => {
    received = String(request.headers['proxy-authorization']);
    socket.on('error', () => {});
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    socket.once('data', () => {
      const plain = Buffer.from(received.slice('Basic '.length), 'base64').toString();
      const message = `${received} ${plain} ${password} ${encodeURIComponent(password)}`;
      const body = JSON.stringify({ ErrorCode: 'AccessDenied', ErrorMessage: message });
      const head = `HTTP/1.1 403 Forbidden\r\n${target.requestIdHeader}: id\r\ncontent-length: ${body.length}\r\n`;
      socket.end(`${head}connection: close\r\n\r\n${body}`);
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  after(() => proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const shipper = createShipper({
    ...optionsFor(addressOf('http://127.0.0.1:9'), target),
    // A name, because this machine is never reached through a proxy.
    endpoint: 'http://logs.example.com',
    allowInsecure: true,
    proxy: `http://me:${encodeURIComponent(password)}@127.0.0.1:${port}`,
  });
  const shown = await collect(shipper, async () => {
    shipper.write('{"message":"one"}');
    await until('the proxy has answered', () => received !== '' && shipper.stats().retries > 0);
  });
  const text = shown.join('\n');
  assert.match(text, /\*\*\*/);
  for (const form of [password, encodeURIComponent(password), received.slice('Basic '.length)]) {
    assert.ok(!text.includes(form), text);
  }
});

test('no secret is in the request id of a delivery, when a subscriber reads it', async () => {
  const target = targetNamed('volc-tls');
  const server = await serve((request, response) => {
    response.writeHead(200, { [target.requestIdHeader]: `id ${request.headers.authorization}` }).end();
  });
  const shipper = createShipper({ ...optionsFor(addressOf(server), target), lingerMs: 1 });
  const ids: string[] = [];
  const listen = (event: unknown) => ids.push((event as { requestId: string }).requestId);
  subscribe('putlogs:batch.delivered', listen);
  try {
    shipper.write('{"message":"one"}');
    await shipper.flush();
  } finally {
    unsubscribe('putlogs:batch.delivered', listen);
    await shipper.close();
  }
  assert.deepEqual(ids, ['id ***']);
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Returns every text that the shipper shows while `use` runs, and at its close. */
async function collect(shipper: ReturnType<typeof createShipper>, use: () => Promise<void>): Promise<string[]> {
  const shown: string[] = [];
  shipper.on('warning', (warning: Warning) => shown.push(warning.message));
  const listen = (event: unknown) => shown.push(JSON.stringify(event));
  subscribe('putlogs:batch.retry', listen);
  try {
    await use();
    await shipper.close({ timeoutMs: 50 });
  } finally {
    unsubscribe('putlogs:batch.retry', listen);
  }
  return shown;
}
