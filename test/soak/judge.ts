// Compares what the service holds with what the lives of one instance said: each finding against its promise.
//
//   lost        A record that is neither at the service nor in a dead-letter file. Allowed: the records that a life
//               without an end of its own (`kill`; a signal without a handler) wrote in its last moments (`graceMs`),
//               G3; and, in the small spool, exactly as many as that life counted as dropped (`spool`), G1.
//   rejected    A line in a dead-letter file. Allowed: records that the service refuses; and fewer than 32 others for
//               each life and each time that the service refused everything, G8.
//   duplicated  Allowed: a group whose earlier copies had no answer that was seen, or the last one seen by a process
//               that was cut off; with the same pack id and equal bytes, or a part whose id begins with its batch's,
//               G5.
//   reordered   Never within a life. From one life to the next: only if the later one waited for a lease, while another
//               instance held the records of the earlier one, G6.
//   altered     Never.

import { readFileSync } from 'node:fs';
import { batchIdOf } from '../support/ledger-repetition';
import type { Group } from './arrivals';
import type { Life, Lives } from './life';
import { isOld, isPoison, LIFE_RECORDS } from './records';
import { startOfRunMs } from './spool-watch';

export interface Verdict {
  written: number;
  delivered: number;
  /** In dead-letter files, and not at the service. */
  rejected: number;
  /** Counted as dropped because the spool was full. */
  evicted: number;
  /** Written in the moments before a life was cut off, as G3 allows. */
  lostAtKills: number;
  lost: number;
  duplicated: number;
  duplicatedWrongly: number;
  reordered: number;
  altered: number;
  /** Readings of counters. */
  readings: number;
  countedWrongly: number;
  readonly differences: string[];
}

export interface Rules {
  readonly graceMs: number;
  /** How often the service refused everything, or the time of everything. */
  readonly refusingEpisodes: number;
  readonly mayEvict: boolean;
  /** Runs that were handed back so late that nothing waited for them. */
  readonly late: ReadonlySet<string>;
}

/** What every process saw, over all instances. */
export interface Answers {
  readonly acked: ReadonlySet<string>;
  /** The last acknowledgement of each lane of a process that was cut off: its progress may not have been written. */
  readonly forgettable: ReadonlySet<string>;
}

const SHOWN = 10;
const REJECTED_IN_A_ROW = 32;

export function answersOf(all: readonly Lives[], groups: readonly Group[]): Answers {
  const instanceOf = new Map(groups.map(({ requestId, instance }) => [requestId, instance]));
  const acked = new Set<string>();
  const forgettable = new Set<string>();
  for (const life of all.flatMap(({ lives }) => lives)) {
    const last = new Map<string, string>();
    for (const requestId of life.acked) {
      acked.add(requestId);
      last.set(instanceOf.get(requestId) ?? '', requestId);
    }
    if (life.isCut) for (const requestId of last.values()) forgettable.add(requestId);
  }
  return { acked, forgettable };
}

/** By instance: the numbers in all dead-letter files, and how many lines each file has. */
export interface DeadLetters {
  readonly records: ReadonlyMap<string, ReadonlySet<number>>;
  readonly linesOf: ReadonlyMap<Life, readonly { readonly instance: string; readonly n: number }[]>;
}

export function readDeadLetters(all: readonly Lives[]): DeadLetters {
  const records = new Map<string, Set<number>>(all.map(({ instance }) => [instance, new Set()]));
  const linesOf = new Map<Life, { instance: string; n: number }[]>();
  for (const life of all.flatMap(({ lives }) => lives)) {
    const lines = linesIn(life.deadLetterFile);
    linesOf.set(life, lines);
    for (const { instance, n } of lines) records.get(instance)?.add(n);
  }
  return { records, linesOf };
}

function linesIn(file: string): { instance: string; n: number }[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  // A last line without its end was torn by a kill; its record is sent again, and refused again.
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const { contents } = (JSON.parse(line) as { record: { contents: Record<string, string> } }).record;
      return { instance: contents['instance'] ?? '', n: Number(contents['n']) };
    });
}

export function judge(app: Lives, groups: readonly Group[], answers: Answers, dead: DeadLetters, rules: Rules) {
  const verdict: Verdict = {
    written: 0,
    delivered: 0,
    rejected: 0,
    evicted: 0,
    lostAtKills: 0,
    lost: 0,
    duplicated: 0,
    duplicatedWrongly: 0,
    reordered: 0,
    altered: 0,
    readings: app.lives.reduce((sum, { readings }) => sum + readings, 0),
    countedWrongly: app.problems.length,
    differences: app.problems.slice(0, SHOWN),
  };
  const report = (text: string) => {
    if (verdict.differences.length < SHOWN) verdict.differences.push(text);
  };
  const own = groups.filter(({ instance }) => instance === app.instance);
  const arrived = judgeGroups(own, lateLives(app, rules.late), answers, verdict, report);
  const deadRecords = dead.records.get(app.instance)!;
  for (const [at, life] of app.lives.entries()) {
    judgeLife(life, at, arrived, deadRecords, rules, verdict, report);
    judgeDeadLetters(life, at, dead.linesOf.get(life)!, app, rules, verdict, report);
  }
  return verdict;
}

type Report = (text: string) => void;

/** The lives whose runs are late: the last one that had begun when the run did. */
function lateLives({ lives }: Lives, late: ReadonlySet<string>): ReadonlySet<number> {
  const starts = [...late].map(startOfRunMs);
  return new Set(starts.map((startMs) => lives.findLastIndex(({ startedWallMs }) => startedWallMs <= startMs)));
}

