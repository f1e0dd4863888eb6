// The calls of node:fs on the virtual disk, for one process: what each returns and with which code it fails, as Linux
// does.
//
// Permissions are not checked: a process is root. A test that needs EACCES plans it.

import { constants } from 'node:fs';
import { posix } from 'node:path';
import type { SpoolFs } from '@putlogs/core/internal/spool/disk';
import { bytesOf, flagsOf, type Range, rangeOf, statsOf, type View } from './virtual-arguments';
import {
  CallFailure,
  checkReplaced,
  type DirectoryNode,
  type FileNode,
  type Place,
  type VirtualTree,
} from './virtual-tree';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_TRUNC, O_WRONLY } = constants;
/** The bits of the flags that say whether a file is read, written or both. */
const O_ACCMODE = 3;
const UMASK = 0o022;
/** 0 to 2 are the standard streams. */
const FIRST_DESCRIPTOR = 3;

export interface Descriptor {
  readonly node: FileNode | DirectoryNode;
  readonly path: string;
  readonly flags: number;
  /** Where the next read or write without a position begins. */
  at: number;
}

/** What the calls need of the disk and of their process. */
export interface CallContext {
  readonly tree: VirtualTree;
  readonly descriptors: Map<number, Descriptor>;
  readonly maxDescriptors: () => number;
  readonly nowMs: () => number;
  readonly freePages: () => number;
  /** Reports pages that a file allocated, or freed. */
  readonly allocated: (pages: number) => void;
  readonly wrote: (bytes: number) => void;
  /** Frees what has no name and no descriptor. */
  readonly release: (node: Place['node']) => void;
  /**
   * Runs one operation, or the fault planned for it.
   * @param work receives the most bytes to transfer
   * @param failed runs instead of `work` if an error is planned, for what the call does even then
   */
  readonly perform: <T>(call: string, path: string, work: (maxBytes: number) => T, failed?: () => void) => T;
}

