// The end of a phase: everything is delivered, compared, and printed.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Stats } from '@putlogs/core';
import { partsIn, spoolRoot } from '@putlogs/core/internal/maintenance/survey';
import { DAMAGED } from '@putlogs/core/internal/spool/names';
import { sumOf } from '@putlogs/core/internal/telemetry/counters';
import { leftIn, spooledRecords } from '../support/directory';
import type { Group } from './arrivals';
import { answersOf, judge, type Rules, readDeadLetters } from './judge';
import type { Lives } from './life';

export interface Phase {
  readonly applications: readonly Lives[];
  readonly spool: string;
  /** Sets the service's faults; with nothing, it is well, and still refuses poison. */
  readonly setFaults: (rules: readonly Readonly<Record<string, unknown>>[]) => Promise<void> | void;
  readonly rulesOf: (application: Lives) => Rules;
}

/** Longer than a lease and a look. */
const AGREE_MS = 90_000;
const AGREE_LOOK_MS = 500;

/** The violations that are not of one record. */
export type Found = string[];

/**
 * Stops the logging while the service is away: what the counters say is spooled is then what is on disk, over all
 * instances and adapters. Then ends all lives.
 */
export async function compareWithDisk({ applications, spool, setFaults }: Phase, found: Found): Promise<void> {
  await setFaults([{ status: 503 }]);
  await Promise.all(applications.map((application) => application.quiet()));
  // One that started a moment ago may not have adopted all of its own yet; and each counter is from another moment.
  let [counted, onDisk] = [0, 0];
  const endMs = performance.now() + AGREE_MS;
  do {
    await pause(AGREE_LOOK_MS);
    counted = applications.reduce((sum, { spooledNow }) => sum + spooledNow, 0);
    onDisk = spooledRecords(spool);
  } while (counted !== onDisk && performance.now() < endMs);
  print(`  stopped in an outage: ${counted} records counted as spooled, ${onDisk} on disk`);
  if (counted !== onDisk) {
    const each = applications.map(({ instance, spooledNow }) => `${instance} ${spooledNow}`).join(', ');
    const parts = [...partsIn(spool)].map(
      ({ name, instance, unfinished }) => `${instance} ${name.owner} ${unfinished}`,
    );
    found.push(`${counted} records are counted as spooled (${each}), and ${onDisk} are on disk: ${parts.join(', ')}`);
  }
  for (const application of applications) await application.end('exit');
}

/** The service is well: each instance comes back once for what it left. Nothing is on disk afterwards. */
export async function comeBack({ applications, spool, setFaults }: Phase, found: Found): Promise<void> {
  await setFaults([]);
  const left = spooledRecords(spool);
  const readings: Stats[] = [];
  for (const application of applications) {
    const stats = await application.comeBack();
    if (stats === undefined) found.push(`${application.instance} came back and printed no counters`);
    else readings.push(stats);
  }
  // If one of them adopts records and leaves them again, the next owner also counts them as recovered.
  const recovered = readings.reduce((sum, stats) => sum + stats.recovered - stats.spooled, 0);
  const finished = readings.reduce((sum, { delivered, dropped }) => sum + delivered + sumOf(dropped), 0);
  print(`  came back for ${left} records on disk: ${recovered} recovered, ${finished} finished`);
  if (recovered !== left || finished !== left) {
    found.push(`${left} records were on disk, ${recovered} were recovered and ${finished} finished`);
  }
  const [onDisk, names] = [spooledRecords(spool), leftIn(spool)];
  print(`  records left on disk: ${onDisk}, names left in the spool: ${names.length}`);
  if (onDisk > 0) found.push(`${onDisk} records are left on disk`);
  if (names.length > 0) found.push(`the spool still has ${names.slice(0, 5).join(', ')}`);
  if (existsSync(join(spoolRoot(spool), DAMAGED))) found.push('a segment was set aside as damaged');
}

/** Prints the verdict on each instance. Returns whether each promise was kept. */
export function printVerdicts({ applications, rulesOf }: Phase, groups: readonly Group[], found: Found): boolean {
  const answers = answersOf(applications, groups);
  const dead = readDeadLetters(applications);
  let isKept = found.length === 0;
  for (const problem of found) print(`  VIOLATION ${problem}`);
  for (const application of applications) {
    const verdict = judge(application, groups, answers, dead, rulesOf(application));
    const { lost, duplicatedWrongly, reordered, altered, countedWrongly, differences, ...figures } = verdict;
    const wrong = { lost, duplicatedWrongly, reordered, altered, countedWrongly };
    if (Object.values(wrong).some((count) => count > 0)) isKept = false;
    print(`  ${application.instance} (${application.lives.length} lives) ${JSON.stringify({ ...wrong, ...figures })}`);
    for (const difference of differences) print(`    VIOLATION ${difference}`);
  }
  return isKept;
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
