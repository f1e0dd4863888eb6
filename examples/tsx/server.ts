// A server in TypeScript that runs without a build: `tsx server.ts`.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';

const pinoLogger = pino({ transport: { target: '@putlogs/pino' } });
const winstonLogger = winston.createLogger({ transports: [new PutlogsTransport()] });

const server = createServer((request, response) => {
  const order = request.url?.split('/').at(-1);
  pinoLogger.info({ order }, 'order read');
  winstonLogger.info('order checked', { order });
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ order }));
});
server.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? '127.0.0.1', () =>
  process.stdout.write(`listening on port ${(server.address() as AddressInfo).port}\n`),
);

// tsx passes the signal on. What was accepted is answered, then what was logged is delivered: the exit waits for it,
// for up to closeTimeoutMs.
process.once('SIGTERM', () => server.close(() => process.exit(0)));
