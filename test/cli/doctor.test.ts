// putlogs doctor as a child process: a setup that works, and every kind of problem.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { createShipper } from '@putlogs/core';
import { ALIYUN_ANSWERS } from '@putlogs/core/internal/targets/sls/answers';
import { VOLC_ANSWERS } from '@putlogs/core/internal/targets/tls/answers';
import { Authority, noOpenssl } from '../support/certificates';
import { temporaryDirectory } from '../support/directory';
import {
  addressOf,
  closedPort,
  contentsOf,
  emulatorForTest,
  environmentFor,
  optionsFor,
  until,
} from '../support/emulator';
import { command, environmentOf, leaveBehind, putlogs } from '../support/putlogs-command';
import { OTHER_TOPIC_ID, TARGET_NAMES, targetNamed } from '../support/targets';

const SECRET = 'demo-secret';
const noUsers = process.getuid === undefined ? 'this system has no users' : false;

const { adviceFor } = require(join(dirname(command), '../dist/advice.js')) as {
  adviceFor(code: string, options: { target: string }): string;
};

interface Step {
  readonly name: string;
  readonly state: string;
  readonly text: string;
  readonly details?: Record<string, unknown>;
}
interface Option {
  readonly path: string;
  readonly value: string;
  readonly origin: { readonly kind: string; readonly name: string };
}

async function examined(
  env: Record<string, string>,
  flags = '',
): Promise<{ ok: boolean; options: Option[]; steps: Step[] }> {
  const { code, stdout, stderr } = await putlogs(`doctor --json${flags}`, env);
  assert.doesNotMatch(stdout + stderr, new RegExp(SECRET));
  const result = JSON.parse(stdout);
  assert.equal(code, result.ok ? 0 : 1, stderr);
  return result;
}

const wrongOf = ({ steps }: { steps: Step[] }) => steps.filter(({ state }) => state === 'wrong');

