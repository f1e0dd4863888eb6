// The low-water mark of a journal: everything below it is finished.
//
// Units can be finished in another order than they have on disk. A finished unit above the mark is remembered until the
// mark reaches it. The mark never moves back. A segment is removed only after a mark behind it was written. Otherwise
// the missing segment would look like lost records.

import type { DiskFailure } from './disk';
import type { Mark, ProgressFile } from './progress';
import type { SaidProgress } from './said-progress';
import { keyOf, type Segment } from './segment';
import type { Position } from './segment-reader';

export interface LowWaterParts {
  readonly progress: ProgressFile;
  readonly said: SaidProgress;
  /** In order. The journal appends to this list. */
  readonly segments: readonly Segment[];
  /** Most units in flight at a time of this process, and of all before it that sent from this journal. */
  readonly inFlight: number;
  /** The same number, as segments and progress file say it. */
  readonly saidInFlight: number;
  /** Takes a segment out of `segments`, and removes its file. */
  readonly release: (segment: Segment) => void;
}

/** Consecutive entries that are finished. */
interface Passed {
  readonly segment: number;
  readonly ordinal: number;
  /** Where the next entry begins. */
  readonly next: Position;
  readonly lastCrc: number;
}

export class LowWaterMark {
  readonly #parts: LowWaterParts;
  #mark: Mark;
  /** Finished units above the mark. */
  readonly #ahead = new Map<string, Passed>();

  constructor(mark: Mark, parts: LowWaterParts) {
    this.#mark = mark;
    this.#parts = parts;
  }

  get value(): Mark {
    return this.#mark;
  }

  /** How many finished units are above the mark. */
  get aheadCount(): number {
    return this.#ahead.size;
  }

  /** Whether the unit is finished and above the mark. */
  isAhead(segment: number, ordinal: number): boolean {
    return this.#ahead.has(keyOf(segment, ordinal));
  }

  /** Called before a second unit is in flight. A later process must not join entries that may have been sent. */
  raiseInFlight(): DiskFailure | undefined {
    if (this.#parts.inFlight <= Math.max(this.#parts.saidInFlight, this.#mark.inFlight)) return undefined;
    const mark = { ...this.#mark, inFlight: this.#parts.inFlight };
    const failure = this.#parts.progress.moveMark(mark);
    if (failure === undefined) this.#mark = mark;
    return failure;
  }

  /** All of these entries are finished. */
  pass(passed: Passed): DiskFailure | undefined {
    this.#ahead.set(keyOf(passed.segment, passed.ordinal), passed);
    return this.advance();
  }

  /** A segment was deleted to make room. */
  drop({ number: dropped }: Segment): void {
    for (const [key, { segment, ordinal }] of this.#ahead) {
      if (segment !== dropped) continue;
      this.#ahead.delete(key);
      this.#parts.progress.release(segment, ordinal);
    }
    this.advance();
  }

  /** Moves the mark over all finished entries, writes it, and removes the segments below it. */
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

  /** Removes the segments below the mark. Called only if the mark is written. */
  removeBelow(): void {
    const { segments, release } = this.#parts;
    for (let first = segments[0]; first !== undefined && first.number < this.#mark.segment; first = segments[0]) {
      release(first);
    }
  }
}

/** Whether all of a segment is finished, if everything below the ordinal is finished. */
function isFinished(segment: Segment, ordinal: number): boolean {
  if (!segment.isClosed || segment.left > 0) return false;
  return ordinal >= segment.entries || segment.isExhausted;
}
