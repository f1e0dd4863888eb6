// The loggers of the server, one of each kind for the whole process.

import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';

function createLoggers() {
  return {
    pinoLogger: pino({ transport: { target: '@putlogs/pino' } }),
    winstonLogger: winston.createLogger({ transports: [new PutlogsTransport()] }),
  };
}

// In development Vite loads this module again after a change. Each time would start two more threads.
globalThis.loggers ??= createLoggers();

export const { pinoLogger, winstonLogger } = globalThis.loggers;
