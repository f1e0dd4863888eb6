// Checks the signature of a request to TLS.
//
// The request itself lists the headers that it signs, because each official SDK signs another set.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Refusal } from '../answer.js';
import { type ApiRequest, header } from '../request.js';
import { isExpired, type Key, keyOf, type TemporaryKey } from '../temporary-keys.js';
import { invalidArgument, refuse } from './refusal.js';

/** What a signature is checked against. */
export interface SignaturePolicy {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** The token that requests must have. If it is undefined, a request with a token is refused. */
  readonly securityToken?: string | undefined;
  /** The region that the credential scope must have, if it is defined. */
  readonly region?: string | undefined;
  /** Temporary keys, each with a token. */
  readonly temporary?: readonly TemporaryKey[];
  /** Accepts X-Content-Sha256 as sent, without comparing it with the body. */
  readonly lenient: boolean;
  readonly nowMs: number;
}

// A guess: neither the documentation nor an SDK has this number.
const MAX_SKEW_MS = 15 * 60 * 1000;
const EMPTY_SHA256 = createHash('sha256').digest('hex');
const AUTHORIZATION =
  /^HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/([^/,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/;

/** The access key id of a request whose signature was verified. */
export function accessKeyIdOf(request: Parts): string {
  return AUTHORIZATION.exec(single(request, 'authorization') ?? '')?.[1] ?? '';
}

type Parts = Pick<ApiRequest, 'method' | 'path' | 'query' | 'headers' | 'body'>;

export function verifySignature(request: Parts & { requestId?: string }, policy: SignaturePolicy): Refusal | null {
  const { query } = request;
  if (query === null) return refuse('BadRequest', 'The query is not valid percent-encoding.');
  if (query.some(([key]) => key === 'X-Signature' || key === 'X-Algorithm')) {
    return refuse('AuthorizationQueryParametersError');
  }
  const parsed = AUTHORIZATION.exec(single(request, 'authorization') ?? '');
  if (!parsed) return refuse('AuthFailed');
  const [, accessKeyId, date, region, service, terminator, signedNames, signature] = parsed as unknown as string[];
  const key = keyOf(policy, accessKeyId!);
  if (key === undefined) return refuse('InvalidAccessKeyId');

  const xDate = single(request, 'x-date') ?? '';
  const signedAtMs = parseDate(xDate);
  if (signedAtMs === null) return invalidArgument('X-Date', xDate, 'the form is YYYYMMDDTHHMMSSZ');
  if (signedAtMs < policy.nowMs - MAX_SKEW_MS) return refuse('RequestExpired');
  if (signedAtMs > policy.nowMs + MAX_SKEW_MS) return refuse('RequestTimeTooSkewed');

  if (date !== xDate.slice(0, 8)) return mismatch('the date of the credential scope is not that of X-Date');
  if (service !== 'TLS') return mismatch('the service of the credential scope is not TLS');
  if (terminator !== 'request') return mismatch('the credential scope does not end in request');
  if (policy.region !== undefined && region !== policy.region)
    return mismatch('the credential scope names another region');
  const wrongToken = checkToken(request, key, policy.nowMs);
  if (wrongToken) return wrongToken;

  const contentSha256 = single(request, 'x-content-sha256');
  const names = signedNames!.split(';');
  const required =
    contentSha256 === undefined && request.body.length === 0 ? ['x-date'] : ['x-date', 'x-content-sha256'];
  const unsigned = required.find((name) => !names.includes(name));
  if (unsigned !== undefined) return mismatch(`${unsigned} is not among the signed headers`);
  if (names.some((name, at) => name !== name.toLowerCase() || (at > 0 && name <= names[at - 1]!))) {
    return mismatch('SignedHeaders is not a sorted list of lower-case names');
  }
  const missing = names.find((name) => single(request, name) === undefined);
  if (missing !== undefined) return mismatch(`${missing} is signed, but was not sent exactly once`);

  const bodySha256 = contentSha256 ?? EMPTY_SHA256;
  const expected = sign(request, names, bodySha256, [date, region!, service, terminator], xDate, key.accessKeySecret);
  if (!timingSafeEqual(expected, Buffer.from(signature!, 'hex'))) return refuse('SignatureDoesNotMatch');
  if (!policy.lenient && bodySha256 !== createHash('sha256').update(request.body).digest('hex')) {
    return mismatch('X-Content-Sha256 is not the SHA-256 of the body as sent');
  }
  return null;
}

function checkToken(request: Parts, key: Key, nowMs: number): Refusal | null {
  const token = single(request, 'x-security-token');
  if (key.securityToken === undefined) {
    return token === undefined || token === ''
      ? null
      : refuse('InvalidSecurityToken', 'This account has no security token.');
  }
  if (token !== key.securityToken) return refuse('InvalidSecurityToken');
  return isExpired(key, nowMs) ? refuse('InvalidSecurityToken', 'The security token has expired.') : null;
}

function sign(
  request: Parts,
  names: readonly string[],
  bodySha256: string,
  scope: readonly string[],
  xDate: string,
  accessKeySecret: string,
): Buffer {
  const canonical = [
    request.method,
    request.path.split('/').map(reencode).join('/'),
    (request.query ?? [])
      .map(([key, value]) => [percentEncode(key), percentEncode(value)] as const)
      .sort((one, other) => compare(one[0], other[0]) || compare(one[1], other[1]))
      .map(([key, value]) => `${key}=${value}`)
      .join('&'),
    ...names.map((name) => `${name}:${canonicalValue(request, name)}`),
    '',
    names.join(';'),
    bodySha256,
  ].join('\n');
  // node:http reads header bytes as latin1, so this hashes the bytes as sent.
  const digest = createHash('sha256').update(canonical, 'latin1').digest('hex');
  const key = scope.reduce<string | Buffer>((secret, part) => hmac(secret, part), accessKeySecret);
  return hmac(key, ['HMAC-SHA256', xDate, scope.join('/'), digest].join('\n'));
}

function canonicalValue(request: Parts, name: string): string {
  const value = single(request, name) ?? '';
  return name === 'host' ? value.replace(/:(?:80|443)$/, '') : value;
}

function single(request: Parts, name: string): string | undefined {
  return request.headers.get(name)?.length === 1 ? header(request, name) : undefined;
}

function mismatch(why: string): Refusal {
  return refuse('SignatureDoesNotMatch', `The signature does not match: ${why}.`);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function reencode(segment: string): string {
  try {
    return percentEncode(decodeURIComponent(segment));
  } catch {
    return segment;
  }
}

function parseDate(xDate: string): number | null {
  const fields = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(xDate);
  if (!fields) return null;
  const [, year, month, day, hour, minute, second] = fields;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const atMs = Date.parse(iso);
  // Date.parse accepts 30 February as 1 March. The round trip detects that.
  return Number.isNaN(atMs) || new Date(atMs).toISOString() !== iso ? null : atMs;
}
