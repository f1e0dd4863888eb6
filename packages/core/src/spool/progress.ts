// The progress file of a journal: which of its entries are finished, and in which shape entries were sent.
//
// Progress may be lost and is never invented: lost progress costs duplicates under the same id, invented progress
// would cost records. What is sent in a shape that the entry alone does not give (joined, cut) is written here before
// it is sent, so that a later process sends the same groups under the same ids.
//
// Format: 4,096 bytes, written with zeros when the journal is made, so that the low-water mark never needs space on a
// full disk. Numbers are little endian, checksums are CRC-32.
//
//     at  bytes
//      0      8   "PUTLOGSP"
//      8   2, 2   version 1; key
//     12      4   CRC-32 of bytes 16..64
//     16     18   run that wrote the journal
//    512     64   slot A: the low-water mark
//  1,024     64   slot B, in another sector. Slots are written in turn; the valid one that is further counts.
//                    0 CRC-32 of 4..64; 4 segment; 8 ordinal of the first entry that is not finished;
//                    12 CRC of the header of the entry before it, 0 if it is the first of its segment;
//                    16 u48 records below the mark; 24 most units in flight of the writer; 28 offset of that entry
//  1,536 32 each   records; a place is used again as soon as its record is below the mark
//                    0 CRC-32 of 4..32; 4 kind; 5 how; 8 segment; 12 ordinal of the unit's first entry;
//                    16 a; 20 b; 24 CRC of that entry's header
//
//   kind          a, b                written
//   1 group       last ordinal, 0     before the first attempt of entries that are sent as one, under the first's id
//   2 cut         record index, 0     before the first attempt of a part of the unit
//   3 finished    from, to            after the answer, and after the dead-letter line; how: 1 delivered, 2 rejected
//
// Records are a set: order, repetition and holes do not matter, and one that is torn is skipped. They are written at
// multiples of 32 and never with O_APPEND, so that a partial write cannot shift the ones behind it. The file may have
// two writers (a frozen owner that woke, and its adopter): they can only lose each other's progress.

import { constants } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Disk, DiskFailure } from './disk';
import { type DiskUnit, keyOf } from './segment';

/** Windows has neither flag. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
/**
 * Not blocking: a tool that only looks opens it for reading only, and would never return from a FIFO without a writer.
 */
const OPEN = constants.O_RDWR | O_NOFOLLOW | O_NONBLOCK;
const MAGIC = Buffer.from('PUTLOGSP');
const FILE_BYTES = 4096;
const HEADER_BYTES = 64;
const SLOTS_AT = [512, 1024] as const;
const SLOT_BYTES = 64;
const RECORDS_AT = 1536;
const RECORD_BYTES = 32;
/** Records of a file that is larger than this are not ours: a unit has few, and few units are open. */
const READ_MAX_BYTES = 16 * 1024 * 1024;

export type Finish = 'delivered' | 'rejected';
const FINISHES: readonly (Finish | '')[] = ['', 'delivered', 'rejected'];
const KINDS = ['', 'group', 'cut', 'finished'] as const;

/** The first entry that is not finished. */
export interface Mark {
  readonly segment: number;
  readonly ordinal: number;
  /** Where it begins; 0 if that is not known. */
  readonly offset: number;
  /** CRC of the header of the entry before it; 0 if it is the first of its segment. */
  readonly crcBefore: number;
  readonly recordsBelow: number;
  readonly inFlight: number;
}

export interface ProgressRecord {
  readonly kind: 'group' | 'cut' | 'finished';
  readonly how: Finish | '';
  readonly segment: number;
  readonly ordinal: number;
  readonly a: number;
  readonly b: number;
  readonly crc: number;
}

export interface Progress {
  /** The further one first. */
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
  /** The file is missing, or says nothing of this journal. */
  #isForeign = false;
  #nextSlot = 0;
  /** Which unit's record is at each place; nothing at a place that may be used. */
  readonly #used = new Map<string, number[]>();
  #free: number[] = [];
  #places = 0;
  /** Not written yet: the disk failed. */
  #dueMark: Mark | undefined;
  #due: ProgressRecord[] = [];

  constructor(disk: Disk, path: () => string) {
    this.#disk = disk;
    this.#path = path;
  }

  /** Makes the file of a new journal, or of one whose file is gone. */
  create(run: string, key: number): DiskFailure | undefined {
    this.#header = { run, key };
    return this.#disk.attempt(() => {
      this.#file = this.#make();
    });
  }

  /**
   * What the file says. One that is missing, damaged or of another journal says nothing: all counts as not finished.
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
      // It is written anew with the first progress.
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

  /** Written in place: needs no space. */
  moveMark(mark: Mark): DiskFailure | undefined {
    this.#dueMark = mark;
    return this.writeDue();
  }

  /** Records of units below the mark are void: their places may be used again. */
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

  /** As `write`, and tried again with the next progress if the disk fails. */
  writeSurely(record: ProgressRecord): DiskFailure | undefined {
    this.#due.push(record);
    return this.writeDue();
  }

  /** What the disk refused so far. */
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

/** A progress record of the unit. */
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

function encodeRecord({ kind, how, segment, ordinal, a, b, crc }: ProgressRecord): Buffer {
  const bytes = Buffer.alloc(RECORD_BYTES);
  bytes[4] = KINDS.indexOf(kind);
  bytes[5] = FINISHES.indexOf(how);
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
  const how = FINISHES[bytes[5]!];
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
  };
}
