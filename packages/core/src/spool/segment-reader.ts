// Reads one segment: its header, its tail, and its entries one after the other.
//
// An entry whose bytes are not all there at the end of a segment is no entry: its process died while it wrote, and had
// not counted the batch as spooled. A whole entry with a wrong checksum is damage, and so is a gap between two entries.
// It needs the memory of one chunk, whatever the segment holds. body-buffers.ts has the memory of a large body.

import { constants } from 'node:fs';
import { crc32 } from 'node:zlib';
import { BodyBuffers } from './body-buffers';
import type { Disk, DiskFailure } from './disk';
import {
  decodeEntryHeader,
  decodeSegmentHeader,
  ENTRY_HEADER_MAX_BYTES,
  type EntryHeader,
  isUnfinishedStart,
  SEGMENT_HEADER_MAX_BYTES,
  type SegmentHeader,
} from './format';

const CHUNK_BYTES = 256 * 1024;
const LARGE_BODY_BYTES = CHUNK_BYTES / 4;
const TAIL_BYTES = 64 * 1024;
/** How much further back the next look for the last entry goes. */
const TAIL_FACTOR = 8;

/** Where an entry begins. */
export interface Position {
  readonly offset: number;
  readonly ordinal: number;
  /** Records of the journal before it. */
  readonly recordsBefore: number;
}

export type Found =
  | { readonly kind: 'entry'; readonly entry: EntryHeader; readonly body: Buffer; readonly next: Position }
  /** Entries that cannot be read, and where the next readable one is. */
  | { readonly kind: 'damaged'; readonly why: string; readonly next: Position }
  /** Nothing is behind this. `records` is the total of the journal up to here, if the segment has its end. */
  | { readonly kind: 'end'; readonly recordsTotal: number | undefined }
  | DiskFailure;

/** What the end of a segment says of all of it. */
export interface Tail {
  /** Records of the journal up to the end of this segment. */
  readonly recordsTotal: number;
  readonly entries: number;
  /** Where the last whole entry ends. */
  readonly end: number;
  /** 0 if it is not known: nothing is missing from a segment that was closed. */
  readonly lastCrc: number;
}

export class SegmentReader {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #bodies: BodyBuffers;
  #file: number | undefined;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkAt = 0;
  #buffer: Buffer | undefined;
  #lastBodyBytes = 0;

  constructor(disk: Disk, path: string, bodies = new BodyBuffers()) {
    this.#disk = disk;
    this.#path = path;
    this.#bodies = bodies;
  }

  /** Nothing for a file that does not begin as a segment does. */
  header(): (SegmentHeader & { headerBytes: number }) | undefined | DiskFailure {
    const bytes = this.#bytes(0, SEGMENT_HEADER_MAX_BYTES, SEGMENT_HEADER_MAX_BYTES);
    return Buffer.isBuffer(bytes) ? decodeSegmentHeader(bytes) : bytes;
  }

  /** Of a file without a header: whether nothing but the beginning of one was ever in it. */
  isUnfinishedStart(): boolean {
    const bytes = this.#bytes(0, SEGMENT_HEADER_MAX_BYTES, SEGMENT_HEADER_MAX_BYTES);
    return Buffer.isBuffer(bytes) && isUnfinishedStart(bytes);
  }

  size(): number | DiskFailure {
    return this.#disk.result(() => this.#disk.fs.fstatSync(this.#open()).size);
  }

  /** Found from the end of the file, without reading what is before it. */
  tail(header: SegmentHeader & { headerBytes: number }): Tail | DiskFailure {
    const size = this.size();
    if (typeof size !== 'number') return size;
    let from = size;
    for (let reach = TAIL_BYTES; from > header.headerBytes; reach *= TAIL_FACTOR) {
      const last = this.#lastEntry(header, Math.max(header.headerBytes, size - reach), size);
      if ('kind' in last) return last;
      if (last.tail !== undefined) return last.tail;
      from = Math.max(header.headerBytes, size - reach);
    }
    const { recordsBefore, headerBytes } = header;
    return { recordsTotal: recordsBefore, entries: 0, end: headerBytes, lastCrc: 0 };
  }

