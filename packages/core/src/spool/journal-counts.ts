// Counts the records of a journal that are not finished, in total and for each segment, and those lost to damage.

import type { SaidProgress } from './said-progress';
import type { Segment } from './segment';
import type { Position } from './segment-reader';

export interface JournalCountsEvents {
  /** Called with records that are lost to damage. */
  readonly onDamaged: (records: number, why: string) => void;
  /** Called with records that no total includes: their writer did not know whether they are on disk. */
  readonly onSurplus: (records: number) => void;
}

export class JournalCounts {
  /** Records that are not finished. */
  unfinished: number;
  readonly #said: SaidProgress;
  readonly #events: JournalCountsEvents;

  constructor(segments: readonly Segment[], said: SaidProgress, events: JournalCountsEvents) {
    this.unfinished = segments.reduce((sum, { left }) => sum + left, 0);
    this.#said = said;
    this.#events = events;
  }

  finish(segment: Segment, records: number): void {
    segment.left -= records;
    this.unfinished -= records;
  }

  addSurplus(segment: Segment, records: number): void {
    this.finish(segment, -records);
    this.#events.onSurplus(records);
  }

  /** Counts the records from the position up to an entry as lost, except those that were finished before. */
  lose(segment: Segment, from: Position, to: Pick<Position, 'ordinal' | 'recordsBefore'>, why: string): void {
    const finished = this.#said.finishedBetween(segment.number, from.ordinal, to.ordinal);
    const records = Math.min(segment.left, to.recordsBefore - from.recordsBefore - finished);
    if (records <= 0) return;
    this.finish(segment, records);
    this.#events.onDamaged(records, why);
  }

  /** Counts everything from the position to the end of the segment as lost. */
  loseRest(segment: Segment, from: Position, why: string): void {
    this.lose(segment, from, { ordinal: Number.POSITIVE_INFINITY, recordsBefore: segment.recordsTotal }, why);
    segment.isExhausted = true;
  }
}
