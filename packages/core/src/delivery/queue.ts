// The queue of one hash key: it alone owns each sealed batch that is not finished, in memory or on disk.
//
// Order: units in flight; parts of units that were cut; entries on disk without an object (journals of older runs, then
// the own one, from its cursor on); units in memory. Invariants:
//
//   1. A batch is appended only if every older batch of the queue is on disk or finished (spill.ts).
//   2. The units in memory that are also on disk are the first ones. The own journal's cursor is at the first of them.
//   3. Memory holds units in use, and batches that are in no file. Other entries on disk take no memory.
//
// When batches go to disk (`spool.mode`):
//   always     when they are sealed, before they are sent
//   overflow   after two failed attempts in a row (until one is delivered), while a predecessor may still run, when
//              memory is full, and at the end of the process

import { type Reframing, sequenceOf } from '../batch/parts';
import type { SealedBatch } from '../batch/sealed-batch';
import type { Clock } from '../runtime/clock';
import type { DiskFailure } from '../spool/disk';
import type { Journal } from '../spool/journal';
import type { JoinLimits } from '../spool/journal-cursor';
import type { Finish } from '../spool/progress';
import type { Segment } from '../spool/segment';
import type { Counters, DropReason } from '../telemetry/counters';
import { AdoptedJournals } from './adopted-journals';
import { FinishedRecords } from './finished-records';
import { FlushWaiters } from './flush-waiters';
import { MemoryUnits } from './memory-units';
import type { SequenceIds } from './sequence-ids';
import { type OwnJournal, Spill } from './spill';
import { type Read, StoredUnits } from './stored-units';
import { ADOPTED, cutUnit, holdsCut, indexOf, partition, partUnit, sealedUnit, type Unit } from './unit';
import { bytesOf, UsedUnits } from './used-units';

export interface QueueParts {
  readonly counters: Counters;
  readonly clock: Clock;
  readonly reframing: Reframing;
  readonly mode: 'overflow' | 'always';
  /** The limits for joining small batches that were never sent. Undefined if several units may be in flight. */
  readonly joinLimits: () => JoinLimits | undefined;
  /** Whether another unit may be read into memory. `inUse`: whether units are in use already. */
  readonly mayRead: (inUse: boolean) => boolean;
  /** Called before something is written: after a pause, the directory may belong to another process. */
  readonly beforeDisk: () => void;
  readonly onDiskFailure: (failure: DiskFailure) => void;
  readonly onDropped: (reason: DropReason, records: number) => void;
  /** All of an adopted journal is finished. */
  readonly onDrained: (journal: Journal) => void;
  /** Present if the service has to write each record only once. */
  readonly sequenceIds?: SequenceIds | undefined;
}

export type Next = { readonly kind: 'unit'; readonly unit: Unit } | { readonly kind: 'none' } | DiskFailure;

/** After so many failures in a row there is an outage. One failure alone is not. */
const OUTAGE_FAILURES = 2;

export class DeliveryQueue {
  readonly #parts: QueueParts;
  readonly #used: UsedUnits;
  readonly #adopted: AdoptedJournals;
  readonly #memory: MemoryUnits;
  readonly #spill: Spill;
  readonly #stored: StoredUnits;
  readonly #finished: FinishedRecords;
  #isPaused = false;
  #failures = 0;
  #nextSequence = 1;
  readonly #waiters: FlushWaiters;

  constructor(parts: QueueParts) {
    const { counters, clock, reframing, joinLimits, beforeDisk, onDiskFailure, onDropped, onDrained } = parts;
    this.#parts = parts;
    const onBytes = (bytes: number) => counters.add('pendingBytes', bytes);
    this.#used = new UsedUnits(onBytes);
    this.#memory = new MemoryUnits(onBytes);
    this.#adopted = new AdoptedJournals(onDrained);
    this.#waiters = new FlushWaiters(clock);
    const own = () => this.#own?.journal;
    const limit = () => this.#memory.first?.disk;
    const drain = (journal: Journal) => this.#drain(journal);
    this.#stored = new StoredUnits({ adopted: this.#adopted, own, limit, reframing, joinLimits, drain, onDiskFailure });
    const units = { memory: this.#memory, inFlight: this.#used.inFlight, cut: () => this.#used.next };
    this.#spill = new Spill({ counters, clock, beforeDisk, onDiskFailure, ...units });
    const rest = (failure: DiskFailure) => this.#spill.rest(failure);
    this.#finished = new FinishedRecords({ counters, onDropped, onDiskFailure: rest });
  }

  get #own(): OwnJournal | undefined {
    return this.#spill.own;
  }

