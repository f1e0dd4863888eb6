// Suites that load a service which logs and does not close its loggers: they end by themselves, and say nothing of
// handles that are open.
import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { type Application, freshApplication } from './application';
import { nodesFrom } from './nodes';
import { ship } from './ship';

const RECORDS = ['pino 1', 'pino 2', 'winston 1', 'winston 2'];
const OPEN = /did not exit|open handle|failed to exit|forceExit|close timed out|hanging/i;
const dependencies = ['@putlogs/pino', '@putlogs/winston', 'pino', 'winston'] as const;

suite('a Jest suite', () => {
  let application: Application;
  before(async () => {
    application = await freshApplication({
      manager: 'npm',
      dependencies: [...dependencies, 'jest'],
      files: 'jest',
      manifest: { jest: { testEnvironment: 'node' } },
    });
  });

  for (const THREAD of ['worker', 'own']) {
    test(`ends, and its records are there: ${THREAD} thread`, async () => {
      for (const node of nodesFrom(20)) {
        const given = { node, args: ['--detectOpenHandles'], env: { THREAD } };
        const { result, messages } = await ship(application, 'node_modules/jest/bin/jest.js', given);
        assert.equal(result.code, 0, result.stderr);
        assert.doesNotMatch(result.stdout + result.stderr, OPEN);
        assert.deepEqual(messages, RECORDS);
      }
    });

    for (const FAKE of ['before', 'after']) {
      test(`ends, and its records are there, with fake timers ${FAKE} the service is loaded: ${THREAD} thread`, async () => {
        const { result, messages } = await ship(application, 'node_modules/jest/bin/jest.js', {
          env: { THREAD, FAKE },
        });
        assert.equal(result.code, 0, result.stderr);
        assert.deepEqual(messages, RECORDS);
      });
    }

    test(`ends as well where nobody has flushed: ${THREAD} thread`, async () => {
      // Without --detectOpenHandles: it names pino's worker where a suite ends before that is up, whatever runs in it.
      const env = { THREAD, FLUSH: 'no' };
      const { result } = await ship(application, 'node_modules/jest/bin/jest.js', { args: ['--runInBand'], env });
      assert.equal(result.code, 0, result.stderr);
      assert.doesNotMatch(result.stdout + result.stderr, OPEN);
    });
  }
});

suite('a Vitest suite', () => {
  let application: Application;
  before(async () => {
    application = await freshApplication({
      manager: 'pnpm',
      dependencies: [...dependencies, 'vitest'],
      files: 'vitest',
    });
  });

  for (const pool of ['forks', 'threads']) {
    for (const THREAD of ['worker', 'own']) {
      for (const FLUSH of ['yes', 'no']) {
        test(`ends in the pool ${pool}: ${THREAD} thread, flushed: ${FLUSH}`, async () => {
          const { result, messages } = await ship(application, 'node_modules/vitest/vitest.mjs', {
            node: nodesFrom(22)[0],
            args: ['run', '--pool', pool],
            env: { THREAD, FLUSH },
          });
          assert.equal(result.code, 0, result.stdout + result.stderr);
          assert.doesNotMatch(result.stdout + result.stderr, OPEN);
          if (FLUSH === 'yes') assert.deepEqual(messages, RECORDS);
        });
      }
    }
  }
});
