// Takes: what a stage decided. Gives: the status, headers and body of one HTTP answer. Keeps: nothing.
// Never: knows a code: each service has its own catalogue of refusals.
// Refusals are values, so that every stage can say no without throwing.

/** An answer ready to be sent. `headers` never holds the request id, the date or the length: the server adds those. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The error code of a refusal, for the statistics. */
  readonly code?: string;
}

/** A stage's no. Told from every other outcome by its `refused`. */
export interface Refusal {
  readonly refused: true;
  readonly status: number;
  readonly code: string;
  readonly message: string;
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
