// A run: one life of a shipper, in a process or in one worker thread.
//
// A dead process is recognized by its socket, its pid or its heartbeat (spool/ownership.ts). None of these shows a dead
// worker, because its process lives. So the host names each worker's run, and passes the names of the dead runs before
// it. The new worker adopts their journals before it sends anything, so that the instance's records stay in order.

import { randomBytes } from 'node:crypto';

export interface Runs {
  /** The name of this run. */
  readonly own: string;
  /** Dead runs of this process. */
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
