// An application that logs every few milliseconds until its stdin says what to do: a line `quiet` ends the logging,
// `stats` prints the counters of its transport as one line of JSON, `end` ends it in good order, `exit` calls
// process.exit.
//
// Its argument is the way to log: `winston`, `pino`, or `core` for a shipper in its own thread.

import { createInterface } from 'node:readline';
import { createShipper } from '@putlogs/core';
import { stats } from '@putlogs/pino';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';

interface Logging {
  readonly log: (n: number) => unknown;
  readonly stats: () => Promise<unknown>;
  readonly end: () => unknown;
}

const WAYS: Readonly<Record<string, () => Logging>> = {
  winston() {
    const transport = new PutlogsTransport();
    const logger = winston.createLogger({ transports: [transport] });
    return {
      log: (n) => logger.info('order accepted', { n }),
      stats: async () => transport.stats(),
      end: () => logger.end(),
    };
  },
  pino() {
    const transport = pino.transport({ target: '@putlogs/pino' });
    const logger = pino(transport);
    return {
      log: (n) => logger.info({ n }, 'order accepted'),
      stats: () => stats(transport),
      end: () => transport.end(),
    };
  },
  core() {
    const shipper = createShipper();
    return {
      log: (n) => shipper.write(JSON.stringify({ n })),
      stats: async () => shipper.stats(),
      end: () => shipper.close(),
    };
  },
};

const logging = WAYS[process.argv[2] ?? 'core']!();
let n = 0;
const next = () => {
  logging.log(n);
  n += 1;
};
// The first record is logged before the line is printed: a test may answer it with `quiet` at once.
next();
const timer = setInterval(next, 5);
process.stdout.write('logging\n');
const input = createInterface({ input: process.stdin });
input.on('line', async (line) => {
  if (line === 'quiet') clearInterval(timer);
  if (line === 'exit') process.exit(0);
  if (line === 'stats') process.stdout.write(`${JSON.stringify(await logging.stats())}\n`);
  if (line !== 'end') return;
  clearInterval(timer);
  input.close();
  process.stdin.destroy();
  logging.end();
});
