// The name of this instance and its hash key.
//
// All batches of an instance have the same key. With another key, records would go to another shard and lose their
// order.

import { createHash } from 'node:crypto';
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
  const machine = environment['POD_NAME'] || hostname || NAMELESS;
  return fittingName(worker === undefined || worker === '' ? machine : `${machine}-${worker}`);
}

/** The name of a machine that has none. */
const NAMELESS = 'localhost';
const CONTROL_CHARACTERS = /\p{Cc}/gu;
const HASH_DIGITS = 8;

/**
 * Returns the name without control characters, and in at most `maxBytes` bytes. It is for a name that the user has not
 * chosen, such as that of the machine: the start must not fail because of it. A name that had to be changed ends with
 * digits of its hash, because names that differ must not become the same.
 */
export function fittingName(name: string, maxBytes = Number.POSITIVE_INFINITY): string {
  const line = name.replace(CONTROL_CHARACTERS, '_');
  if (line === name && Buffer.byteLength(name) <= maxBytes) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS);
  return `${inBytes(line, maxBytes - hash.length - 1)}-${hash}`;
}

function inBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  // A character that was cut becomes a replacement character.
  return bytes.toString('utf8', 0, maxBytes).replace(/\ufffd+$/, '');
}
