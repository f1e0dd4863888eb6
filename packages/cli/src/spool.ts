// The spool that the options name, surveyed.

import { type Survey, surveySpool } from '@putlogs/core/tools';
import { type Call, requiredOption, systemProblem } from './command';

export interface FoundSpool extends Survey {
  readonly dir: string;
}

/** @throws UsageError where none is named, or it cannot be read */
export function survey(call: Call): FoundSpool {
  const dir = requiredOption(call, 'spool.dir');
  try {
    return { dir, ...surveySpool(dir, Date.now()) };
  } catch (error) {
    throw systemProblem(call, 'spool.dir', error);
  }
}
