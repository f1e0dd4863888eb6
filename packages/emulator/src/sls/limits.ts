// The limits of a write. The service accepts or refuses a request as a whole, and never drops or repairs a log.

import type { Refusal } from '../answer.js';
import type { LogGroup } from '../log-group.js';
import type { ResolvedOptions } from '../options.js';
import { refuse, shown } from './refusal.js';

const MAX_KEY_BYTES = 128;
const MAX_NAME_BYTES = 128;
const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000;
const MAX_AHEAD_MS = 15 * 60 * 1000;

// Fields that the service adds. A field of the same name would hide one, or be hidden. In JSON, __time_ns_part__ is a
// part of the time.
const RESERVED_KEYS = new Set([
  '__time__',
  '__source__',
  '__topic__',
  '__partition_time__',
  '_extract_others_',
  '__extract_others__',
  '__time_ns_part__',
]);
// Under such a name the service shows a tag.
const RESERVED_PREFIX = '__tag__:';
// A page of 2021: letters, digits and _, and no digit at the beginning.
const STRICT_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The documented maximum of a body before compression. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

export function maxBodyBytesOf({ maxBodyBytes = MAX_BODY_BYTES }: ResolvedOptions): number {
  return maxBodyBytes;
}

export function checkLimits(
  group: LogGroup,
  { slsMaxLogs: maxLogs, slsStrictKeys: strictKeys, maxLogBytes }: ResolvedOptions,
  nowMs: number,
): Refusal | null {
  if (group.logs.length === 0) return refuse('PostBodyInvalid', 'The request has no log.');
  if (group.logs.length > maxLogs) {
    return refuse('PostBodyTooLarge', `The request has ${group.logs.length} logs, more than ${maxLogs}.`);
  }
  for (const name of ['topic', 'source'] as const) {
    if (Buffer.byteLength(group[name]) > MAX_NAME_BYTES) {
      return refuse('PostBodyInvalid', `The ${name} is longer than ${MAX_NAME_BYTES} bytes.`);
    }
  }
  if (group.tags.some(({ key }) => key === '')) return refuse('InvalidKey', 'The key of a tag is empty.');

  // A request repeats few keys many times, so checked keys are remembered.
  const soundKeys = new Set<string>();
  for (const [at, { time, contents }] of group.logs.entries()) {
    const timeMs = time * 1000;
    if (timeMs < nowMs - MAX_AGE_MS || timeMs > nowMs + MAX_AHEAD_MS) {
      return refuse('PostBodyInvalid', `The post data time is out of range: log ${at} has ${time}.`);
    }
    const keys = new Set<string>();
    for (const { key, value } of contents) {
      const wrong = soundKeys.has(key) ? null : keyProblem(key, strictKeys);
      if (wrong !== null) return refuse('InvalidKey', `The key ${shown(key)} of log ${at} ${wrong}.`);
      soundKeys.add(key);
      if (keys.has(key)) return refuse('InvalidKey', `Log ${at} has the key ${shown(key)} twice.`);
      keys.add(key);
      // A text has at most three bytes for each of its code units.
      if (value.length * 3 > maxLogBytes && Buffer.byteLength(value) > maxLogBytes) {
        return refuse(
          'PostBodyTooLarge',
          `The value of ${shown(key)} of log ${at} is larger than ${maxLogBytes} bytes.`,
        );
      }
    }
  }
  return null;
}

function keyProblem(key: string, isStrict: boolean): string | null {
  if (key === '') return 'is empty';
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `is longer than ${MAX_KEY_BYTES} bytes`;
  if (RESERVED_KEYS.has(key) || key.startsWith(RESERVED_PREFIX)) return 'is reserved';
  if (isStrict && !STRICT_KEY.test(key)) return 'has more than letters, digits and _, or begins with a digit';
  return null;
}
