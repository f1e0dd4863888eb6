// Takes: what a stage decided. Gives: the status, headers and body of one HTTP answer, and the catalogue of error codes.
// Keeps: nothing. Never: a stack trace or a secret in a message.
// Refusals are values, so that every stage can say no without throwing.

/** An answer ready to be sent. `headers` never holds the request id, the date or the length: the server adds those. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The ErrorCode of a refusal, for the statistics. */
  readonly code?: string;
}

/** A stage's no. Told from every other outcome by its `refused`. */
export interface Refusal {
  readonly refused: true;
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

// [status, message]. "documented": the vendor's pages state both. "guess": only the code's name is known.
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
  IndexNotExists: [404, 'Index does not exist.'], // documented
  PathNotFound: [404, 'The emulator has no such path.'], // the emulator's own
  MethodNotSupport: [405, 'The method is not supported.'], // guess
  LogGroupListSizeTooLarge: [413, 'The LogGroupList is larger than 5 MiB.'], // guess
  ExceedQPSLimit: [429, 'The request frequency exceeds the limit.'], // the SDKs retry 429
  ExceedRateLimit: [429, 'The flow exceeds the limit.'], // the SDKs retry 429
  InternalServerError: [500, 'We encountered an unexpected server error, please try again later.'], // documented
} as const satisfies Record<string, readonly [number, string]>;

export type ErrorCode = keyof typeof CATALOGUE;

/** The code a scripted status gets when the script names none. */
export function codeForStatus(status: number): string {
  if (status === 403) return 'AccessDenied';
  if (status === 413) return 'LogGroupListSizeTooLarge';
  if (status === 429) return 'ExceedQPSLimit';
  if (status >= 500) return 'InternalServerError';
  const known = Object.entries(CATALOGUE).find(([, [catalogued]]) => catalogued === status);
  return known ? known[0] : 'BadRequest';
}

/** The catalogued status and message of a code; a code the catalogue lacks is a 400. */
export function describeCode(code: string): { readonly status: number; readonly message: string } {
  const entry = Object.hasOwn(CATALOGUE, code) ? CATALOGUE[code as ErrorCode] : undefined;
  return entry ? { status: entry[0], message: entry[1] } : { status: 400, message: code };
}

export function refuse(code: ErrorCode, message?: string): Refusal {
  const [status, catalogued] = CATALOGUE[code];
  return { refused: true, status, code, message: message ?? catalogued };
}

/** The documented sentence of InvalidArgument; `why` follows it where the key alone would not tell. */
export function invalidArgument(key: string, value: string, why?: string): Refusal {
  const shown = value.length > 200 ? `${value.slice(0, 200)}...` : value;
  const sentence = `Invalid argument key ${key}, value ${shown}, please check argument.`;
  return refuse('InvalidArgument', why === undefined ? sentence : `${sentence} (${why})`);
}

export function isRefusal(outcome: unknown): outcome is Refusal {
  return typeof outcome === 'object' && outcome !== null && (outcome as { refused?: unknown }).refused === true;
}

export function answerJson(value: unknown, status = 200): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8' },
    body: Buffer.from(JSON.stringify(value)),
  };
}

export function answerRefusal(refusal: Refusal): Answer {
  const body = { ErrorCode: refusal.code, ErrorMessage: refusal.message };
  return { ...answerJson(body, refusal.status), code: refusal.code };
}
