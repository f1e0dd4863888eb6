// The dead-letter file that the options name, with the older one and what a killed replay has left beside it.

import { allDeadLetters, type DeadLetterLine } from '@putlogs/core/tools';
import { type Call, requiredOption, systemProblem } from './command';

export function deadLetterFile(call: Call): string {
  return requiredOption(call, 'deadLetter.file');
}

/** Every line that is not empty, oldest first. @throws UsageError where there is none to read */
export function* everyDeadLetter(call: Call): Generator<DeadLetterLine> {
  const file = deadLetterFile(call);
  try {
    for (const line of allDeadLetters(file)) if (line.text.length > 0) yield line;
  } catch (error) {
    throw systemProblem(call, 'deadLetter.file', error);
  }
}
