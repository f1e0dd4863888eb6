// The file of records that the service refused for good: one JSON text a line, to be read, mended and replayed.
//
// Takes: a batch of refused records, mostly one, and why. Gives: whether they are in the file. Keeps: the file open, and at
// most one write that the disk would not take. Never: throws, holds up the batches behind it, grows without bound while
// the disk is full, or writes a secret: what leads to the service is given to it without any.
//
// A line:
//   { "time": "2026-01-01T00:00:00.000Z",                      when it was refused
//     "reason": { "code", "message", "status", "requestId" },   why
//     "target": { ... },                                        where it was to go
//     "packId", "hashKey",                                      as it was sent
//     "envelope": { "source", "topic", "fileName", "tags" },    what was said for its whole batch
//     "record": { "time", "timeNs", "contents": { ... } },      what it says: milliseconds, and nanoseconds below them
//     "raw": "..." }                                            the encoded Log in base64, to be sent as it is
//
// Whoever takes the file away, to replay or to rotate it, does so by renaming it: the next line begins a new one.
//
// Written synchronously: the line is on its way to the disk before the record is counted as dropped, and there is
// nothing left to do when the process ends. It happens seldom: refusals have a budget a minute.

import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SonicBoom } from 'sonic-boom';
import { readLog, type TimeLayout } from '../batch/read-log';
import type { SealedBatch } from '../batch/sealed-batch';
import { logsOf } from '../batch/walk';
import type { Clock } from '../clock';
import type { Refusal } from '../delivery/outcome';
import { messageOf } from '../errors';
import { makeDirectory } from './disk';

export interface DeadLetterOptions {
  readonly file: string;
  /** Where the records were to go. */
  readonly destination: Readonly<Record<string, string>>;
  /** The target's. */
  readonly layout: TimeLayout;
  /** What is said once for the records of a batch. May throw, as `logsOf`. */
  readonly envelopeOf: (batch: SealedBatch) => DeadLetterEnvelope;
  readonly clock: Clock;
}

export interface DeadLetterEnvelope {
  readonly source: string;
  readonly topic: string;
  readonly fileName: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** `written` may be more than the batch: what had to wait goes with it. */
export interface DeadLetterResult {
  readonly written: number;
  /** Lines that will not be in the file, and why. */
  readonly lost: number;
  readonly problem?: string;
}

export class DeadLetterFile {
  readonly #options: DeadLetterOptions;
  #file: SonicBoom | undefined;
  /** What the last write failed with. */
  #error: Error | undefined;
  /** Which file that is. */
  #opened = '';
  /** Lines that sonic-boom has and the disk has not. */
  #waiting = 0;

  constructor(options: DeadLetterOptions) {
    this.#options = options;
  }

  put(batch: SealedBatch, reason: Refusal): DeadLetterResult {
    try {
      const lines = this.#linesOf(batch, reason);
      if (this.#waiting === 0 && this.#wasTakenAway()) this.close();
      this.#file ??= this.#open();
      // What waits goes first; if it still cannot, this does not join it: the disk may be full for days.
      if (this.#waiting > 0) this.#file.flushSync();
      const before = this.#waiting;
      this.#error = undefined;
      this.#file.write(lines);
      if (this.#error === undefined) {
        this.#waiting = 0;
        return { written: before + batch.count, lost: 0 };
      }
      this.#waiting = batch.count;
      return { written: before, lost: 0, problem: messageOf(this.#error) };
    } catch (error) {
      return { written: 0, lost: batch.count, problem: messageOf(error) };
    }
  }

  /** What waits has its last chance. Synchronous, so that it can be the last thing a process does. */
  close(): DeadLetterResult {
    const waiting = this.#waiting;
    this.#waiting = 0;
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return { written: 0, lost: 0 };
    try {
      if (waiting > 0) file.flushSync();
      file.end();
      return { written: waiting, lost: 0 };
    } catch (error) {
      file.destroy();
      return { written: 0, lost: waiting, problem: messageOf(error) };
    }
  }

  /** Whether another file, or none, has its name now. What is written to the one that is open may never be read. */
  #wasTakenAway(): boolean {
    return this.#file !== undefined && identityOf(this.#options.file) !== this.#opened;
  }

  #open(): SonicBoom {
    // Loaded with the first refused record: most processes never have one.
    const { SonicBoom: Boom } = require('sonic-boom') as typeof import('sonic-boom');
    const { file } = this.#options;
    makeDirectory(dirname(file));
    const boom = new Boom({ dest: file, sync: true, mode: 0o600 });
    this.#opened = identityOf(file);
    // Emitted within `write`, as everything is here.
    boom.on('error', (error: Error) => {
      this.#error = error;
    });
    return boom;
  }

  #linesOf(batch: SealedBatch, reason: Refusal): string {
    const { clock, destination, layout, envelopeOf } = this.#options;
    const { code, message, status, requestId } = reason;
    const { source, topic, fileName, tags } = envelopeOf(batch);
    const lines = logsOf(batch).map((log) =>
      JSON.stringify({
        time: new Date(clock.wallMs()).toISOString(),
        reason: { code, message, status, requestId },
        target: destination,
        packId: batch.packId,
        hashKey: batch.hashKey,
        envelope: { source, topic, fileName, tags },
        record: readLog(log, layout),
        raw: log.toString('base64'),
      }),
    );
    return `${lines.join('\n')}\n`;
  }
}

function identityOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.dev} ${stat.ino}`;
}
