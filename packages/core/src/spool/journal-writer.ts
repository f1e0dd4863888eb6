// Appends batches to the journal of the own run, and keeps it within its bytes.
//
// A batch counts as spooled when its whole entry is in the file, and synced if `fsync` is set. After a failure the file
// is truncated to its former length. If that also fails, the segment is retired: nothing is ever appended behind bytes
// whose content is unknown. The reader never reads beyond `segment.bytes`, so it does not see these bytes.
//
// Above the limit, the oldest segment without a unit in use is deleted as a whole.

import { constants } from 'node:fs';
import type { SealedBatch } from '../batch/sealed-batch';
import type { Clock } from '../runtime/clock';
import type { BodyLayout } from '../targets/target';
import type { Disk, DiskFailure } from './disk';
import {
  type EntryFlags,
  encodeEnd,
  encodeSegmentHeader,
  entryHeaderBytes,
  newMarker,
  writeEntryHeader,
} from './format';
import type { Journal } from './journal';
import type { ProgressFile } from './progress';
import { RecordRanges } from './record-ranges';
import type { DiskUnit, Segment } from './segment';

export interface WriterParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly progress: ProgressFile;
  readonly key: number;
  readonly layout: BodyLayout;
  /** Makes the run's directory, with the first batch. @throws the system's error */
  readonly makeDirectory: () => void;
  /** The option `spool.maxBytes`. The size of a segment is derived from it. */
  readonly maxBytes: number;
  /** How much the journal may have now: less than the option while much is adopted. */
  readonly budgetBytes: () => number;
  /** Called with a segment before its files are removed: its records are lost. */
  readonly onEvict: (segment: Segment) => void;
}

export type Appended = { readonly kind: 'appended'; readonly unit: DiskUnit } | DiskFailure;

const SEGMENT_LEAST_BYTES = 64 * 1024;
const SEGMENT_MOST_BYTES = 8 * 1024 * 1024;
const SEGMENTS = 16;
const SEGMENT_ENTRIES = 65_536;
/** Up to this size, header and body are copied into one buffer. Above it, two buffers cost less than the copy. */
const COPY_BYTES = 8 * 1024;

interface Active {
  readonly segment: Segment;
  readonly file: number;
  /** The segment's header, which is written with the first entry. */
  readonly header: Buffer;
}

