// What the progress file of a surveyed journal says about the entries of one segment.

import type { EntryHeader } from '../spool/format';
import { isBelow, type ProgressRecord } from '../spool/progress';
import { RecordRanges } from '../spool/record-ranges';
import type { Position } from '../spool/segment-reader';
import type { SurveyedJournal } from './survey';

/** Entries that were sent as one. Their progress names the first of them. */
interface Unit {
  readonly lastOrdinal: number;
  readonly recordsBefore: number;
  readonly finished: RecordRanges;
}

export class SegmentProgress {
  readonly #journal: SurveyedJournal;
  readonly #number: number;
  /** By the ordinal of the unit's first entry. */
  readonly #said = new Map<number, ProgressRecord[]>();
  #unit: Unit | undefined;

  constructor(journal: SurveyedJournal, number: number) {
    this.#journal = journal;
    this.#number = number;
    for (const record of journal.progress) {
      if (record.segment !== number) continue;
      const known = this.#said.get(record.ordinal);
      if (known === undefined) this.#said.set(record.ordinal, [record]);
      else known.push(record);
    }
  }

  /**
   * Returns the indexes of the entry's finished records. Callers ask in order, or call `forgetUnit` before.
   */
  finishedIn(entry: EntryHeader): RecordRanges {
    const own = new RecordRanges();
    if (isBelow(this.#number, entry.ordinal, this.#journal.mark)) {
      own.add(0, entry.records);
      return own;
    }
    if (this.#unit === undefined || entry.ordinal > this.#unit.lastOrdinal) this.#unit = this.#unitAt(entry);
    const first = entry.recordsBefore - this.#unit.recordsBefore;
    for (const { from, to } of this.#unit.finished.ranges) {
      own.add(Math.max(0, from - first), Math.min(entry.records, to - first));
    }
    return own;
  }

  /** Called if the next entry is not behind the last one. */
  forgetUnit(): void {
    this.#unit = undefined;
  }

  /** Counts the unfinished records between the positions. */
  unfinishedBetween(at: Position, next: Position): number {
    const { mark } = this.#journal;
    if (this.#number < mark.segment) return 0;
    const isMarked = this.#number === mark.segment;
    const from = isMarked ? Math.max(at.recordsBefore, mark.recordsBelow) : at.recordsBefore;
    const finished = new RecordRanges();
    for (const { kind, a, b } of this.#said.get(at.ordinal) ?? []) if (kind === 'finished') finished.add(a, b);
    return Math.max(0, next.recordsBefore - from - finished.total);
  }

  #unitAt({ ordinal, recordsBefore, crc }: EntryHeader): Unit {
    const finished = new RecordRanges();
    let lastOrdinal = ordinal;
    for (const said of this.#said.get(ordinal) ?? []) {
      // A record that names another header was not written for this entry.
      if (said.crc !== crc) continue;
      if (said.kind === 'finished') finished.add(said.a, said.b);
      else if (said.kind === 'group') lastOrdinal = Math.max(lastOrdinal, said.a);
    }
    return { lastOrdinal, recordsBefore, finished };
  }
}
