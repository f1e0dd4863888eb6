// A cluster of two processes that log with pino, whose transport reads its options in a worker thread.

import cluster from 'node:cluster';
import pino from 'pino';

const WORKERS = 2;

if (cluster.isPrimary) {
  for (let i = 0; i < WORKERS; i += 1) cluster.fork();
} else {
  const logger = pino(pino.transport({ target: '@putlogs/pino' }));
  for (let n = 0; n < 10; n += 1) logger.info({ n }, 'from a cluster');
  logger.flush(() => process.exit(0));
}
