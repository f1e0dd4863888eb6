// The fence: preloaded into every thread of every contender, so that no connection leaves this machine.
//
// A connection or a lookup of another address is an error, and reported to the parent. So is each thread that has the
// fence. A name below `localhost` is this machine, as in RFC 6761: a client that puts the name of a project before the
// address needs one.

import dgram from 'node:dgram';
import dns from 'node:dns';
import { writeSync } from 'node:fs';
import net from 'node:net';
import { threadId } from 'node:worker_threads';

/** The pipe that the parent reads, beside stdin, stdout, stderr and the channel for messages. */
const FENCE_FD = 4;
const LOOPBACK = '127.0.0.1';

export interface FenceLine {
  readonly thread: number;
  /** The address that was refused. Undefined: the thread has its fence. */
  readonly refused?: string;
}

function report(line: FenceLine): void {
  try {
    writeSync(FENCE_FD, `${JSON.stringify(line)}\n`);
  } catch {
    // Without a parent there is no such pipe. The fence works anyway.
  }
}

function isHere(host: string): boolean {
  return host === LOOPBACK || host === 'localhost' || host.endsWith('.localhost');
}

function refusal(what: string): NodeJS.ErrnoException {
  report({ thread: threadId, refused: what });
  return Object.assign(new Error(`the fence refuses ${what}`), { code: 'EFENCE' });
}

type Arguments = readonly unknown[];

/** The host of a call to `connect`, in any of its forms. Undefined for a path of this machine. */
function hostOf(args: Arguments): string | undefined {
  const first = Array.isArray(args[0]) ? (args[0] as Arguments)[0] : args[0];
  if (typeof first === 'object' && first !== null) {
    const { host, path } = first as { host?: string; path?: string };
    return path === undefined ? (host ?? 'localhost') : undefined;
  }
  if (typeof first === 'string' && Number.isNaN(Number(first))) return undefined;
  return typeof args[1] === 'string' ? args[1] : 'localhost';
}

// TLS and HTTP also connect by this method.
const connect = net.Socket.prototype.connect as (...args: Arguments) => net.Socket;
net.Socket.prototype.connect = function fenced(this: net.Socket, ...args: Arguments): net.Socket {
  const host = hostOf(args);
  if (host === undefined || isHere(host)) return connect.call(this, ...args);
  const error = refusal(host);
  process.nextTick(() => this.destroy(error));
  return this;
} as typeof connect;

type LookupDone = (error: Error | null, address?: string | dns.LookupAddress[], family?: number) => void;

Object.assign(dns, {
  lookup: (host: string, ...rest: Arguments) => {
    const done = rest.at(-1) as LookupDone;
    const options = rest[0] as { all?: boolean };
    if (!isHere(host)) process.nextTick(done, refusal(host));
    else if (options.all) process.nextTick(done, null, [{ address: LOOPBACK, family: 4 }]);
    else process.nextTick(done, null, LOOPBACK, 4);
  },
});
Object.assign(dns.promises, {
  lookup: async (host: string, options?: { all?: boolean }) => {
    if (!isHere(host)) throw refusal(host);
    const address = { address: LOOPBACK, family: 4 };
    return options?.all ? [address] : address;
  },
});
for (const name of ['resolve', 'resolve4', 'resolve6', 'resolveAny', 'resolveSrv', 'resolveTxt', 'reverse'] as const) {
  Object.assign(dns, { [name]: (host: string, ...rest: Arguments) => (rest.at(-1) as LookupDone)(refusal(host)) });
  Object.assign(dns.promises, {
    [name]: async (host: string) => {
      throw refusal(host);
    },
  });
}
for (const name of ['send', 'connect'] as const) {
  Object.assign(dgram.Socket.prototype, {
    [name]: () => {
      throw refusal(`a datagram (${name})`);
    },
  });
}

report({ thread: threadId });
