// The answers of a stage: a successful answer, or a refusal.
//
// Refusals are values, so that every stage can refuse without throwing. Each service has its own catalogue of codes.

/** An answer to send. The server adds the request id, the date and the length to `headers`. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The error code of a refusal, for the statistics. */
  readonly code?: string;
}

/** A refusal of a stage. Its property `refused` distinguishes it from every other result. */
export interface Refusal {
  readonly refused: true;
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export function isRefusal(outcome: unknown): outcome is Refusal {
  return typeof outcome === 'object' && outcome !== null && (outcome as { refused?: unknown }).refused === true;
}

/** What a body says that is decoded for a second time. Throws if it is refused now: the emulator is at fault. */
export function unrefused<T>(outcome: T | Refusal): T {
  if (isRefusal(outcome)) throw new Error(`An accepted body cannot be decoded again: ${outcome.message}`);
  return outcome;
}

export function answerJson(value: unknown, status = 200): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8' },
    body: Buffer.from(JSON.stringify(value)),
  };
}
