// A preload for processes that run the vendors' clients: names that end in `.localhost` are 127.0.0.1.
//
// Not every system resolves these names. A connection to any other machine fails. Every address is in a list that the
// test reads.

import dns from 'node:dns';
import net from 'node:net';

const HERE = '127.0.0.1';
const contacted = new Set<string>();

type Found = (error: Error | null, address?: unknown, family?: number) => void;

dns.lookup = ((host: string, options: unknown, callback?: Found): void => {
  const found = (typeof options === 'function' ? options : callback) as Found;
  const wantsAll = typeof options === 'object' && options !== null && (options as { all?: boolean }).all === true;
  if (host !== HERE && host !== 'localhost' && !host.endsWith('.localhost')) {
    contacted.add(host);
    process.nextTick(found, new Error(`${host} is not on this machine`));
    return;
  }
  if (wantsAll) process.nextTick(found, null, [{ address: HERE, family: 4 }]);
  else process.nextTick(found, null, HERE, 4);
}) as typeof dns.lookup;

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]): net.Socket {
  this.once('connect', () => contacted.add(this.remoteAddress ?? 'nowhere'));
  this.once('lookup', (error: Error | null, address: string) => error ?? contacted.add(address));
  // An address in the place of a name is not looked up.
  const [first] = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  const host = (first as { host?: unknown } | undefined)?.host;
  if (typeof host === 'string' && net.isIP(host) !== 0 && host !== HERE) {
    contacted.add(host);
    process.nextTick(() => this.destroy(new Error(`${host} is not on this machine`)));
    return this;
  }
  return (connect as (...all: unknown[]) => net.Socket).call(this, ...args);
} as typeof connect;

Object.assign(globalThis, { contactedAddresses: () => [...contacted] });
