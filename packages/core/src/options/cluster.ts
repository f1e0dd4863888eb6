// Finds the number of this process in a node:cluster.
//
// Node removes the number from the environment before the application runs. In a worker thread, where pino transports
// read their options, `node:cluster` reports `isPrimary: true`. So the number is read from /proc/self/environ, which on
// Linux still has the environment that the process was started with.

import type { Cluster } from 'node:cluster';
import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const VARIABLE = 'NODE_UNIQUE_ID=';

export function clusterNumber(): string | undefined {
  // Only a process with a channel to its parent can be in a cluster. In a thread the channel is not visible.
  if (isMainThread && process.send === undefined) return undefined;
  if (isMainThread) {
    const { worker } = process.getBuiltinModule('node:cluster') as unknown as Cluster;
    return worker === undefined ? undefined : String(worker.id);
  }
  try {
    const variables = readFileSync('/proc/self/environ', 'latin1').split('\0');
    return variables.find((variable) => variable.startsWith(VARIABLE))?.slice(VARIABLE.length);
  } catch {
    // Without /proc the processes of a cluster share one name, unless `instance` is set for each.
    return undefined;
  }
}
