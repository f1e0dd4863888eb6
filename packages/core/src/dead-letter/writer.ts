// Writes the records that the service refused for good to the dead-letter file: one JSON text a line.
//
// A line:
//   { "time": "2026-01-01T00:00:00.000Z",                      when it was refused
//     "reason": { "code", "message", "status", "requestId" },   why
//     "target": { ... },                                        where it was to go
//     "packId", "index",                                        the batch, and the number of the record in it, from 0
//     "hashKey",                                                as it was sent
//     "envelope": { "source", "topic", "fileName", "tags" },    what the batch says about all its records
//     "record": { "time", "timeNs", "contents": { ... } },      what it says: milliseconds, and nanoseconds below them
//     "raw": "..." }                                            the encoded Log in base64, to be sent as it is
//
// Two lines with the same packId, index and raw are one record. Either the process crashed after it wrote the line and
// before it wrote the spool's progress, or the file was renamed during a write. A replay sends the record once.
//
// A line that a crash or a full disk has cut stays as it is. If the file does not end with a newline, a newline is
// written before the next line. So only the cut line is lost, and readers report it as unreadable.
//
// A replay or a rotation takes the file away by a rename. Before and after each write, the writer checks that the file
// under the name is still its own. After a rename, it begins a new file, and writes again what it has just written.
//
// Writing is synchronous: the line is in the file before the record counts as dropped. With `fsync` it is on the disk.
// `rotation.ts` limits the size. No line contains a secret, because outcomes and destinations contain none.

import { closeSync, fstatSync, fsyncSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SonicBoom } from 'sonic-boom';
import type { SealedBatch } from '../batch/sealed-batch';
import { logsIn, unpackBatch } from '../batch/unpack';
import { messageOf } from '../errors';
import { readLog, type TimeLayout } from '../protobuf/log';
import type { Clock } from '../runtime/clock';
import { Disk, makeDirectory } from '../spool/disk';
import type { Refusal } from '../targets/outcome';
import { identityAt, identityOfDescriptor, isTorn, openToAppend } from './open';
import { mostOf, roomIn, rotate } from './rotation';

let boomModule: typeof import('sonic-boom') | undefined;

/** Loaded late: most processes have no refused record. */
export function loadBoom(): typeof SonicBoom {
  boomModule ??= require('sonic-boom') as typeof import('sonic-boom');
  return boomModule.SonicBoom;
}

export interface DeadLetterOptions {
  readonly file: string;
  /** Most bytes of the current and the older file together; see rotation.ts. */
  readonly maxBytes: number;
  /** Whether each line survives a power loss when `put` returns, on a disk that honours it. */
  readonly fsync: boolean;
  /** Where the records were to go. */
  readonly destination: Readonly<Record<string, string>>;
  /** The target's layout of a time. */
  readonly layout: TimeLayout;
  /** Returns what the batch says about all its records. May throw, as `unpackBatch`. */
  readonly envelopeOf: (batch: SealedBatch) => DeadLetterEnvelope;
  readonly clock: Clock;
}

export interface DeadLetterEnvelope {
  readonly source: string;
  readonly topic: string;
  readonly fileName: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface DeadLetterResult {
  /** May be more than the batch has: lines that could not be written before are written first. */
  readonly written: number;
  /** Lines that are given up. */
  readonly lost: number;
  /** Older lines, of any process, that were deleted because the file is full. */
  readonly evicted: number;
  /** Why lines could not be written. */
  readonly problem?: string;
}

interface OpenFile {
  readonly boom: SonicBoom;
  readonly descriptor: number;
  readonly identity: string;
}

const NOTHING: DeadLetterResult = { written: 0, lost: 0, evicted: 0 };

/** How often a line is written again after a rename. After that, it is at least in one of the renamed files. */
const MAX_REWRITES = 3;
/** Most rotations for one write. Two make room, unless another process fills the file as fast. */
const MAX_ROTATIONS = 4;

export class DeadLetterFile {
  readonly #options: DeadLetterOptions;
  #file: OpenFile | undefined;
  /** The failure of the last write. */
  #error: Error | undefined;
  /** Lines that the disk refused, of one batch at most. */
  #pending: readonly string[] = [];

  constructor(options: DeadLetterOptions) {
    this.#options = options;
  }

