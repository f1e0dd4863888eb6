// The liveness socket of a run. The kernel closes it when the process dies, and keeps it open while the process is
// stopped.
//
// A lease shows a killed process late, and a frozen process wrongly. A listening Unix socket shows both at once, also
// between containers of one machine that share a volume:
//
//   running, or stopped by SIGSTOP    connects, or EAGAIN if its queue is full: alive
//   killed                            ECONNREFUSED
//   closed, or its thread terminated  ENOENT: libuv removes the file
//
// ECONNREFUSED proves death only on the machine of the run, and through the same mount, because the kernel finds the
// listener by the inode of the file. On a shared volume, the run may live on another machine or behind another mount.
//
// The address of a socket has at most 107 bytes on Linux and 103 on macOS, and Node 20 cuts a longer path silently. On
// Linux, a longer path is replaced by /proc/self/fd/<open directory>/<name>.

import nodeFs from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { basename, dirname } from 'node:path';
import type { Clock } from '../runtime/clock';
import type { Disk } from './disk';

/** There is no socket. Other runs judge this one by its pid and its lease. */
export interface NoSocket {
  readonly listening: false;
  /** The system's code, or our own text. */
  readonly reason: string;
}

export type Listening = { readonly listening: true } | NoSocket;

export interface Liveness {
  readonly ready: Promise<Listening>;
  /** Also removes the file. Synchronous, for the end of the process. */
  close(): void;
}

const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;
const { O_DIRECTORY = 0, O_RDONLY } = nodeFs.constants;

export function listenAt(disk: Disk, path: string): Liveness {
  const address = addressOf(disk, path);
  if ('reason' in address) return { ready: Promise.resolve(address), close: () => {} };
  // An accepted connection is the answer. Nothing is sent on it.
  const server = createServer((socket) => socket.on('error', () => {}).destroy());
  server.unref();
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    // libuv removes the file by the address of the socket, so the directory stays open until then.
    server.close();
    address.release();
  };
  const ready = started(server, address.path).then((listening) => {
    if (!listening.listening) close();
    return listening;
  });
  return { ready, close };
}

function started(server: Server, path: string): Promise<Listening> {
  return new Promise((resolve) => {
    const failed = (error: unknown) => {
      resolve({ listening: false, reason: (error as NodeJS.ErrnoException).code ?? 'UNKNOWN' });
    };
    // This listener stays. Without it, a connection that cannot be accepted (EMFILE) would end the process. The other
    // process is connected all the same, because the kernel's queue has the connection.
    server.on('error', failed);
    server.once('close', () => resolve({ listening: false, reason: 'closed' }));
    try {
      // Exclusive, because a worker of node:cluster would otherwise listen in its primary, which outlives the worker.
      server.listen({ path, exclusive: true }, () => resolve({ listening: true }));
    } catch (error) {
      // Node's permission model throws.
      failed(error);
    }
  });
}

export type Probe = 'connected' | 'refused' | 'unknown';

const PROBE_LIMIT_MS = 1000;

/** `refused`: the socket's file exists, and no process of this machine listens on it. */
export function probe(disk: Disk, path: string, clock: Clock): Promise<Probe> {
  // A plain file, as a backup may restore it, also refuses connections.
  if (!isSocket(disk, path)) return Promise.resolve('unknown');
  const address = addressOf(disk, path);
  if ('reason' in address) return Promise.resolve('unknown');
  return new Promise<Probe>((resolve) => {
    const socket = connectOrNone(address.path);
    if (socket === undefined) {
      address.release();
      resolve('unknown');
      return;
    }
    const done = (result: Probe) => {
      cancelLimit();
      socket.destroy();
      address.release();
      resolve(result);
    };
    const cancelLimit = clock.after(PROBE_LIMIT_MS, false, () => done('unknown'));
    // The socket keeps the process alive. Otherwise a command that waits for the verdict would end before the answer.
    socket.once('connect', () => done('connected'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => done(resultOf(code)));
  });
}

function isSocket(disk: Disk, path: string): boolean {
  let found = false;
  disk.attempt(() => {
    found = disk.fs.lstatSync(path).isSocket();
  });
  return found;
}

function connectOrNone(path: string) {
  try {
    return connect(path);
  } catch {
    // Node's permission model throws.
    return undefined;
  }
}

function resultOf(code: string | undefined): Probe {
  if (code === 'EAGAIN') return 'connected';
  return code === 'ECONNREFUSED' ? 'refused' : 'unknown';
}

interface Address {
  readonly path: string;
  /** Called after the last use of the path. */
  release(): void;
}

function addressOf(disk: Disk, path: string): Address | NoSocket {
  if (process.platform === 'win32') return { listening: false, reason: 'no Unix sockets on Windows' };
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return { path, release: () => {} };
  if (process.platform !== 'linux') return { listening: false, reason: 'ENAMETOOLONG' };
  const directory = disk.result(() => disk.fs.openSync(dirname(path), O_RDONLY | O_DIRECTORY));
  if (typeof directory !== 'number') return { listening: false, reason: directory.code };
  let held = true;
  const release = () => {
    if (!held) return;
    held = false;
    disk.attempt(() => disk.fs.closeSync(directory));
  };
  return { path: `/proc/self/fd/${directory}/${basename(path)}`, release };
}
