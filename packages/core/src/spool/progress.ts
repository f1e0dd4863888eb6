// The progress file of a journal: which of its records are finished, and which entries were joined or cut.
//
// Progress may be lost and is never invented. Lost progress costs duplicates under the same id. Invented progress would
// cost records. A joined or cut entry is written here before it is sent, so that a later process sends the same units
// under the same ids.
//
// Format: 4,096 bytes, filled with zeros when the journal is made, so that the low-water mark needs no space on a full
// disk. Numbers are little endian, checksums are CRC-32.
//
//     at  bytes
//      0      8   "PUTLOGSP"
//      8   2, 2   version 1; key
//     12      4   CRC-32 of bytes 16..64
//     16     18   run that wrote the journal
//    512     64   slot A: the low-water mark
//  1,024     64   slot B, in another sector. Slots are written in turn. Of two valid ones, the further one counts.
//                    0 CRC-32 of 4..64; 4 segment; 8 ordinal of the first entry that is not finished;
//                    12 CRC of the header of the entry before it, 0 if it is the first of its segment;
//                    16 u48 records below the mark; 24 most units in flight of the writer; 28 offset of that entry
//  1,536 32 each   records. A place is used again as soon as its record is below the mark.
//                    0 CRC-32 of 4..32; 4 kind; 5 how; 8 segment; 12 ordinal of the unit's first entry;
//                    16 a; 20 b; 24 CRC of that entry's header
//
//   kind          a, b                written
//   1 group       last ordinal, 0     before the first attempt of entries that are sent as one, under the first's id
//   2 cut         record index, 0     before the first attempt of a part of the unit
//   3 finished    from, to            after the answer, and after the dead-letter line; how: 1 delivered, 2 rejected
//   4 attempt     see below           before the first attempt of a unit or part that has a sequence id
//
// An attempt has the run's digits of its sequence id (sequence-id.ts) in the bytes 5..8 and 28..32, and the number at
// 16. At 20 and 22 it has which records of the unit were sent: from, to.
//
// Records are a set: their order, repetitions and gaps do not matter, and a torn record is skipped. They are written at
// multiples of 32 and never with O_APPEND, so that a partial write cannot shift the records behind it. The file may
// have two writers, a frozen owner that woke and its adopter. They can only lose each other's progress.

import { constants } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Disk, DiskFailure } from './disk';
import { type DiskUnit, keyOf } from './segment';
import type { StoredAttempt } from './sequence-id';

/** Windows has neither flag. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
/** O_NONBLOCK: a tool opens the file for reading only, and a FIFO without a writer would block it forever. */
const OPEN = constants.O_RDWR | O_NOFOLLOW | O_NONBLOCK;
const MAGIC = Buffer.from('PUTLOGSP');
const FILE_BYTES = 4096;
const HEADER_BYTES = 64;
const SLOTS_AT = [512, 1024] as const;
const SLOT_BYTES = 64;
const RECORDS_AT = 1536;
const RECORD_BYTES = 32;
/** No file of ours has more: a unit has few records, and few units are in use. */
const READ_MAX_BYTES = 16 * 1024 * 1024;

export type Finish = 'delivered' | 'rejected';
const FINISHES: readonly (Finish | '')[] = ['', 'delivered', 'rejected'];
const KINDS = ['', 'group', 'cut', 'finished', 'attempt'] as const;
/** How many of the run's digits are at 5, and how many bytes these are. The others are at 28. */
const KEY_DIGITS_AT_5 = 6;
/** A unit has fewer records (options/target-facts.ts). */
const TO_PLACE = 65_536;

/** The first entry that is not finished. */
export interface Mark {
  readonly segment: number;
  readonly ordinal: number;
  /** Where it begins; 0 if that is unknown. */
  readonly offset: number;
  /** CRC of the header of the entry before it; 0 if it is the first of its segment. */
  readonly crcBefore: number;
  readonly recordsBelow: number;
  readonly inFlight: number;
}

export interface ProgressRecord {
  readonly kind: 'group' | 'cut' | 'finished' | 'attempt';
  readonly how: Finish | '';
  readonly segment: number;
  readonly ordinal: number;
  readonly a: number;
  readonly b: number;
  readonly crc: number;
  /** Only of an attempt: the run's digits of its key. Then `a` is the number, and `b` its records. */
  readonly keyEnd?: string;
}

export interface Progress {
  /** The further mark is the first. */
  readonly marks: readonly Mark[];
  readonly records: readonly ProgressRecord[];
}

export const START: Mark = { segment: 1, ordinal: 0, offset: 0, crcBefore: 0, recordsBelow: 0, inFlight: 1 };

/** Whether the entry at the place is below the mark. */
export function isBelow(segment: number, ordinal: number, mark: Mark): boolean {
  return segment < mark.segment || (segment === mark.segment && ordinal < mark.ordinal);
}

