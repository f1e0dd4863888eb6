// putlogs doctor as a child process: a setup that works, and every kind of problem.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { createShipper } from '@putlogs/core';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { ALIYUN_ANSWERS } from '@putlogs/core/internal/targets/sls/answers';
import { VOLC_ANSWERS } from '@putlogs/core/internal/targets/tls/answers';
import { createIndex } from '@putlogs/core/tools';
import { call } from '../emulator/signed-request';
import { callSls } from '../emulator/sls-request';
import { Authority, noOpenssl } from '../support/certificates';
import { temporaryDirectory } from '../support/directory';
import {
  addressOf,
  closedPort,
  contentsOf,
  type Emulator,
  emulatorForTest,
  environmentFor,
  optionsFor,
  TOPIC_ID,
  until,
} from '../support/emulator';
import { command, environmentOf, leaveBehind, putlogs } from '../support/putlogs-command';
import { variablesOfService } from '../support/service-variables';
import { OTHER_TOPIC_ID, TARGET_NAMES, targetNamed } from '../support/targets';

const SECRET = 'demo-secret';
const noUsers = process.getuid === undefined ? 'this system has no users' : false;

const { adviceFor } = require(join(dirname(command), '../dist/advice.js')) as {
  adviceFor(code: string, options: { target: string }): { readonly text: string; readonly page: string };
};

interface Step {
  readonly name: string;
  readonly state: string;
  readonly text: string;
  readonly advice?: string;
  readonly page?: string;
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
): Promise<{ ok: boolean; verdict: string; options: Option[]; steps: Step[] }> {
  const { code, stdout, stderr } = await putlogs(`doctor --json${flags}`, env);
  assert.doesNotMatch(stdout + stderr, new RegExp(SECRET));
  const result = JSON.parse(stdout);
  assert.equal(code, result.ok ? 0 : 1, stderr);
  for (const { state, advice, page } of result.steps as Step[]) {
    assert.deepEqual([advice !== undefined, page !== undefined], Array(2).fill(state === 'wrong'));
    if (advice !== undefined) assert.ok(result.verdict.includes(`${advice} See ${page}.`), result.verdict);
  }
  return result;
}

const wrongOf = ({ steps }: { steps: Step[] }) => steps.filter(({ state }) => state === 'wrong');

