// The first phase of the soak, by the real clock: a service that fails in turns, and instances that end in turns.
//
// Four applications share one spool directory. Three are killed, ended by signal, exited and started again: a pino, a
// winston, and a core in one thread with the smallest spool there is. One, a winston, is left alone, so that its memory
// can be watched; its transport is removed and added while the service is away. In a run of three minutes and more,
// an instance stays away for so long that another one adopts what it left, and hands it back.
//
// The decisions of each turn are drawn before it begins, so that a seed repeats them. How far a turn comes depends on
// the machine.

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startChild } from '../support/child';
import { type EmulatorLog, environmentFor } from '../support/emulator';
import { type Random, seededRandom } from '../support/seeded-random';
import type { TargetUnderTest } from '../support/targets';
import type { Plan } from './application';
import { Arrivals } from './arrivals';
import { between, faultsOf, limitsAfterRestart, oneOf, poisoned, REFUSING, type Rule } from './faults';
import { type End, Lives } from './life';
import { median, memoryOf } from './memory';
import type { Refusable } from './records';
import { watchSpool } from './spool-watch';
import { comeBack, compareWithDisk, type Found, type Phase, print, printVerdicts } from './verdicts';

export interface TurmoilOptions {
  readonly dir: string;
  readonly minutes: number;
  readonly seed: number;
  readonly recordsPerSecond: number;
  readonly target: TargetUnderTest;
}

const LINGER_MS = 500;
/** Sealed and on disk by then: lingering, and the thread's hop on a machine that is busy. */
const GRACE_MS = LINGER_MS + 1500;
/** So few that the budget for refusals, 64 records a minute, is not the limit. */
const POISON_EVERY_S = 17;
const OLD_EVERY = 503;
const PAGE = 10_000;
const SAMPLE_MS = 5000;
const WORD_MS = 60_000;
/** Longer than the time that dead runs are left to their own instance, and the time between two looks. */
const LONG_AWAY_MS = [95_000, 125_000] as const;
const LONG_AWAY_MINUTES = 3;
const SMALLEST_SPOOL_BYTES = 1024 * 1024;

/** All that a turn decides. */
interface Turn {
  readonly calmMs: number;
  readonly fault: string;
  readonly rules: readonly Rule[];
  readonly faultMs: number;
  readonly victim: number;
  readonly end: End | 'none';
  readonly removesTransport: boolean;
  readonly awayMs: number;
  readonly staysAway: boolean;
  readonly longAwayMs: number;
  readonly limits: readonly Rule[];
  readonly limitsMs: number;
}

function drawTurn(random: Random, target: TargetUnderTest): Turn {
  const faults = faultsOf(target);
  const names = Object.keys(faults);
  // Those that refuse everything use up the budget of a process, which then holds for minutes.
  const common = names.filter((name) => !REFUSING.includes(name));
  const fault = oneOf(random, random() < 0.1 ? REFUSING : [...common, 'outage', 'outage']);
  return {
    calmMs: between(random, 500, 4000),
    fault,
    rules: faults[fault]!(random),
    faultMs: between(random, 300, fault === 'outage' ? 20_000 : 5000),
    victim: between(random, 0, 3),
    end: oneOf(random, ['kill', 'kill', 'kill', 'exit', 'exit', 'signal', 'none', 'none']),
    removesTransport: random() < 0.3,
    awayMs: between(random, 0, 1500),
    staysAway: random() < 0.2,
    longAwayMs: between(random, ...LONG_AWAY_MS),
    limits: random() < 0.5 ? limitsAfterRestart(random) : [],
    limitsMs: between(random, 500, 3000),
  };
}

