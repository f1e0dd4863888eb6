// The spool that the options name: its parts, the state of their owners, and its totals.

import {
  type DamagedFile,
  damagedIn,
  type Owners,
  ownerNamesIn,
  ownersIn,
  partsIn,
  type SurveyedPart,
} from '@putlogs/core/tools';
import { type Call, requiredOption, systemProblem } from './command';

export interface FoundSpool {
  readonly dir: string;
  /** Segments that transports have set aside. */
  readonly damaged: readonly DamagedFile[];
  /** Read anew with each call, one part at a time. */
  parts(): Iterable<SurveyedPart>;
  /** Takes a few seconds if an owner is on another machine. */
  owners(): Promise<Owners>;
}

/** @throws UsageError if no spool is set, or if it cannot be read */
export function survey(call: Call): FoundSpool {
  const dir = requiredOption(call, 'spool.dir');
  try {
    const names = ownerNamesIn(dir);
    const damaged = damagedIn(dir);
    return { dir, damaged, parts: () => partsIn(dir), owners: () => ownersIn(dir, names, { signal: call.signal }) };
  } catch (error) {
    throw systemProblem(call, 'spool.dir', error);
  }
}

export function totalOf(parts: Iterable<SurveyedPart>, figure: 'bytes' | 'unfinished'): number {
  let total = 0;
  for (const part of parts) total += part[figure];
  return total;
}

/** A process that runs, or may run, may be writing to its part now. */
export function mayLive({ name }: SurveyedPart, owners: Owners): boolean {
  const state = owners.stateOf(name.owner);
  return state === 'alive' || state === 'unknown';
}

const BETWEEN_PAUSES_MS = 50;

/** Returns a function for a long loop. It waits for one round of the event loop every 50 ms, so that Ctrl-C works. */
export function pauses(): () => Promise<void> | undefined {
  let lastMs = performance.now();
  return () => {
    if (performance.now() - lastMs < BETWEEN_PAUSES_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        lastMs = performance.now();
        resolve();
      });
    });
  };
}
