// A load balancer in front of a service: an address that leads to the service, and connections that a test can end.
//
// It does not read what passes.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after } from 'node:test';

export interface Front {
  readonly url: string;
  /** Ends the connections there are. */
  endAll(): void;
}

export async function startFront(service: () => string): Promise<Front> {
  const open = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const { hostname, port } = new URL(service());
    const far = connect(Number(port), hostname);
    const pair = [near, far] as const;
    open.add(pair);
    for (const [socket, other] of [pair, [far, near] as const]) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(pair);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    for (const socket of [...open].flat()) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    endAll() {
      for (const [near] of open) near.end();
    },
  };
}
