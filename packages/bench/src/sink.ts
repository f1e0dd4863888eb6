// The sink: one process on loopback that every contender sends to. It answers as each service does, and counts.
//
// Bodies are kept as they came and decoded after the run, so that decoding does not slow a contender. Above
// `HELD_BYTES` the oldest bodies are decoded early, and the count says so. The sink checks no signature and no field:
// that is what the emulator does, which is too slow to measure with. Times are of the monotonic clock that all
// processes of a machine share.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Arrived, Tally } from './tally';

export type SinkRequest = 'reset' | 'count' | 'quiet' | 'down' | 'up';

export interface SinkMessage {
  readonly id: number;
  readonly request: SinkRequest;
}

export interface SinkReply {
  readonly id: number;
  readonly arrived?: Arrived;
  /** Time since the last body, or since the reset. */
  readonly quietMs?: number;
}

const HELD_BYTES = 256 * 1024 * 1024;

let held: { request: IncomingMessage; body: Buffer }[] = [];
let heldBytes = 0;
let tally = new Tally();
let lastMs = performance.now();

function receive(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('error', () => {});
  request.on('end', () => {
    answer(request, response);
    if (chunks.length === 0) return;
    lastMs = performance.now();
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    tally.came(body.length, process.hrtime.bigint());
    held.push({ request, body });
    heldBytes += body.length;
    while (heldBytes > HELD_BYTES) read(true);
  });
}

/** Counts the records of the oldest body in memory. */
function read(isEarly: boolean): void {
  const { request, body } = held.shift()!;
  heldBytes -= body.length;
  tally.read(request.url ?? '/', request.headers, body, isEarly);
}

/** The successful answer of each service, as far as its client reads it. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '/';
  const json = (body: unknown, headers: Record<string, string> = {}) =>
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  if (path.startsWith('/PutLogs')) response.writeHead(200, { 'x-tls-requestid': 'bench' }).end();
  else if (path.startsWith('/logstores/')) response.writeHead(200, { 'x-log-requestid': 'bench' }).end();
  else if (path.startsWith('/loki/')) response.writeHead(204).end();
  else if (path.startsWith('/v1/logs')) response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  else if (path.startsWith('/v1/'))
    json({ ingested: 0, failed: 0, failures: [], processedBytes: 0, blocksCreated: 0, walLength: 0 });
  else if (path === '/logtail') response.writeHead(202).end();
  // The client asks whether the product is the one that it was made for.
  else json({ took: 0, errors: false, items: [], status: 'green' }, { 'x-elastic-product': 'Elasticsearch' });
}

const sockets = new Set<Socket>();
const server = createServer({ keepAliveTimeout: 60_000 }, receive);
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  const reply = (message: SinkReply) => process.send!(message);

  process.on('message', ({ id, request }: SinkMessage) => {
    switch (request) {
      case 'reset':
        held = [];
        heldBytes = 0;
        tally = new Tally();
        lastMs = performance.now();
        reply({ id });
        break;
      case 'quiet':
        reply({ id, quietMs: performance.now() - lastMs });
        break;
      case 'count':
        while (held.length > 0) read(false);
        reply({ id, arrived: tally.result() });
        break;
      case 'down':
        server.close(() => reply({ id }));
        for (const socket of sockets) socket.destroy();
        break;
      case 'up':
        lastMs = performance.now();
        if (server.listening) reply({ id });
        else server.listen(port, '127.0.0.1', () => reply({ id }));
    }
  });
  process.send!({ port });
});
process.on('disconnect', () => process.exit(0));
