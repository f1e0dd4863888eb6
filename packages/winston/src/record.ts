// Makes the JSON text of one record from one winston info. It never throws and never changes the info.
//
// The record has the info's own enumerable fields, with winston's level (not the coloured one), and a time if the info
// has none. Field names are never set on an object here, where `__proto__` would not be a name.

import { readField, throwsText } from './errors';
import { fieldText, RECORD_CHARS, type Room, roomFor } from './field-text';
import { type FormatText, formatText } from './format-text';
import { copiedFrom, errorFields, fieldsOf, isErrorValue, isObject, messageOn } from './info';
import { isJsonSafe } from './json-safe';
import { nameText } from './name-text';
import { writeValue } from './write-value';

const LEVEL = Symbol.for('level');

type Fields = Readonly<Record<string, unknown>>;

/** Which fields are times, and how long a record may be. */
export interface RecordRules {
  /** If an info has none of them, the first is written with the time of the call. */
  readonly own: readonly string[];
  /** All names that the shipper reads as a time. Of a text that a format made, `@timestamp` is its time too. */
  readonly all: readonly string[];
  /** What the texts of a record may have together, and its names, and its nested values. Default `RECORD_CHARS`. */
  readonly maxChars?: number | undefined;
}

/**
 * @param rules times are written before the other fields, because the shipper uses the first time that it can read
 * @param nowMs the time of the call
 * @param isRepeat whether the text that formats have made is known to repeat the fields
 */
export function recordText(info: unknown, rules: RecordRules, nowMs: number, isRepeat = false): string {
  try {
    if (isObject(info)) return usualText(info, rules, nowMs, isRepeat) ?? fieldsText(info, rules, nowMs);
    return messageText(info, rules, nowMs);
  } catch (error) {
    return messageText(throwsText(error), rules, nowMs);
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

/** Returns the text of an info that the engine or winston writes in one step; undefined for all others. */
function usualText(info: object, rules: RecordRules, nowMs: number, isRepeat: boolean): string | undefined {
  const json = jsonText(info);
  const formatted = isRepeat ? undefined : formatText(info, json);
  // What is masked in it would be shown by the fields, so there is no way back to them.
  if (formatted !== undefined) return textOfFormat(formatted, info as Fields, rules, nowMs);
  try {
    return json === undefined ? undefined : completeText(json, info as Fields, rules, nowMs);
  } catch {
    return undefined;
  }
}

/** Returns the JSON text of an info of which JSON loses nothing. */
function jsonText(info: object): string | undefined {
  try {
    return isJsonSafe(info) && !Array.isArray(info) && copiedFrom(info) === undefined
      ? JSON.stringify(info)
      : undefined;
  } catch {
    // It is another value when it is read again.
    return undefined;
  }
}

/** Adds a time to the JSON text of an info. */
function completeText(json: string, info: Fields, rules: RecordRules, nowMs: number): string | undefined {
  const level = (info as { [LEVEL]?: unknown })[LEVEL];
  if (level !== undefined && level !== info['level']) return undefined;
  if (timesIn(info, rules.own) === 0) return withTime(json, timeText(rules.own, nowMs));
  // The order of several times matters.
  return timesIn(info, rules.all) === 1 ? json : undefined;
}

function timesIn(info: Fields, timeKeys: readonly string[]): number {
  let times = 0;
  for (const key of timeKeys) if (info[key] !== undefined) times += 1;
  return times;
}

/** Adds winston's level and a time to the text of a format. Of two fields with one name the last one counts. */
function textOfFormat(
  { text, fields }: FormatText,
  info: Fields,
  rules: RecordRules,
  nowMs: number,
): string | undefined {
  const level = levelOf(info, info, []);
  const { maxChars = RECORD_CHARS } = rules;
  // It would have to be cut: its fields are written within the bounds of a record.
  if (text.length > 2 * maxChars) return fieldsText(level === undefined ? fields : { ...fields, level }, rules, nowMs);
  const hasLevel = level === undefined || level === fields['level'];
  const levelled = hasLevel ? text : `${text.slice(0, -1)},"level":${JSON.stringify(level)}}`;
  const present = rules.all.filter((key) => fields[key] !== undefined);
  const time = rules.own.find((key) => present.includes(key)) ?? present.find((key) => key.startsWith('@'));
  if (time === undefined) return withTime(levelled, givenTime(info, rules.own) ?? timeText(rules.own, nowMs));
  if (present.length === 1) return levelled;
  const { [time]: first, ...others } = fields;
  return JSON.stringify({ [time]: first, ...others, ...(hasLevel ? {} : { level }) });
}

/** Puts a time in front of the fields of a JSON object. */
function withTime(text: string, time: string): string {
  if (time === '') return text;
  return text === '{}' ? objectText(time) : `{${time.slice(1)},${text.slice(1)}`;
}

function fieldsText(info: object, { own: timeKeys, maxChars = RECORD_CHARS }: RecordRules, nowMs: number): string {
  const fields = fieldsOf(info, ['level', ...timeKeys]);
  const { names, values, leftOut } = entriesOf(fields, maxChars);
  const level = levelOf(info, fields, names);
  const room = roomFor(values, maxChars);
  let times = '';
  let others = level === undefined ? '' : fieldText('level', level, room);
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at]!;
    const value = values[at];
    if (isSaidOtherwise(name, value, level)) continue;
    if (timeKeys.includes(name)) times += fieldText(name, value, room);
    else if (name === 'message' && isErrorValue(value)) others += errorText(value, names, room, maxChars);
    else others += fieldText(name, value, room);
  }
  if (leftOut > 0) others += `${nameText('[Truncated]')}"${leftOut} fields"`;
  if (times === '' && fields !== info) times = givenTime(info as Fields, timeKeys) ?? '';
  return objectText((times === '' ? timeText(timeKeys, nowMs) : times) + others);
}

