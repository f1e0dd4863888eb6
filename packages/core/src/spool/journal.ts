// The journal of one run and one hash key: its segments and their progress, read from the first unfinished entry on.
//
// It returns unit after unit, in the order of appending, and is called with the outcome of each. In memory it has a
// cursor, the low-water mark, and a small object for each segment and each unit in use. Other entries on disk take no
// memory. Invariants: the mark never moves back. Nothing below it is unfinished. A segment is removed only when all of
// it is below the mark, and only after the mark was written.

import { join as joinPath } from 'node:path';
import type { Clock } from '../runtime/clock';
import type { Disk, DiskFailure } from './disk';
import type { EntryHeader, SegmentText } from './format';
import { JournalCounts } from './journal-counts';
import { type JoinLimits, JournalCursor, type Taken } from './journal-cursor';
import { LowWaterMark } from './low-water-mark';
import { segmentName } from './names';
import { attemptRecordOf, type Finish, type Mark, type ProgressFile, recordOf, START } from './progress';
import { SaidProgress } from './said-progress';
import type { DiskUnit, Segment } from './segment';
import { SegmentFiles } from './segment-files';
import { SegmentReader } from './segment-reader';
import type { StoredAttempt } from './sequence-id';

export interface JournalParts {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Its path. After an eviction it is another one. */
  readonly directory: () => string;
  readonly key: number;
  readonly progress: ProgressFile;
  /** Moves a finished segment with damage away. */
  readonly setAside: (path: string) => void;
  /** Called with records that are lost to damage. */
  readonly onDamaged: (records: number, why: string) => void;
  /** Called with records that no total includes: their writer did not know whether they are on disk. */
  readonly onSurplus: (records: number) => void;
  /** Whether the directory still has our name. If this process was frozen, another one may have adopted it. */
  readonly isHeld: () => boolean;
  /** Most units that this process has in flight at a time. */
  readonly inFlight: number;
}

/** Returns parts of a journal that reports nothing: for tools, which only read, and for benchmarks. */
export function withoutEvents(
  parts: Pick<JournalParts, 'disk' | 'clock' | 'directory' | 'key' | 'progress'>,
): JournalParts {
  const ignore = () => {};
  return { ...parts, inFlight: 1, setAside: ignore, onDamaged: ignore, onSurplus: ignore, isHeld: () => true };
}

/** What was found in a directory. */
export interface OpenedJournal {
  readonly segments: Segment[];
  readonly mark: Mark;
  readonly said: SaidProgress;
}

export class Journal {
  readonly text: SegmentText;
  readonly segments: Segment[];
  readonly #parts: JournalParts;
  readonly #mark: LowWaterMark;
  readonly #files: SegmentFiles;
  readonly #said: SaidProgress;
  readonly #counts: JournalCounts;
  readonly #cursor: JournalCursor;

