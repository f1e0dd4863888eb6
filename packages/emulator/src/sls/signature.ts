// Checks the signature of a request to SLS, v1 or v4, over its headers and its body.
//
// Only one spelling of the signed data is accepted.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Refusal } from '../answer.js';
import { isMd5Of } from '../body-md5.js';
import { type ApiRequest, header } from '../request.js';
import { isExpired, type Key, keyOf, type TemporaryKey } from '../temporary-keys.js';
import { parseCompactDate, parseHttpDate } from './date.js';
import { refuse, shown } from './refusal.js';

/** What a signature is checked against. */
export interface SignaturePolicy {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** The token that requests must have. If it is undefined, a request with a token is refused. */
  readonly securityToken?: string | undefined;
  /** The region that the scope of a v4 signature must have, if it is defined. */
  readonly region?: string | undefined;
  /** Temporary keys, each with a token. */
  readonly temporary?: readonly TemporaryKey[];
  readonly nowMs: number;
}

/** The access key id of a request whose signature was verified. */
export function accessKeyIdOf(request: Parts): string {
  const authorization = header(request, 'authorization') ?? '';
  return (V4.exec(authorization) ?? V1.exec(authorization))?.[1] ?? '';
}

/** The API key of a request that is not signed. */
export function apiKeyOf(request: Parts): string | undefined {
  return /^Bearer (\S+)$/.exec(header(request, 'authorization') ?? '')?.[1];
}

/** Checks the date and the digest of a request with an API key, which has both and no signature. */
export function checkUnsigned(request: Parts, nowMs: number): Refusal | null {
  const date = header(request, 'date');
  if (date === undefined) return refuse('MissingDate');
  return checkTime(date, parseHttpDate(date), nowMs) ?? checkMd5(request);
}

type Parts = Pick<ApiRequest, 'method' | 'path' | 'query' | 'headers' | 'body'>;

const MAX_SKEW_MS = 15 * 60 * 1000;
const V1 = /^LOG ([^:\s]*):([A-Za-z0-9+/]+={0,2})$/;
const V4 =
  /^SLS4-HMAC-SHA256 Credential=([^/,\s]*)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/([^/,\s]+),Signature=([0-9a-f]{64})$/;

export function verifySignature(request: Parts, policy: SignaturePolicy): Refusal | null {
  if (request.query === null) return refuse('ParameterInvalid', 'The query is not valid percent-encoding.');
  const twice = [...request.headers].find(([name, values]) => values.length > 1 && mustBeSingle(name));
  if (twice) return refuse('SignatureNotMatch', `The header ${twice[0]} was sent more than once.`);
  const authorization = header(request, 'authorization') ?? '';
  if (authorization === '') return refuse('MissAccessKeyId', 'The request has no Authorization header.');
  const v4 = V4.exec(authorization);
  const v1 = V1.exec(authorization);
  const accessKeyId = (v4 ?? v1)?.[1];
  if (accessKeyId === undefined) return refuse('Unauthorized', 'The Authorization header is malformed.');
  if (accessKeyId === '' && policy.accessKeyId !== '') return refuse('MissAccessKeyId');
  const key = keyOf(policy, accessKeyId);
  if (key === undefined) return refuse('InvalidAccessKeyId');
  const signed = { ...policy, accessKeySecret: key.accessKeySecret };
  const wrong = v4 ? verifyV4(request, signed, v4) : verifyV1(request, signed, v1![2]!);
  return wrong ?? checkToken(request, key, policy.nowMs) ?? checkMd5(request);
}

function verifyV1(request: Parts, policy: SignaturePolicy, signature: string): Refusal | null {
  const method = header(request, 'x-log-signaturemethod');
  if (method === undefined) return refuse('MissingSignatureMethod');
  if (method !== 'hmac-sha1' && method !== 'hmac-sha256') return refuse('InvalidSignatureMethod');
  // A browser cannot set Date, so x-log-date replaces it, here and in the signed text.
  const date = header(request, 'x-log-date') ?? header(request, 'date');
  if (date === undefined) return refuse('MissingDate');
  const wrongTime = checkTime(date, parseHttpDate(date), policy.nowMs);
  if (wrongTime) return wrongTime;

  const headers = signedNames(request, (name) => isOwn(name) && name !== 'x-log-date');
  const head = [
    request.method,
    header(request, 'content-md5') ?? '',
    header(request, 'content-type') ?? '',
    date,
    ...headers.map((name) => `${name}:${header(request, name)}`),
    request.path,
  ].join('\n');
  const query = sortedQuery(request)
    .map(([key, value]) => `${key}=${value}`)
    .join('&');
  const expected = createHmac(method === 'hmac-sha1' ? 'sha1' : 'sha256', policy.accessKeySecret)
    // node:http reads header bytes as latin1, so this hashes the bytes as sent. The query was decoded.
    .update(head, 'latin1')
    .update(query === '' ? '' : `?${query}`)
    .digest('base64');
  return same(expected, signature) ? null : refuse('SignatureNotMatch');
}

