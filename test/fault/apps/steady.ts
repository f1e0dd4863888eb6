// An application that writes a numbered record every few milliseconds, to a shipper in a worker thread.
// Its argument is JSON: how many, how often, and after how long without a sign of life a worker is called stuck.

import { setTimeout as pause } from 'node:timers/promises';
import { startWorkerShipper } from '@putlogs/core/internal/host/host';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { START_MS } from '../../support/start-time';

export interface SteadyPlan {
  readonly count: number;
  readonly everyMs: number;
  readonly stuckMs: number;
}

const { count, everyMs, stuckMs } = JSON.parse(process.argv[2]!) as SteadyPlan;

async function run(): Promise<void> {
  const host = startWorkerShipper(resolveOptions({}, process.env), stuckMs);
  for (let n = 0; n < count; n += 1) {
    host.write(JSON.stringify({ time: START_MS + n, instance: 'one', n, text: 'record' }));
    process.stdout.write(`written ${n}\n`);
    await pause(everyMs);
  }
  await host.close();
  process.stdout.write(`${JSON.stringify(host.stats())}\n`);
}

void run();
