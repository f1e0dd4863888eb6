// Credentials out of what somebody gave: a file, a module, a service.
// Takes: whatever a source gave. Gives: credentials with the time they expire at. Keeps: nothing. Never: a word of it in an
// error: it may be the secret.

import type { Credentials } from './types';

export interface Loaded extends Credentials {
  /** Milliseconds since 1970; `Infinity` of those that last. */
  readonly expiresMs: number;
}

/** Why there are none, in words of our own. */
export class Unusable extends Error {}

/** By our names, or by those of the vendors' services. @throws Unusable */
export function readCredentials(value: unknown): Loaded {
  const fields = (typeof value === 'object' ? value : undefined) as Record<string, unknown> | null | undefined;
  const text = (...names: string[]): string | undefined => {
    const found = names.map((name) => fields?.[name]).find((field) => field !== undefined && field !== '');
    if (found === undefined) return undefined;
    // It is put into a header, which a control character would end, and no other letter can stand in.
    if (typeof found !== 'string' || !/^[\x20-\x7e]*$/.test(found)) {
      throw new Unusable(`${names[0]} is not a line of printable ASCII`);
    }
    return found;
  };
  const accessKeyId = text('accessKeyId', 'AccessKeyId');
  const accessKeySecret = text('accessKeySecret', 'SecretAccessKey', 'AccessKeySecret');
  if (accessKeyId === undefined) throw new Unusable('accessKeyId is missing');
  if (accessKeySecret === undefined) throw new Unusable('accessKeySecret is missing');
  const expiresMs = timeMs(fields?.['expiration'] ?? fields?.['ExpiredTime'] ?? fields?.['Expiration']);
  const securityToken = text('securityToken', 'SessionToken', 'SecurityToken');
  return { accessKeyId, accessKeySecret, securityToken, expiresMs };
}

/** A date, or a number of seconds or milliseconds since 1970; no time is never. */
function timeMs(value: unknown): number {
  if (value === undefined || value === null) return Number.POSITIVE_INFINITY;
  const ms = typeof value === 'number' ? value * (value < 1e11 ? 1000 : 1) : new Date(value as string | Date).getTime();
  if (Number.isNaN(ms)) throw new Unusable('expiration is not a time');
  return ms;
}

/** The object that a JSON text is. @throws Unusable */
export function readObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Unusable('it is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new Unusable('it is not a JSON object');
  return value as Record<string, unknown>;
}

/** The text of a field; '' if it is none. */
export function textOf(fields: Record<string, unknown> | undefined, name: string): string {
  const value = fields?.[name];
  return typeof value === 'string' ? value.trim() : '';
}
