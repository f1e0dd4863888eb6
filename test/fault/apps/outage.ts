// An application that logs a record a second, for hours, by a clock that runs faster than the sun.
//
// Its argument is JSON. It prints `{ "outage": Stats, "mostBytes" }` when the hours are over, and then, when everything
// is finished, `{ "after": Stats }`. It fails if at any look the counters did not add up.

import { setTimeout as pause } from 'node:timers/promises';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { type Clock, systemClock } from '@putlogs/core/internal/runtime/clock';
import { startShipper } from '@putlogs/core/internal/shipper/shipper';
import { assertConserved } from '../../support/shipper';
import { START_MS } from '../../support/start-time';

export interface OutagePlan {
  readonly hours: number;
  readonly factor: number;
  /** What the wall clock showed when the test's own clock of this kind began. */
  readonly startMs: number;
}

/** The system's clock, faster; its wall clock is that of everybody who is given the same start. */
export function scaledClock({ factor, startMs }: Pick<OutagePlan, 'factor' | 'startMs'>): Clock {
  return {
    wallMs: () => startMs + (Date.now() - startMs) * factor,
    monotonicMs: () => systemClock.monotonicMs() * factor,
    after: (delayMs, held, run) => systemClock.after(delayMs / factor, held, run),
    random: systemClock.random,
  };
}

const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;

async function run(plan: OutagePlan): Promise<void> {
  const clock = scaledClock(plan);
  const shipper = startShipper(resolveOptions({}, process.env), { clock });
  const startMs = clock.monotonicMs();
  let written = 0;
  let mostBytes = 0;
  for (; clock.monotonicMs() - startMs < plan.hours * HOUR_MS; await pause(1)) {
    const due = Math.floor((clock.monotonicMs() - startMs) / SECOND_MS);
    for (; written < due; written += 1) {
      shipper.write(JSON.stringify({ time: START_MS + written, instance: 'one', n: written, text: 'tick' }));
    }
    assertConserved(shipper.stats());
    mostBytes = Math.max(mostBytes, shipper.stats().pendingBytes);
  }
  process.stdout.write(`${JSON.stringify({ outage: shipper.stats(), mostBytes })}\n`);
  await shipper.flush();
  process.stdout.write(`${JSON.stringify({ after: shipper.stats() })}\n`);
  await shipper.close();
}

if (require.main === module) void run(JSON.parse(process.argv[2]!) as OutagePlan);