describe('putlogs doctor', { timeout: 180_000 }, () => {
  test('the variables that Kubernetes sets for services called putlogs and putlogs-spool are no options, in any command', async () => {
    const emulator = await emulatorForTest();
    const services = ['putlogs', 'putlogs-spool', 'putlogs-topic', 'putlogs-endpoint'];
    const kubernetes = Object.fromEntries(services.flatMap((name) => Object.entries(variablesOfService(name))));
    const { ok, options, steps } = await examined(environmentFor(emulator, kubernetes));
    assert.deepEqual([ok, wrongOf({ steps })], [true, []]);
    assert.deepEqual(
      options.filter(({ origin }) => Object.hasOwn(kubernetes, origin.name)),
      [],
    );
    const ls = await putlogs('spool ls --json', { ...kubernetes, PUTLOGS_SPOOL_DIR: temporaryDirectory('services') });
    assert.deepEqual([ls.code, JSON.parse(ls.stdout).records], [0, 0], ls.stderr);
  });

  for (const name of TARGET_NAMES) {
    test(`a setup for ${name} that works has every step ok, and its test record arrives`, async () => {
      const emulator = await emulatorForTest();
      const target = targetNamed(name);
      const { ok, verdict, steps } = await examined(
        environmentFor(emulator, {}, target),
        ' --spool-dir /tmp/putlogs-doctor-none',
      );
      assert.deepEqual(wrongOf({ steps }), []);
      assert.equal(ok, true);
      assert.deepEqual(
        steps.map((step) => step.name),
        [
          ...['node', 'lz4', 'spool', 'options', 'name', 'connection', 'clock', 'test record', 'destination'],
          ...(target.isSigned ? ['shards', 'index', 'search'] : []),
        ],
      );
      const [log] = emulator.logs();
      assert.match(contentsOf(log!)['message']!, /^a test record of putlogs doctor, d\w{16}$/);
      assert.match(verdict, target.isSigned ? /^Ready: .* a search finds it\.$/ : /^Ready: .* was not checked\.$/);
    });
  }

  test('each value is shown with its origin, and secrets are masked wherever they are', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('doctor'), 'putlogs.json');
    writeFileSync(file, JSON.stringify({ lingerMs: 7, batch: { maxCount: 9 }, tags: { leaked: SECRET } }));
    const env = { ...environmentFor(emulator), PUTLOGS_CREDENTIALS_SECURITY_TOKEN: 'token-of-demo-secret' };
    const { options } = await examined(env, ` --dry-run -c ${file} --batch-max-count 8 --topic-id other`);
    const paths = options.map(({ path }) => path);
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
    const all = await putlogs(`doctor --all --dry-run -c ${file}`, env);
    for (const { stdout } of [forPeople, all]) {
      assert.match(stdout, /^OPTION +VALUE +FROM\n/);
      assert.match(stdout, /\nlingerMs +7 +\S+putlogs\.json\n/);
      assert.match(stdout, /\nok {5}clock: /);
      assert.doesNotMatch(stdout, new RegExp(SECRET));
    }
    assert.match(all.stdout, /\ncloseTimeoutMs +8000 +default\n/);
    assert.match(all.stdout, /\ninstance +\S+ +\S/);
    for (const path of ['closeTimeoutMs', 'instance', 'source']) {
      assert.ok(paths.includes(path));
      assert.doesNotMatch(forPeople.stdout.split('\n\n')[0]!, new RegExp(`^${path} `, 'm'), path);
    }
    const [, count] = /\n(\d+) other options not set: --all shows their values\.\n/.exec(forPeople.stdout)!;
    assert.equal(forPeople.stdout.split('\n\n')[0]!.split('\n').length - 2 + Number(count), paths.length);
  });

  test('all problems with options are reported, and steps that need no options still run', async () => {
    const { steps, options, verdict } = await examined(
      {},
      ' --batch-max-bytes 5 --endpoint https://user:pass@example.invalid',
    );
    const told = wrongOf({ steps }).map(({ name, text }) => `${name}: ${text}`);
    assert.ok(
      told.some((text) => text.startsWith('options: topicId: is missing; set --topic-id, or PUTLOGS_TOPIC_ID')),
    );
    assert.ok(
      told.some((text) => text.startsWith('options: batch.maxBytes (from --batch-max-bytes): must be at least 1024')),
    );
    assert.equal(steps.at(-1)!.state, 'left out');
    assert.equal(options.find(({ path }) => path === 'endpoint')!.value, 'https://***@example.invalid');
    assert.equal(verdict.split('as the lines').length, 2, 'one cause, however many options');
  });

  test('with a proxy the connection is not checked, because only the proxy must reach the service', async () => {
    const service = { ...environmentFor(await emulatorForTest()), PUTLOGS_ENDPOINT: 'https://logs.example.invalid' };
    const proxy = `http://127.0.0.1:${await closedPort()}`;
    const { steps } = await examined({ ...service, PUTLOGS_PROXY: proxy }, ' --dry-run');
    assert.deepEqual(
      steps.slice(-2).map(({ name, state }) => [name, state]),
      [
        ['connection', 'left out'],
        ['destination', 'wrong'],
      ],
    );
    assert.match(steps.at(-1)!.advice!, /^The proxy cannot be reached/);
  });

  for (const [name, table] of [
    ['volc-tls', VOLC_ANSWERS],
    ['aliyun-sls', ALIYUN_ANSWERS],
  ] as const) {
    test(`every error code that ${name} documents has a line that says which option to change`, () => {
      for (const code of Object.keys(table.codes)) {
        const { text: line } = adviceFor(code, { target: name });
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
      assert.match(step!.text, new RegExp(`^${code} \\(HTTP \\d+\\): because of .* \\[request \\w+\\]$`));
      assert.ok(step!.advice!.includes(option), step!.advice);
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
    assert.match(refused.steps.at(-2)!.text, /^ECONNREFUSED: connect ECONNREFUSED/);
    assert.match(
      refused.verdict,
      /^Not ready\. The connection to endpoint \(--endpoint, PUTLOGS_ENDPOINT.* was refused/,
    );
    const unknown = await examined(environmentFor(addressOf('https://no-such-host.invalid')));
    const name = unknown.steps.find((step) => step.name === 'name')!;
    assert.match(name.text, /^(ENOTFOUND|EAI_AGAIN): /);
    assert.match(name.advice!, /^The host name of endpoint /);
    const silent = createServer((socket) => socket.on('error', () => {}));
    after(() => silent.close());
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    const { port: silentPort } = silent.address() as { port: number };
    const slow = await examined(
      environmentFor(addressOf(`https://127.0.0.1:${silentPort}`)),
      ' --request-timeout-ms 200',
    );
    assert.match(
      slow.steps.find((step) => step.name === 'connection')!.advice!,
      /^There was no answer in time. .*requestTimeoutMs \(--request-timeout-ms/,
    );
    const emulator = await emulatorForTest();
    const plain = await examined(environmentFor(addressOf(emulator.url.replace('http', 'https'))));
    assert.match(
      plain.steps.find((step) => step.name === 'connection')!.advice!,
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
    assert.match(other![0]!.text, /^ERR_TLS_CERT_ALTNAME_INVALID: /);
    assert.match(other![0]!.advice!, /^The certificate is for another host name/);
  });

  test('a host in noProxy is checked step by step, although a proxy is set', async () => {
    const service = { ...environmentFor(await emulatorForTest()), PUTLOGS_ENDPOINT: 'https://logs.example.invalid' };
    const proxied = { ...service, PUTLOGS_PROXY: 'http://127.0.0.1:9', PUTLOGS_NO_PROXY: 'example.invalid' };
    const { steps } = await examined(proxied, ' --dry-run');
    assert.deepEqual(
      steps.slice(-2).map(({ name, state, text }) => [name, state, text.split(':')[0]]),
      [
        ['name', 'wrong', steps.at(-2)!.text.split(':')[0]],
        ['destination', 'left out', 'not checked, because the step name failed'],
      ],
    );
  });

  test('a problem of the proxy is reported as such, and each of its codes has a line', async () => {
    const service = { ...environmentFor(await emulatorForTest()), PUTLOGS_ENDPOINT: 'https://logs.example.invalid' };
    const { steps } = await examined({ ...service, PUTLOGS_PROXY: `http://127.0.0.1:${await closedPort()}` });
    assert.match(steps.at(-1)!.text, /^ECONNREFUSED: /);
    assert.match(steps.at(-1)!.advice!, /^The proxy cannot be reached. Check proxy \(--proxy, PUTLOGS_PROXY\)/);
    for (const code of ['PROXY_403', 'PROXY_407', 'PROXY_502', 'PROXY_TIMEOUT', 'PROXY_INVALID']) {
      assert.match(adviceFor(code, { target: 'volc-tls' }).text, /proxy \(--proxy, PUTLOGS_PROXY\)/, code);
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
      assert.ok(step!.text.startsWith(code) && step!.advice!.includes(`${option} (--`), step!.advice);
    }
  });

  test('a wrong clock is reported once, with the difference', async () => {
    const emulator = await emulatorForTest();
    emulator.faults([{ clockSkewMs: 3_600_000 }]);
    const result = await examined(environmentFor(emulator));
    assert.match(wrongOf(result)[0]!.text, /^this machine is (?:59|60) min \d+ s behind the service$/);
    assert.match(result.verdict, /^Not ready\. Set the clock of this machine/);
    // The record is delivered, because it is signed with the service's time.
    const record = result.steps.find(({ name }) => name === 'test record')!;
    assert.deepEqual([record.state, result.steps.at(-1)!.name, result.steps.at(-1)!.state], ['ok', 'search', 'ok']);
    assert.equal(wrongOf(result).length, 1);
    assert.doesNotMatch(record.text, /clock/);
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
    assert.match(spool!.text, /file\/spool cannot be used \(ENOTDIR\): /);
    assert.match(spool!.advice!, /^Change the permissions of .*, --spool-dir or PUTLOGS_SPOOL_DIR\.$/);
    const { PUTLOGS_ENDPOINT, PUTLOGS_REGION, PUTLOGS_TOPIC_ID } = environmentFor(emulator) as Record<string, string>;
    const env = {
      PUTLOGS_ENDPOINT: PUTLOGS_ENDPOINT!,
      PUTLOGS_REGION: PUTLOGS_REGION!,
      PUTLOGS_TOPIC_ID: PUTLOGS_TOPIC_ID!,
    };
    const [keys, ...more] = wrongOf(await examined(env, ` --credentials-file ${directory}/none.json`));
    assert.equal(more.length, 0);
    assert.match(keys!.text, /^NO_CREDENTIALS: credentials\.file returned no credentials: ENOENT$/);
    assert.match(keys!.advice!, /credentials\.file \(--credentials-file/);
  });
});

const SIGNED = ['volc-tls', 'aliyun-sls'] as const;
const stepOf = ({ steps }: { steps: Step[] }, name: string) => steps.find((step) => step.name === name)!;

/** The noun of a service, its code if there is no index, and its rights for the four questions. */
const SAYS = {
  'volc-tls': {
    noun: 'topic',
    rights: ['tls:DescribeTopic', 'tls:DescribeShards', 'tls:DescribeIndex', 'tls:SearchLogs'],
    search: '/SearchLogs',
    empty: '{"ResultStatus":"complete","HitCount":0,"Count":0,"Logs":[]}',
  },
  'aliyun-sls': {
    noun: 'Logstore',
    rights: ['log:GetLogStore', 'log:ListShards', 'log:GetIndex', 'log:GetLogStoreLogs'],
    search: '/logstores/test-logstore',
    empty: '[]',
  },
} as const;

for (const name of SIGNED) {
  const target = targetNamed(name);
  const { noun, rights, search, empty } = SAYS[name];

  describe(`putlogs doctor looks at the ${noun} of ${name}`, { timeout: 180_000 }, () => {
    test('its retention, shards and index are shown, and the test record is found', async () => {
      const emulator = await emulatorForTest({ shards: 3 });
      const result = await examined(environmentFor(emulator, {}, target));
      assert.deepEqual(stepOf(result, 'destination').details, { retentionDays: 30 });
      assert.equal(stepOf(result, 'destination').text, `the ${noun} exists, and keeps logs for 30 days`);
      assert.deepEqual(stepOf(result, 'shards').details, { writable: 3, readOnly: 0 });
      assert.equal(stepOf(result, 'shards').text, '3 shards accept logs');
      const { fullText, fields, level, message } = stepOf(result, 'index').details!;
      assert.deepEqual([fullText, fields, level, message], [{ kind: 'all' }, ['level', 'message'], 'field', 'field']);
      assert.equal(stepOf(result, 'search').details!['found'], true);
      assert.equal(result.ok, true);
    });

    test('without an index it is a problem, and the search is left out', async () => {
      const emulator = await emulatorForTest({ index: 'none' });
      const result = await examined(environmentFor(emulator, {}, target));
      const [index, ...others] = wrongOf(result);
      assert.deepEqual([index!.name, index!.text, others], ['index', `the ${noun} has no index`, []]);
      assert.match(result.verdict, /^Not ready\. Records arrive, but no search finds them\. Create an index/);
      assert.equal(stepOf(result, 'search').text, 'not searched, because the step index failed');
    });

    test('an index that does not cover the message or the level is a problem', async () => {
      const emulator = await emulatorForTest({ index: 'none' });
      const env = environmentFor(emulator, {}, target);
      await examined(env);
      await createIndexOf(emulator, name, ['other']);
      const none = wrongOf(await examined(env));
      assert.deepEqual(
        none.map(({ text }) => text),
        ['does not cover message and level'],
      );
      assert.match(none[0]!.advice!, /Add message and level to the index/);
    });

    test('an index of fields only is searched by the message, also if the message has another name', async () => {
      const emulator = await emulatorForTest({ index: 'none' });
      const env = { ...environmentFor(emulator, {}, target), PUTLOGS_MESSAGE_KEY: 'text' };
      await examined(env);
      await createIndexOf(emulator, name, ['level', 'text']);
      const result = await examined(env);
      assert.deepEqual(wrongOf(result), []);
      assert.match(stepOf(result, 'index').text, /^covers level and text as fields/);
      assert.equal(stepOf(result, 'search').state, 'ok', stepOf(result, 'search').text);
    });

    test('a search that finds the record late succeeds, and one that never finds it is a problem', async () => {
      const emulator = await emulatorForTest();
      emulator.faults([
        {
          match: { path: search, method: name === 'volc-tls' ? 'POST' : 'GET', skip: skipOf(name) },
          times: 2,
          body: empty,
        },
      ]);
      const late = await examined(environmentFor(emulator, {}, target));
      assert.equal(stepOf(late, 'search').state, 'ok');
      assert.equal(emulator.faults()[0]!.fired, 2);
      emulator.faults([
        { match: { path: search, method: name === 'volc-tls' ? 'POST' : 'GET', skip: skipOf(name) }, body: empty },
      ]);
      const never = await examined(environmentFor(emulator, {}, target), ' --search-seconds 1');
      assert.match(wrongOf(never)[0]!.text, /^does not find the test record within 1\.\d s$/);
      assert.match(never.verdict, /--search-seconds/);
      const without = await examined(environmentFor(emulator, {}, target), ' --search-seconds 0');
      assert.deepEqual([without.ok, stepOf(without, 'search').state], [true, 'left out']);
    });

    test('a key that may only write is a good key', async () => {
      const emulator = await emulatorForTest({ writeOnly: true });
      const { ok, steps, verdict } = await examined(environmentFor(emulator, {}, target));
      assert.deepEqual(
        steps.slice(-4).map(({ name, state, text }) => [name, state, text]),
        ['destination', 'shards', 'index', 'search'].map((step, at) => [
          step,
          'left out',
          `not allowed to look: the key does not have the right ${rights[at]}`,
        ]),
      );
      assert.equal(ok, true);
      assert.match(verdict, /^Ready: .* was not checked\.$/);
    });

    test('an answer that cannot be read, or a failure, is no problem once the record has arrived', async () => {
      const emulator = await emulatorForTest();
      const path = name === 'volc-tls' ? '/DescribeShards' : '/logstores/test-logstore/shards';
      const index = name === 'volc-tls' ? '/DescribeIndex' : '/logstores/test-logstore/index';
      emulator.faults([
        { match: { path }, body: '"?"' },
        { match: { path: index }, status: 500 },
      ]);
      const result = await examined(environmentFor(emulator, {}, target));
      assert.equal(result.ok, true);
      assert.match(stepOf(result, 'shards').text, /^not checked: ANSWER_UNREADABLE: the answer to \S+ cannot be read/);
      assert.match(stepOf(result, 'index').text, /^not checked: InternalServerError \(HTTP 500\)/);
      assert.equal(stepOf(result, 'search').state, 'ok');
    });

    test('with --dry-run it looks too, and a wrong name or key is found without a record', async () => {
      const emulator = await emulatorForTest();
      const env = environmentFor(emulator, {}, target);
      const missing = await examined(env, ' --dry-run');
      const [destination, ...others] = wrongOf(missing);
      assert.deepEqual([destination!.name, others], ['destination', []]);
      assert.ok(destination!.text.startsWith(target.codes.missing[0]), destination!.text);
      assert.equal(emulator.logs().length, 0);
      const forged = await examined({ ...env, [target.keyVariables.secret]: 'wrong' }, ' --dry-run');
      assert.match(wrongOf(forged)[0]!.text, /^Signature(?:DoesNotMatch|NotMatch) /);
      await examined(env);
      const good = await examined(env, ' --dry-run');
      assert.equal(stepOf(good, 'search').text, 'not searched, because no record was sent');
      assert.match(good.verdict, /^No problem was found\. No record was sent/);
      assert.equal(emulator.logs().length, 1);
    });

    test('a new index covers what is sent, and is made only where there is none', async () => {
      const emulator = await emulatorForTest({ index: 'none' });
      const env = environmentFor(emulator, {}, target);
      const options = (to: Emulator) => resolveOptions(optionsFor(to, target), {});
      await examined(env);
      const created = await createIndex(options(emulator));
      const fields = 'level, pid, hostname, name, message';
      assert.deepEqual(created, {
        kind: 'created',
        text: `The ${noun} has a new index: full text, and the fields ${fields}. It covers the records that arrive from now on.`,
      });
      assert.deepEqual(wrongOf(await examined(env)), []);
      const again = await createIndex(options(emulator));
      assert.deepEqual(again, { kind: 'exists', text: `The ${noun} already has an index, which was not changed.` });
      const writer = await emulatorForTest({ writeOnly: true });
      const right = name === 'volc-tls' ? 'tls:CreateIndex' : 'log:CreateIndex';
      const denied = await createIndex(options(writer));
      assert.equal(denied.kind, 'not allowed');
      assert.match(denied.text, new RegExp(`^The key is not allowed .* the right ${right}\\. Create the index in the`));
      const other = await emulatorForTest({ index: 'none' });
      await examined(environmentFor(other, {}, target));
      await createIndexOf(other, name, ['other']);
      assert.match((await createIndex(options(other))).text, /It does not cover level and message: add them/);
      other.faults([{ status: 500 }]);
      const { kind, text } = await createIndex(options(other));
      assert.deepEqual(
        [kind, text.split(': ').slice(0, 2)],
        ['failed', ['The index was not created', 'InternalServerError']],
      );
    });
  });
}

/** GetLogStore has the path of GetLogs, and comes first. */
function skipOf(name: (typeof SIGNED)[number]): number {
  return name === 'volc-tls' ? 0 : 1;
}

/** Creates an index of fields alone, as a person could do in the console. */
async function createIndexOf(emulator: Emulator, name: (typeof SIGNED)[number], fields: string[]): Promise<void> {
  const words = { ValueType: 'text', Delimiter: ' ,' };
  const { status } =
    name === 'volc-tls'
      ? await call(emulator, 'POST', '/CreateIndex', {
          TopicId: TOPIC_ID,
          KeyValue: fields.map((Key) => ({ Key, Value: words })),
        })
      : await callSls(emulator, 'POST', '/index', {
          value: { keys: Object.fromEntries(fields.map((field) => [field, { type: 'text', token: [' ', ','] }])) },
        });
  assert.equal(status, 200);
}

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
      [(root: string) => mkdirSync(root) ?? chmodSync(root, 0o777), /every user can write to .*; run chmod o-w/],
      [(root: string) => symlinkSync('/tmp', root), /is a link; remove it/],
    ] as const) {
      const dir = temporaryDirectory('doctor');
      make(join(dir, 'putlogs-1'));
      const result = await examined(environmentOf(emulator, dir), ' --dry-run');
      assert.equal(spoolOf(result).state, 'wrong');
      assert.match(spoolOf(result).text, /cannot be used \(EFOREIGN\)$/);
      assert.match(spoolOf(result).advice!, why);
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
