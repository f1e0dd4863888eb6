// Reads the entries of a surveyed part one at a time, and reports what is wrong between them.
//
// It needs the memory of one entry and one chunk, whatever the size of the part. A segment is read up to the size that
// its file has when it is opened. Entries that a living process appends meanwhile are not read.
//
// Bytes at the end of a segment that are no whole entry:
//   in the last segment of a run that lives, or may live    being written
//   otherwise                                               torn: its process died during the write, before it counted
//   a later total includes records that are not there       damaged

import type { SealedBatch } from '../batch/sealed-batch';
import { batchOf, type EntryHeader } from '../spool/format';
import type { RecordRanges } from '../spool/record-ranges';
import { type Found, type Position, SegmentReader } from '../spool/segment-reader';
import { type SurveyedJournal, type SurveyedPart, type SurveyedSegment, surveyDisk } from './survey';
import { SegmentProgress } from './survey-progress';

export type Finding =
  | SurveyedEntry
  /** `records`: how many unfinished records cannot be read. */
  | {
      readonly kind: 'damaged';
      readonly path: string;
      readonly offset: number;
      readonly why: string;
      readonly records: number;
    }
  | { readonly kind: 'torn' | 'being written'; readonly path: string; readonly offset: number; readonly bytes: number }
  /** The file is gone since it was listed: its records were delivered, or deleted to make room. */
  | { readonly kind: 'gone'; readonly path: string; readonly records: number }
  | { readonly kind: 'unreadable'; readonly path: string; readonly code: string; readonly message: string };

export interface SurveyedEntry {
  readonly kind: 'entry';
  readonly path: string;
  readonly offset: number;
  readonly endOffset: number;
  /** Its body is valid until the caller asks for the next finding. */
  readonly batch: SealedBatch;
  /** Indexes of its finished records. */
  readonly finished: RecordRanges;
  readonly isFinished: boolean;
  /** Its writer did not know whether it was on disk, and appended the same batch again. */
  readonly isRepeated: boolean;
}

export interface EntriesOptions {
  /** Whether the part's owner lives, or may live. */
  readonly mayLive: boolean;
  /** Leaves out entries below the low-water mark, if that takes no additional reading. */
  readonly fromMark?: boolean;
}

/** Yields every entry of the part; those of one hash key in the order of appending. */
export function* entriesOf(part: SurveyedPart, options: EntriesOptions): Generator<Finding> {
  const isOwnersWork = options.mayLive && part.name.owner === part.name.origin;
  for (const journal of part.journals) {
    for (const [at, segment] of journal.segments.entries()) {
      if (options.fromMark === true && segment.number < journal.mark.segment) continue;
      const following = journal.segments[at + 1];
      const isGrowing = isOwnersWork && following === undefined;
      yield* new SegmentSurvey(journal, segment, following, isGrowing).findings(options.fromMark === true);
    }
  }
}

interface EntryParts {
  readonly journal: SurveyedJournal;
  readonly path: string;
  readonly offset: number;
  readonly found: Extract<Found, { kind: 'entry' }>;
  readonly finished: RecordRanges;
  readonly isRepeated: boolean;
}

export function surveyedEntry({ journal, path, offset, found, finished, isRepeated }: EntryParts): SurveyedEntry {
  const { entry, body, next } = found;
  const batch = batchOf(entry, journal.text?.hashKey ?? '', body);
  const isFinished = isRepeated || finished.total >= entry.records;
  return { kind: 'entry', path, offset, endOffset: next.offset, batch, finished, isFinished, isRepeated };
}

class SegmentSurvey {
  readonly #journal: SurveyedJournal;
  readonly #segment: SurveyedSegment;
  readonly #following: SurveyedSegment | undefined;
  readonly #isGrowing: boolean;
  readonly #progress: SegmentProgress;

  constructor(
    journal: SurveyedJournal,
    segment: SurveyedSegment,
    following: SurveyedSegment | undefined,
    isGrowing: boolean,
  ) {
    this.#journal = journal;
    this.#segment = segment;
    this.#following = following;
    this.#isGrowing = isGrowing;
    this.#progress = new SegmentProgress(journal, segment.number);
  }

