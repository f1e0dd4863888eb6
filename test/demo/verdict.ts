// The verdict of the demo: whether every record arrived exactly once, unchanged and in order, and each application
// ended well.
//
// It returns the number of records that arrived as they must, the differences in readable lines, and the exit code.

import { checkLedger, type Expected, type LedgerLog } from '../support/ledger';
import type { TargetUnderTest } from '../support/targets';
import type { Ending } from './applications';

type Promises = Pick<TargetUnderTest, 'name' | 'keeps'>;

export interface Verdict {
  /** Records that arrived once, unchanged, in order. One with two faults counts as two that did not. */
  delivered: number;
  expected: number;
  /** One line each; none if all is well. */
  problems: string[];
  exitCode: 0 | 1;
}

const DIFFERENCES_SHOWN = 8;
const STDERR_LINES_SHOWN = 5;

/** @param failures what else went wrong, as reported. */
export function judge(
  expected: Expected,
  logs: readonly LedgerLog[],
  endings: readonly Ending[],
  { keeps }: Promises,
  failures: readonly string[] = [],
): Verdict {
  const report = checkLedger(expected, logs);
  const { lost, duplicated, reordered, altered, strangers } = report;
  const wrong = Object.entries({ lost, duplicated, reordered, altered, 'never logged': strangers })
    .filter(([, records]) => records > 0)
    .map(([what, records]) => `${records} ${what}`);
  const problems = [...failures, ...endings.flatMap(complaintsOf)];
  if (wrong.length > 0) problems.push(`records: ${wrong.join(', ')}`);
  for (const difference of report.differences.slice(0, DIFFERENCES_SHOWN)) problems.push(`  ${difference}`);
  const more = report.differences.length - DIFFERENCES_SHOWN;
  if (more > 0) problems.push(`  and ${more} more or beyond`);
  for (const wandering of wanderings(report.hashKeys, keeps.hashKey)) problems.push(wandering);
  const unnamed = keeps.packId ? logs.filter(({ packId }) => (packId ?? '') === '').length : 0;
  if (unnamed > 0) problems.push(`${unnamed} without a pack id, by which a repetition is known`);
  return {
    delivered: Math.max(0, report.expected - lost - duplicated - reordered - altered),
    expected: report.expected,
    problems,
    exitCode: problems.length === 0 ? 0 : 1,
  };
}

function complaintsOf({ logger, code, signal, stderr }: Ending): string[] {
  const complaints: string[] = [];
  if (code !== 0) complaints.push(`the ${logger} application ended with ${signal ?? `exit code ${code}`}`);
  if (stderr !== '') {
    complaints.push(`the ${logger} application complained:`);
    for (const line of stderr.trimEnd().split('\n').slice(0, STDERR_LINES_SHOWN)) complaints.push(`  ${line}`);
  }
  return complaints;
}

/** An instance has one hash key, or its records have no order; where the target has none, it used none. */
function wanderings(hashKeys: ReadonlyMap<string, readonly string[]>, isKept: boolean): string[] {
  return [...hashKeys]
    .filter(([, keys]) => keys.length > 1 || keys.some((key) => (key !== '') !== isKept))
    .map(([instance, keys]) => `${instance} used the hash keys ${keys.map((key) => key || 'none').join(', ')}`);
}

/**
 * What a good verdict means, and in one line what it does not. The ledger is in the order of arrival over all shards,
 * and an instance has one batch on its way at a time: so call order shows in it even where the service deals the
 * batches out over its shards. Who reads shard by shard has no such order then.
 */
export function promisesOf({ name, keeps }: Promises): string[] {
  const order = keeps.hashKey ? 'in the order of its instance' : 'in the order of its instance over all shards';
  const broken = [
    ...(keeps.time ? [] : ['no log time (the field "time" has it)']),
    ...(keeps.hashKey ? [] : ['no order across shards']),
    ...(keeps.packId ? [] : ['no pack id']),
  ];
  return [
    `every record arrived exactly once, unchanged, ${order}`,
    ...(broken.length === 0 ? [] : [`${name} keeps ${broken.join(', ')}`]),
  ];
}
