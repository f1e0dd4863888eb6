// Applications that change their working directory: each relative path of the options, and each preload of the process,
// stays what it was at the start.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, suite, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import type { Stats } from '@putlogs/core';
import { environmentName, optionLeaves } from '@putlogs/core/internal/options/leaves';
import { runChild } from '../support/child';
import { leftIn, temporaryDirectory } from '../support/directory';
import { contentsOf, emulatorForTest, environmentFor } from '../support/emulator';
import { startIdentity, TRN } from '../support/identity';
import type { MovingWay } from './apps/moving-app';

const app = join(__dirname, 'apps/moving-app.js');
const WAYS: readonly MovingWay[] = ['one thread', 'a worker', 'a replaced worker', 'winston, removed and added again'];
const KEY = { accessKeyId: 'home', accessKeySecret: 'home-secret' };
const OTHER_KEY = { accessKeyId: 'other', accessKeySecret: 'other-secret' };
const TEMPORARY_KEY = { ...KEY, accessKeyId: 'STS.home', securityToken: 'home-token' };

/** The files in the directory of the start, and those of the same names in the other one, which must not be read. */
const FILES: Readonly<Record<string, readonly [here: string, elsewhere: string]>> = {
  'ca.pem': [rootCertificates[0]!, 'no certificate'],
  'transform.js': [transformTo('here'), transformTo('elsewhere')],
  'key.json': [JSON.stringify(KEY), JSON.stringify(OTHER_KEY)],
  'key.js': [
    `module.exports = () => (${JSON.stringify(KEY)});`,
    `module.exports = () => (${JSON.stringify(OTHER_KEY)});`,
  ],
  token: ['here', 'elsewhere'],
  'profile.json': [profileOf(KEY), profileOf(OTHER_KEY)],
};

/** Options that can be combined, and then one source of credentials at a time, which is given in addition. */
const ALWAYS: Readonly<Record<string, string>> = {
  'spool.dir': 'spool',
  'deadLetter.file': 'dead.ndjson',
  'status.dir': 'status',
  'tls.caFile': 'ca.pem',
  transform: 'transform.js',
};
const SOURCES: Readonly<Record<string, string>> = {
  'credentials.file': 'key.json',
  'credentials.module': 'key.js',
  'credentials.oidcTokenFile': 'token',
  'credentials.profileFile': 'profile.json',
};

/** The worker of the application ends with the record `fatal`. */
function transformTo(place: string): string {
  return `module.exports = (record) => {
    if (record.text === 'fatal') process.exit(1);
    return { ...record, place: '${place}' };
  };`;
}

function profileOf({ accessKeyId, accessKeySecret }: typeof KEY): string {
  const profile = { mode: 'ak', 'access-key': accessKeyId, 'secret-key': accessKeySecret };
  return JSON.stringify({ current: 'default', profiles: { default: profile } });
}

test('the applications below use every option that takes a path', () => {
  const paths = optionLeaves()
    .filter(({ type }) => type.isPath === true)
    .map(({ path }) => path);
  assert.deepEqual([...Object.keys(ALWAYS), ...Object.keys(SOURCES)].sort(), paths.sort());
});

for (const way of WAYS) {
  suite(`an application that changes its directory after the start, with ${way},`, { concurrency: 2 }, () => {
    for (const [source, file] of Object.entries(SOURCES)) {
      test(`reads and writes where it was started, with a relative ${source}`, async () => {
        const [home, elsewhere] = [temporaryDirectory('home'), temporaryDirectory('elsewhere')];
        for (const [name, [here, there]] of Object.entries(FILES)) {
          writeFileSync(join(home, name), here);
          writeFileSync(join(elsewhere, name), there);
        }
        const emulator = await emulatorForTest(KEY);
        emulator.faults([{ match: { contains: 'bad' }, code: 'InvalidArgument' }]);
        const environment = environmentFor(emulator, {
          ...variablesOf({ ...ALWAYS, [source]: file }),
          VOLCENGINE_ACCESS_KEY_ID: '',
          VOLCENGINE_ACCESS_KEY_SECRET: '',
        });
        if (source === 'credentials.oidcTokenFile') {
          emulator.temporaryKeys([TEMPORARY_KEY]);
          const issue = () => ({ ...TEMPORARY_KEY, expiresMs: Date.now() + 3_600_000 });
          const identity = await startIdentity({ oidcToken: () => 'here', issue });
          after(() => identity.close());
          environment['PUTLOGS_CREDENTIALS_OIDC_ROLE'] = TRN;
          environment['PUTLOGS_CREDENTIALS_STS_ENDPOINT'] = identity.url;
        }
        if (source === 'credentials.profileFile') environment['PUTLOGS_CREDENTIALS_FROM'] = 'profile';

        const { code, stdout, stderr } = await runChild(app, { args: [way, elsewhere], env: environment, cwd: home });
        assert.equal(code, 0, stderr);
        const { dropped, pending, spooled } = JSON.parse(stdout) as Stats;
        assert.deepEqual([dropped.rejected, pending, spooled], [1, 0, 0], stderr);
        const arrived = emulator.logs().map(contentsOf);
        assert.deepEqual(
          arrived.map(({ text, place }) => [text, place]),
          [...(way.startsWith('winston') ? [['before', 'here']] : []), ['first', 'here']],
        );
        assert.deepEqual(readdirSync(elsewhere).sort(), Object.keys(FILES).sort());
        assert.deepEqual(readdirSync(home).sort(), [...Object.keys(FILES), 'dead.ndjson', 'spool', 'status'].sort());
        assert.equal(readFileSync(join(home, 'dead.ndjson'), 'utf8').trim().split('\n').length, 1);
        assert.deepEqual(leftIn(join(home, 'spool')), []);
      });
    }
  });
}

