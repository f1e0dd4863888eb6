// A server that is process 1 of a container: see the Dockerfile.

import { createServer } from 'node:http';
import pino from 'pino';

const logger = pino({ transport: { target: '@putlogs/pino' } });

const server = createServer((request, response) => {
  const order = request.url.split('/').at(-1);
  logger.info({ order }, 'order read');
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ order }));
});
server.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? '127.0.0.1', () =>
  process.stdout.write(`listening on port ${server.address().port}\n`),
);

// `docker stop` sends SIGTERM, and SIGKILL after 10 s. Process 1 ignores a signal that it has no listener for. This one
// answers what was accepted, then the exit delivers what was logged, for up to closeTimeoutMs (8 s).
process.once('SIGTERM', () => server.close(() => process.exit(0)));
