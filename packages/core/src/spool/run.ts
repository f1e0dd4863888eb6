// One life of a shipper: a process's, or that of one worker thread of a process, after which comes another.
//
// What a dead process has left is recognized by its owner file (owner.ts). Of a dead worker that file tells nothing:
// its process lives. So the host names its workers' runs, and tells each which came before it and are dead. What they
// have left is the new worker's at once, before it sends anything: the instance's records stay in order.

import { randomBytes } from 'node:crypto';

export interface Runs {
  /** The name of this one. */
  readonly own: string;
  /** Of this process, and dead. */
  readonly dead: readonly string[];
}

/** What `newRun` gives. */
export const RUN_PATTERN = '[0-9a-f]{18}';

/** Sorts by time, so that the oldest run's batches are sent first; and is no other's. */
export function newRun(wallMs: number): string {
  return wallMs.toString(16).padStart(12, '0') + randomBytes(3).toString('hex');
}
