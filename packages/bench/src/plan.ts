// The messages between the parent and a contender's process. Plain data.

import type { WorkloadName } from './workloads';

export const MODE_NAMES = ['burst', 'tick', 'steady', 'outage'] as const;
export type ModeName = (typeof MODE_NAMES)[number];

export interface Plan {
  readonly contender: string;
  readonly workload: WorkloadName;
  readonly mode: ModeName;
  readonly records: number;
  /** The mean length of a record as pino writes it. */
  readonly lineBytes: number;
  /** For the modes with a steady pace. */
  readonly recordsPerSecond: number;
  /** The port of the sink. */
  readonly port: number;
  /**
   * Whether the transport is ended only when the sink receives nothing more. pino cuts a transport off after 10 s, and
   * some do not wait for requests in flight. A service that goes on running would not lose those records.
   */
  readonly isPatient: boolean;
}

/** A question to the parent. Only the parent can reach the sink beside the measured path. */
export type Question = 'down' | 'up' | 'quiet';

/** The measurements of a contender's process. */
export interface Measured {
  readonly logged: number;
  /** The time of the first log call, on the machine's monotonic clock. */
  readonly startNs: string;
  /** The time when the transport had ended. */
  readonly endNs: string;
  /** The time of the application's loop, from the first log call to the return of the last one. */
  readonly loopSeconds: number;
  /** The time for ending the transport. */
  readonly endSeconds: number;
  readonly mainCpuSeconds: number;
  readonly processCpuSeconds: number;
  /** The part that is above the resolution of the measurement. */
  readonly loopDelayP99Ms: number;
  readonly peakRssBytes: number;
  /** The time to load what the application needs for this contender, beside its logger. */
  readonly importMs: number;
  /** The same, and the time to create the transport: how long the start blocks the application's thread. */
  readonly startMs: number;
  /** The time from creating the transport until it reports that it is ready. Undefined if it does not report that. */
  readonly readyMs: number | null;
  /** Of an outage. */
  readonly outage: Outage | null;
  readonly problem: string | null;
}

export interface Outage {
  readonly rssBeforeBytes: number;
  /** While the service was down. */
  readonly rssPeakBytes: number;
  /** After all records were delivered or given up. */
  readonly rssAfterBytes: number;
}
