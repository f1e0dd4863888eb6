// The errors a person can meet. They exist only at the public edge: inside, outcomes are values.
// Gives: PutlogsError with a stable `code`; the words of whatever else was thrown. Never: a secret in a message, or a
// class check across package copies (two versions of this package may be loaded at once: compare `code`, not
// `instanceof`).

/**
 * The stable codes:
 * - `ERR_PUTLOGS_OPTIONS`: the options or the environment are wrong; the message lists every problem.
 * - `ERR_PUTLOGS_WORKER`: the worker thread could not be started.
 */
export type PutlogsErrorCode = 'ERR_PUTLOGS_OPTIONS' | 'ERR_PUTLOGS_WORKER';

/** An error with a `code` that stays the same between versions and a message that says what to change. */
export class PutlogsError extends Error {
  readonly code: PutlogsErrorCode;

  constructor(code: PutlogsErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'PutlogsError';
    this.code = code;
  }
}

/** What was thrown, in words; it may be no error at all. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
