// Reports at the start what this runtime cannot do for a shipper. On Node there is nothing to report.

import { isMainThread } from 'node:worker_threads';
import { ERRORS_SKIP_EXIT, limitsThisWorker } from '../runtime/gaps';
import { uncaughtErrorsNotSeen, workerMemoryUnlimited } from '../telemetry/warning-catalogue';
import type { WarningReporter } from '../telemetry/warnings';

/** @param hasHost whether a host in the application's thread waits for this one at the end of the process */
export function reportGaps(warnings: WarningReporter, hasHost: boolean): void {
  if (hasHost && !limitsThisWorker()) warnings.warn(workerMemoryUnlimited());
  if (!hasHost && !isMainThread && ERRORS_SKIP_EXIT) warnings.warn(uncaughtErrorsNotSeen());
}
