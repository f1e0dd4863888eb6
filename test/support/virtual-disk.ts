// A disk in memory that several virtual processes share, and that fails where a test plans it.
//
// Each process has descriptors of its own. Before each operation the disk asks `plan` for a fault. A process that was
// killed does nothing more, whatever its code catches. A power loss ends all processes and keeps only what was synced,
// and of the rest what chance decides. See virtual-file.ts (bytes) and virtual-tree.ts (names).

import { constants } from 'node:os';
import type { SpoolFs } from '@putlogs/core/internal/spool/disk';
import type { Random } from './seeded-random';
import { callsOf, type Descriptor } from './virtual-calls';
import { PAGE_BYTES } from './virtual-file';
import { CallFailure, type FileNode, type VirtualNode, VirtualTree } from './virtual-tree';

export type Fault =
  /** The operation fails. With `done` it took place all the same, as on a network volume that lost the answer. */
  | { readonly kind: 'error'; readonly code: string; readonly done?: boolean }
  /** A read or a write transfers only so many bytes, at least one. */
  | { readonly kind: 'short'; readonly bytes: number }
  /** A write puts so many bytes into the file, and then the process dies. */
  | { readonly kind: 'torn'; readonly bytes: number }
  | { readonly kind: 'crash'; readonly when: 'before' | 'after' };

/** Ends whatever the process was doing. */
export class Crash extends Error {
  readonly process: string;

  constructor(process: string) {
    super(`the process ${process} was killed`);
    this.process = process;
  }
}

/** @param operation counts the operations of all processes, from 1 */
export type FaultPlan = (process: string, call: string, path: string, operation: number) => Fault | undefined;

export interface VirtualDiskOptions {
  /** The clock of the file system: what it writes as a file's time. */
  readonly nowMs?: () => number;
  readonly capacityBytes?: number;
  /** For each process. */
  readonly maxDescriptors?: number;
  readonly uid?: number;
}

interface Process {
  readonly name: string;
  readonly descriptors: Map<number, Descriptor>;
  killed: boolean;
}

const NO_FAULT: FaultPlan = () => undefined;

export class VirtualDisk {
  readonly #options: VirtualDiskOptions;
  readonly #tree: VirtualTree;
  readonly #processes = new Map<string, Process>();
  readonly #writtenBytes = new Map<string, number>();
  #usedPages = 0;
  /** Operations of all processes so far. */
  operations = 0;
  /** Operations that a fault may have changed. */
  faults = 0;
  plan: FaultPlan = NO_FAULT;
  /** May change at any time: a full disk is one whose capacity is what it holds. */
  capacityBytes: number;
  maxDescriptors: number;
  /** Called once for each process that dies. */
  onKill: (process: string) => void = () => {};

  constructor(options: VirtualDiskOptions = {}, tree = new VirtualTree(options.uid ?? 0)) {
    this.#options = options;
    this.#tree = tree;
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
    this.maxDescriptors = options.maxDescriptors ?? Number.POSITIVE_INFINITY;
    this.#countPages();
  }

