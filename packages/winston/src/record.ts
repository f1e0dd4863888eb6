// One winston info -> the JSON text of one record.
//
// Takes: an info: a plain object, an Error, or whatever else was logged. Gives: its own enumerable fields as JSON,
// with the level winston means (not the coloured one), the message, and a time if the info has none.
// Keeps: the names it has quoted. Never: throws; changes the info; uses a field's name on an object of ours, where
// `__proto__` would not be a name.
import { carefulText } from './careful';
import { isJsonSafe } from './json-safe';
import { isError, liftError, plainOf, throwsText } from './plain';

const LEVEL = Symbol.for('level');

/** Quoting a name costs as much as quoting a short value. Bounded, for names may be made up without end. */
const names = new Map<string, string>();
const MAX_NAMES = 1024;

/**
 * @param timeKeys the names a time may have. If the info has none of them, the first is written with `nowMs`. Times
 * stand before the other fields: of several the shipper takes the first it can read.
 */
export function recordText(info: unknown, timeKeys: readonly string[], nowMs: number): string {
  try {
    if (typeof info === 'object' && info !== null) return fieldsText(info, timeKeys, nowMs);
    return messageText(String(info), timeKeys, nowMs);
  } catch (error) {
    // Not even the names of the fields could be read (a revoked proxy).
    return messageText(throwsText(error), timeKeys, nowMs);
  }
}

/** Whether winston logs this because the process is about to end. */
export function isUncaught(info: unknown): boolean {
  try {
    const { exception, rejection } = info as { exception?: unknown; rejection?: unknown };
    return exception === true || rejection === true;
  } catch {
    return false;
  }
}

function fieldsText(info: object, timeKeys: readonly string[], nowMs: number): string {
  return plainText(info as Record<string, unknown>, timeKeys, nowMs) ?? carefulFieldsText(info, timeKeys, nowMs);
}

/** The everyday info, written by the engine in one go; nothing if it is not one. */
function plainText(info: Record<string, unknown>, timeKeys: readonly string[], nowMs: number): string | undefined {
  if (!isJsonSafe(info)) return undefined;
  const level = (info as { [LEVEL]?: unknown })[LEVEL];
  if (level !== undefined && level !== info['level']) return undefined;
  let times = 0;
  for (const key of timeKeys) if (info[key] !== undefined) times += 1;
  // Of several times the order counts.
  if (times > 1) return undefined;
  const text = JSON.stringify(info);
  if (times === 1) return text;
  const time = timeText(timeKeys, nowMs).slice(1);
  return text === '{}' ? `{${time}}` : `{${time},${text.slice(1)}`;
}

function carefulFieldsText(info: object, timeKeys: readonly string[], nowMs: number): string {
  const fields = (isError(info) ? liftError(info) : info) as Readonly<Record<string, unknown>>;
  const level = (info as { [LEVEL]?: unknown })[LEVEL];
  let times = '';
  let others = level === undefined || 'level' in fields ? '' : nameText('level') + (valueText(level) ?? 'null');
  for (const key of Object.keys(fields)) {
    const value = key === 'level' && level !== undefined ? level : read(fields, key);
    if (key === 'message' && isError(value)) {
      others += errorText(value, fields);
      continue;
    }
    const text = valueText(value);
    if (text === undefined) continue;
    if (timeKeys.includes(key)) times += nameText(key) + text;
    else others += nameText(key) + text;
  }
  return objectText((times === '' ? timeText(timeKeys, nowMs) : times) + others);
}

/** An error logged as the message: its message, and its other fields where the info has none of that name. */
function errorText(error: Error, fields: Readonly<Record<string, unknown>>): string {
  const lifted = liftError(error);
  let text = '';
  for (const key of Object.keys(lifted)) {
    if (key !== 'message' && (key in fields || key === 'level')) continue;
    const value = valueText(lifted[key]);
    if (value !== undefined) text += nameText(key) + value;
  }
  return text;
}

function messageText(message: string, timeKeys: readonly string[], nowMs: number): string {
  return objectText(`${timeText(timeKeys, nowMs)},"message":${JSON.stringify(message)}`);
}

function timeText(timeKeys: readonly string[], nowMs: number): string {
  const [timeKey] = timeKeys;
  return timeKey === undefined ? '' : nameText(timeKey) + nowMs;
}

/** `,"name":`, for a name that comes with most records. */
function nameText(name: string): string {
  let text = names.get(name);
  if (text === undefined) {
    text = `,${JSON.stringify(name)}:`;
    if (names.size >= MAX_NAMES) names.clear();
    names.set(name, text);
  }
  return text;
}

/** @param fields each with a comma before it. */
function objectText(fields: string): string {
  return `{${fields.slice(1)}}`;
}

function read(fields: Readonly<Record<string, unknown>>, key: string): unknown {
  try {
    return fields[key];
  } catch (error) {
    return throwsText(error);
  }
}

/** The JSON text of one field's value; nothing for undefined. */
function valueText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : `"${value}"`;
    case 'object':
      try {
        return isJsonSafe(value) ? JSON.stringify(value) : JSON.stringify(value, replacePlain);
      } catch {
        return carefulText(value);
      }
    default:
      return carefulText(value);
  }
}

/** For JSON.stringify, which has called `toJSON` already: what was there before decides. */
function replacePlain(this: Record<string, unknown>, key: string, value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    default:
      return plainOf(this[key], value);
  }
}
