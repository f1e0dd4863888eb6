// What must hold of a ledger after any history of processes: pure checks that return the violations as texts.
//
// The numbers of the checks are those of the list "What the model test checks" in the design of the spool. A moment
// is a number of `VirtualTime.nextOrder`.

import { checkIdentity, checkRepetition, knowledgeOf } from './ledger-repetition';
import type { Attempt } from './virtual-service';

/** One process, as the test saw it. */
export interface ProcessLog {
  readonly name: string;
  readonly instance: string;
  readonly bornAt: number;
  /** Nothing while it lives. */
  readonly diedAt: number | undefined;
  /** Texts of the records that it accepted, in call order, with the hash key of each. */
  readonly accepted: readonly { readonly text: string; readonly hashKey: string }[];
  /** Records that it dropped because the service refuses them. */
  readonly rejected: readonly { readonly text: string; readonly at: number }[];
  /** Rejected records that it counted as missing in the dead-letter file. */
  readonly unwrittenDeadLetters: number;
  /** Older processes that it stopped to wait for, as it may after a lease: no order is promised between them. */
  readonly notBehind: readonly string[];
}

/** What may make a group arrive again although its answer arrived. */
export interface Excuse {
  readonly kind:
    | 'crash'
    /** Of the machine: all progress that was not synced may be lost. */
    | 'power loss'
    /** Progress could not be written. */
    | 'progress failed'
    /** A part was sent although it could not be written where the batch is cut, as is allowed on a full disk. */
    | 'cut failed'
    /** Another process took the directory over while this one was frozen. */
    | 'evicted';
  /** Nothing for a power loss. */
  readonly process?: string;
  readonly at: number;
}

export interface DamagedEntry {
  /** Texts that were on disk only, so that no process may send them any more. */
  readonly records: readonly string[];
  readonly at: number;
  /** Whether a header stands behind it, so that its records can be counted. */
  readonly isCountable: boolean;
}

export interface History {
  /** In the order they were started, stored or not. */
  readonly attempts: readonly Attempt[];
  readonly processes: readonly ProcessLog[];
  readonly excuses: readonly Excuse[];
  /** Texts of the lines of all dead-letter files. */
  readonly deadLetters: readonly string[];
  readonly damaged: readonly DamagedEntry[];
  /** Sum over all processes. */
  readonly countedDamaged: number;
  /** Texts that must have arrived by now: at the end of a history all that is neither lost nor dropped. */
  readonly mustHaveArrived: readonly string[];
}

/** A service that refuses everything costs fewer records than this in a row. */
const REJECTED_IN_A_ROW = 32;

/** All violations; empty if the history is right. */
export function violations(history: History): string[] {
  const ledger = storedIn(history.attempts);
  return [
    ...checkIdentity(ledger),
    ...checkRepetition(ledger, knowledgeOf(history.attempts, history.excuses)),
    ...checkOrder(ledger, history.processes),
    ...checkRejections(history),
    ...checkOrigin(history.attempts, ledger, history.processes),
    ...checkDamage(history, ledger),
  ];
}

export type Stored = Attempt & { readonly storedAt: number };

function storedIn(attempts: readonly Attempt[]): Stored[] {
  const stored = attempts.filter((attempt): attempt is Stored => attempt.storedAt !== undefined);
  return stored.sort((a, b) => a.storedAt - b.storedAt);
}

interface Origin {
  readonly process: ProcessLog;
  readonly hashKey: string;
  /** In call order. */
  readonly position: number;
}

function originsOf(processes: readonly ProcessLog[]): Map<string, Origin> {
  const origins = new Map<string, Origin>();
  for (const process of processes) {
    for (const [position, { text, hashKey }] of process.accepted.entries()) {
      if (origins.has(text)) throw new Error(`the history names the record ${text} twice`);
      origins.set(text, { process, hashKey, position });
    }
  }
  return origins;
}

/** Check 7: records of an instance and key arrive for the first time in call order. */
export function checkOrder(ledger: readonly Stored[], processes: readonly ProcessLog[]): string[] {
  const found: string[] = [];
  const origins = originsOf(processes);
  const seen = new Set<string>();
  /** By hash key, then by process: the position that arrived last. */
  const arrived = new Map<string, Map<ProcessLog, number>>();
  const reported = new Set<string>();
  for (const { records, hashKey, packId } of ledger) {
    // Without a hash key several requests are in flight, and no order is promised.
    if (hashKey === '') continue;
    const last = arrived.get(hashKey) ?? new Map<ProcessLog, number>();
    arrived.set(hashKey, last);
    for (const text of records) {
      const origin = origins.get(text);
      if (origin === undefined || seen.has(text)) continue;
      seen.add(text);
      const { process, position } = origin;
      if (position < (last.get(process) ?? -1)) {
        found.push(`7: record ${text} of ${process.name} arrived in ${packId} after a younger one of its process`);
      }
      for (const younger of last.keys()) {
        const pair = `${process.name} ${younger.name} ${hashKey}`;
        if (!isPromised(process, younger) || reported.has(pair)) continue;
        reported.add(pair);
        found.push(
          `7: record ${text} of ${process.name} arrived in ${packId} after one of ${younger.name}, born later`,
        );
      }
      last.set(process, Math.max(position, last.get(process) ?? -1));
    }
  }
  return found;
}

