// Appends a queue's batches to its own journal, the oldest first, up to the first failure.
//
// A batch is appended only if every older batch of the queue is on disk or finished: the ones in flight first, and
// never past a failure. So what a later process finds is in order, with nothing missing in between.

import type { Clock } from '../runtime/clock';
import type { DiskFailure } from '../spool/disk';
import type { Journal } from '../spool/journal';
import type { JournalWriter } from '../spool/journal-writer';
import type { Counters } from '../telemetry/counters';
import type { MemoryUnits } from './memory-units';
import type { Unit } from './unit';

/** The journal of this run. */
export interface OwnJournal {
  readonly journal: Journal;
  readonly writer: JournalWriter;
}

export interface SpillParts {
  readonly counters: Counters;
  readonly clock: Clock;
  readonly memory: MemoryUnits;
  readonly inFlight: Iterable<Unit>;
  /** Parts of units that were cut: sent before the units in memory. */
  readonly cut: () => readonly Unit[];
  /** Called before something is written: after a pause, the directory may be another process's. */
  readonly beforeDisk: () => void;
  readonly onDiskFailure: (failure: DiskFailure) => void;
}

/** After a failure of the disk, so long until batches are appended again. */
const DISK_REST_MS = 1000;
/** So much is appended in one turn of the loop: a few milliseconds. */
const SLICE_BATCHES = 256;
const SLICE_BYTES = 4 * 1024 * 1024;

export class Spill {
  readonly #parts: SpillParts;
  own: OwnJournal | undefined;
  #isScheduled = false;
  #restsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(parts: SpillParts) {
    this.#parts = parts;
  }

  /** The disk failed: it is left alone for a while. */
  rest(failure: DiskFailure): void {
    this.#restsUntilMs = this.#parts.clock.monotonicMs() + DISK_REST_MS;
    this.#parts.onDiskFailure(failure);
  }

  /** Puts every batch on disk, however long it takes and whatever the disk said before: for the end of the process. */
  all(): void {
    this.#restsUntilMs = Number.NEGATIVE_INFINITY;
    this.#append(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** As `all`, and after some batches goes on in a later turn of the loop: others must not wait for all of them. */
  slice(): void {
    if (this.#append(SLICE_BATCHES, SLICE_BYTES) || this.#isScheduled) return;
    this.#isScheduled = true;
    this.#parts.clock.after(0, false, () => {
      this.#isScheduled = false;
      this.slice();
      this.#parts.memory.letGo();
    });
  }

  /** Returns whether there is nothing more to do now: all is on disk, or the disk failed. */
  #append(maxBatches: number, maxBytes: number): boolean {
    const { clock, beforeDisk, memory, inFlight, cut } = this.#parts;
    if (this.own === undefined || clock.monotonicMs() < this.#restsUntilMs) return true;
    beforeDisk();
    for (const unit of inFlight) if (!this.#appendUsed(unit, true)) return true;
    for (const unit of cut()) if (!this.#appendUsed(unit, false)) return true;
    let [batches, bytes] = [0, 0];
    for (let unit = memory.firstUnspooled; unit !== undefined; unit = memory.firstUnspooled) {
      if (batches >= maxBatches || bytes >= maxBytes) return false;
      if (!this.#appendOne(unit, false)) return true;
      memory.spooled();
      batches += 1;
      bytes += unit.batch.body.length;
    }
    return true;
  }

  /** A unit that is in flight, or was cut: it keeps its segment, and its entry is not read. */
  #appendUsed(unit: Unit, isInFlight: boolean): boolean {
    if (unit.disk !== undefined) return true;
    if (!this.#appendOne(unit, isInFlight)) return false;
    const { journal } = this.own!;
    journal.pin(unit.disk!);
    // After an eviction, older entries of the own journal can be unread while this unit is in flight.
    journal.passOver(unit.disk!);
    return true;
  }

  #appendOne(unit: Unit, mayBeSent: boolean): boolean {
    const { firstIndex, isPart, batch } = unit;
    const appended = this.own!.writer.append(batch, { firstIndex, isPart, mayBeSent });
    if (appended.kind === 'failed') {
      this.rest(appended);
      return false;
    }
    unit.disk = appended.unit;
    unit.from = 0;
    unit.to = batch.count;
    unit.indexes = undefined;
    this.#parts.counters.add('spooled', batch.count);
    return true;
  }
}
