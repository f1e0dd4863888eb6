// A segment of a journal, and a unit in it: plain data.

import type { EntryHeader } from './format';
import type { Journal } from './journal';
import type { RecordRanges } from './record-ranges';
import type { Position } from './segment-reader';

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
  /** The caller owns it. */
  readonly body: Buffer;
}

/** Whether nothing of the segment is left to be read. */
export function isReadTo(segment: Segment, { offset }: Position): boolean {
  return segment.isExhausted || offset >= segment.bytes;
}

/** Behind its last entry. */
export function endOf({ bytes, entries, recordsTotal }: Segment): Position {
  return { offset: bytes, ordinal: entries, recordsBefore: recordsTotal };
}

/** Names the unit that begins with this entry. */
export function keyOf(segment: number, ordinal: number): string {
  return `${segment}:${ordinal}`;
}
