// The records of a sealed batch as they were encoded, and what its frame put behind them.

import { logAt, openBatch } from './parts';
import type { SealedBatch } from './sealed-batch';

/** Each record's `Log`, without tag and length. @throws as `openBatch` */
export function logsOf(batch: SealedBatch): Buffer[] {
  return opened(batch).logs;
}

/** As `logsOf`, and the tail: the bytes of the envelope. @throws as `openBatch` */
export function opened(batch: SealedBatch): { logs: Buffer[]; tail: Buffer } {
  const whole = openBatch(batch);
  return { logs: whole.starts.map((_, index) => logAt(whole, index)), tail: whole.tail };
}
