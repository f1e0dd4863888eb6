// examples/docker: the command of its Dockerfile as process 1 of a pid namespace of its own, as in a container.
//
// There is no Docker in these tests. `unshare` makes the namespace, in which the kernel treats signals to process 1 as
// it does in a container.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type StartedChild, startChild } from '../support/child';
import { spooledRecords, temporaryDirectory } from '../support/directory';
import { contentsOf, type Emulator, emulatorForTest, environmentFor, until } from '../support/emulator';
import { example, expecting, get, numbered, portOf } from '../support/examples';
import { assertLedger } from '../support/ledger';

const UNSHARE = ['--pid', '--fork', '--mount-proc', '--kill-child=SIGKILL', '--'];
const skip =
  spawnSync('unshare', [...UNSHARE, 'true']).status === 0
    ? false
    : 'this user may not make a pid namespace on this machine';

const dockerfile = readFileSync(example('docker/Dockerfile'), 'utf8');
const command = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)![1]!) as string[];
const variables = [...dockerfile.matchAll(/(PUTLOGS_\w+)=(\S+)/g)].map(([, name, value]) => [name!, value!]);

interface Container {
  readonly child: StartedChild;
  readonly port: number;
  /** To process 1, from outside, as Docker does. */
  readonly kill: (signal: NodeJS.Signals) => void;
}

async function startContainer(emulator: Emulator, spool: string): Promise<Container> {
  const env = environmentFor(emulator, {
    ...Object.fromEntries(variables),
    PUTLOGS_SPOOL_DIR: spool,
    PUTLOGS_INSTANCE: 'orders-1',
    PORT: '0',
  });
  const child = startChild('', { command: 'unshare', args: [...UNSHARE, ...command], cwd: example('docker'), env });
  const port = await portOf(child);
  const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
  return { child, port, kill: (signal) => process.kill(pid, signal) };
}

async function serve({ port }: Container, orders: readonly number[]): Promise<void> {
  for (const order of orders) assert.deepEqual(await get(port, `/orders/${order}`), { order: `${order}` });
}

function assertArrived(emulator: Emulator, orders: readonly number[]): void {
  const logs = numbered(emulator.logs(), 'order', () => 'orders-1');
  assertLedger(expecting(new Map([['orders-1', orders]])), logs);
}

test('process 1 of a container delivers everything by SIGTERM, and exits with 0', { skip }, async () => {
  const emulator = await emulatorForTest();
  const container = await startContainer(emulator, temporaryDirectory('volume'));
  await serve(container, [1, 2, 3]);
  container.kill('SIGTERM');
  const { code, stderr } = await container.child.ended;
  assert.deepEqual([code, stderr], [0, '']);
  assertArrived(emulator, [1, 2, 3]);
  assert.ok(emulator.logs().every((log) => contentsOf(log)['pid'] === '1'));
});

test('a container that is killed leaves its spool on the volume to the next one', { skip }, async () => {
  const emulator = await emulatorForTest();
  const volume = temporaryDirectory('volume');
  emulator.faults([{ status: 503 }]);
  const killed = await startContainer(emulator, volume);
  await serve(killed, [1, 2, 3]);
  await until('all of it is on the volume', () => spooledRecords(volume) === 3);
  killed.kill('SIGKILL');
  await killed.child.ended;

  emulator.faults([]);
  const next = await startContainer(emulator, volume);
  await serve(next, [4, 5]);
  next.kill('SIGTERM');
  assert.equal((await next.child.ended).code, 0);
  assertArrived(emulator, [1, 2, 3, 4, 5]);
});
