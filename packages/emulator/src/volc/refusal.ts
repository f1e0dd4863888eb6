// The refusals of Volcengine TLS: the catalogue of codes, and the form of an answer.
//
// A message contains no stack trace and no secret.

import { type Answer, answerJson, type Refusal } from '../answer.js';
import type { RefusalCatalogue } from '../vendor.js';

// [status, message]. "documented": the documentation has both. "guess": only the code is known.
const CATALOGUE = {
  InvalidArgument: [400, 'Invalid argument, please check argument.'], // documented
  DeserializeFailed: [400, 'Deserialization failed, please check argument.'], // documented
  BadRequest: [400, 'The request is malformed.'], // documented code and status
  ErrLogMD5CheckFailed: [400, 'Content-MD5 is not the MD5 of the body as sent.'], // guess
  LogSizeTooLarge: [400, 'A log is larger than 1 MiB.'], // guess
  TooManyLogs: [400, 'A LogGroup has more than 10000 logs.'], // guess
  InvalidAccessKeyId: [403, 'The access key id does not exist.'], // documented code and status
  SignatureDoesNotMatch: [403, 'The signature does not match.'], // documented code and status
  AuthorizationQueryParametersError: [403, 'Signatures in the query are not taken.'], // documented code and status
  AuthFailed: [403, 'The Authorization header is missing or malformed.'], // guess
  AccessDenied: [403, 'Access denied.'], // guess
  InvalidSecurityToken: [403, 'The security token is not valid.'], // guess
  RequestExpired: [403, 'X-Date is too old.'], // guess
  RequestTimeTooSkewed: [403, 'X-Date is too far in the future.'], // guess
  TopicNotExist: [404, 'Topic does not exist.'], // documented
  ProjectNotExists: [404, 'Project does not exist.'], // documented
  InvalidIndexArgument: [400, 'The index is invalid.'], // guess
  IndexKeyDuplicate: [400, 'A key is in the index twice.'], // guess
  IndexKVNULL: [400, 'A key of the index has no value.'], // guess
  DelimiterChineseConflict: [400, 'Delimiters and Chinese cannot be combined.'], // guess
  SQLFlagConflict: [400, 'Statistics cannot be combined with delimiters or Chinese.'], // guess
  IndexNotExists: [404, 'Index does not exist.'], // documented
  PathNotFound: [404, 'The emulator has no such path.'], // the emulator's own
  MethodNotSupport: [405, 'The method is not supported.'], // guess
  IndexAlreadyExist: [409, 'Index already exists.'], // guess
  LogGroupListSizeTooLarge: [413, 'The LogGroupList is larger than 5 MiB.'], // guess
  ExceedQPSLimit: [429, 'The request frequency exceeds the limit.'], // the SDKs retry 429
  ExceedRateLimit: [429, 'The flow exceeds the limit.'], // the SDKs retry 429
  InternalServerError: [500, 'We encountered an unexpected server error, please try again later.'], // documented
} as const satisfies Record<string, readonly [number, string]>;

export type ErrorCode = keyof typeof CATALOGUE;

export const catalogue: RefusalCatalogue = {
  bodyTooLarge: 'LogGroupListSizeTooLarge',
  tooManyLogs: 'TooManyLogs',
  failed: 'InternalServerError',
  codeFor: (status) => {
    if (status === 403) return 'AccessDenied';
    if (status === 413) return 'LogGroupListSizeTooLarge';
    if (status === 429) return 'ExceedQPSLimit';
    if (status >= 500) return 'InternalServerError';
    const known = Object.entries(CATALOGUE).find(([, [catalogued]]) => catalogued === status);
    return known ? known[0] : 'BadRequest';
  },
  describe: (code) => {
    const entry = Object.hasOwn(CATALOGUE, code) ? CATALOGUE[code as ErrorCode] : undefined;
    return entry ? { status: entry[0], message: entry[1] } : { status: 400, message: code };
  },
  answer: answerRefusal,
  success: (status) => answerJson({}, status),
};

export function refuse(code: ErrorCode, message?: string): Refusal {
  const [status, catalogued] = CATALOGUE[code];
  return { refused: true, status, code, message: message ?? catalogued };
}

/** The documented message of InvalidArgument. `why` is appended if the key alone does not explain it. */
export function invalidArgument(key: string, value: string, why?: string): Refusal {
  const shown = value.length > 200 ? `${value.slice(0, 200)}...` : value;
  const sentence = `Invalid argument key ${key}, value ${shown}, please check argument.`;
  return refuse('InvalidArgument', why === undefined ? sentence : `${sentence} (${why})`);
}

export function refuseBody(): Refusal {
  return refuse('BadRequest', 'The body is not a JSON object.');
}

export function answerRefusal(refusal: Refusal): Answer {
  const body = { ErrorCode: refusal.code, ErrorMessage: refusal.message };
  return { ...answerJson(body, refusal.status), code: refusal.code };
}
