// The refusals of Alibaba Cloud SLS: the catalogue of codes, and the form of an answer.
//
// A message contains no stack trace and no secret.

import { type Answer, answerJson, type Refusal } from '../answer.js';
import type { RefusalCatalogue } from '../vendor.js';

// [status, message]. "documented": the documentation has code and status. "guess": only the code is known.
const CATALOGUE = {
  ParameterInvalid: [400, 'A parameter of the request is invalid.'], // documented
  MissingHost: [400, 'The request has no Host header.'], // documented
  MissingContentType: [400, 'A request with a body needs a Content-Type header.'], // documented
  MissingBodyRawSize: [400, 'The request has no x-log-bodyrawsize header.'], // documented
  InvalidBodyRawSize: [400, 'x-log-bodyrawsize is invalid.'], // documented
  InvalidCompressType: [400, 'x-log-compresstype is neither lz4 nor deflate.'], // documented
  MissingDate: [400, 'The request has no Date header.'], // documented
  InvalidDateFormat: [400, 'The Date header is malformed.'], // documented
  MissingAPIVersion: [400, 'The request has no x-log-apiversion header.'], // documented
  InvalidAPIVersion: [400, 'x-log-apiversion is not 0.6.0.'], // documented
  MissAccessKeyId: [400, 'The request names no access key id.'], // documented
  MissingSignatureMethod: [400, 'The request has no x-log-signaturemethod header.'], // documented
  InvalidSignatureMethod: [400, 'x-log-signaturemethod is neither hmac-sha1 nor hmac-sha256.'], // documented
  RequestTimeTooSkewed: [400, 'The date of the request is more than 15 minutes ahead.'], // documented
  RequestTimeExpired: [400, 'The date of the request is more than 15 minutes ago.'], // documented
  PostBodyInvalid: [400, 'The body cannot be parsed.'], // documented
  InvalidTimestamp: [400, 'A log has an invalid time.'], // documented
  InvalidEncoding: [400, 'A text of the body is not UTF-8.'], // documented
  InvalidKey: [400, 'A log has an invalid key.'], // documented
  PostBodyTooLarge: [400, 'The body is too large or has too many logs.'], // documented
  PostBodyUncompressError: [400, 'The body cannot be decompressed.'], // documented
  IndexConfigNotExist: [400, 'logstore without index config'], // documented
  IndexAlreadyExist: [400, 'log store index is already created'], // documented
  IndexInfoInvalid: [400, 'The index is invalid.'], // documented
  InvalidSequenceId: [400, 'The sequence id was used before.'], // guess
  InvalidCursor: [400, 'The cursor is invalid.'], // guess
  InvalidQueryString: [400, 'The query is invalid.'], // guess
  Unauthorized: [401, 'The request is not authorized.'], // documented
  SignatureNotMatch: [401, 'The signature does not match.'], // documented
  InvalidAccessKeyId: [401, 'The access key id does not exist.'], // documented
  WriteQuotaExceed: [403, 'The write quota is exceeded.'], // documented
  ShardWriteQuotaExceed: [403, 'The write quota of the shard is exceeded.'], // documented
  ReadQuotaExceed: [403, 'The read quota is exceeded.'], // documented
  ExceedQuota: [403, 'A quota of the project is exceeded.'], // documented
  LogStoreNotExist: [404, 'The Logstore does not exist.'], // documented
  ProjectNotExist: [404, 'The project does not exist.'], // documented
  ShardNotExist: [404, 'The shard does not exist.'], // guess
  PathNotFound: [404, 'The emulator has no such path.'], // the emulator's own
  MethodNotSupport: [405, 'The method is not supported.'], // the emulator's own
  MissingContentLength: [411, 'The request has no Content-Length header.'], // documented
  InvalidContentType: [415, 'The Content-Type is not supported.'], // documented
  InternalServerError: [500, 'The service failed.'], // documented
  ServerBusy: [503, 'The service is busy.'], // documented
} as const satisfies Record<string, readonly [number, string]>;

export type ErrorCode = keyof typeof CATALOGUE;

const CODES: Readonly<Record<number, ErrorCode>> = {
  403: 'WriteQuotaExceed',
  413: 'PostBodyTooLarge',
  429: 'WriteQuotaExceed',
  499: 'PostBodyInvalid',
  503: 'ServerBusy',
};

export const catalogue: RefusalCatalogue = {
  bodyTooLarge: 'PostBodyTooLarge',
  tooManyLogs: 'PostBodyTooLarge',
  failed: 'InternalServerError',
  codeFor: (status) => {
    const chosen = CODES[status];
    if (chosen !== undefined) return chosen;
    if (status >= 500) return 'InternalServerError';
    const known = Object.entries(CATALOGUE).find(([, [catalogued]]) => catalogued === status);
    return known ? known[0] : 'ParameterInvalid';
  },
  describe: (code) => {
    const entry = Object.hasOwn(CATALOGUE, code) ? CATALOGUE[code as ErrorCode] : undefined;
    return entry ? { status: entry[0], message: entry[1] } : { status: 400, message: code };
  },
  answer: answerRefusal,
  success: (status) => ({ status, headers: {}, body: Buffer.alloc(0) }),
};

/** `why` replaces the message of the catalogue. */
export function refuse(code: ErrorCode, why?: string): Refusal {
  const [status, message] = CATALOGUE[code];
  return { refused: true, status, code, message: why ?? message };
}

export function answerRefusal({ code, message, status }: Refusal): Answer {
  return { ...answerJson({ errorCode: code, errorMessage: message }, status), code };
}

/** A value of the request, shortened for a message. */
export function shown(value: string): string {
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}...` : value);
}