export class JournalWriter {
  readonly #parts: WriterParts;
  readonly #segmentBytes: number;
  readonly #buffer = Buffer.allocUnsafeSlow(COPY_BYTES);
  #active: Active | undefined;
  #nextNumber = 1;
  #isMade = false;
  /** Records appended so far. */
  #records = 0;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#segmentBytes = Math.min(
      SEGMENT_MOST_BYTES,
      Math.max(SEGMENT_LEAST_BYTES, Math.floor(parts.maxBytes / SEGMENTS)),
    );
  }

  append(batch: SealedBatch, flags: EntryFlags): Appended {
    const { sequenceId } = flags;
    const headerBytes = entryHeaderBytes(batch.packId, sequenceId);
    const bytes = headerBytes + batch.body.length;
    const active = this.#prepare(bytes);
    if ('kind' in active) return active;
    const { segment } = active;
    const offset = segment.bytes === 0 ? active.header.length : segment.bytes;
    const ordinal = segment.entries;
    const place = { marker: segment.marker, ordinal, recordsBefore: this.#records };
    const written = this.#write(active, batch, place, flags, offset);
    if (written.kind === 'failed') return written;
    segment.bytes = offset + bytes;
    segment.fileBytes = segment.bytes;
    segment.entries += 1;
    this.#records += batch.count;
    segment.recordsTotal = this.#records;
    const start = { offset, ordinal, recordsBefore: place.recordsBefore };
    const next = { offset: segment.bytes, ordinal: ordinal + 1, recordsBefore: this.#records };
    const { journal } = this.#parts;
    const { crc } = written;
    const finished = new RecordRanges();
    const records = batch.count;
    const attempts = sequenceId === undefined ? [] : [{ ...sequenceId, from: 0, to: records }];
    const unit = { journal, segment, start, next, crc, lastCrc: crc, records, finished, cuts: [], attempts };
    journal.appended(segment, batch.count);
    return { kind: 'appended', unit };
  }

  /** Removes the last segment if it is finished. A small active segment stays for the next batches. */
  trim(): void {
    const active = this.#active;
    if (active !== undefined && active.segment.left === 0 && active.segment.bytes > SEGMENT_LEAST_BYTES) {
      this.#close(active);
    }
    const last = this.#parts.journal.segments.at(-1);
    if (last?.isClosed && last.left === 0) this.#parts.journal.removeFinished(last);
  }

  /** Closes the files. Nothing is appended afterwards. */
  close(): void {
    if (this.#active !== undefined) this.#close(this.#active);
  }

  /** The directory belongs to another process: closes the file without a change. */
  abandon(): void {
    const active = this.#active;
    this.#active = undefined;
    if (active !== undefined) this.#parts.disk.attempt(() => this.#parts.disk.fs.closeSync(active.file));
    this.#parts.journal.close();
  }

  /**
   * Returns a segment with room for so many bytes. It is opened before older segments are deleted, so that nothing is
   * deleted if it cannot be opened.
   */
  #prepare(bytes: number): Active | DiskFailure {
    const { disk, journal, budgetBytes, onEvict } = this.#parts;
    const budget = budgetBytes();
    // No segment is deleted for a batch that would have no room even alone.
    if (bytes > budget) return noRoom(`${bytes} bytes are more than may be written`);
    for (;;) {
      const failure = disk.attempt(() => this.#begin(bytes));
      if (failure !== undefined) return failure;
      const active = this.#active!;
      if (journal.bytes + bytes <= budget) return active;
      const oldest = journal.segments.find(({ units, entries }) => units === 0 && entries > 0);
      // Each segment has a unit in use. The batch stays in memory, and is appended after one of them is finished.
      if (oldest === undefined) return noRoom(`${bytes} bytes do not fit beside batches in flight (spool.maxBytes)`);
      if (oldest === active.segment) {
        const unopened = disk.attempt(() => this.#roll());
        if (unopened !== undefined) return unopened;
      }
      onEvict(oldest);
    }
  }

  /** @throws the system's error */
  #begin(bytes: number): void {
    const { segment } = this.#active ?? {};
    if (segment !== undefined) {
      const isFull = segment.entries > 0 && segment.bytes + bytes > this.#segmentBytes;
      if (!isFull && segment.entries < SEGMENT_ENTRIES) return;
    }
    this.#roll();
  }

  /** Closes the segment, which frees a descriptor, and opens the next one. @throws the system's error */
  #roll(): void {
    const { journal, disk, progress, clock, key, layout } = this.#parts;
    if (this.#active !== undefined) this.#close(this.#active);
    if (!this.#isMade) {
      this.#parts.makeDirectory();
      const failure = progress.create(journal.text.run, key);
      if (failure !== undefined) throw Object.assign(new Error(failure.message), failure);
      this.#isMade = true;
    }
    const number = this.#nextNumber;
    // A number is used once: if an old file could not be removed, nothing is written to it again.
    this.#nextNumber += 1;
    const path = journal.pathOf(number);
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = constants;
    const file = disk.fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    const marker = newMarker();
    const recordsBefore = this.#records;
    const madeAtMs = clock.wallMs();
    const header = encodeSegmentHeader({ marker, number, key, layout, recordsBefore, madeAtMs, text: journal.text });
    const start = { offset: header.length, ordinal: 0, recordsBefore };
    const segment: Segment = {
      number,
      path,
      marker,
      start,
      bytes: 0,
      fileBytes: 0,
      entries: 0,
      recordsTotal: recordsBefore,
      left: 0,
      units: 0,
      isClosed: false,
      isDamaged: false,
      isExhausted: false,
    };
    this.#active = { segment, file, header };
    journal.segments.push(segment);
  }

  #write(
    active: Active,
    batch: SealedBatch,
    place: { marker: Buffer; ordinal: number; recordsBefore: number },
    flags: EntryFlags,
    offset: number,
  ): { kind: 'written'; crc: number } | DiskFailure {
    const { disk } = this.#parts;
    const isFirst = active.segment.entries === 0;
    const headerBytes = writeEntryHeader(this.#buffer, batch, place, flags);
    const crc = this.#buffer.readUInt32LE(8);
    const at = isFirst ? 0 : offset;
    let isSynced = true;
    const failure = disk.attempt(() => {
      const parts = this.#partsOf(isFirst ? active.header : undefined, headerBytes, batch.body);
      disk.writeAt(active.file, parts, at);
      isSynced = false;
      disk.sync(active.file);
      if (isFirst) disk.syncDirectory(this.#parts.journal.directory);
      isSynced = true;
    });
    if (failure === undefined) return { kind: 'written', crc };
    const cutBack = disk.attempt(() => disk.fs.ftruncateSync(active.file, at));
    // After a failed sync, the data may be on the disk or not, and a second sync would not show it.
    if (cutBack !== undefined || !isSynced || isFirst) this.#retire(active);
    return failure;
  }

  #partsOf(segmentHeader: Buffer | undefined, headerBytes: number, body: Buffer): Buffer[] {
    const header = this.#buffer.subarray(0, headerBytes);
    if (segmentHeader !== undefined) return [segmentHeader, header, body];
    if (headerBytes + body.length > COPY_BYTES) return [header, body];
    body.copy(this.#buffer, headerBytes);
    return [this.#buffer.subarray(0, headerBytes + body.length)];
  }

  /** Appends nothing more to the segment. Its entries are still read. */
  #retire({ segment, file }: Active): void {
    const { disk, journal } = this.#parts;
    this.#active = undefined;
    segment.isClosed = true;
    disk.attempt(() => disk.fs.closeSync(file));
    if (segment.entries === 0) journal.drop(segment);
  }

  #close({ segment, file }: Active): void {
    const { disk } = this.#parts;
    this.#active = undefined;
    segment.isClosed = true;
    disk.attempt(() => {
      const place = { marker: segment.marker, ordinal: segment.entries, recordsBefore: this.#records };
      if (segment.entries > 0) disk.writeAt(file, [encodeEnd(place)], segment.bytes);
      disk.sync(file);
    });
    disk.attempt(() => disk.fs.closeSync(file));
    if (segment.entries === 0) this.#parts.journal.drop(segment);
  }
}

function noRoom(message: string): DiskFailure {
  return { kind: 'failed', code: 'NO_ROOM', message };
}
