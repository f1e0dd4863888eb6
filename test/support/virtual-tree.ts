// The names of the virtual disk: directories, files and links, and which names a power loss would leave.
//
// A directory's change of names is on the platter once the directory was synced. A rename between two directories
// reaches the platter whole: the sync of one brings the other's side with it, as journals of file systems do.

import { below, type Random } from './seeded-random';
import { VirtualFile } from './virtual-file';

/** Linux's limit on the links followed for one path. */
const MOST_LINKS = 40;
const LONGEST_NAME_BYTES = 255;
/**
 * Beyond this many, the older half is written: a real journal commits every few seconds. It also bounds a clone's
 * cost.
 */
const MOST_UNSYNCED = 256;

interface Attributes {
  readonly inode: number;
  mode: number;
  uid: number;
  mtimeMs: number;
  /** Whether a directory names it. */
  named: boolean;
  /** Descriptors that hold it open. */
  opens: number;
}

export interface FileNode extends Attributes {
  readonly kind: 'file';
  readonly file: VirtualFile;
}

export interface DirectoryNode extends Attributes {
  readonly kind: 'directory';
  readonly entries: Map<string, VirtualNode>;
  readonly onPlatter: Map<string, VirtualNode>;
}

export interface LinkNode extends Attributes {
  readonly kind: 'link';
  readonly target: string;
}

export type VirtualNode = FileNode | DirectoryNode | LinkNode;

/** Where a path leads. */
export interface Place {
  /** From the root down to the directory that has the name; empty for the root itself. */
  readonly above: readonly DirectoryNode[];
  readonly name: string;
  /** Nothing if the directory has no such name. */
  readonly node: VirtualNode | undefined;
  /** Without links. */
  readonly path: string;
}

interface NameChange {
  readonly directory: DirectoryNode;
  readonly name: string;
  /** Nothing for a name that was removed. */
  readonly node: VirtualNode | undefined;
}

/** A failed call, with the code that the system would return. */
export class CallFailure extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export class VirtualTree {
  readonly #uid: number;
  #root: DirectoryNode;
  #lastInode = 1;
  /** In order; each entry reaches the platter whole or not at all. */
  #unsynced: (readonly NameChange[])[] = [];

  constructor(uid: number) {
    this.#uid = uid;
    this.#root = this.newDirectory(0o755, 0);
    this.#root.named = true;
  }

  get root(): DirectoryNode {
    return this.#root;
  }

