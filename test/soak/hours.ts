// The second phase of the soak, by a clock that runs 300 times as fast: outages of hours, and instances that stay away.
//
// Three core applications share a spool. With this clock a restart alone takes minutes, so that the other instances
// adopt what the missing one left, and hand it back.

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createEmulator } from '@putlogs/emulator';
import { scaledClock } from '../fault/apps/outage';
import { environmentFor } from '../support/emulator';
import { type Random, seededRandom } from '../support/seeded-random';
import type { TargetUnderTest } from '../support/targets';
import { Arrivals } from './arrivals';
import { between, limitsAfterRestart, oneOf, poisoned, type Rule } from './faults';
import { type End, Lives } from './life';
import type { Refusable } from './records';
import { watchSpool } from './spool-watch';
import { comeBack, compareWithDisk, type Found, type Phase, print, printVerdicts } from './verdicts';

export interface HoursOptions {
  readonly dir: string;
  readonly realSeconds: number;
  readonly seed: number;
  readonly target: TargetUnderTest;
}

/** A lease is then a tenth of a second: a busy machine must not look like one that stood still for that long. */
const FACTOR = 300;
/** By the real clock. A record in two seconds of the other one. */
const RECORDS_PER_SECOND = 150;
const GRACE_MS = 2000;
const REFUSABLE = { poisonEvery: 2003, oldEvery: 307 };

interface Turn {
  readonly calmMs: number;
  readonly outageMs: number;
  readonly victim: number;
  readonly end: End;
  readonly awayMs: number;
  readonly limits: readonly Rule[];
}

function drawTurn(random: Random): Turn {
  return {
    calmMs: between(random, 300, 1500),
    outageMs: between(random, 1000, 12_000),
    victim: between(random, 0, 3),
    end: oneOf(random, ['kill', 'kill', 'exit', 'signal']),
    awayMs: between(random, 100, 3000),
    limits: random() < 0.5 ? limitsAfterRestart(random) : [],
  };
}

export async function hours({ dir, realSeconds, seed, target }: HoursOptions): Promise<boolean> {
  const spool = join(dir, 'spool-of-hours');
  const scale = { factor: FACTOR, startMs: Date.now() };
  const refusable: Refusable = { ...REFUSABLE, oldEvery: target.name === 'aliyun-sls' ? REFUSABLE.oldEvery : 0 };
  const emulator = await createEmulator({ port: 0, shards: 4, clock: scaledClock(scale).wallMs });
  const env = environmentFor(
    emulator,
    {
      PUTLOGS_LINGER_MS: '1000',
      PUTLOGS_RETRY_BASE_MS: '200',
      PUTLOGS_RETRY_MAX_MS: '30000',
      // Two seconds of the real clock.
      PUTLOGS_REQUEST_TIMEOUT_MS: '600000',
      PUTLOGS_SPOOL_DIR: spool,
      PUTLOGS_SPOOL_MODE: 'always',
    },
    target,
  );
  const applications = ['hours-a', 'hours-b', 'hours-c'].map(
    (instance) =>
      new Lives(
        { by: 'core', instance, recordsPerSecond: RECORDS_PER_SECOND, refusable, scale, awayMs: 0 },
        { env, deadLetters: join(dir, 'dead-letters'), allowed: { dropped: ['rejected'] } },
      ),
  );
  const setFaults = (rules: readonly Rule[]) => {
    emulator.faults([...rules, poisoned(target)]);
  };
  print(`hours: ${realSeconds} s, ${((realSeconds * FACTOR) / 3600).toFixed(1)} hours by the fast clock, seed ${seed}`);
  setFaults([]);
  const random = seededRandom(seed);
  const watch = watchSpool(spool, FACTOR);
  for (const application of applications) application.start();
  const endMs = performance.now() + realSeconds * 1000;
  let turns = 0;
  while (performance.now() < endMs) {
    const turn = drawTurn(random);
    turns += 1;
    await pause(turn.calmMs);
    setFaults([{ status: 503 }]);
    await pause(turn.outageMs);
    const victim = applications[turn.victim]!;
    await victim.end(turn.end);
    await pause(turn.awayMs);
    setFaults(turn.limits);
    victim.start();
    await pause(turn.calmMs);
    setFaults([]);
  }
  const found: Found = [];
  const phase: Phase = {
    applications,
    spool,
    setFaults,
    rulesOf: () => ({ graceMs: GRACE_MS, refusingEpisodes: 0, mayEvict: false, late: watch.late }),
  };
  await compareWithDisk(phase, found);
  watch.stop();
  await comeBack(phase, found);
  const arrivals = new Arrivals(refusable);
  for (const log of emulator.logs()) arrivals.add(log);
  arrivals.end();
  await emulator.close();
  print(`  outages with an end and a restart each: ${turns}`);
  print(
    `  runs adopted by another instance: ${watch.adopted.size}, handed back: ${watch.handedBack.size}, late: ${watch.late.size}`,
  );
  return printVerdicts(phase, arrivals.groups, found);
}
