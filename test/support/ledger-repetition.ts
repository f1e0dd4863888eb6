// Checks 4, 5 and 6 of the ledger: what a pack id stands for, and when a record or a group may arrive again.
//
//   pack id  <16 hex digits of the run>-<hex digits: the batch, at most 8>[<8 hex digits for each part>]

import type { Excuse, Stored } from './ledger-check';
import type { Attempt } from './virtual-service';

const LONGEST_BATCH_DIGITS = 8;
const PART_DIGITS = 8;

/** The id of the whole batch that a part's id begins with; of a whole batch, its own. */
export function batchIdOf(packId: string): string {
  const from = packId.lastIndexOf('-') + 1;
  let end = packId.length;
  while (end - from > LONGEST_BATCH_DIGITS) end -= PART_DIGITS;
  return packId.slice(0, end);
}

/** Check 4: groups with one id have one body. */
export function checkIdentity(ledger: readonly Stored[]): string[] {
  const found: string[] = [];
  const bodies = new Map<string, string>();
  for (const { packId, bodyHash, records } of ledger) {
    const known = bodies.get(packId);
    if (known === undefined) bodies.set(packId, bodyHash);
    else if (known !== bodyHash) found.push(`4: ${packId} has two bodies, the second with ${records.length} records`);
  }
  return found;
}

/** Checks 5 and 6: nothing arrives twice without a reason. */
export function checkRepetition(ledger: readonly Stored[], known: Knowledge): string[] {
  const found: string[] = [];
  const byId = new Map<string, Stored[]>();
  /** By record: the ids that it arrived under. */
  const idsOf = new Map<string, Set<string>>();
  const reported = new Set<string>();
  // In the order of sending: a request that timed out may arrive long after its repetition.
  for (const group of ledger.toSorted((a, b) => a.startedAt - b.startedAt)) {
    const earlier = byId.get(group.packId) ?? [];
    byId.set(group.packId, [...earlier, group]);
    if (!earlier.every((each) => isUncertain(each, group, known))) {
      found.push(`6: ${group.packId} arrived again from ${group.process}, and nothing excuses it`);
    }
    for (const text of group.records) {
      const ids = idsOf.get(text) ?? new Set();
      idsOf.set(text, ids.add(group.packId));
      for (const id of ids) {
        if (id === group.packId || reported.has(`${id} ${group.packId}`)) continue;
        const problem = twoIdsProblem(byId.get(id)!, group, known);
        if (problem === undefined) continue;
        reported.add(`${id} ${group.packId}`);
        found.push(`5: record ${text} arrived in ${id} and then in ${group.packId}: ${problem}`);
      }
    }
  }
  return found;
}

/** @param earlier the groups of the other id that were sent before; one at least */
function twoIdsProblem(earlier: readonly Stored[], part: Stored, known: Knowledge): string | undefined {
  const whole = earlier[0]!;
  if (batchIdOf(whole.packId) !== batchIdOf(part.packId)) {
    return earlier.every((each) => isShapeForgotten(each, part, known)) ? undefined : 'the ids are of two batches';
  }
  if (earlier.every((each) => isCutForgotten(each, part, known))) return undefined;
  // One of its two senders may have cut it.
  if (isInTwoJournals(part, known)) return undefined;
  const records = new Set(whole.records);
  const isPart = part.records.length < records.size && part.records.every((text) => records.has(text));
  if (!isPart) return 'the later one is no part of the earlier one';
  return earlier.every((each) => isUncertain(each, part, known)) ? undefined : 'the earlier one had its answer';
}

/** What is known of a history about progress that was lost. */
export interface Knowledge {
  readonly excuses: readonly Excuse[];
  readonly attempts: readonly Attempt[];
  /** The attempts whose answers were lost, each with the moment of that. */
  readonly forgotten: ReadonlyMap<Attempt, number>;
}

/**
 * Progress is written as soon as an answer is there. So a crash, or a write that fails, forgets the last answer of each
 * key of its process, and no other.
 */
export function knowledgeOf(attempts: readonly Attempt[], excuses: readonly Excuse[]): Knowledge {
  const forgotten = new Map<Attempt, number>();
  for (const { kind, process, at } of excuses) {
    if (kind !== 'crash' && kind !== 'progress failed') continue;
    const last = new Map<string, Attempt>();
    for (const attempt of attempts) {
      if (attempt.process !== process || attempt.answeredAt === undefined || attempt.answeredAt > at) continue;
      const before = last.get(attempt.hashKey);
      if (before === undefined || before.answeredAt! < attempt.answeredAt) last.set(attempt.hashKey, attempt);
    }
    for (const attempt of last.values()) if (!forgotten.has(attempt)) forgotten.set(attempt, at);
  }
  return { excuses, attempts, forgotten };
}

/** Whether the later sender could not know that the earlier group was stored. */
function isUncertain(earlier: Stored, later: Stored, known: Knowledge): boolean {
  const { excuses, forgotten } = known;
  const { answeredAt } = earlier;
  if (answeredAt === undefined || answeredAt > later.startedAt) return true;
  const forgottenAt = forgotten.get(earlier);
  if (forgottenAt !== undefined && forgottenAt < later.startedAt) return true;
  if (isInTwoJournals(later, known)) return true;
  return excuses.some(({ kind, process, at }) => {
    if (at > later.startedAt) return false;
    if (kind === 'power loss') return at > answeredAt;
    // Two writers of one progress file: each may undo what the other wrote.
    return kind === 'evicted' && (process === earlier.process || process === later.process);
  });
}

/** An evicted process keeps the unit that it had in flight, so the unit can be in two journals. */
function isInTwoJournals({ packId, startedAt }: Stored, { excuses, attempts }: Knowledge): boolean {
  return excuses.some(
    ({ kind, process, at }) =>
      kind === 'evicted' &&
      at <= startedAt &&
      attempts.some((each) => each.process === process && batchIdOf(each.packId) === batchIdOf(packId)),
  );
}

/**
 * A group that cannot be written down goes out as single batches. If their ends cannot be written down either, a later
 * process takes all but the first for batches that were never sent, and joins them.
 */
function isShapeForgotten(earlier: Stored, later: Stored, known: Knowledge): boolean {
  const hasFailed = ({ kind, process, at }: Excuse) =>
    kind === 'cut failed' && process === earlier.process && at < later.startedAt;
  return known.excuses.some(hasFailed) && isUncertain(earlier, later, known);
}

/** Whether it may be forgotten how a batch was cut: it was never written, or the power took it. */
function isCutForgotten(earlier: Stored, later: Stored, { excuses }: Knowledge): boolean {
  return excuses.some(({ kind, process, at }) => {
    if (at > later.startedAt) return false;
    if (kind === 'power loss') return at > earlier.startedAt;
    return kind === 'cut failed' && process === earlier.process;
  });
}
