// The face of the package. What is not exported here may change with any version.
//
// What is started is loaded when it is started: an application whose records go to a worker never loads what the worker
// does, and a worker never what starts one. A module takes a fifth of a millisecond of somebody's start, and there are
// fifty.

import type { WorkerShipper } from './host/host';
import type { Options } from './options/schema';
import type { PutlogsOptions } from './options/types';
import type { LineStream } from './shipper/line-stream';
import type { Shipper } from './sink';

export { PutlogsError, type PutlogsErrorCode } from './errors';
export type { WorkerShipper } from './host/host';
export type { PutlogsOptions } from './options/types';
export type { LineStream } from './shipper/line-stream';
export type { FlushOptions, FlushResult, RecordSink, Shipper, ShipperEvents } from './sink';
export { addStats, DROP_REASONS, type DropReason, type Stats } from './telemetry/counters';
export type { Warning, WarningCode, WarningKind } from './telemetry/warnings';

/**
 * The whole core in this thread.
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS`, with every problem of the options and the environment
 */
export function createShipper(options: PutlogsOptions = {}): Shipper {
  const resolved = resolve(options);
  return (require('./shipper/shipper') as typeof import('./shipper/shipper')).startShipper(resolved);
}

/**
 * Starts the core in a worker thread.
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS`, as `createShipper`; `ERR_PUTLOGS_WORKER` if no thread could be started
 */
export function createWorkerShipper(options: PutlogsOptions = {}): WorkerShipper {
  const resolved = resolve(options);
  return (require('./host/host') as typeof import('./host/host')).startWorkerShipper(resolved);
}

/**
 * The whole core in this thread, behind a stream of lines.
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS`, as `createShipper`
 */
export function createLineStream(options: PutlogsOptions = {}): LineStream {
  const resolved = resolve(options);
  return (require('./shipper/line-stream') as typeof import('./shipper/line-stream')).startLineStream(resolved);
}

function resolve(options: PutlogsOptions): Options {
  return (require('./options/resolve') as typeof import('./options/resolve')).resolveOptions(options, process.env);
}
