// Logs in a listener for `exit`, which the application adds before or after the transport. The last listener prints the
// counters.
import { writeSync } from 'node:fs';
import { createShipper, createWorkerShipper, type Stats } from '@putlogs/core';
import { transport } from '@putlogs/pino';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';

export type LateWay = 'core' | 'core in one thread' | 'winston' | 'winston in one thread' | 'pino in one thread';

export interface LatePlan {
  readonly way: LateWay;
  /** When the application adds its listener. */
  readonly listens: 'before the transport' | 'after the first records';
  /** Records that are logged before the end. */
  readonly early: number;
  /** Records that the listener logs. */
  readonly late: number;
  readonly calls?: 'process.exit';
}

interface Logged {
  log(text: string): void;
  stats(): Stats;
}

const plan = JSON.parse(process.argv[2]!) as LatePlan;
let logged: Logged | undefined;

async function main(): Promise<void> {
  if (plan.listens === 'before the transport') process.on('exit', logLate);
  logged = await start();
  for (let n = 0; n < plan.early; n += 1) logged.log(`early ${n}`);
  if (plan.listens === 'after the first records') process.on('exit', logLate);
  const { stats } = logged;
  process.on('exit', () => writeSync(1, `${JSON.stringify(stats())}\n`));
  if (plan.calls === 'process.exit') process.exit();
}

function logLate(): void {
  for (let n = 0; n < plan.late; n += 1) logged!.log(`late ${n}`);
}

async function start(): Promise<Logged> {
  switch (plan.way) {
    case 'core':
    case 'core in one thread': {
      const shipper = plan.way === 'core' ? createWorkerShipper() : createShipper();
      return { log: (text) => void shipper.write(JSON.stringify({ text })), stats: () => shipper.stats() };
    }
    case 'winston':
    case 'winston in one thread': {
      const ours = new PutlogsTransport({ worker: plan.way === 'winston' });
      const logger = winston.createLogger({ transports: [ours] });
      return { log: (text) => void logger.info({ message: 'from winston', text }), stats: () => ours.stats() };
    }
    case 'pino in one thread': {
      const stream = await transport();
      const logger = pino(stream);
      return { log: (text) => logger.info({ text }), stats: () => stream.stats() };
    }
  }
}

void main();