/** Returns the numbers of the records that arrived. */
function judgeGroups(
  groups: readonly Group[],
  late: ReadonlySet<number>,
  answers: Answers,
  verdict: Verdict,
  report: Report,
): Set<number> {
  const byId = new Map<string, Group[]>();
  const idsOf = new Map<number, string[]>();
  let latest = -1;
  const latestOf = new Map<number, number>();
  for (const group of groups) {
    const { packId, records, digest, alterations } = group;
    if (group.hashKey !== groups[0]!.hashKey) alterationFound(`${packId} has the hash key ${group.hashKey}`);
    for (const alteration of alterations) alterationFound(`${packId}: ${alteration}`);
    const earlier = byId.get(packId) ?? [];
    byId.set(packId, [...earlier, group]);
    if (earlier.some((each) => each.digest !== digest)) wrong(`${packId} has two bodies`, records.length);
    else if (!earlier.every((each) => isUncertain(each, answers))) {
      wrong(`${packId} with ${span(records)} came again after its answer was seen`, records.length);
    }
    const reported = new Set<string>();
    for (const n of records) {
      const ids = idsOf.get(n) ?? [];
      if (ids.length === 0) {
        idsOf.set(n, [packId]);
        verdict.delivered += 1;
        const life = Math.floor(n / LIFE_RECORDS);
        const before = late.has(life) ? (latestOf.get(life) ?? -1) : latest;
        if (n < before) {
          verdict.reordered += 1;
          report(`${n} came in ${packId} after ${before}`);
        }
        latest = Math.max(latest, n);
        latestOf.set(life, Math.max(latestOf.get(life) ?? -1, n));
        continue;
      }
      verdict.duplicated += 1;
      for (const id of ids) {
        if (id === packId || reported.has(id)) continue;
        reported.add(id);
        const problem = twoIdsProblem(byId.get(id)!, group, answers);
        if (problem !== undefined) wrong(`${n} came in ${id} and then in ${packId}: ${problem}`, 1);
      }
      if (!ids.includes(packId)) ids.push(packId);
    }
  }
  return new Set(idsOf.keys());

  function alterationFound(text: string): void {
    verdict.altered += 1;
    report(text);
  }
  function wrong(text: string, count: number): void {
    verdict.duplicatedWrongly += count;
    report(text);
  }
}

function isUncertain({ requestId }: Group, { acked, forgettable }: Answers): boolean {
  return !acked.has(requestId) || forgettable.has(requestId);
}

function twoIdsProblem(earlier: readonly Group[], part: Group, answers: Answers): string | undefined {
  const whole = earlier[0]!;
  if (batchIdOf(whole.packId) !== batchIdOf(part.packId)) return 'the ids are of two batches';
  const records = new Set(whole.records);
  const isPart = part.records.length < records.size && part.records.every((n) => records.has(n));
  if (!isPart) return 'the later one is no part of the earlier one';
  return earlier.every((each) => isUncertain(each, answers)) ? undefined : 'the answer of the earlier one was seen';
}

function judgeLife(
  life: Life,
  at: number,
  arrived: ReadonlySet<number>,
  dead: ReadonlySet<number>,
  { graceMs, mayEvict }: Rules,
  verdict: Verdict,
  report: Report,
): void {
  const last = life.words.at(-1)?.n ?? life.from - 1;
  verdict.written += last - life.from + 1;
  const safe = lastSafe(life, graceMs);
  const missing: number[] = [];
  for (let n = life.from; n <= last; n += 1) {
    if (arrived.has(n)) continue;
    if (dead.has(n)) verdict.rejected += 1;
    else if (n > safe) verdict.lostAtKills += 1;
    else missing.push(n);
  }
  const counted = mayEvict ? (life.dropped.get('spool') ?? 0) : 0;
  verdict.evicted += Math.min(counted, missing.length);
  if (missing.length === counted) return;
  verdict.lost += Math.max(0, missing.length - counted);
  if (missing.length < counted) verdict.countedWrongly += 1;
  report(`life ${at} (${life.endedBy}): ${missing.length} records are missing, ${counted} counted: ${span(missing)}`);
}

/** The last record that a life must not lose. */
function lastSafe({ words, isCut, endedAtMs, from }: Life, graceMs: number): number {
  if (!isCut) return Number.POSITIVE_INFINITY;
  return words.filter(({ atMs }) => atMs < endedAtMs - graceMs).at(-1)?.n ?? from - 1;
}

function judgeDeadLetters(
  life: Life,
  at: number,
  lines: readonly { readonly instance: string; readonly n: number }[],
  app: Lives,
  { refusingEpisodes }: Rules,
  verdict: Verdict,
  report: Report,
): void {
  const { refusable } = app.plan;
  const others = lines.filter(({ n }) => !isPoison(n, refusable) && !isOld(n, refusable));
  if (others.length >= REJECTED_IN_A_ROW * refusingEpisodes + (refusingEpisodes === 0 ? 1 : 0)) {
    verdict.lost += others.length;
    report(`life ${at}: ${others.length} records that the service takes are dead letters, from ${others[0]!.n} on`);
  }
  const counted = life.dropped.get('rejected') ?? 0;
  // A line is written before its record is counted, so that a life that was cut off may have one line more for each
  // lane.
  const isRight = life.isCut ? lines.length >= counted : lines.length === counted;
  if (isRight) return;
  verdict.countedWrongly += 1;
  report(`life ${at}: ${lines.length} dead letters, and ${counted} records counted as rejected`);
}

function span(records: readonly number[]): string {
  const [first, last] = [records[0], records.at(-1)];
  const life = Math.floor((first ?? 0) / LIFE_RECORDS);
  return records.length === 0 ? 'none' : `${records.length} records from ${first} to ${last} of life ${life}`;
}