export class ProgressFile {
  readonly #disk: Disk;
  readonly #path: () => string;
  #file: number | undefined;
  #header: { run: string; key: number } | undefined;
  /** The file is missing, or is not of this journal. */
  #isForeign = false;
  #nextSlot = 0;
  /** By unit: the places of its records. */
  readonly #used = new Map<string, number[]>();
  #free: number[] = [];
  #places = 0;
  /** Not written yet, because the disk failed. */
  #dueMark: Mark | undefined;
  #due: ProgressRecord[] = [];

  constructor(disk: Disk, path: () => string) {
    this.#disk = disk;
    this.#path = path;
  }

  /** Makes the file of a new journal. */
  create(run: string, key: number): DiskFailure | undefined {
    this.#header = { run, key };
    return this.#disk.attempt(() => {
      this.#file = this.#make();
    });
  }

  /**
   * Reads the file. If it is missing, damaged or of another journal, nothing counts as finished.
   */
  read(run: string, key: number): Progress | DiskFailure {
    this.#header = { run, key };
    let bytes: Buffer = Buffer.alloc(0);
    const failure = this.#disk.attempt(() => {
      this.#file = this.#disk.fs.openSync(this.#path(), OPEN);
      const { size } = this.#disk.fs.fstatSync(this.#file);
      bytes = this.#disk.readAt(this.#file, 0, Math.min(size, READ_MAX_BYTES));
    });
    if (failure !== undefined && failure.code !== 'ENOENT') return failure;
    if (!bytes.subarray(0, HEADER_BYTES).equals(encodeHeader(this.#header))) {
      // The next progress makes the file again.
      this.close();
      this.#isForeign = true;
      return { marks: [], records: [] };
    }
    const marks = SLOTS_AT.map((at) => readSlot(bytes, at));
    const [a, b] = marks;
    this.#nextSlot = a !== undefined && (b === undefined || isBelow(b.segment, b.ordinal, a)) ? 1 : 0;
    const records: ProgressRecord[] = [];
    this.#places = Math.max(0, Math.floor((bytes.length - RECORDS_AT) / RECORD_BYTES));
    for (let place = this.#places - 1; place >= 0; place -= 1) {
      const record = readRecord(bytes, RECORDS_AT + place * RECORD_BYTES);
      if (record === undefined) this.#free.push(place);
      else {
        this.#use(record, place);
        records.push(record);
      }
    }
    const known = marks.filter((mark) => mark !== undefined);
    return { marks: this.#nextSlot === 1 ? known : known.reverse(), records };
  }

  /** Writes the mark in place, which needs no space. */
  moveMark(mark: Mark): DiskFailure | undefined {
    this.#dueMark = mark;
    return this.writeDue();
  }

  /** The unit is below the mark: the places of its records may be used again. */
  release(segment: number, ordinal: number): void {
    const key = keyOf(segment, ordinal);
    const places = this.#used.get(key);
    if (places !== undefined) for (const place of places) this.#free.push(place);
    this.#used.delete(key);
    if (this.#due.length > 0) this.#due = this.#due.filter((due) => keyOf(due.segment, due.ordinal) !== key);
  }

  write(record: ProgressRecord): DiskFailure | undefined {
    const place = this.#free.pop() ?? this.#places;
    const failure = this.#disk.attempt(() => {
      this.#disk.writeAt(this.#open(), [encodeRecord(record)], RECORDS_AT + place * RECORD_BYTES);
    });
    if (failure !== undefined) {
      if (place < this.#places) this.#free.push(place);
      return failure;
    }
    this.#places = Math.max(this.#places, place + 1);
    this.#use(record, place);
    return undefined;
  }

  /** Writes the record of an attempt, which must survive what the segments survive, after all that is due. */
  writeAttempt(record: ProgressRecord): DiskFailure | undefined {
    const failure = this.writeDue() ?? this.write(record);
    return failure ?? this.#disk.attempt(() => this.#disk.sync(this.#open()));
  }

  /** As `write`. If the disk fails, the record is written with the next progress. */
  writeSurely(record: ProgressRecord): DiskFailure | undefined {
    this.#due.push(record);
    return this.writeDue();
  }

  /** Writes what the disk has refused so far. Returns its failure if it refuses again. */
  writeDue(): DiskFailure | undefined {
    if (this.#dueMark !== undefined) {
      const mark = this.#dueMark;
      const failure = this.#disk.attempt(() => {
        this.#disk.writeAt(this.#open(), [encodeSlot(mark)], SLOTS_AT[this.#nextSlot]!);
      });
      if (failure !== undefined) return failure;
      this.#dueMark = undefined;
      this.#nextSlot = 1 - this.#nextSlot;
    }
    while (this.#due.length > 0) {
      const failure = this.write(this.#due[0]!);
      if (failure !== undefined) return failure;
      this.#due.shift();
    }
    return undefined;
  }

  close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) this.#disk.attempt(() => this.#disk.fs.closeSync(file));
  }

  #use(record: ProgressRecord, place: number): void {
    const key = keyOf(record.segment, record.ordinal);
    const places = this.#used.get(key);
    if (places === undefined) this.#used.set(key, [place]);
    else places.push(place);
  }

  /** @throws the system's error */
  #open(): number {
    if (this.#isForeign) this.#file = this.#make();
    this.#file ??= this.#disk.fs.openSync(this.#path(), OPEN);
    return this.#file;
  }

  /** @throws the system's error */
  #make(): number {
    const file = this.#disk.fs.openSync(this.#path(), OPEN | constants.O_CREAT, 0o600);
    try {
      const bytes = Buffer.alloc(FILE_BYTES);
      encodeHeader(this.#header!).copy(bytes);
      this.#disk.writeAt(file, [bytes], 0);
      this.#disk.fs.ftruncateSync(file, FILE_BYTES);
    } catch (error) {
      this.#disk.attempt(() => this.#disk.fs.closeSync(file));
      throw error;
    }
    this.#isForeign = false;
    this.#places = (FILE_BYTES - RECORDS_AT) / RECORD_BYTES;
    this.#free = Array.from({ length: this.#places }, (_, i) => this.#places - 1 - i);
    return file;
  }
}

