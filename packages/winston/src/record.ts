// Makes the JSON text of one record from one winston info. It never throws and never changes the info.
//
// The record has the info's own enumerable fields, with winston's level (not the coloured one), and a time if the info
// has none. Field names are never set on an object here, where `__proto__` would not be a name.

import { isJsonSafe } from './json-safe';
import { safeStringify } from './safe-stringify';
import { isError, liftError, throwsText, toJsonValue } from './to-json-value';

const LEVEL = Symbol.for('level');

/** Quoted names. Quoting a name costs as much as a short value. Bounded, because an application may make up names. */
const names = new Map<string, string>();
const MAX_NAMES = 1024;

/**
 * @param timeKeys the names of time fields. If the info has none of them, the first is written with `nowMs`. Times are
 * written before the other fields, because the shipper uses the first time that it can read
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

/** Whether winston logs this because of an uncaught error, and the process may end. */
export function isUncaught(info: unknown): boolean {
  try {
    const { exception, rejection } = info as { exception?: unknown; rejection?: unknown };
    return exception === true || rejection === true;
  } catch {
    return false;
  }
}

function fieldsText(info: object, timeKeys: readonly string[], nowMs: number): string {
  return fastText(info as Record<string, unknown>, timeKeys, nowMs) ?? safeFieldsText(info, timeKeys, nowMs);
}

/** Returns the text of a usual info, which the engine writes in one step; undefined for all others. */
function fastText(info: Record<string, unknown>, timeKeys: readonly string[], nowMs: number): string | undefined {
  if (!isJsonSafe(info)) return undefined;
  const level = (info as { [LEVEL]?: unknown })[LEVEL];
  if (level !== undefined && level !== info['level']) return undefined;
  let times = 0;
  for (const key of timeKeys) if (info[key] !== undefined) times += 1;
  // The order of several times matters.
  if (times > 1) return undefined;
  const text = JSON.stringify(info);
  if (times === 1) return text;
  const time = timeText(timeKeys, nowMs).slice(1);
  return text === '{}' ? `{${time}}` : `{${time},${text.slice(1)}`;
}

function safeFieldsText(info: object, timeKeys: readonly string[], nowMs: number): string {
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

/** Writes an error that was logged as the message: its message, and its fields that the info does not have. */
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

/** Returns `,"name":`. */
function nameText(name: string): string {
  let text = names.get(name);
  if (text === undefined) {
    text = `,${JSON.stringify(name)}:`;
    if (names.size >= MAX_NAMES) names.clear();
    names.set(name, text);
  }
  return text;
}

/** @param fields each with a comma before it */
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

/** Returns the JSON text of one field's value; undefined for undefined. */
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
        return safeStringify(value);
      }
    default:
      return safeStringify(value);
  }
}

/** A replacer. JSON.stringify has already called `toJSON`, so the value before that decides. */
function replacePlain(this: Record<string, unknown>, key: string, value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    default:
      return toJsonValue(this[key], value);
  }
}
