// A lock between processes, made of files. A process that dies no longer holds it.
//
// Each contender makes a file of its own, then lists the files of all others:
//
//   <prefix><space>-<pid>-<start>-<nonce>
//     space   12 hex digits of a hash of host, boot and pid namespace: in one space, a pid names the same process
//     start   when the process started, in ticks since the boot; empty if the system has no /proc
//     nonce   8 random hex digits
//
// A contender holds the lock if it sees no other living contender. Each makes its file before it lists. So of two
// contenders at least one sees the other, and they never both hold the lock. Both may withdraw, and try again after a
// random pause. A file never changes its owner, so to remove a dead contender's file cannot remove a living one's.
//
// Everything needed is in the name, because a process may die between the creation of its file and its first write. The
// text in the file is for people.
//
// In the same space, a contender is dead if no process has its pid and start, or if that process is a zombie. In
// another space (a second container or host on a shared volume), or if the system hides the start, a contender is dead
// if it has not renewed its file for 60 s. The age of the file is measured against our own new file, so that both times
// are from the clock of one file system.

import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, lstatSync, readdirSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { napMs } from '../runtime/clock';
import { ownIdentity, processState } from '../spool/identity';
import { identityAt, identityOfDescriptor, openNew, openToRead, removeFile } from './open';

export interface Lock {
  readonly kind: 'held';
  /** False if another process found this one dead. Then this one must change nothing more. */
  isHeld(): boolean;
  /** Must be called every few seconds if the lock is held for more than a few seconds. */
  renew(): void;
  release(): void;
}

export interface Busy {
  readonly kind: 'busy';
  /** "process 12 on a-host (lock file ...)". */
  readonly holder: string;
}

const LEASE_MS = 60_000;
const LONGEST_PAUSE_MS = 16;
const NAME = /^([0-9a-f]{12})-(\d+)-(\d*)-[0-9a-f]{8}$/;

/**
 * Blocks for at most `tries` pauses of 1 to 16 ms.
 * @throws the system's error if the file cannot be made, or the directory cannot be listed
 */
export function takeLock(prefix: string, tries: number): Lock | Busy {
  const self = ownProcess();
  const path = `${prefix}${self.space}-${self.pid}-${self.start}-${randomBytes(4).toString('hex')}`;
  for (let left = tries; ; left -= 1) {
    const descriptor = openNew(path);
    let holder: string | undefined;
    try {
      describe(descriptor);
      holder = livingOther(prefix, path, fstatSync(descriptor).mtimeMs, self);
      if (holder === undefined) return lockOf(path, descriptor);
    } catch (error) {
      closeSync(descriptor);
      unlinkSync(path);
      throw error;
    }
    closeSync(descriptor);
    unlinkSync(path);
    if (left <= 1) return { kind: 'busy', holder };
    // Blocks: what is locked is short, and must be finished before the process may end.
    napMs(1 + (randomBytes(1)[0]! % LONGEST_PAUSE_MS));
  }
}

function lockOf(path: string, descriptor: number): Lock {
  const identity = identityOfDescriptor(descriptor);
  const isHeld = () => identityAt(path) === identity;
  return {
    kind: 'held',
    isHeld,
    renew: () => describe(descriptor),
    release() {
      closeSync(descriptor);
      // If another process took the lock, it has removed the file already.
      removeFile(path);
    },
  };
}

/** Also sets the time of the last change. */
function describe(descriptor: number): void {
  try {
    writeSync(descriptor, `process ${process.pid} on ${hostname()}\n`, 0);
  } catch {
    // The disk is full. Only the name matters. Without renewals another host may take the lock, and isHeld() shows it.
  }
}

/** Returns the first other contender that is not dead. Removes the files of dead contenders. */
function livingOther(prefix: string, own: string, nowMs: number, self: ProcessName): string | undefined {
  const [directory, start] = [dirname(prefix), basename(prefix)];
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (!name.startsWith(start) || name === basename(own)) continue;
    const [, space, pid, ticks] = NAME.exec(name.slice(start.length)) ?? [];
    if (space === undefined) continue;
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (isAlive({ space, pid: Number(pid), start: ticks! }, self, Math.abs(nowMs - Number(stat.mtimeMs)))) {
      return `${textOf(path) || `process ${pid}`} (lock file ${path})`;
    }
    removeFile(path);
  }
  return undefined;
}

function textOf(path: string): string {
  try {
    const descriptor = openToRead(path);
    try {
      return readFileSync(descriptor, 'utf8').slice(0, 300).trim();
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // The file is gone, or belongs to another user. The name has the pid.
    return '';
  }
}

interface ProcessName {
  readonly space: string;
  readonly pid: number;
  readonly start: string;
}

function ownProcess(): ProcessName {
  const { host, boot, pidns, pid, start } = ownIdentity();
  const space = createHash('sha256').update(`${host} ${boot} ${pidns}`).digest('hex').slice(0, 12);
  return { space, pid, start };
}

function isAlive(other: ProcessName, self: ProcessName, ageMs: number): boolean {
  if (other.space === self.space) {
    const state = processState(other);
    if (state === 'dead') return false;
    // Our own pid proves nothing: another thread of this process may have ended without a release.
    if (state === 'alive' && other.pid !== self.pid) return true;
  }
  return ageMs < LEASE_MS;
}
