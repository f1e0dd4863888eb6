// The request signature of Volcengine, HMAC-SHA256 ("V4"). It returns all headers of a request, with Authorization.
//
//   canonical request = method \n path \n query \n
//                       (name:value \n for each signed header) \n signed names \n sha256(body)
//   string to sign    = HMAC-SHA256 \n date \n day/region/TLS/request \n sha256(canonical request)
//   key               = HMAC(HMAC(HMAC(HMAC(secret, day), region), "TLS"), "request")
//
// With an API key there is no signature: the key is the header x-tls-anonymous-identity, as in the vendor's Go SDK.
//
// The signed headers are content-md5, content-type, host and every x-* header, as in the vendor's Go SDK.

import { createHash, createHmac } from 'node:crypto';
import type { Credentials } from '../../credentials/types';
import { percentEncode } from '../percent-encode';
import { SigningKey } from '../signing-key';

export interface UnsignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in any case. `host` is without the port 80 or 443. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const SERVICE = 'TLS';
const ALGORITHM = 'HMAC-SHA256';

export class VolcSigner {
  readonly #region: string;
  readonly #key: SigningKey;

  constructor(region: string) {
    this.#region = region;
    this.#key = new SigningKey([region, SERVICE, 'request']);
  }

  /** Returns all headers of the request. @param wallMs the time of the signature, in milliseconds since 1970 */
  sign(request: UnsignedRequest, credentials: Credentials, wallMs: number): Record<string, string> {
    if (credentials.apiKey !== undefined) return { ...request.headers, 'x-tls-anonymous-identity': credentials.apiKey };
    const date = amzDate(wallMs);
    const scope = `${date.slice(0, 8)}/${this.#region}/${SERVICE}/request`;
    const bodySha256 = createHash('sha256').update(request.body).digest('hex');
    const headers: Record<string, string> = {
      ...request.headers,
      'X-Date': date,
      'X-Content-Sha256': bodySha256,
      ...(credentials.securityToken === undefined ? {} : { 'X-Security-Token': credentials.securityToken }),
    };
    const signed = Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
      .filter(([name]) => isSigned(name))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const names = signed.map(([name]) => name).join(';');
    const canonical = [
      request.method,
      percentEncode(request.path).replaceAll('%2F', '/'),
      canonicalQuery(request.query),
      ...signed.map(([name, value]) => `${name}:${value}`),
      '',
      names,
      bodySha256,
    ].join('\n');
    const toSign = [ALGORITHM, date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
    const signature = createHmac('sha256', this.#key.of(credentials.accessKeySecret, date.slice(0, 8)))
      .update(toSign)
      .digest('hex');
    const credential = `Credential=${credentials.accessKeyId}/${scope}`;
    headers['Authorization'] = `${ALGORITHM} ${credential}, SignedHeaders=${names}, Signature=${signature}`;
    return headers;
  }
}

/** `YYYYMMDDTHHMMSSZ`. */
function amzDate(wallMs: number): string {
  return `${new Date(wallMs).toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z`;
}

function isSigned(name: string): boolean {
  return name === 'content-md5' || name === 'content-type' || name === 'host' || name.startsWith('x-');
}

/** Returns the query as it is signed. The request has the same text. */
export function canonicalQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}
