// Writes the status file, and removes files that dead processes left beside it.
//
// The directory can be shared with other users, as /tmp is. So a file is made with O_EXCL, no link is followed, and a
// file with a second name is not written to: another user could have linked one of ours to that name.

import { constants, existsSync, unlinkSync } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseStatus, ROOT, statusName } from '../spool/names';

/** A file that was not written for this long is of a dead process. A living one writes every 10 s at least. */
const LEFT_MS = 3_600_000;
/** So many names are looked at, however many another user made in a shared directory. */
const MAX_NAMES = 10_000;

/** Windows has neither. */
const {
  O_NOFOLLOW = 0,
  O_NONBLOCK = 0,
  O_CREAT,
  O_EXCL,
  O_RDWR,
} = constants as Partial<typeof constants> & typeof constants;

/** Writes the file in place, and makes it if it is missing. @throws the system's error */
export async function writeStatus(path: string, bytes: Buffer, makesDirectory: boolean): Promise<void> {
  const file = await openOwn(path, makesDirectory);
  try {
    const stat = await file.stat();
    const uid = process.getuid?.() ?? stat.uid;
    if (!stat.isFile() || stat.nlink > 1 || stat.uid !== uid) {
      throw Object.assign(new Error(`${path} was replaced by a file that is not ours; delete it`), {
        code: 'EFOREIGN',
      });
    }
    await file.write(bytes, 0, bytes.length, 0);
  } finally {
    await file.close();
  }
}

async function openOwn(path: string, makesDirectory: boolean): Promise<FileHandle> {
  try {
    return await open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  try {
    return await make(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || !makesDirectory) throw error;
  }
  await makeDirectory(dirname(path));
  return make(path);
}

function make(path: string): Promise<FileHandle> {
  return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
}

/** Not by node's own recursion: see spool/disk.ts. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, 0o700);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await mkdir(path, 0o700);
  }
}

/**
 * Removes status files that were not written for an hour. Their age is counted from the time of our own file, which was
 * just written: both times are the file system's.
 */
export async function removeLeft(path: string): Promise<void> {
  const directory = dirname(path);
  const { mtimeMs: nowMs } = await lstat(path);
  const names = (await readdir(directory)).filter((name) => parseStatus(name) !== undefined);
  for (const name of names.slice(0, MAX_NAMES)) {
    const left = join(directory, name);
    // Another process may remove it at the same moment, or it belongs to another user.
    await removeIfOld(left, nowMs).catch(() => {});
  }
}

async function removeIfOld(path: string, nowMs: number): Promise<void> {
  const stat = await lstat(path);
  if (stat.isFile() && nowMs - stat.mtimeMs > LEFT_MS) await unlink(path);
}

/**
 * Synchronous, for the end of the process. A file that cannot be removed is removed by another process later.
 *
 * A worker and its host both remove it. A worker may be terminated at any moment, and Node 20 ends the whole process if
 * it makes the error of a failed call at that moment. So the file is looked for first, which makes no error.
 */
export function removeStatus(path: string): void {
  if (!existsSync(path)) return;
  try {
    unlinkSync(path);
  } catch {
    // It is gone, or the directory cannot be written to, which was reported when it was first seen.
  }
}

/** The same by the options. At least one directory is set. */
export function removeStatusIn(statusDir: string | undefined, spoolDir: string | undefined, run: string): void {
  removeStatus(join(statusDir ?? join(spoolDir ?? '', ROOT), statusName(run)));
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
