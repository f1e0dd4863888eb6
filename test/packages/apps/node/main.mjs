// Logs in every way there is, from an application of ES modules, and ends by itself.
import { createShipper, createWorkerShipper } from '@putlogs/core';
import { transport } from '@putlogs/pino';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';

const ownThread = pino(await transport());
ownThread.info('pino, own thread');
// Exported, so that it stays: see docs/install.md.
export const logger = pino({ transport: { target: '@putlogs/pino' } });
logger.info('pino, worker');

const winstonWith = (options) => winston.createLogger({ transports: [new PutlogsTransport(options)] });
winstonWith({ worker: false }).info('winston, own thread');
winstonWith({}).info('winston, worker');

createShipper().write('{"message":"core, own thread"}');
createWorkerShipper().write('{"message":"core, worker"}');
