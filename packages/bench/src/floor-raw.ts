// The floor for pino transports: a stream in pino's worker that discards its chunks.

import { Writable } from 'node:stream';

export default function discard(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
