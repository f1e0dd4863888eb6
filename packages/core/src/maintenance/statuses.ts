// Reads the status files of processes, again and again, for a tool that only looks.
//
// Another user may have put anything under such a name. So only regular files of the right size are opened, no link is
// followed, and what cannot be read is reported with its reason.

import { constants } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../runtime/clock';
import { type DecodedStatus, decodeStatus, STATUS_FILE_BYTES, type Status } from '../shipper/status-file';
import type { DiskFailure } from '../spool/disk';
import { type Identity, ownIdentity, processState, sameBoot, samePidNamespace } from '../spool/identity';
import { parseStatus } from '../spool/names';
import { surveyDisk } from './survey';

/**
 * - `alive`: it runs.
 * - `silent`: it runs, and has written no status for 30 s.
 * - `gone`: it ended without closing.
 * - `elsewhere`: it is on another machine or in another container, or the machine was restarted since. Whether it runs
 *   cannot be seen.
 */
export type StatusState = 'alive' | 'silent' | 'gone' | 'elsewhere';

export interface SeenProcess {
  readonly path: string;
  readonly state: StatusState;
  readonly status: Status;
}

export interface Unreadable {
  readonly path: string;
  readonly problem: string;
}

export interface StatusReading {
  /** The oldest run first. */
  readonly processes: readonly SeenProcess[];
  readonly unreadable: readonly Unreadable[];
}

export interface StatusReaderOptions {
  readonly clock?: Clock;
  readonly identity?: Identity;
}

/** Three times the longest pause between two writes. */
const SILENT_MS = 30_000;
/** After this long, the file of a process that is gone is not shown. The next process that starts removes it. */
const LEFT_MS = 3_600_000;
/** A reader can meet half of a rewrite. The next look follows at once. */
const LOOKS = 5;
/** In a shared directory another user can make any number of names. */
const MAX_FILES = 10_000;
const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY } = constants as Partial<typeof constants> & typeof constants;

/** What the reader knows from its earlier looks at a file. */
interface Known {
  readonly status: Status;
  /** On our monotonic clock: when the status was seen to change. */
  readonly movedMs: number | undefined;
}

export class StatusReader {
  readonly #directories: readonly string[];
  readonly #clock: Clock;
  readonly #self: Identity;
  #known = new Map<string, Known>();

  constructor(
    directories: readonly string[],
    { clock = systemClock, identity = ownIdentity() }: StatusReaderOptions = {},
  ) {
    this.#directories = directories;
    this.#clock = clock;
    this.#self = identity;
  }

  /** @throws the system's error, of a directory that cannot be listed */
  read(): StatusReading {
    const processes: SeenProcess[] = [];
    const unreadable: Unreadable[] = [];
    const known = new Map<string, Known>();
    for (const path of this.#directories.flatMap(statusFilesIn)) {
      const found = readStatus(path);
      if (found === 'missing') continue;
      const before = this.#known.get(path);
      if ('problem' in found && before === undefined) {
        unreadable.push(found);
        continue;
      }
      const now = 'problem' in found ? before! : this.#knownAfter(before, found);
      known.set(path, now);
      const state = this.#stateOf(now);
      const { status } = now;
      const isOld = state === 'gone' && this.#clock.wallMs() - status.writtenMs > LEFT_MS;
      if (!isOld) processes.push({ path, state, status });
    }
    this.#known = known;
    return { processes, unreadable };
  }

  #knownAfter(before: Known | undefined, status: Status): Known {
    const hasMoved = before !== undefined && before.status.beat !== status.beat;
    return { status, movedMs: hasMoved ? this.#clock.monotonicMs() : before?.movedMs };
  }

  #stateOf({ status, movedMs }: Known): StatusState {
    const self = this.#self;
    // Without boot ids, as on macOS, the name of the machine has to do.
    const isThisMachine = sameBoot(status, self) || (status.boot + self.boot === '' && status.host === self.host);
    const isVisible = samePidNamespace(status, self) || (isThisMachine && status.pidns + self.pidns === '');
    if (isVisible && processState(status) === 'dead') return 'gone';
    if (movedMs !== undefined && this.#clock.monotonicMs() - movedMs <= SILENT_MS) return 'alive';
    // Processes of one machine share its clock, and those of two machines do not.
    if (isThisMachine && this.#clock.wallMs() - status.writtenMs <= SILENT_MS) return 'alive';
    return isVisible ? 'silent' : 'elsewhere';
  }
}

/** A directory that is not there, or not yet, has no process. @throws the system's error */
function statusFilesIn(directory: string): string[] {
  const { fs } = surveyDisk();
  if (fs.lstatSync(directory, { throwIfNoEntry: false }) === undefined) return [];
  return fs
    .readdirSync(directory)
    .filter((name) => parseStatus(name) !== undefined)
    .sort()
    .slice(0, MAX_FILES)
    .map((name) => join(directory, name));
}

function readStatus(path: string): Status | Unreadable | 'missing' {
  let decoded: DecodedStatus = { kind: 'torn' };
  for (let look = 0; look < LOOKS && decoded.kind === 'torn'; look += 1) {
    const bytes = readBytes(path);
    if ('problem' in bytes) return bytes;
    if ('kind' in bytes) {
      return bytes.code === 'ENOENT' ? 'missing' : { path, problem: `cannot be read: ${bytes.code}` };
    }
    decoded = decodeStatus(bytes);
  }
  if (decoded.kind === 'status') return decoded.status;
  const problem =
    decoded.kind === 'torn'
      ? 'is being written, or is damaged'
      : 'is no status file, or was written by another version of putlogs';
  return { path, problem };
}

function readBytes(path: string): Buffer | DiskFailure | Unreadable {
  const disk = surveyDisk();
  let result: Buffer | Unreadable = { path, problem: 'is not a regular file of a few KiB' };
  const failure = disk.attempt(() => {
    if (!isPlain(disk.fs.lstatSync(path))) return;
    const descriptor = disk.fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      // It may have been replaced since the first look.
      if (isPlain(disk.fs.fstatSync(descriptor))) result = disk.readAt(descriptor, 0, STATUS_FILE_BYTES);
    } finally {
      disk.fs.closeSync(descriptor);
    }
  });
  return failure ?? result;
}

function isPlain(stat: { isFile(): boolean; readonly size: number }): boolean {
  return stat.isFile() && stat.size <= STATUS_FILE_BYTES;
}
