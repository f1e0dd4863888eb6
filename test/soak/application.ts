// A service that logs at a steady pace until it is ended, through pino, winston, or the core in its own thread.
//
// Its argument is JSON (see Plan). It prints lines of JSON: `{ "written": n }` after each burst, `{ "stats": Stats }`
// each second, `{ "last": Stats }` at an end that runs code, and `{ "loopDelayMs": p99 }`. Signals:
//
//   SIGTERM    process.exit(0), as a service does
//   SIGINT     closes first, with `handleSignals`; ends a pino application without any code
//   SIGUSR2    logs no more, and prints `{ "quiet": Stats }` as soon as no record is pending
//   SIGHUP     winston: removes the transport, logs nothing for `awayMs`, and adds it again

import { writeSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Stats } from '@putlogs/core';
import { createShipper, type Shipper } from '@putlogs/core';
import { partsIn } from '@putlogs/core/internal/maintenance/survey';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { type Clock, systemClock } from '@putlogs/core/internal/runtime/clock';
import { startShipper } from '@putlogs/core/internal/shipper/shipper';
import { stats as pinoStats } from '@putlogs/pino';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';
import { scaledClock } from '../fault/apps/outage';
import { type Refusable, textOf, timeOf } from './records';

export interface Plan {
  readonly by: 'pino' | 'winston' | 'core';
  readonly instance: string;
  readonly from: number;
  /** By the real clock. None: it logs nothing, delivers what its earlier lives left on disk, and ends. */
  readonly recordsPerSecond: number;
  readonly refusable: Refusable;
  /** A clock that runs faster; the core only. */
  readonly scale?: { readonly factor: number; readonly startMs: number };
  /** How long a transport stays removed. */
  readonly awayMs: number;
}

const BURST_MS = 20;
const STATS_MS = 1000;
const DELAY_MS = 5000;
const QUIET_LOOK_MS = 100;
const COME_BACK_MS = 120_000;
const STDOUT = 1;
/** Between two tries to write into a full pipe. */
const PIPE_WAIT_MS = 20;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

interface Logger {
  /** Returns whether it was accepted: not while the transport is removed, nor after a signal began to close it. */
  log(n: number, text: string, atMs: number): boolean;
  stats(): Promise<Stats>;
  statsNow?(): Stats;
  remove?(): void;
}

function open(plan: Plan): Logger {
  if (plan.by === 'core') return openCore(plan);
  return plan.by === 'winston' ? openWinston(plan) : openPino(plan);
}

function openCore(plan: Plan): Logger {
  const shipper = shipperOf(plan);
  return {
    log: (n, text, atMs) => shipper.write(JSON.stringify({ time: atMs, at: atMs, instance: plan.instance, n, text })),
    stats: () => Promise.resolve(shipper.stats()),
    statsNow: () => shipper.stats(),
  };
}

function shipperOf({ instance, scale }: Plan): Shipper {
  if (scale === undefined) return createShipper({ instance });
  return startShipper(resolveOptions({ instance }, process.env), { clock: scaledClock(scale) });
}

function openWinston({ instance, awayMs }: Plan): Logger {
  const transport = new PutlogsTransport({ instance });
  const logger = winston.createLogger({ defaultMeta: { instance }, transports: [transport] });
  let isRemoved = false;
  return {
    log: (n, text, atMs) => {
      if (isRemoved) return false;
      const { closed } = transport.stats().refused;
      logger.info('steady', { timestamp: new Date(atMs).toISOString(), at: atMs, n, text });
      return transport.stats().refused.closed === closed;
    },
    stats: () => Promise.resolve(transport.stats()),
    statsNow: () => transport.stats(),
    remove: () => {
      if (isRemoved) return;
      isRemoved = true;
      logger.remove(transport);
      setTimeout(() => {
        logger.add(transport);
        isRemoved = false;
      }, awayMs);
    },
  };
}

function openPino({ instance }: Plan): Logger {
  let timeMs = 0;
  const transport = pino.transport({ target: '@putlogs/pino', options: { instance } });
  const logger = pino({ base: { instance }, timestamp: () => `,"time":${timeMs}` }, transport);
  return {
    log: (n, text, atMs) => {
      timeMs = atMs;
      logger.info({ at: atMs, n, text }, 'steady');
      return true;
    },
    stats: () => pinoStats(transport, { timeoutMs: 10_000 }),
  };
}

function clockOf({ scale }: Plan): Clock {
  return scale === undefined ? systemClock : scaledClock(scale);
}

function run(plan: Plan): void {
  const logger = open(plan);
  const clock = clockOf(plan);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const burst = Math.max(1, Math.round((plan.recordsPerSecond * BURST_MS) / 1000));
  let n = plan.from;
  const logging = setInterval(() => {
    for (let i = 0; i < burst; i += 1) {
      const atMs = timeOf(n, plan.refusable, Math.floor(clock.wallMs()));
      if (!logger.log(n, textOf(n, plan.refusable), atMs)) break;
      n += 1;
    }
    if (n > plan.from) say({ written: n - 1 });
  }, BURST_MS);
  // Pino's worker answers late while the machine is busy; an answer that is missing is no finding.
  const read = (use: (stats: Stats) => void) => void logger.stats().then(use, () => {});
  setInterval(() => read((stats) => say({ stats })), STATS_MS);
  setInterval(() => {
    say({ loopDelayMs: Math.round(delay.percentile(99) / 1e5) / 10 });
    delay.reset();
  }, DELAY_MS);
  process.on('SIGHUP', () => logger.remove?.());
  process.on('SIGUSR2', () => {
    clearInterval(logging);
    const look = setInterval(() => {
      read((quiet) => {
        if (quiet.pending > 0) return;
        clearInterval(look);
        say({ quiet });
      });
    }, QUIET_LOOK_MS);
  });
  process.once('SIGTERM', () => process.exit(0));
  process.on('exit', () => {
    if (logger.statsNow !== undefined) say({ last: logger.statsNow() });
  });
}

/**
 * A life without words, for what the others have left on disk. A directory that was handed to a process that ended at
 * that moment is free one lease later.
 */
async function comeBack(plan: Plan): Promise<void> {
  const shipper = shipperOf(plan);
  const endMs = performance.now() + COME_BACK_MS;
  do {
    await shipper.flush({ timeoutMs: COME_BACK_MS * (plan.scale?.factor ?? 1) });
    await pause(QUIET_LOOK_MS);
  } while (isLeft(plan) && performance.now() < endMs);
  await shipper.close();
  say({ last: shipper.stats() });
}

function isLeft({ instance }: Plan): boolean {
  for (const part of partsIn(process.env['PUTLOGS_SPOOL_DIR']!)) {
    if (part.instance === instance && part.unfinished > 0) return true;
  }
  return false;
}

function say(what: object): void {
  const line = Buffer.from(`${JSON.stringify(what)}\n`);
  for (let at = 0; at < line.length; ) {
    try {
      at += writeSync(STDOUT, line, at);
    } catch (error) {
      // The pipe is full while the reader is busy. Without the line a record would look as if it had never been
      // written.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(NEVER, 0, 0, PIPE_WAIT_MS);
    }
  }
}

if (require.main === module) {
  const plan = JSON.parse(process.argv[2]!) as Plan;
  if (plan.recordsPerSecond === 0) void comeBack(plan);
  else run(plan);
}
