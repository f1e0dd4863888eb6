// Runs an application on a version of Node, and returns how it ended and the messages that arrived.
//
// Each run has an emulator of its own. Only `shipQuietly` asserts something.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type ChildResult, runChild, type StartedChild, startChild } from '../support/child';
import { contentsOf, type Emulator, environmentFor, startEmulator } from '../support/emulator';
import { get, portOf } from '../support/examples';
import type { Application } from './application';

export interface Shipped {
  readonly result: ChildResult;
  /** The messages that the service has, sorted. */
  readonly messages: readonly string[];
}

/**
 * Runs a file of an application against an emulator of its own, with all it needs in the environment, to its end.
 * @param options the binary of node, the test's own by default; arguments; what goes into the environment besides
 */
export async function ship(
  application: Application,
  file: string,
  { node, args = [], env = {} }: { node?: string | undefined; args?: string[]; env?: Record<string, string> } = {},
): Promise<Shipped> {
  const emulator = await startEmulator();
  try {
    const path = join(application.directory, file);
    const result = await runChild(path, {
      command: node ?? process.execPath,
      args: [path, ...args],
      cwd: application.directory,
      env: { ...environmentFor(emulator), ...env },
    });
    return { result, messages: messagesIn(emulator) };
  } finally {
    await emulator.close();
  }
}

/** As `ship`, of an application that ends well and says nothing. */
export async function shipQuietly(...given: Parameters<typeof ship>): Promise<readonly string[]> {
  const { result, messages } = await ship(...given);
  assert.equal(result.stderr, '');
  assert.equal(result.code, 0, result.stdout);
  return messages;
}

interface ServerOptions {
  readonly cwd: string;
  /** The binary of node, or of the server itself; the test's own node by default. */
  readonly command?: string | undefined;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: (server: StartedChild) => Promise<number>;
}

/** What a server is asked for. Each of the two messages arrives once for each. */
const ORDERS = ['1', '2', '3'];

/**
 * Starts a server of examples/, asks it for three orders, and ends it by SIGTERM.
 *
 * Asserts that the server writes nothing to stderr, and that the service then has each of `messages` once for each
 * order, in the order of the requests.
 */
export async function shipFromServer(messages: readonly string[], options: ServerOptions): Promise<ChildResult> {
  const { cwd, command = process.execPath, args, env = {}, port = portOf } = options;
  const emulator = await startEmulator();
  try {
    const server = startChild('', { command, args, cwd, env: { ...environmentFor(emulator), PORT: '0', ...env } });
    const itsPort = await port(server);
    for (const order of ORDERS) assert.deepEqual(await get(itsPort, `/orders/${order}`), { order });
    server.kill('SIGTERM');
    const result = await server.ended;
    assert.equal(result.stderr, '', result.stdout);
    for (const message of messages) {
      const arrived = emulator.logs().map(contentsOf);
      const its = arrived.filter(({ msg, message: text, order }) => (msg ?? text) === message && order !== undefined);
      assert.deepEqual(
        its.map(({ order }) => order),
        ORDERS,
        message,
      );
    }
    return result;
  } finally {
    await emulator.close();
  }
}

function messagesIn(emulator: Emulator): string[] {
  return emulator
    .logs()
    .map((log) => {
      const { msg, message } = contentsOf(log);
      return msg ?? message ?? '';
    })
    .sort();
}