  #lastEntry(header: SegmentHeader, from: number, size: number): { tail: Tail | undefined } | DiskFailure {
    const bytes = this.#disk.result(() => this.#disk.readAt(this.#open(), from, size - from));
    if (!Buffer.isBuffer(bytes)) return bytes;
    for (let at = bytes.lastIndexOf(header.marker); at !== -1; at = lastBefore(bytes, header.marker, at)) {
      const entry = decodeEntryHeader(bytes, at, header.marker);
      if (entry === undefined || from + at + entry.headerBytes + entry.bodyBytes > size) continue;
      const { recordsBefore, records, ordinal, crc, headerBytes, bodyBytes } = entry;
      // The end counts every appended record, also those that are damaged by now.
      if (entry.kind === 'end') {
        return { tail: { recordsTotal: recordsBefore, entries: ordinal, end: from + at, lastCrc: 0 } };
      }
      const end = from + at + headerBytes + bodyBytes;
      return {
        tail: { recordsTotal: recordsBefore + records, entries: ordinal + 1, end, lastCrc: crc },
      };
    }
    return { tail: undefined };
  }

  /**
   * The entry at the position, or the reason why there is none.
   * @param limit nothing is read from there on: where the writer is
   */
  read(position: Position, marker: Buffer, limit: number): Found {
    const { offset, ordinal } = position;
    const head = this.#bytes(offset, Math.min(ENTRY_HEADER_MAX_BYTES, limit - offset), limit);
    if (!Buffer.isBuffer(head)) return head;
    const entry = decodeEntryHeader(head, 0, marker);
    if (entry === undefined || entry.ordinal !== ordinal) return this.#resynchronise(position, marker, limit);
    if (entry.kind === 'end') return { kind: 'end', recordsTotal: entry.recordsBefore };
    const to = offset + entry.headerBytes + entry.bodyBytes;
    if (to > limit) return { kind: 'end', recordsTotal: undefined };
    const body = this.#body(offset + entry.headerBytes, entry.bodyBytes);
    if (!Buffer.isBuffer(body)) return body;
    if (body.length < entry.bodyBytes) return { kind: 'end', recordsTotal: undefined };
    const next = { offset: to, ordinal: ordinal + 1, recordsBefore: entry.recordsBefore + entry.records };
    if (crc32(body) !== entry.bodyCrc) return { kind: 'damaged', why: 'the checksum of an entry does not hold', next };
    return { kind: 'entry', entry, body, next };
  }

  /** The header at the position, if it is a whole one; the body is not looked at. */
  peek({ offset }: Position, marker: Buffer, limit: number): EntryHeader | undefined {
    const head = this.#bytes(offset, Math.min(ENTRY_HEADER_MAX_BYTES, limit - offset), limit);
    return Buffer.isBuffer(head) ? decodeEntryHeader(head, 0, marker) : undefined;
  }

  /** A copy that the caller owns until it releases it. A large body is read straight into it. */
  #body(at: number, length: number): Buffer | DiskFailure {
    this.#lastBodyBytes = length;
    const from = at - this.#chunkAt;
    const body = this.#bodies.take(length);
    if (from >= 0 && from + length <= this.#chunk.length) {
      this.#chunk.copy(body, 0, from, from + length);
      return body;
    }
    const bytes = this.#disk.result(() => this.#disk.readAt(this.#open(), at, length, body));
    // The pool knows its own buffer, and no view of it.
    return Buffer.isBuffer(bytes) && bytes.length === length ? body : bytes;
  }

  /**
   * The next marker with a whole header behind it: what lies between is damaged. Without one, it is a torn tail. It is
   * mostly near, so it is searched for a chunk at a time; chunks overlap by the longest header.
   */
  #resynchronise({ offset, ordinal }: Position, marker: Buffer, limit: number): Found {
    for (let from = offset; from < limit; from += CHUNK_BYTES - ENTRY_HEADER_MAX_BYTES) {
      const bytes = this.#bytes(from, Math.min(CHUNK_BYTES, limit - from), limit);
      if (!Buffer.isBuffer(bytes)) return bytes;
      for (let at = bytes.indexOf(marker); at !== -1; at = bytes.indexOf(marker, at + 1)) {
        const entry = decodeEntryHeader(bytes, at, marker);
        if (entry === undefined || entry.ordinal <= ordinal) continue;
        const next = { offset: from + at, ordinal: entry.ordinal, recordsBefore: entry.recordsBefore };
        return { kind: 'damaged', why: 'the header of an entry is damaged', next };
      }
      if (bytes.length < CHUNK_BYTES) break;
    }
    return { kind: 'end', recordsTotal: undefined };
  }

  close(): void {
    const file = this.#file;
    this.#file = undefined;
    this.#chunk = Buffer.alloc(0);
    if (file !== undefined) this.#disk.attempt(() => this.#disk.fs.closeSync(file));
  }

  /**
   * Fewer bytes at the end of the file. They are in the chunk, which the next read uses again. Nothing from `limit` on
   * is kept: after a failed write, the writer may write other bytes there.
   */
  #bytes(at: number, length: number, limit: number): Buffer | DiskFailure {
    const inChunk = at >= this.#chunkAt && at + length <= this.#chunkAt + this.#chunk.length;
    if (!inChunk) {
      const failure = this.#disk.attempt(() => {
        this.#chunk = Buffer.alloc(0);
        this.#buffer ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
        // Large bodies are read by themselves: bytes behind a header would be read twice.
        const ahead = this.#lastBodyBytes > LARGE_BODY_BYTES ? length : CHUNK_BYTES;
        this.#chunk = this.#disk.readAt(this.#open(), at, Math.min(ahead, limit - at), this.#buffer);
        this.#chunkAt = at;
      });
      if (failure !== undefined) return failure;
    }
    const from = at - this.#chunkAt;
    return this.#chunk.subarray(from, from + Math.max(0, length));
  }

  /** @throws the system's error */
  #open(): number {
    // The open of a pipe that has no writer would stop the thread.
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    this.#file ??= this.#disk.fs.openSync(this.#path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    return this.#file;
  }
}

function lastBefore(bytes: Buffer, marker: Buffer, at: number): number {
  return at === 0 ? -1 : bytes.lastIndexOf(marker, at - 1);
}
