// Takes the dead-letter files for one replay, and returns the lines that stay to these files.
//
// At any moment each line is in one or two of the files, so a kill or a crash loses none. For each of the two files:
//
//   1. The replay renames <file> to <file>.replaying. At its next line, a writer sees that its file has another name,
//      and begins a new file. The line that it was just writing is in the renamed file. So the replay reads that file
//      until it no longer grows.
//   2. The replay writes the lines that stay to <file>.replaying.rest, syncs it, and renames it to <file>.replaying. So
//      <file>.replaying always has all lines, or all lines that stay.
//   3. A link restores the name of <file>.replaying. If a writer has begun a new file under that name, the lines
//      are appended to the current file.
//
// There is one replay at a time: it holds a lock (lock.ts) from the first rename to the last. A replay that was killed
// leaves <file>.replaying, and the next replay begins with step 3 for that file.

import { closeSync, fsyncSync, linkSync, lstatSync, readSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { type Lock, takeLock } from './lock';
import { claimOf, replayLockOf, restOf, rotatedOf } from './names';
import { identityAt, isThere, isTorn, openNew, openToAppend, openToRead, removeFile } from './open';
import { whileLocked } from './rotation';

/** If two replays begin at the same moment, both may withdraw a few times before one has the lock. */
const LOCK_TRIES = 30;
const CHUNK_BYTES = 256 * 1024;
const NEWLINE = Buffer.from('\n');

/** One of the two files, renamed. */
export interface ClaimedFile {
  /** The file to read. */
  readonly path: string;
  readonly bytes: number;
  /** Keeps this line in the file. @throws the system's error */
  stay(line: Buffer): void;
}

export class DeadLetterClaim {
  /** Oldest first. */
  readonly files: readonly ClaimedFile[];
  readonly #lock: Lock;
  readonly #claimed: readonly Claimed[];

  /**
   * @throws the system's error, or an error that names the process that replays now
   */
  constructor(file: string) {
    const lock = takeLock(replayLockOf(file), LOCK_TRIES);
    if (lock.kind === 'busy') {
      throw new Error(`another replay has it, ${lock.holder}; run this again when that one has ended`);
    }
    this.#lock = lock;
    try {
      this.#claimed = claim(file);
    } catch (error) {
      lock.release();
      throw error;
    }
    this.files = this.#claimed;
  }

  /** Must be called every few seconds, or another replay may begin. */
  renew(): void {
    this.#lock.renew();
  }

  /** Removes all lines, except those for which `stay` was called. @throws the system's error; no line is lost then */
  finish(): void {
    this.#end((claimed) => claimed.finish());
  }

  /** Keeps all lines. @throws the system's error; no line is lost then */
  keep(): void {
    this.#end((claimed) => claimed.keep());
  }

  /** Ends the claim. If lines are still under the name of the claim, the next replay returns them first. */
  close(): void {
    this.#lock.release();
  }

  #end(step: (claimed: Claimed) => void): void {
    for (const claimed of this.#claimed) {
      if (!this.#lock.isHeld()) throw new Error('another replay took this one for dead; it has the lines');
      step(claimed);
    }
  }
}

function claim(file: string): Claimed[] {
  const names = [rotatedOf(file), file];
  for (const name of names) {
    removeFile(restOf(claimOf(name)));
    if (isThere(claimOf(name))) putBack(claimOf(name), name, file);
  }
  return whileLocked(file, () => {
    const there = names.filter(isThere);
    for (const name of there) renameSync(name, claimOf(name));
    return there.map((name) => new Claimed(name, file));
  });
}

class Claimed implements ClaimedFile {
  readonly path: string;
  readonly #name: string;
  readonly #file: string;
  #rest: number | undefined;

  /** @param file the current file, which `name` may be */
  constructor(name: string, file: string) {
    this.path = claimOf(name);
    this.#name = name;
    this.#file = file;
  }

  get bytes(): number {
    return Number(lstatSync(this.path, { bigint: true }).size);
  }

  stay(line: Buffer): void {
    this.#rest ??= openNew(restOf(this.path));
    writeWhole(this.#rest, Buffer.concat([line, NEWLINE]));
  }

  keep(): void {
    if (this.#rest !== undefined) closeSync(this.#rest);
    this.#rest = undefined;
    removeFile(restOf(this.path));
    putBack(this.path, this.#name, this.#file);
  }

  finish(): void {
    if (this.#rest === undefined) {
      unlinkSync(this.path);
      return;
    }
    fsyncSync(this.#rest);
    closeSync(this.#rest);
    this.#rest = undefined;
    renameSync(restOf(this.path), this.path);
    putBack(this.path, this.#name, this.#file);
  }
}

/** @throws the system's error. Then the lines are under the claim's name, and some may also be in the current file. */
function putBack(path: string, name: string, file: string): void {
  if (!linkBack(path, name, file)) append(path, file);
  unlinkSync(path);
}

function linkBack(path: string, name: string, file: string): boolean {
  return whileLocked(file, () => {
    // A replay may have been killed between the link and the removal of the other name. A writer may have rotated the
    // file since.
    if ([file, rotatedOf(file)].some((other) => identityAt(other) === identityAt(path))) return true;
    try {
      linkSync(path, name);
      return true;
    } catch {
      // A new file has that name, or this file system has no links. Then the lines are appended.
      return false;
    }
  });
}

/** Each write has whole lines, because another process may write between two writes. */
function append(from: string, to: string): void {
  const source = openToRead(from);
  try {
    const destination = openToAppend(to);
    try {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const begun: Buffer[] = [];
      for (let bytes = readSync(source, chunk); bytes > 0; bytes = readSync(source, chunk)) {
        const end = chunk.lastIndexOf(NEWLINE, bytes - 1) + 1;
        if (end > 0) appendWhole(destination, [...begun.splice(0), chunk.subarray(0, end)]);
        if (end < bytes) begun.push(Buffer.from(chunk.subarray(end, bytes)));
      }
      if (begun.length > 0) appendWhole(destination, [...begun, NEWLINE]);
      fsyncSync(destination);
    } finally {
      closeSync(destination);
    }
  } finally {
    closeSync(source);
  }
}

function appendWhole(file: number, lines: readonly Buffer[]): void {
  writeWhole(file, Buffer.concat(isTorn(file) ? [NEWLINE, ...lines] : lines));
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
