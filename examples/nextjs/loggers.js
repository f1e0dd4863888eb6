// The loggers of the server, one of each kind for the whole process.

import { target } from '@putlogs/pino';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';

function createLoggers() {
  return {
    // `target` and not its name: the import tells `next build` to copy the package into the standalone output.
    pinoLogger: pino({ transport: { target } }),
    winstonLogger: winston.createLogger({ transports: [new PutlogsTransport()] }),
  };
}

// Next.js may load this module several times in one process, and after each change in `next dev`. Each time would start
// two more threads, and records of the same request would lose their order.
globalThis.loggers ??= createLoggers();

export const { pinoLogger, winstonLogger } = globalThis.loggers;
