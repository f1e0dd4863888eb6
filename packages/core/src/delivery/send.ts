// The one owner of sockets: a signed request out, an answer in.
// Takes: a request. Gives: an Answer, whatever happens. Keeps: kept-alive connections to one origin. Never: throws,
// retries what the service may have seen fail, follows a redirect (it would carry the signature elsewhere), or waits
// beyond the deadline, however slowly the bytes come.
//
// A connection that was kept alive may be closed by the service in the very moment in which it is used again. That is
// no failure of the service: the request goes once more, at once, over a connection that is new.
//
// One that was idle for longer may be dead without a word: a gateway has forgotten it while this process was frozen, and
// a request on it would only end with its deadline. undici closes what is idle after some seconds, but its timer counts
// turns of the loop, and a frozen process has none.

import type { Dispatcher } from 'undici';
import type { Clock } from '../clock';
import { type Connections, type Network, openConnections } from './connections';
import type { Answer } from './outcome';

/** One that is signed, or needs no signature. */
export interface SignedRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface SenderOptions {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly connections: number;
  /** For one attempt: connecting, sending and reading the whole answer. A large body has more, see `deadlineMs`. */
  readonly timeoutMs: number;
  readonly network: Network;
  readonly clock: Clock;
  /** Told of each request that goes out. */
  readonly onRequest: () => void;
}

/** An answer of a log service has some hundred bytes; what comes beyond this is not read. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Idle for so long, a connection is not trusted any more: half of the minute that gateways commonly wait. */
const IDLE_MS = 30_000;

/** The slowest line that is waited for: a second more for every whole 32 KiB of a body. */
const LEAST_BYTES_PER_SECOND = 32 * 1024;

/** How long an attempt with a body of so many bytes may take. */
export function deadlineMs(timeoutMs: number, bodyBytes: number): number {
  return timeoutMs + Math.floor(bodyBytes / LEAST_BYTES_PER_SECOND) * 1000;
}

export class Sender {
  readonly #options: SenderOptions;
  #pool: Connections | undefined;
  /** When the pool last had something to do. */
  #usedMs = 0;
  /** Pools of before, until their last request has ended. */
  readonly #retired = new Set<Connections>();
  /** For an error of a socket: how much had been read from it. */
  readonly #bytesRead = new WeakMap<Error, number>();

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  async send(request: SignedRequest, signal: AbortSignal): Promise<Answer> {
    const { timeoutMs, clock } = this.#options;
    const attempt = new AbortController();
    const end = () => attempt.abort(signal.reason);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    const withinMs = deadlineMs(timeoutMs, request.body.length);
    const cancelDeadline = clock.after(withinMs, false, () => attempt.abort(new DeadlinePassed(timeoutMs, withinMs)));
    try {
      return await this.#exchange(request, attempt.signal);
    } catch (error) {
      return failure(error);
    } finally {
      cancelDeadline();
      signal.removeEventListener('abort', end);
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#retired, ...(this.#pool === undefined ? [] : [this.#pool])];
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  async #exchange(request: SignedRequest, signal: AbortSignal): Promise<Answer> {
    const pool = this.#freshPool();
    const { origin } = this.#options;
    let answer: Dispatcher.ResponseData;
    this.#options.onRequest();
    try {
      answer = await pool.request({ ...request, origin, signal });
    } catch (error) {
      if (!this.#wasClosedWhileIdle(error) || signal.aborted) throw error;
      // The other idle connections of the pool are as old: they end with it, once those in use are done.
      if (this.#pool === pool) this.#retire(pool);
      this.#options.onRequest();
      answer = await this.#freshPool().request({ ...request, origin, signal });
    }
    const headers: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(answer.headers)) headers[name] = String(value);
    const body = await readBody(answer.body);
    this.#usedMs = this.#options.clock.monotonicMs();
    return { kind: 'answered', status: answer.statusCode, headers, body };
  }

  /** Without an answer to this request, from a connection that has brought answers before. */
  #wasClosedWhileIdle(error: unknown): boolean {
    if (!(error instanceof Error)) return false;
    const { code, socket } = error as NodeJS.ErrnoException & { socket?: { bytesRead?: number } };
    const isClosed = code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
    return isClosed && (this.#bytesRead.get(error) ?? socket?.bytesRead ?? 0) > 0;
  }

  #freshPool(): Connections {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#pool !== undefined && nowMs - this.#usedMs >= IDLE_MS) this.#retire(this.#pool);
    this.#usedMs = nowMs;
    this.#pool ??= this.#connect();
    return this.#pool;
  }

  #retire(pool: Connections): void {
    this.#pool = undefined;
    this.#retired.add(pool);
    const forget = () => this.#retired.delete(pool);
    void pool.close().then(forget, forget);
  }

  #connect(): Connections {
    return openConnections({
      ...this.#options,
      onSocket: (socket) => socket.on('error', (failed) => this.#bytesRead.set(failed, socket.bytesRead)),
    });
  }
}

/** One request over a connection of its own. */
export async function sendOnce(request: SignedRequest, options: SenderOptions, signal: AbortSignal): Promise<Answer> {
  const sender = new Sender(options);
  try {
    return await sender.send(request, signal);
  } finally {
    await sender.close();
  }
}

/** The code of an attempt that had no complete answer in time. */
export const DEADLINE_PASSED = 'TIMEOUT';

class DeadlinePassed extends Error {
  readonly code = DEADLINE_PASSED;

  constructor(timeoutMs: number, withinMs: number) {
    const forSize = withinMs === timeoutMs ? '' : `, and ${withinMs - timeoutMs} ms for the size of the batch`;
    super(`no complete answer within ${timeoutMs} ms (requestTimeoutMs)${forSize}`);
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

/** undici's words for a proxy that did not open the way. */
const NOT_CONNECTED = /^Proxy response \((\d{3})\)/;

function failure(error: unknown): Answer {
  if (!(error instanceof Error)) return { kind: 'failed', code: 'UNKNOWN', message: String(error) };
  const proxyStatus = NOT_CONNECTED.exec(error.message)?.[1];
  if (proxyStatus !== undefined) {
    const where = proxyStatus === '407' ? 'the name and password in proxy' : 'proxy and noProxy';
    const message = `the proxy answered ${proxyStatus} and did not connect; check ${where} (or HTTPS_PROXY, NO_PROXY)`;
    return { kind: 'failed', code: `PROXY_${proxyStatus}`, message };
  }
  const { code = error.name } = error as NodeJS.ErrnoException;
  // Of the service's own answer it is the attempt's deadline that says this.
  if (code === 'UND_ERR_HEADERS_TIMEOUT') {
    return { kind: 'failed', code: 'PROXY_TIMEOUT', message: 'the proxy did not answer; check proxy (or HTTPS_PROXY)' };
  }
  // A connection refused on every address of a host comes as an AggregateError with an empty message.
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  return { kind: 'failed', code, message: error.message || (inner instanceof Error ? inner.message : code) };
}
