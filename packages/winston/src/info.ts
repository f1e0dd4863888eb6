// Finds the fields of an info, whatever the application has logged as one.
//
// winston makes an info of every object that it is given: `logger.log('info', ['a', 'b'])` sets the level on the array
// itself. What such a value says is not in its fields. It becomes the field `message`.

import { types } from 'node:util';
import { isError, liftError, readField, throwsText, unreadableError } from './errors';
import { hasOwnContent, jsonOf } from './own-content';

type Fields = Readonly<Record<string, unknown>>;

const SPLAT = Symbol.for('splat');
/** winston itself sets these for a value that is logged behind a message. */
const SET_BY_WINSTON: readonly string[] = ['level', 'message', 'stack', 'cause'];

/** The fields of an array of a million items are a million names. */
const MAX_INDEXED = 10_000;

/**
 * Returns an object whose own fields are those of the record. It is the info itself, or with a `toJSON` what that
 * returns: what it leaves out may be secret.
 *
 * @param ownNames the names of fields that winston sets on a value
 */
export function fieldsOf(info: object, ownNames: readonly string[]): Fields {
  let isItError = false;
  let thrown: unknown;
  try {
    isItError = isError(info);
  } catch (error) {
    thrown = error;
  }
  try {
    const plain = jsonOf(info, '');
    if (isObject(plain)) return shownFields(plain, ownNames);
    if (plain === undefined) return {};
    return { message: plain === null && types.isDate(info) ? 'Invalid Date' : plain };
  } catch (error) {
    return isItError ? unreadableError(info as Error, error) : unreadable(info, thrown ?? error);
  }
}

export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

export function isErrorValue(value: unknown): value is Error {
  try {
    return typeof value === 'object' && value !== null && isError(value);
  } catch {
    return false;
  }
}

/** Returns the fields of an error, or those that its `toJSON` returns. */
export function errorFields(error: Error): Fields {
  return fieldsOf(error, []);
}

/**
 * Returns the value with a `toJSON` that was logged behind a message: `logger.info('saved', user)`. winston has copied
 * its fields to the info, also those that its `toJSON` leaves out.
 */
export function copiedFrom(info: object): object | undefined {
  const first = (info as { [SPLAT]?: readonly unknown[] })[SPLAT]?.[0];
  if (typeof first !== 'object' || first === null) return undefined;
  return typeof (first as { toJSON?: unknown }).toJSON === 'function' && !Buffer.isBuffer(first) ? first : undefined;
}

/** Puts what `toJSON` returns in the place of the fields that winston has copied, and that no format has changed. */
function withoutCopied(info: Fields, from: Fields): Fields {
  const shown = jsonOf(from, '');
  if (typeof shown !== 'object' || shown === null || shown === from || hasOwnContent(shown)) return info;
  const fields: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(info)) {
    const isCopied = Object.hasOwn(from, name) && !SET_BY_WINSTON.includes(name);
    if (!isCopied || readField(info, name) !== readField(from, name)) fields[name] = readField(info, name);
  }
  for (const name of Object.keys(shown)) if (!(name in fields)) fields[name] = readField(shown, name);
  return fields;
}

/** @param value without its `toJSON` */
function shownFields(value: object, ownNames: readonly string[]): Fields {
  const from = copiedFrom(value);
  if (from !== undefined) return withoutCopied(value as Fields, from as Fields);
  if (hasOwnContent(value)) return contentFields(value as Record<string, unknown>, ownNames);
  return isError(value) ? liftError(value) : (value as Fields);
}

/** The value itself as the message, and the fields that winston, a format or the application has set on it. */
function contentFields(value: Record<string, unknown>, ownNames: readonly string[]): Fields {
  const fields: Record<string, unknown> = Object.create(null);
  for (const name of namesOn(value, ownNames)) fields[name] = readField(value, name);
  fields['message' in fields ? 'value' : 'message'] = value;
  return fields;
}

function namesOn(value: object, ownNames: readonly string[]): readonly string[] {
  const isIndexed = Array.isArray(value) || ArrayBuffer.isView(value) || types.isStringObject(value);
  if (!isIndexed) return Object.keys(value);
  if (!((value as { length?: number }).length! <= MAX_INDEXED))
    return ownNames.filter((name) => Object.hasOwn(value, name));
  return Object.keys(value).filter((name) => !/^\d+$/.test(name));
}

/** Returns the message of an info whose `toJSON` throws, and the error. No other field is sent: it may be secret. */
function unreadable(info: object, error: unknown): Fields {
  const why = throwsText(error);
  const message = messageOn(info);
  return message === undefined ? { message: why } : { message, toJSON: why };
}

/** Returns the message of an info that can be read at least in part. */
export function messageOn(info: object): string | undefined {
  try {
    const { message } = info as { message?: unknown };
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