  constructor(parts: JournalParts, text: SegmentText, opened?: OpenedJournal) {
    this.#parts = parts;
    this.text = text;
    this.segments = opened?.segments ?? [];
    this.#said = opened?.said ?? new SaidProgress();
    this.#counts = new JournalCounts(this.segments, this.#said, parts);
    this.#files = new SegmentFiles(parts.disk, parts.setAside);
    const mark = opened?.mark ?? START;
    const before = Math.max(text.inFlight, mark.inFlight);
    const { disk, clock, progress, isHeld } = parts;
    const shared = { progress, said: this.#said, segments: this.segments };
    this.#mark = new LowWaterMark(mark, {
      ...shared,
      saidInFlight: before,
      inFlight: Math.max(before, parts.inFlight),
      release: (segment) => this.#release(segment),
    });
    this.#cursor = new JournalCursor({
      ...{ ...shared, disk, clock, isHeld, journal: this, counts: this.#counts, files: this.#files, mark: this.#mark },
      mayBeSent: before > 1,
      isAdopted: opened !== undefined,
    });
  }

  /** Records that are not finished. */
  get unfinished(): number {
    return this.#counts.unfinished;
  }

  get mark(): Mark {
    return this.#mark.value;
  }

  get directory(): string {
    return this.#parts.directory();
  }

  get bytes(): number {
    return this.segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The path of a segment. */
  pathOf(number: number): string {
    return joinPath(this.#parts.directory(), segmentName(this.#parts.key, number));
  }

  // Reading: see journal-cursor.ts

  next(join: JoinLimits | undefined, limit?: DiskUnit): Taken {
    return this.#cursor.next(join, limit);
  }

  peek(): EntryHeader | undefined {
    return this.#cursor.peek();
  }

  get isRead(): boolean {
    return this.#cursor.isRead;
  }

  isAt(unit: DiskUnit | undefined): boolean {
    return this.#cursor.isAt(unit);
  }

  moveCursor(unit: DiskUnit, where: 'to' | 'behind'): void {
    this.#cursor.moveCursor(unit, where);
  }

  passOver(unit: DiskUnit): void {
    this.#cursor.passOver(unit);
  }

  /** Whether a unit of it is in flight, or will be sent next. */
  get isInUse(): boolean {
    return this.segments.some(({ units }) => units > 0);
  }

  // Outcomes

  /** The writer appended a batch. */
  appended(segment: Segment, records: number): void {
    this.#counts.finish(segment, -records);
  }

  /** A unit is in use: its segment must not be deleted to make room. */
  pin(unit: DiskUnit): void {
    unit.segment.units += 1;
  }

  unpin(unit: DiskUnit): void {
    unit.segment.units -= 1;
  }

  /** The body is delivered: the next one may be read over it. */
  releaseBody(body: Buffer): void {
    this.#files.bodies.release(body);
  }

  /** Writes a cut to disk. Called before the first part of the unit is sent. */
  cut(unit: DiskUnit, index: number): DiskFailure | undefined {
    const failure = this.#parts.progress.write(recordOf(unit, 'cut', '', index, 0));
    if (failure === undefined) (unit.cuts as number[]).push(index);
    return failure;
  }

  /** Writes under which sequence id a unit or part is sent. Called before its first attempt. */
  attempt(unit: DiskUnit, attempt: StoredAttempt): DiskFailure | undefined {
    const failure = this.#parts.progress.writeAttempt(attemptRecordOf(unit, attempt));
    if (failure === undefined) (unit.attempts as StoredAttempt[]).push(attempt);
    return failure;
  }

  /**
   * Records of the unit are finished. Returns how many of them were unfinished before, and the disk's failure. Progress
   * that the disk refuses is kept in memory, and written with the next progress.
   */
  finish(unit: DiskUnit, from: number, to: number, how: Finish): { records: number; failure: DiskFailure | undefined } {
    const records = unit.finished.add(from, to);
    this.#counts.finish(unit.segment, records);
    const { start, next, lastCrc } = unit;
    const { number } = unit.segment;
    const isWhole = unit.finished.total >= unit.records;
    if (isWhole) {
      const failure = this.#mark.pass({ segment: number, ordinal: start.ordinal, next, lastCrc });
      if (!this.#mark.isAhead(number, start.ordinal)) return { records, failure };
    }
    const [a, b] = isWhole ? [0, unit.records] : [from, to];
    return { records, failure: this.#parts.progress.writeSurely(recordOf(unit, 'finished', how, a, b)) };
  }

  /** Writes the progress that the disk has refused so far. Returns its failure if it refuses again. */
  retryProgress(): DiskFailure | undefined {
    const failure = this.#parts.progress.writeDue();
    if (failure === undefined) this.#mark.removeBelow();
    this.#files.removeFinished();
    return failure;
  }

  /** Deletes a segment to make room. Returns how many records are lost. */
  drop(segment: Segment): number {
    const { left } = segment;
    this.#counts.finish(segment, left);
    this.#release(segment);
    this.#mark.drop(segment);
    return left;
  }

  /** All of the last segment is finished, and nothing more is appended to it. */
  removeFinished(segment: Segment): void {
    if (this.#mark.passLast(segment)) this.#cursor.passSegment(segment);
  }

  // Files

  /**
   * Reads whether an adopted file has grown, and returns whether it has. A frozen owner may have woken and appended
   * more.
   */
  lookAgain(): boolean {
    const last = this.segments.at(-1);
    if (last === undefined) return false;
    const reader = new SegmentReader(this.#parts.disk, last.path);
    const size = reader.size();
    const header = typeof size === 'number' && size > last.fileBytes ? reader.header() : undefined;
    const tail = header === undefined || 'kind' in header ? undefined : reader.tail(header);
    reader.close();
    if (tail === undefined || 'kind' in tail || tail.end <= last.bytes) return false;
    last.fileBytes = size as number;
    last.bytes = tail.end;
    last.entries = tail.entries;
    last.isExhausted = false;
    return true;
  }

  /** Closes the files. Nothing is written. */
  close(): void {
    this.#files.close();
    this.#files.bodies.clear();
    this.#parts.progress.close();
  }

  /** All of it is finished: removes its files. Returns whether none is left. It can be called again. */
  remove(): boolean {
    for (const segment of [...this.segments]) this.#release(segment);
    const isRemoved = this.#files.removeFinished();
    this.close();
    return isRemoved;
  }

  #release(segment: Segment): void {
    const at = this.segments.indexOf(segment);
    if (at !== -1) this.segments.splice(at, 1);
    this.#files.release(segment);
  }
}
