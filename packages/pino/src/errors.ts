// The catalogue of errors of this package: one function for each.

import { PutlogsError } from '@putlogs/core';

const PASS = "pass a logger with the target '@putlogs/pino', or what pino.transport(...) or transport(...) returned";

export function notOurs(): PutlogsError {
  const message = `putlogs: this is no logger or transport of @putlogs/pino; ${PASS}`;
  return new PutlogsError('ERR_PUTLOGS_WORKER', message);
}

export function transportClosed(): PutlogsError {
  const message = 'putlogs: the transport is closed, and its counters are gone; ask before it ends';
  return new PutlogsError('ERR_PUTLOGS_WORKER', message);
}

export function lossNotSeen(): PutlogsError {
  const message =
    "putlogs: failOnLoss cannot work here: at the end of the process, this runtime does not read what pino's worker " +
    'reports; log in one thread, with strict: true: pino(await transport({ strict: true }))';
  return new PutlogsError('ERR_PUTLOGS_WORKER', message);
}

export function statsNotAnswered(timeoutMs: number): PutlogsError {
  const message = `putlogs: the worker did not answer within ${timeoutMs} ms; it is busy, or has no target '@putlogs/pino'`;
  return new PutlogsError('ERR_PUTLOGS_WORKER', message);
}