function verifyV4(request: Parts, policy: SignaturePolicy, authorization: readonly string[]): Refusal | null {
  const [, , day, region, service, terminator, signature] = authorization as [string, ...string[]];
  const date = header(request, 'x-log-date');
  if (date === undefined) return refuse('MissingDate', 'The request has no x-log-date header.');
  const wrongTime = checkTime(date, parseCompactDate(date), policy.nowMs);
  if (wrongTime) return wrongTime;
  if (day !== date.slice(0, 8)) return mismatch('the date of the credential scope is not that of x-log-date');
  if (service !== 'sls') return mismatch('the service of the credential scope is not sls');
  if (terminator !== 'aliyun_v4_request') return mismatch('the credential scope does not end in aliyun_v4_request');
  if (policy.region !== undefined && region !== policy.region) {
    return mismatch('the credential scope names another region');
  }
  const contentSha256 = header(request, 'x-log-content-sha256');
  if (contentSha256 === undefined) return mismatch('there is no x-log-content-sha256 header');

  const names = signedNames(request, isSignedV4);
  const query = sortedQuery(request)
    .map(([key, value]) => (value === '' ? key : `${key}=${percentEncode(value)}`))
    .join('&');
  const canonical = createHash('sha256')
    .update(`${request.method}\n${request.path}\n`, 'latin1')
    .update(`${query}\n`)
    .update(`${names.map((name) => `${name}:${header(request, name)}\n`).join('')}\n`, 'latin1')
    .update(`${names.join(';')}\n${contentSha256}`, 'latin1')
    .digest('hex');
  const scope = [day!, region!, service, terminator];
  const key = scope.reduce<string | Buffer>(hmac, `aliyun_v4${policy.accessKeySecret}`);
  const expected = hmac(key, `SLS4-HMAC-SHA256\n${date}\n${scope.join('/')}\n${canonical}`).toString('hex');
  if (!same(expected, signature!)) return refuse('SignatureNotMatch');
  return contentSha256 === createHash('sha256').update(request.body).digest('hex')
    ? null
    : mismatch('x-log-content-sha256 is not the SHA-256 of the body as sent');
}

function checkTime(date: string, atMs: number | null, nowMs: number): Refusal | null {
  if (atMs === null) return refuse('InvalidDateFormat', `The date ${shown(date)} is malformed.`);
  if (atMs < nowMs - MAX_SKEW_MS) return refuse('RequestTimeExpired');
  return atMs > nowMs + MAX_SKEW_MS ? refuse('RequestTimeTooSkewed') : null;
}

function checkToken(request: Parts, key: Key, nowMs: number): Refusal | null {
  const token = header(request, 'x-acs-security-token');
  if (key.securityToken === undefined) {
    return token === undefined || token === '' ? null : refuse('Unauthorized', 'This account has no security token.');
  }
  if (token !== key.securityToken) return refuse('Unauthorized', 'The security token is not valid.');
  return isExpired(key, nowMs) ? refuse('Unauthorized', 'The security token you provided has expired.') : null;
}

function checkMd5(request: Parts): Refusal | null {
  const md5 = header(request, 'content-md5');
  // One client sends an empty header with every request without a body.
  if (md5 === undefined || (md5 === '' && request.body.length === 0)) return null;
  return isMd5Of(md5, request.body)
    ? null
    : refuse('SignatureNotMatch', 'Content-MD5 is not the MD5 of the body as sent, in 32 hex digits.');
}

function isOwn(name: string): boolean {
  return name.startsWith('x-log-') || name.startsWith('x-acs-');
}

function isSignedV4(name: string): boolean {
  return (isOwn(name) && !name.startsWith('x-log-meta-')) || name === 'content-type' || name === 'host';
}

// If one of these headers is sent twice, it is not clear which one is meant.
function mustBeSingle(name: string): boolean {
  return isOwn(name) || ['authorization', 'content-md5', 'content-type', 'date', 'host'].includes(name);
}

function signedNames(request: Parts, isSigned: (name: string) => boolean): string[] {
  return [...request.headers.keys()].filter(isSigned).sort();
}

function sortedQuery(request: Parts): (readonly [string, string])[] {
  return [...(request.query ?? [])].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
}

function same(expected: string, sent: string): boolean {
  return expected.length === sent.length && timingSafeEqual(Buffer.from(expected), Buffer.from(sent));
}

function mismatch(why: string): Refusal {
  return refuse('SignatureNotMatch', `The signature does not match: ${why}.`);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
