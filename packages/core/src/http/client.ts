// Sends signed requests and returns each answer, or the failure to get one, as a value.
//
// - One deadline bounds a whole attempt: connecting, sending and reading. It does not restart with each byte.
// - At most 64 KiB of an answer's body are read, unless the options set another limit.
// - A redirect is not followed, because it would carry the signature to another host.
// - A failed request is not repeated, with one exception. A service may close a kept-alive connection at the moment at
//   which it is used again. Then the connection ends before a byte of the answer, and the request is sent once more
//   over a new connection.

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { atMost, type Clock } from '../runtime/clock';
import { NodeAbortController } from '../runtime/node-abort';
import { type Answer, MAX_HEADER_BYTES, type Network, type SignedRequest } from './exchange';
import { destroy, IDLE_MS, loadTunnel, openPool, type Pool, retire } from './pool';

export interface HttpClientOptions {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly connections: number;
  /** Bounds one attempt: connecting, sending and reading the whole answer. `deadlineMs` adds time for a large body. */
  readonly timeoutMs: number;
  /** Default 64 KiB. A longer answer is cut. */
  readonly maxAnswerBytes?: number;
  readonly network: Network;
  readonly clock: Clock;
  /** Called for each request that is sent. */
  readonly onRequest: () => void;
}

/** A connection that is destroyed closes at once, except under fake timers that replace `process.nextTick`. */
const CLOSE_MS = 1000;

/** The answer to a batch has a few hundred bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** The slowest line that is supported: each whole 32 KiB of a body adds a second to the deadline. */
const LEAST_BYTES_PER_SECOND = 32 * 1024;

/** Returns how long an attempt with a body of this size may take. */
export function deadlineMs(timeoutMs: number, bodyBytes: number): number {
  return timeoutMs + Math.floor(bodyBytes / LEAST_BYTES_PER_SECOND) * 1000;
}

export class HttpClient {
  readonly #options: HttpClientOptions;
  #pool: Pool | undefined;
  /** When a request last began, or ended with an answer. */
  #usedMs = 0;
  readonly #attempts = new Set<AbortController>();
  #isClosed = false;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    if (options.network.proxy !== undefined) loadTunnel();
  }

  async request(request: SignedRequest, signal: AbortSignal): Promise<Answer> {
    const { timeoutMs, clock } = this.#options;
    const attempt = new NodeAbortController();
    this.#attempts.add(attempt);
    const end = () => attempt.abort(signal.reason);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    if (this.#isClosed) attempt.abort(closed());
    const withinMs = deadlineMs(timeoutMs, request.body.length);
    const cancelDeadline = clock.after(withinMs, false, () => attempt.abort(new DeadlinePassed(timeoutMs, withinMs)));
    try {
      return await this.#send(request, attempt.signal);
    } catch (error) {
      // HTTP does not allow the path or a header, or the CA file is gone.
      return failure(error);
    } finally {
      cancelDeadline();
      signal.removeEventListener('abort', end);
      this.#attempts.delete(attempt);
    }
  }

  /** Ends every attempt and every connection, and returns when the connections are closed, or after a second. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const attempt of this.#attempts) attempt.abort(closed());
    if (this.#pool !== undefined) await atMost(this.#options.clock, CLOSE_MS, false, destroy(this.#pool));
  }

  async #send(request: SignedRequest, signal: AbortSignal): Promise<Answer> {
    if (signal.aborted) return failure(signal.reason);
    const pool = this.#freshPool();
    this.#options.onRequest();
    const { maxAnswerBytes = MAX_ANSWER_BYTES } = this.#options;
    let { answer, wasClosedWhileIdle } = await exchange(pool, request, maxAnswerBytes, signal);
    if (wasClosedWhileIdle && !signal.aborted) {
      // The pool's other idle connections are as old as this one.
      if (this.#pool === pool) this.#retire(pool);
      this.#options.onRequest();
      ({ answer } = await exchange(this.#freshPool(), request, maxAnswerBytes, signal));
      if (answer.kind === 'answered') answer = { ...answer, isRepeated: true };
    }
    if (answer.kind === 'answered') this.#usedMs = this.#options.clock.monotonicMs();
    // The agent may never learn that the connection is closed: fake timers of a test, which have replaced
    // `process.nextTick` during the attempt, drop what Node has planned. Then its place would never be free again.
    else if (answer.code === DEADLINE_PASSED && this.#pool === pool) this.#retire(pool);
    return answer;
  }

  /**
   * Node's own timer also ends idle connections, but it does not run while the process is frozen. In that time a
   * gateway may forget a connection without a notice, and a request over it would end only at its deadline.
   */
  #freshPool(): Pool {
    const { origin, connections, network, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#pool !== undefined && nowMs - this.#usedMs >= IDLE_MS) this.#retire(this.#pool);
    this.#usedMs = nowMs;
    this.#pool ??= openPool(origin, connections, network);
    return this.#pool;
  }

  #retire(pool: Pool): void {
    this.#pool = undefined;
    retire(pool);
  }
}

