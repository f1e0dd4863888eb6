// The catalogue of errors of this package: one function for each.

import { PutlogsError } from '@putlogs/core';

export function statsNotAnswered(timeoutMs: number): PutlogsError {
  const message = `putlogs: the transport did not answer within ${timeoutMs} ms; ask before it is closed, and only a transport of @putlogs/pino`;
  return new PutlogsError('ERR_PUTLOGS_WORKER', message);
}
