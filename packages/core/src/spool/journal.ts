// The journal of one run and one hash key, read from its first unfinished entry on: its segments and their progress.
//
// Takes: what became of units. Returns: unit after unit, in the order of appending. State: a cursor, the low-water mark,
// and one small object for each segment and for each unit in use; entries on disk without an object cost nothing.
// Invariants: the mark never moves back; nothing below it is unfinished; a segment is removed only when all of it is
// below the mark, and only after the mark was written.

import { join } from 'node:path';
import type { Clock } from '../clock';
import type { Disk, DiskFailure } from './disk';
import type { EntryHeader, SegmentText } from './format';
import { segmentName } from './names';
import { type Finish, type Mark, type ProgressFile, type ProgressRecord, START } from './progress';
import { isPassing, LastingFailure } from './read-failures';
import { RecordRanges } from './record-ranges';
import { type Found, type Position, SegmentReader } from './segment-reader';

export interface Segment {
  readonly number: number;
  readonly path: string;
  readonly marker: Buffer;
  /** Where its first entry begins. */
  readonly start: Position;
  /** Up to here it is read: where the writer is, or behind the last whole entry of a segment that was opened. */
  bytes: number;
  /** What the file had when it was opened: an adopted one may grow. */
  fileBytes: number;
  /** Entries in it, the damaged ones included. */
  entries: number;
  /** Records of the journal up to its end, as far as that is known. */
  recordsTotal: number;
  /** Records in it that are not finished. */
  left: number;
  /** Units in use: with one, the segment is pinned. */
  units: number;
  /** No entry is appended any more. */
  isClosed: boolean;
  isDamaged: boolean;
  /** The cursor has passed its end. */
  isExhausted: boolean;
}

/** Entries that are sent as one, and what of their records is finished. */
export interface DiskUnit {
  readonly journal: Journal;
  readonly segment: Segment;
  readonly start: Position;
  readonly next: Position;
  /** CRC of the first entry's header, and of the last one's. */
  readonly crc: number;
  readonly lastCrc: number;
  readonly records: number;
  readonly finished: RecordRanges;
  /** Record indexes at which the unit was cut, sorted. */
  readonly cuts: readonly number[];
}

export interface ReadEntry {
  readonly entry: EntryHeader;
  /** Owned by who takes it. */
  readonly body: Buffer;
}

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

export interface JournalParts {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Its path, which is another one after an eviction. */
  readonly directory: () => string;
  readonly key: number;
  readonly progress: ProgressFile;
  /** Where finished segments with damage go. */
  readonly setAside: (path: string) => void;
  /** Called with records that are lost to damage. */
  readonly onDamaged: (records: number, why: string) => void;
  /** Called with records that no total had named: their writer did not know whether they are on disk. */
  readonly onSurplus: (records: number) => void;
  /** Whether the directory still has our name: another process may have taken it from a frozen one. */
  readonly isHeld: () => boolean;
  /** Most units that this process has in flight at a time. */
  readonly inFlight: number;
}

/** What lay in a directory. */
export interface OpenedJournal {
  readonly segments: Segment[];
  readonly mark: Mark;
  /** By `keyOf` of the unit's first entry. */
  readonly records: Map<string, ProgressRecord[]>;
}

/** More entries are not joined at once: they are uncompressed in one turn of the loop. A day of seconds takes 85 requests. */
const JOIN_ENTRIES = 1024;
/** How many units may be finished ahead of one that is not: their progress must fit into memory and file. */
const AHEAD_MAX = 1024;

export class Journal {
  readonly #parts: JournalParts;
  readonly segments: Segment[];
  /** Records that are not finished. */
  unfinished: number;
  #mark: Mark;
  #cursor: { segment: number; at: Position | undefined };
  #reader: { segment: Segment; reader: SegmentReader } | undefined;
  /** Finished, but not the first that is left: from where to where. */
  readonly #ahead = new Map<string, { segment: number; ordinal: number; next: Position; lastCrc: number }>();
  /** Appended with an object while entries before it were unread: where the entry behind each begins. */
  readonly #unitsBehind = new Map<string, Position>();
  /** What the progress file says of units that were not read yet. */
  readonly #records: Map<string, ProgressRecord[]>;
  /** Finished files that the disk has not removed yet. */
  #toRemove: string[] = [];
  readonly #failedReads = new LastingFailure();
  /** The first unit of another run's journal may have been in flight when that run ended. */
  #isHead: boolean;
  readonly text: SegmentText;
  /** Most units in flight of all processes that sent from it: with more than one, each entry may have been sent. */
  readonly #inFlight: number;
  readonly #mayBeSent: boolean;

