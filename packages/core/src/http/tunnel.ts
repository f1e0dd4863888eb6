// Opens the sockets of an agent through a proxy, by CONNECT (RFC 9110, section 9.3.6).
//
//   us -> proxy:  CONNECT logs.example.com:443 HTTP/1.1
//                 host: logs.example.com:443
//                 proxy-authorization: Basic bmFtZTpwYXNzd29yZA==
//   proxy -> us:  HTTP/1.1 200 Connection Established
//
// After that, what is sent over the socket reaches the service: TLS for https, plain HTTP for http. The connection to
// the proxy itself uses TLS if the proxy's address is https. The agent keeps a tunnel and uses it again like any other
// socket.

import type { Agent, ClientRequestArgs, IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { MAX_HEADER_BYTES } from './exchange';

/** The options of a request, with the signal that ends its attempt and the tunnel. */
export interface TunnelOptions extends ClientRequestArgs {
  readonly attempt?: AbortSignal;
}

export interface Trust {
  readonly secureContext?: SecureContext;
}

/** Makes `agent` open its sockets through the proxy. */
export function tunnelThrough(proxy: string, agent: Agent, origin: URL, trust: Trust): void {
  const { protocol, hostname, port, username, password } = new URL(proxy);
  const isTls = protocol === 'https:';
  const { request } = process.getBuiltinModule(isTls ? 'node:https' : 'node:http');
  const authority = `${origin.hostname}:${origin.port || (origin.protocol === 'https:' ? 443 : 80)}`;
  const proxyHost = hostname.replace(/^\[|\]$/g, '');
  const connectOptions = {
    method: 'CONNECT',
    host: proxyHost,
    port: port || (isTls ? 443 : 80),
    path: authority,
    headers: {
      host: authority,
      connection: 'keep-alive',
      'proxy-connection': 'keep-alive',
      ...authorization(username, password),
    },
    agent: false,
    // Without it the Host header would decide the name, which is that of the service. A name cannot be an IP address.
    servername: isIP(proxyHost) === 0 ? proxyHost : '',
    maxHeaderSize: MAX_HEADER_BYTES,
    insecureHTTPParser: false,
    ...trust,
  };
  const connectToService = agent.createConnection.bind(agent);

  agent.createConnection = (options: TunnelOptions, created) => {
    const done = created as (error: Error | null, socket?: Socket) => void;
    const connecting = request(connectOptions);
    const end = () => connecting.destroy();
    options.attempt?.addEventListener('abort', end);
    connecting.once('close', () => options.attempt?.removeEventListener('abort', end));
    // This listener is never removed: an error after the answer must not become an uncaught exception.
    connecting.on('error', (error) => done(Object.assign(error, { message: `to the proxy: ${error.message}` })));
    connecting.once('connect', ({ statusCode }: IncomingMessage, socket: Socket, head: Buffer) => {
      options.attempt?.removeEventListener('abort', end);
      const problem = problemWith(statusCode ?? 0, head);
      if (problem !== undefined) {
        socket.on('error', () => {}).destroy();
        done(problem);
      } else if (origin.protocol === 'http:') done(null, socket);
      else {
        const secured = connectToService({ ...options, socket } as ClientRequestArgs) as Socket;
        socket.on('error', (error) => secured.destroy(error));
        done(null, secured);
      }
    });
    connecting.end();
    return undefined;
  };
}

function problemWith(status: number, head: Buffer): Error | undefined {
  if (status < 200 || status > 299) {
    const where = status === 407 ? 'the name and password in proxy' : 'proxy and noProxy';
    const message = `the proxy answered ${status} and did not connect; check ${where} (or HTTPS_PROXY, NO_PROXY)`;
    return Object.assign(new Error(message), { code: `PROXY_${status}` });
  }
  if (head.length === 0) return undefined;
  // A service never sends first. These bytes would be read as the answer to the first request.
  return Object.assign(new Error('the proxy sent more than its answer to CONNECT'), { code: 'PROXY_INVALID' });
}

function authorization(username: string, password: string): { 'proxy-authorization'?: string } {
  if (username === '' && password === '') return {};
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(plain).toString('base64')}` };
}
