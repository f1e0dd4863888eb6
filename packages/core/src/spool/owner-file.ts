// The owner file: it names the process of a run, and has the heartbeat that shows other machines that the run lives.
//
//   <run>.owner    1,024 bytes: JSON, spaces, newline
//
//   {"v":1,"run":"018f3b2c4d5ea1b2c3","beat":42,"leaseMs":30000,"host":"orders-0","boot":"61af587f-...",
//    "pidns":"pid:[4026532178]","pid":1,"start":"48213","socket":true,"dev":"2049","instance":"<hash>",
//    "dests":["<hash>"],"named":"018f3b2c4d5ea1b2c3"}
//
// `named` is the run under which the application's thread knows this worker; it is empty without such a thread. A
// worker that lost its directory continues as a new run, and that thread does not know the new run. If the worker ends,
// `named` shows the next worker that the new run is dead.
//
// The file is made with O_EXCL at the start, and rewritten in place with `beat + 1` at each renewal. A temporary file
// and a rename would need space: on a full disk the lease would end, and other processes would adopt the spool of a
// living process. A reader may see half of a rewrite. Of a file that it cannot read, it uses only the time.

import nodeFs from 'node:fs';
import type { Disk, DiskFailure } from './disk';
import type { Identity } from './identity';

export interface OwnerRecord extends Identity {
  readonly run: string;
  /** Counts renewals. */
  readonly beat: number;
  readonly leaseMs: number;
  /** Whether the run listens on the socket `<run>.alive`. */
  readonly socket: boolean;
  /** The device of the directory, as the run sees it. A volume that is mounted twice has two device numbers. */
  readonly dev: string;
  /** Hashes, as in the names of directories. */
  readonly instance: string;
  readonly dests: readonly string[];
  /** The run's name in the application's thread; empty if there is no such thread. */
  readonly named: string;
}

export const OWNER_FILE_BYTES = 1024;
const VERSION = 1;
/** Linux allows 64. The file has room for as many, even if JSON needs six bytes for each. */
const MAX_HOST_CHARACTERS = 64;

export function encodeOwner(owner: OwnerRecord): Buffer {
  const { run, beat, leaseMs, boot, pidns, pid, start, socket, dev, instance, named } = owner;
  const host = owner.host.slice(0, MAX_HOST_CHARACTERS);
  const dests = [...owner.dests];
  const text = () =>
    JSON.stringify({
      v: VERSION,
      run,
      beat,
      leaseMs,
      host,
      boot,
      pidns,
      pid,
      start,
      socket,
      dev,
      instance,
      dests,
      named,
    });
  // Destinations may be left out: the names of the directories have all of them.
  while (Buffer.byteLength(text()) >= OWNER_FILE_BYTES && dests.length > 0) dests.pop();
  const bytes = Buffer.alloc(OWNER_FILE_BYTES, ' ');
  bytes.write(text());
  bytes.write('\n', OWNER_FILE_BYTES - 1);
  return bytes;
}

/** Undefined if the bytes are no JSON object. A field that is missing or of another type counts as unknown. */
export function decodeOwner(bytes: Buffer): OwnerRecord | undefined {
  const fields = parsed(bytes.toString('utf8'));
  if (fields === undefined) return undefined;
  const text = (name: string) => (typeof fields[name] === 'string' ? (fields[name] as string) : '');
  const count = (name: string) => {
    const value = fields[name];
    return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
  };
  const dests = fields['dests'];
  return {
    run: text('run'),
    beat: count('beat'),
    leaseMs: count('leaseMs'),
    host: text('host'),
    boot: text('boot'),
    pidns: text('pidns'),
    pid: count('pid'),
    start: text('start'),
    socket: fields['socket'] === true,
    dev: text('dev'),
    instance: text('instance'),
    dests: Array.isArray(dests) ? dests.filter((dest) => typeof dest === 'string') : [],
    named: text('named'),
  };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** An owner file that exists. */
export interface OwnerFile {
  /** Undefined if the file is damaged, half rewritten, or not a file. */
  readonly owner: OwnerRecord | undefined;
  /** By the clock of the file system. */
  readonly mtimeMs: number;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY, O_RDWR, O_WRONLY } = nodeFs.constants;

/** Returns the failure `ENOENT` if there is no file. */
export function readOwner(disk: Disk, path: string): OwnerFile | DiskFailure {
  let file: OwnerFile | undefined;
  const failure = disk.attempt(() => {
    const stat = disk.fs.lstatSync(path);
    file = { owner: undefined, mtimeMs: stat.mtimeMs };
    // The open never blocks and follows no link, because any kind of file may have that name.
    const descriptor = disk.fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      // Reads all of it, because half of it would look like another heartbeat.
      const bytes = disk.readAt(descriptor, 0, OWNER_FILE_BYTES);
      file = { owner: decodeOwner(bytes), mtimeMs: stat.mtimeMs };
    } finally {
      disk.fs.closeSync(descriptor);
    }
  });
  if (failure?.code === 'ENOENT') return failure;
  return file ?? failure!;
}

/** On a full disk an empty file stays. Its time can still be renewed. */
export function createOwner(disk: Disk, path: string, owner: OwnerRecord): DiskFailure | undefined {
  return disk.attempt(() => write(disk, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, owner));
}

/** Returns the failure `ENOENT` if the file is gone. */
export function rewriteOwner(disk: Disk, path: string, owner: OwnerRecord): DiskFailure | undefined {
  return disk.attempt(() => write(disk, path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, owner));
}

function write(disk: Disk, path: string, flags: number, owner: OwnerRecord): void {
  const bytes = encodeOwner(owner);
  const file = disk.fs.openSync(path, flags, 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += disk.fs.writeSync(file, bytes, at, bytes.length - at, at);
  } finally {
    disk.fs.closeSync(file);
  }
}
