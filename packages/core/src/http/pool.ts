// The kept-alive connections to one origin, direct or through a proxy.
//
// Node's own modules for HTTP and TLS are loaded with the first pool, so that a process that sends nothing does not pay
// for them. They are not loaded by `require`: Jest refuses it after the end of a suite, and the suite's last records
// are sent then.

import type { Agent, request as requestPlain } from 'node:http';
import type { Network } from './exchange';
import { isProxied } from './no-proxy';
import { contextWith } from './trust';
import type { Trust, tunnelThrough } from './tunnel';

/** A connection that was idle for this long is not used again: many gateways forget it after a minute. */
export const IDLE_MS = 30_000;

export interface Pool {
  readonly agent: Agent;
  readonly origin: URL;
  readonly isProxied: boolean;
  readonly request: typeof requestPlain;
}

/** @throws if the file of CA certificates cannot be read, or the proxy's address cannot be parsed */
export function openPool(address: string, connections: number, network: Network): Pool {
  const origin = new URL(address);
  const trust: Trust = network.caFile === undefined ? {} : { secureContext: contextWith(network.caFile) };
  const { Agent, request } = process.getBuiltinModule(origin.protocol === 'https:' ? 'node:https' : 'node:http');
  // Node ends an idle socket after `timeout`, or a second before the time that the service announces for it.
  const agent = new Agent({ keepAlive: true, maxSockets: connections, timeout: IDLE_MS, ...trust });
  const proxy = isProxied(origin, network.noProxy) ? network.proxy : undefined;
  if (proxy !== undefined) {
    loadTunnel()(proxy, agent, origin, trust);
  }
  return { agent, origin, isProxied: proxy !== undefined, request };
}

let tunnel: typeof tunnelThrough | undefined;

/**
 * Returns the code for proxies, which most processes do not load. A client with a proxy calls this at its start, when
 * Jest still allows `require`.
 */
export function loadTunnel(): typeof tunnelThrough {
  tunnel ??= (require('./tunnel') as typeof import('./tunnel')).tunnelThrough;
  return tunnel;
}

/** Closes idle connections now, and each of the others when its request has ended. */
export function retire({ agent }: Pool): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of [...(sockets ?? [])]) socket.destroy();
}

/** Closes every connection, and returns when they are closed. */
export async function destroy({ agent }: Pool): Promise<void> {
  const open = [agent.sockets, agent.freeSockets].flatMap((lists) =>
    Object.values(lists).flatMap((list) => list ?? []),
  );
  const closed = open.map((socket) => socket.closed || new Promise((resolve) => socket.once('close', resolve)));
  agent.destroy();
  await Promise.all(closed);
}
