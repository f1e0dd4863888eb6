// A server that pm2 runs twice: see ecosystem.config.cjs.

import { createServer } from 'node:http';
import pino from 'pino';

// The transport takes the host's name (or PUTLOGS_INSTANCE, or POD_NAME) and adds pm2's NODE_APP_INSTANCE.
const logger = pino(pino.transport({ target: '@putlogs/pino' }));

let served = 0;
const server = createServer((request, response) => {
  served += 1;
  logger.info({ served, url: request.url }, 'request served');
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ pid: process.pid, served }));
});
server.listen(Number(process.env.PORT ?? 3000), () =>
  process.stdout.write(`listening on port ${server.address().port}\n`),
);

// pm2 stops and reloads with SIGINT. What was accepted is answered, then what was logged is delivered: the exit waits
// for it, for up to closeTimeoutMs.
process.once('SIGINT', () => server.close(() => process.exit(0)));
