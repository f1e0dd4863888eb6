// The cursor of a journal: reads unit after unit, joins small entries, and passes over what is damaged.

import type { Clock } from '../runtime/clock';
import type { Disk, DiskFailure } from './disk';
import type { EntryHeader } from './format';
import type { Journal } from './journal';
import type { JournalCounts } from './journal-counts';
import type { LowWaterMark } from './low-water-mark';
import { attemptIn, type ProgressFile, type ProgressRecord, recordOf } from './progress';
import { isPassing, LastingFailure } from './read-failures';
import { RecordRanges } from './record-ranges';
import type { SaidProgress } from './said-progress';
import { type DiskUnit, endOf, isReadTo, keyOf, type ReadEntry, type Segment } from './segment';
import type { SegmentFiles } from './segment-files';
import { type Found, type Position, SegmentReader } from './segment-reader';
import type { StoredAttempt } from './sequence-id';

export type Taken =
  | {
      readonly kind: 'unit';
      readonly unit: DiskUnit;
      readonly entries: readonly ReadEntry[];
      /** A process may have sent it already. */
      readonly mayBeSent: boolean;
    }
  | { readonly kind: 'none' }
  | DiskFailure;

/** Small entries that were never sent are joined up to this. */
export interface JoinLimits {
  /** Of encoded records. */
  readonly maxBytes: number;
  readonly maxCount: number;
}

export interface CursorParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly journal: Journal;
  /** The journal's, in order. */
  readonly segments: readonly Segment[];
  readonly counts: JournalCounts;
  readonly files: SegmentFiles;
  readonly mark: LowWaterMark;
  readonly progress: ProgressFile;
  readonly said: SaidProgress;
  /** Whether the directory still has our name: another process may have taken it from a frozen one. */
  readonly isHeld: () => boolean;
  /** Whether several units were in flight at a time: then each entry may have been sent. */
  readonly mayBeSent: boolean;
  /** Whether another run left the journal: its first unit may have been in flight when that run ended. */
  readonly isAdopted: boolean;
}

/**
 * More entries are not joined at once: they are uncompressed in one turn of the loop. A day of seconds takes 85
 * requests.
 */
const JOIN_ENTRIES = 1024;
/** How many units may be finished ahead of one that is not: their progress must fit into memory and file. */
const AHEAD_MAX = 1024;

export class JournalCursor {
  readonly #parts: CursorParts;
  #place: { segment: number; at: Position | undefined };
  /** Appended with an object while entries before it were unread: where the entry behind each begins. */
  readonly #unitsBehind = new Map<string, Position>();
  readonly #failedReads = new LastingFailure();
  #isHead: boolean;

  constructor(parts: CursorParts) {
    this.#parts = parts;
    this.#place = { segment: parts.mark.value.segment, at: undefined };
    this.#isHead = parts.isAdopted;
  }

