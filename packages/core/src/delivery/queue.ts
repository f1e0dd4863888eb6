// The queue of one hash key: the single owner of each sealed batch that is not finished, in memory or on disk.
//
// Order: units in flight; parts of units that were cut; entries on disk without an object (journals of older runs, then the
// own one, from its cursor on); units in memory. Invariants:
//
//   1. A batch is appended only if every older batch of the queue is on disk or finished: the ones in flight first, and
//      never past a failure. So what a later process finds is in order, with nothing missing in between.
//   2. The units in memory that are also on disk are the first ones; the own cursor is on the first of them.
//   3. Memory holds units in use and batches that are in no file; entries on disk cost nothing.
//
// When batches go to disk (`spool.mode`):
//   always     when they are sealed, before they are sent
//   overflow   after two failed attempts in a row (until one is delivered), while a predecessor may still run, when memory
//              is full, and at the end of the process

import type { Account, DropReason } from '../account';
import { joined, type Reframing, sequenceOf } from '../batch/parts';
import type { SealedBatch } from '../batch/sealed-batch';
import type { Clock } from '../clock';
import { messageOf } from '../errors';
import type { DiskFailure } from '../spool/disk';
import { batchOf } from '../spool/format';
import type { Journal } from '../spool/journal';
import type { JoinLimits, Taken } from '../spool/journal-cursor';
import type { JournalWriter } from '../spool/journal-writer';
import type { Finish } from '../spool/progress';
import type { Segment } from '../spool/segment';
import { Deque } from './deque';
import {
  ADOPTED,
  cutUnit,
  diskUnit,
  indexOf,
  partition,
  partUnit,
  remainingUnits,
  sealedUnit,
  type Unit,
} from './unit';

export interface QueueParts {
  readonly account: Account;
  readonly clock: Clock;
  readonly reframing: Reframing;
  readonly mode: 'overflow' | 'always';
  /** How far small batches that were never sent are joined; nothing if several units are in flight at a time. */
  readonly joinLimits: () => JoinLimits | undefined;
  /** Whether another unit may be read from disk into memory, while units are in use or none is. */
  readonly mayRead: (inUse: boolean) => boolean;
  /** Called before something is written: after a pause, the directory may be another process's. */
  readonly beforeDisk: () => void;
  readonly onDiskFailure: (failure: DiskFailure) => void;
  readonly onDropped: (reason: DropReason, records: number) => void;
  /** All of an adopted journal is finished. */
  readonly onDrained: (journal: Journal) => void;
}

/** The journal of this run. */
export interface OwnJournal {
  readonly journal: Journal;
  readonly writer: JournalWriter;
}

type Read = 'read' | 'empty' | { readonly kind: 'none' } | DiskFailure;

export type Next = { readonly kind: 'unit'; readonly unit: Unit } | { readonly kind: 'none' } | DiskFailure;

/** Failures in a row that are an outage and not a slip. */
const OUTAGE_FAILURES = 2;
/** After a failure of the disk, so long until batches are appended again. */
const DISK_REST_MS = 1000;
/** So much is appended in one turn of the loop: a few milliseconds. */
const SLICE_BATCHES = 256;
const SLICE_BYTES = 4 * 1024 * 1024;
/** What a unit costs beside its body. */
const OVERHEAD_BYTES = 512;
/** On a full disk a part is sent after so many tries to write its cut down: delivery is what makes room. */
const CUT_TRIES = 3;

interface Waiter {
  /** Waits until every batch with a lower number is finished. */
  readonly below: number;
  readonly done: (isFinished: boolean) => void;
}

export class DeliveryQueue {
  readonly #parts: QueueParts;
  #own: OwnJournal | undefined;
  readonly #inFlight = new Set<Unit>();
  /** In front of all that is not in flight. */
  #cut: Unit[] = [];
  /** Journals of older runs, the oldest first. */
  readonly #adopted: Journal[] = [];
  /** Finished, with files that the disk has not removed: opened again, all of it would be sent again. */
  #toRemove: Journal[] = [];
  readonly #memory = new Deque<Unit>();
  /** How many of the first units in memory are also on disk. */
  #onDisk = 0;
  /** Read, and not made a unit yet: its codec cannot be loaded. */
  #unbuilt: Extract<Taken, { kind: 'unit' }> | undefined;
  #predecessor: string | undefined;
  #isPaused = false;
  #isSpillScheduled = false;
  #onIdle: (() => void) | undefined;
  #failures = 0;
  #restsUntilMs = Number.NEGATIVE_INFINITY;
  #nextSequence = 1;
  readonly #waiters = new Set<Waiter>();

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** The own journal, once there is a spool. The queue of another instance has none. */
  useSpool({ journal, writer }: OwnJournal): void {
    this.#own = { journal, writer };
    this.#spillIfDue();
  }

