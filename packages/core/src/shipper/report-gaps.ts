// Reports at the start what this process lacks, and what a shipper does without it. There is usually nothing to report.

import { isMainThread } from 'node:worker_threads';
import { wasmProblem } from '../record/arena';
import { ERRORS_SKIP_EXIT, limitsThisWorker } from '../runtime/gaps';
import { opensslHasMd5 } from '../runtime/md5';
import {
  md5Unavailable,
  uncaughtErrorsNotSeen,
  wasmUnavailable,
  workerMemoryUnlimited,
} from '../telemetry/warning-catalogue';
import type { WarningReporter } from '../telemetry/warnings';

export class Gaps {
  readonly #warnings: WarningReporter;
  #isSlownessReported = false;

  constructor(warnings: WarningReporter) {
    this.#warnings = warnings;
  }

  /** @param hasHost whether a host in the application's thread waits for this one at the end of the process */
  report(hasHost: boolean): void {
    const problem = wasmProblem();
    if (problem !== undefined) this.encodesSlowly(problem);
    if (!opensslHasMd5()) this.#warnings.warn(md5Unavailable());
    if (hasHost && !limitsThisWorker()) this.#warnings.warn(workerMemoryUnlimited());
    if (!hasHost && !isMainThread && ERRORS_SKIP_EXIT) this.#warnings.warn(uncaughtErrorsNotSeen());
  }

  /** Reported once. The reason is known at the start, or when a batch needs more memory. */
  encodesSlowly(reason: string): void {
    if (this.#isSlownessReported) return;
    this.#isSlownessReported = true;
    this.#warnings.warn(wasmUnavailable(reason));
  }
}
