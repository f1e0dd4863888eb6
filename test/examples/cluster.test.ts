// examples/cluster: four processes, and one that takes the place of another.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { startChild } from '../support/child';
import { emulatorForTest, environmentFor } from '../support/emulator';
import { example, expecting, numbered, portOf, Served } from '../support/examples';
import { assertLedger } from '../support/ledger';

test('each process of a cluster keeps its order under its own hash key, and has delivered everything when it ends', async () => {
  const emulator = await emulatorForTest();
  const env = environmentFor(emulator, { PORT: '0', POD_NAME: 'pod' });
  const child = startChild(example('cluster/server.js'), { env });
  const served = new Served(await portOf(child));
  await served.each(4, 5);
  await served.endFirst('SIGTERM');
  await served.each(5, 5);
  child.kill('SIGTERM');
  const { code, stderr } = await child.ended;
  assert.deepEqual([code, stderr], [0, '']);
  const { hashKeys } = assertLedger(
    expecting(served.numbers),
    numbered(emulator.logs(), 'served', ({ pid }) => pid),
  );
  const keys = [...hashKeys.values()].map(([key]) => key);
  assert.deepEqual(keys.sort(), [1, 2, 3, 4, 5].map((number) => md5(`pod-${number}`)).sort());
});

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
