// The catalogue of errors: one function for each error that a caller of the package can meet.
//
// Errors exist only at the public edge. Inside, outcomes are values. Compare `code`, not the class, because two
// versions of this package may be loaded at once. No message contains a secret.

import { outsideText } from './telemetry/outside-text';

/**
 * The stable codes:
 * - `ERR_PUTLOGS_OPTIONS`: the options or the environment are wrong. The message lists every problem.
 * - `ERR_PUTLOGS_WORKER`: a worker thread could not be started, or did not answer.
 */
export type PutlogsErrorCode = 'ERR_PUTLOGS_OPTIONS' | 'ERR_PUTLOGS_WORKER';

/**
 * An error with a `code` that stays the same between versions. Its message says what to change, its `cause` why.
 */
export class PutlogsError extends Error {
  readonly code: PutlogsErrorCode;

  constructor(code: PutlogsErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'PutlogsError';
    this.code = code;
  }
}

/** @param problems each a sentence that names an option and says what to change */
export function optionsWrong(problems: readonly string[]): PutlogsError {
  const list = problems.map((problem) => `\n  - ${problem}`).join('');
  return new PutlogsError('ERR_PUTLOGS_OPTIONS', `putlogs cannot start with these options:${list}`);
}

export function optionsNotAnObject(): PutlogsError {
  return new PutlogsError('ERR_PUTLOGS_OPTIONS', 'putlogs: the options must be an object');
}

export function transformNotLoaded(path: string, cause: unknown): PutlogsError {
  const problem = outsideText(messageOf(cause));
  return new PutlogsError('ERR_PUTLOGS_OPTIONS', `putlogs: transform: ${path} cannot be loaded: ${problem}`, { cause });
}

export function transformNotAFunction(path: string): PutlogsError {
  const message = `putlogs: transform: the default export of ${path} is not a function; export one`;
  return new PutlogsError('ERR_PUTLOGS_OPTIONS', message);
}

export function workerNotStarted(cause: unknown): PutlogsError {
  const problem = outsideText(messageOf(cause));
  const message = `putlogs: no worker thread could be started: ${problem}`;
  return new PutlogsError('ERR_PUTLOGS_WORKER', message, { cause });
}

export function workerFileMissing(path: string): PutlogsError {
  const remedy =
    'In a bundle, keep @putlogs/core external, emit the worker as a file, or set worker: false (docs/bundlers.md). In Next.js, name @putlogs/winston in serverExternalPackages';
  return new PutlogsError(
    'ERR_PUTLOGS_WORKER',
    `putlogs: no worker thread could be started: ${path} does not exist. ${remedy}`,
  );
}

export function codeGenerationForbidden(): PutlogsError {
  return new PutlogsError(
    'ERR_PUTLOGS_WORKER',
    'putlogs: no worker thread could be started: its loader makes code of strings, which --disallow-code-generation-from-strings forbids. Set worker: false, call createShipper, or start Node without that flag',
  );
}

/** Returns the message of what was thrown. That may not be an error, and reading it may throw. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return 'an error without a readable message';
  }
}
