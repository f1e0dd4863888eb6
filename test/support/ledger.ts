// Compares what each instance logged, in call order, with the logs that a service holds.
//
// It reports lost, duplicated, reordered and altered records, the hash keys of each instance, and readable
// differences. A log without `instance` and `n` is counted as a stranger.

import assert from 'node:assert/strict';

/** One record as it must arrive. `instance` and `n` are among the contents. */
export interface ExpectedRecord {
  n: number;
  contents: ReadonlyMap<string, string>;
  /** Epoch milliseconds the record carries; without it the time is not compared. */
  timeMs?: number;
}

/** Per instance: its records in call order. */
export type Expected = ReadonlyMap<string, readonly ExpectedRecord[]>;

/** What of a service's log the ledger reads. */
export interface LedgerLog {
  hashKey?: string | null | undefined;
  packId?: string | null | undefined;
  time: number | bigint | string;
  contents: readonly { key: string; value: string }[];
}

export interface LedgerReport {
  /** Records expected, over all instances. */
  expected: number;
  /** Logs that carry an `instance` and an `n`. */
  arrived: number;
  /** Logs that carry none, or that no instance logged. */
  strangers: number;
  lost: number;
  /** Arrivals beyond the first of the same record. */
  duplicated: number;
  reordered: number;
  altered: number;
  /** Per instance, the hash keys its batches were routed by, in order of appearance ('' is none). */
  hashKeys: ReadonlyMap<string, readonly string[]>;
  /** The first differences of each kind, one sentence each. */
  differences: readonly string[];
}

const DIFFERENCES_SHOWN = 20;

/** Compares by `instance` and `n`; the order of `logs` is the order of arrival. */
export function checkLedger(expected: Expected, logs: readonly LedgerLog[]): LedgerReport {
  const differences: string[] = [];
  const counts = { expected: 0, arrived: 0, strangers: 0, lost: 0, duplicated: 0, reordered: 0, altered: 0 };
  const hashKeys = new Map<string, string[]>();
  const seen = new Map<string, Map<number, string>>();
  const latest = new Map<string, number>();
  const positions = new Map<string, Map<number, number>>();
  for (const [instance, records] of expected) {
    positions.set(instance, new Map(records.map((record, position) => [record.n, position])));
    seen.set(instance, new Map());
    hashKeys.set(instance, []);
    counts.expected += records.length;
  }
  const tell = (text: string) => {
    if (differences.length < DIFFERENCES_SHOWN) differences.push(text);
  };

  for (const log of logs) {
    const contents = new Map(log.contents.map(({ key, value }) => [key, value]));
    const instance = contents.get('instance') ?? '';
    const n = Number(contents.get('n') ?? Number.NaN);
    const position = positions.get(instance)?.get(n);
    const record = position === undefined ? undefined : expected.get(instance)?.[position];
    if (position === undefined || record === undefined) {
      counts.strangers++;
      tell(`a stranger arrived: ${shown(JSON.stringify(log.contents))}`);
      continue;
    }
    counts.arrived++;
    const keys = hashKeys.get(instance) ?? [];
    if (!keys.includes(log.hashKey ?? '')) keys.push(log.hashKey ?? '');

    const arrivals = seen.get(instance) ?? new Map<number, string>();
    const earlier = arrivals.get(n);
    if (earlier !== undefined) {
      counts.duplicated++;
      tell(`${instance} n=${n} arrived again (pack id ${log.packId ?? 'none'}, first ${earlier})`);
      continue;
    }
    arrivals.set(n, log.packId ?? 'none');
    const before = latest.get(instance) ?? -1;
    if (position < before) {
      counts.reordered++;
      tell(`${instance} n=${n} arrived after a record that was logged later`);
    } else {
      latest.set(instance, position);
    }
    const difference = alteration(record, contents, log);
    if (difference !== undefined) {
      counts.altered++;
      tell(`${instance} n=${n}: ${difference}`);
    }
  }

  for (const [instance, records] of expected) {
    const arrivals = seen.get(instance);
    const missing = records.filter((record) => !arrivals?.has(record.n));
    if (missing.length === 0) continue;
    counts.lost += missing.length;
    tell(`${instance} lost ${missing.length} of ${records.length}: n=${ranges(missing.map((record) => record.n))}`);
  }
  return { ...counts, hashKeys, differences };
}

/** Fails unless every record arrived once, in order, unaltered, and each instance used one hash key. */
export function assertLedger(expected: Expected, logs: readonly LedgerLog[]): LedgerReport {
  const report = checkLedger(expected, logs);
  const { lost, duplicated, reordered, altered, strangers, differences } = report;
  const wrong = { lost, duplicated, reordered, altered, strangers };
  const explanation = `${JSON.stringify(wrong)}\n${differences.join('\n')}`;
  assert.ok(lost + duplicated + reordered + altered + strangers === 0, explanation);
  for (const [instance, keys] of report.hashKeys) {
    assert.equal(keys.length, 1, `${instance} used ${keys.length} hash keys: ${keys.join(', ')}`);
  }
  return report;
}

function alteration(record: ExpectedRecord, contents: ReadonlyMap<string, string>, log: LedgerLog): string | undefined {
  for (const [key, value] of record.contents) {
    const arrived = contents.get(key);
    if (arrived === undefined) return `"${key}" is missing (have ${[...contents.keys()].join(', ')})`;
    if (arrived !== value) return `"${key}" ${whereTheyPart(value, arrived)}`;
  }
  for (const [key, value] of contents) {
    if (!record.contents.has(key)) return `"${key}" was never logged (${shown(JSON.stringify(value))})`;
  }
  if (contents.size !== log.contents.length) return 'a key arrived more than once';
  if (record.timeMs !== undefined && String(log.time) !== String(record.timeMs)) {
    return `the time is ${log.time}, not ${record.timeMs}`;
  }
  return undefined;
}

function whereTheyPart(expected: string, arrived: string): string {
  let at = 0;
  while (at < expected.length && at < arrived.length && expected[at] === arrived[at]) at++;
  const from = Math.max(0, at - 10);
  const here = (text: string) => JSON.stringify(text.slice(from, from + 60));
  return `differs from character ${at}: expected ${here(expected)}, arrived ${here(arrived)}`;
}

function shown(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

/** 0,1,2,7,8 -> "0-2, 7-8" */
function ranges(numbers: readonly number[]): string {
  const parts: string[] = [];
  let start = 0;
  for (let i = 1; i <= numbers.length; i++) {
    if (numbers[i] === (numbers[i - 1] ?? 0) + 1) continue;
    parts.push(i - start > 1 ? `${numbers[start]}-${numbers[i - 1]}` : `${numbers[start]}`);
    start = i;
  }
  return shown(parts.join(', '));
}
