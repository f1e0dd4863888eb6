// The dead-letter file that the options name; and what a replay that was killed has left beside it.

import { existsSync } from 'node:fs';
import { claimOf, type DeadLetterLine, deadLettersIn } from '@putlogs/core/tools';
import { type Call, requiredOption, systemProblem } from './command';

export function deadLetterFile(call: Call): string {
  return requiredOption(call, 'deadLetter.file');
}

/** Every line that is not empty, of both. @throws UsageError where there is none to read */
export function* everyDeadLetter(call: Call): Generator<DeadLetterLine> {
  const file = deadLetterFile(call);
  const claim = claimOf(file);
  const files = existsSync(claim) ? [claim, ...(existsSync(file) ? [file] : [])] : [file];
  try {
    for (const path of files) for (const line of deadLettersIn(path)) if (line.text.length > 0) yield line;
  } catch (error) {
    throw systemProblem(call, 'deadLetter.file', error);
  }
}
