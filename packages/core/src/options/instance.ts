// Which shard an instance's records go to, and who the instance is.
// Takes: the option and the environment. Gives: one key for the life of the instance. Keeps: nothing. Never: a key
// that changes with the batch: its records would land on several shards and lose their order.

import { createHash } from 'node:crypto';

/** `md5(instance)` spreads instances over the key range evenly; 32 hex digits is the form the services take. */
export function hashKeyOf(option: string, instance: string): string {
  if (option === 'none') return '';
  return option === 'instance' ? createHash('md5').update(instance).digest('hex') : option.toLowerCase();
}

/**
 * The name of this instance where the user gave none: the pod's, or the machine's; behind it the number of the
 * worker, where pm2 or node:cluster runs several of one program on a machine.
 */
export function defaultInstance(environment: NodeJS.ProcessEnv, hostname: string, inCluster?: string): string {
  const worker = environment['NODE_APP_INSTANCE'] ?? inCluster;
  const machine = environment['POD_NAME'] || hostname;
  return worker === undefined || worker === '' ? machine : `${machine}-${worker}`;
}
