// Reads the dead-letter file that the options name, the older file beside it, and the files of a killed replay.

import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { allDeadLetters, claimOf, type DeadLetterLine, rotatedOf } from '@putlogs/core/tools';
import { type Call, requiredOption, systemProblem } from './command';

export function deadLetterFile(call: Call): string {
  return requiredOption(call, 'deadLetter.file');
}

/**
 * Returns every line that is not empty, oldest first. There is no file before a record is refused, and none after a
 * complete replay: then there are no lines.
 *
 * @throws UsageError if a file cannot be read, or if there is no directory for it
 */
export function* everyDeadLetter(call: Call): Generator<DeadLetterLine> {
  const file = deadLetterFile(call);
  try {
    for (const line of allDeadLetters(file)) if (line.text.length > 0) yield line;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isMissing || !existsSync(dirname(resolve(file)))) throw systemProblem(call, 'deadLetter.file', error);
  }
}

/** Returns a sentence if there is no file: a wrong path must not look like a file without records. */
export function noFileNotice(call: Call): string | undefined {
  const file = deadLetterFile(call);
  const isThere = [file, rotatedOf(file)].some((path) => existsSync(path) || existsSync(claimOf(path)));
  return isThere ? undefined : `there is no file ${resolve(file)}: no record was refused, or each was replayed`;
}