export async function turmoil(options: TurmoilOptions): Promise<boolean> {
  const { dir, minutes, seed, recordsPerSecond, target } = options;
  const spool = join(dir, 'spool');
  const service = startChild(join(__dirname, '../../../packages/emulator/bin/putlogs-emulator.js'), {
    args: ['--port', '0', '--shards', '4'],
    timeoutMs: 24 * 3_600_000,
  });
  const { url } = JSON.parse(await service.line('"url"')) as { url: string };
  const refusable: Refusable = {
    poisonEvery: POISON_EVERY_S * recordsPerSecond + 1,
    oldEvery: target.name === 'aliyun-sls' ? OLD_EVERY : 0,
  };
  const applications = start(options, url, spool, refusable);
  const [mortal, other, small, calm] = applications as [Lives, Lives, Lives, Lives];
  const setFaults = (rules: readonly Rule[]) => put(`${url}/_emulator/faults`, [...rules, poisoned(target)]);
  print(`turmoil: ${minutes} minutes, 4 applications of ${recordsPerSecond} records/s, ${target.name}, seed ${seed}`);
  await setFaults([]);
  for (const application of applications) application.start();

  const random = seededRandom(seed);
  const counts: Record<string, number> = {};
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  const watch = watchSpool(spool, 1);
  const sampling = setInterval(() => {
    for (const application of applications) application.sample();
  }, SAMPLE_MS);
  const startMs = performance.now();
  const endMs = startMs + minutes * 60_000;
  let refusingEpisodes = 0;
  let nextWordMs = 0;
  /** Who stays away, and until when. */
  let away: { readonly who: Lives; readonly untilMs: number } | undefined;
  while (performance.now() < endMs) {
    const turn = drawTurn(random, target);
    await pause(turn.calmMs);
    count(turn.fault);
    if (REFUSING.includes(turn.fault)) refusingEpisodes += 1;
    await setFaults(turn.rules);
    if (turn.removesTransport) {
      count('transport removed');
      await calm.removeTransport();
      if (turn.end === 'none') await other.removeTransport();
    }
    await pause(Math.min(turn.faultMs, endMs - performance.now()));
    const victim = [mortal, other, small][turn.victim]!;
    if (turn.end !== 'none' && victim.running) {
      count(turn.end);
      await victim.end(turn.end);
      await pause(turn.awayMs);
      // It comes back before the end.
      const untilMs = performance.now() + turn.longAwayMs;
      if (turn.staysAway && minutes >= LONG_AWAY_MINUTES && away === undefined && untilMs < endMs) {
        count('away for more than a minute');
        away = { who: victim, untilMs };
      } else victim.start();
      if (turn.limits.length > 0) {
        count('limits after a restart');
        await setFaults(turn.limits);
        await pause(turn.limitsMs);
      }
    }
    await setFaults([]);
    if (away !== undefined && performance.now() > away.untilMs) {
      away.who.start();
      away = undefined;
    }
    if (performance.now() < nextWordMs) continue;
    nextWordMs = performance.now() + WORD_MS;
    const stats = (await (await fetch(`${url}/_emulator/stats`)).json()) as { logs: number };
    print(`  ${Math.round((endMs - performance.now()) / 60_000)} minutes left, ${stats.logs} records have arrived`);
  }
  clearInterval(sampling);
  away?.who.start();

  const found: Found = [];
  const phase: Phase = {
    applications,
    spool,
    setFaults,
    rulesOf: (application) => ({
      graceMs: GRACE_MS,
      refusingEpisodes,
      mayEvict: application === small,
      late: watch.late,
    }),
  };
  await compareWithDisk(phase, found);
  watch.stop();
  await comeBack(phase, found);

  const arrivals = await readArrivals(url, refusable);
  service.kill('SIGTERM');
  await service.ended;
  print(`  ${JSON.stringify(counts)}`);
  print(
    `  runs adopted by another instance: ${watch.adopted.size}, handed back: ${watch.handedBack.size}, late: ${watch.late.size}`,
  );
  const isKept = printVerdicts(phase, arrivals.groups, found);
  print(`  left alone for ${minutes} minutes, ${calm.instance}: ${memoryOf(calm)}`);
  for (const { instance, loopDelaysMs } of applications) {
    const worst = loopDelaysMs.reduce((most, delayMs) => Math.max(most, delayMs), 0);
    print(`  event-loop delay p99 of ${instance}: median ${median(loopDelaysMs)} ms, worst ${worst} ms`);
  }
  return isKept;
}

function start({ dir, recordsPerSecond, target }: TurmoilOptions, url: string, spool: string, refusable: Refusable) {
  const service = { url, accessKeyId: 'demo', accessKeySecret: 'demo-secret' };
  const env = environmentFor(
    service,
    {
      PUTLOGS_LINGER_MS: String(LINGER_MS),
      PUTLOGS_RETRY_MAX_MS: '3000',
      PUTLOGS_REQUEST_TIMEOUT_MS: '2000',
      PUTLOGS_SPOOL_DIR: spool,
      PUTLOGS_SPOOL_MODE: 'always',
    },
    target,
  );
  const smallEnv = {
    ...env,
    PUTLOGS_SPOOL_MAX_BYTES: String(SMALLEST_SPOOL_BYTES),
    PUTLOGS_BATCH_MAX_BYTES: String(SMALLEST_SPOOL_BYTES / 16),
    PUTLOGS_COMPRESSION: 'none',
  };
  const deadLetters = join(dir, 'dead-letters');
  const lives = (by: Plan['by'], instance: string, isSmall = false) =>
    new Lives(
      { by, instance, recordsPerSecond, refusable, awayMs: 1000 },
      {
        env: isSmall ? smallEnv : env,
        deadLetters,
        allowed: { dropped: isSmall ? ['rejected', 'spool'] : ['rejected'] },
      },
    );
  return [
    lives('pino', 'soak-pino'),
    lives('winston', 'soak-winston'),
    lives('core', 'soak-core-small', true),
    lives('winston', 'soak-calm'),
  ];
}

async function put(address: string, body: unknown): Promise<void> {
  const { ok, status } = await fetch(address, { method: 'PUT', body: JSON.stringify(body) });
  if (!ok) throw new Error(`PUT ${address}: ${status}`);
}

async function readArrivals(url: string, refusable: Refusable): Promise<Arrivals> {
  const arrivals = new Arrivals(refusable);
  for (let after = 0; ; ) {
    const page = await (await fetch(`${url}/_emulator/logs?after=${after}&limit=${PAGE}`)).json();
    const { logs, next } = page as { logs: EmulatorLog[]; next: number };
    if (logs.length === 0) break;
    for (const log of logs) arrivals.add(log);
    after = next;
  }
  arrivals.end();
  return arrivals;
}
