// A server of four processes on one port. Each is an instance of its own: its records keep their order, under a hash key
// of their own. One that ends is replaced.

import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';

const WORKERS = 4;

cluster.setupPrimary({ exec: fileURLToPath(new URL('worker.js', import.meta.url)) });
for (let i = 0; i < WORKERS; i += 1) cluster.fork();

let ending = false;
cluster.on('exit', () => {
  if (!ending) cluster.fork();
});
cluster.once('listening', (_worker, { port }) => process.stdout.write(`listening on port ${port}\n`));

process.once('SIGTERM', () => {
  ending = true;
  for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM');
});
