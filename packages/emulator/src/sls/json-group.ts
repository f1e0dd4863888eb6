// Reads a log group in JSON, as browsers and some clients send it.
//
// A value must be a string: the service's own clients convert values before they send.

import type { Refusal } from '../answer.js';
import { isRefusal } from '../answer.js';
import type { KeyValue, LogGroup, StoredLog } from '../log-group.js';
import { refuse, shown } from './refusal.js';
import { groupOf } from './schema.js';

const FIELDS = ['__topic__', '__source__', '__logs__', '__tags__'];

/** What an anonymous request may leave out. */
export interface Anonymous {
  /** The time of all of its logs. The service replaces the times of the logs by it. */
  readonly arrivedAtMs: number;
  /** Whether `__source__` must be there. */
  readonly isStrict: boolean;
}

/** Without `anonymous` each log must have its own time. */
export function decodeJsonGroup(raw: Buffer, anonymous?: Anonymous): LogGroup | Refusal {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    return refuse('InvalidEncoding');
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return refuse('PostBodyInvalid', 'The body is not JSON.');
  }
  if (!isObject(body)) return refuse('PostBodyInvalid', 'The body is not a JSON object.');
  const odd = Object.keys(body).find((name) => !FIELDS.includes(name));
  if (odd !== undefined) return refuse('PostBodyInvalid', `The body has an unknown field ${shown(odd)}.`);
  const { __topic__: topic = '', __source__: source = '', __logs__: list, __tags__: tagMap = {} } = body;
  if (typeof topic !== 'string') return refuse('PostBodyInvalid', '__topic__ is not a string.');
  if (anonymous?.isStrict && body['__source__'] === undefined) {
    return refuse('PostBodyInvalid', 'The body has no __source__.');
  }
  if (typeof source !== 'string') return refuse('PostBodyInvalid', '__source__ is not a string.');
  if (!Array.isArray(list)) return refuse('PostBodyInvalid', '__logs__ is not a list.');
  const tags = readPairs('__tags__', tagMap);
  if (isRefusal(tags)) return tags;
  const logs: StoredLog[] = [];
  for (const [at, entry] of list.entries()) {
    const log = readLog(`log ${at}`, entry, anonymous);
    if (isRefusal(log)) return log;
    logs.push(log);
  }
  return groupOf({ topic, source, tags, logs });
}

function readLog(where: string, entry: unknown, anonymous: Anonymous | undefined): StoredLog | Refusal {
  if (!isObject(entry)) return refuse('PostBodyInvalid', `The ${where} is not a JSON object.`);
  const { __time__: time, __time_ns_part__: timeNs = null, ...fields } = entry;
  const contents = readPairs(where, fields);
  if (isRefusal(contents)) return contents;
  // Only the documents of 2019 require the time of an anonymous log.
  const isMissing = time === undefined && anonymous !== undefined;
  if (!isMissing && !isWhole(time, 2 ** 32 - 1)) {
    return refuse('InvalidTimestamp', `The ${where} has no __time__ in Unix seconds.`);
  }
  if (timeNs !== null && !isWhole(timeNs, 999_999_999)) {
    return refuse('InvalidTimestamp', `The __time_ns_part__ of ${where} is not below a second.`);
  }
  if (anonymous !== undefined) return { time: Math.floor(anonymous.arrivedAtMs / 1000), timeNs: null, contents };
  return { time: time as number, timeNs, contents };
}

function readPairs(where: string, map: unknown): KeyValue[] | Refusal {
  if (!isObject(map)) return refuse('PostBodyInvalid', `${where} is not a JSON object.`);
  const pairs: KeyValue[] = [];
  for (const [key, value] of Object.entries(map)) {
    if (typeof value !== 'string') {
      return refuse('PostBodyInvalid', `The value of ${shown(key)} in ${where} is not a string.`);
    }
    pairs.push({ key, value });
  }
  return pairs;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}
