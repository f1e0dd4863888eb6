// Calculates how long to wait before a retry: exponential backoff with full jitter.
//
// The wait is a random time from 0 to the step, so that many instances that failed together do not retry together.

export interface BackoffOptions {
  /** The first step. */
  readonly baseMs: number;
  /** The longest step. */
  readonly maxMs: number;
}

/**
 * @param failures how often it has failed, from 1
 * @param floorMs the wait that the service asked for; the jitter is added to it
 */
export function backoffMs(failures: number, floorMs: number, options: BackoffOptions, random: () => number): number {
  // Without the bound the power would reach Infinity, and Infinity * 0 is NaN. 2^30 base steps exceed any cap.
  const step = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(failures - 1, 30));
  return floorMs + random() * step;
}
