// Runs an application on a version of Node, and returns how it ended and the messages that arrived.
//
// Each run has an emulator of its own. Only `shipQuietly` asserts something.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type ChildResult, runChild } from '../support/child';
import { contentsOf, type Emulator, environmentFor, startEmulator } from '../support/emulator';
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

function messagesIn(emulator: Emulator): string[] {
  return emulator
    .logs()
    .map((log) => {
      const { msg, message } = contentsOf(log);
      return msg ?? message ?? '';
    })
    .sort();
}
