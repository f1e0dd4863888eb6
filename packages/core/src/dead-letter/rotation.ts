// Limits the size of the dead-letter files, and rotates them.
//
// There are two files: the current one, and an older one with `.1` behind its name. Before a line would make the
// current file larger than half of `deadLetter.maxBytes`, the current file becomes the older one. It replaces the
// previous older file, whose lines are lost and counted (`deadLetterEvicted`). So both files together stay within the
// limit, and the oldest lines are deleted first. A line larger than half of the limit is not written, and counted
// (`deadLetterLost`).
//
// A replay deletes nothing for the limit: the lines that it returns may make a file larger than half. Then the current
// file is renamed earlier, before both files together exceed the limit.
//
// Several processes may write to one file. A process holds the rotation lock while it renames one of the files.
// Otherwise a second process could rename the file that the first one has just begun, and replace lines without
// counting them.

import { closeSync, lstatSync, readSync, renameSync } from 'node:fs';
import { takeLock } from './lock';
import { rotatedOf, rotationLockOf } from './names';
import { identityAt, openToRead } from './open';

/** A rename takes less than a millisecond; counting the lines before it takes longer. */
const LOCK_TRIES = 20;
const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** Returns how many more bytes the current file may take. */
export function roomIn(file: string, size: number, maxBytes: number): number {
  const older = Number(lstatSync(rotatedOf(file), { bigint: true, throwIfNoEntry: false })?.size ?? 0);
  return Math.min(mostOf(maxBytes), maxBytes - older) - size;
}

/** Returns the most bytes of one file, and so of one line. */
export function mostOf(maxBytes: number): number {
  return Math.floor(maxBytes / 2);
}

/**
 * Returns how many lines were replaced.
 * @param identity the file that is full. If another file has its name by now, nothing is done
 * @throws the system's error. Then the current file still has its name
 */
export function rotate(file: string, identity: string): number {
  return whileLocked(file, () => {
    if (identityAt(file) !== identity) return 0;
    const older = rotatedOf(file);
    const isFile = lstatSync(older, { bigint: true, throwIfNoEntry: false })?.isFile() ?? false;
    const lines = isFile ? countLines(older) : 0;
    renameSync(file, older);
    return lines;
  });
}

/**
 * Runs `work`, which renames or links one of the two files, while it holds the lock.
 * @throws its error, or if the lock is busy
 */
export function whileLocked<T>(file: string, work: () => T): T {
  const lock = takeLock(rotationLockOf(file), LOCK_TRIES);
  if (lock.kind === 'busy') throw new Error(`${file} is being rotated by ${lock.holder}`);
  try {
    return work();
  } finally {
    lock.release();
  }
}

/** Counts the lines that are not empty. */
function countLines(path: string): number {
  const descriptor = openToRead(path);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let [lines, begun] = [0, 0];
    for (let bytes = readSync(descriptor, chunk); bytes > 0; bytes = readSync(descriptor, chunk)) {
      const read = chunk.subarray(0, bytes);
      let start = 0;
      for (let end = read.indexOf(NEWLINE); end !== -1; end = read.indexOf(NEWLINE, start)) {
        if (begun + end - start > 0) lines += 1;
        begun = 0;
        start = end + 1;
      }
      begun += bytes - start;
    }
    return begun > 0 ? lines + 1 : lines;
  } finally {
    closeSync(descriptor);
  }
}
