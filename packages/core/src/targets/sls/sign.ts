// The request signatures of Alibaba Cloud SLS, v1 and v4: the Authorization header for a request.
//
// v1
//   string to sign = method \n content-md5 \n content-type \n date \n
//                    (name:value \n of each x-log-* and x-acs-* header, sorted) resource;
//                    if x-log-date is present, it replaces date and is not repeated
//   resource       = path ?name=value&..., sorted and not percent-encoded
//   authorization  = LOG <id>:base64(HMAC-SHA1(secret, string to sign))
//                    or HMAC-SHA256, by the header x-log-signaturemethod
//
// v4
//   canonical request = method \n path \n query \n (name:value \n of each signed header) \n signed names \n body sha256
//   signed headers    = content-type, host, x-log-*, x-acs-*, sorted
//   query             = sorted by name; values percent-encoded; no "=" before an empty value
//   scope             = day/region/sls/aliyun_v4_request
//   string to sign    = SLS4-HMAC-SHA256 \n x-log-date \n scope \n sha256(canonical request)
//   key               = HMAC(HMAC(HMAC(HMAC("aliyun_v4" + secret, day), region), "sls"), "aliyun_v4_request")
//
// With an API key there is no signature: Authorization is `Bearer <key>`, beside Date and Content-MD5.

import { createHash, createHmac } from 'node:crypto';
import type { Credentials } from '../../credentials/types';
import { md5 } from '../../runtime/md5';
import { percentEncode } from '../percent-encode';
import { SigningKey } from '../signing-key';

export interface RequestToSign {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in any case. v1 needs x-log-signaturemethod; v4 needs x-log-date and x-log-content-sha256. */
  readonly headers: Readonly<Record<string, string>>;
}

const ALGORITHM = 'SLS4-HMAC-SHA256';
const SHA256 = 'hmac-sha256';

/** Returns the Authorization header of v1. The headers must already have `date` or `x-log-date`. */
export function signV1(request: RequestToSign, { accessKeyId, accessKeySecret }: Credentials): string {
  const headers = lowerCase(request.headers);
  const ours = [...headers].filter(([name]) => /^x-(log|acs)-/.test(name) && name !== 'x-log-date').sort(byName);
  const pairs = Object.entries(request.query).sort(byName);
  const resource = pairs.map(([name, value]) => `${name}=${value}`).join('&');
  const toSign = [
    request.method,
    headers.get('content-md5') ?? '',
    headers.get('content-type') ?? '',
    headers.get('x-log-date') ?? headers.get('date') ?? '',
    ...ours.map(([name, value]) => `${name}:${value}`),
    resource === '' ? request.path : `${request.path}?${resource}`,
  ].join('\n');
  const hash = headers.get('x-log-signaturemethod') === SHA256 ? 'sha256' : 'sha1';
  return `LOG ${accessKeyId}:${createHmac(hash, accessKeySecret).update(toSign).digest('base64')}`;
}

export class V4Signer {
  readonly #region: string;
  readonly #key: SigningKey;

  constructor(region: string) {
    this.#region = region;
    this.#key = new SigningKey([region, 'sls', 'aliyun_v4_request']);
  }

  /** Returns the Authorization header. The headers must already have `x-log-date` and `x-log-content-sha256`. */
  sign(request: RequestToSign, { accessKeyId, accessKeySecret }: Credentials): string {
    const headers = lowerCase(request.headers);
    const date = headers.get('x-log-date')!;
    const day = date.slice(0, 8);
    const scope = `${day}/${this.#region}/sls/aliyun_v4_request`;
    const signed = [...headers].filter(([name]) => isSigned(name)).sort(byName);
    const canonical = [
      request.method,
      request.path,
      queryOf(request.query),
      ...signed.map(([name, value]) => `${name}:${value}`),
      '',
      signed.map(([name]) => name).join(';'),
      headers.get('x-log-content-sha256')!,
    ].join('\n');
    const toSign = [ALGORITHM, date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
    const key = this.#key.of(`aliyun_v4${accessKeySecret}`, day);
    const signature = createHmac('sha256', key).update(toSign).digest('hex');
    return `${ALGORITHM} Credential=${accessKeyId}/${scope},Signature=${signature}`;
  }
}

export interface SigningOptions {
  readonly signature: 'v1' | 'v4';
  /** Returns the current credentials. */
  readonly credentials: () => Credentials;
}

/** Returns all headers of the request. @param wallMs the time of the signature, in milliseconds since 1970 */
export function signedHeaders(
  request: RequestToSign & { readonly body: Buffer },
  { signature, credentials }: SigningOptions,
  v4: V4Signer,
  wallMs: number,
): Record<string, string> {
  const key = credentials();
  const { body } = request;
  const now = new Date(wallMs);
  const headers: Record<string, string> = { ...request.headers };
  if (key.apiKey !== undefined) {
    headers['Date'] = now.toUTCString();
    if (body.length > 0) headers['Content-MD5'] = md5(body).toUpperCase();
    headers['Authorization'] = `Bearer ${key.apiKey}`;
    return headers;
  }
  if (key.securityToken !== undefined) headers['x-acs-security-token'] = key.securityToken;
  if (signature === 'v4') {
    headers['x-log-date'] = `${now.toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z`;
    headers['x-log-content-sha256'] = createHash('sha256').update(body).digest('hex');
    headers['Authorization'] = v4.sign({ ...request, headers }, key);
    return headers;
  }
  headers['Date'] = now.toUTCString();
  // Without it, v1 would not sign the body at all. So it is sent also if OpenSSL refuses MD5.
  if (body.length > 0) headers['Content-MD5'] = md5(body).toUpperCase();
  headers['x-log-signaturemethod'] = 'hmac-sha1';
  headers['Authorization'] = signV1({ ...request, headers }, key);
  return headers;
}

/** Returns the query as v4 signs it. The request has the same text. */
export function queryOf(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .sort(byName)
    .map(([name, value]) => (value === '' ? name : `${name}=${percentEncode(value)}`))
    .join('&');
}

function isSigned(name: string): boolean {
  return name === 'content-type' || name === 'host' || (/^x-(log|acs)-/.test(name) && !name.startsWith('x-log-meta-'));
}

function lowerCase(headers: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(Object.entries(headers).map(([name, value]) => [name.trim().toLowerCase(), value.trim()]));
}

/** Compares UTF-16 units. All names are ASCII, so the order is also that of the bytes. */
function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
