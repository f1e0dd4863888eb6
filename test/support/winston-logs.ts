// Logs by a winston logger with our transport, and returns the logs that the emulator has received.
import { once } from 'node:events';
import { PutlogsTransport, type PutlogsTransportOptions } from '@putlogs/winston';
import winston from 'winston';
import { type Emulator, type EmulatorLog, optionsFor } from './emulator';

export type Logged = (
  loggerOptions: winston.LoggerOptions,
  log: (logger: winston.Logger) => void,
  options?: PutlogsTransportOptions,
) => Promise<EmulatorLog[]>;

/**
 * @param emulator called for each logger, which writes to a topic of its own
 * @param common options of every transport
 */
export function loggedTo(emulator: () => Emulator, common: PutlogsTransportOptions = {}): Logged {
  return async (loggerOptions, log, options = {}) => {
    const topicId = crypto.randomUUID();
    const transport = new PutlogsTransport({ ...optionsFor(emulator()), topicId, ...common, ...options });
    const logger = winston.createLogger({ ...loggerOptions, transports: [transport] });
    log(logger);
    logger.end();
    await once(logger, 'finish');
    return emulator().logs({ topicId });
  };
}