  /** The file system as a process sees it. A name that was killed may be used again, by a new process. */
  processFs(name: string): SpoolFs {
    if (this.#processes.has(name)) throw new Error(`the process ${name} lives`);
    const process: Process = { name, descriptors: new Map(), killed: false };
    this.#processes.set(name, process);
    return callsOf({
      tree: this.#tree,
      descriptors: process.descriptors,
      maxDescriptors: () => this.maxDescriptors,
      nowMs: () => this.#nowMs(),
      freePages: () => Math.max(0, Math.floor(this.capacityBytes / PAGE_BYTES) - this.#usedPages),
      allocated: (pages) => {
        this.#usedPages += pages;
      },
      wrote: (bytes) => this.#writtenBytes.set(name, this.writtenBytes(name) + bytes),
      release: (node) => this.#release(node),
      perform: (call, path, work, failed) => this.#perform(process, call, path, work, failed),
    });
  }

  /** Closes what the process holds open and ends it; harmless if it is dead. */
  kill(name: string): void {
    const process = this.#processes.get(name);
    if (process === undefined) return;
    this.#processes.delete(name);
    process.killed = true;
    for (const { node } of process.descriptors.values()) {
      node.opens -= 1;
      this.#release(node);
    }
    process.descriptors.clear();
    this.onKill(name);
  }

  /** Kills all processes and forgets what was not synced, as chance decides. */
  losePower(random: Random): void {
    for (const name of [...this.#processes.keys()]) this.kill(name);
    this.#tree.losePower(random);
    this.#countPages();
  }

  /** The kernel writes some unsynced bytes to the platter, as it may at any time. */
  writeBack(random: Random): void {
    for (const { file } of this.#files().values()) file.writeBack(random);
  }

  /** A copy with the same files and the same unsynced changes, without processes and without a plan. */
  clone(): VirtualDisk {
    const { capacityBytes, maxDescriptors } = this;
    return new VirtualDisk({ ...this.#options, capacityBytes, maxDescriptors }, this.#tree.clone());
  }

  get usedBytes(): number {
    return this.#usedPages * PAGE_BYTES;
  }

  /** Bytes that processes of this name wrote, whatever became of them. */
  writtenBytes(process: string): number {
    return this.#writtenBytes.get(process) ?? 0;
  }

  openDescriptors(process: string): number {
    return this.#processes.get(process)?.descriptors.size ?? 0;
  }

  /** All paths there are, sorted. */
  paths(): string[] {
    return [...this.#tree.nodes().keys()].sort();
  }

  /** The content of a file, without an operation. */
  content(path: string): Buffer {
    return this.#file(path).file.content();
  }

  /** Overwrites bytes of a file without an operation, as a damaged disk would; both in the cache and on the platter. */
  damage(path: string, at: number, bytes: Uint8Array): void {
    const { file } = this.#file(path);
    const before = file.allocatedPages;
    file.write(at, bytes);
    file.sync();
    this.#usedPages += file.allocatedPages - before;
  }

  makeLink(target: string, path: string): void {
    const { above, name, node } = this.#tree.find(path, false);
    if (node !== undefined) throw new Error(`${path} exists`);
    const made = this.#tree.newLink(target, this.#nowMs());
    this.#tree.change([{ directory: above.at(-1)!, name, node: made }], this.#nowMs());
  }

  /** Changes the owner or the permissions of a file or a directory. */
  setOwner(path: string, { uid, mode }: { readonly uid?: number; readonly mode?: number }): void {
    const node = this.#tree.find(path, false).node;
    if (node === undefined) throw new Error(`there is no ${path}`);
    node.uid = uid ?? node.uid;
    node.mode = mode ?? node.mode;
  }

  #perform<T>(process: Process, call: string, path: string, work: (maxBytes: number) => T, failed?: () => void): T {
    if (process.killed) throw new Crash(process.name);
    this.operations += 1;
    const fault = this.plan(process.name, call, path, this.operations);
    if (fault === undefined) return attempt(call, path, () => work(Number.POSITIVE_INFINITY));
    if (fault.kind !== 'short' || call === 'read' || call === 'write') this.faults += 1;
    switch (fault.kind) {
      case 'error':
        if (fault.done === true) attempt(call, path, () => work(Number.POSITIVE_INFINITY));
        else if (failed !== undefined) attempt(call, path, failed);
        throw failure(fault.code, call, path);
      case 'short':
        return attempt(call, path, () => work(Math.max(1, fault.bytes)));
      case 'torn':
        if (call === 'write' && fault.bytes > 0) this.#swallow(() => work(fault.bytes));
        break;
      case 'crash':
        if (fault.when === 'after') this.#swallow(() => work(Number.POSITIVE_INFINITY));
    }
    this.kill(process.name);
    throw new Crash(process.name);
  }

  /** The process dies before it learns of a failure. */
  #swallow(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
    }
  }

  #release(node: VirtualNode | undefined): void {
    if (node === undefined || node.named || node.opens > 0) return;
    if (node.kind === 'file') this.#usedPages -= node.file.allocatedPages;
    if (node.kind === 'directory') this.#usedPages -= 1;
  }

  #countPages(): void {
    this.#usedPages = 0;
    for (const node of this.#tree.nodes().values()) {
      if (node.kind === 'file') this.#usedPages += node.file.allocatedPages;
      if (node.kind === 'directory') this.#usedPages += 1;
    }
  }

  #files(): Map<string, FileNode> {
    const files = new Map<string, FileNode>();
    for (const [path, node] of this.#tree.nodes()) if (node.kind === 'file') files.set(path, node);
    return files;
  }

  #file(path: string): FileNode {
    const { node } = this.#tree.find(path, true);
    if (node?.kind !== 'file') throw new Error(`there is no file ${path}`);
    return node;
  }

  #nowMs(): number {
    return this.#options.nowMs?.() ?? 0;
  }
}

function attempt<T>(call: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof CallFailure ? failure(error.code, call, path) : error;
  }
}

function failure(code: string, call: string, path: string): NodeJS.ErrnoException {
  const errno = -(constants.errno[code as keyof typeof constants.errno] ?? 1);
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, errno, syscall: call, path });
}
