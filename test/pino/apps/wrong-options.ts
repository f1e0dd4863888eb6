// Logs by pino with wrong options, and goes on until the transport has answered.
import { stats } from '@putlogs/pino';
import pino from 'pino';

const logger = pino({ transport: { target: '@putlogs/pino' } });
logger.info('refused');

async function main(): Promise<void> {
  while ((await stats(logger, { timeoutMs: 20_000 })).refused.options === 0);
  process.stdout.write('still running\n');
}

void main();
