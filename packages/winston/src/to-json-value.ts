// Converts one value that JSON cannot express to one that it can: errors, maps, sets, bytes, odd numbers and dates.
//
// Only the value itself is converted, not the values in it. It is never changed: an error may be frozen or shared.
import { types } from 'node:util';

export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

/**
 * @param value the application's value
 * @param fallback the result of its `toJSON`, or the value itself
 */
export function toJsonValue(value: unknown, fallback: unknown): unknown {
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

/** Returns an error's type, message, stack, causes and own fields, which JSON.stringify leaves out. */
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

/** Returns the text for a value whose reading throws. */
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
