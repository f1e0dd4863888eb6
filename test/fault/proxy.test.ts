// A proxy between us and the service: one that works, one that does not let us through, one that says nothing.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Module } from 'node:module';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import { createShipper, type PutlogsError, type PutlogsOptions } from '@putlogs/core';
import { explainOptions, resolveOptions } from '@putlogs/core/internal/options/resolve';
import { Authority, noOpenssl } from '../support/certificates';
import { runChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import {
  closedPort,
  contentsOf,
  type Emulator,
  environmentFor,
  optionsFor,
  startEmulator,
  until,
} from '../support/emulator';
import { type ConnectProxy, type ProxyOptions, startProxy } from '../support/proxy';
import { target } from '../support/targets';

const PASSWORD = 'p@ss:w/ord';
const authority = new Authority();
const directory = temporaryDirectory('proxy');
/** A name that only the proxy knows. */
const HOST = 'logs.example.com';
let certificate: { key: Buffer; cert: Buffer };
before(() => {
  if (!noOpenssl)
    certificate = authority.certificate('service', `DNS:${HOST},DNS:*.${HOST},IP:127.0.0.1`, '-days', '1');
});

async function emulatorBehindProxy(options: Omit<ProxyOptions, 'to'> = {}) {
  const emulator = await startEmulator();
  const proxy = await startProxy({ ...options, to: () => emulator.port });
  after(async () => {
    await proxy.close();
    await emulator.close();
  });
  return { emulator, proxy };
}

/** The emulator behind TLS, with a certificate of the test's authority. */
async function startTls(emulator: Emulator): Promise<number> {
  const server = createServer(certificate, (client) => {
    const service = connect(emulator.port, '127.0.0.1');
    client.pipe(service).pipe(client);
    client.on('error', () => service.destroy());
    service.on('error', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** In plain, for what the proxy does is the same. */
function shipperBy(emulator: Emulator, proxy: ConnectProxy, more: PutlogsOptions = {}) {
  const shipper = createShipper({
    ...optionsFor(emulator),
    endpoint: `http://${HOST}`,
    allowInsecure: true,
    proxy: `http://127.0.0.1:${proxy.port}`,
    ...more,
  });
  const warnings: { kind: string; message: string }[] = [];
  shipper.on('warning', ({ kind, message }) => warnings.push({ kind, message }));
  after(() => shipper.close({ timeoutMs: 0 }));
  return { shipper, warnings };
}

/** What Jest does after the end of a suite, when the suite's last records are sent. */
function refuseRequire(t: TestContext): void {
  t.mock.method(Module.prototype, 'require', (id: string) => {
    throw new Error(`${id} is loaded after the end of the suite`);
  });
}

// The first test, because another one would load the modules before.
test('a shipper needs no `require` after its first record: not for a proxy, TLS or credentials', {
  skip: noOpenssl,
}, async (t) => {
  const emulator = await startEmulator();
  const port = await startTls(emulator);
  const proxy = await startProxy({ to: () => port });
  after(async () => {
    await proxy.close();
    await emulator.close();
  });
  const profileFile = join(directory, 'profile.json');
  const { accessKeyId, accessKeySecret } = emulator;
  const ofTls = { mode: 'ak', 'access-key': accessKeyId, 'secret-key': accessKeySecret };
  const ofSls = { name: 'one', mode: 'AK', access_key_id: accessKeyId, access_key_secret: accessKeySecret };
  const profiles = target.name === 'volc-tls' ? { one: ofTls } : [ofSls];
  writeFileSync(profileFile, JSON.stringify({ current: 'one', profiles }));
  const { shipper, warnings } = shipperBy(emulator, proxy, {
    endpoint: `https://${HOST}`,
    tls: { caFile: authority.file },
    ...(target.isSigned ? { credentials: { from: 'profile', profileFile } } : {}),
  });
  shipper.write('{"n":1}');
  refuseRequire(t);
  await shipper.flush({ timeoutMs: 10_000 });
  assert.deepEqual([shipper.stats().delivered, warnings], [1, []]);
  // Some services have the project in their name.
  assert.match(proxy.connects.join(), new RegExp(`^([a-z-]+\\.)?${HOST}:443$`));
});

function assertInOrder(emulator: Emulator, count: number): void {
  const numbers = emulator.logs().map((log) => Number(contentsOf(log)['n']));
  assert.deepEqual(
    numbers,
    Array.from({ length: count }, (_, n) => n),
  );
}

for (const by of ['PUTLOGS_PROXY', 'HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY']) {
  const isTls = by !== 'HTTP_PROXY';
  test(`records go through the proxy of ${by}, with its name and password, to a service with a certificate of our own CA`, {
    skip: isTls && noOpenssl,
  }, async () => {
    const emulator = await startEmulator();
    const port = isTls ? await startTls(emulator) : emulator.port;
    const proxy = await startProxy({ to: () => port });
    after(() => Promise.all([proxy.close(), emulator.close()]));
    const env = environmentFor(emulator, {
      PUTLOGS_ENDPOINT: `${isTls ? 'https' : 'http'}://${HOST}`,
      PUTLOGS_ALLOW_INSECURE: 'true',
      ...(isTls ? { PUTLOGS_TLS_CA_FILE: authority.file } : {}),
      [by]: `http://me:${encodeURIComponent(PASSWORD)}@127.0.0.1:${proxy.port}`,
      NODE_DEBUG: 'putlogs',
    });
    const { stdout, stderr } = await runChild(join(__dirname, 'apps/one-record.js'), { env });
    assert.match(stdout, /"delivered":1/);
    assert.equal(emulator.stats().logs, 1);
    // Some services have the project in their name.
    assert.match(proxy.connects.join(), new RegExp(`^([a-z-]+\\.)?${HOST}:${isTls ? 443 : 80}$`));
    assert.deepEqual([proxy.names, proxy.others], [[`me:${PASSWORD}`], []]);
    assert.ok(!(stdout + stderr).includes(PASSWORD) && !(stdout + stderr).includes(encodeURIComponent(PASSWORD)));
  });
}

test('one tunnel is kept for many batches', async () => {
  const { emulator, proxy } = await emulatorBehindProxy();
  const { shipper } = shipperBy(emulator, proxy, { batch: { maxCount: 10 } });
  for (let n = 0; n < 200; n += 1) shipper.write(JSON.stringify({ n }));
  await shipper.flush();
  assertInOrder(emulator, 200);
  assert.equal(shipper.stats().requests, 20);
  assert.equal(proxy.connects.length, 1);
});

test('a proxy by TLS is also verified by tls.caFile', { skip: noOpenssl }, async () => {
  const emulator = await startEmulator();
  const proxy = await startProxy({ to: () => emulator.port, certificate });
  after(() => Promise.all([proxy.close(), emulator.close()]));
  const address = { proxy: `https://127.0.0.1:${proxy.port}` };
  const untrusted = shipperBy(emulator, proxy, address);
  untrusted.shipper.write('{"n":-1}');
  await until('it is reported', () => untrusted.warnings.length > 0);
  assert.equal(untrusted.warnings[0]!.kind, 'hold');
  await untrusted.shipper.close({ timeoutMs: 0 });
  assert.equal(proxy.connects.length, 0);
  const { shipper } = shipperBy(emulator, proxy, { ...address, tls: { caFile: authority.file } });
  shipper.write('{"n":0}');
  await shipper.flush();
  assertInOrder(emulator, 1);
});

test('behind a proxy, a certificate for another name also holds the records, and gets no request', {
  skip: noOpenssl,
}, async () => {
  const emulator = await startEmulator();
  const port = await startTls(emulator);
  const proxy = await startProxy({ to: () => port });
  after(() => Promise.all([proxy.close(), emulator.close()]));
  const trust = { tls: { caFile: authority.file } };
  const { shipper, warnings } = shipperBy(emulator, proxy, { endpoint: 'https://other.example.org', ...trust });
  shipper.write('{"n":0}');
  await until('it is reported', () => warnings.length > 0);
  assert.equal(warnings[0]!.kind, 'hold');
  assert.match(warnings[0]!.message, /ERR_TLS_CERT_ALTNAME_INVALID/);
  assert.equal(emulator.stats().requests, 0);
});

test('a tunnel that is cut between two batches costs no attempt', async () => {
  const { emulator, proxy } = await emulatorBehindProxy();
  const { shipper, warnings } = shipperBy(emulator, proxy);
  for (let n = 0; n < 5; n += 1) {
    shipper.write(JSON.stringify({ n }));
    await shipper.flush();
    proxy.cut();
  }
  assertInOrder(emulator, 5);
  assert.deepEqual([shipper.stats().retries, warnings], [0, []]);
  assert.equal(proxy.connects.length, 5);
});

for (const [status, kind, advice] of [
  [407, 'hold', /PROXY_407: the proxy answered 407 and did not connect; check the name and password in proxy/],
  [403, 'hold', /PROXY_403: the proxy answered 403 and did not connect; check proxy and noProxy/],
  [502, 'retry', /PROXY_502: the proxy answered 502 and did not connect/],
] as const) {
  test(`a proxy that answers ${status} loses nothing: ${kind}, and delivered when it allows the connection`, async () => {
    let behaviour: 'open' | number = status;
    const { emulator, proxy } = await emulatorBehindProxy({ behave: () => behaviour });
    const { shipper, warnings } = shipperBy(emulator, proxy, { batch: { maxCount: 10 } });
    for (let n = 0; n < 50; n += 1) shipper.write(JSON.stringify({ n }));
    await until('it is reported', () => warnings.length > 0);
    assert.equal(warnings[0]!.kind, kind);
    assert.match(warnings[0]!.message, advice);
    assert.equal(emulator.stats().requests, 0);
    behaviour = 'open';
    await shipper.flush();
    assertInOrder(emulator, 50);
  });
}

test('a proxy that does not answer costs one attempt its time, and not the next one', async () => {
  let behaviour: 'open' | 'silent' = 'silent';
  const { emulator, proxy } = await emulatorBehindProxy({ behave: () => behaviour });
  const { shipper, warnings } = shipperBy(emulator, proxy, { requestTimeoutMs: 300 });
  for (let n = 0; n < 5; n += 1) shipper.write(JSON.stringify({ n }));
  await until('it is reported', () => warnings.length > 0);
  assert.match(warnings[0]!.message, /TIMEOUT/);
  behaviour = 'open';
  await shipper.flush();
  assertInOrder(emulator, 5);
  assert.ok(proxy.connects.length >= 2);
});

test('a proxy that cannot be reached is tried again, and named by its address', async () => {
  const { emulator, proxy } = await emulatorBehindProxy();
  const port = await closedPort();
  const { warnings, shipper } = shipperBy(emulator, proxy, {
    proxy: `http://me:${PASSWORD.slice(0, 1)}@127.0.0.1:${port}`,
  });
  shipper.write('{"n":0}');
  await until('it is reported', () => warnings.length > 0);
  assert.match(warnings[0]!.message, new RegExp(`ECONNREFUSED.*127\\.0\\.0\\.1:${port}`));
  assert.equal(warnings[0]!.kind, 'retry');
});

test('hosts of NO_PROXY and this machine are reached without the proxy', async () => {
  const { emulator, proxy } = await emulatorBehindProxy();
  // An address of this machine that is not one of its loopback range.
  const other = `http://0.0.0.0:${emulator.port}`;
  const direct = async (more: PutlogsOptions) => {
    const before = emulator.stats().logs;
    const { shipper } = shipperBy(emulator, proxy, more);
    shipper.write('{"n":0}');
    await shipper.flush();
    await shipper.close();
    assert.equal(emulator.stats().logs, before + 1);
    return proxy.connects.length === 0;
  };
  assert.ok(await direct({ endpoint: emulator.url }), 'this machine');
  assert.ok(await direct({ endpoint: other, noProxy: 'example.com,0.0.0.0' }));
  assert.ok(await direct({ endpoint: other, noProxy: `0.0.0.0:${emulator.port}` }));
  assert.ok(await direct({ endpoint: other, noProxy: '*' }));
  assert.ok(await direct({ endpoint: other, proxy: 'none' }));
  assert.ok(!(await direct({ endpoint: other, noProxy: '0.0.0.0:1,example.com' })), 'another port');
});

test('variables for proxies are read in upper and lower case, and an option overrides them', () => {
  const { credentials, ...rest } = optionsFor({ url: `https://${HOST}`, accessKeyId: 'i', accessKeySecret: 's' });
  const of = (environment: NodeJS.ProcessEnv, more: PutlogsOptions = {}) => {
    const { proxy, noProxy } = resolveOptions(
      { ...rest, ...(credentials ? { credentials } : {}), ...more },
      environment,
    );
    return [proxy, noProxy];
  };
  assert.deepEqual(of({}), [undefined, undefined]);
  const both = { HTTPS_PROXY: 'http://a', HTTP_PROXY: 'http://b', NO_PROXY: 'x' };
  assert.deepEqual(of(both), ['http://a', 'x']);
  assert.deepEqual(of({ ...both, https_proxy: 'http://c', no_proxy: 'y' }), ['http://c', 'y']);
  assert.deepEqual(of({ HTTP_PROXY: 'proxy.corp:3128' }), ['http://proxy.corp:3128', undefined]);
  assert.deepEqual(of({ HTTPS_PROXY: 'http://a' }, { endpoint: `http://${HOST}`, allowInsecure: true }), [
    undefined,
    undefined,
  ]);
  assert.deepEqual(of({ ...both, PUTLOGS_PROXY: 'http://d', PUTLOGS_NO_PROXY: 'z' }), ['http://d', 'z']);
  assert.deepEqual(of({ ...both, PUTLOGS_PROXY: 'none' }, {}), ['none', 'x']);
  assert.deepEqual(of(both, { proxy: 'http://e' }), ['http://e', 'x']);
});

test('a proxy address or CA file that cannot be used is reported at the start, by option and variable, without its password', () => {
  const { credentials, ...rest } = optionsFor({ url: `https://${HOST}`, accessKeyId: 'i', accessKeySecret: 's' });
  const notPem = join(directory, 'not.pem');
  writeFileSync(notPem, PASSWORD);
  for (const [environment, problem] of [
    [{ HTTPS_PROXY: `socks4://me:${PASSWORD}@host` }, /- proxy \(from HTTPS_PROXY\): must be like http:\/\/host:port/],
    [{ PUTLOGS_PROXY: `http://me:${PASSWORD}` }, /- proxy \(from PUTLOGS_PROXY\): must be like/],
    [
      { PUTLOGS_TLS_CA_FILE: join(directory, 'none') },
      /- tls\.caFile \(from PUTLOGS_TLS_CA_FILE\): cannot be read \(ENOENT\)/,
    ],
    [{ PUTLOGS_TLS_CA_FILE: directory }, /- tls\.caFile \(from PUTLOGS_TLS_CA_FILE\): cannot be read \(EISDIR\)/],
    [{ PUTLOGS_TLS_CA_FILE: notPem }, /- tls\.caFile \(from PUTLOGS_TLS_CA_FILE\): has no certificate in PEM form/],
  ] as const) {
    assert.throws(
      () => resolveOptions({ ...rest, ...(credentials ? { credentials } : {}) }, environment),
      ({ message }: PutlogsError) => problem.test(message) && !message.includes(PASSWORD),
    );
  }
});

/** The problems that a start with these variables reports, and the proxy that it takes. */
function startWith(environment: NodeJS.ProcessEnv, more: PutlogsOptions = {}) {
  const { credentials, ...rest } = optionsFor({ url: `https://${HOST}`, accessKeyId: 'i', accessKeySecret: 's' });
  const { options, problems } = explainOptions(
    [{ options: { ...rest, ...(credentials ? { credentials } : {}), ...more } }],
    environment,
  );
  return { proxy: options?.proxy, problems: problems.join('\n') };
}

const WORD = 'hunter2';
/** A problem with the page about it. */
const PROXY_PAGE = /^(.*) \[(?:PUTLOGS_PROXY, )?docs\/proxy\.md#http-proxy\]$/;

function withoutPage(problem: string): string {
  const [all, sentence = ''] = PROXY_PAGE.exec(problem) ?? [];
  assert.equal(all, problem);
  return sentence;
}

for (const [what, address, problem] of [
  ['whose password has a % that begins no escape', `http://somebody:${WORD}%zz@host:1`, /has a % .* as %25$/],
  ['whose password has an escape that is not UTF-8', `http://somebody:${WORD}%ff@host:1`, /has a % .* as %25$/],
  ['whose name has a % that begins no escape', `http://100%:${WORD}@host:1`, /has a % .* as %25$/],
  ['by socks5', `socks5://somebody:${WORD}@host:1080`, /must be like .*; socks5 is not supported$/],
  ['by socks5h', `SOCKS5H://somebody:${WORD}@host:1080`, /must be like .*; socks5h is not supported$/],
  ['by ftp', `ftp://somebody:${WORD}@host:21`, /must be like http:\/\/host:port.*or none$/],
  ['without a host', `http://somebody:${WORD}@`, /must be like http:\/\/host:port.*or none$/],
  ['without a host but with a port', 'http://:3128', /must be like http:\/\/host:port.*or none$/],
  ['with port 0', `http://somebody:${WORD}@host:0`, /must be like .*with a port from 1 to 65535$/],
  ['with a port out of range', `http://somebody:${WORD}@host:65536`, /must be like .*with a port from 1 to 65535$/],
] as const) {
  for (const variable of ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'PUTLOGS_PROXY']) {
    test(`a proxy ${what} in ${variable} is reported at the start by that name, without its password`, () => {
      const { problems } = startWith({ [variable]: address });
      assert.match(withoutPage(problems), problem);
      assert.ok(problems.startsWith(`proxy (from ${variable}): `), problems);
      assert.ok(!problems.includes(WORD) && !problems.includes('%zz') && !problems.includes('somebody'), problems);
    });
  }

  test(`a proxy ${what} is no problem if the service is reached without it`, () => {
    const environment = { HTTPS_PROXY: address };
    for (const noProxy of [HOST, 'example.com', '.example.com', `${HOST}:443`, 'other, *.example.com', '*']) {
      assert.equal(startWith({ ...environment, NO_PROXY: noProxy }).problems, '', noProxy);
    }
    for (const endpoint of ['https://127.0.0.1:1', 'http://localhost:1', 'https://[::1]:1']) {
      assert.equal(startWith(environment, { endpoint }).problems, '', endpoint);
    }
    assert.equal(startWith({ ...environment, PUTLOGS_PROXY: 'none' }).problems, '');
    assert.equal(startWith({ ALL_PROXY: address, all_proxy: address }).problems, '');
    assert.match(startWith({ ...environment, NO_PROXY: `${HOST}:8443` }).problems, PROXY_PAGE);
    assert.match(withoutPage(startWith({ ...environment, NO_PROXY: `other.${HOST}` }).problems), problem);
  });
}

test('a host of NO_PROXY that has the project in its name is reached without the proxy', () => {
  const options = {
    target: 'aliyun-sls' as const,
    endpoint: 'https://cn-hangzhou.log.aliyuncs.com',
    region: 'cn-hangzhou',
    project: 'mine',
    logstore: 'logs',
    credentials: { accessKeyId: 'i', accessKeySecret: 's' },
  };
  const problemsWith = (NO_PROXY: string) =>
    explainOptions([{ options }], { HTTPS_PROXY: 'socks5://host:1', NO_PROXY }).problems.length;
  assert.equal(problemsWith('mine.cn-hangzhou.log.aliyuncs.com'), 0);
  assert.equal(problemsWith('aliyuncs.com'), 0);
  assert.equal(problemsWith('other.cn-hangzhou.log.aliyuncs.com'), 1);
});

test('a proxy that is used only for STS is also checked', () => {
  const { credentials: _, ...rest } = optionsFor({ url: `https://${HOST}`, accessKeyId: 'i', accessKeySecret: 's' });
  const credentials = { from: 'oidc' as const, oidcRole: 'trn:iam::1:role/r', oidcTokenFile: '/token' };
  const { problems } = explainOptions(
    [{ options: { ...rest, target: 'volc-tls', credentials: { ...credentials, stsEndpoint: 'sts.example.org' } } }],
    { HTTPS_PROXY: 'socks5://host:1', NO_PROXY: HOST },
  );
  assert.match(
    problems.join('\n'),
    /^proxy \(from HTTPS_PROXY\): .*socks5 is not supported \[.*docs\/proxy\.md#http-proxy\]$/m,
  );
});

test('an empty variable is no proxy, and ALL_PROXY is not read', () => {
  const empty = { https_proxy: '', HTTPS_PROXY: '', http_proxy: '', HTTP_PROXY: '', PUTLOGS_PROXY: '' };
  assert.deepEqual(startWith(empty), { proxy: undefined, problems: '' });
  assert.deepEqual(startWith({ ALL_PROXY: 'http://a:1', all_proxy: 'http://b:1' }), { proxy: undefined, problems: '' });
  assert.equal(startWith({ ...empty, HTTP_PROXY: 'http://a:1' }).proxy, 'http://a:1');
});

test('no code for proxies is loaded without a proxy', async () => {
  const { emulator } = await emulatorBehindProxy();
  const shipper = createShipper(optionsFor(emulator));
  shipper.write('{"n":0}');
  await shipper.flush();
  await shipper.close();
  assert.equal(emulator.stats().logs, 1);
  // In a process of its own, for this one has been through a proxy.
  const probe = join(directory, 'probe.cjs');
  const core = JSON.stringify(require.resolve('@putlogs/core'));
  writeFileSync(
    probe,
    `const { createShipper } = require(${core});
    const shipper = createShipper();
    shipper.write('{"n":1}');
    shipper.flush().then(() => shipper.close()).then(() => {
      const files = Object.keys(require.cache).filter((file) => /[\\\\/]http[\\\\/][a-z-]+[.]js$/.test(file));
      process.stdout.write(JSON.stringify({ files: files.length, proxies: files.filter((file) => file.includes('tunnel')) }));
    });`,
  );
  const { stdout, stderr } = await runChild(probe, { env: environmentFor(emulator) });
  assert.equal(stderr, '');
  const { files, proxies } = JSON.parse(stdout) as { files: number; proxies: string[] };
  assert.deepEqual(proxies, []);
  assert.ok(files > 0, `${files} files of the folder http`);
  assert.equal(emulator.stats().logs, 2);
});
