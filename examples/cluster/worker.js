// One process of the cluster.

import { createServer } from 'node:http';
import pino from 'pino';

// The transport takes the host's name (or PUTLOGS_INSTANCE, or POD_NAME) and adds the worker's number in the cluster.
const logger = pino(pino.transport({ target: '@putlogs/pino' }));

let served = 0;
const server = createServer((request, response) => {
  served += 1;
  logger.info({ served, url: request.url }, 'request served');
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ pid: process.pid, served }));
});
server.listen(Number(process.env.PORT ?? 3000));

// What was accepted is answered, then what was logged is delivered: the exit waits for it, for up to closeTimeoutMs.
process.once('SIGTERM', () => server.close(() => process.exit(0)));