export function callsOf(context: CallContext): SpoolFs {
  const { tree, descriptors, perform, nowMs } = context;

  function held(file: number): Descriptor {
    const descriptor = descriptors.get(file);
    if (descriptor === undefined) throw new CallFailure('EBADF');
    return descriptor;
  }

  const pathOf = (file: number): string => descriptors.get(file)?.path ?? `descriptor ${file}`;

  function open(path: string, flags: number, mode: number): number {
    if (descriptors.size >= context.maxDescriptors()) throw new CallFailure('EMFILE');
    const exclusive = (flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0;
    const place = tree.find(path, (flags & O_NOFOLLOW) === 0 && !exclusive);
    const node = opened(place, flags, exclusive, mode);
    let file = FIRST_DESCRIPTOR;
    while (descriptors.has(file)) file += 1;
    node.opens += 1;
    descriptors.set(file, { node, path: place.path, flags, at: 0 });
    return file;
  }

  function opened({ above, name, node }: Place, flags: number, exclusive: boolean, mode: number): Descriptor['node'] {
    if (node === undefined) {
      if ((flags & O_CREAT) === 0) throw new CallFailure('ENOENT');
      const made = tree.newFile(mode & ~UMASK, nowMs());
      tree.change([{ directory: above.at(-1)!, name, node: made }], nowMs());
      return made;
    }
    if (exclusive) throw new CallFailure('EEXIST');
    if (node.kind === 'directory') {
      if ((flags & (O_ACCMODE | O_CREAT | O_TRUNC)) !== O_RDONLY) throw new CallFailure('EISDIR');
      return node;
    }
    if ((flags & O_DIRECTORY) !== 0) throw new CallFailure('ENOTDIR');
    if (node.kind === 'link') throw new CallFailure('ELOOP');
    if ((flags & O_TRUNC) !== 0) resize(node, 0);
    return node;
  }

  function resize(node: FileNode, bytes: number): void {
    const before = node.file.allocatedPages;
    node.file.truncate(bytes);
    context.allocated(node.file.allocatedPages - before);
    node.mtimeMs = nowMs();
  }

  function close(file: number): void {
    const descriptor = held(file);
    descriptors.delete(file);
    descriptor.node.opens -= 1;
    context.release(descriptor.node);
  }

  function read(file: number, into: Uint8Array, position: number | null): number {
    const descriptor = held(file);
    if ((descriptor.flags & O_ACCMODE) === O_WRONLY) throw new CallFailure('EBADF');
    if (descriptor.node.kind === 'directory') throw new CallFailure('EISDIR');
    const count = descriptor.node.file.read(position ?? descriptor.at, into);
    if (position === null) descriptor.at += count;
    return count;
  }

  function write(file: number, bytes: Uint8Array, position: number | null, maxBytes: number): number {
    const descriptor = held(file);
    const { node, flags } = descriptor;
    if ((flags & O_ACCMODE) === O_RDONLY || node.kind === 'directory') throw new CallFailure('EBADF');
    // With O_APPEND, Linux ignores the position of pwrite.
    const at = (flags & O_APPEND) !== 0 ? node.file.bytes : (position ?? descriptor.at);
    const wanted = Math.min(bytes.length, maxBytes);
    const count = node.file.writableBytes(at, wanted, context.freePages());
    if (count === 0 && wanted > 0) throw new CallFailure('ENOSPC');
    const before = node.file.allocatedPages;
    node.file.write(at, bytes.subarray(0, count));
    context.allocated(node.file.allocatedPages - before);
    context.wrote(count);
    node.mtimeMs = nowMs();
    if (position === null) descriptor.at = at + count;
    return count;
  }

  function sync(file: number): void {
    const { node } = held(file);
    if (node.kind === 'file') node.file.sync();
    else tree.syncDirectory(node);
  }

  function failSync(file: number): void {
    const node = descriptors.get(file)?.node;
    if (node?.kind === 'file') node.file.failSync();
  }

  function rename(from: Place, to: Place): void {
    const { node } = from;
    const directory = from.above.at(-1);
    const target = to.above.at(-1);
    if (directory === undefined || target === undefined) throw new CallFailure('EBUSY');
    if (node === undefined) throw new CallFailure('ENOENT');
    if (node.kind === 'directory' && to.above.includes(node)) throw new CallFailure('EINVAL');
    if (to.node?.kind === 'directory' && from.above.includes(to.node)) throw new CallFailure('ENOTEMPTY');
    if (node === to.node) return;
    if (to.node !== undefined) checkReplaced(node, to.node);
    const changes = [
      { directory, name: from.name, node: undefined },
      { directory: target, name: to.name, node },
    ];
    tree.change(changes, nowMs());
    context.release(to.node);
  }

  function list(path: string): string[] {
    const { node } = tree.find(path, true);
    if (node === undefined) throw new CallFailure('ENOENT');
    if (node.kind !== 'directory') throw new CallFailure('ENOTDIR');
    return [...node.entries.keys()].sort();
  }

  function remove(path: string, kind: 'directory' | 'file'): void {
    const { above, name, node } = tree.find(path, false);
    if (node === undefined) throw new CallFailure('ENOENT');
    if (kind === 'file' && node.kind === 'directory') throw new CallFailure('EISDIR');
    if (kind === 'directory' && node.kind !== 'directory') throw new CallFailure('ENOTDIR');
    const directory = above.at(-1);
    if (directory === undefined) throw new CallFailure('EBUSY');
    if (node.kind === 'directory' && node.entries.size > 0) throw new CallFailure('ENOTEMPTY');
    tree.change([{ directory, name, node: undefined }], nowMs());
    context.release(node);
  }

  function makeDirectory(path: string, mode: number): void {
    const { above, name, node } = tree.find(path, false);
    if (node !== undefined) throw new CallFailure('EEXIST');
    if (context.freePages() === 0) throw new CallFailure('ENOSPC');
    context.allocated(1);
    const made = tree.newDirectory(mode & ~UMASK, nowMs());
    tree.change([{ directory: above.at(-1)!, name, node: made }], nowMs());
  }

  /** Node reads until the end, so a short read changes nothing here. */
  function readWhole(file: number | string): Buffer {
    const node = typeof file === 'number' ? held(file).node : tree.find(file, true).node;
    if (node === undefined) throw new CallFailure('ENOENT');
    if (node.kind !== 'file') throw new CallFailure('EISDIR');
    const descriptor = typeof file === 'number' ? held(file) : undefined;
    if (((descriptor?.flags ?? O_RDONLY) & O_ACCMODE) === O_WRONLY) throw new CallFailure('EBADF');
    const from = descriptor?.at ?? 0;
    const bytes = Buffer.allocUnsafe(Math.max(0, node.file.bytes - from));
    node.file.read(from, bytes);
    if (descriptor !== undefined) descriptor.at += bytes.length;
    return bytes;
  }

  // The types of node:fs have overloads for streams, promises and big integers; the spool uses none of those.
  const calls = {
    openSync: (path: string, flags: string | number = 'r', mode = 0o666) =>
      perform('open', path, () => open(path, flagsOf(flags), mode)),
    // Linux frees the descriptor even if close fails.
    closeSync: (file: number) =>
      perform(
        'close',
        pathOf(file),
        () => close(file),
        () => close(file),
      ),
    readSync: (file: number, into: View, from?: number | Range, length?: number | null, position?: number | null) => {
      const range = rangeOf(from, length, position);
      // Node does not ask the system for no bytes.
      if (bytesOf(into, range).length === 0) return 0;
      return perform('read', pathOf(file), (maxBytes) => {
        const bytes = bytesOf(into, range);
        return read(file, bytes.subarray(0, Math.min(bytes.length, maxBytes)), range.position ?? null);
      });
    },
    writeSync: (
      file: number,
      bytes: View | string,
      from?: number | Range | null,
      length?: number | string | null,
      position?: number | null,
    ) =>
      perform('write', pathOf(file), (maxBytes) => {
        if (typeof bytes === 'string') return write(file, Buffer.from(bytes), from as number | null, maxBytes);
        const range = rangeOf(from ?? undefined, length as number | null, position);
        return write(file, bytesOf(bytes, range), range.position ?? null, maxBytes);
      }),
    writevSync: (file: number, parts: readonly View[], position?: number | null) =>
      perform('write', pathOf(file), (maxBytes) =>
        write(file, Buffer.concat(parts.map((part) => bytesOf(part, {}))), position ?? null, maxBytes),
      ),
    ftruncateSync: (file: number, bytes = 0) =>
      perform('ftruncate', pathOf(file), () => {
        const { node, flags } = held(file);
        if ((flags & O_ACCMODE) === O_RDONLY || node.kind === 'directory') throw new CallFailure('EINVAL');
        resize(node, bytes);
      }),
    fdatasyncSync: (file: number) =>
      perform(
        'fdatasync',
        pathOf(file),
        () => sync(file),
        () => failSync(file),
      ),
    fsyncSync: (file: number) =>
      perform(
        'fsync',
        pathOf(file),
        () => sync(file),
        () => failSync(file),
      ),
    fstatSync: (file: number) => perform('fstat', pathOf(file), () => statsOf(held(file).node)),
    lstatSync: (path: string, options: { readonly throwIfNoEntry?: boolean } = {}) =>
      perform('lstat', path, () => {
        const { node } = tree.find(path, false);
        if (node !== undefined) return statsOf(node);
        if (options.throwIfNoEntry === false) return undefined;
        throw new CallFailure('ENOENT');
      }),
    renameSync: (from: string, to: string) =>
      perform('rename', from, () => rename(tree.find(from, false), tree.find(to, false))),
    unlinkSync: (path: string) => perform('unlink', path, () => remove(path, 'file')),
    rmdirSync: (path: string) => perform('rmdir', path, () => remove(path, 'directory')),
    mkdirSync: (path: string, options: number | { readonly mode?: number; readonly recursive?: boolean } = {}) => {
      const { mode = 0o777, recursive = false } = typeof options === 'number' ? { mode: options } : options;
      if (recursive) throw new Error('the virtual disk makes one directory at a time');
      return perform('mkdir', path, () => makeDirectory(path, mode));
    },
    readdirSync: (path: string, options?: unknown) => {
      if (options !== undefined) throw new Error('the virtual disk lists names only');
      return perform('readdir', path, () => list(path));
    },
    readFileSync: (file: number | string, options?: BufferEncoding | { readonly encoding?: BufferEncoding }) =>
      perform('readFile', typeof file === 'number' ? pathOf(file) : file, () => {
        const encoding = typeof options === 'string' ? options : options?.encoding;
        const bytes = readWhole(file);
        return encoding === undefined ? bytes : bytes.toString(encoding);
      }),
    utimesSync: (path: string, _accessed: number | Date, modified: number | Date) =>
      perform('utimes', path, () => {
        const { node } = tree.find(path, true);
        if (node === undefined) throw new CallFailure('ENOENT');
        node.mtimeMs = typeof modified === 'number' ? modified * 1000 : modified.getTime();
      }),
    realpathSync: (path: string) =>
      perform('realpath', path, () => {
        // Node takes `..` out of the text before it looks at links.
        const place = tree.find(posix.resolve(path), true);
        if (place.node === undefined) throw new CallFailure('ENOENT');
        return place.path;
      }),
  };
  return calls as unknown as SpoolFs;
}
