// Under Sinon's fake timers: reads the counters from pino's worker, and closes a winston logger. It prints the first
// counter, and then that the worker of winston has ended.

import { systemClock } from '@putlogs/core';
import { stats, target } from '@putlogs/pino';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import { createLogger } from 'winston';
import { threads } from '../../support/child';

require(process.argv[2]!);

async function main(): Promise<void> {
  const byPino = pino({}, pino.transport({ target, sync: true } as pino.TransportSingleOptions));
  byPino.info('by pino');
  // The first answers may come before the record.
  while ((await stats(byPino, { timeoutMs: 20_000 })).accepted === 0);
  process.stdout.write('accepted 1\n');
  const byWinston = createLogger({ transports: [new PutlogsTransport()] });
  byWinston.info('by winston');
  byWinston.close();
  while (threads() > 1) await new Promise<void>((resolve) => systemClock.after(20, true, resolve));
  process.stdout.write('closed\n');
}

void main();
