// A segment as bytes: a header, entries, and an end if the segment was closed in good order.
//
// An entry is one sealed batch. Only its own run writes a segment. It is never changed afterwards; an adopter reads it.
// Numbers are little endian. "u48" is a number below 2^48 in six bytes, followed by two bytes of zeros. All checksums
// are CRC-32.
//
// Segment header
//   at bytes
//    0   8   "PUTLOGS1"
//    8   2   version, 1
//   10   2   H: bytes of this header, a multiple of 8; the first entry begins here
//   12   4   CRC-32 of bytes 16..H
//   16   8   marker: random, of this segment
//   24   4   number
//   28   2   key
//   30   1   layout of the bodies: 1 volc-tls, 2 aliyun-sls, 3 web
//   31   1   0
//   32   8   u48 records appended to this journal before this segment
//   40   8   float64, when it was made, in ms
//   48   2   bytes of the text
//   50   6   0
//   56   n   JSON: run, instance, destination, hashKey, inFlight; zeros up to H
//
// Entry, and end (kind 2: no body, no pack id, no records; its ordinal is the number of entries)
//   at bytes
//    0   8   the segment's marker
//    8   4   CRC-32 of bytes 12..h
//   12   2   h: bytes of this header: 60, the pack id and what follows it, rounded up to 4
//   14   1   kind: 1 entry, 2 end
//   15   1   codec: 0 none, 1 lz4, 2 zlib, 3 zstd
//   16   4   ordinal in the segment, from 0
//   20   4   bytes of the body
//   24   4   CRC-32 of the body
//   28   4   records
//   32   8   u48 records before it in this journal: so the loss at a damaged header is known exactly
//   40   4   bytes of the body before compression
//   44   4   where in these bytes the first encoded record begins
//   48   4   where in these bytes the last record ends
//   52   4   index of its first record in the batch that its pack id begins with; above 0 only in a part
//   56   1   flags: 1 it may have been sent before it was appended; 2 it has the id of a part; 4 it was sent under a
//           sequence id before it was appended
//   57   1   bytes of the pack id
//   58   2   0
//   60   n   pack id; with flag 4 then 11 bytes (sequence-id.ts); zeros up to h
//    h   …   body, as it is sent
//
// The marker is random, because a body may contain text that looks like an entry. Behind a damaged header the reader
// searches for the next marker, and an application cannot log a marker that it does not know.

import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Codec } from '../batch/compress';
import type { SealedBatch } from '../batch/sealed-batch';
import type { BodyLayout } from '../targets/target';
import { readSequenceId, SEQUENCE_ID_BYTES, type SequenceId, writeSequenceId } from './sequence-id';

const MAGIC = Buffer.from('PUTLOGS1');
const VERSION = 1;
const SEGMENT_FIXED_BYTES = 56;
const SEGMENT_CHECKED_FROM = 16;
export const SEGMENT_HEADER_MAX_BYTES = 4096;
const MARKER_BYTES = 8;
const ENTRY_FIXED_BYTES = 60;
const ENTRY_CHECKED_FROM = 12;
/** No header of an entry is longer: a pack id has at most 255 bytes. */
export const ENTRY_HEADER_MAX_BYTES = 328;
/** A larger body was never written: no target accepts as much. */
const BODY_MAX_BYTES = 64 * 1024 * 1024;
const KIND_ENTRY = 1;
const KIND_END = 2;
const FLAG_MAY_BE_SENT = 1;
const FLAG_PART = 2;
const FLAG_SEQUENCE_ID = 4;
const CODECS: readonly Codec[] = ['none', 'lz4', 'zlib', 'zstd'];
const LAYOUTS = ['', 'volc-tls', 'aliyun-sls', 'web'] as const;
const NO_BODY = Buffer.alloc(0);

export interface SegmentHeader {
  readonly marker: Buffer;
  readonly number: number;
  readonly key: number;
  readonly layout: BodyLayout;
  readonly recordsBefore: number;
  readonly madeAtMs: number;
  readonly text: SegmentText;
}

export interface SegmentText {
  readonly run: string;
  /** The instance's name. */
  readonly instance: string;
  /** Canonical, without secrets: topic id, or project, Logstore and region. */
  readonly destination: string;
  readonly hashKey: string;
  /** Most units in flight at a time. Only with 1, no entry but the first unfinished one can have been sent. */
  readonly inFlight: number;
}

export interface EntryHeader {
  readonly kind: 'entry' | 'end';
  readonly headerBytes: number;
  /** CRC of the header. It names the entry in the progress file. */
  readonly crc: number;
  readonly codec: Codec;
  readonly ordinal: number;
  readonly bodyBytes: number;
  readonly bodyCrc: number;
  readonly records: number;
  readonly recordsBefore: number;
  readonly rawBytes: number;
  readonly entriesFrom: number;
  readonly entriesTo: number;
  readonly firstIndex: number;
  readonly mayBeSent: boolean;
  readonly isPart: boolean;
  /** It was sent under this id before it was appended. */
  readonly sequenceId: SequenceId | undefined;
  readonly packId: string;
}

