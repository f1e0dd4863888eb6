// Reads an error: its class, its message, its stack, its causes and its own fields, most of which JSON leaves out.
//
// An error is never changed: it may be frozen or shared.

import { types } from 'node:util';

/** How many classes a class of errors may extend. A proxy can have a chain of prototypes without an end. */
const MAX_PROTOTYPES = 16;

/** Whether it is an error of this realm, or of another one such as a vm context. */
export function isError(value: object): value is Error {
  let prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return false;
  if (types.isNativeError(value) || value instanceof Error) return true;
  for (let n = 0; n < MAX_PROTOTYPES && typeof prototype === 'object' && prototype !== null; n += 1) {
    // A DOMException is not made by the engine, so only its prototypes show what it is.
    if (types.isNativeError(prototype) || isErrorPrototype(prototype)) return true;
    prototype = Object.getPrototypeOf(prototype);
  }
  return false;
}

function isErrorPrototype(prototype: object): boolean {
  // Not by reading: a getter of a class throws if it is called on the prototype.
  const own = (name: string) => Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown;
  return own('name') === 'Error' && own('message') === '';
}

/**
 * Returns an error's type, message, stack, causes and own fields. The type is the name of its class. If the error has a
 * field `type` of its own, that field stays, and the name of the class is the field `name`.
 */
export function liftError(error: Error): Record<string, unknown> {
  const lifted = liftIdentity(error);
  const keys = Object.keys(error);
  if (keys.includes('type')) {
    lifted['name'] = lifted['type'];
    lifted['type'] = readField(error, 'type');
  }
  if (!keys.includes('errors')) lift(lifted, error, 'aggregateErrors', 'errors');
  lift(lifted, error, 'cause', 'cause');
  for (const key of keys) if (!(key in lifted) || key === 'name') lift(lifted, error, key, key);
  return lifted;
}

/** Returns what an error says if its own fields may not be shown: its type, message and stack. */
function liftIdentity(error: Error): Record<string, unknown> {
  const lifted: Record<string, unknown> = Object.create(null);
  const type = readField(error, 'constructor');
  lifted['type'] = readField(typeof type === 'function' ? type : error, 'name');
  lift(lifted, error, 'message', 'message');
  lift(lifted, error, 'stack', 'stack');
  return lifted;
}

/** An error whose `toJSON` throws. Its own fields are those that a `toJSON` may leave out. */
export function unreadableError(error: Error, thrown: unknown): Record<string, unknown> {
  return Object.assign(liftIdentity(error), { toJSON: throwsText(thrown) });
}

function lift(lifted: Record<string, unknown>, error: Error, name: string, from: string): void {
  const value = readField(error, from);
  if (value !== undefined) lifted[name] = value;
}

/** Returns the text for a value whose reading throws. */
export function throwsText(error: unknown): string {
  try {
    const why = typeof error === 'object' && error !== null && isError(error) ? error.message : error;
    return `[Throws: ${String(why)}]`;
  } catch {
    return '[Throws]';
  }
}

/** Returns the value of a field, or the text that says why it cannot be read. */
export function readField(object: object, key: string | symbol): unknown {
  try {
    return (object as Record<string | symbol, unknown>)[key];
  } catch (error) {
    return throwsText(error);
  }
}
