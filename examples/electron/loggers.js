// The loggers of the main process.

import { join } from 'node:path';
import { target } from '@putlogs/pino';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';

/** How long the application may take to quit for its logs. What is left then is on disk, for the next start. */
const QUIT_MS = 3000;

/** @param userData the application's directory for this user, `app.getPath('userData')` */
export function createLoggers(userData) {
  // A laptop is often offline: records are kept on disk until the next start.
  const options = { spool: { dir: join(userData, 'spool') }, closeTimeoutMs: QUIT_MS };
  const pinoLogger = pino({ transport: { target, options } });
  const transport = new PutlogsTransport(options);
  const winstonLogger = winston.createLogger({ transports: [transport] });
  return {
    pinoLogger,
    winstonLogger,
    /** Resolves when all records are delivered, or after QUIT_MS. */
    flush: () => {
      const byPino = new Promise((resolve) => pinoLogger.flush(resolve));
      const limit = new Promise((resolve) => setTimeout(resolve, QUIT_MS));
      return Promise.all([Promise.race([byPino, limit]), transport.flush({ timeoutMs: QUIT_MS })]);
    },
  };
}