/** The level is written first, and a `toJSON` has been called. */
function isSaidOtherwise(name: string, value: unknown, level: unknown): boolean {
  return name === 'level' ? level !== undefined : name === 'toJSON' && typeof value === 'function';
}

interface Entries {
  readonly names: readonly string[];
  readonly values: readonly unknown[];
  readonly leftOut: number;
}

/** Reads each field once: a getter may return another value the second time. */
function entriesOf(fields: Fields, maxChars: number): Entries {
  let names: string[];
  try {
    names = Object.keys(fields);
  } catch (error) {
    const message = messageOn(fields);
    const why = throwsText(error);
    return message === undefined
      ? { names: ['message'], values: [why], leftOut: 0 }
      : { names: ['message', 'fields'], values: [message, why], leftOut: 0 };
  }
  const values: unknown[] = [];
  let chars = 0;
  for (const name of names) {
    chars += name.length;
    if (chars > maxChars) break;
    values.push(readField(fields, name));
  }
  const { length } = values;
  return { names: length < names.length ? names.slice(0, length) : names, values, leftOut: names.length - length };
}

/** Returns winston's level. An info that was written without a logger has only a field. */
function levelOf(info: object, fields: Fields, names: readonly string[]): unknown {
  try {
    const level = (info as { [LEVEL]?: unknown })[LEVEL];
    if (level !== undefined || fields === info || names.includes('level')) return level;
    const { level: own } = info as { level?: unknown };
    return typeof own === 'string' ? own : undefined;
  } catch {
    return undefined;
  }
}

/** Writes an error that was logged as the message: its message, and its fields that the info does not have. */
function errorText(error: Error, taken: readonly string[], room: Room, maxChars: number): string {
  const { names, values } = entriesOf(errorFields(error), maxChars);
  let text = '';
  for (const [at, name] of names.entries()) {
    if (name !== 'message' && (name === 'level' || taken.includes(name))) continue;
    text += fieldText(name, values[at], room);
  }
  return text;
}

function messageText(message: unknown, { own, maxChars = RECORD_CHARS }: RecordRules, nowMs: number): string {
  return objectText(`${timeText(own, nowMs)},"message":${writeValue(message, 2 * maxChars) ?? '"undefined"'}`);
}

/** Returns the time that winston or a format has set on an info whose fields are not shown. */
function givenTime(info: Fields, timeKeys: readonly string[]): string | undefined {
  try {
    const key = timeKeys.find((name) => typeof info[name] === 'string' || typeof info[name] === 'number');
    return key === undefined ? undefined : nameText(key) + JSON.stringify(info[key]);
  } catch {
    return undefined;
  }
}

/** The digits of the last time. Many records have the same, and digits cost as much as a short value. */
let lastMs = 0;
let lastDigits = '0';

/** Returns `,"timestamp":1700000000000`. */
function timeText(timeKeys: readonly string[], nowMs: number): string {
  const [timeKey] = timeKeys;
  if (timeKey === undefined) return '';
  if (nowMs !== lastMs) {
    lastMs = nowMs;
    lastDigits = String(nowMs);
  }
  return nameText(timeKey) + lastDigits;
}

/** @param fields each with a comma before it */
function objectText(fields: string): string {
  return `{${fields.slice(1)}}`;
}
