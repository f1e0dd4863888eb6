// putlogs init as a child process: what it writes works as it stands, holds no secret, and replaces nothing.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { type ChildOptions, runChild, startChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { addressOf, contentsOf, type Emulator, emulatorForTest, environmentFor, until } from '../support/emulator';
import { command } from '../support/putlogs-command';
import { TARGET_NAMES, targetNamed } from '../support/targets';

const SECRET = 'demo-secret';
const noScript = existsSync('/usr/bin/script') ? false : 'util-linux has no `script` here, so there is no terminal';

/** An application's directory with the packages in node_modules. */
function applicationDirectory(): string {
  const directory = temporaryDirectory('init');
  const packages = join(directory, 'node_modules');
  mkdirSync(join(packages, '@putlogs'), { recursive: true });
  for (const name of ['pino', 'winston', '@putlogs/pino', '@putlogs/winston']) {
    symlinkSync(dirname(require.resolve(`${name}/package.json`)), join(packages, name));
  }
  return directory;
}

function run(args: string, env: Record<string, string>, options: ChildOptions = {}) {
  return runChild(command, { args: ['init', ...args.split(' ')], env, ...options });
}

/** The flags that say what the environment of a target would say, and the key alone as variables. */
function flagsFor(emulator: Emulator, name: (typeof TARGET_NAMES)[number]): [string, Record<string, string>] {
  const env = environmentFor(addressOf(emulator.url), {}, targetNamed(name));
  const isKey = (variable: string) => /^(VOLCENGINE|ALIBABA)_/.test(variable);
  const flags = Object.entries(env)
    .filter(([variable]) => !isKey(variable))
    .map(([variable, value]) => `--${variable.replace('PUTLOGS_', '').toLowerCase().replaceAll('_', '-')}=${value}`);
  return [flags.join(' '), Object.fromEntries(Object.entries(env).filter(([variable]) => isKey(variable)))];
}

/** Runs an application that uses the files of the directory, with the key from its environment. */
function runApplication(cwd: string, keys: Record<string, string>) {
  const app = join(cwd, 'app.mjs');
  writeFileSync(app, "import { logger } from './putlogs-logger.mjs';\nlogger.info({ order: 17 }, 'order accepted');\n");
  return runChild(app, { cwd, env: keys, nodeArgs: [`--env-file=${join(cwd, '.env.putlogs')}`] });
}

/** The topic or Logstore exists before its first record. */
function existing(name: 'volc-tls' | 'aliyun-sls') {
  const { topicId, project, logstore } = targetNamed(name).place;
  return name === 'volc-tls' ? { topics: [topicId!] } : { logstores: [`${project}/${logstore}`] };
}

const everythingIn = (directory: string) =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => readFileSync(join(directory, name), 'utf8'))
    .join('\n');