describe('putlogs doctor', { timeout: 180_000 }, () => {
  for (const name of TARGET_NAMES) {
    test(`a setup for ${name} that works has every step ok, and its test record arrives`, async () => {
      const emulator = await emulatorForTest();
      const target = targetNamed(name);
      const { ok, steps } = await examined(
        environmentFor(emulator, {}, target),
        ' --spool-dir /tmp/putlogs-doctor-none',
      );
      assert.deepEqual(wrongOf({ steps }), []);
      assert.equal(ok, true);
      assert.deepEqual(
        steps.map((step) => step.name),
        ['node', 'lz4', 'spool', 'options', 'name', 'connection', 'clock', 'test record'],
      );
      const [log] = emulator.logs();
      assert.equal(contentsOf(log!)['message'], 'a test record of putlogs doctor');
    });
  }

  test('each value is shown with its origin, and secrets are masked wherever they are', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('doctor'), 'putlogs.json');
    writeFileSync(file, JSON.stringify({ lingerMs: 7, batch: { maxCount: 9 }, tags: { leaked: SECRET } }));
    const env = { ...environmentFor(emulator), PUTLOGS_CREDENTIALS_SECURITY_TOKEN: 'token-of-demo-secret' };
    const { options } = await examined(env, ` --dry-run -c ${file} --batch-max-count 8 --topic-id other`);
    const shown = Object.fromEntries(
      options.map(({ path, value, origin }) => [path, [value, origin.kind, origin.name]]),
    );
    assert.deepEqual(shown['topicId'], ['other', 'given', '--topic-id']);
    assert.deepEqual(shown['batch.maxCount'], ['8', 'given', '--batch-max-count']);
    assert.deepEqual(shown['lingerMs'], ['7', 'given', file]);
    assert.deepEqual(shown['tags'], ['{"leaked":"***"}', 'given', file]);
    assert.deepEqual(shown['endpoint'], [emulator.url, 'variable', 'PUTLOGS_ENDPOINT']);
    assert.deepEqual(shown['credentials.accessKeyId'], ['demo', 'vendor variable', 'VOLCENGINE_ACCESS_KEY_ID']);
    assert.deepEqual(shown['credentials.accessKeySecret'], ['***', 'vendor variable', 'VOLCENGINE_ACCESS_KEY_SECRET']);
    assert.deepEqual(shown['credentials.securityToken'], ['***', 'variable', 'PUTLOGS_CREDENTIALS_SECURITY_TOKEN']);
    assert.deepEqual(shown['closeTimeoutMs'], ['8000', 'default', '']);
    assert.equal(shown['instance']![1], 'derived');
    assert.equal(emulator.logs().length, 0, 'a dry run sends nothing');
    const forPeople = await putlogs(`doctor --dry-run -c ${file}`, env);
    assert.match(forPeople.stdout, /\nlingerMs +7 +\S+putlogs\.json\n/);
    assert.match(forPeople.stdout, /\nok {5}clock: /);
    assert.doesNotMatch(forPeople.stdout, new RegExp(SECRET));
  });

  test('all problems with options are reported, and steps that need no options still run', async () => {
    const { steps, options } = await examined({}, ' --batch-max-bytes 5 --endpoint https://user:pass@example.invalid');
    const told = wrongOf({ steps }).map(({ name, text }) => `${name}: ${text}`);
    assert.ok(
      told.some((text) => text.startsWith('options: topicId: is missing; set --topic-id, or PUTLOGS_TOPIC_ID')),
    );
    assert.ok(
      told.some((text) => text.startsWith('options: batch.maxBytes (from --batch-max-bytes): must be at least 1024')),
    );
    assert.equal(steps.at(-1)!.state, 'left out');
    assert.equal(options.find(({ path }) => path === 'endpoint')!.value, 'https://***@example.invalid');
  });

  test('with a proxy the connection is not checked, because only the proxy must reach the service', async () => {
    const service = { ...environmentFor(await emulatorForTest()), PUTLOGS_ENDPOINT: 'https://logs.example.invalid' };
    const { steps } = await examined({ ...service, PUTLOGS_PROXY: 'http://127.0.0.1:9' }, ' --dry-run');
    assert.deepEqual(wrongOf({ steps }), []);
    assert.deepEqual([steps.at(-1)!.name, steps.at(-1)!.state], ['connection', 'left out']);
  });

  for (const [name, table] of [
    ['volc-tls', VOLC_ANSWERS],
    ['aliyun-sls', ALIYUN_ANSWERS],
  ] as const) {
    test(`every error code that ${name} documents has a line that says which option to change`, () => {
      for (const code of Object.keys(table.codes)) {
        const line = adviceFor(code, { target: name });
        assert.doesNotMatch(line, /does not know this code|\n|[{}]/, code);
        // No option fixes the clock or a failure of the service.
        assert.match(line, /\w+ \(--[a-z-]+, PUTLOGS_[A-Z_]+|No option is wrong/, code);
      }
    });
  }

  test('an error answer to the test record is reported with its code, that line and its message', async () => {
    for (const [name, code, option] of [
      ['volc-tls', 'TopicNotExist', 'topicId (--topic-id, PUTLOGS_TOPIC_ID)'],
      ['volc-webtracks', 'AccessDenied', 'target (--target, PUTLOGS_TARGET)'],
      ['aliyun-sls', 'Unauthorized', 'ALIBABA_CLOUD_ACCESS_KEY_ID)'],
      ['aliyun-webtracking', 'LogStoreNotExist', 'logstore (--logstore, PUTLOGS_LOGSTORE)'],
    ] as const) {
      const emulator = await emulatorForTest();
      const target = targetNamed(name);
      const message = `because\nof ${target.isSigned ? SECRET : 'nothing'}`;
      emulator.faults([{ match: { method: 'POST' }, code, message }]);
      const [step, ...others] = wrongOf(await examined(environmentFor(emulator, {}, target)));
      assert.equal(others.length, 0);
      assert.match(step!.text, new RegExp(`^${code} \\(HTTP \\d+\\): .* Message: because of .* \\[request \\w+\\]$`));
      assert.ok(step!.text.includes(option), step!.text);
    }
  });

  test('a failed network step is reported once, and the steps after it are left out', async () => {
    const port = await closedPort();
    const refused = await examined(environmentFor(addressOf(`http://127.0.0.1:${port}`)));
    assert.deepEqual([refused.steps.at(-2)!.name, refused.steps.at(-2)!.state], ['connection', 'wrong']);
    assert.deepEqual(wrongOf(refused).length, 1);
    assert.deepEqual(refused.steps.at(-1), {
      name: 'test record',
      state: 'left out',
      text: 'not sent, because the step connection failed',
    });
    assert.match(
      refused.steps.at(-2)!.text,
      /^ECONNREFUSED: The connection to endpoint \(--endpoint, PUTLOGS_ENDPOINT.* was refused/,
    );
    const unknown = await examined(environmentFor(addressOf('https://no-such-host.invalid')));
    const name = unknown.steps.find((step) => step.name === 'name')!;
    assert.match(name.text, /^(ENOTFOUND|EAI_AGAIN): The host name of endpoint /);
    const silent = createServer((socket) => socket.on('error', () => {}));
    after(() => silent.close());
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    const { port: silentPort } = silent.address() as { port: number };
    const slow = await examined(
      environmentFor(addressOf(`https://127.0.0.1:${silentPort}`)),
      ' --request-timeout-ms 200',
    );
    assert.match(
      slow.steps.find((step) => step.name === 'connection')!.text,
      /^ETIMEDOUT: There was no answer in time. .*requestTimeoutMs \(--request-timeout-ms/,
    );
    const emulator = await emulatorForTest();
    const plain = await examined(environmentFor(addressOf(emulator.url.replace('http', 'https'))));
    assert.match(
      plain.steps.find((step) => step.name === 'connection')!.text,
      /does not speak TLS|closed before an answer/,
    );
  });

  test('a TLS service at an IP address is reached, and its certificate is checked', {
    skip: noOpenssl,
  }, async () => {
    const authority = new Authority();
    const emulator = await emulatorForTest();
    const results = [];
    for (const names of ['IP:127.0.0.1', 'DNS:127.0.0.1.example.com']) {
      const certificate = authority.certificate('service', names, '-days', '1');
      const server = createTlsServer(certificate, (client) => {
        const service = connect(emulator.port, '127.0.0.1');
        client.pipe(service).pipe(client);
        client.on('error', () => service.destroy());
        service.on('error', () => client.destroy());
      });
      server.on('tlsClientError', () => {});
      after(() => server.close());
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
      const { port } = server.address() as { port: number };
      const env = { PUTLOGS_ENDPOINT: `https://127.0.0.1:${port}`, PUTLOGS_TLS_CA_FILE: authority.file };
      const { steps } = await examined(environmentFor(emulator, env, targetNamed('volc-tls')));
      results.push(steps.filter(({ name }) => ['connection', 'clock', 'test record'].includes(name)));
    }
    const [good, other] = results;
    assert.deepEqual(
      good!.map(({ state }) => state),
      ['ok', 'ok', 'ok'],
      JSON.stringify(good),
    );
    assert.match(good![0]!.text, /answers, TLSv1\.\d/);
    assert.match(other![0]!.text, /^ERR_TLS_CERT_ALTNAME_INVALID: The certificate is for another host name/);
  });

  test('a host in noProxy is checked step by step, although a proxy is set', async () => {
    const service = { ...environmentFor(await emulatorForTest()), PUTLOGS_ENDPOINT: 'https://logs.example.invalid' };
    const proxied = { ...service, PUTLOGS_PROXY: 'http://127.0.0.1:9', PUTLOGS_NO_PROXY: 'example.invalid' };
    const { steps } = await examined(proxied, ' --dry-run');
    assert.deepEqual([steps.at(-1)!.name, steps.at(-1)!.state], ['name', 'wrong']);
  });

  test('a problem of the proxy is reported as such, and each of its codes has a line', async () => {
    const service = { ...environmentFor(await emulatorForTest()), PUTLOGS_ENDPOINT: 'https://logs.example.invalid' };
    const { steps } = await examined({ ...service, PUTLOGS_PROXY: `http://127.0.0.1:${await closedPort()}` });
    assert.match(
      steps.at(-1)!.text,
      /^ECONNREFUSED: The proxy cannot be reached. Check proxy \(--proxy, PUTLOGS_PROXY\)/,
    );
    for (const code of ['PROXY_403', 'PROXY_407', 'PROXY_502', 'PROXY_TIMEOUT', 'PROXY_INVALID']) {
      assert.match(adviceFor(code, { target: 'volc-tls' }), /proxy \(--proxy, PUTLOGS_PROXY\)/, code);
    }
  });

  test('a wrong secret, key or region is reported with the service’s code', async () => {
    const emulator = await emulatorForTest({ region: 'cn-beijing' });
    for (const [flag, code, option] of [
      ['--credentials-access-key-secret wrong', 'SignatureDoesNotMatch', 'credentials.accessKeySecret'],
      ['--credentials-access-key-id unknown', 'InvalidAccessKeyId', 'credentials.accessKeyId'],
      ['--region cn-shanghai', 'SignatureDoesNotMatch', 'region'],
    ] as const) {
      const [step] = wrongOf(await examined(environmentFor(emulator), ` ${flag}`));
      assert.ok(step!.text.startsWith(code) && step!.text.includes(`${option} (--`), step!.text);
    }
  });

  test('a wrong clock is reported once, with the difference', async () => {
    const emulator = await emulatorForTest();
    emulator.faults([{ clockSkewMs: 3_600_000 }]);
    const result = await examined(environmentFor(emulator));
    assert.match(
      wrongOf(result)[0]!.text,
      /^this machine is 60 min \d+ s behind the service. Set its clock|^this machine is 59 min/,
    );
    // The record is delivered, because it is signed with the service's time.
    assert.equal(result.steps.at(-1)!.state, 'ok');
    assert.equal(wrongOf(result).length, 1);
    assert.doesNotMatch(result.steps.at(-1)!.text, /clock/);
  });

  test('unwritable directories and missing credentials are reported by option, each once', async () => {
    const emulator = await emulatorForTest();
    const directory = temporaryDirectory('doctor');
    writeFileSync(join(directory, 'file'), '');
    mkdirSync(join(directory, 'good'));
    const flags = ` --spool-dir ${directory}/file/spool --dead-letter-file ${directory}/good/dead.ndjson`;
    const result = await examined(environmentFor(emulator), flags);
    const [spool, ...others] = wrongOf(result);
    assert.equal(others.length, 0);
    assert.match(
      spool!.text,
      /file\/spool cannot be used \(ENOTDIR\): .*; change its permissions, --spool-dir or PUTLOGS_SPOOL_DIR/,
    );
    const { PUTLOGS_ENDPOINT, PUTLOGS_REGION, PUTLOGS_TOPIC_ID } = environmentFor(emulator) as Record<string, string>;
    const env = {
      PUTLOGS_ENDPOINT: PUTLOGS_ENDPOINT!,
      PUTLOGS_REGION: PUTLOGS_REGION!,
      PUTLOGS_TOPIC_ID: PUTLOGS_TOPIC_ID!,
    };
    const [keys, ...more] = wrongOf(await examined(env, ` --credentials-file ${directory}/none.json`));
    assert.equal(more.length, 0);
    assert.match(
      keys!.text,
      /^NO_CREDENTIALS: .*credentials\.file \(--credentials-file.* Message: credentials\.file returned no credentials: ENOENT$/,
    );
  });
});

const spoolOf = ({ steps }: { steps: Step[] }) => steps.find(({ name }) => name === 'spool')!;

describe('the spool step of putlogs doctor', { timeout: 180_000 }, () => {
  test('a spool that does not exist yet can be created, and the check leaves no directory', async () => {
    const emulator = await emulatorForTest();
    const above = temporaryDirectory('doctor');
    const dir = join(above, 'a/b');
    const result = await examined(environmentOf(emulator, dir), ' --dry-run');
    const { state, text, details } = spoolOf(result);
    assert.equal(state, 'ok');
    assert.match(text, /a\/b\/putlogs-1 does not exist yet, and can be created/);
    assert.equal(details!['isNew'], true);
    assert.equal(existsSync(join(above, 'a')), false);
  });

  test('it shows the owner, the processes that use the spool, and the records for each destination', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('doctor');
    await leaveBehind(emulator, dir, 25);
    await leaveBehind(emulator, dir, 10, { instance: 'two', topicId: OTHER_TOPIC_ID });
    const shipper = createShipper({ ...optionsFor(emulator), instance: 'three', spool: { dir } });
    after(() => shipper.close({ timeoutMs: 0 }));
    shipper.write('{}');
    await shipper.flush();
    const { ok, steps } = await examined(environmentOf(emulator, dir), ' --dry-run');
    const { state, text, details } = spoolOf({ steps });
    assert.deepEqual([ok, state], [true, 'ok'], text);
    const { processes, thisDestination, otherDestinations, all, uid, mode, problems, elsewhere } = details as {
      processes: unknown;
      thisDestination: { records: number; bytes: number };
      otherDestinations: { records: number; bytes: number };
      all: { records: number; bytes: number };
      uid: number;
      mode: string;
      problems: unknown;
      elsewhere: string[];
    };
    assert.deepEqual([processes, problems], [{ alive: 1, dead: 0, unknown: 0 }, []]);
    assert.deepEqual([thisDestination.records, otherDestinations.records, all.records], [25, 10, 35]);
    assert.equal(thisDestination.bytes + otherDestinations.bytes, all.bytes);
    assert.deepEqual([uid, mode], [process.getuid?.() ?? -1, process.getuid === undefined ? mode : '0700']);
    assert.equal(elsewhere.length, 1);
    assert.match(
      text,
      /1 process uses it; it holds 25 records \(.*B\) for this destination; 10 records \(.*B\) for other/,
    );
    assert.match(
      text,
      new RegExp(`for another destination, {"topicId":"${OTHER_TOPIC_ID}"}, which this process does not`),
    );
    const forPeople = await putlogs('doctor --dry-run', environmentOf(emulator, dir));
    assert.match(forPeople.stdout, /\nok {5}spool: .*putlogs-1/);
  });

  test('a directory that other users can change is a problem, with what to change', { skip: noUsers }, async () => {
    const emulator = await emulatorForTest();
    for (const [make, why] of [
      [
        (root: string) => mkdirSync(root) ?? chmodSync(root, 0o777),
        /EFOREIGN.*every user can write to .*; run chmod o-w/,
      ],
      [(root: string) => symlinkSync('/tmp', root), /EFOREIGN.*is a link; remove it/],
    ] as const) {
      const dir = temporaryDirectory('doctor');
      make(join(dir, 'putlogs-1'));
      const result = await examined(environmentOf(emulator, dir), ' --dry-run');
      assert.equal(spoolOf(result).state, 'wrong');
      assert.match(spoolOf(result).text, why);
    }
  });

  test('for a tmpfs it shows the warning of the transports', {
    skip: existsSync('/dev/shm') ? false : 'no tmpfs',
  }, async () => {
    const emulator = await emulatorForTest();
    const dir = mkdtempSync('/dev/shm/putlogs-doctor-');
    after(() => rmSync(dir, { recursive: true, force: true }));
    const warnings: string[] = [];
    const shipper = createShipper({ ...optionsFor(emulator), spool: { dir } });
    shipper.on('warning', ({ message }) => warnings.push(message));
    await until('the transport has warned', () => warnings.length > 0);
    await shipper.close();
    const { text, details } = spoolOf(await examined(environmentOf(emulator, dir), ' --dry-run'));
    assert.ok(text.includes(warnings[0]!), `${text}, and not ${warnings[0]}`);
    assert.deepEqual([details!['fileSystem'], details!['notice']], ['tmpfs', warnings[0]]);
  });

  test('for a Logstore whose region the address hides it names the option to set', async () => {
    const emulator = await emulatorForTest();
    const target = targetNamed('aliyun-sls');
    const dir = temporaryDirectory('doctor');
    await leaveBehind(emulator, dir, 10, { region: 'cn-hangzhou' }, target);
    const env = { ...environmentFor(emulator, {}, target), PUTLOGS_SPOOL_DIR: dir };
    const { PUTLOGS_REGION: _, ...hidden } = env as Record<string, string>;
    const { text } = spoolOf(await examined(hidden, ' --dry-run'));
    assert.match(
      text,
      /does not know its region: if it is the same Logstore, set region: "cn-hangzhou" \(PUTLOGS_REGION\)/,
    );
    const shown = spoolOf(await examined({ ...env, PUTLOGS_REGION: 'cn-hangzhou' }, ' --dry-run'));
    assert.match(shown.text, /it holds 10 records \(.*\) for this destination$/);
  });
});

describe('putlogs', { timeout: 60_000 }, () => {
  test('--help lists the commands, and the help of each has flags, options, JSON and exit codes', async () => {
    const all = await putlogs('--help', {});
    assert.equal(all.code, 0);
    const names = [...all.stdout.matchAll(/^ {2}((?:doctor|spool|dead-letter)(?: \w+)?) {2,}/gm)].map(
      ([, name]) => name!,
    );
    assert.deepEqual(names, [
      'doctor',
      'spool ls',
      'spool verify',
      'spool replay',
      'spool export',
      'dead-letter ls',
      'dead-letter replay',
    ]);
    for (const name of names) {
      const { code, stdout } = await putlogs(`${name} --help all`, {});
      assert.equal(code, 0);
      for (const part of [
        `Usage: putlogs ${name} `,
        '--json',
        '--config <file>',
        '--help',
        'Exit code 0',
        'Exit code 2',
        'PUTLOGS_',
      ]) {
        assert.ok(stdout.includes(part), `${name}: ${part}`);
      }
      for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
    }
    assert.equal((await putlogs('', {})).code, 2);
    assert.match((await putlogs('--version', {})).stdout, /^\d+\.\d+\.\d+\n$/);
  });
});
