// Classifies answers: an answer of the service becomes an Outcome.
//
// The service's error code decides first, and the HTTP status second. An unknown refusal holds the batch, so that no
// record is deleted for a reason that we do not know.

import type { Answer } from '../http/exchange';
import type { Outcome, Refusal } from './outcome';

/** What an error code means. */
export type Verdict =
  | 'retry'
  /** The bytes were changed on their way, or are wrong: retry a few times, then reject. */
  | 'retry, then reject'
  | 'hold'
  | 'reject'
  /** These three mean split. */
  | 'too many bytes'
  | 'too many records'
  | 'record too large'
  /** A record is too old, or too far in the future: reject, but only such records. */
  | 'record time refused'
  /** The time of the signature is not accepted: hold, with the service's time. */
  | 'time refused'
  /** The signature is wrong, because of a wrong secret or a wrong clock: hold. */
  | 'signature refused';

/** The answers of one service. */
export interface AnswerTable {
  /** The header that each answer of the service has. An answer without it comes from a proxy. */
  readonly requestIdHeader: string;
  /** Verdicts by error code. */
  readonly codes: Readonly<Record<string, Verdict>>;
  /** The error in the body of an answer, if there is one. */
  readonly errorIn: (body: string) => ServiceError | undefined;
  /** Decides before `codes`, for a code that has several meanings. */
  readonly verdictOf?: (error: ServiceError, status: number) => Verdict | undefined;
  /** How old a record may be, and how far in the future, for the verdict `record time refused`. */
  readonly window?: { readonly pastMs: number; readonly aheadMs: number };
  /** What a person can do, by error code. It is appended to the message. */
  readonly advice?: Readonly<Record<string, string>>;
}

/** Returns the body as a JSON object, or undefined if it is not one. */
export function jsonObjectIn(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export interface ServiceError {
  readonly code: string;
  readonly message: string;
}

/** Bytes that change on their way change differently each time. So the same answer again means that they are wrong. */
const MOST_ATTEMPTS = 4;

/** A longer Retry-After is a mistake or an attack, and is reduced to this time. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/** A smaller difference between two clocks does not count, because a Date header has whole seconds. */
const SAME_TIME_MS = 2000;
/** A smaller difference cannot be why a signature was refused, because the services allow 15 minutes. */
const SUSPECT_TIME_MS = 5 * 60_000;

/**
 * Codes of Node and OpenSSL for a peer with a wrong certificate, and of a proxy that refuses. Nothing was sent, and a
 * person has to change something.
 */
const CONFIGURATION_FAILURE =
  /^(ERR_TLS_CERT|ERR_SSL|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|PROXY_40[37]$)/;

/** 408 (request timeout), 425 (too early), 429 (too many requests). Without a known code these and 5xx are retried. */
const RETRIED_STATUSES = new Set([408, 425, 429]);

/** @param wallMs the time with which the request was signed, in milliseconds since 1970 */
export function outcomeOf(answer: Answer, table: AnswerTable, wallMs: number): Outcome {
  if (answer.kind === 'failed') {
    const refusal = { code: answer.code, message: answer.message };
    return CONFIGURATION_FAILURE.test(answer.code) ? { kind: 'hold', refusal } : { kind: 'retry', refusal, afterMs: 0 };
  }
  const { status, headers, body } = answer;
  const requestId = headers[table.requestIdHeader] ?? '';
  const error = table.errorIn(body);
  if (status === 200 && requestId !== '' && error === undefined) return { kind: 'delivered', requestId };
  const refusal: Refusal = {
    code: error?.code ?? `HTTP ${status}`,
    message: error === undefined ? explain(status, requestId) : withAdvice(error, table),
    status,
    ...(requestId === '' ? {} : { requestId }),
  };
  const verdict = (error === undefined ? undefined : byError(error, status, table)) ?? byStatus(status, requestId);
  switch (verdict) {
    case 'retry':
      return { kind: 'retry', refusal, afterMs: retryAfterMs(headers['retry-after'], wallMs) };
    case 'retry, then reject':
      return { kind: 'retry', refusal, afterMs: 0, mostAttempts: MOST_ATTEMPTS };
    case 'too many bytes':
      return { kind: 'split', refusal, tooLarge: 'bytes' };
    case 'too many records':
      return { kind: 'split', refusal, tooLarge: 'count' };
    case 'record too large':
      return { kind: 'split', refusal, tooLarge: 'record' };
    case 'record time refused':
      return rejectedForTime(refusal, headers['date'], wallMs, table);
    case 'time refused':
      return heldForTime(refusal, headers['date'], wallMs, SAME_TIME_MS);
    case 'signature refused':
      return heldForTime(refusal, headers['date'], wallMs, SUSPECT_TIME_MS);
    default:
      return { kind: verdict, refusal };
  }
}

function byError(error: ServiceError, status: number, table: AnswerTable): Verdict | undefined {
  const known = Object.hasOwn(table.codes, error.code) ? table.codes[error.code] : undefined;
  return table.verdictOf?.(error, status) ?? known;
}

function withAdvice({ code, message }: ServiceError, { advice = {} }: AnswerTable): string {
  return Object.hasOwn(advice, code) ? `${message} (${advice[code]})` : message;
}

/** Computes the window with the service's clock if the answer has its time, else with ours. */
function rejectedForTime(refusal: Refusal, date: string | undefined, wallMs: number, table: AnswerTable): Outcome {
  if (table.window === undefined) return { kind: 'reject', refusal };
  const dateMs = Date.parse(date ?? '');
  const serviceMs = Number.isNaN(dateMs) ? undefined : dateMs;
  const nowMs = serviceMs ?? wallMs;
  const { pastMs, aheadMs } = table.window;
  return { kind: 'reject', refusal, takes: { fromMs: nowMs - pastMs, toMs: nowMs + aheadMs, serviceMs } };
}

function heldForTime(refusal: Refusal, date: string | undefined, wallMs: number, beyondMs: number): Outcome {
  const serviceMs = Date.parse(date ?? '');
  const differs = Math.abs(serviceMs - wallMs) > beyondMs;
  return differs ? { kind: 'hold', refusal, serviceMs } : { kind: 'hold', refusal };
}

/** Decides about an answer without a known code. */
function byStatus(status: number, requestId: string): Verdict {
  // Something in between answered, such as a captive portal or a gateway that starts.
  if (status >= 200 && status < 300 && requestId === '') return 'retry';
  // The request was too large for the service or for a proxy.
  if (status === 413) return 'too many bytes';
  return status >= 500 || RETRIED_STATUSES.has(status) ? 'retry' : 'hold';
}

function explain(status: number, requestId: string): string {
  return requestId === ''
    ? `the answer ${status} is not from the service (it has no request id); check for a proxy in between`
    : `the service answered ${status} without a reason`;
}

/**
 * Reads a Retry-After of RFC 9110, in seconds or as a date. Returns 0 without the header, or if it is invalid or past.
 */
export function retryAfterMs(value: string | undefined, wallMs: number): number {
  if (value === undefined) return 0;
  const text = value.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - wallMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}
