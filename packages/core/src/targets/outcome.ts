// What an answer means for a batch: values, decided by the service's error code first and the HTTP status second.
// Takes: an answer, or the failure to get one, and a target's table. Gives: an Outcome. Keeps: nothing.
// Never: deletes on what it does not know: an unknown refusal holds the batch.

import type { Answer } from '../http/exchange';

/** Why a batch was not taken. */
export interface Refusal {
  /** The service's error code, or Node's. */
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  readonly requestId?: string;
}

export type Outcome =
  | { readonly kind: 'delivered'; readonly requestId: string }
  /** It will pass by itself: send the same bytes again, at least `afterMs` from now. */
  | { readonly kind: 'retry'; readonly refusal: Refusal; readonly afterMs: number }
  /**
   * Somebody has to change something (a key, a topic): keep the batch and ask slowly. With `serviceMs` it may be our
   * clock that is wrong: that is the service's time, in milliseconds since 1970.
   */
  | { readonly kind: 'hold'; readonly refusal: Refusal; readonly serviceMs?: number }
  /** Too large in one way: it may be taken in parts. */
  | { readonly kind: 'split'; readonly refusal: Refusal; readonly tooLarge: 'bytes' | 'count' | 'record' }
  /**
   * The service will never take these bytes. With `takes` it is for the time of some records, and the others may be
   * taken without them.
   */
  | { readonly kind: 'reject'; readonly refusal: Refusal; readonly takes?: TimeWindow };

/** The times that a service takes, in milliseconds since 1970. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
  /** What time it is at the service, if it said so. */
  readonly serviceMs: number | undefined;
}

export type Delivered = Extract<Outcome, { kind: 'delivered' }>;
/** It has to be sent again. */
export type Failure = Extract<Outcome, { kind: 'retry' | 'hold' }>;
/** It will not be taken as it is. */
export type Refused = Extract<Outcome, { kind: 'split' | 'reject' }>;

/** What an error code means. */
export type Verdict =
  | 'retry'
  | 'hold'
  | 'reject'
  /** Too many bytes, too many records, or one record with too many bytes: split. */
  | 'too many bytes'
  | 'too many records'
  | 'record too large'
  /** A record is too old, or too far ahead: reject those. */
  | 'record time refused'
  /** Signed at a time that the service does not accept: hold, with the service's time. */
  | 'time refused'
  /** Not the signature it expected. A clock that is far off is one reason for that, a wrong secret another. */
  | 'signature refused';

/** What a target knows of its service's answers. */
export interface AnswerTable {
  /** The header that every answer of the real service has; one without it came from somebody in between. */
  readonly requestIdHeader: string;
  /** By error code. */
  readonly codes: Readonly<Record<string, Verdict>>;
  /** The service's error in a body, if it is one. */
  readonly errorIn: (body: string) => ServiceError | undefined;
  /** What is known by more than the code, and before it: some services say different things with one. */
  readonly verdictOf?: (error: ServiceError, status: number) => Verdict | undefined;
  /** How old a record may be, and how far ahead; with the verdict `record time refused`. */
  readonly window?: { readonly pastMs: number; readonly aheadMs: number };
  /** What a person can do about it. */
  readonly advice?: Readonly<Record<string, string>>;
}

/** The fields of the JSON object that a body is; none of any other body: then the status decides. */
export function fieldsIn(body: string): Readonly<Record<string, unknown>> | undefined {
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

/** A Retry-After beyond this is a mistake or an attack; five minutes are enough to be polite. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/** A Date header has whole seconds: a difference below this is none. */
const SAME_TIME_MS = 2000;
/** Behind a refused signature, a difference below this is not the reason: services admit fifteen minutes. */
const SUSPECT_TIME_MS = 5 * 60_000;

/**
 * Codes of Node and OpenSSL for a peer with a wrong certificate, and of a proxy that refuses. Nothing was sent, and a person
 * must change something.
 */
const NO_WAY = /^(ERR_TLS_CERT|ERR_SSL|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|PROXY_40[37]$)/;

/** Retried though nothing says what it is: too many requests, timeouts, the service's own failures. */
const RETRIED_STATUSES = new Set([408, 425, 429]);

/** @param wallMs the time now as the request was signed with it */
export function outcomeOf(answer: Answer, table: AnswerTable, wallMs: number): Outcome {
  if (answer.kind === 'failed') {
    const refusal = { code: answer.code, message: answer.message };
    return NO_WAY.test(answer.code) ? { kind: 'hold', refusal } : { kind: 'retry', refusal, afterMs: 0 };
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
  const verdict = (error === undefined ? undefined : byError(error, status, table)) ?? byStatus(status);
  switch (verdict) {
    case 'retry':
      return { kind: 'retry', refusal, afterMs: retryAfterMs(headers['retry-after'], wallMs) };
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

/** By the service's clock, if it says what time it is there. */
function rejectedForTime(refusal: Refusal, date: string | undefined, wallMs: number, table: AnswerTable): Outcome {
  if (table.window === undefined) return { kind: 'reject', refusal };
  const said = Date.parse(date ?? '');
  const nowMs = Number.isNaN(said) ? wallMs : said;
  const { pastMs, aheadMs } = table.window;
  const serviceMs = Number.isNaN(said) ? undefined : said;
  return { kind: 'reject', refusal, takes: { fromMs: nowMs - pastMs, toMs: nowMs + aheadMs, serviceMs } };
}

function heldForTime(refusal: Refusal, date: string | undefined, wallMs: number, beyondMs: number): Outcome {
  const serviceMs = Date.parse(date ?? '');
  const differs = Math.abs(serviceMs - wallMs) > beyondMs;
  return differs ? { kind: 'hold', refusal, serviceMs } : { kind: 'hold', refusal };
}

/** Of an answer with an unknown code or none. */
function byStatus(status: number): Verdict {
  // Whoever said it, the service or a proxy before it: it was too much for them.
  if (status === 413) return 'too many bytes';
  return status >= 500 || RETRIED_STATUSES.has(status) ? 'retry' : 'hold';
}

function explain(status: number, requestId: string): string {
  return requestId === ''
    ? `the answer ${status} is not the service's own (no request id): is there a proxy in between?`
    : `the service answered ${status} without saying why`;
}

/** RFC 9110's Retry-After, seconds or a date; 0 for none, for nonsense, and for the past. */
export function retryAfterMs(value: string | undefined, wallMs: number): number {
  if (value === undefined) return 0;
  const text = value.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - wallMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}
