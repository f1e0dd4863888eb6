// Makes our own directory inside `spool.dir`, or refuses the one that exists.
//
// `spool.dir` belongs to the user. Kubernetes mounts it with owner root and any mode, and on macOS /tmp is a link. Only
// `putlogs-1` inside it has to be ours: its files are sent as logs, so another user must not be able to add one.

import nodeFs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Disk, type DiskFailure, makeDirectory, type SpoolFs } from './disk';
import { ROOT } from './names';

export interface Root {
  readonly kind: 'root';
  /** Absolute and without links, so that it stays right after `process.chdir`. */
  readonly path: string;
}

/** Fails with `EFOREIGN` if the directory exists, and other users could change its files. */
export function openRoot(disk: Disk, spoolDir: string): Root | DiskFailure {
  let path = '';
  let problem: string | undefined;
  const failure = disk.attempt(() => {
    const wanted = resolve(spoolDir);
    const missing: string[] = [];
    for (let at = wanted; !exists(disk, at); at = dirname(at)) missing.push(at);
    makeDirectory(wanted, disk.fs);
    for (const made of missing) disk.syncDirectory(dirname(made));
    const parent = disk.fs.realpathSync(wanted);
    path = join(parent, ROOT);
    if (makeOwn(path, disk.fs)) disk.syncDirectory(parent);
    problem = foreign(path, disk.fs);
  });
  if (failure !== undefined) return failure;
  return problem === undefined ? { kind: 'root', path } : { kind: 'failed', code: 'EFOREIGN', message: problem };
}

function exists(disk: Disk, path: string): boolean {
  return path === dirname(path) || disk.attempt(() => disk.fs.lstatSync(path))?.code !== 'ENOENT';
}

/** Returns whether the directory is new. @throws the system's error */
function makeOwn(path: string, fs: SpoolFs): boolean {
  try {
    fs.mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

const WRITABLE_BY_OTHERS = 0o002;

/**
 * Returns what is wrong with our directory, and what to change. A group may write to it, because Kubernetes sets mode
 * 2770 at every mount with `fsGroup`. On Windows, `stat` has neither users nor modes.
 */
function foreign(path: string, fs: SpoolFs): string | undefined {
  const stat = fs.lstatSync(path);
  const remedy = 'or set spool.dir to another directory';
  if (stat.isSymbolicLink()) return `${path} is a link; remove it, ${remedy}`;
  if (!stat.isDirectory()) return `${path} is not a directory; remove it, ${remedy}`;
  const uid = process.getuid?.();
  if (uid === undefined) return undefined;
  if (stat.uid !== uid) {
    return `${path} belongs to user ${stat.uid} and this process runs as user ${uid}; change its owner, ${remedy}`;
  }
  if ((stat.mode & WRITABLE_BY_OTHERS) !== 0) {
    return `every user can write to ${path}; run chmod o-w on it, ${remedy}`;
  }
  return undefined;
}

export type FileSystemKind = 'tmpfs' | 'overlay' | 'nfs';

/** From linux/magic.h. Other systems use small numbers, which match none of these. */
const KINDS: ReadonlyMap<number, FileSystemKind> = new Map([
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlay'],
  [0x6969, 'nfs'],
]);

/** Returns what a person must know about the file system; undefined if there is nothing. */
export function fileSystemNotice(kind: FileSystemKind | undefined, fsync: boolean): string | undefined {
  const where = `spool.dir is on ${kind}`;
  if (kind === 'tmpfs') return `${where}: its files use memory, and a restart of the machine ends them`;
  if (kind === 'overlay') return `${where}: its files end with the container; mount a volume there`;
  if (kind === 'nfs' && !fsync) return `${where}: set spool.fsync, or a crash can lose spooled records`;
  return undefined;
}

/**
 * Returns the kind of a file system on which a spool keeps less: tmpfs and overlay end with the container, and NFS
 * needs `spool.fsync` and a longer lease. Undefined for other kinds, and if the system does not say.
 */
export function fileSystemKind(path: string, fs: Pick<SpoolFs, 'statfsSync'> = nodeFs): FileSystemKind | undefined {
  try {
    return KINDS.get(fs.statfsSync(path).type);
  } catch {
    // If the file system cannot be read, the first use of the directory fails and is reported.
    return undefined;
  }
}
