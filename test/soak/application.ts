// A service that logs at a steady pace until it is told to stop, by pino, by winston or by the core itself.
//
// Its argument is JSON (see Plan). It says on stdout, as lines of JSON: `{ "written": n }` after each burst, and every
// few seconds `{ "loopDelayMs": p99 }`. On SIGTERM it ends as a service does: `process.exit(0)`, and no more.

import { writeSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createShipper } from '@putlogs/core';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';

export interface Plan {
  readonly by: 'pino' | 'winston' | 'core';
  readonly instance: string;
  readonly from: number;
  /** None: it logs nothing, sends what earlier lives have left on disk, and ends. */
  readonly recordsPerSecond: number;
  /** One record in so many has a text that the service refuses. */
  readonly poisonEvery: number;
}

export const POISON = 'the service refuses this text';
const BURST_MS = 20;
const REPORT_MS = 5000;

/** What record `n` says, in every life. */
export function textOf(n: number, poisonEvery: number): string {
  return n % poisonEvery === poisonEvery - 1 ? POISON : `记录 ${n} ${'x'.repeat(n % 300)}`;
}

type Log = (record: { n: number; text: string }) => void;

function logger({ by, instance }: Plan): Log {
  if (by === 'core') {
    const shipper = createShipper({ instance });
    return (record) => shipper.write(JSON.stringify({ instance, ...record }));
  }
  if (by === 'winston') {
    const transport = new PutlogsTransport({ instance });
    const log = winston.createLogger({ defaultMeta: { instance }, transports: [transport] });
    return (record) => log.info('steady', record);
  }
  const log = pino({ base: { instance } }, pino.transport({ target: '@putlogs/pino', options: { instance } }));
  return (record) => log.info(record, 'steady');
}

function run(plan: Plan): void {
  const log = logger(plan);
  if (plan.recordsPerSecond === 0) return;
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const burst = Math.max(1, Math.round((plan.recordsPerSecond * BURST_MS) / 1000));
  let n = plan.from;
  setInterval(() => {
    for (let i = 0; i < burst; i += 1, n += 1) {
      log({ n, text: textOf(n, plan.poisonEvery) });
    }
    say({ written: n - 1 });
  }, BURST_MS);
  setInterval(() => {
    say({ loopDelayMs: Math.round(delay.percentile(99) / 1e5) / 10 });
    delay.reset();
  }, REPORT_MS);
  process.once('SIGTERM', () => process.exit(0));
}

function say(what: object): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}

if (require.main === module) run(JSON.parse(process.argv[2]!) as Plan);
