// What dead runs have left in a spool: journals with entries of numbered records, written by the real writer.

import { newRun } from '@putlogs/core/internal/runtime/run';
import { FREE } from '@putlogs/core/internal/spool/names';
import { type JournalPlan, journalIn } from './journals';
import { makeBatch, recordText } from './made-batch';
import { START_MS } from './start-time';

export interface DeadRun extends JournalPlan {
  /** Numbers of its records. */
  readonly from: number;
  readonly count: number;
  readonly perEntry?: number;
  readonly padBytes?: number;
}

/** Runs sort by age, so each has a time of its own. */
let madeAtMs = START_MS;

/** A run that was closed in good order, unless another owner is named. */
export function leaveRun(dir: string, { from, count, perEntry = 1, padBytes = 0, ...plan }: DeadRun): void {
  madeAtMs += 1;
  const run = newRun(madeAtMs);
  const written = journalIn(dir, { run, owner: FREE, ...plan });
  const prefix = `${run.slice(4, 18)}00`.toUpperCase();
  for (let n = from, sequence = 1; n < from + count; n += perEntry, sequence += 1) {
    const records = Array.from({ length: Math.min(perEntry, from + count - n) }, (_, i) => ({
      text: recordText(plan.instance ?? 'one', n + i, padBytes),
      timeMs: START_MS + n + i,
    }));
    written.append(makeBatch({ sequence, firstRecord: n, records, prefix, hashKey: 'a'.repeat(32), codec: 'none' }));
  }
  written.writer.close();
  written.journal.close();
}

/** The number of a record of `leaveRun`, or of one that was logged with an `n`. */
export function numberOf(log: { readonly contents: readonly { key: string; value: string }[] }): number {
  const values = new Map(log.contents.map(({ key, value }) => [key, value]));
  const n = values.get('n');
  if (n !== undefined) return Number(n);
  return (JSON.parse(values.get('message') ?? '{}') as { n: number }).n;
}
