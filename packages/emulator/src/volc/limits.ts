// The limits of a write. The service accepts or refuses a request as a whole, and never drops or repairs a log.

import type { Refusal } from '../answer.js';
import type { ResolvedOptions } from '../options.js';
import { invalidArgument, refuse } from './refusal.js';
import { largestLogBytes, timeOf, type WireLogGroup } from './schema.js';

/** The documented maximum of a LogGroupList before compression. */
const MAX_BODY_BYTES = 5 * 1024 * 1024;
export const MAX_LOGS_PER_GROUP = 10_000;
const MAX_KEY_BYTES = 128;

const FORBIDDEN_KEYS = new Set([
  '__time__',
  '__source__',
  '__path__',
  '__tls_key__',
  '__tls_time__',
  '__mq_offset__',
  '__package_offset__',
]);

export function maxBodyBytesOf({ maxBodyBytes = MAX_BODY_BYTES }: ResolvedOptions): number {
  return maxBodyBytes;
}

export function checkLimits(
  groups: readonly WireLogGroup[],
  raw: Buffer,
  { maxLogBytes }: ResolvedOptions,
): Refusal | null {
  if (groups.some((group) => group.Logs.length > MAX_LOGS_PER_GROUP)) return refuse('TooManyLogs');
  // No log is larger than its list, so most requests need no second pass.
  if (raw.length > maxLogBytes && largestLogBytes(raw) > maxLogBytes) return refuse('LogSizeTooLarge');
  if (!groups.some((group) => group.Logs.length > 0)) return invalidArgument('Logs', '', 'the request has no log');

  // A request repeats few keys many times, so checked keys are remembered.
  const soundKeys = new Set<string>();
  for (const [groupIndex, group] of groups.entries()) {
    for (const [logIndex, log] of group.Logs.entries()) {
      const where = `log ${logIndex} of group ${groupIndex}`;
      const time = timeOf(log);
      if (!(time > 0 && time <= Number.MAX_SAFE_INTEGER)) {
        return invalidArgument('Time', String(time), `${where}: Unix seconds or milliseconds`);
      }
      for (const { Key } of log.Contents) {
        if (soundKeys.has(Key)) continue;
        const wrong = keyProblem(Key);
        if (wrong !== null) return invalidArgument('Key', Key, `${where}: ${wrong}`);
        soundKeys.add(Key);
      }
    }
  }
  return null;
}

/** What is wrong with the key of a content, or `null`. */
export function keyProblem(key: string): string | null {
  // The documented field for the full text of a log, although it starts with an underscore.
  if (key === '__content__') return null;
  if (FORBIDDEN_KEYS.has(key)) return 'the key is reserved';
  if (key === '') return 'the key is empty';
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `the key is longer than ${MAX_KEY_BYTES} bytes`;
  if (key.startsWith('_')) return 'the key starts with an underscore';
  if (key.startsWith(' ') || key.endsWith(' ')) return 'the key starts or ends with a space';
  if (!/^[A-Za-z0-9 _\-/]+$/.test(key)) return 'a key has only letters, digits, space, _, - and /';
  return null;
}