  /** Whether everything is finished. */
  get isEmpty(): boolean {
    return this.#inMemory === 0 && !this.#hasRecordsOnDisk;
  }

  get #inMemory(): number {
    return this.#inFlight.size + this.#cut.length + this.#memory.length + (this.#unbuilt === undefined ? 0 : 1);
  }

  get #hasRecordsOnDisk(): boolean {
    return (this.#own?.journal.unfinished ?? 0) > 0 || this.#adopted.some(({ unfinished }) => unfinished > 0);
  }

  get isOutage(): boolean {
    return this.#failures >= OUTAGE_FAILURES;
  }

  /** A batch was sealed. */
  push(batch: SealedBatch): void {
    const sequence = sequenceOf(batch.packId, false);
    this.#nextSequence = sequence + 1;
    const unit = sealedUnit(batch, sequence);
    this.#hold(unit);
    this.#memory.push(unit);
    this.#spillIfDue();
  }

  /** Appends what has to be on disk now; bodies leave memory, except where they are sent at once. */
  #spillIfDue(): void {
    const isOutage = this.isOutage || this.#predecessor !== undefined;
    if (isOutage || this.#parts.mode === 'always') this.#spillSlice();
    if (isOutage || this.#hasUnread) this.#letGo();
  }

  // adoption

  /** The journal of an older run of the same instance is sent before everything of this run. */
  adopt(journal: Journal, isInherited: boolean): void {
    const { account } = this.#parts;
    if (isInherited) account.inherit(journal.unfinished);
    else {
      account.add('recovered', journal.unfinished);
      account.add('spooled', journal.unfinished);
    }
    // They come in order, mostly: of ten thousand, each is put at the end without a search.
    const before = this.#adopted.findLastIndex(({ text }) => text.run <= journal.text.run);
    this.#adopted.splice(before + 1, 0, journal);
    // What is read next stands in front of what is in memory.
    this.#letGo();
  }

  /** While this run may still live, nothing that comes behind its records is sent. */
  waitFor(predecessor: string | undefined): void {
    this.#predecessor = predecessor;
    if (predecessor !== undefined) this.#spillIfDue();
  }

  get journals(): readonly Journal[] {
    return [...this.#adopted, ...this.#toRemove];
  }

  /** Sends nothing new; resolves when no unit is in flight. */
  pause(): Promise<void> {
    this.#isPaused = true;
    if (this.#inFlight.size + this.#cut.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  resume(): void {
    this.#isPaused = false;
  }

  /**
   * A directory of this run is another process's, which sends what is in it: it stays counted as spooled, and so is not
   * sent from memory. Units in flight may arrive twice. If the directory was deleted, the records that were only there
   * are lost: returns how many.
   */
  evicted(directory: string, own: OwnJournal | undefined, isGone: boolean): number {
    const lost = this.journals.filter((journal) => journal.directory === directory);
    let units = [...this.#inFlight];
    if (this.#own !== undefined && this.#own.journal !== own?.journal) {
      lost.push(this.#own.journal);
      this.#own = own === undefined ? undefined : { journal: own.journal, writer: own.writer };
      // Nobody else has what was deleted, so the copies in memory are sent.
      if (isGone) units = units.concat([...this.#memory]);
      else this.#letGo();
      this.#onDisk = 0;
    }
    const isLost = ({ disk }: Unit) => disk !== undefined && lost.includes(disk.journal);
    if (isGone) units = units.concat(this.#cut);
    else {
      // Not sent yet: the other process sends them, in the same parts.
      for (const unit of this.#cut) if (isLost(unit)) this.#release(unit);
      this.#cut = this.#cut.filter((unit) => !isLost(unit));
    }
    let records = lost.reduce((sum, { unfinished }) => sum + unfinished, 0);
    for (const journal of lost) this.release(journal);
    for (const unit of units) {
      if (!isLost(unit)) continue;
      // It has its attempts here, so it is pending here again.
      this.#parts.account.add('spooled', -unit.batch.count);
      records -= unit.batch.count;
      unit.disk = undefined;
    }
    if (!isGone) return 0;
    this.#parts.account.add('spooled', -records);
    this.#parts.onDropped('damaged', records);
    this.#look();
    return records;
  }

  /** Forgets an adopted journal, without a change on disk: another process gets it. */
  release(journal: Journal): void {
    const at = this.#adopted.indexOf(journal);
    if (at !== -1) this.#adopted.splice(at, 1);
    this.#toRemove = this.#toRemove.filter((each) => each !== journal);
    if (this.#unbuilt?.unit.journal === journal) this.#unbuilt = undefined;
    journal.close();
  }

  // sending

  next(): Next {
    const cut = this.#cut.shift();
    if (cut !== undefined) return this.#send(cut);
    if (this.#isPaused) return { kind: 'none' };
    const read = this.#read();
    if (read === 'read') return this.next();
    if (read !== 'empty') return read;
    const unit = this.#memory.shift();
    if (unit === undefined) return { kind: 'none' };
    if (unit.disk !== undefined) {
      this.#onDisk -= 1;
      unit.disk.journal.moveCursor(unit.disk, 'behind');
      unit.disk.journal.pin(unit.disk);
    }
    return this.#send(unit);
  }

  #send(unit: Unit): Next {
    this.#inFlight.add(unit);
    return { kind: 'unit', unit };
  }

  /** Reads the next unit while one is in flight: then the disk takes no time between two requests. */
  prefetch(): void {
    if (this.#inFlight.size > 0 && this.#cut.length === 0 && !this.#isPaused) this.#read();
  }

  /** Reads the next unit from disk; `empty` if no entry is left in front of the units in memory. */
  #read(): Read {
    if (this.#unbuilt !== undefined) return this.#build(this.#unbuilt);
    if (!this.#hasUnread && this.#predecessor === undefined) return 'empty';
    if (!this.#parts.mayRead(this.#inMemory > this.#memory.length)) return { kind: 'none' };
    let at = 0;
    for (let journal = this.#adopted[at]; journal !== undefined; journal = this.#adopted[at]) {
      if (this.#predecessor !== undefined && journal.text.run > this.#predecessor) return { kind: 'none' };
      const taken = journal.next(this.#parts.joinLimits());
      if (taken.kind === 'unit') return this.#build(taken);
      if (taken.kind === 'failed') return this.#readFailed(taken);
      // All of it is in flight, or finished. In order, nothing else is sent before the former is.
      if (this.#drain(journal)) continue;
      at += 1;
      if (this.#parts.joinLimits() !== undefined || !journal.isRead) return taken;
    }
    if (this.#predecessor !== undefined) return { kind: 'none' };
    if (this.#own === undefined) return 'empty';
    const taken = this.#own.journal.next(this.#parts.joinLimits(), this.#memory.at(0)?.disk);
    if (taken.kind === 'unit') return this.#build(taken);
    if (taken.kind === 'failed') return this.#readFailed(taken);
    // Too many units are finished in front of one that is not: their progress must not grow without end.
    return this.#own.journal.isAt(this.#memory.at(0)?.disk) ? 'empty' : taken;
  }

  #readFailed(failure: DiskFailure): DiskFailure {
    // Node adds the files that led to a module it does not find, a line for each.
    const [message = ''] = failure.message.split('\n', 1);
    this.#parts.onDiskFailure({ ...failure, message });
    return failure;
  }

  /** Makes the unit, or its parts if it was cut before. They are sent next. */
  #build(taken: Extract<Taken, { kind: 'unit' }>): Read {
    const { unit: disk, entries } = taken;
    const { hashKey, run } = disk.journal.text;
    const first = entries[0]!.entry;
    const isOwn = run === this.#own?.journal.text.run;
    const sequence = isOwn ? sequenceOf(first.packId, first.isPart) : ADOPTED;
    let units: Unit[];
    try {
      const batches = entries.map(({ entry, body }) => batchOf(entry, hashKey, body));
      const isJoined = batches.length > 1;
      const batch = isJoined ? joined(batches, this.#parts.reframing) : batches[0]!;
      const { firstIndex } = first;
      const whole = diskUnit(batch, disk, { isPart: isJoined || first.isPart, firstIndex }, sequence);
      units = remainingUnits(whole, disk, this.#parts.reframing);
    } catch (error) {
      this.#unbuilt = taken;
      return this.#readFailed({ kind: 'failed', code: 'UNREADABLE', message: messageOf(error) });
    }
    this.#unbuilt = undefined;
    for (const unit of units.slice(1)) disk.journal.pin(unit.disk!);
    if (units.length === 0) disk.journal.unpin(disk);
    for (const unit of units) this.#hold(unit);
    this.#cut = [...units, ...this.#cut];
    return 'read';
  }

  // outcomes

  /** An attempt failed, and is made again. */
  failed(): void {
    this.#failures += 1;
    // Not only what comes from now on: a process that is killed in an outage should not lose what it has in memory.
    if (this.#failures === OUTAGE_FAILURES) this.#spillIfDue();
  }

  /** All records of a unit in flight are finished. Dead-letter lines have been written before. */
  finish(unit: Unit, how: Finish): void {
    if (how === 'delivered') this.#failures = 0;
    this.#inFlight.delete(unit);
    this.#finishRecords(unit, unit.from, unit.to, unit.batch.count, how);
    this.#release(unit);
    unit.disk?.journal.unpin(unit.disk);
    this.#settleJournal(unit);
    this.#look();
  }

  /**
   * Cuts a unit in flight into two halves, which are sent next. Returns what the disk refused: then the unit stays whole.
   * @throws if its records cannot be read
   */
  cut(unit: Unit): DiskFailure | undefined {
    const at = Math.ceil(unit.batch.count / 2);
    const parts = cutUnit(unit, at, this.#parts.reframing);
    const failure = unit.disk?.journal.cut(unit.disk, indexOf(unit, at));
    if (failure !== undefined) {
      this.#diskFailed(failure);
      unit.failedCuts += 1;
      if (failure.code !== 'ENOSPC' || unit.failedCuts < CUT_TRIES) return failure;
    }
    this.#replace(unit, parts);
    return undefined;
  }

  /**
   * Rejects records of a unit in flight for their time; the others are sent next. Returns the rejected ones as a batch,
   * for the dead-letter file, and what is called when they are in it.
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
        for (let i = 0; i < others.length; ) {
          let end = i + 1;
          while (end < others.length && indexOf(unit, others[end]!) === indexOf(unit, others[end - 1]!) + 1) end += 1;
          this.#finishRecords(
            unit,
            indexOf(unit, others[i]!),
            indexOf(unit, others[end - 1]!) + 1,
            end - i,
            'rejected',
          );
          i = end;
        }
        this.#replace(unit, kept);
        this.#settleJournal(unit);
        this.#look();
      },
    };
  }

  #replace(unit: Unit, parts: readonly Unit[]): void {
    this.#inFlight.delete(unit);
    for (const part of parts) {
      this.#hold(part);
      part.disk?.journal.pin(part.disk);
    }
    this.#release(unit);
    unit.disk?.journal.unpin(unit.disk);
    this.#cut = [...parts, ...this.#cut];
  }

  /** Progress before counters: another thread may read in between, and `spooled` must not name what is finished. */
  #finishRecords(unit: Unit, from: number, to: number, count: number, how: Finish): void {
    const { account } = this.#parts;
    let records = count;
    if (unit.disk !== undefined) {
      const finished = unit.disk.journal.finish(unit.disk, from, to, how);
      if (finished.failure !== undefined) this.#diskFailed(finished.failure);
      ({ records } = finished);
      account.add('spooled', -records);
    }
    if (how === 'delivered') account.add('delivered', records);
    else this.#parts.onDropped(how, records);
  }

  #settleJournal({ disk }: Unit): void {
    if (disk === undefined) return;
    if (disk.journal === this.#own?.journal) this.#own.writer.trim();
    else this.#drain(disk.journal);
  }

  /** Removes an adopted journal if all of it is finished. Returns whether it was. */
  #drain(journal: Journal): boolean {
    if (journal.unfinished > 0 || !journal.isRead || journal.isInUse) return false;
    if (journal.lookAgain()) return false;
    const at = this.#adopted.indexOf(journal);
    if (at === -1) return false;
    this.#adopted.splice(at, 1);
    this.#remove(journal);
    this.#look();
    return true;
  }

  #remove(journal: Journal): void {
    if (journal.remove()) this.#parts.onDrained(journal);
    else this.#toRemove.push(journal);
  }

  // memory and disk

  /** Puts every batch on disk, the oldest first, up to the first failure. For the ends: it may take long. */
  spill(): void {
    this.#spill(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** As `spill`, and after some batches goes on in a later turn of the loop: others must not wait for all of them. */
  #spillSlice(): void {
    if (this.#spill(SLICE_BATCHES, SLICE_BYTES) || this.#isSpillScheduled) return;
    this.#isSpillScheduled = true;
    this.#parts.clock.after(0, false, () => {
      this.#isSpillScheduled = false;
      this.#spillSlice();
      this.#letGo();
    });
  }

  /** Returns whether there is nothing more to do now: all is on disk, or the disk failed. */
  #spill(maxBatches: number, maxBytes: number): boolean {
    const { clock, beforeDisk } = this.#parts;
    if (this.#own === undefined || clock.monotonicMs() < this.#restsUntilMs) return true;
    beforeDisk();
    for (const unit of this.#inFlight) if (!this.#append(unit, true)) return true;
    for (const unit of this.#cut) if (!this.#append(unit, false)) return true;
    let [batches, bytes] = [0, 0];
    for (let unit = this.#memory.at(this.#onDisk); unit !== undefined; unit = this.#memory.at(this.#onDisk)) {
      if (batches >= maxBatches || bytes >= maxBytes) return false;
      if (!this.#append(unit, false)) return true;
      this.#onDisk += 1;
      batches += 1;
      bytes += unit.batch.body.length;
    }
    return true;
  }

  #append(unit: Unit, isInFlight: boolean): boolean {
    if (unit.disk !== undefined) return true;
    const { journal, writer } = this.#own!;
    const { firstIndex, isPart, batch } = unit;
    const inUse = unit !== this.#memory.at(this.#onDisk);
    const appended = writer.append(batch, { firstIndex, isPart, mayBeSent: isInFlight });
    if (appended.kind === 'failed') {
      this.#diskFailed(appended);
      return false;
    }
    unit.disk = appended.unit;
    unit.from = 0;
    unit.to = batch.count;
    unit.indexes = undefined;
    this.#parts.account.add('spooled', batch.count);
    if (!inUse) return true;
    journal.pin(appended.unit);
    // After an eviction, older entries of the own journal can be unread while this unit is in flight.
    journal.passOver(appended.unit);
    return true;
  }

  /** A segment of the own journal gives way: its records are lost, and so are the copies of them in memory. */
  evict(segment: Segment): void {
    // Not only the first ones: a segment before it may be kept by a unit in flight.
    const kept: Unit[] = [];
    for (; this.#onDisk > 0; this.#onDisk -= 1) {
      const unit = this.#memory.shift()!;
      if (unit.disk?.segment === segment) this.#release(unit);
      else kept.push(unit);
    }
    for (const unit of kept.reverse()) this.#memory.unshift(unit);
    this.#onDisk = kept.length;
    const records = this.#own!.journal.drop(segment);
    const first = this.#memory.at(0)?.disk;
    if (first !== undefined) this.#own!.journal.moveCursor(first, 'to');
    this.#parts.account.add('spooled', -records);
    this.#parts.onDropped('spool', records);
    this.#look();
  }

  /** Memory is full: batches go to disk, and out of memory. */
  makeRoom(): void {
    this.#spillSlice();
    this.#letGo();
  }

  /** Drops the oldest batch that is in memory only and not in flight. Returns its records; 0 if there is none. */
  dropOldest(): number {
    this.#letGo();
    const unit = this.#memory.shift();
    if (unit === undefined) return 0;
    const { count } = unit.batch;
    this.#release(unit);
    this.#parts.onDropped('memory', count);
    this.#look();
    return count;
  }

  /** Units that are also on disk leave memory; they are read again when it is their turn. */
  #letGo(): void {
    for (; this.#onDisk > 0; this.#onDisk -= 1) this.#release(this.#memory.shift()!);
  }

  /** Whether entries on disk come before the units in memory. */
  get #hasUnread(): boolean {
    if (this.#adopted.length > 0) return true;
    const journal = this.#own?.journal;
    return journal !== undefined && !journal.isAt(this.#memory.at(0)?.disk);
  }

  #hold({ batch }: Unit): void {
    this.#parts.account.add('pendingBytes', batch.body.length + OVERHEAD_BYTES);
  }

  #release({ batch }: Unit): void {
    this.#parts.account.add('pendingBytes', -batch.body.length - OVERHEAD_BYTES);
  }

  #diskFailed(failure: DiskFailure): void {
    this.#restsUntilMs = this.#parts.clock.monotonicMs() + DISK_REST_MS;
    this.#parts.onDiskFailure(failure);
  }

  /** What the disk refused, of batches and of progress, is tried again. */
  tend(): void {
    this.#spillIfDue();
    for (const journal of this.#toRemove.splice(0)) this.#remove(journal);
    for (const journal of this.#own === undefined ? this.#adopted : [...this.#adopted, this.#own.journal]) {
      const failure = journal.retryProgress();
      if (failure !== undefined) this.#diskFailed(failure);
    }
  }

  // the ends

  /**
   * Resolves with true when every batch that is in the queue now is finished, with false after `timeoutMs`. The process
   * is kept alive for it.
   */
  finished(timeoutMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    const below = this.#nextSequence;
    if (this.#oldestSequence() >= below) return Promise.resolve(true);
    return new Promise((resolve) => {
      const stopHolding = this.#parts.clock.after(timeoutMs, true, () => waiter.done(false));
      const waiter: Waiter = {
        below,
        done: (isFinished) => {
          stopHolding();
          this.#waiters.delete(waiter);
          resolve(isFinished);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** Those who wait look again. */
  #look(): void {
    if (this.#onIdle !== undefined && this.#inFlight.size + this.#cut.length === 0) {
      this.#onIdle();
      this.#onIdle = undefined;
    }
    if (this.#waiters.size === 0) return;
    const oldest = this.#oldestSequence();
    for (const waiter of this.#waiters) if (oldest >= waiter.below) waiter.done(true);
  }

  /** The number of the first batch that is not finished; `ADOPTED` while other runs' records are left. */
  #oldestSequence(): number {
    if (this.#adopted.some(({ unfinished }) => unfinished > 0)) return ADOPTED;
    let oldest = this.#nextSequence;
    for (const { sequence } of this.#inFlight) oldest = Math.min(oldest, sequence);
    for (const { sequence } of this.#cut) oldest = Math.min(oldest, sequence);
    if (this.#unbuilt !== undefined) return ADOPTED;
    if (this.#hasUnread) {
      const entry = this.#own!.journal.peek();
      // An entry that cannot be read now is not finished, and may be the oldest.
      return entry === undefined ? ADOPTED : Math.min(oldest, sequenceOf(entry.packId, entry.isPart));
    }
    return Math.min(oldest, this.#memory.at(0)?.sequence ?? oldest);
  }

  /** The process ends: batches on disk stay there. Returns how many records there was no place for. */
  leave(): number {
    this.#restsUntilMs = Number.NEGATIVE_INFINITY;
    this.spill();
    let lost = 0;
    for (const unit of [...this.#inFlight, ...this.#cut, ...this.#memory]) {
      this.#release(unit);
      if (unit.disk !== undefined) continue;
      lost += unit.batch.count;
      this.#parts.onDropped('exit', unit.batch.count);
    }
    this.#forget();
    return lost;
  }

  /** This thread ends unexpectedly: batches go to disk. Another thread counts the records that cannot. */
  rescue(): void {
    this.#restsUntilMs = Number.NEGATIVE_INFINITY;
    this.spill();
    this.#forget();
  }

  #forget(): void {
    this.#inFlight.clear();
    this.#cut = [];
    while (this.#memory.shift() !== undefined);
    this.#onDisk = 0;
    for (const journal of this.#adopted) journal.close();
    for (const waiter of this.#waiters) waiter.done(false);
  }
}
