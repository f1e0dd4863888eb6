// Suites of Jest that end before their last records are sent, and suites in jsdom.
//
// Jest refuses every `require` and `import` after the end of a suite, and ends with exit code 1 then. So this shows
// that nothing is loaded late, whatever the records need.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { type ChildResult, runChild } from '../support/child';
import { contentsOf, type Emulator, emulatorForTest, environmentFor } from '../support/emulator';
import { type Application, freshApplication, newDirectory } from './application';

let application: Application;
const files = newDirectory();

before(async () => {
  application = await freshApplication({
    manager: 'npm',
    dependencies: [
      '@putlogs/core',
      '@putlogs/pino',
      '@putlogs/winston',
      'pino',
      'winston',
      'jest',
      'jest-environment-jsdom',
    ],
    files: 'jest-late',
    manifest: { jest: { testEnvironment: 'node' } },
  });
  const key = `{ "accessKeyId": "demo", "accessKeySecret": "demo-secret" }`;
  writeFileSync(join(files, 'key.json'), key);
  writeFileSync(join(files, 'key.js'), `module.exports = () => (${key});`);
  writeFileSync(join(files, 'transform.js'), LETHAL_TRANSFORM);
});

/** The record `fatal` ends the worker. */
const LETHAL_TRANSFORM = `module.exports = (record) => {
  if (record.text === 'fatal') process.exit(1);
  return record;
};`;
const NO_KEYS = { VOLCENGINE_ACCESS_KEY_ID: '', VOLCENGINE_ACCESS_KEY_SECRET: '' };

interface Late {
  readonly what: string;
  readonly way: string;
  /** Logged in the suite, and after its end. */
  readonly early?: string;
  readonly late?: string;
  readonly env?: () => Record<string, string>;
  readonly arrives: readonly string[];
}

const IN_ONE_THREAD = ['core in one thread', 'winston in one thread', 'pino in one thread'];

const CASES: readonly Late[] = [
  ...IN_ONE_THREAD.map((way) => ({
    what: 'the dead-letter file',
    way,
    early: 'a,bad',
    late: 'bad,b',
    env: () => ({ PUTLOGS_DEAD_LETTER_FILE: deadLettersOf(way) }),
    arrives: ['a', 'b'],
  })),
  {
    what: 'a module of credentials',
    way: 'core in one thread',
    early: 'a',
    env: () => ({ ...NO_KEYS, PUTLOGS_CREDENTIALS_MODULE: join(files, 'key.js') }),
    arrives: ['a'],
  },
  {
    what: 'a file of credentials, a spool, a status file and a transform',
    way: 'winston in one thread',
    early: 'a',
    late: 'b',
    env: () => ({
      ...NO_KEYS,
      PUTLOGS_CREDENTIALS_FILE: join(files, 'key.json'),
      PUTLOGS_SPOOL_DIR: directoryOf('spool'),
      PUTLOGS_SPOOL_MODE: 'always',
      PUTLOGS_STATUS_DIR: directoryOf('status'),
      PUTLOGS_TRANSFORM: join(files, 'transform.js'),
    }),
    arrives: ['a', 'b'],
  },
  { what: 'the first record', way: 'core in one thread', late: 'a', arrives: ['a'] },
  {
    what: 'a transport that is removed and added again',
    way: 'winston in one thread',
    early: 'a',
    late: 'remove,b',
    arrives: ['a', 'b'],
  },
];

suite('Jest', () => {
  for (const { what, way, early = '', late = '', env = () => ({}), arrives } of CASES) {
    test(`after the end of a suite nothing is loaded for ${what}: ${way}`, async () => {
      const emulator = await emulatorForTest();
      const result = await run(emulator, { WAY: way, EARLY: early, LATE: late, ...env() });
      assertArrived(emulator, result, arrives);
      if (what !== 'the dead-letter file') return;
      const letters = readFileSync(deadLettersOf(way), 'utf8').trim().split('\n');
      assert.equal(letters.length, 2);
    });
  }
});

suite('Jest and a worker', () => {
  test('a worker that has ended is replaced after the end of a suite', async () => {
    const emulator = await emulatorForTest();
    const env = { WAY: 'core', EARLY: 'a', LATE: 'fatal,b', PUTLOGS_TRANSFORM: join(files, 'transform.js') };
    assertArrived(emulator, await run(emulator, env), ['a', 'b']);
  });
});

suite('Jest with jsdom', () => {
  for (const way of [...IN_ONE_THREAD, 'core', 'winston']) {
    test(`a suite in jsdom has its records with ${way}`, async () => {
      const emulator = await emulatorForTest();
      const env = { WAY: way, EARLY: 'a,b', LATE: 'bad,c', PUTLOGS_DEAD_LETTER_FILE: deadLettersOf(`jsdom ${way}`) };
      const result = await run(emulator, env, ['--env', 'jsdom', '--setupFiles', './timers.js']);
      assertArrived(emulator, result, ['a', 'b', 'c']);
    });
  }
});

async function run(emulator: Emulator, env: Record<string, string>, args: string[] = []): Promise<ChildResult> {
  emulator.faults([{ match: { contains: 'bad' }, code: 'InvalidArgument' }]);
  const jest = join(application.directory, 'node_modules/jest/bin/jest.js');
  return runChild(jest, {
    args: ['--runInBand', ...args],
    cwd: application.directory,
    env: environmentFor(emulator, env),
    timeoutMs: 120_000,
  });
}

function assertArrived(emulator: Emulator, { code, stdout, stderr }: ChildResult, texts: readonly string[]): void {
  assert.doesNotMatch(stdout + stderr, /torn down|ReferenceError|TypeError/);
  assert.match(stderr, /^done \{.*"pending":0/m);
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    emulator.logs().map((log) => contentsOf(log)['text']),
    texts,
  );
}

function deadLettersOf(way: string): string {
  return join(files, `${way.replaceAll(' ', '-')}.ndjson`);
}

function directoryOf(name: string): string {
  const directory = join(files, name);
  mkdirSync(directory, { recursive: true });
  return directory;
}
