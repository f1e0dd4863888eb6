// A server in a pod. All that the transport needs to know is in its environment: see deployment.yaml.

import { createServer } from 'node:http';
import pino from 'pino';

const logger = pino(pino.transport({ target: '@putlogs/pino' }));

let served = 0;
const server = createServer((request, response) => {
  served += 1;
  logger.info({ served, url: request.url }, 'request served');
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ served }));
});
server.listen(Number(process.env.PORT ?? 3000), () =>
  process.stdout.write(`listening on port ${server.address().port}\n`),
);

// A pod that is deleted gets SIGTERM, and SIGKILL when terminationGracePeriodSeconds are over. What was accepted is
// answered, then what was logged is delivered: the exit waits for it, for up to closeTimeoutMs, and leaves the rest in
// the spool.
process.once('SIGTERM', () => server.close(() => process.exit(0)));
