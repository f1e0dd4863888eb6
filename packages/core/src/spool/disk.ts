// The file system as the spool uses it: synchronous, and with failures as values.
//
// It is synchronous because the end of a process leaves no time for anything else. Only a function that says so throws.
// `SpoolFs` is what is used of node:fs; tests replace it by a virtual disk that fails, tears and forgets.

import type nodeFs from 'node:fs';
import { constants } from 'node:fs';
import { dirname } from 'node:path';
import { realFs } from './real-fs';

/** What is used of node's file system; the tests give one that fails. */
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
  /** The system's: ENOSPC, EACCES, ... */
  readonly code: string;
  readonly message: string;
}

/** Windows has no such flag. Without it the open of a FIFO in the directory's place would block the thread. */
const { O_DIRECTORY = 0, O_RDONLY } = constants as Partial<typeof constants> & typeof constants;

/**
 * Makes a directory, and those above it. Not by node's own recursion, which never returns where no directory can be
 * made and the system says ENOENT, as below /proc (node 20.20).
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

  /** @param fsync what is written survives a power loss, on a disk that honours it. */
  constructor(fsync: boolean, fs: SpoolFs = realFs) {
    this.fs = fs;
    this.#fsync = fsync;
  }

  attempt(work: () => void): DiskFailure | undefined {
    try {
      work();
      return undefined;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // Node's messages begin with the code, which is printed beside them.
      return { kind: 'failed', code: code ?? 'UNKNOWN', message: message.replace(`${code}: `, '') };
    }
  }

  /** Writes all of it at the place: a disk that fills up takes a part of a write and fails the next one. @throws */
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

  /** What the file has at the place: less than `length` at its end. @throws */
  readAt(file: number, at: number, length: number, into: Buffer = Buffer.allocUnsafe(length)): Buffer {
    let read = 0;
    while (read < length) {
      const bytes = this.fs.readSync(file, into, read, length - read, at + read);
      if (bytes === 0) break;
      read += bytes;
    }
    return into.subarray(0, read);
  }

  /** With `fsync`, what was written to the file survives a power loss. @throws */
  sync(file: number): void {
    if (this.#fsync) this.fs.fdatasyncSync(file);
  }

  /** Keeps the names in a directory through a power loss, with `fsync`. Windows has no such call. @throws */
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

/** The parts without their first bytes. */
function behind(parts: readonly Buffer[], bytes: number): Buffer[] {
  const rest: Buffer[] = [];
  let skip = bytes;
  for (const part of parts) {
    if (skip < part.length) rest.push(part.subarray(skip));
    skip = Math.max(0, skip - part.length);
  }
  return rest;
}
