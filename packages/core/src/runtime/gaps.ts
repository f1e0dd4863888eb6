// What a runtime other than Node does not do. shipper/report-gaps.ts reports it.

import { isMainThread, resourceLimits } from 'node:worker_threads';

/** Whether a worker that needs too much memory ends alone. Called in the worker. Bun ignores the limits. */
export function limitsThisWorker(): boolean {
  return isMainThread || resourceLimits.maxOldGenerationSizeMb !== undefined;
}

/**
 * Whether an uncaught error ends the process without the event `exit`. Nothing shows that before the first error, so
 * the runtime is asked for its name. Deno does it, although `process.exit` and the natural end emit the event there.
 */
export const ERRORS_SKIP_EXIT = 'deno' in process.versions;
