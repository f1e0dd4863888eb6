// A journal on a virtual disk: written by a run of its own, opened again as another process would.

import type { SealedBatch } from '@putlogs/core/internal/batch/sealed-batch';
import type { Clock } from '@putlogs/core/internal/runtime/clock';
import { Disk, type DiskFailure } from '@putlogs/core/internal/spool/disk';
import { batchOf } from '@putlogs/core/internal/spool/format';
import { Journal, type JournalParts } from '@putlogs/core/internal/spool/journal';
import type { JoinLimits } from '@putlogs/core/internal/spool/journal-cursor';
import { JournalWriter } from '@putlogs/core/internal/spool/journal-writer';
import { openJournal } from '@putlogs/core/internal/spool/open-journal';
import { ProgressFile } from '@putlogs/core/internal/spool/progress';
import type { DiskUnit, Segment } from '@putlogs/core/internal/spool/segment';
import { makeBatch, recordsIn } from './made-batch';
import type { VirtualDisk } from './virtual-disk';

export const DIRECTORY = '/d';
export const PROGRESS = `${DIRECTORY}/000.progress`;
export const PREFIX = '0123456789ABCDEF';
const HASH_KEY = 'a'.repeat(32);
const KEY = 0;

export const segmentPath = (number: number) => `${DIRECTORY}/000-${number.toString(16).padStart(8, '0')}.seg`;

export class KitClock implements Clock {
  nowMs = 0;
  wallMs = () => this.nowMs;
  monotonicMs = () => this.nowMs;
  after = () => () => {};
  random = () => 0.5;
}

interface Lost {
  damaged: number;
  surplus: number;
  readonly aside: string[];
}

export interface Written {
  readonly journal: Journal;
  readonly writer: JournalWriter;
  readonly progress: ProgressFile;
  readonly lost: Lost;
  /** Appends; fails the test if the disk refuses. */
  readonly add: (batch: SealedBatch, mayBeSent?: boolean) => DiskUnit;
}

export interface Reopened {
  readonly journal: Journal;
  readonly lost: Lost;
  /** Records that were not finished when it was opened. */
  readonly recovered: number;
}

interface WriteOptions {
  readonly maxBytes?: number;
  readonly fsync?: boolean;
  readonly process?: string;
  readonly run?: string;
  readonly inFlight?: number;
  readonly clock?: KitClock;
  readonly onEvict?: (segment: Segment) => void;
}

export function writeJournal(
  disk: VirtualDisk,
  {
    maxBytes = 1 << 20,
    fsync = false,
    process = 'writer',
    run = '0'.repeat(18),
    inFlight = 1,
    clock = new KitClock(),
    onEvict,
  }: WriteOptions = {},
): Written {
  const spoolDisk = new Disk(fsync, disk.processFs(process));
  const { parts, lost } = partsOf(spoolDisk, clock, inFlight);
  const text = { run, instance: 'i', destination: 'd', hashKey: HASH_KEY, inFlight };
  const journal = new Journal(parts, text);
  const writer: JournalWriter = new JournalWriter({
    ...{ disk: spoolDisk, clock, journal, progress: parts.progress, key: KEY, layout: 'volc-tls', maxBytes },
    makeDirectory: () => spoolDisk.fs.mkdirSync(DIRECTORY),
    budgetBytes: () => maxBytes,
    onEvict: onEvict ?? ((segment) => journal.drop(segment)),
  });
  const add = (batch: SealedBatch, mayBeSent = false) => {
    const appended = writer.append(batch, { firstIndex: 0, isPart: false, mayBeSent });
    if (appended.kind === 'failed') throw new Error(appended.message);
    return appended.unit;
  };
  return { journal, writer, progress: parts.progress, lost, add };
}

function partsOf(disk: Disk, clock: Clock, inFlight = 1): { parts: JournalParts; lost: Lost } {
  const lost: Lost = { damaged: 0, surplus: 0, aside: [] };
  const progress = new ProgressFile(disk, () => PROGRESS);
  const parts: JournalParts = {
    ...{ disk, clock, key: KEY, progress },
    directory: () => DIRECTORY,
    setAside: (path) => {
      lost.aside.push(path);
      disk.fs.renameSync(path, `/aside-${path.slice(DIRECTORY.length + 1)}`);
    },
    onDamaged: (records) => {
      lost.damaged += records;
    },
    onSurplus: (records) => {
      lost.surplus += records;
    },
    isHeld: () => true,
    inFlight,
  };
  return { parts, lost };
}

let opened = 0;

/** Nothing if no segment can be read. */
/** @param isLasting whether a segment that cannot be opened is given up */
export function reopenJournal(
  disk: VirtualDisk,
  clock: Clock = new KitClock(),
  isLasting?: (failure: DiskFailure) => boolean,
): Reopened | DiskFailure | undefined {
  opened += 1;
  const { parts, lost } = partsOf(new Disk(false, disk.processFs(`reader ${opened}`)), clock);
  const found = openJournal(parts, parts.disk.fs.readdirSync(DIRECTORY), isLasting);
  if (found === undefined || found.kind === 'failed') return found;
  return { journal: found.journal, lost, recovered: found.journal.unfinished };
}

export function opensAgain(disk: VirtualDisk): Reopened {
  const found = reopenJournal(disk);
  if (found === undefined || 'kind' in found) throw new Error('the journal cannot be opened');
  return found;
}

export interface TakenUnit {
  readonly unit: DiskUnit;
  readonly packIds: readonly string[];
  readonly texts: readonly string[];
  readonly mayBeSent: boolean;
}

/** The next unit; nothing if there is none. Fails the test if the disk refuses. */
export function take(journal: Journal, join?: JoinLimits): TakenUnit | undefined {
  const taken = journal.next(join);
  if (taken.kind === 'failed') throw new Error(taken.message);
  if (taken.kind === 'none') return undefined;
  const batches = taken.entries.map(({ entry, body }) => batchOf(entry, HASH_KEY, body));
  return {
    unit: taken.unit,
    packIds: batches.map(({ packId }) => packId),
    texts: batches.flatMap((batch) => recordsIn(batch).map(({ text }) => text)),
    mayBeSent: taken.mayBeSent,
  };
}

export function finish({ unit }: TakenUnit): void {
  unit.journal.finish(unit, 0, unit.records, 'delivered');
  unit.journal.unpin(unit);
}

/** Takes and finishes everything. Returns the records' texts. */
export function drainJournal(journal: Journal, join?: JoinLimits): string[] {
  const texts: string[] = [];
  for (let taken = take(journal, join); taken !== undefined; taken = take(journal, join)) {
    for (const text of taken.texts) texts.push(text);
    finish(taken);
  }
  return texts;
}

/** A batch of records `<sequence>.0` to `<sequence>.<count - 1>`. */
export function batchNo(sequence: number, count = 1, padBytes = 0, prefix = PREFIX): SealedBatch {
  const records = textsOf(sequence, count).map((text) => ({
    text: text + ' '.repeat(padBytes),
    timeMs: 1_700_000_000_000,
  }));
  return makeBatch({ sequence, firstRecord: sequence * 100, records, prefix, hashKey: HASH_KEY });
}

export function textsOf(sequence: number, count = 1): string[] {
  return Array.from({ length: count }, (_, i) => `${sequence}.${i}`);
}
