// At which of its calls to the file system a process is killed: at each with CRASH_POINTS=all (`npm run crash-points`),
// otherwise at the first, at the last, and at some between them.
//
// The preloads of these tests count the calls. A process that ends by itself writes into the file KILL_COUNT how many
// calls of each kind it made, as JSON. The call number `NEVER` kills no process.

import { readFileSync } from 'node:fs';

export const KILLS_AT_ALL_CALLS = process.env['CRASH_POINTS'] === 'all';

/** The calls are counted from 1. */
export const NEVER = 0;

export function callsIn(file: string, kind: string): number {
  return (JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>)[kind]!;
}

/** Without end for all calls: the first one that kills no process is behind the last. */
export function* killPoints(calls: number, sample: number): Generator<number> {
  if (KILLS_AT_ALL_CALLS) for (let nth = 1; ; nth += 1) yield nth;
  for (let i = 0; i < sample; i += 1) yield 1 + Math.round((i * (calls - 1)) / (sample - 1));
}