/** Whether records of `older` must arrive before those of `younger`. */
function isPromised(older: ProcessLog, younger: ProcessLog): boolean {
  if (older.instance !== younger.instance || older.diedAt === undefined) return false;
  return older.diedAt < younger.bornAt && !younger.notBehind.includes(older.name);
}

/** Check 10: a rejected record is not delivered by the same process, is a dead letter, and there are few in a row. */
export function checkRejections({ attempts, processes, deadLetters }: History): string[] {
  const found: string[] = [];
  const written = new Set(deadLetters);
  for (const process of processes) {
    const answers = attempts.filter(
      ({ process: name, verdict, answeredAt }) =>
        name === process.name && verdict === 'delivered' && answeredAt !== undefined,
    );
    const delivered = new Set(answers.flatMap(({ records }) => records));
    for (const { text } of process.rejected) {
      if (delivered.has(text)) found.push(`10: ${process.name} delivered and rejected the record ${text}`);
    }
    const missing = process.rejected.filter(({ text }) => !written.has(text)).length;
    if (missing > process.unwrittenDeadLetters) {
      const counted = process.unwrittenDeadLetters;
      found.push(
        `10: ${missing} records that ${process.name} rejected are no dead letters, ${counted} were counted so`,
      );
    }
    const most = mostInARow(
      process.rejected.map(({ at }) => at),
      answers.map(({ answeredAt }) => answeredAt!),
    );
    if (most >= REJECTED_IN_A_ROW) {
      found.push(`10: ${process.name} rejected ${most} records without a delivery in between`);
    }
  }
  return found;
}

function mostInARow(rejectedAt: readonly number[], deliveredAt: readonly number[]): number {
  const events = [
    ...rejectedAt.map((at) => ({ at, isDelivery: false })),
    ...deliveredAt.map((at) => ({ at, isDelivery: true })),
  ].sort((a, b) => a.at - b.at);
  let row = 0;
  let most = 0;
  for (const { isDelivery } of events) {
    row = isDelivery ? 0 : row + 1;
    most = Math.max(most, row);
  }
  return most;
}

/** Check 11: every group is made of records that one instance logged under the group's key. */
export function checkOrigin(
  attempts: readonly Attempt[],
  ledger: readonly Stored[],
  processes: readonly ProcessLog[],
): string[] {
  const origins = originsOf(processes);
  const found = attempts
    .filter(({ unreadable }) => unreadable !== undefined)
    .map(({ process, packId, unreadable }) => `11: ${process} sent ${packId}, which cannot be read: ${unreadable}`);
  for (const { records, hashKey, packId } of ledger) {
    const instances = new Set<string>();
    for (const text of records) {
      const origin = origins.get(text);
      if (origin === undefined) found.push(`11: ${packId} holds ${text}, which no process accepted`);
      else if (origin.hashKey !== hashKey) {
        found.push(`11: ${packId} holds ${text} under the key ${hashKey}, not ${origin.hashKey}`);
      }
      if (origin !== undefined) instances.add(origin.process.instance);
    }
    if (instances.size > 1) found.push(`11: ${packId} mixes records of ${[...instances].join(' and ')}`);
    if (new Set(records).size < records.length) found.push(`11: ${packId} holds a record twice`);
  }
  return found;
}

/** Check 12: damaged entries are not sent and are counted, and what stands behind them arrives. */
export function checkDamage(history: History, ledger: readonly Stored[]): string[] {
  const found: string[] = [];
  for (const { records, at } of history.damaged) {
    const damaged = new Set(records);
    for (const { startedAt, packId, records: sent } of history.attempts) {
      const text = startedAt > at ? sent.find((each) => damaged.has(each)) : undefined;
      if (text !== undefined) found.push(`12: ${packId} was sent with ${text} of an entry that is damaged`);
    }
  }
  const countable = history.damaged.filter(({ isCountable }) => isCountable);
  const expected = countable.reduce((sum, { records }) => sum + records.length, 0);
  if (history.countedDamaged !== expected) {
    found.push(`12: ${history.countedDamaged} records were counted as damaged, not ${expected}`);
  }
  const arrived = new Set(ledger.flatMap(({ records }) => records));
  const missing = history.mustHaveArrived.filter((text) => !arrived.has(text));
  if (missing.length > 0) found.push(`12: ${missing.length} records have not arrived, the first is ${missing[0]}`);
  return found;
}
