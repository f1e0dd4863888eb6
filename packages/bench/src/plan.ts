// What the parent tells a contender's process, and what that says in the end. Plain data on both ways.

import type { WorkloadName } from './workloads';

export const MODE_NAMES = ['burst', 'tick', 'steady', 'outage'] as const;
export type ModeName = (typeof MODE_NAMES)[number];

export interface Plan {
  readonly contender: string;
  readonly workload: WorkloadName;
  readonly mode: ModeName;
  readonly records: number;
  /** A record's mean length as pino writes it. */
  readonly lineBytes: number;
  /** Of the modes that keep a pace. */
  readonly recordsPerSecond: number;
  /** The sink's. */
  readonly port: number;
  /**
   * Wait until the sink hears nothing more before the transport is ended. pino cuts a transport off after 10 s, and some
   * do not wait for what they have under way: in a service that runs on, that would not be lost.
   */
  readonly isPatient: boolean;
}

/** A question to the parent, which alone can reach the sink beside the measured path. */
export type Question = 'down' | 'up' | 'quiet';

/** What one contender's process has measured of itself. */
export interface Measured {
  readonly logged: number;
  /** Of the first log call, on the machine's monotonic clock. */
  readonly startNs: string;
  /** When the transport had ended. */
  readonly endNs: string;
  /** The application's loop, from the first call to the return of the last one. */
  readonly loopSeconds: number;
  /** Ending the transport. */
  readonly endSeconds: number;
  readonly mainCpuSeconds: number;
  readonly processCpuSeconds: number;
  /** Above the resolution of the measurement. */
  readonly loopDelayP99Ms: number;
  readonly peakRssBytes: number;
  /** Loading what the application itself must load for this contender, after its logger. */
  readonly importMs: number;
  /** The same, and making the transport: how long the application's thread is held at its start. */
  readonly startMs: number;
  /** From making the transport until it says that it is ready. Nothing: it does not say. */
  readonly readyMs: number | null;
  /** Of an outage. */
  readonly outage: Outage | null;
  readonly problem: string | null;
}

export interface Outage {
  readonly rssBeforeBytes: number;
  /** While the service was down. */
  readonly rssPeakBytes: number;
  /** After all was delivered, or given up. */
  readonly rssAfterBytes: number;
}
