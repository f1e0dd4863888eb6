// The mean length of a record of a workload, as a line of pino, in bytes.

import { pino } from 'pino';
import type { Workload } from './workloads';

const SAMPLE = 64;
const FIRST = 100_000;

export function meanLineBytes({ base, entry }: Workload): number {
  let bytes = 0;
  const write = (line: string): void => {
    bytes += Buffer.byteLength(line);
  };
  const logger = pino({ base }, { write });
  for (let n = FIRST; n < FIRST + SAMPLE; n += 1) {
    const { level, fields, message } = entry(n);
    logger[level](fields, message);
  }
  return bytes / SAMPLE;
}
