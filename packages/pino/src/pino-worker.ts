// This thread as pino's worker: what pino says of it, and the port to the application's thread.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';

/** What `pino.transport` passes to its worker. */
interface PinoWorkerData {
  readonly $context?: { readonly threadStreamVersion?: string };
  /** Since pino 8.21. */
  readonly pinoWillSendConfig?: boolean;
  /** Of `pino.transport({ targets, levels })`. */
  readonly levels?: unknown;
  readonly targets?: readonly unknown[];
  readonly pipelines?: readonly unknown[];
}

/**
 * Returns the port if pino started this thread, and events reach the application's: since thread-stream 2.2. Before
 * that they would end the transport.
 */
export function pinoPort(): MessagePort | undefined {
  if (parentPort === null) return undefined;
  const [major = 0, minor = 0] = (dataOf()?.$context?.threadStreamVersion ?? '').split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 2) ? parentPort : undefined;
}

/** Whether pino sends the configuration of each logger on this transport. */
export function willSendConfig(): boolean {
  return dataOf()?.pinoWillSendConfig === true;
}

/** Whether other targets may start in this thread. */
export function hasOtherTargets(): boolean {
  const { targets = [], pipelines = [] } = dataOf() ?? {};
  return targets.length + pipelines.flat().length > 1;
}

/** The levels that the application names beside its targets, so that pino can compare them. */
export function levelsOfTargets(): unknown {
  return dataOf()?.levels;
}

function dataOf(): PinoWorkerData | undefined {
  return (workerData as { workerData?: PinoWorkerData } | null)?.workerData;
}
