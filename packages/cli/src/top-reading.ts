// One reading of putlogs top: the processes, what lies in the spool, and what is wrong. --json prints it.

import type { DropReason, Stats } from '@putlogs/core';
import {
  ownerNamesIn,
  ownersIn,
  partsIn,
  type SeenProcess,
  StatusReader,
  type StatusState,
  spoolRoot,
} from '@putlogs/core/tools';
import { pauses } from './spool';
import { adviceFor, isLoss } from './top-advice';

export interface TopWarning {
  readonly code: string;
  readonly message: string;
  readonly at: string;
  /** What to do; null for a code of a newer version. */
  readonly advice: string | null;
}

export interface TopProcess {
  readonly state: StatusState;
  readonly pid: number;
  readonly host: string;
  readonly instance: string;
  readonly target: string;
  readonly destination: string;
  readonly run: string;
  readonly started: string;
  /** When the status was written. */
  readonly updated: string;
  readonly perSecond: { readonly accepted: number; readonly delivered: number; readonly wireBytes: number };
  /** Dropped and refused records, without those that no one expects to be sent. */
  readonly lost: number;
  readonly stats: Stats;
  readonly warning: TopWarning | null;
}

export interface TopSpool {
  readonly dir: string;
  readonly records: number;
  readonly bytes: number;
  /** Records of processes that have ended. */
  readonly leftRecords: number;
}

export interface TopReading {
  readonly at: string;
  readonly processes: readonly TopProcess[];
  readonly spool: TopSpool | null;
  readonly unreadable: readonly { readonly path: string; readonly problem: string }[];
}

/** The directories that the options name. At least one is set. */
export interface TopDirectories {
  readonly spool: string | undefined;
  readonly status: string | undefined;
}

/** Reading a large spool takes longer than reading the files of processes. */
const SPOOL_EVERY_MS = 5000;

export class TopReader {
  readonly #directories: TopDirectories;
  readonly #reader: StatusReader;
  #spool: TopSpool | null = null;
  #spoolReadMs = Number.NEGATIVE_INFINITY;

  constructor(directories: TopDirectories) {
    this.#directories = directories;
    const { spool, status } = directories;
    this.#reader = new StatusReader([
      ...(spool === undefined ? [] : [spoolRoot(spool)]),
      ...(status === undefined ? [] : [status]),
    ]);
  }

  /** Whether a path that could not be read is in the spool. */
  isInSpool(path: string | undefined): boolean {
    const { spool, status } = this.#directories;
    return status === undefined || (spool !== undefined && path?.startsWith(spool) === true);
  }

  /** @throws the system's error, of a directory that cannot be listed */
  async read(): Promise<TopReading> {
    const { processes, unreadable } = this.#reader.read();
    const { spool } = this.#directories;
    if (spool !== undefined && performance.now() - this.#spoolReadMs > SPOOL_EVERY_MS) {
      this.#spool = await spoolOf(spool);
      this.#spoolReadMs = performance.now();
    }
    const at = new Date().toISOString();
    return { at, processes: processes.map(describe), spool: this.#spool, unreadable };
  }
}

async function spoolOf(dir: string): Promise<TopSpool> {
  // Without a watch: what is not known at once may be alive.
  const owners = await ownersIn(dir, ownerNamesIn(dir), { watchMs: 0 });
  const pause = pauses();
  let [records, bytes, leftRecords] = [0, 0, 0];
  for (const part of partsIn(dir)) {
    records += part.unfinished;
    bytes += part.bytes;
    const state = owners.stateOf(part.name.owner);
    if (state === 'dead' || state === 'free') leftRecords += part.unfinished;
    await pause();
  }
  return { dir, records, bytes, leftRecords };
}

function describe({ state, status }: SeenProcess): TopProcess {
  const { pid, host, instance, target, destination, run, startedMs, writtenMs, perSecond, stats, warning } = status;
  return {
    state,
    pid,
    host,
    instance,
    target,
    destination,
    run,
    started: timeOf(startedMs),
    updated: timeOf(writtenMs),
    perSecond,
    lost: lossesOf(stats).reduce((sum, [, records]) => sum + records, 0),
    stats,
    warning:
      warning === null
        ? null
        : { code: warning.code, message: warning.message, at: timeOf(warning.atMs), advice: adviceFor(warning.code) },
  };
}

/** `dropped.spool` and the like, with the number of records. */
export function lossesOf({ dropped, refused }: Stats): [name: string, records: number][] {
  const of = (kind: string, reasons: Stats['dropped']) =>
    (Object.entries(reasons) as [DropReason, number][])
      .filter(([reason, records]) => records > 0 && isLoss(reason))
      .map(([reason, records]): [string, number] => [`${kind}.${reason}`, records]);
  return [...of('dropped', dropped), ...of('refused', refused)];
}

/** A file of another user may have any number. */
function timeOf(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}