  constructor(parts: JournalParts, text: SegmentText, opened?: OpenedJournal) {
    this.#parts = parts;
    this.text = text;
    this.segments = opened?.segments ?? [];
    this.#mark = opened?.mark ?? START;
    const before = Math.max(text.inFlight, this.#mark.inFlight);
    this.#mayBeSent = before > 1;
    this.#inFlight = Math.max(before, parts.inFlight);
    this.#records = opened?.records ?? new Map();
    this.#isHead = opened !== undefined;
    this.#cursor = { segment: this.#mark.segment, at: undefined };
    this.unfinished = this.segments.reduce((sum, { left }) => sum + left, 0);
  }

  get mark(): Mark {
    return this.#mark;
  }

  get directory(): string {
    return this.#parts.directory();
  }

  get bytes(): number {
    return this.segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The path of a segment. */
  pathOf(number: number): string {
    return join(this.#parts.directory(), segmentName(this.#parts.key, number));
  }

  /**
   * The next unit.
   * @param limit nothing from this unit on: it has an object already
   * @param join nothing if entries may not be joined
   */
  next(join: JoinLimits | undefined, limit?: DiskUnit): Taken {
    if (this.#ahead.size >= AHEAD_MAX) return { kind: 'none' };
    // Before the second is in flight: a later process must not join what may have been sent.
    if (this.#inFlight > Math.max(this.text.inFlight, this.#mark.inFlight)) {
      const mark = { ...this.#mark, inFlight: this.#inFlight };
      const failure = this.#parts.progress.moveMark(mark);
      if (failure !== undefined) return failure;
      this.#mark = mark;
    }
    for (;;) {
      const segment = this.#cursorSegment();
      if (segment === undefined) return { kind: 'none' };
      const at = this.#cursor.at!;
      if (limit !== undefined && limit.segment === segment && at.ordinal >= limit.start.ordinal)
        return { kind: 'none' };
      if (isReadTo(segment, at)) {
        if (!this.#passEnd(segment, at)) return { kind: 'none' };
        continue;
      }
      const found = this.#readerOf(segment).read(at, segment.marker, segment.bytes);
      if (found.kind === 'failed') {
        const lost = this.#readFailed(segment, found);
        if (lost === undefined) return found;
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
    const segment = this.#cursorSegment();
    const at = this.#cursor.at;
    if (segment === undefined || at === undefined || isReadTo(segment, at)) return undefined;
    const entry = this.#readerOf(segment).peek(at, segment.marker, segment.bytes);
    return entry?.kind === 'entry' ? entry : undefined;
  }

  /** Whether the cursor has passed every entry, as far as that is known without reading. */
  get isRead(): boolean {
    const segment = this.#cursorSegment();
    return segment === undefined || (segment === this.segments.at(-1) && isReadTo(segment, this.#cursor.at!));
  }

  /** Whether units of it are in flight or about to be. */
  get isInUse(): boolean {
    return this.segments.some(({ units }) => units > 0);
  }

  /** Whether no entry is left to be read before the unit, or before the end. */
  isAt(unit: DiskUnit | undefined): boolean {
    for (;;) {
      const segment = this.#cursorSegment();
      if (segment === undefined) return true;
      const at = this.#cursor.at!;
      if (unit?.segment === segment && at.ordinal >= unit.start.ordinal) return true;
      if (!isReadTo(segment, at)) return false;
      if (!this.#passEnd(segment, at)) return true;
    }
  }

  /** Puts the cursor on the unit, or behind it: it is read again, or has an object. */
  moveCursor(unit: DiskUnit, where: 'to' | 'behind'): void {
    this.#cursor = { segment: unit.segment.number, at: where === 'to' ? unit.start : unit.next };
  }

  /** The unit has an object already, so its entry is not read. Entries before it still are. */
  passOver(unit: DiskUnit): void {
    if (this.isAt(unit)) this.moveCursor(unit, 'behind');
    else this.#unitsBehind.set(keyOf(unit.segment.number, unit.start.ordinal), unit.next);
  }

  /** A unit in use keeps its segment from giving way. */
  pin(unit: DiskUnit): void {
    unit.segment.units += 1;
  }

  unpin(unit: DiskUnit): void {
    unit.segment.units -= 1;
  }

  /** Written before the first part of the unit is sent. */
  cut(unit: DiskUnit, index: number): DiskFailure | undefined {
    const failure = this.#parts.progress.write(this.#recordOf(unit, 'cut', '', index, 0));
    if (failure === undefined) (unit.cuts as number[]).push(index);
    return failure;
  }

  /**
   * Records of the unit are finished. Returns how many of them were not before, and what the disk refused: that is
   * kept in memory and written with the next progress.
   */
  finish(unit: DiskUnit, from: number, to: number, how: Finish): { records: number; failure: DiskFailure | undefined } {
    const records = unit.finished.add(from, to);
    unit.segment.left -= records;
    this.unfinished -= records;
    const { segment, start, next, lastCrc } = unit;
    const isWhole = unit.finished.total >= unit.records;
    if (isWhole) {
      const { ordinal } = start;
      this.#ahead.set(keyOf(segment.number, ordinal), { segment: segment.number, ordinal, next, lastCrc });
      const failure = this.#moveMark();
      if (!this.#ahead.has(keyOf(segment.number, start.ordinal))) return { records, failure };
    }
    const [a, b] = isWhole ? [0, unit.records] : [from, to];
    return { records, failure: this.#parts.progress.writeSurely(this.#recordOf(unit, 'finished', how, a, b)) };
  }

  /** What the disk has refused so far. */
  retryProgress(): DiskFailure | undefined {
    const failure = this.#parts.progress.writeDue();
    if (failure === undefined) this.#removeBelowMark();
    this.#removeFiles();
    return failure;
  }

  /** The segment gives way to newer ones. Returns how many records are lost. */
  drop(segment: Segment): number {
    const { left } = segment;
    this.unfinished -= left;
    segment.left = 0;
    this.#forget(segment);
    for (const [key, { segment: number, ordinal }] of this.#ahead) {
      if (number !== segment.number) continue;
      this.#ahead.delete(key);
      this.#parts.progress.release(number, ordinal);
    }
    this.#moveMark();
    return left;
  }

  /** All of the last segment is finished, and nothing is appended to it any more. */
  removeFinished(segment: Segment): void {
    const { ordinal, segment: number } = this.#mark;
    if (number !== segment.number || ordinal !== segment.entries || segment.left > 0) return;
    this.#mark = {
      segment: number + 1,
      ordinal: 0,
      offset: 0,
      crcBefore: 0,
      recordsBelow: segment.recordsTotal,
      inFlight: this.#inFlight,
    };
    // It may be further: units in memory were appended to the segments behind.
    if (this.#cursor.segment <= number) this.#cursor = { segment: number + 1, at: undefined };
    if (this.#parts.progress.moveMark(this.#mark) === undefined) this.#removeBelowMark();
  }

  /** An adopted file may have grown: its frozen owner woke and wrote on. */
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

  /** Closes the files; nothing is written. */
  close(): void {
    this.#reader?.reader.close();
    this.#reader = undefined;
    this.#parts.progress.close();
  }

  /** All of it is finished: removes its files. Returns whether none is left; it can be called again. */
  remove(): boolean {
    for (const segment of [...this.segments]) this.#forget(segment);
    this.#removeFiles();
    this.close();
    return this.#toRemove.length === 0;
  }

  /** The segment of the cursor; it moves over segments that are gone. */
  #cursorSegment(): Segment | undefined {
    const segment = this.segments.find(({ number }) => number >= this.#cursor.segment);
    if (segment === undefined) return undefined;
    if (segment.number !== this.#cursor.segment || this.#cursor.at === undefined) {
      const at = segment.number === this.#mark.segment ? this.#markPosition(segment) : segment.start;
      this.#cursor = { segment: segment.number, at };
    }
    for (let at = this.#cursor.at; at !== undefined; ) {
      const key = keyOf(segment.number, at.ordinal);
      at = this.#unitsBehind.get(key);
      if (at !== undefined) this.#cursor = { segment: segment.number, at };
      this.#unitsBehind.delete(key);
    }
    return segment;
  }

  /** Where the mark says; at the end of what a power loss has left, if the mark is behind it. */
  #markPosition(segment: Segment): Position {
    const { ordinal, offset, recordsBelow } = this.#mark;
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
    if (entry.recordsBefore + entry.records > segment.recordsTotal && segment.isClosed) {
      if (this.#hasTwin(segment, entry)) {
        this.#pass(segment, at, found.next, entry.crc);
        return undefined;
      }
      segment.left += entry.records;
      this.unfinished += entry.records;
      this.#parts.onSurplus(entry.records);
    }
    const said = this.#saidOf(segment, entry);
    const isHead = this.#isHead;
    this.#isHead = false;
    const mayBeSent = entry.mayBeSent || isHead || this.#mayBeSent;
    const entries = [{ entry, body: found.body }];
    let { next } = found;
    let lastCrc = entry.crc;
    const group = said.find(({ kind }) => kind === 'group');
    const canJoin = !mayBeSent && said.length === 0 && !entry.isPart ? join : undefined;
    let [bytes, count] = [entry.entriesTo - entry.entriesFrom, entry.records];
    for (;;) {
      const isInGroup = group !== undefined && next.ordinal <= group.a;
      if (!isInGroup && canJoin === undefined) break;
      if (next.offset >= segment.bytes) break;
      if (limit !== undefined && limit.segment === segment && next.ordinal >= limit.start.ordinal) break;
      if (this.#unitsBehind.has(keyOf(segment.number, next.ordinal))) break;
      const more = this.#readerOf(segment).read(next, segment.marker, segment.bytes);
      if (more.kind !== 'entry') {
        // A group was sent under the first entry's id with all of its entries: with one less, it is another content.
        if (isInGroup && more.kind === 'failed') return more;
        break;
      }
      if (more.entry.recordsBefore + more.entry.records > segment.recordsTotal && segment.isClosed) break;
      if (!isInGroup) {
        const { entriesFrom, entriesTo, records } = more.entry;
        bytes += entriesTo - entriesFrom;
        count += records;
        const fits = bytes <= canJoin!.maxBytes && count <= canJoin!.maxCount && entries.length < JOIN_ENTRIES;
        if (!fits || more.entry.mayBeSent || more.entry.isPart || this.#hasSaid(segment, more.entry)) break;
      }
      entries.push({ entry: more.entry, body: more.body });
      next = more.next;
      lastCrc = more.entry.crc;
    }
    const unit = this.#unitOf(segment, at, next, entry.crc, lastCrc, entries, said);
    this.#addVoid(unit);
    if (unit.finished.total >= unit.records) {
      this.#pass(segment, at, next, lastCrc);
      return undefined;
    }
    if (entries.length > 1 && group === undefined) {
      const failure = this.#parts.progress.write(this.#recordOf(unit, 'group', '', next.ordinal - 1, 0));
      // Without the record a later process would send the same entries in another shape: so the first one goes alone.
      if (failure !== undefined) return this.#takeAlone(segment, at, found.next, entries[0]!, said, mayBeSent);
    }
    return this.#taken(unit, entries, mayBeSent);
  }

  #takeAlone(
    segment: Segment,
    at: Position,
    next: Position,
    only: ReadEntry,
    said: readonly ProgressRecord[],
    mayBeSent: boolean,
  ): Taken {
    const { crc } = only.entry;
    return this.#taken(this.#unitOf(segment, at, next, crc, crc, [only], said), [only], mayBeSent);
  }

  #taken(unit: DiskUnit, entries: readonly ReadEntry[], mayBeSent: boolean): Taken {
    this.#cursor = { segment: unit.segment.number, at: unit.next };
    this.pin(unit);
    return { kind: 'unit', unit, entries, mayBeSent };
  }

  #unitOf(
    segment: Segment,
    start: Position,
    next: Position,
    crc: number,
    lastCrc: number,
    entries: readonly ReadEntry[],
    said: readonly ProgressRecord[],
  ): DiskUnit {
    const finished = new RecordRanges();
    const cuts: number[] = [];
    const records = entries.reduce((sum, { entry }) => sum + entry.records, 0);
    for (const { kind, a, b } of said) {
      if (kind === 'finished') finished.add(a, Math.min(b, records));
      else if (kind === 'cut') cuts.push(a);
    }
    return { journal: this, segment, start, next, crc, lastCrc, records, finished, cuts };
  }

  #recordOf(unit: DiskUnit, kind: ProgressRecord['kind'], how: Finish | '', a: number, b: number): ProgressRecord {
    return { kind, how, segment: unit.segment.number, ordinal: unit.start.ordinal, a, b, crc: unit.crc };
  }

  #saidOf(segment: Segment, entry: EntryHeader): ProgressRecord[] {
    const records = this.#records.get(keyOf(segment.number, entry.ordinal)) ?? [];
    // A record that names another header was not written for this entry.
    return records.filter(({ crc }) => crc === entry.crc);
  }

  /** Progress that was written for another entry, or for more than is left, had been subtracted when it was opened. */
  #addVoid({ segment, start, finished }: DiskUnit): void {
    const records = finishedIn(this.#records.get(keyOf(segment.number, start.ordinal)) ?? []) - finished.total;
    if (records <= 0) return;
    segment.left += records;
    this.unfinished += records;
    this.#parts.onSurplus(records);
  }

  #hasSaid(segment: Segment, entry: EntryHeader): boolean {
    return this.#saidOf(segment, entry).length > 0;
  }

  /** The writer did not know whether this entry is on disk, and appended the batch again to the next segment. */
  #hasTwin(segment: Segment, entry: EntryHeader): boolean {
    const following = this.segments.find(({ number }) => number > segment.number);
    if (following === undefined) return false;
    const reader = new SegmentReader(this.#parts.disk, following.path);
    const found = reader.read(following.start, following.marker, following.bytes);
    reader.close();
    return found.kind === 'entry' && found.entry.packId === entry.packId;
  }

  #skipDamaged(segment: Segment, at: Position, why: string, next: Position): void {
    segment.isDamaged = true;
    this.#loseRecords(segment, at, next.ordinal, next.recordsBefore, `${segment.path}: ${why}`);
    this.#pass(segment, at, next, 0);
  }

  /** Records from the position up to an entry are lost, those that were finished before left out. */
  #loseRecords(segment: Segment, from: Position, toOrdinal: number, toRecords: number, why: string): void {
    const finished = this.#finishedBetween(segment.number, from.ordinal, toOrdinal);
    const records = Math.min(segment.left, toRecords - from.recordsBefore - finished);
    if (records <= 0) return;
    segment.left -= records;
    this.unfinished -= records;
    this.#parts.onDamaged(records, why);
  }

  #finishedBetween(segment: number, from: number, to: number): number {
    let finished = 0;
    for (const records of this.#records.values()) {
      const { segment: number, ordinal } = records[0]!;
      if (number === segment && ordinal >= from && ordinal < to) finished += finishedIn(records);
    }
    return finished;
  }

  /** Nothing is to be sent between the two positions. */
  #pass(segment: Segment, at: Position, next: Position, lastCrc: number): void {
    const { number } = segment;
    this.#cursor = { segment: number, at: next };
    this.#ahead.set(keyOf(number, at.ordinal), { segment: number, ordinal: at.ordinal, next, lastCrc });
    this.#moveMark();
  }

  /** Moves the cursor to the next segment; false at the end of the journal, as far as that is known. */
  #passEnd(segment: Segment, at: Position): boolean {
    if (!segment.isClosed) return false;
    if (!segment.isExhausted) {
      const before = segment.left;
      this.#loseRecords(
        segment,
        at,
        Number.POSITIVE_INFINITY,
        segment.recordsTotal,
        `${segment.path}: its end is missing`,
      );
      if (segment.left < before) segment.isDamaged = true;
      segment.isExhausted = true;
    }
    const following = this.segments.find(({ number }) => number > segment.number);
    if (following === undefined) {
      this.#moveMark();
      return false;
    }
    this.#cursor = { segment: following.number, at: following.start };
    this.#moveMark();
    return true;
  }

  /** Moves the mark over all that is finished behind it, writes it, and removes the segments below it. */
  #moveMark(): DiskFailure | undefined {
    const before = this.#mark;
    for (;;) {
      const { segment: number, ordinal } = this.#mark;
      const passed = this.#ahead.get(keyOf(number, ordinal));
      if (passed !== undefined) {
        this.#ahead.delete(keyOf(number, ordinal));
        this.#records.delete(keyOf(number, ordinal));
        this.#parts.progress.release(number, ordinal);
        const { next, lastCrc } = passed;
        this.#mark = {
          segment: number,
          ordinal: next.ordinal,
          offset: next.offset,
          crcBefore: lastCrc,
          recordsBelow: next.recordsBefore,
          inFlight: this.#inFlight,
        };
        continue;
      }
      const segment = this.segments.find((one) => one.number === number);
      const following = this.segments.find((one) => one.number > number);
      if (following === undefined || (segment !== undefined && !this.#isFinished(segment, ordinal))) break;
      this.#mark = {
        segment: following.number,
        ordinal: 0,
        offset: following.start.offset,
        crcBefore: 0,
        recordsBelow: following.start.recordsBefore,
        inFlight: this.#inFlight,
      };
    }
    if (this.#mark === before) return undefined;
    const failure = this.#parts.progress.moveMark(this.#mark);
    // A finished segment stays until the mark is on disk: without it, a missing segment would be a hole.
    if (failure === undefined) this.#removeBelowMark();
    return failure;
  }

  /** All that was in the segment is finished, if everything below the ordinal is. */
  #isFinished(segment: Segment, ordinal: number): boolean {
    if (!segment.isClosed || segment.left > 0) return false;
    return ordinal >= segment.entries || segment.isExhausted;
  }

  #removeBelowMark(): void {
    for (
      let first = this.segments[0];
      first !== undefined && first.number < this.#mark.segment;
      first = this.segments[0]
    ) {
      this.#forget(first);
    }
  }

  #forget(segment: Segment): void {
    const at = this.segments.indexOf(segment);
    if (at !== -1) this.segments.splice(at, 1);
    if (this.#reader?.segment === segment) {
      this.#reader.reader.close();
      this.#reader = undefined;
    }
    if (segment.isDamaged) this.#parts.setAside(segment.path);
    else {
      this.#toRemove.push(segment.path);
      this.#removeFiles();
    }
  }

