// examples/pm2, run by pm2 itself.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { startChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { emulatorForTest, environmentFor } from '../support/emulator';
import { example, expecting, numbered, portOf, Served } from '../support/examples';
import { assertLedger } from '../support/ledger';

test('each process of pm2 keeps its order under the hash key of its number, and so does the next process of that number', async () => {
  const emulator = await emulatorForTest();
  const env = environmentFor(emulator, {
    PORT: '0',
    POD_NAME: 'pod',
    PM2_HOME: temporaryDirectory('pm2'),
    // It would connect to a host outside this machine.
    PM2_DISABLE_VERSION_CHECK: 'true',
  });
  const runtime = createRequire(example('pm2/server.js')).resolve('pm2/bin/pm2-runtime');
  const child = startChild(runtime, { args: ['start', example('pm2/ecosystem.config.cjs')], env });
  const served = new Served(await portOf(child));
  await served.each(2, 10);
  await served.endFirst('SIGINT');
  await served.each(3, 10);
  child.kill('SIGTERM');
  const { code, stdout, stderr } = await child.ended;
  assert.deepEqual([code, stderr], [0, ''], stdout);
  const { hashKeys } = assertLedger(
    expecting(served.numbers),
    numbered(emulator.logs(), 'served', ({ pid }) => pid),
  );
  const keys = [...hashKeys.values()].map(([key]) => key);
  assert.equal(keys.length, 3);
  assert.deepEqual([...new Set(keys)].sort(), [0, 1].map((number) => md5(`pod-${number}`)).sort());
});

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
