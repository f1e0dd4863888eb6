// The entry point of the package. What is not exported here may change with any version.
//
// Each function loads its modules when it is called. An application that sends its records to a worker does not load
// what only the worker needs. There are fifty modules, and each costs a fifth of a millisecond at the start.

import type { Explained } from './options/resolve';
import type { Options } from './options/schema';
import type { PutlogsOptions } from './options/types';
import type { LineStream } from './shipper/line-stream';
import type { Shipper, WorkerShipper } from './sink';

export { PutlogsError, type PutlogsErrorCode } from './errors';
export type { PutlogsOptions } from './options/types';
export { commonLength, markOf } from './record/cut-mark';
export { systemClock } from './runtime/clock';
export type { LineStream } from './shipper/line-stream';
export type { FlushOptions, FlushResult, LoggerFacts, RecordSink, Shipper, ShipperEvents, WorkerShipper } from './sink';
export { addStats, DROP_REASONS, type DropReason, lostIn, type Stats } from './telemetry/counters';
export type { Warning, WarningCode, WarningKind } from './telemetry/warnings';

/**
 * Starts a shipper in this thread.
 *
 * @param options an option that is not set is read from the environment, else it has its default (docs/options.md)
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS`; its message lists every problem of the options and the environment
 */
export function createShipper(options: PutlogsOptions = {}): Shipper {
  return prepareShipper(options)();
}

/**
 * Starts a shipper in a worker thread. A worker that ends is replaced.
 *
 * @param options as for `createShipper`
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS`, or `ERR_PUTLOGS_WORKER` if no thread could be started
 */
export function createWorkerShipper(options: PutlogsOptions = {}): WorkerShipper {
  return prepareWorkerShipper(options)();
}

/** Starts a shipper each time it is called. */
export interface Prepared<Started> {
  (): Started;
  /** The resolved option. A longer record is cut, so there is no use in passing on much more. */
  readonly maxRecordBytes: number;
}

/**
 * Checks the options, and returns a function that starts a shipper in this thread. Each call starts another one with
 * the same options, even if the environment or the working directory has changed. For adapters that start again.
 *
 * @param options as for `createShipper`
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS`
 */
export function prepareShipper(options: PutlogsOptions = {}): Prepared<Shipper> {
  const resolved = resolve(options);
  const { startShipper } = require('./shipper/shipper') as typeof import('./shipper/shipper');
  return Object.assign(() => startShipper(resolved), { maxRecordBytes: resolved.maxRecordBytes });
}

/**
 * Does the same for shippers in a worker thread. The returned function throws `ERR_PUTLOGS_WORKER` if no thread could
 * be started.
 *
 * @param options as for `createShipper`
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS`, or in a build `ERR_PUTLOGS_WORKER` if the worker is missing
 */
export function prepareWorkerShipper(options: PutlogsOptions = {}): Prepared<WorkerShipper> {
  const resolved = resolve(options);
  // A build is the time to find out that the worker was left out of a bundle.
  if (isBuild) (require('./host/thread-stream') as typeof import('./host/thread-stream')).workerFile();
  const { startWorkerShipper } = require('./host/host') as typeof import('./host/host');
  return Object.assign(() => startWorkerShipper(resolved), { maxRecordBytes: resolved.maxRecordBytes });
}

/**
 * Starts a shipper in this thread behind a writable stream. Each line is a record.
 *
 * @param options as for `createShipper`
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS`
 */
export function createLineStream(options: PutlogsOptions = {}): LineStream {
  const explained = explain(options);
  const resolved = checked(explained);
  const isMessageKeySet = explained.originOf('messageKey').kind !== 'default';
  const { startLineStream } = require('./shipper/line-stream') as typeof import('./shipper/line-stream');
  return startLineStream(resolved, { isMessageKeySet });
}

/**
 * Does the same in a thread in which an error would end the application. Wrong options are a line on stderr and a
 * warning, and every record is refused. With `strict: true` they are an error all the same.
 *
 * @param options as for `createShipper`
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS` if `strict` is set
 */
export function createLenientLineStream(options: PutlogsOptions = {}): LineStream {
  try {
    return createLineStream(options);
  } catch (error) {
    const { isStrict } = require('./options/resolve') as typeof import('./options/resolve');
    if (isStrict(options, process.env)) throw error;
    return (require('./shipper/unstarted') as typeof import('./shipper/unstarted')).unstartedLineStream(error);
  }
}

/**
 * Stands in for a shipper that had started before, and cannot be started again. The error is a line on stderr and a
 * warning, and every record is refused.
 *
 * @param error what `createShipper` or `createWorkerShipper` has thrown
 * @param options those of the shipper
 */
export function createUnstartedShipper(error: unknown, options: PutlogsOptions = {}): Shipper {
  const { isStrict } = require('./options/resolve') as typeof import('./options/resolve');
  const { unstartedShipper } = require('./shipper/unstarted') as typeof import('./shipper/unstarted');
  return unstartedShipper(error, isStrict(options, process.env));
}

/** Whether nothing starts because an application is built. One line in each thread says so. */
let isBuild = false;

function resolve(options: PutlogsOptions): Options {
  return checked(explain(options));
}

function explain(options: PutlogsOptions): Explained {
  const { explainOptions } = require('./options/resolve') as typeof import('./options/resolve');
  return explainOptions([{ options }], process.env);
}

function checked(explained: Explained): Options {
  const { optionsOf } = require('./options/resolve') as typeof import('./options/resolve');
  const resolved = optionsOf(explained);
  if (!resolved.enabled && !isBuild) noticeBuild(explained);
  return resolved;
}

function noticeBuild(explained: Explained): void {
  const { buildNotice } = require('./options/build-phase') as typeof import('./options/build-phase');
  const notice = buildNotice(explained);
  if (notice === undefined) return;
  isBuild = true;
  (require('./telemetry/stderr') as typeof import('./telemetry/stderr')).writeToStderr(notice, false);
}
