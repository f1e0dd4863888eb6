// A service that logs, as a suite finds it: its loggers are made where it is loaded, and nobody closes them.
import { transport as pinoTransport } from '@putlogs/pino';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';

const isOwnThread = process.env.THREAD === 'own';
const transport = new PutlogsTransport({ worker: !isOwnThread });
const winstonLogger = winston.createLogger({ transports: [transport] });
const pinoLogger = isOwnThread ? pino(await pinoTransport()) : pino({ transport: { target: '@putlogs/pino' } });

export function order(number) {
  pinoLogger.info(`pino ${number}`);
  winstonLogger.info(`winston ${number}`);
}

export async function flush() {
  await Promise.all([transport.flush(), new Promise((done) => pinoLogger.flush(done))]);
}
