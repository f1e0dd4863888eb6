// Opens dead-letter files: only regular files, never through a symbolic link, and without blocking.
//
// A FIFO without a reader would block the thread forever. A link could lead the lines into a file of another user.
// `stat` of a path that may be a FIFO or a socket uses `bigint`, because the other form would disturb the next
// `require` (spool/real-fs.ts).

import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readSync, unlinkSync } from 'node:fs';

/** Windows has neither flag. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
const SAFE = O_NOFOLLOW | O_NONBLOCK;

const READ = constants.O_RDONLY | SAFE;
/** Also readable, because the last byte is checked before each write. */
const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | SAFE;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | SAFE;

const NEWLINE = 0x0a;

/** @throws the system's error, or an error that says what kind of file the path is */
export function openToRead(path: string): number {
  return openRegular(path, READ);
}

/** Makes the file if there is none. @throws as `openToRead` */
export function openToAppend(path: string): number {
  return openRegular(path, APPEND);
}

/** @throws as `openToRead`; EEXIST if there is anything under that name */
export function openNew(path: string): number {
  return openRegular(path, CREATE);
}

function openRegular(path: string, flags: number): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, flags, 0o600);
  } catch (error) {
    // Linux says ELOOP for a link, and ENXIO for a socket.
    throwUnlessRegular(path);
    throw error;
  }
  if (fstatSync(descriptor, { bigint: true }).isFile()) return descriptor;
  closeSync(descriptor);
  throwUnlessRegular(path);
  throw new Error(`${path} is not a regular file`);
}

/** Returns whether the file exists. @throws an error that says what kind of file it is, if it is not a regular one */
export function isThere(path: string): boolean {
  throwUnlessRegular(path);
  return lstatSync(path, { bigint: true, throwIfNoEntry: false }) !== undefined;
}

function throwUnlessRegular(path: string): void {
  const stat = statOf(path);
  if (stat === undefined || stat.isFile()) return;
  throw new Error(`${path} is ${kindOf(stat)}, not a regular file`);
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // The path is below a file, or in a directory without rights. The caller's own system call fails in the same way.
    return undefined;
  }
}

function kindOf(stat: BigIntStats): string {
  if (stat.isSymbolicLink()) return 'a symbolic link';
  if (stat.isFIFO()) return 'a FIFO';
  if (stat.isDirectory()) return 'a directory';
  return stat.isSocket() ? 'a socket' : 'a device';
}

/** Returns what identifies the file on this machine; empty if the path has no file. */
export function identityAt(path: string): string {
  return identityOf(statOf(path));
}

export function identityOfDescriptor(descriptor: number): string {
  return identityOf(fstatSync(descriptor, { bigint: true }));
}

function identityOf(stat: BigIntStats | undefined): string {
  return stat === undefined ? '' : `${stat.dev} ${stat.ino}`;
}

/** Whether the last line has no newline: a crash or a full disk has cut it. */
export function isTorn(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== NEWLINE;
}

/** Removes the file, or the link, if it exists. @throws the system's error */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
