// The HTTP client with servers and proxies that break the rules, and with connections that end at any moment.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { HttpClient, type HttpClientOptions } from '@putlogs/core/internal/http/client';
import { isProxied } from '@putlogs/core/internal/http/no-proxy';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { Authority, noOpenssl } from '../support/certificates';
import { runChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { until } from '../support/emulator';
import { type ProxyOptions, startProxy } from '../support/proxy';

const never = new AbortController().signal;
const authority = new Authority();
const ALPHA = 'alpha.example.com';

const answerOf = (id: string, body = '') =>
  `HTTP/1.1 200 OK\r\nx-id: ${id}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

interface Served {
  readonly port: number;
  /** Sockets that were accepted, in order. */
  readonly sockets: readonly Socket[];
  readonly requests: readonly string[];
}

/** Calls `serve` for each whole request: its number on its connection, and the connection's number, from 1 on. */
async function serving(
  serve: (socket: Socket, request: number, connection: number) => void,
  tls?: { key: Buffer; cert: Buffer },
): Promise<Served> {
  const sockets: Socket[] = [];
  const requests: string[] = [];
  const accept = (socket: Socket) => {
    const connection = sockets.push(socket);
    let count = 0;
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const [head, body = ''] = text.split('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(head!)?.[1] ?? '0';
      if (!text.includes('\r\n\r\n') || body.length < Number(length)) return;
      requests.push(text);
      text = '';
      count += 1;
      serve(socket, count, connection);
    });
  };
  const server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept);
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, sockets, requests };
}

function clientTo(origin: string, more: Partial<HttpClientOptions> = {}): HttpClient {
  const defaults = { connections: 1, timeoutMs: 5000, network: {}, clock: systemClock, onRequest: () => {} };
  const client = new HttpClient({ origin, ...defaults, ...more });
  after(() => client.close());
  return client;
}

const post = (headers: Record<string, string> = {}, body = 'xxxxxxxxxx') => ({
  method: 'POST' as const,
  path: '/PutLogs?a=b',
  headers,
  body: Buffer.from(body),
});

async function failureOf(client: HttpClient): Promise<string> {
  const answer = await client.request(post(), never);
  assert.ok(answer.kind === 'failed', JSON.stringify(answer));
  return answer.code;
}

test('a request has its headers as they were signed, its length, and neither chunks nor Expect', async () => {
  const { port, requests } = await serving((socket) => socket.write(answerOf('r')));
  const client = clientTo(`http://127.0.0.1:${port}`);
  await client.request(
    post({ Host: 'project.example.com', 'Content-MD5': 'ABC', 'x-log-Date': 'd', Authorization: 's' }),
    never,
  );
  const put = { method: 'PUT' as const, path: '/token', headers: {}, body: Buffer.alloc(0) };
  await client.request(put, never);
  await client.request({ ...put, method: 'GET' }, never);
  assert.equal(
    requests[0],
    'POST /PutLogs?a=b HTTP/1.1\r\nHost: project.example.com\r\nContent-MD5: ABC\r\nx-log-Date: d\r\nAuthorization: s\r\n' +
      'content-length: 10\r\nConnection: keep-alive\r\n\r\nxxxxxxxxxx',
  );
  assert.match(requests[1]!, /^PUT \/token HTTP\/1\.1\r\n/);
  assert.match(requests[1]!, /\r\ncontent-length: 0\r\n/);
  assert.match(requests[1]!, new RegExp(`Host: 127\\.0\\.0\\.1:${port}\\r\\n`));
  assert.doesNotMatch(requests.join(), /transfer-encoding|expect/i);
  assert.doesNotMatch(requests[2]!, /content-length/i);
});

