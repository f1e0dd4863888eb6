// The owner file: which process a run is, and the heartbeat by which processes on other machines see that it lives.
//
//   <run>.owner    1,024 bytes: JSON, spaces, newline
//
//   {"v":1,"run":"018f3b2c4d5ea1b2c3","beat":42,"leaseMs":30000,"host":"orders-0","boot":"61af587f-...",
//    "pidns":"pid:[4026532178]","pid":1,"start":"48213","socket":true,"dev":"2049","instance":"<hash>",
//    "dests":["<hash>"],"named":"018f3b2c4d5ea1b2c3"}
//
// `named` is the run under which the application's thread knows this worker; empty without one. A worker that lost its
// directory goes on as a new run, of which that thread has not heard: by `named` the next worker knows that it is dead.
//
// It is made with O_EXCL at the start, and rewritten in place with `beat + 1` at each renewal. A temporary file and a
// rename would need room: on a full disk the lease would end, and other processes would take the spool of a process
// that lives. A reader can meet half of a rewrite. What it cannot read, it treats as a file of which only the time is
// known.

import nodeFs from 'node:fs';
import type { Disk, DiskFailure } from './disk';
import type { Identity } from './identity';

export interface OwnerRecord extends Identity {
  readonly run: string;
  /** Counts renewals. */
  readonly beat: number;
  readonly leaseMs: number;
  /** Whether the run listens on `<run>.alive`. */
  readonly socket: boolean;
  /** The device of the directory, as the run sees it. One volume that is mounted twice has two. */
  readonly dev: string;
  /** Hashes, as in the names of directories. */
  readonly instance: string;
  readonly dests: readonly string[];
  /** The name that the application's thread gave the run of this worker; empty if there is no such thread. */
  readonly named: string;
}

export const OWNER_FILE_BYTES = 1024;
const VERSION = 1;
/** Linux allows 64. The rest of the file has room for that many characters, even if each is an escape of six. */
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
  // Destinations are for listings. The names of the directories have them all.
  while (Buffer.byteLength(text()) >= OWNER_FILE_BYTES && dests.length > 0) dests.pop();
  const bytes = Buffer.alloc(OWNER_FILE_BYTES, ' ');
  bytes.write(text());
  bytes.write('\n', OWNER_FILE_BYTES - 1);
  return bytes;
}

/** Undefined if it is not an owner's record. A field that is missing or of another type counts as not known. */
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

/** Of an owner file that exists. */
export interface OwnerFile {
  /** Undefined if the file is damaged, half rewritten, or not a file. */
  readonly owner: OwnerRecord | undefined;
  /** By the clock of the file system. */
  readonly mtimeMs: number;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY, O_RDWR, O_WRONLY } = nodeFs.constants;

/** `ENOENT` if there is none. */
export function readOwner(disk: Disk, path: string): OwnerFile | DiskFailure {
  let file: OwnerFile | undefined;
  const failure = disk.attempt(() => {
    const stat = disk.fs.lstatSync(path);
    file = { owner: undefined, mtimeMs: stat.mtimeMs };
    // Not blocking, and following no link: whatever lies under that name, only its time is known.
    const descriptor = disk.fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      // To its end: half of it would look like another heartbeat.
      const bytes = disk.readAt(descriptor, 0, OWNER_FILE_BYTES);
      file = { owner: decodeOwner(bytes), mtimeMs: stat.mtimeMs };
    } finally {
      disk.fs.closeSync(descriptor);
    }
  });
  if (failure?.code === 'ENOENT') return failure;
  return file ?? failure!;
}

/** On a full disk the file stays, empty: its time can still be renewed. */
export function createOwner(disk: Disk, path: string, owner: OwnerRecord): DiskFailure | undefined {
  return disk.attempt(() => write(disk, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, owner));
}

/** `ENOENT` if the file is gone. */
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
