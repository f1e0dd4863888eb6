// The ways an application logs: in a burst, in one turn of its loop, at a steady pace, and through an outage.
//
// Takes: what to log with. Gives: the delay that the application's loop had meanwhile, and of an outage the memory it
// took. Keeps: nothing. Never: logs a record more than the plan has, or one less.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { ModeName, Outage, Plan, Question } from './plan';

export interface Load {
  readonly plan: Plan;
  log(n: number): void;
  ask(question: Question): Promise<number>;
  untilQuiet(quietMs: number): Promise<void>;
}

export interface Loaded {
  /** When the last record had been logged. */
  readonly loopEndNs: bigint;
  /** 99 of 100 turns of the loop came no later than this. */
  readonly delayP99Ms: number;
  readonly outage: Outage | null;
}

/** So many records, then the loop has its turn, as between the requests of a service. */
const RECORDS_A_TURN = 100;
const STEP_MS = 5;
const DELAY_RESOLUTION_MS = 1;
/** After an outage, a transport that still retries has asked at least once in this time. */
const RECOVERED_MS = 6000;

export const LOADS: Readonly<Record<ModeName, (load: Load) => Promise<Loaded>>> = {
  burst: (load) => delayed(() => burst(load, RECORDS_A_TURN)),
  tick: (load) => delayed(() => burst(load, Number.POSITIVE_INFINITY)),
  steady: (load) => delayed(() => paced(load, () => {})),
  outage,
};

async function delayed(run: () => Promise<void>): Promise<Loaded> {
  const histogram = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  histogram.enable();
  await run();
  const loopEndNs = process.hrtime.bigint();
  // A turn more: the one that the last records were logged in counts, too.
  await pause(DELAY_RESOLUTION_MS);
  histogram.disable();
  const delayP99Ms = Math.max(0, histogram.percentile(99) / 1e6 - DELAY_RESOLUTION_MS);
  return { loopEndNs, delayP99Ms, outage: null };
}

async function burst({ plan, log }: Load, recordsATurn: number): Promise<void> {
  for (let n = 0; n < plan.records; n += 1) {
    log(n);
    if ((n + 1) % recordsATurn === 0) await new Promise(setImmediate);
  }
}

async function paced({ plan, log }: Load, eachStep: () => void): Promise<void> {
  const startMs = performance.now();
  let n = 0;
  while (n < plan.records) {
    const due = Math.min(plan.records, Math.ceil(((performance.now() - startMs) / 1000) * plan.recordsPerSecond));
    for (; n < due; n += 1) log(n);
    eachStep();
    await pause(STEP_MS);
  }
}

async function outage(load: Load): Promise<Loaded> {
  await load.ask('down');
  const rssBeforeBytes = process.memoryUsage.rss();
  let rssPeakBytes = rssBeforeBytes;
  const loaded = await delayed(() =>
    paced(load, () => {
      rssPeakBytes = Math.max(rssPeakBytes, process.memoryUsage.rss());
    }),
  );
  await load.ask('up');
  await load.untilQuiet(RECOVERED_MS);
  (globalThis as { gc?: () => void }).gc?.();
  return { ...loaded, outage: { rssBeforeBytes, rssPeakBytes, rssAfterBytes: process.memoryUsage.rss() } };
}
