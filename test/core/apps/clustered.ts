// A cluster of four processes, each with two transports, that write numbered records and end.

import cluster from 'node:cluster';
import { createWorkerShipper } from '@putlogs/core';

const WORKERS = 4;
const HOSTS = 2;
const { count } = JSON.parse(process.argv[2]!) as { count: number };

if (cluster.isPrimary) {
  for (let i = 0; i < WORKERS; i += 1) cluster.fork();
  cluster.on('exit', (_worker, code) => {
    if (code !== 0) process.exitCode = 1;
  });
} else {
  // One by its own name, and one as another logger of the same process.
  const hosts = Array.from({ length: HOSTS }, () => createWorkerShipper());
  for (const [i, host] of hosts.entries()) {
    const instance = `${cluster.worker?.id} ${i}`;
    for (let n = 0; n < count; n += 1) host.write(JSON.stringify({ time: 1_760_000_000_000 + n, instance, n }));
  }
  void Promise.all(hosts.map((host) => host.close())).then(() => cluster.worker?.disconnect());
}
