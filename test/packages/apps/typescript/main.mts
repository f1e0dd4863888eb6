import { createShipper, createWorkerShipper, PutlogsError, type PutlogsOptions, type Stats } from '@putlogs/core';
import { startWorker } from '@putlogs/core/worker';
import { createEmulator, type Emulator } from '@putlogs/emulator';
import putlogs, { type PinoTransportOptions, stats, transport } from '@putlogs/pino';
import { PutlogsTransport, type PutlogsTransportOptions } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';

const options: PutlogsOptions & PinoTransportOptions = { lingerMs: 50, hashKey: 'none' };
// @ts-expect-error there is no such option
const misspelt: PutlogsOptions = { linger: 50 };
const winstonOptions: PutlogsTransportOptions = { level: 'info', worker: false, lingerMs: 50 };
const unused: readonly unknown[] = [misspelt, startWorker, createEmulator, putlogs, PutlogsError, {} as Emulator];
if (unused.length === 0) throw new Error('these are here for their types');

const ownThread = pino(await transport({ lingerMs: 50 }));
ownThread.info('pino, own thread');
const worker = pino.transport<PinoTransportOptions>({ target: '@putlogs/pino', options: { lingerMs: 50 } });
// Exported, so that it stays: see docs/install.md.
export const logger = pino(worker);
logger.info('pino, worker');
const seen: Stats = await stats(worker);
if (seen.accepted < 0) throw new Error('a counter below zero');

winston.createLogger({ transports: [new PutlogsTransport(winstonOptions)] }).info('winston, own thread');
createShipper({ lingerMs: options.lingerMs ?? 0 }).write('{"message":"core, own thread"}');
createWorkerShipper().write('{"message":"core, worker"}');
