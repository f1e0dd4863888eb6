// examples/fastify and examples/express: small servers with request logs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startChild } from '../support/child';
import { contentsOf, emulatorForTest, environmentFor } from '../support/emulator';
import { example, expecting, get, numbered, portOf } from '../support/examples';
import { assertLedger } from '../support/ledger';

const ORDERS = Array.from({ length: 50 }, (_, n) => n);

for (const [framework, messageKey, requestMessages] of [
  ['fastify', 'msg', ['incoming request', 'request completed']],
  ['express', 'message', ['request completed']],
] as const) {
  test(`a server by ${framework}: its own records and those of its requests have arrived when SIGTERM has ended it`, async () => {
    const emulator = await emulatorForTest();
    const env = environmentFor(emulator, { PORT: '0', POD_NAME: 'pod' });
    const child = startChild(example(`${framework}/server.js`), { env });
    const port = await portOf(child);
    for (const order of ORDERS) assert.deepEqual(await get(port, `/orders/${order}`), { order: `${order}` });
    child.kill('SIGTERM');
    const { code, stderr } = await child.ended;
    assert.deepEqual([code, stderr], [0, '']);
    const logs = emulator.logs();
    assertLedger(
      expecting(new Map([['server', ORDERS]])),
      numbered(logs, 'order', () => 'server'),
    );
    for (const message of requestMessages) {
      const count = logs.filter((log) => contentsOf(log)[messageKey] === message).length;
      assert.equal(count, ORDERS.length, message);
    }
  });
}
