// A disk in memory that fails where a test wants it to: each operation can fail, a write can be cut short, and a crash
// can forget what was not synced.
//
// Takes: a plan for the n-th operation. Gives: the part of node:fs that the spool uses. Keeps: files and directories,
// each with what would survive a power loss. Never: does more than the real calls do.

import { dirname } from 'node:path';
import type { SpoolFs } from '@putlogs/core/internal/spool/disk';

interface Inode {
  data: Buffer;
  /** What is on the platter. */
  synced: Buffer;
  mtimeMs: number;
}

export type Fault =
  | { readonly kind: 'error'; readonly code: string }
  | { readonly kind: 'short'; readonly bytes: number }
  | { readonly kind: 'crash' };

/** Ends the run that uses the disk: nothing after it happens. */
export class Crash extends Error {}

export class Disk {
  #names = new Map<string, Inode>();
  #syncedNames = new Map<string, Inode>();
  #directories = new Set<string>(['/']);
  readonly #open = new Map<number, { path: string; inode: Inode }>();
  #nextFile = 3;
  #crashed = false;
  /** How many operations there were. */
  operations = 0;
  /** Asked before each operation. */
  plan: (operation: number, call: string) => Fault | undefined = () => undefined;

  /** The files there are, by path. */
  files(): string[] {
    return [...this.#names.keys()];
  }

  data(path: string): Buffer {
    return this.#names.get(path)!.data;
  }

  set(path: string, data: Buffer): void {
    this.#names.set(path, { data, synced: data, mtimeMs: 0 });
  }

  /** After a crash: the process is gone; with `power` so is what was never synced. */
  restart(power: 'kept' | 'lost'): void {
    this.#crashed = false;
    this.#open.clear();
    this.plan = () => undefined;
    if (power === 'kept') return;
    this.#names = new Map(this.#syncedNames);
    for (const inode of this.#names.values()) inode.data = inode.synced;
  }

  readonly fs: SpoolFs = {
    mkdirSync: (path: string) => {
      this.#before('mkdir');
      for (let at = path; at !== '/'; at = dirname(at)) this.#directories.add(at);
      return undefined;
    },
    openSync: (path: string, flags: string | number) => {
      this.#before('open');
      let inode = this.#names.get(path);
      if (this.#directories.has(path)) inode = { data: Buffer.alloc(0), synced: Buffer.alloc(0), mtimeMs: 0 };
      else if (flags === 'wx') {
        if (inode !== undefined) throw failure('EEXIST');
        if (!this.#directories.has(dirname(path))) throw failure('ENOENT');
        inode = { data: Buffer.alloc(0), synced: Buffer.alloc(0), mtimeMs: 0 };
        this.#names.set(path, inode);
      } else if (inode === undefined) throw failure('ENOENT');
      this.#nextFile += 1;
      this.#open.set(this.#nextFile, { path, inode });
      return this.#nextFile;
    },
    writeSync: (file: number, bytes: Buffer, at: number) => {
      const fault = this.#before('write');
      const { inode } = this.#open.get(file)!;
      const written = fault?.kind === 'short' ? bytes.subarray(at, at + fault.bytes) : bytes.subarray(at);
      inode.data = Buffer.concat([inode.data, written]);
      return written.length;
    },
    fsyncSync: (file: number) => {
      this.#before('fsync');
      const { path, inode } = this.#open.get(file)!;
      inode.synced = inode.data;
      if (!this.#directories.has(path)) return;
      for (const name of [...this.#syncedNames.keys()]) if (dirname(name) === path) this.#syncedNames.delete(name);
      for (const [name, other] of this.#names) if (dirname(name) === path) this.#syncedNames.set(name, other);
    },
    closeSync: (file: number) => {
      this.#before('close');
      this.#open.delete(file);
    },
    renameSync: (from: string, to: string) => {
      this.#before('rename');
      if (this.#directories.has(from)) return this.#renameDirectory(from, to);
      const inode = this.#names.get(from);
      if (inode === undefined) throw failure('ENOENT');
      this.#names.delete(from);
      this.#names.set(to, inode);
    },
    unlinkSync: (path: string) => {
      this.#before('unlink');
      if (!this.#names.delete(path)) throw failure('ENOENT');
    },
    rmdirSync: (path: string) => {
      this.#before('rmdir');
      if (!this.#directories.has(path)) throw failure('ENOENT');
      if (this.files().some((name) => dirname(name) === path)) throw failure('ENOTEMPTY');
      this.#directories.delete(path);
    },
    utimesSync: (path: string, _accessed: number, modifiedSeconds: number) => {
      this.#before('utimes');
      const inode = this.#names.get(path);
      if (inode === undefined) throw failure('ENOENT');
      inode.mtimeMs = modifiedSeconds * 1000;
    },
    lstatSync: ((path: string) => {
      this.#before('lstat');
      const inode = this.#names.get(path);
      if (inode === undefined && !this.#directories.has(path)) throw failure('ENOENT');
      return {
        isDirectory: () => inode === undefined,
        isFile: () => inode !== undefined,
        size: inode?.data.length ?? 0,
        mtimeMs: inode?.mtimeMs ?? 0,
      };
    }) as unknown as SpoolFs['lstatSync'],
    readdirSync: ((path: string) => {
      this.#before('readdir');
      if (!this.#directories.has(path)) throw failure('ENOENT');
      const inside = [...this.#names.keys(), ...this.#directories].filter(
        (name) => name !== '/' && dirname(name) === path,
      );
      return inside.map((name) => name.slice(name.lastIndexOf('/') + 1));
    }) as unknown as SpoolFs['readdirSync'],
    readFileSync: ((file: number | string, encoding?: string) => {
      this.#before('read');
      const inode = typeof file === 'number' ? this.#open.get(file)?.inode : this.#names.get(file);
      if (inode === undefined) throw failure('ENOENT');
      return encoding === undefined ? Buffer.from(inode.data) : inode.data.toString();
    }) as unknown as SpoolFs['readFileSync'],
  } as unknown as SpoolFs;

  #renameDirectory(from: string, to: string): void {
    this.#directories.delete(from);
    this.#directories.add(to);
    for (const names of [this.#names, this.#syncedNames]) {
      for (const [path, inode] of [...names]) {
        if (dirname(path) !== from) continue;
        names.delete(path);
        names.set(to + path.slice(from.length), inode);
      }
    }
  }

  #before(call: string): Fault | undefined {
    // A process that was killed does nothing more, whatever its code would catch.
    if (this.#crashed) throw new Crash();
    this.operations += 1;
    const fault = this.plan(this.operations, call);
    if (fault?.kind === 'error') throw failure(fault.code);
    if (fault?.kind === 'crash') {
      this.#crashed = true;
      throw new Crash();
    }
    return fault;
  }
}

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: as the test wanted`), { code });
}
