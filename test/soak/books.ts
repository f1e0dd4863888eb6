// What each reading of a process's counters must say (G1): the sum, no negative term, and a reason for each loss.

import { type DropReason, type Stats, sumOf } from '@putlogs/core/internal/telemetry/counters';

/** Drop reasons that the soak provokes. The judge looks for each counted record. */
export interface Allowed {
  readonly dropped: readonly DropReason[];
  readonly refused: readonly DropReason[];
}

/** The violations of one reading, and against the one before. */
export function problemsOf(stats: Stats, before: Stats | undefined, { dropped, refused }: Allowed): string[] {
  const problems: string[] = [];
  const lost = sumOf(stats.dropped);
  const { accepted, recovered, delivered, spooled, pending } = stats;
  if (accepted + recovered !== delivered + spooled + pending + lost) problems.push('the sum is wrong');
  for (const [name, records] of Object.entries({ ...numbersIn(stats), ...stats.dropped, ...stats.refused })) {
    if (records < 0) problems.push(`${name} is negative`);
  }
  for (const [reason, records] of Object.entries(stats.dropped)) {
    if (records > 0 && !dropped.includes(reason as DropReason)) problems.push(`${records} dropped: ${reason}`);
  }
  for (const [reason, records] of Object.entries(stats.refused)) {
    if (records > 0 && !refused.includes(reason as DropReason)) problems.push(`${records} refused: ${reason}`);
  }
  for (const name of ['truncated', 'transformFailures', 'deadLetterLost', 'deadLetterEvicted'] as const) {
    if (stats[name] > 0) problems.push(`${name} is ${stats[name]}`);
  }
  if (before !== undefined) {
    // `recovered` falls when a directory is handed back.
    for (const name of ['accepted', 'delivered'] as const) {
      if (stats[name] < before[name]) problems.push(`${name} fell from ${before[name]} to ${stats[name]}`);
    }
    if (lost < sumOf(before.dropped)) problems.push('dropped fell');
  }
  return problems.map((problem) => `${problem} in ${JSON.stringify(stats)}`);
}

function numbersIn(stats: Stats): Record<string, number> {
  return Object.fromEntries(
    Object.entries(stats).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
