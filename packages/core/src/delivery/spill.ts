// Appends the batches of a queue to its own journal, the oldest first, up to the first failure.
//
// A batch is appended only if every older batch of the queue is on disk or finished. So batches in flight are first,
// and none is appended after a failure. A later process then finds the records in order, without a gap.

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
  /** Called before something is written: after a pause, the directory may belong to another process. */
  readonly beforeDisk: () => void;
  readonly onDiskFailure: (failure: DiskFailure) => void;
}

/** How long no batch is appended after a failure of the disk. */
const DISK_REST_MS = 1000;
/** How much is appended in one turn of the event loop. It takes a few milliseconds. */
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

  /** The disk failed: nothing is appended for a while. */
  rest(failure: DiskFailure): void {
    this.#restsUntilMs = this.#parts.clock.monotonicMs() + DISK_REST_MS;
    this.#parts.onDiskFailure(failure);
  }

  /** Appends every batch, however long it takes, also after an earlier failure: for the end of the process. */
  all(): void {
    this.#restsUntilMs = Number.NEGATIVE_INFINITY;
    this.#append(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** As `all`, in several turns of the event loop, so that other work does not wait for all batches. */
  slice(): void {
    if (this.#append(SLICE_BATCHES, SLICE_BYTES) || this.#isScheduled) return;
    this.#isScheduled = true;
    this.#parts.clock.after(0, false, () => {
      this.#isScheduled = false;
      this.slice();
      this.#parts.memory.letGo();
    });
  }

  /** Returns whether nothing more can be done now: all batches are on disk, or the disk failed. */
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

  /** Appends a unit that is in flight or was cut. Its segment must stay, and its entry must not be read. */
  #appendUsed(unit: Unit, isInFlight: boolean): boolean {
    if (unit.disk !== undefined) return true;
    if (!this.#appendOne(unit, isInFlight)) return false;
    const { journal } = this.own!;
    journal.pin(unit.disk!);
    // After an eviction, the own journal may have older entries that are unread while this unit is in flight.
    journal.passOver(unit.disk!);
    return true;
  }

  #appendOne(unit: Unit, mayBeSent: boolean): boolean {
    const { firstIndex, isPart, batch } = unit;
    const sequenceId = unit.sentUnder?.id;
    const appended = this.own!.writer.append(batch, { firstIndex, isPart, mayBeSent, sequenceId });
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
