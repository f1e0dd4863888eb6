// Logs a few records by each of the ways that its argument names, prints `logged`, and ends by itself when its stdin
// has a line. A module of fake timers is loaded before everything else, or after it.

import type * as Core from '@putlogs/core';
import type * as Pino from '@putlogs/pino';
import type * as Winston from '@putlogs/winston';
import type pino from 'pino';
import type * as winston from 'winston';

export interface EveryWayPlan {
  readonly ways: readonly Way[];
  readonly count: number;
  readonly fake?: { readonly module: string; readonly when: 'before' | 'after' };
}

export type Way = keyof Ways;

type Ways = ReturnType<typeof loadWays>;
type Log = (n: number) => void;

function loadWays() {
  const { createShipper, createWorkerShipper } = require('@putlogs/core') as typeof Core;
  const { transport, target } = require('@putlogs/pino') as typeof Pino;
  const { PutlogsTransport } = require('@putlogs/winston') as typeof Winston;
  const createPino = require('pino') as typeof pino;
  const { createLogger } = require('winston') as typeof winston;

  const byCore =
    (shipper: Core.RecordSink, way: string): Log =>
    (n) =>
      shipper.write(JSON.stringify({ way, n }));
  const byWinston = (way: string, worker: boolean): Log => {
    const logger = createLogger({ transports: [new PutlogsTransport({ instance: way, worker })] });
    return (n) => logger.info('a record', { way, n });
  };
  const byPino = (way: string, destination: pino.DestinationStream): Log => {
    const logger = createPino({}, destination);
    return (n) => logger.info({ way, n });
  };
  const inWorker = (way: string, options: object) =>
    createPino.transport({ target, options: { instance: way }, ...options });
  return {
    'core, own thread': (way: string) => byCore(createShipper({ instance: way }), way),
    'core, worker': (way: string) => byCore(createWorkerShipper({ instance: way }), way),
    'winston, own thread': (way: string) => byWinston(way, false),
    'winston, worker': (way: string) => byWinston(way, true),
    'pino, own thread': async (way: string) => byPino(way, await transport({ instance: way })),
    'pino, worker': (way: string) => byPino(way, inWorker(way, {})),
    'pino, worker, sync': (way: string) => byPino(way, inWorker(way, { sync: true })),
  };
}

async function main(): Promise<void> {
  const { ways, count, fake } = JSON.parse(process.argv[2]!) as EveryWayPlan;
  if (fake?.when === 'before') require(fake.module);
  const all = loadWays();
  if (fake?.when === 'after') require(fake.module);
  for (const way of ways) {
    const log = await all[way](way);
    for (let n = 0; n < count; n += 1) log(n);
  }
  process.stdout.write('logged\n');
  process.stdin.once('data', () => process.stdin.destroy());
}

void main();
