// The least a pino transport can be: a stream in pino's worker that takes chunks and throws them away.
import { Writable } from 'node:stream';

export default function discard(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
