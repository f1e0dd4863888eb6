import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { createEmulator } from '@putlogs/emulator';
import { log, put, send } from './signed-request.js';
import { hostOf, putSls, slsLog } from './sls-request.js';

const emulatorDir = dirname(require.resolve('@putlogs/emulator/package.json'));
const command = join(emulatorDir, 'bin/putlogs-emulator.js');

interface Run {
  child: ChildProcess;
  /** Everything on stdout once a whole line is there. */
  line: Promise<string>;
  ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
}

function run(...args: string[]): Run {
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  const line = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      if (stdout.includes('\n')) resolve(stdout);
    });
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Awaited<Run['ended']>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, line, ended };
}

describe('the command putlogs-emulator', { timeout: 60_000 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`prints one JSON line when ready and stops with 0 on ${signal}`, async () => {
      const { child, line, ended } = run(
        '--port',
        '0',
        '--access-key-id',
        'me',
        '--access-key-secret',
        'my-secret',
        '--shards=3',
        '--lenient',
      );
      const { url, ...rest } = JSON.parse(await line) as { url: string };
      assert.deepEqual(rest, { accessKeyId: 'me', shards: 3, lenient: true });
      const account = { url, accessKeyId: 'me', accessKeySecret: 'my-secret' } as Parameters<typeof put>[0];
      assert.equal((await put(account, [{ Logs: [log({ a: '1' })] }])).status, 200);
      const stats = await send(url, 'GET', '/_emulator/stats', {}, Buffer.alloc(0));
      assert.deepEqual([stats.json.logs, stats.json.shards.length], [1, 3]);
      child.kill(signal);
      const { code, stdout, stderr } = await ended;
      assert.deepEqual([code, stderr], [0, '']);
      assert.equal(stdout.split('\n').length, 2);
      assert.equal(stdout.includes('my-secret'), false);
    });
  }

  test('knows the topics of its arguments, and no other', async () => {
    const { child, line, ended } = run('--topic', 'one', '--topic', 'two', '--security-token', 'token');
    const { url } = JSON.parse(await line) as { url: string };
    const account = { url, accessKeyId: 'demo', accessKeySecret: 'demo-secret' } as Parameters<typeof put>[0];
    const status = async (topicId: string) =>
      (await put(account, [{ Logs: [log({ a: '1' })] }], { topicId, headers: { 'X-Security-Token': 'token' } })).status;
    assert.deepEqual([await status('one'), await status('two'), await status('three')], [200, 200, 404]);
    child.kill('SIGTERM');
    assert.equal((await ended).code, 0);
  });

  test('takes its limits and its rule of names from its arguments', async () => {
    const { child, line, ended } = run('--max-log-bytes=100', '--max-body-bytes', '300', '--sls-strict-keys');
    const { url } = JSON.parse(await line) as { url: string };
    const account = { url, accessKeyId: 'demo', accessKeySecret: 'demo-secret' } as Parameters<typeof put>[0];
    const tls = async (bytes: number) => (await put(account, [{ Logs: [log({ a: 'x'.repeat(bytes) })] }])).status;
    assert.deepEqual([await tls(50), await tls(150), await tls(400)], [200, 400, 413]);
    const sls = async (fields: Record<string, string>) =>
      (await putSls(account, { Logs: [slsLog(fields)] }, { project: 'project', logstore: 'one' })).status;
    assert.deepEqual([await sls({ a_b: 'x'.repeat(50) }), await sls({ a: 'x'.repeat(150) })], [200, 400]);
    assert.equal(await sls({ 'a.b': '1' }), 400);
    child.kill('SIGTERM');
    assert.equal((await ended).code, 0);
  });

  test('knows the Logstores of its arguments, their limits and where web tracking is off', async () => {
    const { child, line, ended } = run(
      '--logstore',
      'project/one',
      '--logstore=project/two',
      '--web-tracking-off',
      'project/two',
      '--sls-max-logs=2',
      '--max-body-bytes',
      '200',
    );
    const { url } = JSON.parse(await line) as { url: string };
    const account = { url, accessKeyId: 'demo', accessKeySecret: 'demo-secret' } as Parameters<typeof put>[0];
    const status = async (logstore: string, logs = 1, text = ''): Promise<number> => {
      const group = { Logs: Array(logs).fill(slsLog({ text })) };
      return (await putSls(account, group, { project: 'project', logstore })).status;
    };
    assert.deepEqual([await status('one'), await status('two'), await status('three')], [200, 200, 404]);
    assert.deepEqual([await status('one', 2), await status('one', 3)], [200, 400]);
    assert.deepEqual([await status('one', 1, 'a'.repeat(150)), await status('one', 1, 'a'.repeat(200))], [200, 400]);
    const track = async (logstore: string): Promise<number> => {
      const target = `/logstores/${logstore}/track?APIVersion=0.6.0&a=1`;
      return (await send(url, 'GET', target, { Host: hostOf(account, 'project') }, Buffer.alloc(0))).status;
    };
    assert.deepEqual([await track('one'), await track('two')], [200, 401]);
    child.kill('SIGTERM');
    assert.equal((await ended).code, 0);
  });

  const wrong: [string[], RegExp][] = [
    [['--prot', '0'], /unknown option --prot; did you mean --port\?/],
    [['--zzzzzzzz'], /unknown option --zzzzzzzz \(/],
    [['-x'], /unknown option -x/],
    [['serve'], /unexpected argument serve/],
    [['--port'], /--port needs a value/],
    [['--port', '--lenient'], /--port needs a value/],
    [['--port', 'abc'], /--port must be a whole number, not abc/],
    [['--port', '70000'], /--port must be a whole number between 0 and 65535/],
    [['--shards', '0'], /--shards must be/],
    [['--lenient=yes'], /--lenient takes no value/],
    [['--access-key-id', 'a/b'], /--access-key-id must be/],
    [['--topic='], /--topic must be/],
    [['--logstore', 'name'], /--logstore must be a list of project\/logstore/],
    [['--web-tracking-off='], /--web-tracking-off must be/],
    [['--sls-max-logs', 'x'], /--sls-max-logs must be a whole number, not x/],
    [['--max-body-bytes', '0'], /--max-body-bytes must be a whole number between 1 and 67108864/],
  ];
  for (const [args, message] of wrong) {
    test(`${args.join(' ')} is one clear line on stderr and exit code 2`, async () => {
      const { code, stdout, stderr } = await run(...args).ended;
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
      assert.equal(stderr.split('\n').length, 2, stderr);
    });
  }

  test('a port in use is one clear line on stderr and exit code 1', async () => {
    const emulator = await createEmulator();
    try {
      const { code, stdout, stderr } = await run('--port', String(emulator.port)).ended;
      assert.deepEqual([code, stdout], [1, '']);
      assert.equal(stderr, `putlogs-emulator: port ${emulator.port} of 127.0.0.1 is in use\n`);
    } finally {
      await emulator.close();
    }
  });

  test('--help and --version print and end with 0', async () => {
    const help = await run('--help').ended;
    assert.equal(help.code, 0);
    for (const flag of [
      'port',
      'host',
      'access-key-id',
      'access-key-secret',
      'security-token',
      'region',
      'shards',
      'topic',
      'logstore',
      'web-tracking-off',
      'index',
      'write-only',
      'max-body-bytes',
      'max-log-bytes',
      'sls-max-logs',
      'lenient',
    ]) {
      assert.ok(help.stdout.includes(`--${flag} `), flag);
    }
    const version = await run('--version').ended;
    const expected = require(join(emulatorDir, 'package.json')) as { version: string };
    assert.deepEqual([version.code, version.stdout], [0, `${expected.version}\n`]);
  });
});
