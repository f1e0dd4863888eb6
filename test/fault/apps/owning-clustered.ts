// A primary of node:cluster, and its one worker, which owns a run (see owning.ts). The primary outlives the worker.
import cluster from 'node:cluster';

if (cluster.isPrimary) {
  const worker = cluster.fork();
  process.stdout.write(`worker ${worker.process.pid}\n`);
  worker.on('exit', () => process.stdout.write('worker ended\n'));
  // Ended by the test.
  setInterval(() => {}, 60_000);
} else {
  void import('./owning.js');
}
