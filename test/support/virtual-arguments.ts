// What the calls of node:fs take and return: flags, ranges of buffers, and the state of a file.

import { constants } from 'node:fs';
import type { VirtualNode } from './virtual-tree';

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;
const FLAGS: Readonly<Record<string, number>> = {
  r: O_RDONLY,
  'r+': O_RDWR,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
  ax: O_WRONLY | O_CREAT | O_APPEND | O_EXCL,
};

export type View = NodeJS.ArrayBufferView;
export interface Range {
  readonly offset?: number | null;
  readonly length?: number | null;
  readonly position?: number | null;
}

export function flagsOf(flags: string | number): number {
  const known = typeof flags === 'number' ? flags : FLAGS[flags];
  if (known === undefined) throw new Error(`the virtual disk does not know the flags ${flags}`);
  return known;
}

export function statsOf(node: VirtualNode) {
  const { kind, mode, uid, mtimeMs, inode } = node;
  const type = { file: constants.S_IFREG, directory: constants.S_IFDIR, link: constants.S_IFLNK }[kind];
  return {
    size: node.kind === 'file' ? node.file.bytes : node.kind === 'link' ? Buffer.byteLength(node.target) : 4096,
    mode: type | mode,
    uid,
    ino: inode,
    mtimeMs,
    mtime: new Date(mtimeMs),
    isFile: () => kind === 'file',
    isDirectory: () => kind === 'directory',
    isSymbolicLink: () => kind === 'link',
  };
}

export function rangeOf(from: number | Range | undefined, length?: number | null, position?: number | null): Range {
  if (typeof from === 'object') return from;
  return { offset: from ?? 0, length: length ?? null, position: position ?? null };
}

export function bytesOf(view: View, { offset, length }: Range): Uint8Array {
  const from = offset ?? 0;
  const count = length ?? view.byteLength - from;
  if (from < 0 || count < 0 || from + count > view.byteLength) throw new RangeError('the range is not in the buffer');
  return new Uint8Array(view.buffer, view.byteOffset + from, count);
}