/** Sends one request over a new connection, and closes the connection. */
export async function requestOnce(
  request: SignedRequest,
  options: HttpClientOptions,
  signal: AbortSignal,
): Promise<Answer> {
  const client = new HttpClient(options);
  try {
    return await client.request(request, signal);
  } finally {
    await client.close();
  }
}

interface Exchanged {
  readonly answer: Answer;
  /** True if a connection that was used before ended without a byte of this answer. */
  readonly wasClosedWhileIdle: boolean;
}

/** Sends the request once. @throws if HTTP does not allow the path or a header */
function exchange(pool: Pool, request: SignedRequest, maxAnswerBytes: number, signal: AbortSignal): Promise<Exchanged> {
  const { hostname, port } = pool.origin;
  const outgoing = pool.request({
    agent: pool.agent,
    method: request.method,
    host: hostname.replace(/^\[|\]$/g, ''),
    port,
    path: request.path,
    // If there is a Host header, it also decides the name that TLS asks for.
    headers: { ...request.headers, ...lengthOf(request) },
    maxHeaderSize: MAX_HEADER_BYTES,
    insecureHTTPParser: false,
    ...{ attempt: signal },
  });
  return new Promise((resolve) => {
    const finish = (answer: Answer, wasClosedWhileIdle = false) => {
      signal.removeEventListener('abort', abort);
      resolve({ answer, wasClosedWhileIdle });
    };
    const abort = () => {
      finish(failure(pool.isProxied && isLate(signal) && outgoing.socket === null ? proxyLate() : signal.reason));
      outgoing.destroy();
    };
    signal.addEventListener('abort', abort);
    let bytesBefore = 0;
    outgoing.once('socket', (socket: Socket) => {
      bytesBefore = socket.bytesRead;
    });
    // These listeners are never removed: an error after the outcome must not become an uncaught exception.
    outgoing.on('error', (error) => finish(failure(error), wasClosedWhileIdle(error, outgoing, bytesBefore)));
    outgoing.on('close', () => finish({ kind: 'failed', code: 'ECONNRESET', message: 'the connection was closed' }));
    outgoing.once('response', (incoming) => read(incoming, outgoing, maxAnswerBytes, finish));
    outgoing.end(request.body);
  });
}

/** Without a length Node would send the body in chunks, which the services do not accept. */
function lengthOf({ method, body }: SignedRequest): Record<string, string> {
  return method === 'GET' && body.length === 0 ? {} : { 'content-length': String(body.length) };
}

function wasClosedWhileIdle(error: NodeJS.ErrnoException, outgoing: ClientRequest, bytesBefore: number): boolean {
  const isClosed = error.code === 'ECONNRESET' || error.code === 'EPIPE';
  return isClosed && outgoing.reusedSocket && outgoing.socket?.bytesRead === bytesBefore;
}

function read(
  incoming: IncomingMessage,
  outgoing: ClientRequest,
  maxAnswerBytes: number,
  finish: (answer: Answer) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const end = () => {
    const headers: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value);
    const body = Buffer.concat(chunks).toString('utf8', 0, maxAnswerBytes);
    finish({ kind: 'answered', status: incoming.statusCode ?? 0, headers, body });
  };
  incoming.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= maxAnswerBytes) return;
    end();
    outgoing.destroy();
  });
  incoming.on('end', () => {
    end();
    // The answer came before the end of the request, so the connection cannot be used again.
    if (!outgoing.writableFinished) outgoing.destroy();
  });
  incoming.on('error', (error) => finish(failure(error)));
}

/** The code of an attempt without a complete answer at its deadline. */
export const DEADLINE_PASSED = 'TIMEOUT';

class DeadlinePassed extends Error {
  readonly code = DEADLINE_PASSED;

  constructor(timeoutMs: number, withinMs: number) {
    const forSize = withinMs === timeoutMs ? '' : `, and ${withinMs - timeoutMs} ms for the size of the batch`;
    super(`no complete answer within ${timeoutMs} ms (requestTimeoutMs)${forSize}`);
  }
}

function isLate({ reason }: AbortSignal): boolean {
  return reason instanceof DeadlinePassed;
}

function proxyLate(): Error {
  const message = 'the proxy opened no connection in time; check proxy (or HTTPS_PROXY)';
  return Object.assign(new Error(message), { code: 'PROXY_TIMEOUT' });
}

function closed(): Error {
  return Object.assign(new Error('the connections were closed'), { code: 'CLOSED' });
}

function failure(error: unknown): Answer {
  if (!(error instanceof Error)) return { kind: 'failed', code: 'UNKNOWN', message: String(error) };
  const { code } = error as NodeJS.ErrnoException;
  // If a host refuses on each of its addresses, the error is an AggregateError with an empty message.
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  const message = error.message || (inner instanceof Error ? inner.message : error.name);
  // The code of an AbortError is a number.
  return { kind: 'failed', code: typeof code === 'string' ? code : error.name, message };
}