  newFile(mode: number, mtimeMs: number): FileNode {
    return { kind: 'file', file: new VirtualFile(), ...this.#attributes(mode, mtimeMs) };
  }

  newDirectory(mode: number, mtimeMs: number): DirectoryNode {
    return { kind: 'directory', entries: new Map(), onPlatter: new Map(), ...this.#attributes(mode, mtimeMs) };
  }

  newLink(target: string, mtimeMs: number): LinkNode {
    return { kind: 'link', target, ...this.#attributes(0o777, mtimeMs) };
  }

  /** @throws CallFailure if the path leads nowhere, except for its last name */
  find(path: string, followLast: boolean): Place {
    if (!path.startsWith('/')) throw new Error(`the virtual disk knows absolute paths only, not ${path}`);
    const rest = partsOf(path).reverse();
    let above: DirectoryNode[] = [];
    let names: string[] = [];
    let links = 0;
    let at: VirtualNode = this.#root;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (at.kind !== 'directory') throw new CallFailure('ENOTDIR');
      if (part === '..') {
        at = above.pop() ?? this.#root;
        names.pop();
        continue;
      }
      if (Buffer.byteLength(part) > LONGEST_NAME_BYTES) throw new CallFailure('ENAMETOOLONG');
      const node: VirtualNode | undefined = at.entries.get(part);
      if (rest.length === 0 && (node === undefined || node.kind !== 'link' || !followLast)) {
        return { above: [...above, at], name: part, node, path: `/${[...names, part].join('/')}` };
      }
      if (node === undefined) throw new CallFailure('ENOENT');
      if (node.kind === 'link') {
        links += 1;
        if (links > MOST_LINKS) throw new CallFailure('ELOOP');
        for (const part of partsOf(node.target).reverse()) rest.push(part);
        if (node.target.startsWith('/')) {
          above = [];
          names = [];
          at = this.#root;
        }
        continue;
      }
      above.push(at);
      names.push(part);
      at = node;
    }
    return { above, name: '', node: at, path: `/${names.join('/')}` };
  }

  /** Makes all changes at once. */
  change(changes: readonly NameChange[], nowMs: number): void {
    for (const { directory, name, node } of changes) {
      const before = directory.entries.get(name);
      if (before !== undefined) before.named = false;
      if (node === undefined) directory.entries.delete(name);
      else directory.entries.set(name, node);
      directory.mtimeMs = nowMs;
    }
    for (const { node } of changes) if (node !== undefined) node.named = true;
    this.#unsynced.push(changes);
    if (this.#unsynced.length <= MOST_UNSYNCED) return;
    for (const older of this.#unsynced.splice(0, MOST_UNSYNCED / 2)) toPlatter(older);
  }

  syncDirectory(directory: DirectoryNode): void {
    const needed = new Set([directory]);
    const synced = new Set<readonly NameChange[]>();
    for (const changes of this.#unsynced.toReversed()) {
      if (!changes.some((change) => needed.has(change.directory))) continue;
      synced.add(changes);
      for (const change of changes) needed.add(change.directory);
    }
    for (const changes of this.#unsynced) if (synced.has(changes)) toPlatter(changes);
    this.#unsynced = this.#unsynced.filter((changes) => !synced.has(changes));
  }

  /** Keeps the names that were synced and, half of the time, the oldest few of the changes after that. */
  losePower(random: Random): void {
    const kept = random() < 0.5 ? 0 : below(random, this.#unsynced.length + 1);
    for (const changes of this.#unsynced.slice(0, kept)) toPlatter(changes);
    this.#unsynced = [];
    restore(this.#root, random, new Set());
  }

  nodes(): Map<string, VirtualNode> {
    const found = new Map<string, VirtualNode>();
    const visit = (directory: DirectoryNode, path: string): void => {
      for (const [name, node] of directory.entries) {
        found.set(`${path}/${name}`, node);
        if (node.kind === 'directory') visit(node, `${path}/${name}`);
      }
    };
    visit(this.#root, '');
    return found;
  }

  clone(): VirtualTree {
    const other = new VirtualTree(this.#uid);
    const copies = new Map<VirtualNode, VirtualNode>();
    other.#root = copyOf(this.#root, copies) as DirectoryNode;
    other.#lastInode = this.#lastInode;
    other.#unsynced = this.#unsynced.map((changes) =>
      changes.map(({ directory, name, node }) => ({
        directory: copyOf(directory, copies) as DirectoryNode,
        name,
        node: node === undefined ? undefined : copyOf(node, copies),
      })),
    );
    return other;
  }

  #attributes(permissions: number, mtimeMs: number): Attributes {
    return { inode: this.#lastInode++, mode: permissions, uid: this.#uid, mtimeMs, named: false, opens: 0 };
  }
}

/** A rename replaces a file by a file, and an empty directory by a directory. @throws CallFailure for anything else */
export function checkReplaced(node: VirtualNode, replaced: VirtualNode): void {
  if (node.kind === 'directory') {
    if (replaced.kind !== 'directory') throw new CallFailure('ENOTDIR');
    if (replaced.entries.size > 0) throw new CallFailure('ENOTEMPTY');
  } else if (replaced.kind === 'directory') throw new CallFailure('EISDIR');
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function toPlatter(changes: readonly NameChange[]): void {
  for (const { directory, name, node } of changes) {
    if (node === undefined) directory.onPlatter.delete(name);
    else directory.onPlatter.set(name, node);
  }
}

function restore(node: VirtualNode, random: Random, done: Set<VirtualNode>): void {
  if (done.has(node)) return;
  done.add(node);
  node.named = true;
  node.opens = 0;
  if (node.kind === 'file') node.file.losePower(random);
  if (node.kind !== 'directory') return;
  node.entries.clear();
  for (const [name, child] of node.onPlatter) {
    node.entries.set(name, child);
    restore(child, random, done);
  }
}

/** A copy that no process holds open; each node is copied once. */
function copyOf(node: VirtualNode, copies: Map<VirtualNode, VirtualNode>): VirtualNode {
  const known = copies.get(node);
  if (known !== undefined) return known;
  if (node.kind !== 'directory') {
    const copy = node.kind === 'file' ? { ...node, file: node.file.clone(), opens: 0 } : { ...node, opens: 0 };
    copies.set(node, copy);
    return copy;
  }
  const copy: DirectoryNode = { ...node, entries: new Map(), onPlatter: new Map(), opens: 0 };
  copies.set(node, copy);
  for (const [name, child] of node.entries) copy.entries.set(name, copyOf(child, copies));
  for (const [name, child] of node.onPlatter) copy.onPlatter.set(name, copyOf(child, copies));
  return copy;
}
