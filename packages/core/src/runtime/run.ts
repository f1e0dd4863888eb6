// One life of a shipper: a process's, or that of one worker thread of a process, after which comes another.
//
// A dead process is recognized by its socket, its pid or its heartbeat (ownership.ts). These say nothing of a dead
// worker, because its process lives. So the host names the run of each worker, and names to each the dead runs before
// it. The new worker takes over what they left before it sends anything: the instance's records stay in order.

import { randomBytes } from 'node:crypto';

export interface Runs {
  /** The name of this one. */
  readonly own: string;
  /** Of this process, and dead. */
  readonly dead: readonly string[];
}

/**
 * Names sort by time, so that the oldest run's batches are sent first. The random digits make each name unique.
 * @param laterThan the newest run of the same instance: with a clock that was set back, the new run still sorts last
 */
export function newRun(wallMs: number, laterThan?: string): string {
  const afterMs = laterThan === undefined ? 0 : Number.parseInt(laterThan.slice(0, 12), 16) + 1;
  return Math.max(Math.floor(wallMs), afterMs).toString(16).padStart(12, '0') + randomBytes(3).toString('hex');
}
