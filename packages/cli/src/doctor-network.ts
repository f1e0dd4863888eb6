// Checks the network path to the service step by step: host name, connection, clock. It uses its own sockets, because
// it looks for the step at which a transport fails.

import { lookup } from 'node:dns/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';

export interface Addresses {
  readonly addresses: readonly string[];
  readonly tookMs: number;
}

/** @throws with a `code` */
export async function resolveHost(origin: URL): Promise<Addresses> {
  const beganMs = performance.now();
  const found = await lookup(hostOf(origin), { all: true });
  return { addresses: found.map(({ address }) => address), tookMs: performance.now() - beganMs };
}

/** The CA certificates that TLS trusts, if `tls.caFile` is set. */
type Trusted = { readonly secureContext?: SecureContext };

export interface Connection {
  readonly tookMs: number;
  /** `TLSv1.3`; undefined for plain TCP. */
  readonly protocol: string | undefined;
}

/** @throws with a `code` */
export function connect(origin: URL, timeoutMs: number, trusted: Trusted): Promise<Connection> {
  const beganMs = performance.now();
  const isTls = origin.protocol === 'https:';
  const host = hostOf(origin);
  const port = Number(origin.port || (isTls ? 443 : 80));
  return new Promise((resolve, reject) => {
    // An IP address cannot be a server name (RFC 6066): Node 26 refuses it. The certificate is checked against `host`.
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = isTls ? connectTls({ host, port, ...name, ...trusted }) : connectTcp({ host, port });
    socket.setTimeout(timeoutMs, () => socket.destroy(timedOut(timeoutMs)));
    // The listener stays: a second error must not become an uncaught exception.
    socket.on('error', reject);
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      const protocol = 'getProtocol' in socket ? (socket.getProtocol() ?? undefined) : undefined;
      resolve({ tookMs: performance.now() - beganMs, protocol });
      socket.destroy();
    });
  });
}

/**
 * Returns how far this machine's clock is ahead of the service's; undefined if the answer has no date.
 *
 * @throws with a `code`
 */
export function clockAheadMs(origin: URL, timeoutMs: number, trusted: Trusted): Promise<number | undefined> {
  const send = origin.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request = send(origin, { agent: false, timeout: timeoutMs, ...trusted }, (answer) => {
      answer.resume();
      const theirs = Date.parse(answer.headers.date ?? '');
      // The header has whole seconds, so half a second is added.
      resolve(Number.isNaN(theirs) ? undefined : Date.now() - (theirs + 500));
    });
    request.once('timeout', () => request.destroy(timedOut(timeoutMs)));
    request.on('error', reject);
    request.end();
  });
}

function timedOut(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
}

/** An IPv6 address without its brackets. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
