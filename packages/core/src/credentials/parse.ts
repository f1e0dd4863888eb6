// Reads credentials from the value that came from a file, a module or a service.
//
// An error never repeats the value: it may contain the secret.

import { ANONYMOUS, type Credentials } from './types';

export interface LoadedCredentials extends Credentials {
  /** Milliseconds since 1970; `Infinity` if they do not expire. */
  readonly expiresMs: number;
}

/** Why a source returned no credentials. The message is ours, so it contains no secret. */
export class CredentialsError extends Error {}

/** Accepts our names and those of the vendors' services. @throws CredentialsError */
export function readCredentials(value: unknown): LoadedCredentials {
  const fields = (typeof value === 'object' ? value : undefined) as Record<string, unknown> | null | undefined;
  const text = (...names: string[]): string | undefined => {
    const found = names.map((name) => fields?.[name]).find((field) => field !== undefined && field !== '');
    if (found === undefined) return undefined;
    // The value is put into a header. A control character would end the header, and only ASCII is allowed in it.
    if (typeof found !== 'string' || !/^[\x20-\x7e]*$/.test(found)) {
      throw new CredentialsError(`${names[0]} is not a line of printable ASCII`);
    }
    return found;
  };
  const accessKeyId = text('accessKeyId', 'AccessKeyId');
  const accessKeySecret = text('accessKeySecret', 'SecretAccessKey', 'AccessKeySecret');
  const expiresMs = timeMs(fields?.['expiration'] ?? fields?.['ExpiredTime'] ?? fields?.['Expiration']);
  const apiKey = text('apiKey');
  if (apiKey !== undefined) {
    if (accessKeyId !== undefined || accessKeySecret !== undefined)
      throw new CredentialsError('it has an apiKey and an access key; only one of them can be used');
    return { ...ANONYMOUS, apiKey, expiresMs };
  }
  if (accessKeyId === undefined) throw new CredentialsError('accessKeyId is missing');
  if (accessKeySecret === undefined) throw new CredentialsError('accessKeySecret is missing');
  const securityToken = text('securityToken', 'SessionToken', 'SecurityToken');
  return { accessKeyId, accessKeySecret, securityToken, expiresMs };
}

/** Accepts a date, or seconds or milliseconds since 1970. Without a time the credentials do not expire. */
function timeMs(value: unknown): number {
  if (value === undefined || value === null) return Number.POSITIVE_INFINITY;
  const ms = typeof value === 'number' ? value * (value < 1e11 ? 1000 : 1) : new Date(value as string | Date).getTime();
  if (Number.isNaN(ms)) throw new CredentialsError('expiration is not a time');
  return ms;
}

/** Parses a JSON object. @throws CredentialsError */
export function readObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CredentialsError('it is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new CredentialsError('it is not a JSON object');
  return value as Record<string, unknown>;
}

/** Returns the field's text; '' if the field is not a text. */
export function textOf(fields: Record<string, unknown> | undefined, name: string): string {
  const value = fields?.[name];
  return typeof value === 'string' ? value.trim() : '';
}
