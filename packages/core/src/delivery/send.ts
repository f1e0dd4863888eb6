// The one owner of sockets: a signed request out, an answer in.
// Takes: a request. Gives: an Answer, whatever happens. Keeps: kept-alive connections to one origin. Never: throws,
// retries, follows a redirect (it would carry the signature elsewhere), or waits beyond `timeoutMs` in all, however
// slowly the bytes come.

import type { Pool } from 'undici';
import type { Clock } from '../clock';
import type { Answer } from './outcome';

export interface SignedRequest {
  readonly method: 'POST';
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface SenderOptions {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly connections: number;
  /** For one attempt: connecting, sending and reading the whole answer. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** An answer of a log service has some hundred bytes; what comes beyond this is not read. */
const MAX_ANSWER_BYTES = 64 * 1024;

export class Sender {
  readonly #options: SenderOptions;
  #pool: Pool | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  async send(request: SignedRequest, signal: AbortSignal): Promise<Answer> {
    const { timeoutMs, clock } = this.#options;
    const attempt = new AbortController();
    const end = () => attempt.abort(signal.reason);
    signal.addEventListener('abort', end);
    const cancelDeadline = clock.after(timeoutMs, false, () => attempt.abort(new DeadlinePassed(timeoutMs)));
    try {
      this.#pool ??= this.#connect();
      const answer = await this.#pool.request({ ...request, signal: attempt.signal });
      const headers: Record<string, string | undefined> = {};
      for (const [name, value] of Object.entries(answer.headers)) headers[name] = String(value);
      return { kind: 'answered', status: answer.statusCode, headers, body: await readBody(answer.body) };
    } catch (error) {
      return failure(error);
    } finally {
      cancelDeadline();
      signal.removeEventListener('abort', end);
    }
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
  }

  #connect(): Pool {
    // Loaded here and not at the top: it is the slowest of all our imports, and nothing needs it before.
    const undici = require('undici') as typeof import('undici');
    const { origin, connections, timeoutMs } = this.#options;
    return new undici.Pool(origin, {
      connections,
      pipelining: 1,
      // One deadline for the whole attempt is kept above; undici's own begin anew with every byte.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: timeoutMs },
    });
  }
}

class DeadlinePassed extends Error {
  readonly code = 'TIMEOUT';

  constructor(timeoutMs: number) {
    super(`no complete answer within ${timeoutMs} ms (requestTimeoutMs)`);
  }
}

async function readBody(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop early destroys the stream, and with it the connection: nobody has to read the rest.
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, MAX_ANSWER_BYTES);
}

function failure(error: unknown): Answer {
  if (!(error instanceof Error)) return { kind: 'failed', code: 'UNKNOWN', message: String(error) };
  // A connection refused on every address of a host comes as an AggregateError with an empty message.
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  const code = (error as NodeJS.ErrnoException).code ?? error.name;
  return { kind: 'failed', code, message: error.message || (inner instanceof Error ? inner.message : code) };
}