for (const [what, bytes, code] of [
  ['breaks off within its head', 'HTTP/1.1 200 OK\r\nx-id:', /^ECONNRESET$/],
  ['breaks off within its body', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc', /^ECONNRESET$/],
  ['breaks off within a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nabc', /^ECONNRESET$/],
  ['has a chunk of no length', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', /^HPE_/],
  ['has two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', /^HPE_/],
  [
    'has a length and chunks',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    /^HPE_/,
  ],
  ['is no HTTP', 'SSH-2.0-OpenSSH\r\n', /^HPE_/],
  ['has a head of 64 KiB', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(65_536)}\r\n\r\n`, /^HPE_HEADER_OVERFLOW$/],
  [
    'switches protocols',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    /^ECONNRESET$/,
  ],
] as const) {
  test(`an answer that ${what} is a failure, is not requested again, and the next request arrives`, async () => {
    const { port, sockets, requests } = await serving((socket, _, connection) => {
      if (connection === 1) socket.end(bytes);
      else socket.write(answerOf('next'));
    });
    const client = clientTo(`http://127.0.0.1:${port}`);
    assert.match(await failureOf(client), code);
    assert.equal(requests.length, 1);
    const next = await client.request(post(), never);
    assert.ok(next.kind === 'answered');
    assert.deepEqual([next.headers['x-id'], sockets.length], ['next', 2]);
  });
}

test('a kept connection that ends within its answer is a failure, and the request is not repeated', async () => {
  const { port, requests } = await serving((socket, request) => {
    if (request === 1) socket.write(answerOf('r'));
    else socket.end('HTTP/1.1 200 OK\r\n');
  });
  const client = clientTo(`http://127.0.0.1:${port}`);
  assert.equal((await client.request(post(), never)).kind, 'answered');
  assert.equal(await failureOf(client), 'ECONNRESET');
  assert.equal(requests.length, 2);
});

for (const ending of ['closed', 'reset'] as const) {
  test(`a connection by TLS that is ${ending} at the moment of its next use costs no attempt`, {
    skip: noOpenssl,
  }, async () => {
    const tls = authority.certificate(`tls-${ending}`, 'IP:127.0.0.1', '-days', '1');
    const { port, sockets } = await serving((socket, request, connection) => {
      if (connection > 1 || request === 1) socket.write(answerOf('r'));
      else if (ending === 'closed') socket.end();
      else socket.destroy();
    }, tls);
    const client = clientTo(`https://127.0.0.1:${port}`, { network: { caFile: authority.file } });
    for (let n = 0; n < 3; n += 1) {
      const answer = await client.request(post(), never);
      assert.equal(answer.kind, 'answered', JSON.stringify(answer));
    }
    assert.equal(sockets.length, 2);
  });
}

test('bytes that a server sends between two answers are not read as the second answer', async () => {
  const { port } = await serving((socket, request) => {
    socket.write(answerOf(`r${request}`));
    if (request === 1) setImmediate(() => socket.write(answerOf('stray')));
  });
  const client = clientTo(`http://127.0.0.1:${port}`);
  await client.request(post(), never);
  // The stray bytes have come when a connection of their own that began later has had its answer.
  await clientTo(`http://127.0.0.1:${port}`).request(post(), never);
  await new Promise((resolve) => setImmediate(resolve));
  const answer = await client.request(post(), never);
  assert.ok(answer.kind === 'answered');
  assert.notEqual(answer.headers['x-id'], 'stray');
});

test('an answer before the end of the request counts, and the connection is closed', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.pause();
      socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const client = clientTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const answer = await client.request(post({}, 'x'.repeat(32 * 1024 * 1024)), never);
  assert.ok(answer.kind === 'answered', JSON.stringify(answer));
  assert.equal(answer.status, 413);
  sockets[0]!.resume();
  await until('the connection is closed', () => sockets[0]!.destroyed);
});

test('a connection in use while the others are retired is closed when its request has ended', async () => {
  let answerFirst = () => {};
  const { port, sockets } = await serving((socket, _, connection) => {
    if (connection > 1) socket.write(answerOf('r'));
    else answerFirst = () => socket.write(answerOf('first'));
  });
  let frozenMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + frozenMs };
  const client = clientTo(`http://127.0.0.1:${port}`, { connections: 2, clock });
  const first = client.request(post(), never);
  await until('it is sent', () => sockets.length === 1);
  frozenMs = 30_000;
  assert.equal((await client.request(post(), never)).kind, 'answered');
  assert.ok(!sockets[0]!.destroyed);
  answerFirst();
  assert.equal((await first).kind, 'answered');
  await until('the connection is closed', () => sockets[0]!.destroyed);
  assert.ok(!sockets[1]!.destroyed);
});

test('a path or a header that HTTP does not allow is a failure, not an exception', async () => {
  const client = clientTo('http://127.0.0.1:1');
  for (const wrong of [{ path: '/a b' }, { headers: { 'x-a': 'b\r\nc' } }]) {
    const answer = await client.request({ ...post(), ...wrong }, never);
    assert.ok(answer.kind === 'failed' && /^ERR_/.test(answer.code), JSON.stringify(answer));
  }
});

test('an attempt ends with its signal, and with the client, and its connection is closed', async () => {
  const { port, sockets } = await serving(() => {});
  for (const end of ['signal', 'close'] as const) {
    const client = clientTo(`http://127.0.0.1:${port}`);
    const controller = new AbortController();
    const before = sockets.length;
    const sent = client.request(post(), controller.signal);
    await until('it is connected', () => sockets.length > before);
    if (end === 'signal') controller.abort();
    else await client.close();
    const answer = await sent;
    assert.ok(answer.kind === 'failed');
    assert.equal(answer.code, end === 'signal' ? 'AbortError' : 'CLOSED');
    await until('the connection is closed', () => sockets.at(-1)!.destroyed);
  }
  const client = clientTo(`http://127.0.0.1:${port}`);
  await client.close();
  assert.equal(await failureOf(client), 'CLOSED');
  const aborted = await clientTo(`http://127.0.0.1:${port}`).request(post(), AbortSignal.abort());
  assert.ok(aborted.kind === 'failed');
  assert.equal(sockets.length, 2);
});

