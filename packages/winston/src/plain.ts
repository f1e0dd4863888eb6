// What JSON has no word for, in words it has.
//
// Takes: one value. Gives: a plain one that says the same: errors with their fields, maps and sets with their
// entries, bytes as base64, the odd numbers and dates by name.
// Keeps: nothing. Never: goes deeper than the value it was given; changes it (an error may be frozen, or shared).
import { types } from 'node:util';

export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

/**
 * @param value as the application gave it.
 * @param fallback what `toJSON` made of it, or itself.
 */
export function plainOf(value: unknown, fallback: unknown): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'symbol':
      return String(value);
    case 'function':
      return '[Function]';
    case 'object':
      break;
    default:
      return fallback;
  }
  if (value === null || Array.isArray(value)) return fallback;
  if (isError(value)) return liftError(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : fallback;
  if (value instanceof Map) return fromEntries(value);
  if (value instanceof Set) return [...value];
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  return fallback;
}

/** An error's type, message, stack, causes and own fields: what JSON.stringify leaves out of it. */
export function liftError(error: Error): Record<string, unknown> {
  const lifted: Record<string, unknown> = Object.create(null);
  const lift = (name: string, from: string) => {
    const value = readField(error, from);
    if (value !== undefined) lifted[name] = value;
  };
  const type = readField(error, 'constructor');
  lifted['type'] = typeof type === 'function' ? type.name : readField(error, 'name');
  lift('message', 'message');
  lift('stack', 'stack');
  lift('aggregateErrors', 'errors');
  lift('cause', 'cause');
  for (const key of Object.keys(error)) if (!(key in lifted)) lift(key, key);
  return lifted;
}

/** What stands where a value could not be read. */
export function throwsText(error: unknown): string {
  try {
    return `[Throws: ${isError(error) ? error.message : String(error)}]`;
  } catch {
    return '[Throws]';
  }
}

function readField(object: object, key: string): unknown {
  try {
    return (object as Record<string, unknown>)[key];
  } catch (error) {
    return throwsText(error);
  }
}

function fromEntries(map: ReadonlyMap<unknown, unknown>): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.create(null);
  for (const [key, value] of map) fields[typeof key === 'object' ? JSON.stringify(key) : String(key)] = value;
  return fields;
}
