// What the progress file said about units when the journal was opened. A unit is forgotten when it is read.

import type { EntryHeader } from './format';
import type { ProgressRecord } from './progress';
import { RecordRanges } from './record-ranges';
import { keyOf } from './segment';

export class SaidProgress {
  /** By `keyOf` of the unit's first entry. */
  readonly #records: Map<string, ProgressRecord[]>;

  constructor(records: Map<string, ProgressRecord[]> = new Map()) {
    this.#records = records;
  }

  /** Returns the progress records of the entry. A record that names another header was not written for it. */
  of(segment: number, entry: EntryHeader): ProgressRecord[] {
    const records = this.#records.get(keyOf(segment, entry.ordinal)) ?? [];
    return records.filter(({ crc }) => crc === entry.crc);
  }

  /** Counts the finished records of the unit that begins here, whatever header they name. */
  finishedAt(segment: number, ordinal: number): number {
    return finishedIn(this.#records.get(keyOf(segment, ordinal)) ?? []);
  }

  /** Counts the finished records of the units that begin in this range of ordinals. */
  finishedBetween(segment: number, from: number, to: number): number {
    let finished = 0;
    for (const records of this.#records.values()) {
      const { segment: number, ordinal } = records[0]!;
      if (number === segment && ordinal >= from && ordinal < to) finished += finishedIn(records);
    }
    return finished;
  }

  forget(segment: number, ordinal: number): void {
    this.#records.delete(keyOf(segment, ordinal));
  }
}

/** Counts the records of a unit that are finished by its progress. */
function finishedIn(records: readonly ProgressRecord[]): number {
  const ranges = new RecordRanges();
  for (const { kind, a, b } of records) if (kind === 'finished') ranges.add(a, b);
  return ranges.total;
}
