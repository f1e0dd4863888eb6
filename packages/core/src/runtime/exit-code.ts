// Sets the exit code of a process that lost records, for the option `strict`.

import { isMainThread } from 'node:worker_threads';

const LOST_RECORDS = 1;

/**
 * Makes the exit code 1, unless the application has set another one. It has no effect in a worker thread, which cannot
 * set the exit code of the process.
 */
export function failProcess(): void {
  if (isMainThread && !process.exitCode) process.exitCode = LOST_RECORDS;
}
