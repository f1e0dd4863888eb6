// Reads the dead-letter file that the options name, the older file beside it, and the files of a killed replay.

import { allDeadLetters, type DeadLetterLine } from '@putlogs/core/tools';
import { type Call, requiredOption, systemProblem } from './command';

export function deadLetterFile(call: Call): string {
  return requiredOption(call, 'deadLetter.file');
}

/** Returns every line that is not empty, oldest first. @throws UsageError if there is no readable file */
export function* everyDeadLetter(call: Call): Generator<DeadLetterLine> {
  const file = deadLetterFile(call);
  try {
    for (const line of allDeadLetters(file)) if (line.text.length > 0) yield line;
  } catch (error) {
    throw systemProblem(call, 'deadLetter.file', error);
  }
}
