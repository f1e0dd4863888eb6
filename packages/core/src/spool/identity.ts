// Names this process, and checks whether another process of the same pid namespace still runs.
//
// A pid alone proves nothing: the system uses numbers again, and the first process of every container has number 1.
// Boot id, pid namespace, pid and start time together name exactly one process. Linux has all of them in /proc. A part
// that the system does not have is empty, and an empty part equals no other.

import nodeFs from 'node:fs';
import { hostname } from 'node:os';

export interface Identity {
  /** For people only: two machines can have one name. */
  readonly host: string;
  /** Changes with each start of the machine. All containers of a machine have the same. */
  readonly boot: string;
  /** A pid names the same process only within one boot and one pid namespace. */
  readonly pidns: string;
  /** 0 if it is unknown. */
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
 * The state of a process of our own pid namespace. Another process may have its pid by now, and only the start time
 * shows that. If the start time cannot be read, the pid belongs to another user's process (`hidden`), or to any
 * process (`unknown`).
 */
export type ProcessState = 'alive' | 'hidden' | 'dead' | 'unknown';

export function processState({ pid, start }: Pick<Identity, 'pid' | 'start'>): ProcessState {
  if (pid === 0) return 'unknown';
  let isOfOtherUser = false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return 'dead';
    if (code !== 'EPERM') return 'unknown';
    isOfOtherUser = true;
  }
  const stat = otherStat(pid);
  if (stat === undefined || start === '') return isOfOtherUser ? 'hidden' : 'unknown';
  return isGone(stat, start) ? 'dead' : 'alive';
}

interface ProcessStat {
  /** One letter. Z is a process that has ended, and whose parent has not read its exit code. */
  readonly state: string;
  readonly start: string;
}

/** A zombie keeps its pid until its parent reads the exit code. A shell as a container's first process never does. */
function isGone({ state, start }: ProcessStat, expectedStart: string): boolean {
  return start !== expectedStart || state === 'Z' || state === 'X';
}

/** /proc may have the pids of another namespace: a container can have its own namespace and the host's /proc. */
function otherStat(pid: number): ProcessStat | undefined {
  const ownPidInProc = textOr('', () => nodeFs.readlinkSync('/proc/self'));
  return ownPidInProc === `${process.pid}` ? statOf(`${pid}`) : undefined;
}

/** Fields 3 and 22 of /proc/<pid>/stat. */
function statOf(pid: string): ProcessStat | undefined {
  const text = textOr('', () => nodeFs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the program's name in brackets. It can contain spaces and brackets.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', start] = [fields[0], fields[19]];
  return start === undefined ? undefined : { state, start };
}

/** macOS and Windows have no /proc, and some containers hide it. That is no error. */
function textOr(otherwise: string, read: () => string): string {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
