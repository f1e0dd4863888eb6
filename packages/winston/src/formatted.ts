// Applies the transport's own format to a copy of an info.
//
// winston-transport copies an info by `Object.assign`. That copy has the fields that a `toJSON` leaves out, and nothing
// of a map; and one getter that throws is an error for the caller.

import { readField } from './errors';
import { formatText } from './format-text';
import { fieldsOf, isObject } from './info';

const LEVEL = Symbol.for('level');
const MESSAGE = Symbol.for('message');

interface Format {
  transform(info: never, options?: unknown): unknown;
  readonly options?: unknown;
}

/** @throws what the format throws */
export function formatted(info: unknown, format: Format): unknown {
  const copy = isObject(info) ? copyOf(info) : { message: info === undefined ? 'undefined' : info };
  const text = readField(copy, MESSAGE);
  const shown = format.transform(copy as never, format.options);
  // A text that this format did not make is older than the fields.
  if (isObject(shown) && text !== undefined && readField(shown, MESSAGE) === text) forgetText(shown);
  return shown;
}

function forgetText(shown: object): void {
  try {
    Reflect.set(shown, MESSAGE, undefined);
  } catch {
    // It is a proxy. Then its text is read again, as that of any info.
  }
}

function copyOf(info: object): object {
  const text = textFields(info);
  // The arguments of the call are not copied: what they say may be masked in the text.
  if (text !== undefined) return { ...text, [LEVEL]: readField(info, LEVEL), [MESSAGE]: readField(info, MESSAGE) };
  const fields = fieldsOf(info, ['level', 'timestamp']);
  try {
    return fields === info ? { ...info } : { ...fields, ...symbolsOf(info) };
  } catch {
    return { ...readable(fields), ...symbolsOf(info) };
  }
}

/** If the text of the logger's format is the record, its fields are what the transport's format gets. */
function textFields(info: object): object | undefined {
  try {
    return formatText(info)?.fields;
  } catch {
    return undefined;
  }
}

function readable(fields: object): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const name of namesOf(fields)) {
    const value = readField(fields, name);
    Object.defineProperty(copy, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

function namesOf(fields: object): string[] {
  try {
    return Object.keys(fields);
  } catch {
    return ['message'];
  }
}

function symbolsOf(info: object): Record<symbol, unknown> {
  try {
    return Object.fromEntries(Object.getOwnPropertySymbols(info).map((symbol) => [symbol, readField(info, symbol)]));
  } catch {
    return {};
  }
}
