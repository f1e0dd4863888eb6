// Decides whether this shipper publishes its counters, and where. Without a place nothing is loaded and nothing runs.

import type { Options } from '../options/schema';
import type { Clock } from '../runtime/clock';
import { newRun, type Runs } from '../runtime/run';
import type { Target } from '../targets/target';
import type { Counters, Stats } from '../telemetry/counters';
import type { LatestWarning, WarningReporter } from '../telemetry/warnings';
import type { StatusPlace, StatusPublisher } from './status-publisher';

export type { StatusPublisher } from './status-publisher';

/** What the application's thread knows beside its worker: the status has the same figures as its `stats()`. */
export interface ApplicationView {
  stats(): Stats;
  latestWarning(): LatestWarning | undefined;
}

export interface StatusParts {
  readonly options: Options;
  readonly target: Target;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly warnings: WarningReporter;
  readonly runs: Runs | undefined;
  readonly application: ApplicationView | undefined;
  readonly spoolPlace: () => StatusPlace | undefined;
}

export function publishesStatus({ enabled, status, spool }: Options): boolean {
  return enabled && (status.dir ?? spool.dir) !== undefined;
}

let publisherModule: typeof import('./status-publisher') | undefined;

export function startStatus(parts: StatusParts): StatusPublisher | undefined {
  const { options, target, clock, counters, warnings, runs, application, spoolPlace } = parts;
  if (!publishesStatus(options)) return undefined;
  const { dir } = options.status;
  const run = runs?.own ?? newRun(clock.wallMs());
  // In a spool's run the status has the run's own name, so that a reader knows to which run a directory belongs.
  const inOwnDirectory = (directory: string) => ({ directory, run: spoolPlace()?.run ?? run });
  publisherModule ??= require('./status-publisher') as typeof import('./status-publisher');
  return new publisherModule.StatusPublisher({
    clock,
    counters,
    warnings,
    about: { instance: options.instance, target: options.target, destination: JSON.stringify(target.identity) },
    place: dir === undefined ? spoolPlace : () => inOwnDirectory(dir),
    isOwnDirectory: dir !== undefined,
    stats: () => application?.stats() ?? counters.stats(),
    latestWarning: () => later(warnings.latest, application?.latestWarning()),
    deadRuns: runs?.dead ?? [],
  });
}

let writerModule: typeof import('./status-writer') | undefined;

/**
 * Returns the function that removes the status file of a worker, at the end of a process that does not wait for its
 * worker. The run may have another name since it lost its spool: then the file stays, and is shown as that of a process
 * that is gone. Loaded at the start: Jest refuses `require` after the end of a suite.
 */
export function statusRemover(options: Options): (run: string) => void {
  if (!publishesStatus(options)) return () => {};
  writerModule ??= require('./status-writer') as typeof import('./status-writer');
  const { removeStatusIn } = writerModule;
  return (run) => removeStatusIn(options.status.dir, options.spool.dir, run);
}

function later(a: LatestWarning | undefined, b: LatestWarning | undefined): LatestWarning | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.atMs >= b.atMs ? a : b;
}
