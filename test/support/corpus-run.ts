// Runs one application that logs the corpus to its end, and returns the records that must have arrived.
//
// Two applications must not have the same instance name, because the ledger checks by instance.

import { join } from 'node:path';
import { type ChildOptions, type ChildResult, runChild } from './child';
import { arrivesByPino, arrivesByWinston, corpusRecord } from './corpus';
import { type Emulator, environmentFor } from './emulator';
import type { ExpectedRecord } from './ledger';
import type { Plan } from './plan';
import { START_MS } from './start-time';
import { target as defaultTarget, type TargetUnderTest } from './targets';

/** The applications, each in CommonJS and as an ES module. */
export const APPLICATIONS = {
  pino: join(__dirname, '../pino/apps/logger.js'),
  'pino (ES module)': join(__dirname, '../pino/apps/logger-es.mjs'),
  winston: join(__dirname, '../winston/apps/logger.js'),
  'winston (ES module)': join(__dirname, '../winston/apps/logger-es.mjs'),
} as const;
export type Application = keyof typeof APPLICATIONS;

export type PartialPlan = Partial<Plan> & Pick<Plan, 'instance'>;

const DEFAULTS = { count: 200, startMs: START_MS, end: 'natural', thread: 'worker' } as const;

export function runCorpus(
  application: Application,
  partialPlan: PartialPlan,
  emulator: Emulator,
  options: ChildOptions = {},
  target: TargetUnderTest = defaultTarget,
): Promise<ChildResult> {
  const plan: Plan = { ...DEFAULTS, ...partialPlan };
  const env = { ...environmentFor(emulator, {}, target), ...options.env };
  return runChild(APPLICATIONS[application], { ...options, args: [JSON.stringify(plan)], env });
}

/** What must arrive of the plan: its instance and that instance's records. */
export function expectedOf(application: Application, partialPlan: PartialPlan): [string, ExpectedRecord[]] {
  const { instance, count, startMs } = { ...DEFAULTS, ...partialPlan };
  const arrives = application.startsWith('pino') ? arrivesByPino : arrivesByWinston;
  const records = Array.from({ length: count }, (_, n) => arrives(corpusRecord(n, startMs), instance));
  return [instance, records];
}
