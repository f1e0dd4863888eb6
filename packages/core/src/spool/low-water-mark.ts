// The low-water mark of a journal: everything below it is finished.
//
// Units can be finished in another order than they lie on disk. A unit that is not the first unfinished one is
// remembered until the mark reaches it. The mark never moves back. A segment is removed only after a mark behind it was
// written: without that, a missing segment would look like lost records.

import type { DiskFailure } from './disk';
import type { Mark, ProgressFile } from './progress';
import type { SaidProgress } from './said-progress';
import { keyOf, type Segment } from './segment';
import type { Position } from './segment-reader';

export interface LowWaterParts {
  readonly progress: ProgressFile;
  readonly said: SaidProgress;
  /** In order; the journal appends to it. */
  readonly segments: readonly Segment[];
  /** Most units in flight at a time of this process, and of all before it that sent from this journal. */
  readonly inFlight: number;
  /** What segments and progress say of that. */
  readonly saidInFlight: number;
  /** Takes a segment out of `segments`, and removes its file. */
  readonly release: (segment: Segment) => void;
}

/** A finished stretch of entries. */
interface Passed {
  readonly segment: number;
  readonly ordinal: number;
  /** Where the entry behind it begins. */
  readonly next: Position;
  readonly lastCrc: number;
}

export class LowWaterMark {
  readonly #parts: LowWaterParts;
  #mark: Mark;
  /** Finished, but not the first that is left. */
  readonly #ahead = new Map<string, Passed>();

  constructor(mark: Mark, parts: LowWaterParts) {
    this.#mark = mark;
    this.#parts = parts;
  }

  get value(): Mark {
    return this.#mark;
  }

  /** How many units are finished ahead of one that is not. */
  get aheadCount(): number {
    return this.#ahead.size;
  }

  /** Whether the unit is finished and above the mark. */
  isAhead(segment: number, ordinal: number): boolean {
    return this.#ahead.has(keyOf(segment, ordinal));
  }

  /** Written before a second unit is in flight: a later process must not join what may have been sent. */
  raiseInFlight(): DiskFailure | undefined {
    if (this.#parts.inFlight <= Math.max(this.#parts.saidInFlight, this.#mark.inFlight)) return undefined;
    const mark = { ...this.#mark, inFlight: this.#parts.inFlight };
    const failure = this.#parts.progress.moveMark(mark);
    if (failure === undefined) this.#mark = mark;
    return failure;
  }

  /** Everything of this stretch is finished. */
  pass(passed: Passed): DiskFailure | undefined {
    this.#ahead.set(keyOf(passed.segment, passed.ordinal), passed);
    return this.advance();
  }

  /** A segment gave way. */
  drop({ number: dropped }: Segment): void {
    for (const [key, { segment, ordinal }] of this.#ahead) {
      if (segment !== dropped) continue;
      this.#ahead.delete(key);
      this.#parts.progress.release(segment, ordinal);
    }
    this.advance();
  }

  /** Moves over everything that is finished, writes the mark, and removes the segments below it. */
  advance(): DiskFailure | undefined {
    const before = this.#mark;
    while (this.#step());
    return this.#mark === before ? undefined : this.#write();
  }

  #step(): boolean {
    const { segments, said, progress, inFlight } = this.#parts;
    const { segment: number, ordinal } = this.#mark;
    const passed = this.#ahead.get(keyOf(number, ordinal));
    if (passed !== undefined) {
      this.#ahead.delete(keyOf(number, ordinal));
      said.forget(number, ordinal);
      progress.release(number, ordinal);
      const { next, lastCrc } = passed;
      const { ordinal: behind, offset, recordsBefore } = next;
      this.#mark = {
        segment: number,
        ordinal: behind,
        offset,
        crcBefore: lastCrc,
        recordsBelow: recordsBefore,
        inFlight,
      };
      return true;
    }
    const segment = segments.find((one) => one.number === number);
    const following = segments.find((one) => one.number > number);
    if (following === undefined || (segment !== undefined && !isFinished(segment, ordinal))) return false;
    const { offset, recordsBefore } = following.start;
    const place = { segment: following.number, ordinal: 0, offset, crcBefore: 0 };
    this.#mark = { ...place, recordsBelow: recordsBefore, inFlight };
    return true;
  }

  /**
   * All of the last segment is finished, and nothing is appended to it any more. Returns whether the mark is behind it.
   */
  passLast(segment: Segment): boolean {
    const { ordinal, segment: number } = this.#mark;
    if (number !== segment.number || ordinal !== segment.entries || segment.left > 0) return false;
    const { inFlight } = this.#parts;
    const place = { segment: number + 1, ordinal: 0, offset: 0, crcBefore: 0 };
    this.#mark = { ...place, recordsBelow: segment.recordsTotal, inFlight };
    this.#write();
    return true;
  }

  #write(): DiskFailure | undefined {
    const failure = this.#parts.progress.moveMark(this.#mark);
    if (failure === undefined) this.removeBelow();
    return failure;
  }

  /** To be called only if the mark is written. */
  removeBelow(): void {
    const { segments, release } = this.#parts;
    for (let first = segments[0]; first !== undefined && first.number < this.#mark.segment; first = segments[0]) {
      release(first);
    }
  }
}

/** All that was in the segment is finished, if everything below the ordinal is. */
function isFinished(segment: Segment, ordinal: number): boolean {
  if (!segment.isClosed || segment.left > 0) return false;
  return ordinal >= segment.entries || segment.isExhausted;
}
