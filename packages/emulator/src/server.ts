// The HTTP server: passes complete requests to the services and to the control API, and sends the answers.
//
// It carries out fault rules: it delays, cuts and swallows. It does not decide what an answer is.

import { once, setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './answer.js';
import { answerControl, problem } from './control.js';
import type { FaultRule } from './fault-rule.js';
import { madeUpAnswer } from './faults.js';
import { type ApiRequest, readHead } from './request.js';
import type { Service } from './service.js';
import { refusalOf, type Vendor } from './vendor.js';

// Above every limit of a service, so that the service can refuse the request. Bytes beyond it are read and discarded.
const LEAST_KEPT_BYTES = 16 * 1024 * 1024;
// A query may contain a whole log. The service refuses one that is too large.
const MAX_HEAD_BYTES = 64 * 1024;
const DRIP_INTERVAL_MS = 20;
const KEEP_ALIVE_MS = 120_000;

type Received =
  | { readonly kind: 'body'; readonly body: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'gone' };

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens. Throws the error of `listen`. */
export async function startServer(
  service: Service,
  host: string,
  port: number,
  clock: () => number,
): Promise<RunningServer> {
  const closing = new AbortController();
  // Every delayed answer adds a listener. Node warns on stderr about more than ten of them.
  setMaxListeners(0, closing.signal);
  const server = createServer({ maxHeaderSize: MAX_HEAD_BYTES }, (incoming, response) => {
    handle(service, host, clock, closing.signal, incoming, response).catch((cause) => {
      if (closing.signal.aborted || response.headersSent) response.destroy();
      else sendProblem(response, problem(500, 'InternalError', failureText(cause)));
    });
  });
  // Longer than the limit of any client: an idle socket should be closed only by a fault rule.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(port, host);
  await once(server, 'listening');
  let closed: Promise<void> | undefined;
  return { port: (server.address() as AddressInfo).port, close: () => (closed ??= close(server, closing)) };
}

async function close(server: Server, closing: AbortController): Promise<void> {
  closing.abort();
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

async function handle(
  service: Service,
  host: string,
  clock: () => number,
  closing: AbortSignal,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const head = readHead(incoming);
  const vendor = service.vendorOf(head.path);
  const destination = vendor.destination(head);
  const requestId = vendor.makeRequestId();
  const localAddress = incoming.socket.localAddress ?? '';
  const isControl = head.path.startsWith('/_emulator/');
  const resetAfterBytes = isControl ? null : service.faults.resetAfterBytes(head, destination);
  if (!isControl) service.countRequest();

  const keptBytes = Math.max(LEAST_KEPT_BYTES, 2 * service.largestBodyBytes);
  const received = await receive(incoming, keptBytes, resetAfterBytes);
  if (received.kind === 'reset') incoming.socket.resetAndDestroy();
  if (received.kind === 'reset' || received.kind === 'gone') return;
  const body = received.kind === 'body' ? received.body : Buffer.alloc(0);
  const request: ApiRequest = { ...head, body, requestId };
  if (isControl) {
    const answer =
      received.kind === 'body'
        ? answerControl(request, service, { host, localAddress })
        : problem(400, 'BadRequest', 'The body is too large.');
    await send(response, vendor, answer, null, requestId, clock(), closing);
    return;
  }

  const bodyBytes = received.kind === 'body' ? body.length : keptBytes + 1;
  const rule = service.faults.decide(head, destination, bodyBytes, () => vendor.peek(request));
  const nowMs = clock() + (rule?.clockSkewMs ?? 0);
  if (rule?.swallow === 'before') {
    response.destroy();
    return;
  }
  const answer = decideAnswer(vendor, request, received, rule, nowMs);
  service.countAnswer(answer);
  if (rule?.delayMs !== undefined) await delay(rule.delayMs, undefined, { signal: closing });
  if (rule?.swallow === 'after') response.destroy();
  else await send(response, vendor, answer, rule, requestId, nowMs, closing);
}

function decideAnswer(
  vendor: Vendor,
  request: ApiRequest,
  received: Received,
  rule: FaultRule | null,
  nowMs: number,
): Answer {
  const { catalogue } = vendor;
  const madeUp = rule && madeUpAnswer(rule, catalogue);
  if (madeUp) return madeUp.status >= 400 ? catalogue.answer(madeUp) : catalogue.success(madeUp.status);
  if (received.kind === 'too-large') return catalogue.answer(refusalOf(catalogue, catalogue.bodyTooLarge));
  try {
    return vendor.answer(request, nowMs);
  } catch (cause) {
    // An error of the emulator is reported, so that it does not look like a lost connection.
    return catalogue.answer(refusalOf(catalogue, catalogue.failed, failureText(cause)));
  }
}

function failureText(cause: unknown): string {
  return `The emulator failed: ${String(cause)}`;
}

/** Answers without what may have failed: the clock, the service and the fault rules. */
function sendProblem(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'Content-Length': body.length });
  response.end(body);
}

// Events instead of an iteration: leaving a loop over the request would close the socket before it can be reset.
function receive(incoming: IncomingMessage, keptBytes: number, resetAfterBytes: number | null): Promise<Received> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    if (resetAfterBytes === 0) resolve({ kind: 'reset' });
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (resetAfterBytes !== null && bytes >= resetAfterBytes) resolve({ kind: 'reset' });
      if (bytes <= keptBytes) chunks.push(chunk);
      else chunks.length = 0;
    });
    incoming.on('end', () => {
      if (resetAfterBytes !== null) resolve({ kind: 'reset' });
      else resolve(bytes > keptBytes ? { kind: 'too-large' } : { kind: 'body', body: Buffer.concat(chunks) });
    });
    incoming.on('error', () => resolve({ kind: 'gone' }));
    incoming.on('close', () => resolve({ kind: 'gone' }));
  });
}

async function send(
  response: ServerResponse,
  vendor: Vendor,
  answer: Answer,
  rule: FaultRule | null,
  requestId: string,
  nowMs: number,
  closing: AbortSignal,
): Promise<void> {
  const body = rule?.body === undefined ? answer.body : Buffer.from(rule.body);
  response.statusCode = answer.status;
  response.setHeader('Date', new Date(nowMs).toUTCString());
  response.setHeader(vendor.requestIdHeader, requestId);
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  response.setHeader('Content-Length', body.length);
  for (const [name, value] of Object.entries(rule?.headers ?? {})) {
    if (value === '') response.removeHeader(name);
    else response.setHeader(name, value);
  }
  if (rule?.slowBodyBytesPerSecond === undefined) {
    response.end(body);
    return;
  }
  response.flushHeaders();
  const stepBytes = Math.max(1, Math.round((rule.slowBodyBytesPerSecond * DRIP_INTERVAL_MS) / 1000));
  const stepMs = (stepBytes * 1000) / rule.slowBodyBytesPerSecond;
  for (let at = 0; at < body.length && !response.destroyed; at += stepBytes) {
    await delay(stepMs, undefined, { signal: closing });
    response.write(body.subarray(at, at + stepBytes));
  }
  response.end();
}
