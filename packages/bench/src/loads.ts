// The ways in which an application logs: a burst, one turn of its loop, a steady pace, and an outage.
//
// Each logs exactly the records of the plan. It measures the delay of the event loop, and in an outage the memory.

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
  /** When the last record was logged. */
  readonly loopEndNs: bigint;
  /** The 99th percentile of the delay of the loop. */
  readonly delayP99Ms: number;
  readonly outage: Outage | null;
}

/** The number of records between two turns of the loop, as between the requests of a service. */
const RECORDS_A_TURN = 100;
const STEP_MS = 5;
const DELAY_RESOLUTION_MS = 1;
/** After an outage, a transport that still retries sends at least one request in this time. */
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
  // One more turn, because the turn of the last records also counts.
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
