// A segment of a journal, and a unit in it: plain data.

import type { EntryHeader } from './format';
import type { Journal } from './journal';
import type { RecordRanges } from './record-ranges';
import type { Position } from './segment-reader';
import type { StoredAttempt } from './sequence-id';

export interface Segment {
  readonly number: number;
  readonly path: string;
  readonly marker: Buffer;
  /** Where its first entry begins. */
  readonly start: Position;
  /** Up to where it may be read: the writer's position, or the end of the last whole entry of an opened segment. */
  bytes: number;
  /** The size of the file when it was opened. An adopted file may grow. */
  fileBytes: number;
  /** Entries in it, the damaged ones included. */
  entries: number;
  /** Records of the journal up to the end of this segment, as far as known. */
  recordsTotal: number;
  /** Records in it that are not finished. */
  left: number;
  /** Units in use. While there is one, the segment is not deleted to make room. */
  units: number;
  /** No more entries are appended. */
  isClosed: boolean;
  isDamaged: boolean;
  /** The cursor has passed its end. */
  isExhausted: boolean;
}

/** Entries that are sent as one, and which of their records are finished. */
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
  /** The sequence ids under which it, or parts of it, were sent. */
  readonly attempts: readonly StoredAttempt[];
}

export interface ReadEntry {
  readonly entry: EntryHeader;
  /** The caller owns it. */
  readonly body: Buffer;
}

/** Whether everything in the segment is read. */
export function isReadTo(segment: Segment, { offset }: Position): boolean {
  return segment.isExhausted || offset >= segment.bytes;
}

/** Returns the position behind the last entry. */
export function endOf({ bytes, entries, recordsTotal }: Segment): Position {
  return { offset: bytes, ordinal: entries, recordsBefore: recordsTotal };
}

/** Names the unit that begins with this entry. */
export function keyOf(segment: number, ordinal: number): string {
  return `${segment}:${ordinal}`;
}
