// The number of this process among those of a node:cluster.
//
// Takes: nothing. Gives: the number, as text; none in a process that is in no cluster. Keeps: nothing.
//
// Node takes the number out of the environment before an application runs, and a worker thread, where pino's transports
// read their options, cannot ask node:cluster, which believes there to be in the primary. On Linux the system still has
// the environment that the process was started with.

import type { Cluster } from 'node:cluster';
import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const VARIABLE = 'NODE_UNIQUE_ID=';

export function clusterNumber(): string | undefined {
  // Only a process with a channel to its parent may be in a cluster; a thread does not see the channel.
  if (isMainThread && process.send === undefined) return undefined;
  if (isMainThread) {
    const { worker } = require('node:cluster') as Cluster;
    return worker === undefined ? undefined : String(worker.id);
  }
  try {
    const variables = readFileSync('/proc/self/environ', 'latin1').split('\0');
    return variables.find((variable) => variable.startsWith(VARIABLE))?.slice(VARIABLE.length);
  } catch {
    // No /proc: the processes of a cluster share a name there, unless one is given to each.
    return undefined;
  }
}
