// The file system, as the spool uses it: synchronously, and with failures as answers.
//
// Takes: paths and bytes. Gives: whole files, or the system's code. Keeps: nothing. Never: follows a link, lets anybody
// else read what it wrote, or leaves half a file under a name that is looked for. Only what says so throws.
//
// All of it is synchronous: it is used in the worker thread and at the process's end, where nothing else would be
// finished.

import nodeFs from 'node:fs';
import { dirname, join } from 'node:path';

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

const READ_ONLY_NO_LINK = nodeFs.constants.O_RDONLY | nodeFs.constants.O_NOFOLLOW;

/**
 * Makes a directory, and those above it. Not by node's own recursion, which never returns where no directory can be made
 * and the system says ENOENT, as below /proc (node 20.20).
 */
export function makeDirectory(path: string, fs: Pick<SpoolFs, 'mkdirSync' | 'lstatSync'> = nodeFs): void {
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
  constructor(fsync: boolean, fs: SpoolFs = nodeFs) {
    this.fs = fs;
    this.#fsync = fsync;
  }

  attempt(work: () => void): DiskFailure | undefined {
    try {
      work();
      return undefined;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // Node's messages begin with the code, which is told beside them.
      return { kind: 'failed', code: code ?? 'UNKNOWN', message: message.replace(`${code}: `, '') };
    }
  }

  read(path: string): Buffer | DiskFailure {
    let bytes: Buffer | undefined;
    const failure = this.attempt(() => {
      const file = this.fs.openSync(path, READ_ONLY_NO_LINK);
      try {
        bytes = this.fs.readFileSync(file);
      } finally {
        this.fs.closeSync(file);
      }
    });
    return bytes ?? failure!;
  }

  /** Writes a file under its temporary name and renames it: it is there whole, or not at all. */
  writeWhole(directory: string, temporaryName: string, name: string, bytes: Buffer): DiskFailure | undefined {
    return this.attempt(() => {
      makeDirectory(directory, this.fs);
      const temporary = join(directory, temporaryName);
      let at = temporary;
      try {
        this.write(temporary, bytes);
        this.fs.renameSync(temporary, join(directory, name));
        at = join(directory, name);
        if (this.#fsync) this.#syncDirectory(directory);
      } catch (error) {
        // It is said not to be there, so it is taken away: on a full disk it would keep its place, and whole, it would
        // be sent by the next process, and from memory by this one.
        this.attempt(() => this.fs.unlinkSync(at));
        throw error;
      }
    });
  }

  /** Writes all of a new file: a disk that fills up takes a part of a write and fails the next one. @throws */
  write(path: string, bytes: Buffer): void {
    const file = this.fs.openSync(path, 'wx', 0o600);
    try {
      for (let at = 0; at < bytes.length; ) at += this.fs.writeSync(file, bytes, at);
      if (this.#fsync) this.fs.fsyncSync(file);
    } finally {
      this.fs.closeSync(file);
    }
  }

  #syncDirectory(path: string): void {
    const directory = this.fs.openSync(path, 'r');
    try {
      this.fs.fsyncSync(directory);
    } finally {
      this.fs.closeSync(directory);
    }
  }
}