  *findings(fromMark: boolean): Generator<Finding> {
    const { path, hasHeader } = this.#segment;
    const reader = new SegmentReader(surveyDisk(), path);
    try {
      const size = reader.size();
      if (typeof size !== 'number') yield this.#unreadable(size);
      else if (hasHeader) yield* this.#entries(reader, size, fromMark);
      else yield* this.#withoutHeader(size);
    } finally {
      reader.close();
    }
  }

  *#withoutHeader(size: number): Generator<Finding> {
    const { path, isDamaged, left } = this.#segment;
    if (isDamaged)
      yield { kind: 'damaged', path, offset: 0, why: 'the header of the segment is damaged', records: left };
    else if (size > 0) yield { kind: this.#isGrowing ? 'being written' : 'torn', path, offset: 0, bytes: size };
  }

  *#entries(reader: SegmentReader, size: number, fromMark: boolean): Generator<Finding> {
    const { path, marker, start } = this.#segment;
    let at = fromMark ? this.#markPosition(reader, size) : start;
    for (;;) {
      if (at.offset >= size) return yield* this.#end(at, size, undefined);
      const found = reader.read(at, marker, size);
      if (found.kind === 'failed') return yield this.#unreadable(found);
      if (found.kind === 'end') return yield* this.#end(at, size, found.recordsTotal);
      if (found.kind === 'damaged') {
        yield {
          kind: 'damaged',
          path,
          offset: at.offset,
          why: found.why,
          records: this.#progress.unfinishedBetween(at, found.next),
        };
      } else {
        if (found.entry.recordsBefore !== at.recordsBefore) {
          yield {
            kind: 'damaged',
            path,
            offset: at.offset,
            why: 'an entry counts other records before it',
            records: 0,
          };
        }
        const finished = this.#progress.finishedIn(found.entry);
        const isRepeated = this.#isRepeated(found.entry);
        yield surveyedEntry({ journal: this.#journal, path, offset: at.offset, found, finished, isRepeated });
      }
      at = found.next;
    }
  }

  /** Reports what is behind the last entry, and records that the totals include and that are not there. */
  *#end(at: Position, size: number, recordsTotal: number | undefined): Generator<Finding> {
    const { path } = this.#segment;
    const total = recordsTotal ?? this.#segment.recordsTotal;
    const gap = total - at.recordsBefore;
    if (recordsTotal !== undefined && gap < 0) {
      yield {
        kind: 'damaged',
        path,
        offset: at.offset,
        why: 'the end of the segment counts fewer records',
        records: 0,
      };
    }
    if (gap > 0 && !this.#isGrowing) {
      const records = this.#progress.unfinishedBetween(at, { ...at, recordsBefore: total });
      yield { kind: 'damaged', path, offset: at.offset, why: 'the end of the segment is missing', records };
      return;
    }
    const bytes = size - at.offset;
    if (recordsTotal !== undefined || bytes <= 0) return;
    yield { kind: this.#isGrowing ? 'being written' : 'torn', path, offset: at.offset, bytes };
  }

  /** Returns the position of the mark, if an entry or the end of the segment is there; otherwise the start. */
  #markPosition(reader: SegmentReader, size: number): Position {
    const { segment, ordinal, offset, recordsBelow } = this.#journal.mark;
    const { number, start, marker } = this.#segment;
    if (segment !== number || ordinal === 0) return start;
    const marked = { offset, ordinal, recordsBefore: recordsBelow };
    if (offset === size) return marked;
    const { kind } = offset < size ? reader.read(marked, marker, size) : { kind: 'end' };
    return kind === 'entry' ? marked : start;
  }

  #isRepeated(entry: EntryHeader): boolean {
    const following = this.#following;
    if (following === undefined || !following.hasHeader) return false;
    if (entry.recordsBefore + entry.records <= this.#segment.recordsTotal) return false;
    const reader = new SegmentReader(surveyDisk(), following.path);
    const size = reader.size();
    const found: Found | undefined =
      typeof size === 'number' ? reader.read(following.start, following.marker, size) : undefined;
    reader.close();
    return found?.kind === 'entry' && found.entry.packId === entry.packId;
  }

  #unreadable({ code, message }: { readonly code: string; readonly message: string }): Finding {
    const { path, left } = this.#segment;
    return code === 'ENOENT' ? { kind: 'gone', path, records: left } : { kind: 'unreadable', path, code, message };
  }
}
