// The command putlogs, run as a child; and a spool that a process has left behind.

import { dirname, join } from 'node:path';
import { createShipper, type PutlogsOptions } from '@putlogs/core';
import { type ChildOptions, type ChildResult, runChild, type StartedChild, startChild } from './child';
import { type Emulator, environmentFor, optionsFor, until } from './emulator';
import { START_MS } from './start-time';
import type { TargetUnderTest } from './targets';

export const command = join(dirname(require.resolve('@putlogs/cli/package.json')), 'bin/putlogs.js');

export function putlogs(words: string, env: Record<string, string>, options: ChildOptions = {}): Promise<ChildResult> {
  return runChild(command, { ...options, args: words.split(' '), env });
}

export function startPutlogs(words: string, env: Record<string, string>): StartedChild {
  return startChild(command, { args: words.split(' '), env });
}

/** Numbered records of an instance, in files of ten, as a process leaves them that had no time to deliver. */
export async function leaveBehind(
  emulator: Emulator,
  dir: string,
  count: number,
  { instance = 'one', ...options }: PutlogsOptions = {},
  target?: TargetUnderTest,
): Promise<void> {
  const small = { batch: { maxCount: 10 }, spool: { dir, mode: 'always' } } as const;
  emulator.faults([{ status: 503 }]);
  // One attempt, and then none for a while: one that is on its way at the end might be taken after all.
  const retry = { baseMs: 60_000, maxMs: 600_000 };
  const shipper = createShipper({ ...optionsFor(emulator, target), ...small, instance, ...options, retry });
  for (let n = 0; n < count; n += 1) shipper.write(JSON.stringify({ time: START_MS + n, level: 30, instance, n }));
  await until('the service has refused it', () => shipper.stats().retries > 0);
  await shipper.close({ timeoutMs: 0 });
  emulator.faults([]);
}

/** The environment of a command for that spool. */
export function environmentOf(emulator: Emulator, dir: string): Record<string, string> {
  return { ...environmentFor(emulator), PUTLOGS_SPOOL_DIR: dir };
}
