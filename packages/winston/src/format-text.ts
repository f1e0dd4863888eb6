// Decides whether the text that winston's formats made of an info is the record.
//
// It is, if it is the text of a JSON object that shows the info's message, and says something else than the info's
// fields. Then the application has decided what is shown: by `format.json({ replacer })`, by `format.logstash()`, or by
// a format of its own. What its replacer masks or leaves out is in the fields of the info as before.
//
// The text of `format.json()` alone repeats the fields, and shows less of them than putlogs does: of an error only its
// own fields, of a map nothing. Then the fields are the record.

import { types } from 'node:util';
import { haveSameCharacters } from './same-characters';

const MESSAGE = Symbol.for('message');
const CIRCULAR = '[Circular]';
const OPENING_BRACE = 0x7b;
const OPENING_BRACKET = 0x5b;

/** What formats add to an info after its text was made, if they are in the wrong order. */
const ADDED: readonly string[] = ['timestamp', 'ms', 'label'];

export interface FormatText {
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Returns the text if it is the record, however long it is: the fields may show what it masks.
 *
 * @param json the JSON text of the info, if JSON loses nothing of it
 */
export function formatText(info: object, json?: string): FormatText | undefined {
  const text = read(info, MESSAGE);
  if (typeof text !== 'string') return undefined;
  const first = text.charCodeAt(0);
  if (first === OPENING_BRACKET && isArray(info)) return arrayText(text, info);
  if (first !== OPENING_BRACE || (json !== undefined && haveSameCharacters(text, json))) return undefined;
  const message = read(info, 'message');
  // `format.errors()` sets the message of an error as the text.
  if (text === message) return undefined;
  const fields = parsed(text);
  if (fields === undefined || !showsMessage(fields, message) || isInfoRepeated(fields, info)) return undefined;
  return { text, fields };
}

function isArray(info: object): info is readonly unknown[] {
  try {
    return Array.isArray(info);
  } catch {
    return false;
  }
}

function read(info: object, name: string | symbol): unknown {
  try {
    return (info as Record<string | symbol, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** An array that was logged as an info is the message. */
function arrayText(text: string, info: readonly unknown[]): FormatText | undefined {
  const items = parsed(text);
  if (items === undefined || isInfoRepeated(items, info)) return undefined;
  return { text: `{"message":${text}}`, fields: { message: items } };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** A text without the message was made before the info was complete, by a format that is not the last one. */
function showsMessage(fields: Readonly<Record<string, unknown>>, message: unknown): boolean {
  if (message === undefined || message === '') return true;
  return 'message' in fields || '@message' in fields || Object.values(fields).includes(message);
}

/** As `isRepeated`, but the level is not compared: it is winston's own. */
function isInfoRepeated(fields: Readonly<Record<string, unknown>>, info: object): boolean {
  try {
    return areInfosEqual(fields, info);
  } catch {
    // A value cannot be read a second time. The text may mask it.
    return false;
  }
}

function areInfosEqual(fields: Readonly<Record<string, unknown>>, info: object): boolean {
  const isPlain = !Array.isArray(info) && typeof (info as { toJSON?: unknown }).toJSON !== 'function';
  if (!isPlain) return isRepeated(fields, info, []);
  const { level: _, ...shown } = fields;
  const { level: __, ...own } = info as Record<string, unknown>;
  for (const name of ADDED) if (!(name in shown)) delete own[name];
  return areFieldsRepeated(shown, own, [info]);
}

/**
 * Whether what was parsed is all that JSON shows of a value.
 *
 * @param path the objects that contain the value
 */
function isRepeated(shown: unknown, value: unknown, path: readonly object[]): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return shown === value;
    case 'number':
      return shown === (Number.isFinite(value) ? value : null);
    case 'bigint':
      return shown === String(value) || shown === Number(value);
    case 'object':
      return value === null ? shown === null : isObjectRepeated(shown, value, path);
    default:
      return shown === undefined;
  }
}

function isObjectRepeated(shown: unknown, value: object, path: readonly object[]): boolean {
  if (shown === CIRCULAR) return path.includes(value);
  if (Buffer.isBuffer(value)) return isBuffer(shown, value);
  const { toJSON } = value as { toJSON?: unknown };
  const plain = typeof toJSON === 'function' ? (toJSON.call(value, '') as unknown) : value;
  if (typeof plain !== 'object' || plain === null) return isRepeated(shown, plain, path);
  if (types.isBoxedPrimitive(plain) && typeof shown !== 'object') return isRepeated(shown, plain.valueOf(), path);
  if (typeof shown !== 'object' || shown === null) return false;
  const within = [...path, value];
  if (Array.isArray(plain)) return areItemsRepeated(shown, plain, within);
  return areFieldsRepeated(shown as Record<string, unknown>, plain as Record<string, unknown>, within);
}

/** Its numbers are as many as its bytes. No replacer masks some of them. */
function isBuffer(shown: unknown, buffer: Buffer): boolean {
  const { type, data } = Object(shown) as { type?: unknown; data?: unknown };
  return type === 'Buffer' && Array.isArray(data) && data.length === buffer.length;
}

function areItemsRepeated(shown: object, items: readonly unknown[], path: readonly object[]): boolean {
  if (!Array.isArray(shown) || shown.length !== items.length) return false;
  return shown.every(
    (item: unknown, at) => isRepeated(item, items[at], path) || (item === null && isUnshown(items[at])),
  );
}

function isUnshown(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol';
}

function areFieldsRepeated(
  shown: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, unknown>>,
  path: readonly object[],
): boolean {
  let left = Object.keys(shown).length;
  for (const name of Object.keys(fields)) {
    const isShown = Object.hasOwn(shown, name);
    if (!isRepeated(isShown ? shown[name] : undefined, fields[name], path)) return false;
    if (isShown) left -= 1;
  }
  return left === 0;
}
