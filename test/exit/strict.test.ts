// `strict` and `failOnLoss`: the exit code of a process that lost records.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ChildResult, runChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { closedPort, type Emulator, environmentFor, startEmulator } from '../support/emulator';
import type { StrictPlan, Way } from './apps/strict-app';

const APP = join(__dirname, 'apps/strict-app.js');

let emulator: Emulator;
let down: string;
before(async () => {
  emulator = await startEmulator();
  down = `http://127.0.0.1:${await closedPort()}`;
});
after(() => emulator.close());

interface Case extends Partial<StrictPlan> {
  readonly way: Way;
  readonly env?: Readonly<Record<string, string>>;
}

function run({ env, failsOnLoss = true, ...plan }: Case): Promise<ChildResult> {
  const environment = { ...environmentFor(emulator), PUTLOGS_STRICT: 'true', PUTLOGS_CLOSE_TIMEOUT_MS: '500', ...env };
  return runChild(APP, { args: [JSON.stringify({ failsOnLoss, ...plan })], env: environment });
}

const WAYS: readonly Way[] = [
  'core',
  'core in one thread',
  'winston',
  'winston in one thread',
  'pino',
  'pino, several targets',
  'pino in one thread',
];

describe('a strict process', { concurrency: 2 }, () => {
  for (const way of WAYS) {
    it(`that lost a record ends with exit code 1: ${way}`, async () => {
      const { code, stderr } = await run({ way, env: { PUTLOGS_ENDPOINT: down } });
      assert.match(
        stderr,
        /^putlogs: 1 record is lost: .*; set spool\.dir to keep such records for the next process$/m,
      );
      assert.equal(code, 1, stderr);
    });
    it(`whose records were delivered ends with exit code 0: ${way}`, async () => {
      const { code, stderr } = await run({ way, env: { PUTLOGS_CLOSE_TIMEOUT_MS: '8000' } });
      assert.deepEqual([code, stderr], [0, '']);
    });
  }

  for (const way of ['core', 'pino'] as const) {
    it(`that calls process.exit(0) ends with exit code 1 if it lost a record: ${way}`, async () => {
      assert.equal((await run({ way, exit: 0, env: { PUTLOGS_ENDPOINT: down } })).code, 1);
    });
    it(`keeps the exit code of its application: ${way}`, async () => {
      assert.equal((await run({ way, exit: 42, env: { PUTLOGS_ENDPOINT: down } })).code, 42);
    });
    it(`does not end with an error if records are left in the spool: ${way}`, async () => {
      const env = { PUTLOGS_ENDPOINT: down, PUTLOGS_SPOOL_DIR: temporaryDirectory('strict') };
      const { code, stderr } = await run({ way, env });
      assert.equal(code, 0, stderr);
    });
  }

  it('that closes its transport itself ends with exit code 1 if a record was lost', async () => {
    for (const way of ['core', 'core in one thread'] as const) {
      assert.equal((await run({ way, closes: true, env: { PUTLOGS_ENDPOINT: down } })).code, 1, way);
    }
  });
});

describe('without strict, a process that lost a record', { concurrency: 2 }, () => {
  for (const way of ['core', 'winston', 'pino'] as const) {
    it(`ends with exit code 0: ${way}`, async () => {
      const env = { PUTLOGS_ENDPOINT: down, PUTLOGS_STRICT: 'false' };
      assert.equal((await run({ way, failsOnLoss: false, env })).code, 0);
    });
  }
  it('and called failOnLoss ends with exit code 1, also for wrong options', async () => {
    const env = { PUTLOGS_STRICT: 'false', PUTLOGS_LINGER_MS: 'never' };
    const { code, stderr } = await run({ way: 'pino', env });
    assert.match(stderr, /^putlogs: 1 record is lost: nothing was started, because the options are wrong$/m);
    assert.equal(code, 1, stderr);
  });
});