  /**
   * The next unit.
   * @param limit nothing from this unit on: it has an object already
   * @param join nothing if entries may not be joined
   */
  next(join: JoinLimits | undefined, limit?: DiskUnit): Taken {
    if (this.#parts.mark.aheadCount >= AHEAD_MAX) return { kind: 'none' };
    const failure = this.#parts.mark.raiseInFlight();
    if (failure !== undefined) return failure;
    for (;;) {
      const segment = this.#segment();
      if (segment === undefined) return { kind: 'none' };
      const at = this.#place.at!;
      if (isFrom(limit, segment, at)) return { kind: 'none' };
      if (isReadTo(segment, at)) {
        if (!this.#passEnd(segment, at)) return { kind: 'none' };
        continue;
      }
      const found = this.#parts.files.readerOf(segment).read(at, segment.marker, segment.bytes);
      if (found.kind === 'failed') {
        const isGivenUp = this.#readFailed(segment, found);
        if (!isGivenUp) return found;
        continue;
      }
      this.#failedReads.reset();
      if (found.kind === 'damaged') this.#skipDamaged(segment, at, found.why, found.next);
      // `bytes` is behind the last whole entry, so what lies before it and cannot be read is damaged.
      else if (found.kind === 'end')
        this.#skipDamaged(segment, at, 'the header of an entry is damaged', endOf(segment));
      else {
        const taken = this.#take(segment, at, found, join, limit);
        if (taken !== undefined) return taken;
      }
    }
  }

  /** The next entry's header without taking it; nothing if there is none, or it cannot be read now. */
  peek(): EntryHeader | undefined {
    const segment = this.#segment();
    const at = this.#place.at;
    if (segment === undefined || at === undefined || isReadTo(segment, at)) return undefined;
    const entry = this.#parts.files.readerOf(segment).peek(at, segment.marker, segment.bytes);
    return entry?.kind === 'entry' ? entry : undefined;
  }

  /** Whether the cursor has passed every entry, as far as that is known without reading. */
  get isRead(): boolean {
    const segment = this.#segment();
    return segment === undefined || (segment === this.#parts.segments.at(-1) && isReadTo(segment, this.#place.at!));
  }

  /** Whether no entry is left to be read before the unit, or before the end. */
  isAt(unit: DiskUnit | undefined): boolean {
    for (;;) {
      const segment = this.#segment();
      if (segment === undefined) return true;
      const at = this.#place.at!;
      if (isFrom(unit, segment, at)) return true;
      if (!isReadTo(segment, at)) return false;
      if (!this.#passEnd(segment, at)) return true;
    }
  }

  /** Puts the cursor on the unit, or behind it: it is read again, or has an object. */
  moveCursor(unit: DiskUnit, where: 'to' | 'behind'): void {
    this.#place = { segment: unit.segment.number, at: where === 'to' ? unit.start : unit.next };
  }

  /** The unit has an object already, so its entry is not read. Entries before it still are. */
  passOver(unit: DiskUnit): void {
    if (this.isAt(unit)) this.moveCursor(unit, 'behind');
    else this.#unitsBehind.set(keyOf(unit.segment.number, unit.start.ordinal), unit.next);
  }

  /** The segment of the cursor; it moves over segments that are gone. */
  #segment(): Segment | undefined {
    const segment = this.#parts.segments.find(({ number }) => number >= this.#place.segment);
    if (segment === undefined) return undefined;
    if (segment.number !== this.#place.segment || this.#place.at === undefined) {
      const at = segment.number === this.#parts.mark.value.segment ? this.#markPosition(segment) : segment.start;
      this.#place = { segment: segment.number, at };
    }
    for (let at = this.#place.at; at !== undefined; ) {
      const key = keyOf(segment.number, at.ordinal);
      at = this.#unitsBehind.get(key);
      if (at !== undefined) this.#place = { segment: segment.number, at };
      this.#unitsBehind.delete(key);
    }
    return segment;
  }

  /** Where the mark says; at the end of what a power loss has left, if the mark is behind it. */
  #markPosition(segment: Segment): Position {
    const { ordinal, offset, recordsBelow } = this.#parts.mark.value;
    if (ordinal === 0) return segment.start;
    return { offset: Math.min(offset, segment.bytes), ordinal, recordsBefore: recordsBelow };
  }

  #take(
    segment: Segment,
    at: Position,
    found: Extract<Found, { kind: 'entry' }>,
    join: JoinLimits | undefined,
    limit: DiskUnit | undefined,
  ): Taken | undefined {
    const { entry } = found;
    if (isBeyondTotal(segment, entry)) {
      if (this.#hasTwin(segment, entry)) {
        this.#pass(segment, at, found.next, entry.crc);
        return undefined;
      }
      this.#parts.counts.addSurplus(segment, entry.records);
    }
    const said = this.#parts.said.of(segment.number, entry);
    const group = said.find(({ kind }) => kind === 'group');
    const mayBeSent = entry.mayBeSent || this.#isHead || this.#parts.mayBeSent;
    this.#isHead = false;
    const canJoin = !mayBeSent && said.length === 0 && !entry.isPart;
    const first = { entry, body: found.body };
    const run = this.#runOf(segment, first, found.next, group?.a, canJoin ? join : undefined, limit);
    if ('kind' in run) return run;
    const unit = this.#unitOf(segment, at, run.next, run.entries, said);
    this.#addVoid(unit);
    if (unit.finished.total >= unit.records) {
      this.#pass(segment, at, unit.next, unit.lastCrc);
      return undefined;
    }
    if (run.entries.length === 1 || group !== undefined) return this.#taken(unit, run.entries, mayBeSent);
    const failure = this.#parts.progress.write(recordOf(unit, 'group', '', unit.next.ordinal - 1, 0));
    if (failure === undefined) return this.#taken(unit, run.entries, mayBeSent);
    // Without the record a later process would send the same entries in another shape: so the first one goes alone.
    return this.#taken(this.#unitOf(segment, at, found.next, [first], said), [first], mayBeSent);
  }

  /**
   * The entries that are sent as one with the first.
   * @param groupTo the last ordinal of the group in which the first entry was sent before
   */
  #runOf(
    segment: Segment,
    first: ReadEntry,
    behindFirst: Position,
    groupTo: number | undefined,
    join: JoinLimits | undefined,
    limit: DiskUnit | undefined,
  ): { entries: ReadEntry[]; next: Position } | DiskFailure {
    const entries = [first];
    let next = behindFirst;
    let [bytes, count] = [recordBytes(first.entry), first.entry.records];
    for (;;) {
      const isInGroup = groupTo !== undefined && next.ordinal <= groupTo;
      if (!isInGroup && join === undefined) break;
      if (next.offset >= segment.bytes || isFrom(limit, segment, next)) break;
      if (this.#unitsBehind.has(keyOf(segment.number, next.ordinal))) break;
      const reader = this.#parts.files.readerOf(segment);
      if (!isInGroup) {
        // The header decides: a body that is not joined would be read and checked for nothing.
        const following = reader.peek(next, segment.marker, segment.bytes);
        if (following?.kind !== 'entry') break;
        bytes += recordBytes(following);
        count += following.records;
        const fits = bytes <= join!.maxBytes && count <= join!.maxCount && entries.length < JOIN_ENTRIES;
        const isFresh = !following.mayBeSent && !following.isPart;
        if (!fits || !isFresh || this.#parts.said.of(segment.number, following).length > 0) break;
      }
      const more = reader.read(next, segment.marker, segment.bytes);
      // A group was sent under the first entry's id with all of its entries: with one less, it is another content.
      if (more.kind === 'failed' && isInGroup) return more;
      if (more.kind !== 'entry' || isBeyondTotal(segment, more.entry)) break;
      entries.push({ entry: more.entry, body: more.body });
      next = more.next;
    }
    return { entries, next };
  }

  #taken(unit: DiskUnit, entries: readonly ReadEntry[], mayBeSent: boolean): Taken {
    this.#place = { segment: unit.segment.number, at: unit.next };
    unit.segment.units += 1;
    return { kind: 'unit', unit, entries, mayBeSent };
  }

  #unitOf(
    segment: Segment,
    start: Position,
    next: Position,
    entries: readonly ReadEntry[],
    said: readonly ProgressRecord[],
  ): DiskUnit {
    const finished = new RecordRanges();
    const cuts: number[] = [];
    const records = entries.reduce((sum, { entry }) => sum + entry.records, 0);
    const { crc, sequenceId } = entries[0]!.entry;
    const attempts: StoredAttempt[] = sequenceId === undefined ? [] : [{ ...sequenceId, from: 0, to: records }];
    for (const record of said) {
      if (record.kind === 'finished') finished.add(record.a, Math.min(record.b, records));
      else if (record.kind === 'cut') cuts.push(record.a);
      else if (record.kind === 'attempt') attempts.push(attemptIn(record));
    }
    const lastCrc = entries.at(-1)!.entry.crc;
    return { journal: this.#parts.journal, segment, start, next, crc, lastCrc, records, finished, cuts, attempts };
  }

  /** The writer did not know whether this entry is on disk, and appended the batch again to the next segment. */
  #hasTwin(segment: Segment, entry: EntryHeader): boolean {
    const following = this.#segmentBehind(segment);
    if (following === undefined) return false;
    const reader = new SegmentReader(this.#parts.disk, following.path);
    const found = reader.read(following.start, following.marker, following.bytes);
    reader.close();
    return found.kind === 'entry' && found.entry.packId === entry.packId;
  }

  #segmentBehind({ number }: Segment): Segment | undefined {
    return this.#parts.segments.find((one) => one.number > number);
  }

