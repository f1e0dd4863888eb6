// Which process this is, and whether another process of the same pid namespace still runs.
//
// A pid alone says nothing: numbers are used again, and the first process of every container is number 1. Boot id, pid
// namespace, pid and start time together name one process for good. Linux has all of them in /proc. Where one is
// missing it is empty, and an empty one equals nothing.

import nodeFs from 'node:fs';
import { hostname } from 'node:os';

export interface Identity {
  /** For people only: two machines can have one name. */
  readonly host: string;
  /** Changes with each start of the machine. Containers of one machine share it. */
  readonly boot: string;
  /** Pids mean the same within one boot and one namespace. */
  readonly pidns: string;
  /** 0 if it is not known. */
  readonly pid: number;
  /** When the process started, in ticks since the boot. */
  readonly start: string;
}

export function ownIdentity(): Identity {
  return {
    host: hostname(),
    boot: textOr('', () => nodeFs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidns: textOr('', () => nodeFs.readlinkSync('/proc/self/ns/pid')),
    pid: process.pid,
    start: statOf('self')?.start ?? '',
  };
}

export function sameBoot(a: Identity, b: Identity): boolean {
  return a.boot !== '' && a.boot === b.boot;
}

export function samePidNamespace(a: Identity, b: Identity): boolean {
  return sameBoot(a, b) && a.pidns !== '' && a.pidns === b.pidns;
}

export function sameProcess(a: Identity, b: Identity): boolean {
  return samePidNamespace(a, b) && a.pid !== 0 && a.pid === b.pid && a.start !== '' && a.start === b.start;
}

/**
 * Whether a process of our own pid namespace runs. `unknown`: its pid is in use, and the system does not say since when
 * (`hidepid`), so it may be another process.
 */
export function processState({ pid, start }: Identity): 'alive' | 'dead' | 'unknown' {
  if (pid === 0) return 'unknown';
  try {
    process.kill(pid, 0);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return 'dead';
    if (code !== 'EPERM') return 'unknown';
    // Another user's process. Its start time is readable all the same, unless /proc hides it.
    const stat = otherStat(pid);
    return stat !== undefined && start !== '' && isGone(stat, start) ? 'dead' : 'alive';
  }
  const stat = otherStat(pid);
  if (stat === undefined || start === '') return 'unknown';
  return isGone(stat, start) ? 'dead' : 'alive';
}

interface ProcessStat {
  /** One letter: Z for a process that has ended and whose parent has not asked for its exit code. */
  readonly state: string;
  readonly start: string;
}

/** A zombie keeps its pid for as long as its parent ignores it, as a shell does that is a container's first process. */
function isGone({ state, start }: ProcessStat, expectedStart: string): boolean {
  return start !== expectedStart || state === 'Z' || state === 'X';
}

/** /proc may show the pids of another namespace: a container can have its own namespace and the /proc of the host. */
function otherStat(pid: number): ProcessStat | undefined {
  const ownPidInProc = textOr('', () => nodeFs.readlinkSync('/proc/self'));
  return ownPidInProc === `${process.pid}` ? statOf(`${pid}`) : undefined;
}

/** Fields 3 and 22 of /proc/<pid>/stat. */
function statOf(pid: string): ProcessStat | undefined {
  const text = textOr('', () => nodeFs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the program's name in brackets, which can hold spaces and brackets itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', start] = [fields[0], fields[19]];
  return start === undefined ? undefined : { state, start };
}

/** /proc is missing on macOS and Windows, and hidden in some containers: that is no error. */
function textOr(otherwise: string, read: () => string): string {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
