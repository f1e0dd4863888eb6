// The name of this instance and its hash key.
//
// All batches of an instance have the same key. With another key, records would go to another shard and lose their
// order.

import { md5 } from '../runtime/md5';

/** Returns 32 hex digits, or '' for no key. `md5` spreads instances evenly over the range of keys. */
export function hashKeyOf(option: string, instance: string): string {
  if (option === 'none') return '';
  return option === 'instance' ? md5(instance) : option.toLowerCase();
}

/**
 * Returns the default name of this instance: the pod's or the machine's name. If pm2 or node:cluster runs several
 * processes of one program, the worker's number follows it.
 */
export function defaultInstance(environment: NodeJS.ProcessEnv, hostname: string, inCluster?: string): string {
  const worker = environment['NODE_APP_INSTANCE'] ?? inCluster;
  const machine = environment['POD_NAME'] || hostname;
  return worker === undefined || worker === '' ? machine : `${machine}-${worker}`;
}
