// Takes the dead-letter files for one replay, and puts back the lines that stay.
//
// At any moment each line is in one of the files, or in two: a kill or a crash loses none. For each of the two files:
//
//   1. <file> is renamed to <file>.replaying. A writer sees with its next line that its file has another name, and
//      begins a new one. What it was writing at that moment is in the renamed file, which is read until it has stopped growing.
//   2. Lines that stay are written to <file>.replaying.rest, which is synced and renamed over <file>.replaying.
//      So that file always has all lines, or all that stay.
//   3. It goes back by a link to its name. If a writer has begun a new file there, its lines are appended to the current
//      file.
//
// One replay at a time: it holds a lock (lock.ts) from the first rename to the last. A replay that was killed leaves
// <file>.replaying behind, and the next one begins with step 3 for it.

import { closeSync, fsyncSync, linkSync, lstatSync, readSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { type Lock, takeLock } from './lock';
import { claimOf, replayLockOf, restOf, rotatedOf } from './names';
import { identityAt, isThere, isTorn, openNew, openToAppend, openToRead, removeFile } from './open';
import { whileLocked } from './rotation';

/** Two replays that begin at the same moment may both step back a few times. */
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

  /** All lines have been read, and those that stay were named. @throws the system's error; no line is lost then */
  finish(): void {
    this.#end((claimed) => claimed.finish());
  }

  /** All lines stay. @throws the system's error; no line is lost then */
  keep(): void {
    this.#end((claimed) => claimed.keep());
  }

  /** Ends the claim. The next replay first puts back the lines that were not put back. */
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

/** @throws the system's error; the lines are under the claim's name then, and perhaps in the current file as well */
function putBack(path: string, name: string, file: string): void {
  if (!linkBack(path, name, file)) append(path, file);
  unlinkSync(path);
}

function linkBack(path: string, name: string, file: string): boolean {
  return whileLocked(file, () => {
    // A replay may have been killed between the link and the removal of the other name; a writer may have rotated
    // since.
    if ([file, rotatedOf(file)].some((other) => identityAt(other) === identityAt(path))) return true;
    try {
      linkSync(path, name);
      return true;
    } catch {
      // There is a new file; or this file system has no links. The lines are appended then.
      return false;
    }
  });
}

/** Whole lines with each write: another process may write between two of them. */
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
