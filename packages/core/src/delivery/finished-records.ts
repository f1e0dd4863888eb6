// Writes that records of a unit are finished: first to disk, then to the counters.
//
// Another thread may read the counters at any moment, and `spooled` must not include a finished record.

import type { DiskFailure } from '../spool/disk';
import type { Finish } from '../spool/progress';
import type { Counters, DropReason } from '../telemetry/counters';
import { indexRanges, type Unit } from './unit';

export interface FinishedRecordsParts {
  readonly counters: Counters;
  readonly onDropped: (reason: DropReason, records: number) => void;
  readonly onDiskFailure: (failure: DiskFailure) => void;
}

export class FinishedRecords {
  readonly #parts: FinishedRecordsParts;

  constructor(parts: FinishedRecordsParts) {
    this.#parts = parts;
  }

  /** All records of the unit. */
  all(unit: Unit, how: Finish): void {
    this.#write(unit, unit.from, unit.to, unit.batch.count, how);
  }

  /** Some records of the unit, by their places in it. */
  some(unit: Unit, places: readonly number[], how: Finish): void {
    for (const { from, to } of indexRanges(unit, places)) this.#write(unit, from, to, to - from, how);
  }

  #write({ disk }: Unit, from: number, to: number, count: number, how: Finish): void {
    const { counters, onDropped, onDiskFailure } = this.#parts;
    let records = count;
    if (disk !== undefined) {
      const finished = disk.journal.finish(disk, from, to, how);
      if (finished.failure !== undefined) onDiskFailure(finished.failure);
      ({ records } = finished);
      counters.add('spooled', -records);
    }
    if (how === 'delivered') counters.add('delivered', records);
    else onDropped(how, records);
  }
}
