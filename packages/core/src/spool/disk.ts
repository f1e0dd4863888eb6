// The file system that the spool uses: synchronous, and with failures as values.
//
// It is synchronous, because nothing asynchronous runs at the end of a process. A function throws only if its comment
// says so. `SpoolFs` has the functions of node:fs that are used. Tests replace it by a virtual disk, which fails, tears
// writes, and loses power.

import type nodeFs from 'node:fs';
import { constants } from 'node:fs';
import { dirname } from 'node:path';
import { realFs } from './real-fs';

/** The functions of node:fs that the spool uses. */
export type SpoolFs = Pick<
  typeof nodeFs,
  | 'closeSync'
  | 'fdatasyncSync'
  | 'fstatSync'
  | 'fsyncSync'
  | 'ftruncateSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readFileSync'
  | 'readSync'
  | 'readdirSync'
  | 'realpathSync'
  | 'renameSync'
  | 'rmdirSync'
  | 'statfsSync'
  | 'unlinkSync'
  | 'utimesSync'
  | 'writeSync'
  | 'writevSync'
>;

export interface DiskFailure {
  readonly kind: 'failed';
  /** The system's code: ENOSPC, EACCES, ... */
  readonly code: string;
  readonly message: string;
}

/** Windows has no such flag. Without it, opening a FIFO under the directory's name would block the thread. */
const { O_DIRECTORY = 0, O_RDONLY } = constants as Partial<typeof constants> & typeof constants;

/**
 * Makes a directory, and the directories above it. Node's own option `recursive` never returns if no directory can be
 * made and the system says ENOENT, as below /proc (Node 20.20).
 */
export function makeDirectory(path: string, fs: Pick<SpoolFs, 'mkdirSync' | 'lstatSync'> = realFs): void {
  const above = dirname(path);
  try {
    makeOne(path, fs);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw error;
    makeDirectory(above, fs);
    makeOne(path, fs);
  }
}

function makeOne(path: string, fs: Pick<SpoolFs, 'mkdirSync' | 'lstatSync'>): void {
  try {
    fs.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || fs.lstatSync(path).isFile()) throw error;
  }
}

export class Disk {
  readonly fs: SpoolFs;
  readonly #fsync: boolean;

  /** @param fsync whether written bytes survive a power loss, on a disk that honours it */
  constructor(fsync: boolean, fs: SpoolFs = realFs) {
    this.fs = fs;
    this.#fsync = fsync;
  }

  attempt(work: () => void): DiskFailure | undefined {
    return this.result(() => void work());
  }

  /**
   * Returns what the work returns. Work that assigned to a variable outside of itself would be at the mercy of a fault
   * of Node 26.10: its optimised code can read such a variable as it was before.
   */
  result<T>(work: () => T): T | DiskFailure {
    try {
      return work();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // Node's messages begin with the code, which is printed before the message anyway.
      return { kind: 'failed', code: code ?? 'UNKNOWN', message: message.replace(`${code}: `, '') };
    }
  }

  /**
   * Writes all parts at the place. A disk that becomes full takes a part of one write, and refuses the next.
   * @throws the system's error
   */
  writeAt(file: number, parts: readonly Buffer[], at: number): void {
    let rest = parts;
    for (let bytes = lengthOf(rest), to = at; bytes > 0; ) {
      const only = rest.length === 1 ? rest[0] : undefined;
      const written =
        only === undefined ? this.fs.writevSync(file, rest, to) : this.fs.writeSync(file, only, 0, only.length, to);
      to += written;
      bytes -= written;
      if (bytes > 0) rest = behind(rest, written);
    }
  }

  /** Returns the file's bytes at the place, fewer than `length` at its end. @throws the system's error */
  readAt(file: number, at: number, length: number, into: Buffer = Buffer.allocUnsafe(length)): Buffer {
    let read = 0;
    while (read < length) {
      const bytes = this.fs.readSync(file, into, read, length - read, at + read);
      if (bytes === 0) break;
      read += bytes;
    }
    return into.subarray(0, read);
  }

  /** With `fsync`, makes the written bytes of the file survive a power loss. @throws the system's error */
  sync(file: number): void {
    if (this.#fsync) this.fs.fdatasyncSync(file);
  }

  /**
   * With `fsync`, makes the names in a directory survive a power loss. Windows has no such call.
   * @throws the system's error
   */
  syncDirectory(path: string): void {
    if (!this.#fsync || process.platform === 'win32') return;
    const directory = this.fs.openSync(path, O_RDONLY | O_DIRECTORY);
    try {
      this.fs.fsyncSync(directory);
    } finally {
      this.fs.closeSync(directory);
    }
  }
}

function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** Returns the parts without their first bytes. */
function behind(parts: readonly Buffer[], bytes: number): Buffer[] {
  const rest: Buffer[] = [];
  let skip = bytes;
  for (const part of parts) {
    if (skip < part.length) rest.push(part.subarray(skip));
    skip = Math.max(0, skip - part.length);
  }
  return rest;
}