describe('putlogs init', { timeout: 180_000 }, () => {
  for (const [at, name] of TARGET_NAMES.entries()) {
    const logger = at % 2 === 0 ? 'pino' : 'winston';
    test(`writes a setup of ${logger} for ${name} that works as it stands, and holds no secret`, async () => {
      const emulator = await emulatorForTest();
      const cwd = applicationDirectory();
      const [flags, keys] = flagsFor(emulator, name);
      const made = await run(`--logger ${logger} ${flags}`, keys, { cwd });
      assert.equal(made.code, 0, made.stdout + made.stderr);
      assert.equal(emulator.logs().length, 1, 'the test record of doctor');
      const ended = await runApplication(cwd, keys);
      assert.equal(ended.code, 0, ended.stderr);
      const { order, message, msg } = contentsOf(emulator.logs().at(-1)!);
      if (logger === 'pino') assert.deepEqual([order, msg], ['17', 'order accepted']);
      else assert.match(message!, /17/);
      assert.equal(emulator.logs().length, 2);
      assert.ok(!(everythingIn(cwd) + made.stdout + made.stderr).includes(SECRET));
    });
  }

  test('a secret of a flag is used for the check, and not written', async () => {
    const emulator = await emulatorForTest();
    const cwd = applicationDirectory();
    const [flags, keys] = flagsFor(emulator, 'volc-tls');
    const id = keys['VOLCENGINE_ACCESS_KEY_ID'];
    const keyFlags = `--credentials-access-key-id ${id} --credentials-access-key-secret ${SECRET}`;
    const made = await run(
      `${flags} ${keyFlags} --proxy http://me:${SECRET}@127.0.0.1:1 --no-proxy 127.0.0.1`,
      {},
      { cwd },
    );
    assert.equal(made.code, 0, made.stdout + made.stderr);
    assert.ok(!(everythingIn(cwd) + made.stdout + made.stderr).includes(SECRET));
    assert.ok(!everythingIn(cwd).includes(`=${id}`), 'the id is not written without its secret');
  });

  test('a value that needs quotes is read back by node and by a shell as it was given', async () => {
    const cwd = temporaryDirectory('init');
    const values = { topicId: 'a #b', source: 'web "1" $HOME \\n', instance: 'x y', spool: { dir: './my spool' } };
    const config = join(cwd, 'config.json');
    writeFileSync(config, JSON.stringify({ ...values, region: 'cn-beijing', tags: { env: 'prod', 'a b': 'c=d' } }));
    const made = await run(`--no-doctor --config ${config}`, {}, { cwd });
    assert.equal(made.code, 0, made.stderr);
    const print = `console.log(JSON.stringify(Object.entries(process.env).filter(([n]) => n.startsWith('PUTLOGS_'))))`;
    const file = join(cwd, 'print.js');
    writeFileSync(file, print);
    const byNode = await runChild(file, { nodeArgs: [`--env-file=${join(cwd, '.env.putlogs')}`] });
    const shell = ['-c', `set -a; . ./.env.putlogs; exec "${process.execPath}" print.js`];
    const byShell = await runChild('', { command: '/bin/sh', args: shell, cwd });
    const read = Object.fromEntries(JSON.parse(byNode.stdout));
    assert.deepEqual(Object.fromEntries(JSON.parse(byShell.stdout)), read);
    assert.deepEqual(
      [read.PUTLOGS_TOPIC_ID, read.PUTLOGS_SOURCE, read.PUTLOGS_INSTANCE, read.PUTLOGS_SPOOL_DIR, read.PUTLOGS_TAGS],
      [values.topicId, values.source, values.instance, values.spool.dir, 'env=prod,a b=c=d'],
    );
  });

  test('without a terminal everything that is missing is named at once, and nothing is written', async () => {
    const cwd = temporaryDirectory('init');
    const { code, stderr } = await run('--target aliyun-sls --credentials file', {}, { cwd });
    assert.equal(code, 2);
    for (const flag of ['--region', '--project', '--logstore', '--credentials-file'])
      assert.match(stderr, new RegExp(flag));
    assert.deepEqual(readdirSync(cwd), []);
    for (const [flags, wrong] of [
      ['--logger bunyan', 'pino, winston, stdout'],
      ['--credentials vault', 'metadata'],
    ]) {
      const refused = await run(`${flags} --region r --topic-id t`, {}, { cwd });
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, new RegExp(wrong!));
    }
    assert.deepEqual(readdirSync(cwd), []);
  });

  test('a file that differs is kept and none is written, --force replaces it, and the same setup can be made again', async () => {
    const cwd = temporaryDirectory('init');
    const logger = join(cwd, 'putlogs-logger.mjs');
    writeFileSync(logger, 'export const logger = console;\n');
    const flags = '--no-doctor --region cn-beijing --topic-id t';
    const kept = await run(flags, {}, { cwd });
    assert.equal(kept.code, 2);
    assert.match(kept.stderr, /putlogs-logger\.mjs.*--force/);
    assert.deepEqual(readdirSync(cwd), ['putlogs-logger.mjs']);
    assert.equal(readFileSync(logger, 'utf8'), 'export const logger = console;\n');
    assert.equal((await run(`${flags} --force`, {}, { cwd })).code, 0);
    assert.match(readFileSync(logger, 'utf8'), /@putlogs\/pino/);
    const again = await run(flags, {}, { cwd });
    assert.equal(again.code, 0);
    assert.match(again.stdout, /kept .*putlogs-logger/);
  });

  for (const name of ['volc-tls', 'aliyun-sls'] as const) {
    test(`with --create-index, ${name} finds the test record; without the right to, it says so`, async () => {
      for (const writeOnly of [false, true]) {
        const emulator = await emulatorForTest({ index: 'none', writeOnly, ...existing(name) });
        const cwd = temporaryDirectory('init');
        const [flags, keys] = flagsFor(emulator, name);
        const { code, stdout } = await run(`${flags} --create-index`, keys, { cwd });
        assert.equal(code, 0, stdout);
        if (writeOnly) assert.match(stdout, /not allowed to create an index/);
        else assert.match(stdout, /has a new index: full text, and the fields .*\n[\s\S]*finds the test record/);
      }
    });
  }

  test('the exit code is that of doctor', async () => {
    const emulator = await emulatorForTest();
    const cwd = temporaryDirectory('init');
    const [flags] = flagsFor(emulator, 'volc-tls');
    const wrongKey = { VOLCENGINE_ACCESS_KEY_ID: 'demo', VOLCENGINE_ACCESS_KEY_SECRET: 'wrong' };
    const { code, stdout } = await run(flags, wrongKey, { cwd });
    assert.equal(code, 1);
    assert.match(stdout, /SignatureDoesNotMatch/);
  });

  test('on a terminal it asks for what is missing, and again after a wrong answer', { skip: noScript }, async () => {
    const cwd = temporaryDirectory('init');
    const line = `${process.execPath} ${command} init --no-doctor --region cn-beijing`;
    const child = startChild('', {
      command: '/usr/bin/script',
      args: ['-qec', line, '/dev/null'],
      cwd,
      keepInputOpen: 'bunyan\nwinston\n\nmy-topic\noidc\n./spool\n',
    });
    const { code, stdout } = await child.ended;
    assert.equal(code, 0, stdout);
    assert.match(stdout, /Logger \(pino, winston, stdout\) \[pino\]: /);
    assert.match(stdout, /must be one of pino, winston, stdout/);
    assert.doesNotMatch(stdout, /Region/);
    const written = readFileSync(join(cwd, '.env.putlogs'), 'utf8');
    assert.deepEqual(written.trim().split('\n').slice(1).sort(), [
      'PUTLOGS_CREDENTIALS_FROM=oidc',
      'PUTLOGS_REGION=cn-beijing',
      'PUTLOGS_SPOOL_DIR=./spool',
      'PUTLOGS_SPOOL_MODE=always',
      'PUTLOGS_TARGET=volc-tls',
      'PUTLOGS_TOPIC_ID=my-topic',
    ]);
    assert.match(readFileSync(join(cwd, 'putlogs-logger.mjs'), 'utf8'), /@putlogs\/winston/);
  });

  test('Ctrl-C at a question writes nothing', { skip: noScript }, async () => {
    const cwd = temporaryDirectory('init');
    const line = `${process.execPath} ${command} init; echo "code $?"`;
    const child = startChild('', {
      command: '/usr/bin/script',
      args: ['-qec', line, '/dev/null'],
      cwd,
      keepInputOpen: 'pino\n',
    });
    await until('the second question', () => child.output().stdout.includes('Service ('));
    child.type('\u0003');
    const { stdout } = await child.ended;
    assert.match(stdout, /nothing was written/);
    assert.match(stdout, /code 2/);
    assert.deepEqual(readdirSync(cwd), []);
  });
});
