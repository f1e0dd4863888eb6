// The records of workers that have ended: counts them, and reports each loss once.

import { Counters, type DropReason, type Reading, type Stats } from '../telemetry/counters';
import { publish } from '../telemetry/diagnostics';
import { workerRecordsLost } from '../telemetry/warning-catalogue';
import type { WarningReporter } from '../telemetry/warnings';
import { addDead, type Books, emptyBooks, giveUp, hostStats, missingRecords, recordsAtRisk } from './worker-books';

export class DeadWorkers {
  readonly #instance: string;
  readonly #warnings: WarningReporter;
  #books = emptyBooks(new Counters().stats());
  /** How many of the records that the living worker did not find on disk are reported already. */
  #reported = 0;

  constructor(instance: string, warnings: WarningReporter) {
    this.#instance = instance;
    this.#warnings = warnings;
  }

  get books(): Books {
    return this.#books;
  }

  /** Records of dead workers that no later worker has found on disk yet. */
  get unfinished(): number {
    return this.#books.unfinished;
  }

  /** Adds the last reading of a worker that has ended. */
  add(reading: Reading): void {
    this.reportLost(reading);
    this.#books = addDead(this.#books, reading);
    this.#reported = 0;
  }

  /** Reports the records that the living worker did not find on disk, after it has opened all journals. */
  reportLost(reading: Reading): void {
    const lost = missingRecords(this.#books, reading) - this.#reported;
    if (lost <= 0) return;
    this.#reported += lost;
    publishDropped(this.#instance, 'worker', lost);
    this.#warnings.warn(workerRecordsLost(lost));
  }

  /** No later worker will look on disk. Returns how many records count as lost, because they were not spooled. */
  giveUp(reason: DropReason): number {
    const lost = recordsAtRisk(this.#books);
    this.#books = giveUp(this.#books, reason);
    publishDropped(this.#instance, reason, lost);
    return lost;
  }

  /** The sums over all workers and the host's `own` counters. `reading` is the living worker's. */
  stats(reading: Reading | undefined, own: Stats): Stats {
    return hostStats(this.#books, reading, own);
  }
}

export function publishDropped(instance: string, reason: DropReason, records: number): void {
  if (records > 0) publish('records.dropped', instance, () => ({ reason, records }));
}