  /** The last segment was removed; the cursor may be further, if units in memory were appended behind it. */
  passSegment({ number }: Segment): void {
    if (this.#place.segment <= number) this.#place = { segment: number + 1, at: undefined };
  }

  #skipDamaged(segment: Segment, at: Position, why: string, next: Position): void {
    segment.isDamaged = true;
    this.#parts.counts.lose(segment, at, next, `${segment.path}: ${why}`);
    this.#pass(segment, at, next, 0);
  }

  /** Progress that was written for another entry, or for more than is left, had been subtracted when it was opened. */
  #addVoid({ segment, start, finished }: DiskUnit): void {
    const records = this.#parts.said.finishedAt(segment.number, start.ordinal) - finished.total;
    if (records > 0) this.#parts.counts.addSurplus(segment, records);
  }

  /** Nothing is to be sent between the two positions. */
  #pass({ number }: Segment, at: Position, next: Position, lastCrc: number): void {
    this.#place = { segment: number, at: next };
    this.#parts.mark.pass({ segment: number, ordinal: at.ordinal, next, lastCrc });
  }

  /** Moves the cursor to the next segment; false at the end of the journal, as far as that is known. */
  #passEnd(segment: Segment, at: Position): boolean {
    if (!segment.isClosed) return false;
    if (!segment.isExhausted) {
      const before = segment.left;
      this.#parts.counts.loseRest(segment, at, `${segment.path}: its end is missing`);
      if (segment.left < before) segment.isDamaged = true;
    }
    const following = this.#segmentBehind(segment);
    if (following !== undefined) this.#place = { segment: following.number, at: following.start };
    this.#parts.mark.advance();
    return following !== undefined;
  }

  /** Returns whether the rest of the segment is given up; else the same read is to be tried again. */
  #readFailed(segment: Segment, failure: DiskFailure): boolean {
    this.#parts.files.close();
    if (isPassing(failure) || (failure.code === 'ENOENT' && !this.#parts.isHeld())) return false;
    const isLasting = this.#failedReads.isLasting(failure, this.#parts.clock);
    if (failure.code !== 'ENOENT' && !isLasting) return false;
    this.#failedReads.reset();
    const why = failure.code === 'ENOENT' ? 'is gone' : `cannot be read, ${failure.code}`;
    segment.isDamaged = failure.code !== 'ENOENT';
    segment.isClosed = true;
    this.#parts.counts.loseRest(segment, this.#place.at!, `${segment.path} ${why}`);
    this.#place = { segment: segment.number + 1, at: undefined };
    this.#parts.mark.advance();
    return true;
  }
}

/** Whether the place is where the unit begins, or behind that. */
function isFrom(unit: DiskUnit | undefined, segment: Segment, { ordinal }: Position): boolean {
  return unit?.segment === segment && ordinal >= unit.start.ordinal;
}

/** Whether the entry is behind what the next segment says was written: its writer did not count it as spooled. */
function isBeyondTotal({ recordsTotal, isClosed }: Segment, { recordsBefore, records }: EntryHeader): boolean {
  return isClosed && recordsBefore + records > recordsTotal;
}

function recordBytes({ entriesFrom, entriesTo }: EntryHeader): number {
  return entriesTo - entriesFrom;
}
