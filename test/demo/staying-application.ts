// An application that logs ten records a second until it is stopped:
// `node staying-application.js <pino or winston> <number of the first record>`.
//
// Everything else is in the environment, as PUTLOGS_* variables. It prints each number that it has logged on stdout.
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import { createLogger } from 'winston';

const PERIOD_MS = 100;

type Log = (n: number, message: string) => void;

function byPino(instance: string): Log {
  const logger = pino({ base: { instance }, transport: { target: '@putlogs/pino' } });
  return (n, message) => logger.info({ n }, message);
}

function byWinston(instance: string): Log {
  const logger = createLogger({ defaultMeta: { instance }, transports: [new PutlogsTransport()] });
  return (n, message) => logger.info(message, { n });
}

const [by, from] = process.argv.slice(2) as [string, string];
const instance = process.env['PUTLOGS_INSTANCE'] ?? '';
const log = by === 'pino' ? byPino(instance) : byWinston(instance);
let n = Number(from);
const timer = setInterval(() => {
  log(n, `order ${n} accepted`);
  process.stdout.write(`${n}\n`);
  n += 1;
}, PERIOD_MS);

// Without it a signal would end the process before its last records are delivered.
process.once('SIGTERM', () => {
  clearInterval(timer);
  process.exit();
});
