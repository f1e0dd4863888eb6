// Logs one record by the transport that the plan names, and ends. `failOnLoss` is called if the plan asks for it.
import { createShipper, createWorkerShipper } from '@putlogs/core';
import { failOnLoss, transport } from '@putlogs/pino';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';

export type Way =
  | 'core'
  | 'core in one thread'
  | 'winston'
  | 'winston in one thread'
  | 'pino'
  | 'pino, several targets'
  | 'pino in one thread';

export interface StrictPlan {
  readonly way: Way;
  readonly failsOnLoss: boolean;
  /** The application calls `process.exit` with it, or ends by itself. */
  readonly exit?: number;
  /** The application closes the transport itself. */
  readonly closes?: boolean;
}

const plan = JSON.parse(process.argv[2]!) as StrictPlan;
// pino ends the worker of a logger that is garbage.
const kept: unknown[] = [];

async function main(): Promise<void> {
  await log();
  if (plan.exit !== undefined) process.exit(plan.exit);
}

async function log(): Promise<void> {
  const { way, closes = false } = plan;
  if (way.startsWith('core')) {
    const shipper = way === 'core' ? createWorkerShipper() : createShipper();
    shipper.write('{"n":1}');
    if (closes) await shipper.close();
  } else if (way.startsWith('winston')) {
    const ours = new PutlogsTransport({ worker: way === 'winston' });
    winston.createLogger({ transports: [ours] }).info('one');
  } else {
    const logger = await pinoLogger(way);
    kept.push(logger);
    if (plan.failsOnLoss) failOnLoss(logger);
    logger.info('one');
  }
}

async function pinoLogger(way: Way): Promise<pino.Logger> {
  if (way === 'pino in one thread') return pino(await transport());
  const ours = { target: '@putlogs/pino' };
  const beside = { target: 'pino/file', options: { destination: '/dev/null' } };
  return pino({ transport: way === 'pino' ? ours : { targets: [ours, beside] } });
}

void main();
