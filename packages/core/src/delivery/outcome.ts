// What an answer means for a batch: values, decided by the service's error code first and the HTTP status second.
// Takes: an answer, or the failure to get one, and a target's table. Gives: an Outcome. Keeps: nothing.
// Never: deletes on what it does not know: an unknown refusal holds the batch.

/** What came back for one request. */
export type Answer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | undefined>>;
      /** The body's first 64 KiB as text. */
      readonly body: string;
    }
  /** No complete answer. The service may or may not have taken the batch. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** Why a batch was not taken. */
export interface Refusal {
  /** The service's error code, or Node's or undici's. */
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  readonly requestId?: string;
}

export type Outcome =
  | { readonly kind: 'delivered'; readonly requestId: string }
  /** It will pass by itself: send the same bytes again, at least `afterMs` from now. */
  | { readonly kind: 'retry'; readonly refusal: Refusal; readonly afterMs: number }
  /** Somebody has to change something (a key, a topic): keep the batch and ask slowly. */
  | { readonly kind: 'hold'; readonly refusal: Refusal }
  /** The service will never take these bytes. */
  | { readonly kind: 'reject'; readonly refusal: Refusal };

/** What a target knows of its service's answers. */
export interface AnswerTable {
  /** The header that every answer of the real service has; one without it came from somebody in between. */
  readonly requestIdHeader: string;
  /** By error code. */
  readonly codes: Readonly<Record<string, 'retry' | 'hold' | 'reject'>>;
  /** The service's error in a body, if it is one. */
  readonly errorIn: (body: string) => { code: string; message: string } | undefined;
}

/** A Retry-After beyond this is a mistake or an attack; five minutes are enough to be polite. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/** Retried though nothing says what it is: too many requests, timeouts, the service's own failures. */
const RETRIED_STATUSES = new Set([408, 425, 429]);

export function outcomeOf(answer: Answer, table: AnswerTable, wallMs: number): Outcome {
  if (answer.kind === 'failed') {
    return { kind: 'retry', refusal: { code: answer.code, message: answer.message }, afterMs: 0 };
  }
  const { status, headers, body } = answer;
  const requestId = headers[table.requestIdHeader];
  if (status === 200 && requestId !== undefined && table.errorIn(body) === undefined) {
    return { kind: 'delivered', requestId };
  }
  const error = table.errorIn(body);
  const refusal: Refusal = {
    code: error?.code ?? `HTTP ${status}`,
    message: error?.message ?? explain(status, requestId),
    status,
    ...(requestId === undefined ? {} : { requestId }),
  };
  const verdict = (error && Object.hasOwn(table.codes, error.code) && table.codes[error.code]) || byStatus(status);
  return verdict === 'retry'
    ? { kind: 'retry', refusal, afterMs: retryAfterMs(headers['retry-after'], wallMs) }
    : { kind: verdict, refusal };
}

function byStatus(status: number): 'retry' | 'hold' {
  return status >= 500 || RETRIED_STATUSES.has(status) ? 'retry' : 'hold';
}

function explain(status: number, requestId: string | undefined): string {
  return requestId === undefined
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
