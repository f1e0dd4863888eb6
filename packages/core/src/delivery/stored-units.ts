// Reads the units of a queue that are only on disk: the journals of older runs first, then the own one.

import { joinBatches, type Reframing, sequenceOf } from '../batch/parts';
import { messageOf } from '../errors';
import type { DiskFailure } from '../spool/disk';
import { batchOf } from '../spool/format';
import type { Journal } from '../spool/journal';
import type { JoinLimits, Taken } from '../spool/journal-cursor';
import type { DiskUnit } from '../spool/segment';
import type { AdoptedJournals } from './adopted-journals';
import { ADOPTED, diskUnit, remainingUnits, type Unit } from './unit';

export interface StoredUnitsParts {
  readonly adopted: AdoptedJournals;
  readonly own: () => Journal | undefined;
  /** The first unit in memory that is also on disk: nothing of the own journal is read from there on. */
  readonly limit: () => DiskUnit | undefined;
  readonly reframing: Reframing;
  /** How far small batches that were never sent are joined; nothing if several units are in flight at a time. */
  readonly joinLimits: () => JoinLimits | undefined;
  /** Removes a journal if all of it is finished. Returns whether it was. */
  readonly drain: (journal: Journal) => boolean;
  readonly onDiskFailure: (failure: DiskFailure) => void;
}

/**
 * `units`: of one entry or of several that are joined; more than one if it was cut before. `empty`: nothing is left.
 */
export type Read =
  | { readonly kind: 'units'; readonly units: readonly Unit[] }
  | { readonly kind: 'empty' }
  | { readonly kind: 'none' }
  | DiskFailure;

type TakenUnit = Extract<Taken, { kind: 'unit' }>;

export class StoredUnits {
  readonly #parts: StoredUnitsParts;
  /** Read, and not made a unit yet: its codec cannot be loaded. */
  #unbuilt: TakenUnit | undefined;
  /** While this run may still live, nothing of a later run is read. */
  predecessor: string | undefined;

  constructor(parts: StoredUnitsParts) {
    this.#parts = parts;
  }

  get hasUnbuilt(): boolean {
    return this.#unbuilt !== undefined;
  }

  /** Whether entries on disk come before the units in memory. */
  get hasUnread(): boolean {
    if (this.#parts.adopted.length > 0) return true;
    const own = this.#parts.own();
    return own !== undefined && !own.isAt(this.#parts.limit());
  }

  /** The number of the first own entry that is not read; `ADOPTED` if it cannot be read now, and may be the oldest. */
  get firstSequence(): number {
    const entry = this.#parts.own()?.peek();
    return entry === undefined ? ADOPTED : sequenceOf(entry.packId, entry.isPart);
  }

  /** @param mayRead whether another unit may be in memory */
  read(mayRead: () => boolean): Read {
    if (this.#unbuilt !== undefined) return this.#build(this.#unbuilt);
    if (!this.hasUnread && this.predecessor === undefined) return { kind: 'empty' };
    if (!mayRead()) return { kind: 'none' };
    return this.#readAdopted() ?? this.#readOwn();
  }

  #readAdopted(): Read | undefined {
    const { adopted, joinLimits, drain } = this.#parts;
    let at = 0;
    for (let journal = adopted.at(at); journal !== undefined; journal = adopted.at(at)) {
      if (this.predecessor !== undefined && journal.text.run > this.predecessor) return { kind: 'none' };
      const taken = journal.next(joinLimits());
      if (taken.kind !== 'none') return this.#taken(taken);
      // All of it is in flight, or finished. To keep order, nothing else is sent before all of it is finished.
      if (drain(journal)) continue;
      at += 1;
      if (joinLimits() !== undefined || !journal.isRead) return taken;
    }
    return this.predecessor === undefined ? undefined : { kind: 'none' };
  }

  #readOwn(): Read {
    const own = this.#parts.own();
    if (own === undefined) return { kind: 'empty' };
    const limit = this.#parts.limit();
    const taken = own.next(this.#parts.joinLimits(), limit);
    if (taken.kind !== 'none') return this.#taken(taken);
    // Too many units are finished in front of one that is not: their progress must not grow without end.
    return own.isAt(limit) ? { kind: 'empty' } : taken;
  }

  #taken(taken: TakenUnit | DiskFailure): Read {
    return taken.kind === 'unit' ? this.#build(taken) : this.#failed(taken);
  }

  #failed(failure: DiskFailure): DiskFailure {
    // Node adds the files that led to a module it does not find, a line for each.
    const [message = ''] = failure.message.split('\n', 1);
    this.#parts.onDiskFailure({ ...failure, message });
    return failure;
  }

  #build(taken: TakenUnit): Read {
    let units: Unit[];
    try {
      units = this.#unitsOf(taken);
    } catch (error) {
      this.#unbuilt = taken;
      return this.#failed({ kind: 'failed', code: 'UNREADABLE', message: messageOf(error) });
    }
    this.#unbuilt = undefined;
    const { unit: disk } = taken;
    for (const unit of units.slice(1)) disk.journal.pin(unit.disk!);
    if (units.length === 0) disk.journal.unpin(disk);
    return { kind: 'units', units };
  }

  /** @throws if the codec of a body cannot be loaded */
  #unitsOf({ unit: disk, entries }: TakenUnit): Unit[] {
    const { reframing } = this.#parts;
    const { hashKey, run } = disk.journal.text;
    const { packId, isPart, firstIndex } = entries[0]!.entry;
    const sequence = run === this.#parts.own()?.text.run ? sequenceOf(packId, isPart) : ADOPTED;
    const batches = entries.map(({ entry, body }) => batchOf(entry, hashKey, body));
    const isJoined = batches.length > 1;
    const batch = isJoined ? joinBatches(batches, reframing) : batches[0]!;
    const whole = diskUnit(batch, disk, { isPart: isJoined || isPart, firstIndex }, sequence);
    return remainingUnits(whole, disk, reframing);
  }

  /** The journal is another process's now. */
  forget(journal: Journal): void {
    if (this.#unbuilt?.unit.journal === journal) this.#unbuilt = undefined;
  }
}