  /** The spool is open: sets the own journal. The queue of another instance has none. */
  useSpool({ journal, writer }: OwnJournal): void {
    this.#spill.own = { journal, writer };
    this.#spillIfDue();
  }

  /** Whether everything is finished. */
  get isEmpty(): boolean {
    return this.#inMemory === 0 && !this.#adopted.hasUnfinished && (this.#own?.journal.unfinished ?? 0) === 0;
  }

  get #inMemory(): number {
    return this.#used.length + this.#memory.length + (this.#stored.hasUnbuilt ? 1 : 0);
  }

  /** A batch was sealed. */
  push(batch: SealedBatch): void {
    const sequence = sequenceOf(batch.packId, false);
    this.#nextSequence = sequence + 1;
    this.#memory.push(sealedUnit(batch, sequence));
    this.#spillIfDue();
  }

  /** Appends the batches that have to be on disk now. Their bodies leave memory, unless they are sent next. */
  #spillIfDue(): void {
    const isOutage = this.#failures >= OUTAGE_FAILURES || this.#stored.predecessor !== undefined;
    if (isOutage || this.#parts.mode === 'always') this.#spill.slice();
    if (isOutage || this.#stored.hasUnread) this.#memory.letGo();
  }

  // Adoption

  /** The journal of an older run of the same instance is sent before everything of this run. */
  adopt(journal: Journal, isInherited: boolean): void {
    const { counters } = this.#parts;
    if (isInherited) counters.inherit(journal.unfinished);
    else {
      counters.add('recovered', journal.unfinished);
      counters.add('spooled', journal.unfinished);
    }
    this.#adopted.add(journal);
    // Its entries are sent before the units in memory.
    this.#memory.letGo();
  }

  /** While this predecessor may still live, nothing behind its records is sent. */
  waitFor(predecessor: string | undefined): void {
    this.#stored.predecessor = predecessor;
    if (predecessor !== undefined) this.#spillIfDue();
  }

  get journals(): readonly Journal[] {
    return this.#adopted.all;
  }

  /** Sends nothing new. Resolves when no unit is in flight. */
  pause(): Promise<void> {
    this.#isPaused = true;
    return this.#used.idle();
  }

  /**
   * A directory of this run belongs to another process now, which sends its records. They stay counted as spooled, and
   * are not sent from memory. Units in flight may arrive twice. If the directory was deleted, records that were only in
   * it are lost. Returns how many.
   */
  evicted(directory: string, own: OwnJournal | undefined, isGone: boolean): number {
    const lost = this.journals.filter((journal) => journal.directory === directory);
    let units = [...this.#used.inFlight];
    if (this.#own !== undefined && this.#own.journal !== own?.journal) {
      lost.push(this.#own.journal);
      this.#spill.own = own === undefined ? undefined : { journal: own.journal, writer: own.writer };
      // No other process has the deleted records. So their copies in memory are sent.
      if (isGone) units = units.concat([...this.#memory]);
      else this.#memory.letGo();
      this.#memory.forgetDisk();
    }
    const isLost = ({ disk }: Unit) => disk !== undefined && lost.includes(disk.journal);
    if (isGone) units = units.concat(this.#used.next);
    else this.#used.giveAway(isLost);
    let records = lost.reduce((sum, { unfinished }) => sum + unfinished, 0);
    for (const journal of lost) this.release(journal);
    this.#parts.sequenceIds?.givenAway(units.filter(isLost));
    for (const unit of units) {
      if (!isLost(unit)) continue;
      // This process sends it, so it counts as pending again.
      this.#parts.counters.add('spooled', -unit.batch.count);
      records -= unit.batch.count;
      unit.disk = undefined;
    }
    if (!isGone) return 0;
    this.#parts.counters.add('spooled', -records);
    this.#parts.onDropped('damaged', records);
    this.#look();
    return records;
  }

  /** Forgets an adopted journal without a change on disk, because it belongs to another process now. */
  release(journal: Journal): void {
    this.#adopted.forget(journal);
    this.#stored.forget(journal);
    journal.close();
  }

  // Sending

  next(): Next {
    const first = this.#used.takeNext();
    if (first !== undefined) return this.#send(first);
    if (this.#isPaused) return { kind: 'none' };
    const read = this.#read();
    if (read.kind === 'units') return this.next();
    if (read.kind !== 'empty') return read;
    const unit = this.#memory.shift();
    if (unit === undefined) return { kind: 'none' };
    if (unit.disk !== undefined) {
      unit.disk.journal.moveCursor(unit.disk, 'behind');
      unit.disk.journal.pin(unit.disk);
    }
    return this.#send(unit);
  }

  #send(unit: Unit): Next {
    const failure = this.#parts.sequenceIds?.give(unit);
    if (failure !== undefined) {
      this.#used.putBack(unit);
      this.#spill.rest(failure);
      return failure;
    }
    this.#used.inFlight.add(unit);
    return { kind: 'unit', unit };
  }

  /** Reads the next unit while one is in flight, so that no request waits for the disk. */
  prefetch(): void {
    const isBusy = this.#used.inFlight.size > 0 && this.#used.next.length === 0;
    if (isBusy && !this.#isPaused) this.#read();
  }

  #read(): Read {
    const read = this.#stored.read(() => this.#parts.mayRead(this.#inMemory > this.#memory.length));
    if (read.kind === 'units') this.#used.putFirst(read.units);
    return read;
  }

  // Outcomes

  /** An attempt failed, and will be made again. */
  failed(): void {
    this.#failures += 1;
    // Appends all batches, not only new ones: a process that is killed in an outage should not lose those in memory.
    if (this.#failures === OUTAGE_FAILURES) this.#spillIfDue();
  }

  /** All records of a unit in flight are finished. Dead-letter lines have been written before. */
  finish(unit: Unit, how: Finish): void {
    if (how === 'delivered') this.#failures = 0;
    this.#finished.all(unit, how);
    this.#used.end(unit);
    if (how === 'delivered') unit.disk?.journal.releaseBody(unit.batch.body);
    this.#trimJournal(unit);
    this.#look();
  }

  /**
   * Cuts a unit in flight into halves, which are sent next. If the disk refuses the cut, cuts nothing and returns why.
   * @throws if its records cannot be read
   */
  cut(unit: Unit): DiskFailure | undefined {
    const at = Math.ceil(unit.batch.count / 2);
    const parts = cutUnit(unit, at, this.#parts.reframing);
    const failure = unit.disk?.journal.cut(unit.disk, indexOf(unit, at));
    if (failure !== undefined) {
      this.#spill.rest(failure);
      if (this.#parts.sequenceIds !== undefined || holdsCut(unit, failure)) return failure;
    }
    this.#used.end(unit, parts);
    return undefined;
  }

  /**
   * Separates the records of a unit in flight whose time the service refuses. Returns them as a batch for dead letters,
   * and a function to call when that batch is in the file: it rejects them, and sends the other records next.
   * @throws if its records cannot be read
   */
  partition(unit: Unit, isTaken: (log: Buffer) => boolean): { rejected: Unit | undefined; reject: () => void } {
    const { opened, passed, others } = partition(unit, isTaken);
    const { reframing } = this.#parts;
    if (others.length === 0) return { rejected: undefined, reject: () => {} };
    const rejected = partUnit(unit, opened, others, reframing);
    return {
      rejected,
      reject: () => {
        const kept = passed.length === 0 ? [] : [partUnit(unit, opened, passed, reframing)];
        this.#finished.some(unit, others, 'rejected');
        this.#used.end(unit, kept);
        this.#trimJournal(unit);
        this.#look();
      },
    };
  }

  #trimJournal({ disk }: Unit): void {
    if (disk === undefined) return;
    if (disk.journal === this.#own?.journal) this.#own.writer.trim();
    else this.#drain(disk.journal);
  }

  /** Removes an adopted journal if all of it is finished. Returns whether it was. */
  #drain(journal: Journal): boolean {
    if (!this.#adopted.removeIfFinished(journal)) return false;
    this.#look();
    return true;
  }

  // Memory and disk

  /** Appends every batch, up to the first failure. It may take long: for the end of the process. */
  spill(): void {
    this.#spill.all();
  }

  /** Deletes a segment of the own journal to make room. Its records are lost, and so are their copies in memory. */
  evict(segment: Segment): void {
    this.#memory.dropSegment(segment);
    const records = this.#own!.journal.drop(segment);
    const first = this.#memory.first?.disk;
    if (first !== undefined) this.#own!.journal.moveCursor(first, 'to');
    this.#parts.counters.add('spooled', -records);
    this.#parts.onDropped('spool', records);
    this.#look();
  }

  /** Memory is full: moves batches to disk. */
  makeRoom(): void {
    this.#spill.slice();
    this.#memory.letGo();
  }

  /** Drops the oldest batch that is in memory only and not in flight. Returns its records; 0 if there is none. */
  dropOldest(): number {
    const unit = this.#memory.dropOldest();
    if (unit === undefined) return 0;
    this.#parts.onDropped('memory', unit.batch.count);
    this.#look();
    return unit.batch.count;
  }

  /** Tries again to write the batches and the progress that the disk has refused. */
  tend(): void {
    this.#spillIfDue();
    this.#adopted.retryRemovals();
    for (const failure of [...this.#adopted.retryProgress(), this.#own?.journal.retryProgress()]) {
      if (failure !== undefined) this.#spill.rest(failure);
    }
  }

  // The ends

  /** Resolves with true when all batches of now are finished, with false after `timeoutMs`. Keeps the process alive. */
  finished(timeoutMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    const below = this.#nextSequence;
    if (this.#oldestSequence() >= below) return Promise.resolve(true);
    return this.#waiters.wait(below, timeoutMs);
  }

  /** Called when records are finished: resolves the flushes whose records are finished too. */
  #look(): void {
    this.#used.lookIdle();
    this.#waiters.look(() => this.#oldestSequence());
  }

  /** Returns the number of the first unfinished batch; `ADOPTED` while records of other runs are left. */
  #oldestSequence(): number {
    if (this.#adopted.hasUnfinished) return ADOPTED;
    if (this.#stored.hasUnbuilt) return ADOPTED;
    const oldest = this.#used.oldestSequence(this.#nextSequence);
    if (this.#stored.hasUnread) return Math.min(oldest, this.#stored.firstSequence);
    return Math.min(oldest, this.#memory.first?.sequence ?? oldest);
  }

  /** The process ends: batches stay on disk. Returns how many records are lost because they are not on disk. */
  leave(): number {
    this.#spill.all();
    let lost = 0;
    for (const unit of [...this.#used.inFlight, ...this.#used.next, ...this.#memory]) {
      this.#parts.counters.add('pendingBytes', -bytesOf(unit));
      if (unit.disk !== undefined) continue;
      lost += unit.batch.count;
      this.#parts.onDropped('exit', unit.batch.count);
    }
    this.#forget();
    return lost;
  }

  /** This thread ends unexpectedly: appends batches. Another thread counts the records that are not on disk. */
  rescue(): void {
    this.#spill.all();
    this.#forget();
  }

  #forget(): void {
    this.#used.clear();
    this.#memory.clear();
    this.#adopted.close();
    this.#waiters.end();
  }
}
