// Whether the process that owns a part of the spool still lives.
//
// Takes: what the owner wrote of itself, and how old its lease is. Gives: yes or no. Keeps: nothing. Never: says dead
// of a process it cannot see while its lease is young. Said dead of a living one, batches are sent twice; said alive
// of a dead one, they wait for the lease to end: both are allowed, loss is not.
//
// A pid alone says nothing: numbers are used again, and in containers every first process has the same. So the owner
// also writes when its process started, in which boot and which pid namespace. Where all of that can be compared, the
// answer is certain at once, which is what lets a restarted process go on with its predecessor's batches; elsewhere
// (another container, another machine on a shared volume) the lease decides.

import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Owner {
  readonly host: string;
  readonly pid: number;
  /** The boot's id and the pid namespace, where the system tells (Linux): pids mean the same within both. */
  readonly pidSpace: string;
  /** When the process started, in ticks since the boot, where the system tells. */
  readonly startTicks: string;
}

/** A lease is renewed far more often than this. */
export const LEASE_MS = 30_000;

export function ownIdentity(): Owner {
  return { host: hostname(), pid: process.pid, pidSpace: pidSpace(), startTicks: startTicks(process.pid) };
}

/** @param leaseAgeMs how long ago the lease was renewed; negative if the clocks disagree. */
export function isAlive(owner: Owner | undefined, leaseAgeMs: number): boolean {
  // The file is being written, or is damaged.
  if (typeof owner?.pid !== 'number') return Math.abs(leaseAgeMs) < LEASE_MS;
  const here = pidSpace();
  if (here === '' || owner.pidSpace !== here) return Math.abs(leaseAgeMs) < LEASE_MS;
  if (startTicks(owner.pid) !== owner.startTicks) return false;
  // The process lives. If it is this one, the run may have ended with its worker thread, which the lease tells.
  return owner.pid !== process.pid || Math.abs(leaseAgeMs) < LEASE_MS;
}
function pidSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // No /proc: only the lease can tell.
    return '';
  }
}

/** Field 22 of /proc/<pid>/stat; empty for a process that is not there. */
function startTicks(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold spaces and brackets itself.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