function variablesOf(options: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(options).map(([path, value]) => [environmentName(path), value]));
}

function writeInto(directory: string, name: string, text: string): void {
  const path = join(directory, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Notes each thread that it is loaded in. */
const PRELOAD_CJS = `require('node:fs').appendFileSync(process.env.NOTES, 'cjs ' + require('node:worker_threads').threadId + '\\n');`;
const PRELOAD_ESM = `import { appendFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
appendFileSync(process.env.NOTES, 'esm ' + threadId + '\\n');`;

interface Preloads {
  readonly nodeArgs?: readonly string[];
  readonly variable?: string;
  /** A worker that began before the change loads it by its name, as the process did. */
  readonly only?: MovingWay;
}

/** How an application is given its preloads. */
const PRELOADS: Readonly<Record<string, Preloads>> = {
  'as arguments': { nodeArgs: ['--require', './one.cjs', '--import', './two.mjs'] },
  'as arguments with an equals sign': { nodeArgs: ['--require=./one.cjs', '--import=./two.mjs'] },
  'as arguments, beside some that no worker may have': {
    nodeArgs: [
      '--max-old-space-size=300',
      '-r',
      './one.cjs',
      '--title',
      'moving',
      '--max-http-header-size=20000',
      '--import',
      './two.mjs',
      '--no-warnings',
    ],
  },
  'in NODE_OPTIONS': { variable: '--require ./one.cjs --import=./two.mjs' },
  'in NODE_OPTIONS, in quotes, beside others': {
    variable:
      '--max-old-space-size=300 --max-http-header-size 20000 --use-openssl-ca --require "./one.cjs" "--import=./two.mjs" --no-warnings',
  },
  'both ways': { nodeArgs: ['--require', './one.cjs'], variable: '--import ./two.mjs' },
  'by the name of a package': { nodeArgs: ['--require', 'one/start.cjs', '--import', './two.mjs'] },
  'by the name of a package for import': {
    nodeArgs: ['--require', './one.cjs', '--import', 'two'],
    only: 'a worker, started later',
  },
};

suite('a process that has changed its directory', { concurrency: 2 }, () => {
  for (const [how, { nodeArgs = [], variable = '', only }] of Object.entries(PRELOADS)) {
    for (const way of ['a replaced worker', 'a worker, started later'] as const) {
      if (only !== undefined && way !== only) continue;
      test(`has its relative preloads in ${way}, given ${how}`, async () => {
        const [home, elsewhere] = [temporaryDirectory('home'), temporaryDirectory('elsewhere')];
        const packages = { 'node_modules/one/start.cjs': PRELOAD_CJS, 'node_modules/two/index.mjs': PRELOAD_ESM };
        const manifest = { 'node_modules/two/package.json': '{"name":"two","exports":"./index.mjs"}' };
        const files = { 'one.cjs': PRELOAD_CJS, 'two.mjs': PRELOAD_ESM, ...packages, ...manifest };
        for (const [name, text] of Object.entries(files)) writeInto(home, name, text);
        writeFileSync(join(home, 'transform.js'), transformTo('here'));
        const emulator = await emulatorForTest();
        const notes = join(home, 'notes');
        const { code, stderr } = await runChild(app, {
          args: [way, elsewhere],
          nodeArgs,
          cwd: home,
          env: environmentFor(emulator, {
            PUTLOGS_TRANSFORM: join(home, 'transform.js'),
            NOTES: notes,
            NODE_OPTIONS: variable,
            // As a shell leaves it.
            PWD: home,
          }),
        });
        assert.equal(code, 0, stderr);
        assert.deepEqual(
          emulator.logs().map((log) => contentsOf(log)['text']),
          ['first', 'bad'],
        );
        assert.equal(existsSync(notes), true);
        const threads = way === 'a replaced worker' ? [0, 1, 2] : [0, 1];
        assert.deepEqual(
          readFileSync(notes, 'utf8').trim().split('\n').sort(),
          ['cjs', 'esm'].flatMap((kind) => threads.map((thread) => `${kind} ${thread}`)),
          stderr,
        );
      });
    }
  }
});
