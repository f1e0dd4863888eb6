// An application in a container of its own: it logs a record every few milliseconds until it is killed, by a clock that
// runs faster than the sun. Its argument is JSON. It prints when it has started and when all is written.

import { setTimeout as pause } from 'node:timers/promises';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { startShipper } from '@putlogs/core/internal/shipper/shipper';
import { START_MS } from '../../support/start-time';
import { type OutagePlan, scaledClock } from './outage';

export interface ContainedPlan extends Omit<OutagePlan, 'hours'> {
  readonly from: number;
  readonly count: number;
}

async function run(plan: ContainedPlan): Promise<void> {
  const shipper = startShipper(resolveOptions({ instance: 'one' }, process.env), { clock: scaledClock(plan) });
  process.stdout.write('started\n');
  for (let n = plan.from; n < plan.from + plan.count; n += 1) {
    shipper.write(JSON.stringify({ time: START_MS + n, instance: 'one', n }));
    await pause(1);
  }
  process.stdout.write('all written\n');
  // Ended by the test.
  setInterval(() => {}, 60_000);
}

void run(JSON.parse(process.argv[2]!) as ContainedPlan);
