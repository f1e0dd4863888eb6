// Decides when a batch is cut because it does not pass within its deadline.
//
// On a slow line, or through a proxy with a deadline of its own, a smaller batch may still pass.

import { DEADLINE_PASSED } from '../http/client';
import type { Outcome } from '../targets/outcome';
import type { Unit } from './unit';

/** A batch is cut after this many attempts without an answer in time. */
const TIMEOUTS_TO_CUT = 2;
/** A smaller batch is not cut. The deadline includes a second for every 32 KiB (http/client.ts). */
const MIN_CUT_BYTES = 64 * 1024;

/** Returns the outcome, or `split` after the second timeout of a large batch. Counts the timeouts in the unit. */
export function cutOnSlowLine(unit: Unit, outcome: Outcome): Outcome {
  if (outcome.kind !== 'retry' || outcome.refusal.code !== DEADLINE_PASSED) return outcome;
  unit.timeouts += 1;
  const { count, rawBytes } = unit.batch;
  const isCut = unit.timeouts >= TIMEOUTS_TO_CUT && count > 1 && rawBytes > MIN_CUT_BYTES;
  return isCut ? { kind: 'split', refusal: outcome.refusal, tooLarge: 'bytes' } : outcome;
}