  /**
   * Never throws. While the disk is full, one batch is kept for the next try, and all others are lost at once.
   * @param firstIndex the index of the first record in the whole batch, if `batch` is a part
   */
  put(batch: SealedBatch, reason: Refusal, firstIndex: number): DeadLetterResult {
    let lines: readonly string[];
    try {
      lines = this.#linesOf(batch, reason, firstIndex);
    } catch (error) {
      return { ...NOTHING, lost: batch.count, problem: messageOf(error) };
    }
    const before = this.#writePending();
    if (this.#pending.length > 0) return { ...before, lost: before.lost + batch.count };
    return sumOf(before, this.#write(lines));
  }

  /** Tries to write pending lines for the last time. Synchronous, for the end of the process. */
  close(): DeadLetterResult {
    const result = this.#writePending();
    const lost = result.lost + this.#pending.length;
    this.#pending = [];
    this.#closeFile();
    return { ...result, lost };
  }

  #writePending(): DeadLetterResult {
    const lines = this.#pending;
    this.#pending = [];
    return lines.length === 0 ? NOTHING : this.#write(lines);
  }

  #write(lines: readonly string[]): DeadLetterResult {
    let { written, lost, evicted } = NOTHING;
    let problem: string | undefined;
    let [rotations, rewrites] = [0, 0];
    let isWriting = false;
    try {
      for (let at = 0; at < lines.length; ) {
        const file = this.#opened();
        const end = this.#endOfRoom(file, lines, at);
        if (end === at) {
          const bytes = Buffer.byteLength(lines[at]!);
          if (bytes >= mostOf(this.#options.maxBytes)) {
            problem = `a line of ${bytes} bytes does not fit into half of deadLetter.maxBytes`;
            lost += 1;
            at += 1;
          } else if (++rotations > MAX_ROTATIONS) {
            throw new Error('the file is full (deadLetter.maxBytes), and other processes fill it as fast');
          } else evicted += rotate(this.#options.file, file.identity);
          continue;
        }
        isWriting = true;
        this.#append(file, lines.slice(at, end).join(''));
        isWriting = false;
        if (++rewrites <= MAX_REWRITES && identityAt(this.#options.file) !== file.identity) continue;
        [rotations, rewrites] = [0, 0];
        written += end - at;
        at = end;
      }
    } catch (error) {
      problem = messageOf(error);
      this.#closeFile();
      // If no write began, the lines are lost at once: a directory under that name will not become a file.
      if (isWriting) this.#pending = lines.slice(written + lost);
      else lost = lines.length - written;
    }
    return { written, lost, evicted, ...(problem === undefined ? {} : { problem }) };
  }

  /** Returns the end of the lines that the file has room for, from the given line on. */
  #endOfRoom({ descriptor }: OpenFile, lines: readonly string[], from: number): number {
    const { file, maxBytes } = this.#options;
    // One byte less: a newline may have to be written first.
    let room = roomIn(file, fstatSync(descriptor).size, maxBytes) - 1;
    let end = from;
    for (; end < lines.length; end += 1) {
      room -= Buffer.byteLength(lines[end]!);
      if (room < 0) break;
    }
    return end;
  }

  /** @throws the system's error; some of the text may be in the file then */
  #append({ boom, descriptor }: OpenFile, text: string): void {
    this.#error = undefined;
    boom.write(isTorn(descriptor) ? `\n${text}` : text);
    if (this.#error !== undefined) throw this.#error;
    if (this.#options.fsync) fsyncSync(descriptor);
  }

  /** Returns the file under the name, opened for appending. @throws the system's error */
  #opened(): OpenFile {
    const { file, fsync } = this.#options;
    const identity = identityAt(file);
    if (this.#file !== undefined && this.#file.identity !== identity) this.#closeFile();
    if (this.#file !== undefined) return this.#file;
    const Boom = loadBoom();
    makeDirectory(dirname(file));
    const descriptor = openToAppend(file);
    try {
      if (identity === '') new Disk(fsync).syncDirectory(dirname(file));
      const boom = new Boom({ fd: descriptor, sync: true });
      // Emitted within `write`, because writing is synchronous.
      boom.on('error', (error: Error) => {
        this.#error = error;
      });
      this.#file = { boom, descriptor, identity: identityOfDescriptor(descriptor) };
      return this.#file;
    } catch (error) {
      // Each record tries again: descriptors that stayed open would use up those of the application.
      closeSync(descriptor);
      throw error;
    }
  }

  #closeFile(): void {
    // Also closes the descriptor, and forgets the rest of a failed write, because its lines are written again as a
    // whole.
    this.#file?.boom.destroy();
    this.#file = undefined;
  }

  #linesOf(batch: SealedBatch, reason: Refusal, firstIndex: number): string[] {
    const { clock, destination, layout, envelopeOf } = this.#options;
    const { code, message, status, requestId } = reason;
    const { source, topic, fileName, tags } = envelopeOf(batch);
    return logsIn(unpackBatch(batch)).map((log, i) => {
      const line = JSON.stringify({
        time: new Date(clock.wallMs()).toISOString(),
        reason: { code, message, status, requestId },
        target: destination,
        packId: batch.packId,
        index: firstIndex + i,
        hashKey: batch.hashKey,
        envelope: { source, topic, fileName, tags },
        record: readLog(log, layout),
        raw: log.toString('base64'),
      });
      return `${line}\n`;
    });
  }
}

function sumOf(one: DeadLetterResult, other: DeadLetterResult): DeadLetterResult {
  const problem = other.problem ?? one.problem;
  return {
    written: one.written + other.written,
    lost: one.lost + other.lost,
    evicted: one.evicted + other.evicted,
    ...(problem === undefined ? {} : { problem }),
  };
}