  /** Files that the disk does not remove now are tried again. */
  #removeFiles(): void {
    const { disk } = this.#parts;
    this.#toRemove = this.#toRemove.filter((path) => {
      const failure = disk.attempt(() => disk.fs.unlinkSync(path));
      return failure !== undefined && failure.code !== 'ENOENT';
    });
  }

  #readerOf(segment: Segment): SegmentReader {
    if (this.#reader?.segment !== segment) {
      this.#reader?.reader.close();
      this.#reader = { segment, reader: new SegmentReader(this.#parts.disk, segment.path) };
    }
    return this.#reader.reader;
  }

  /** Returns a value if the rest of the segment is given up, and nothing if the same read is to be tried again. */
  #readFailed(segment: Segment, failure: DiskFailure): 'lost' | undefined {
    this.#reader?.reader.close();
    this.#reader = undefined;
    if (isPassing(failure) || (failure.code === 'ENOENT' && !this.#parts.isHeld())) return undefined;
    const isLasting = this.#failedReads.isLasting(failure, this.#parts.clock);
    if (failure.code !== 'ENOENT' && !isLasting) return undefined;
    this.#failedReads.reset();
    const why = failure.code === 'ENOENT' ? 'is gone' : `cannot be read, ${failure.code}`;
    const at = this.#cursor.at!;
    segment.isDamaged = failure.code !== 'ENOENT';
    segment.isClosed = true;
    this.#loseRecords(segment, at, Number.POSITIVE_INFINITY, segment.recordsTotal, `${segment.path} ${why}`);
    segment.isExhausted = true;
    this.#cursor = { segment: segment.number + 1, at: undefined };
    this.#moveMark();
    return 'lost';
  }
}

/** Whether nothing of the segment is left to be read. */
function isReadTo(segment: Segment, { offset }: Position): boolean {
  return segment.isExhausted || offset >= segment.bytes;
}

/** Behind its last entry. */
function endOf({ bytes, entries, recordsTotal }: Segment): Position {
  return { offset: bytes, ordinal: entries, recordsBefore: recordsTotal };
}

export function keyOf(segment: number, ordinal: number): string {
  return `${segment}:${ordinal}`;
}

/** How many records of a unit its progress says are finished. */
export function finishedIn(records: readonly ProgressRecord[]): number {
  const ranges = new RecordRanges();
  for (const { kind, a, b } of records) if (kind === 'finished') ranges.add(a, b);
  return ranges.total;
}