/** The record of an attempt. */
export function attemptRecordOf(unit: DiskUnit, { keyEnd, number, from, to }: StoredAttempt): ProgressRecord {
  return { ...recordOf(unit, 'attempt', '', number, from + to * TO_PLACE), keyEnd };
}

/** The attempt that a record says. */
export function attemptIn({ keyEnd = '', a, b }: ProgressRecord): StoredAttempt {
  return { keyEnd, number: a, from: b % TO_PLACE, to: Math.floor(b / TO_PLACE) };
}

/** Returns a progress record of the unit. */
export function recordOf(
  { segment, start, crc }: DiskUnit,
  kind: ProgressRecord['kind'],
  how: Finish | '',
  a: number,
  b: number,
): ProgressRecord {
  return { kind, how, segment: segment.number, ordinal: start.ordinal, a, b, crc };
}

function encodeHeader({ run, key }: { run: string; key: number }): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt16LE(1, 8);
  bytes.writeUInt16LE(key, 10);
  bytes.write(run, 16, 'latin1');
  bytes.writeUInt32LE(crc32(bytes.subarray(16)), 12);
  return bytes;
}

function encodeSlot({ segment, ordinal, offset, crcBefore, recordsBelow, inFlight }: Mark): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES);
  bytes.writeUInt32LE(segment, 4);
  bytes.writeUInt32LE(ordinal, 8);
  bytes.writeUInt32LE(crcBefore, 12);
  bytes.writeUIntLE(recordsBelow, 16, 6);
  bytes.writeUInt32LE(inFlight, 24);
  bytes.writeUInt32LE(offset, 28);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

function readSlot(file: Buffer, at: number): Mark | undefined {
  if (at + SLOT_BYTES > file.length) return undefined;
  const bytes = file.subarray(at, at + SLOT_BYTES);
  const segment = bytes.readUInt32LE(4);
  // A slot that was never written is all zeros, and no segment has the number 0.
  if (segment === 0 || crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return undefined;
  return {
    segment,
    ordinal: bytes.readUInt32LE(8),
    crcBefore: bytes.readUInt32LE(12),
    recordsBelow: bytes.readUIntLE(16, 6),
    inFlight: bytes.readUInt32LE(24),
    offset: bytes.readUInt32LE(28),
  };
}

function encodeRecord({ kind, how, segment, ordinal, a, b, crc, keyEnd }: ProgressRecord): Buffer {
  const bytes = Buffer.alloc(RECORD_BYTES);
  bytes[4] = KINDS.indexOf(kind);
  bytes[5] = FINISHES.indexOf(how);
  if (keyEnd !== undefined) {
    bytes.write(keyEnd.slice(0, KEY_DIGITS_AT_5), 5, 'hex');
    bytes.write(keyEnd.slice(KEY_DIGITS_AT_5), 28, 'hex');
  }
  bytes.writeUInt32LE(segment, 8);
  bytes.writeUInt32LE(ordinal, 12);
  bytes.writeUInt32LE(a, 16);
  bytes.writeUInt32LE(b, 20);
  bytes.writeUInt32LE(crc, 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

function readRecord(file: Buffer, at: number): ProgressRecord | undefined {
  const bytes = file.subarray(at, at + RECORD_BYTES);
  const kind = KINDS[bytes[4]!];
  const how = kind === 'attempt' ? '' : FINISHES[bytes[5]!];
  if (kind === undefined || kind === '' || how === undefined) return undefined;
  if (crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return undefined;
  return {
    kind,
    how,
    segment: bytes.readUInt32LE(8),
    ordinal: bytes.readUInt32LE(12),
    a: bytes.readUInt32LE(16),
    b: bytes.readUInt32LE(20),
    crc: bytes.readUInt32LE(24),
    ...(kind === 'attempt' ? { keyEnd: bytes.toString('hex', 5, 8) + bytes.toString('hex', 28) } : {}),
  };
}
