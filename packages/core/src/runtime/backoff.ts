// How long to wait before a batch is sent again.
// Exponential with full jitter: anything from nothing to the step, so that many instances that failed together do
// not come back together. Takes: the number of failures so far. Gives: milliseconds. Keeps: nothing.

export interface BackoffOptions {
  /** The first step. */
  readonly baseMs: number;
  /** The longest step. */
  readonly maxMs: number;
}

/**
 * @param failures how often the batch has failed, from 1.
 * @param floorMs what the service asked for; the jitter comes on top of it.
 */
export function backoffMs(failures: number, floorMs: number, options: BackoffOptions, random: () => number): number {
  // 2^30 base steps are beyond any cap; without the bound the power would reach Infinity, and Infinity * 0 is NaN.
  const step = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(failures - 1, 30));
  return floorMs + random() * step;
}
