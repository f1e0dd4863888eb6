// Connections to one origin: kept alive, direct or through a proxy, to whom the system's authorities or one's own vouch for.
//
// Takes: an origin and what the options say of the network. Gives: undici's dispatcher for it. Keeps: nothing. Never: goes
// through a proxy to this machine, loads anything before the first connection, or lets a proxy that says nothing hold a
// connection for longer than an attempt may take.

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { buildConnector, Dispatcher, Pool } from 'undici';
import { isLoopback } from '../loopback';
import type { Options } from '../options/schema';

export interface Network {
  /** Its address, with name and password if it wants them. */
  readonly proxy?: string | undefined;
  /** Hosts that are reached without it, as NO_PROXY has them. */
  readonly noProxy?: string | undefined;
  /** Certificates in PEM form that are trusted beside the usual ones. */
  readonly caFile?: string | undefined;
}

export interface ConnectionsOptions {
  readonly origin: string;
  readonly connections: number;
  readonly timeoutMs: number;
  readonly network: Network;
  /** Told of each connection that is open. */
  readonly onSocket: (socket: Socket) => void;
}

/** What the options say of it. */
export function networkOf({ proxy, noProxy, tls }: Pick<Options, 'proxy' | 'noProxy' | 'tls'>): Network {
  return { proxy: proxy === NO_PROXY ? undefined : proxy, noProxy, caFile: tls.caFile };
}

/** Said instead of a proxy where the environment names one that is not to be used. */
const NO_PROXY = 'none';

type Connector = buildConnector.connector;
type Socket = NonNullable<Parameters<Parameters<Connector>[1]>[1]>;

/** As much of a dispatcher of undici as is used. */
export interface Connections {
  request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
  /** Ends when its requests have. */
  close(): Promise<void>;
  destroy(): Promise<void>;
}

/** @throws if the file with certificates cannot be read */
export function openConnections({
  origin,
  connections,
  timeoutMs,
  network,
  onSocket,
}: ConnectionsOptions): Connections {
  const undici = direct();
  const trust = network.caFile === undefined ? {} : { secureContext: contextWith(network.caFile) };
  const tls = { ...trust, timeout: timeoutMs };
  const open = (to: string | URL, connect: Connector): Pool =>
    new undici.Pool(to, {
      connections,
      pipelining: 1,
      // One deadline for the whole attempt is kept in send.ts; undici's own begin anew with every byte.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (options, done) =>
        connect(options, (...[error, socket]) => {
          if (error !== null) return done(error, null);
          onSocket(socket);
          done(null, socket);
        }),
    });
  const connect = undici.buildConnector(tls);
  if (network.proxy === undefined || isLoopback(new URL(origin).hostname)) {
    const pool = open(origin, connect);
    return {
      request: (options) => undici.request.call(pool, options),
      close: () => pool.close(),
      destroy: () => pool.destroy(),
    };
  }
  const { EnvHttpProxyAgent } = require('undici') as typeof import('undici');
  return new EnvHttpProxyAgent({
    httpProxy: network.proxy,
    httpsProxy: network.proxy,
    noProxy: network.noProxy ?? '',
    connect,
    requestTls: tls,
    proxyTls: tls,
    ...tokenOf(network.proxy),
    factory: (to, options) => open(to, (options as { connect: Connector }).connect),
    // To the proxy itself: an answer to CONNECT has its time, too.
    clientFactory: (to, options) => {
      const { connect: toProxy } = options as { connect: Connector };
      return new undici.Pool(to, { connections, headersTimeout: timeoutMs, connect: withoutAddressAsName(toProxy) });
    },
  });
}

interface Direct {
  readonly Pool: typeof Pool;
  readonly buildConnector: typeof buildConnector;
  readonly request: (this: Dispatcher, options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData>;
}

/**
 * What connects without a proxy. It is the slowest of all our imports, so it is loaded with the first connection, and of
 * undici's hundred files the twenty it takes: 35 ms of a small machine's time, and 105 for the whole package. They have
 * no other door; package.json names the one version of which this is so.
 */
function direct(): Direct {
  return {
    Pool: require('undici/lib/dispatcher/pool') as typeof Pool,
    buildConnector: require('undici/lib/core/connect') as typeof buildConnector,
    request: require('undici/lib/api/api-request') as Direct['request'],
  };
}

/** undici gives the proxy's host as the name for TLS, which an address cannot be: Node 26 refuses that. */
function withoutAddressAsName(connect: Connector): Connector {
  return ({ servername, ...options }, done) => {
    // Where there is none, undici gives `null`, whatever its types say.
    const isName = typeof servername === 'string' && isIP(servername.replace(/[[\]]/g, '')) === 0;
    connect(isName ? { ...options, servername } : options, done);
  };
}

/** undici leaves out a name without a password. */
function tokenOf(proxy: string): { token?: string } {
  const { username, password } = new URL(proxy);
  if (username === '') return {};
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { token: `Basic ${Buffer.from(plain).toString('base64')}` };
}

/** Those that node trusts (from 22.15 on, with NODE_EXTRA_CA_CERTS and the like) and those of the file. */
export function contextWith(caFile: string): SecureContext {
  const tls = require('node:tls') as typeof import('node:tls') & { getCACertificates?: (of: 'default') => string[] };
  const usual = tls.getCACertificates?.('default') ?? tls.rootCertificates;
  return tls.createSecureContext({ ca: [...usual, readFileSync(caFile, 'utf8')] });
}
