// One contender in a process of its own: `node --require fence.js --expose-gc application.js <plan>`.
//
// It sends its measurements to its parent in one message. Only the parent asks the sink, so that all connections of
// this process are those of the contender.

import { setTimeout as pause } from 'node:timers/promises';
import type { Contender, Place } from './contender';
import { contenderNamed } from './contenders';
import { LOADS, type Load } from './loads';
import type { Measured, Plan, Question } from './plan';
import { peakRssBytes, usage } from './usage';
import { WORKLOADS } from './workloads';

/** How long the process warms up: threads start, and their code is compiled. */
const WARM_UP_MS = 300;
const POLL_MS = 50;
/** Buffered objects need more memory than their text. */
const ROOM = 4;

const plan = JSON.parse(process.argv[2]!) as Plan;
const contender = contenderNamed(plan.contender)!;

async function run({ logger, start }: Contender): Promise<Measured> {
  const workload = WORKLOADS[plan.workload];
  const host = `127.0.0.1:${plan.port}`;
  const place: Place = {
    url: `http://${host}`,
    host,
    room:
      plan.mode === 'outage' ? null : { records: plan.records, bytes: Math.ceil(plan.records * plan.lineBytes * ROOM) },
    workload,
    untilQuiet,
  };
  // The application loads its logger anyway.
  if (logger !== 'sdk') require(logger);
  const madeMs = performance.now();
  const starting = start(place);
  const startMs = performance.now() - madeMs;
  const started = await starting;
  await started.ready;
  const readyMs = started.ready === undefined ? null : performance.now() - madeMs;
  await pause(WARM_UP_MS);
  (globalThis as { gc?: () => void }).gc?.();

  const load: Load = { plan, log: (n) => started.log(workload.entry(n)), ask, untilQuiet };
  const before = usage();
  const { loopEndNs, delayP99Ms, outage } = await LOADS[plan.mode](load);
  if (plan.isPatient) await untilQuiet(3000);
  const beforeEnd = usage();
  await started.end();
  const after = usage();
  return {
    logged: plan.records,
    startNs: String(before.atNs),
    endNs: String(after.atNs),
    loopSeconds: seconds(before.atNs, loopEndNs),
    endSeconds: seconds(beforeEnd.atNs, after.atNs),
    mainCpuSeconds: after.mainCpuSeconds - before.mainCpuSeconds,
    processCpuSeconds: after.processCpuSeconds - before.processCpuSeconds,
    loopDelayP99Ms: delayP99Ms,
    peakRssBytes: peakRssBytes(),
    importMs: started.importMs,
    startMs,
    readyMs,
    outage,
    problem: null,
  };
}

function seconds(fromNs: bigint, toNs: bigint): number {
  return Number(toNs - fromNs) / 1e9;
}

async function untilQuiet(quietMs: number): Promise<void> {
  while ((await ask('quiet')) < quietMs) await pause(POLL_MS);
}

let questions = 0;
function ask(question: Question): Promise<number> {
  const id = ++questions;
  return new Promise((resolve) => {
    const answered = (answer: { id: number; quietMs?: number }) => {
      if (answer.id !== id) return;
      process.off('message', answered);
      resolve(answer.quietMs ?? 0);
    };
    process.on('message', answered);
    process.send!({ id, question });
  });
}

function report(measured: Partial<Measured>): void {
  process.send!({ measured }, () => process.disconnect());
}

// A ready worker does not keep the process alive, and ending it takes a while.
process.channel?.ref();
run(contender).then(report, (error: unknown) => {
  report({ problem: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  process.exitCode = 1;
});