test('TLS asks for and checks the name in the Host header, unless it is an address', {
  skip: noOpenssl,
}, async () => {
  const names: (string | false | null)[] = [];
  const tls = authority.certificate('sni', `DNS:${ALPHA},IP:127.0.0.1`, '-days', '1');
  const { port } = await serving((socket) => {
    names.push((socket as TLSSocket & { servername: string | false | null }).servername);
    socket.write(answerOf('r'));
  }, tls);
  const client = clientTo(`https://127.0.0.1:${port}`, { network: { caFile: authority.file } });
  assert.equal((await client.request(post({ Host: `${ALPHA}:${port}` }), never)).kind, 'answered');
  assert.equal((await client.request(post({ Host: `127.0.0.1:${port}` }), never)).kind, 'answered');
  const other = await client.request(post({ Host: 'other.example.com' }), never);
  assert.ok(other.kind === 'failed' && other.code === 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.deepEqual(names, [ALPHA, false]);
});

for (const [proxyTls, serviceTls] of [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const) {
  const by = (isTls: boolean) => (isTls ? 'https' : 'http');
  test(`by a proxy of ${by(proxyTls)}, a service of ${by(serviceTls)} is reached, and the tunnel is kept`, {
    skip: (proxyTls || serviceTls) && noOpenssl,
  }, async () => {
    const names = `DNS:${ALPHA}`;
    const tls = serviceTls ? authority.certificate(`service-${proxyTls}`, names, '-days', '1') : undefined;
    const { port, sockets, requests } = await serving((socket, request) => {
      if (request < 3) socket.write(answerOf('r'));
      else socket.end();
    }, tls);
    const to = () => port;
    const certificate = proxyTls
      ? authority.certificate(`proxy-${serviceTls}`, 'IP:127.0.0.1', '-days', '1')
      : undefined;
    const proxy = await startProxy(certificate === undefined ? { to } : { to, certificate });
    after(() => proxy.close());
    const client = clientTo(`${by(serviceTls)}://${ALPHA}`, {
      network: {
        proxy: `${by(proxyTls)}://na%3Ame:p%40ss@127.0.0.1:${proxy.port}`,
        ...(proxyTls || serviceTls ? { caFile: authority.file } : {}),
      },
    });
    for (let n = 0; n < 4; n += 1) {
      const answer = await client.request(post(), never);
      assert.equal(answer.kind, 'answered', JSON.stringify(answer));
    }
    const authorityAsked = `${ALPHA}:${serviceTls ? 443 : 80}`;
    assert.deepEqual(proxy.connects, [authorityAsked, authorityAsked]);
    assert.deepEqual(proxy.names, ['na:me:p@ss', 'na:me:p@ss']);
    assert.equal(sockets.length, 2);
    assert.match(requests[0]!, new RegExp(`\r\nHost: ${ALPHA}\r\n`));
    assert.doesNotMatch(requests.join(), /proxy-/i);
  });
}

test('a proxy by TLS whose certificate is for another name gets no CONNECT', { skip: noOpenssl }, async () => {
  // It is good for the service's name, which the Host header of CONNECT has.
  const certificate = authority.certificate('wrong-proxy', `DNS:${ALPHA}`, '-days', '1');
  const proxy = await startProxy({ to: () => 1, certificate });
  after(() => proxy.close());
  const network = { proxy: `https://127.0.0.1:${proxy.port}`, caFile: authority.file };
  const answer = await clientTo(`http://${ALPHA}`, { network }).request(post(), never);
  assert.ok(answer.kind === 'failed');
  assert.equal(answer.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.match(answer.message, /^to the proxy: /);
  assert.deepEqual(proxy.connects, []);
});

for (const [what, bytes, code] of [
  ['answers with more than the answer', `HTTP/1.1 200 OK\r\n\r\n${answerOf('forged')}`, /^PROXY_INVALID$/],
  ['answers 302', 'HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n', /^PROXY_302$/],
  ['closes without an answer', '', /^ECONNRESET$/],
  ['does not speak HTTP', '\x05\x00', /^HPE_/],
  ['answers with a head of 64 KiB', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(65_536)}\r\n\r\n`, /^HPE_HEADER_OVERFLOW$/],
] as const) {
  test(`a proxy that ${what} is a failure, and gets no request`, async () => {
    const { port, requests } = await serving((socket) => socket.end(bytes));
    const client = clientTo(`http://${ALPHA}`, { network: { proxy: `http://127.0.0.1:${port}` } });
    assert.match(await failureOf(client), code);
    assert.equal(requests.length, 1);
    assert.match(requests[0]!, /^CONNECT alpha\.example\.com:80 HTTP\/1\.1\r\n/);
  });
}

test('a tunnel that does not open in time ends with its attempt, and is reported as the reason', async () => {
  const silent: ProxyOptions = { to: () => 1, behave: () => 'silent' };
  const proxy = await startProxy(silent);
  after(() => proxy.close());
  const { port, sockets } = await serving(() => {});
  const late = clientTo(`http://${ALPHA}`, { timeoutMs: 1000, network: { proxy: `http://127.0.0.1:${port}` } });
  assert.equal(await failureOf(late), 'PROXY_TIMEOUT');
  await until('the connection is closed', () => sockets[0]!.destroyed);
  const closing = clientTo(`http://${ALPHA}`, { network: { proxy: `http://127.0.0.1:${proxy.port}` } });
  const sent = closing.request(post(), never);
  await until('the proxy is asked', () => proxy.connects.length > 0);
  await closing.close();
  const answer = await sent;
  assert.ok(answer.kind === 'failed' && answer.code === 'CLOSED');
});

test('connections that are kept, direct or by a proxy, let the process end', { skip: noOpenssl }, async () => {
  const tls = authority.certificate('idle', `DNS:${ALPHA},IP:127.0.0.1`, '-days', '1');
  const { port } = await serving((socket) => socket.write(answerOf('r')), tls);
  const certificate = authority.certificate('idle-proxy', 'IP:127.0.0.1', '-days', '1');
  const proxies = [await startProxy({ to: () => port }), await startProxy({ to: () => port, certificate })];
  after(() => Promise.all(proxies.map((proxy) => proxy.close())));
  const app = join(temporaryDirectory('http'), 'app.cjs');
  writeFileSync(
    app,
    `const { HttpClient } = require(${JSON.stringify(require.resolve('@putlogs/core/internal/http/client'))});
    const { systemClock } = require(${JSON.stringify(require.resolve('@putlogs/core/internal/runtime/clock'))});
    const [origin, caFile, proxy] = process.argv.slice(2);
    const client = new HttpClient({ origin, connections: 1, timeoutMs: 5000, network: { caFile, proxy }, clock: systemClock, onRequest() {} });
    const request = { method: 'POST', path: '/', headers: {}, body: Buffer.from('x') };
    client.request(request, new AbortController().signal).then((answer) => process.stdout.write(answer.kind));`,
  );
  const ways = [
    [`https://127.0.0.1:${port}`],
    [`https://${ALPHA}`, `http://127.0.0.1:${proxies[0]!.port}`],
    [`https://${ALPHA}`, `https://127.0.0.1:${proxies[1]!.port}`],
  ] as const;
  for (const [origin, proxy] of ways) {
    const beganMs = performance.now();
    const { stdout, stderr } = await runChild(app, { args: [origin, authority.file, ...(proxy ? [proxy] : [])] });
    assert.deepEqual([stdout, stderr], ['answered', '']);
    assert.ok(performance.now() - beganMs < 20_000, 'before an idle connection ends by itself');
  }
});

test('NO_PROXY is read by name, port and address', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['https://a.example.com', '', true],
    ['https://a.example.com', 'example.com', false],
    ['https://a.example.com', ' x , .example.com', false],
    ['https://a.example.com', 'x *.EXAMPLE.com', false],
    ['https://example.com', '.example.com', false],
    ['https://myexample.com', 'example.com', true],
    ['https://example.com', 'a.example.com', true],
    ['https://example.com', 'example.com:443', false],
    ['https://example.com', 'example.com:80', true],
    ['http://example.com', 'example.com:80', false],
    ['https://example.com:8443', 'example.com:8443', false],
    ['https://example.com', 'x,*', false],
    ['https://10.1.2.3', '10.1.2.3', false],
    ['https://10.1.2.3', '10.1.2.0/24', true],
    ['https://[2001:db8::1]', '2001:db8::1', false],
    ['https://[2001:db8::1]', '2001:DB8:0::1', false],
    ['https://[2001:db8::1]:8080', '[2001:db8::1]:8080', false],
    ['https://[2001:db8::1]', '[2001:db8::1]:8080', true],
    ['https://127.9.9.9', '', false],
    ['https://localhost', '', false],
    ['https://[::1]', '', false],
  ];
  for (const [url, noProxy, expected] of cases) {
    assert.equal(isProxied(new URL(url), noProxy), expected, `${url} with ${noProxy}`);
  }
});