export function newMarker(): Buffer {
  return randomBytes(MARKER_BYTES);
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const text = Buffer.from(JSON.stringify(header.text));
  const bytes = Buffer.alloc(segmentHeaderBytes(text.length));
  MAGIC.copy(bytes);
  bytes.writeUInt16LE(VERSION, 8);
  bytes.writeUInt16LE(bytes.length, 10);
  header.marker.copy(bytes, 16);
  bytes.writeUInt32LE(header.number, 24);
  bytes.writeUInt16LE(header.key, 28);
  bytes[30] = LAYOUTS.indexOf(header.layout);
  bytes.writeUIntLE(header.recordsBefore, 32, 6);
  bytes.writeDoubleLE(header.madeAtMs, 40);
  bytes.writeUInt16LE(text.length, 48);
  text.copy(bytes, SEGMENT_FIXED_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(SEGMENT_CHECKED_FROM)), 12);
  return bytes;
}

function segmentHeaderBytes(textBytes: number): number {
  return Math.ceil((SEGMENT_FIXED_BYTES + textBytes) / 8) * 8;
}

/** @param bytes the first `SEGMENT_HEADER_MAX_BYTES` of the file, or all of a shorter one */
export function decodeSegmentHeader(bytes: Buffer): (SegmentHeader & { headerBytes: number }) | undefined {
  if (bytes.length < SEGMENT_FIXED_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const headerBytes = bytes.readUInt16LE(10);
  const textBytes = bytes.readUInt16LE(48);
  if (headerBytes > bytes.length || headerBytes < SEGMENT_FIXED_BYTES + textBytes) return undefined;
  const checked = bytes.subarray(SEGMENT_CHECKED_FROM, headerBytes);
  if (bytes.readUInt16LE(8) !== VERSION || crc32(checked) !== bytes.readUInt32LE(12)) return undefined;
  const layout = LAYOUTS[bytes[30]!];
  if (layout === undefined || layout === '') return undefined;
  return {
    headerBytes,
    marker: Buffer.from(bytes.subarray(16, 16 + MARKER_BYTES)),
    number: bytes.readUInt32LE(24),
    key: bytes.readUInt16LE(28),
    layout,
    recordsBefore: bytes.readUIntLE(32, 6),
    madeAtMs: bytes.readDoubleLE(40),
    // The checksum holds, so this is what our own encoder wrote.
    text: JSON.parse(bytes.toString('utf8', SEGMENT_FIXED_BYTES, SEGMENT_FIXED_BYTES + textBytes)) as SegmentText,
  };
}

/** Whether a file without a valid header is an unfinished start: its process died before it had an entry. */
export function isUnfinishedStart(bytes: Buffer): boolean {
  const begins = bytes.subarray(0, MAGIC.length);
  // A longer file had entries, and lost its first pages in a power loss.
  if (bytes.length < SEGMENT_HEADER_MAX_BYTES && bytes.every((byte) => byte === 0)) return true;
  if (!begins.equals(MAGIC.subarray(0, begins.length))) return false;
  if (bytes.length < SEGMENT_FIXED_BYTES) return true;
  const headerBytes = bytes.readUInt16LE(10);
  return headerBytes > bytes.length && headerBytes === segmentHeaderBytes(bytes.readUInt16LE(48));
}

export interface EntryPlace {
  readonly marker: Buffer;
  readonly ordinal: number;
  readonly recordsBefore: number;
}

export interface EntryFlags {
  readonly firstIndex: number;
  readonly mayBeSent: boolean;
  readonly isPart: boolean;
  readonly sequenceId?: SequenceId | undefined;
}

/** Writes the header of an entry at the start of `bytes`, which may be larger. Returns the header's length. */
export function writeEntryHeader(bytes: Buffer, batch: SealedBatch, place: EntryPlace, flags: EntryFlags): number {
  const { sequenceId } = flags;
  const headerBytes = entryHeaderBytes(batch.packId, sequenceId);
  bytes.fill(0, 0, headerBytes);
  bytes[14] = KIND_ENTRY;
  bytes[15] = CODECS.indexOf(batch.codec);
  bytes.writeUInt32LE(batch.body.length, 20);
  bytes.writeUInt32LE(crc32(batch.body), 24);
  bytes.writeUInt32LE(batch.count, 28);
  bytes.writeUInt32LE(batch.rawBytes, 40);
  bytes.writeUInt32LE(batch.entriesFrom, 44);
  bytes.writeUInt32LE(batch.entriesTo, 48);
  bytes.writeUInt32LE(flags.firstIndex, 52);
  bytes[56] = (flags.mayBeSent ? FLAG_MAY_BE_SENT : 0) | (flags.isPart ? FLAG_PART : 0);
  bytes[57] = batch.packId.length;
  bytes.write(batch.packId, ENTRY_FIXED_BYTES, 'latin1');
  if (sequenceId !== undefined) {
    bytes[56] |= FLAG_SEQUENCE_ID;
    writeSequenceId(bytes, ENTRY_FIXED_BYTES + batch.packId.length, sequenceId);
  }
  finishHeader(bytes, headerBytes, place);
  return headerBytes;
}

export function entryHeaderBytes(packId: string, sequenceId?: SequenceId): number {
  const more = sequenceId === undefined ? 0 : SEQUENCE_ID_BYTES;
  return (ENTRY_FIXED_BYTES + packId.length + more + 3) & ~3;
}

/** Returns the end of a segment: it proves that nothing is missing behind the last entry. */
export function encodeEnd(place: EntryPlace): Buffer {
  const bytes = Buffer.alloc(ENTRY_FIXED_BYTES);
  bytes[14] = KIND_END;
  bytes.writeUInt32LE(crc32(NO_BODY), 24);
  finishHeader(bytes, ENTRY_FIXED_BYTES, place);
  return bytes;
}

function finishHeader(bytes: Buffer, headerBytes: number, { marker, ordinal, recordsBefore }: EntryPlace): void {
  marker.copy(bytes, 0);
  bytes.writeUInt16LE(headerBytes, 12);
  bytes.writeUInt32LE(ordinal, 16);
  bytes.writeUIntLE(recordsBefore, 32, 6);
  bytes.writeUInt32LE(crc32(bytes.subarray(ENTRY_CHECKED_FROM, headerBytes)), 8);
}

/**
 * Returns the header at the place; undefined if no whole one is there.
 * @param bytes at least `ENTRY_HEADER_MAX_BYTES` from `at` on, if the file has as many
 */
export function decodeEntryHeader(bytes: Buffer, at: number, marker: Buffer): EntryHeader | undefined {
  if (at + ENTRY_FIXED_BYTES > bytes.length) return undefined;
  if (bytes.compare(marker, 0, MARKER_BYTES, at, at + MARKER_BYTES) !== 0) return undefined;
  const headerBytes = bytes.readUInt16LE(at + 12);
  if (headerBytes < ENTRY_FIXED_BYTES || at + headerBytes > bytes.length) return undefined;
  const crc = bytes.readUInt32LE(at + 8);
  if (crc32(bytes.subarray(at + ENTRY_CHECKED_FROM, at + headerBytes)) !== crc) return undefined;
  const codec = CODECS[bytes[at + 15]!];
  const kind = bytes[at + 14]!;
  const bodyBytes = bytes.readUInt32LE(at + 20);
  if (codec === undefined || (kind !== KIND_ENTRY && kind !== KIND_END) || bodyBytes > BODY_MAX_BYTES) return undefined;
  const flags = bytes[at + 56]!;
  const behindPackId = ENTRY_FIXED_BYTES + bytes[at + 57]!;
  // The flag may be of a later version, which puts something else there.
  const hasId = (flags & FLAG_SEQUENCE_ID) !== 0 && behindPackId + SEQUENCE_ID_BYTES <= headerBytes;
  return {
    kind: kind === KIND_ENTRY ? 'entry' : 'end',
    headerBytes,
    crc,
    codec,
    ordinal: bytes.readUInt32LE(at + 16),
    bodyBytes,
    bodyCrc: bytes.readUInt32LE(at + 24),
    records: bytes.readUInt32LE(at + 28),
    recordsBefore: bytes.readUIntLE(at + 32, 6),
    rawBytes: bytes.readUInt32LE(at + 40),
    entriesFrom: bytes.readUInt32LE(at + 44),
    entriesTo: bytes.readUInt32LE(at + 48),
    firstIndex: bytes.readUInt32LE(at + 52),
    mayBeSent: (flags & FLAG_MAY_BE_SENT) !== 0,
    isPart: (flags & FLAG_PART) !== 0,
    sequenceId: hasId ? readSequenceId(bytes, at + behindPackId) : undefined,
    packId: bytes.toString('latin1', at + ENTRY_FIXED_BYTES, at + behindPackId),
  };
}

/** Returns the batch of an entry. Its checksums have been checked before. */
export function batchOf(entry: EntryHeader, hashKey: string, body: Buffer): SealedBatch {
  const { packId, records: count, rawBytes, entriesFrom, entriesTo, codec } = entry;
  return { firstRecord: entry.recordsBefore, packId, hashKey, count, rawBytes, entriesFrom, entriesTo, codec, body };
}
