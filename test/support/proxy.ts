// A proxy for CONNECT, as companies have them.
//
// A test says where the host of a request really is, and how the proxy behaves. The proxy records the hosts, names and
// passwords of the requests. It connects only to the address that the test named.

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface ProxyOptions {
  /** The port of this machine that stands for `host:port`. */
  readonly to: (authority: string) => number;
  /** What it does now: opens a tunnel, answers with a status, or says nothing. */
  readonly behave?: () => 'open' | 'silent' | number;
  /** With a certificate of its own it is spoken to by TLS. */
  readonly certificate?: { key: Buffer; cert: Buffer };
}

export interface ConnectProxy {
  readonly port: number;
  /** `host:port` of each CONNECT, in order. */
  readonly connects: readonly string[];
  /** What was sent as Proxy-Authorization, in clear. */
  readonly names: readonly string[];
  /** Requests that were no CONNECT. */
  readonly others: readonly string[];
  /** Ends all tunnels, and opens others. */
  cut(): void;
  close(): Promise<void>;
}

export async function startProxy({ to, behave = () => 'open', certificate }: ProxyOptions): Promise<ConnectProxy> {
  const connects: string[] = [];
  const names: string[] = [];
  const others: string[] = [];
  const sockets = new Set<Socket>();
  const server = certificate === undefined ? createServer() : createTlsServer(certificate);
  server.on('request', (request, response) => {
    others.push(`${request.method} ${request.url}`);
    response.writeHead(405).end();
  });
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    connects.push(request.url!);
    const basic = /^Basic (.*)$/.exec(request.headers['proxy-authorization'] ?? '')?.[1];
    if (basic !== undefined) names.push(Buffer.from(basic, 'base64').toString());
    sockets.add(client);
    client.on('error', () => {});
    const behaviour = behave();
    if (behaviour === 'silent') return;
    if (behaviour !== 'open') {
      client.end(`HTTP/1.1 ${behaviour} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const service = connect(to(request.url!), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(service).pipe(client);
    });
    sockets.add(service);
    service.on('error', () => client.destroy());
    client.on('close', () => service.destroy());
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    cut();
    await closed;
  };
  return { port: (server.address() as AddressInfo).port, connects, names, others, cut, close };
}
