// The sealed batches that have no fate yet, in memory and on disk.
//
// Takes: each batch when it is sealed, when attempts at it fail, when parts take its place, and when it has its fate.
// Gives: the batch or a placeholder of it, for the lane; the whole batch when it is to be sent; and a promise of the
// moment when all have their fate. Keeps: which there are, who waits for them, and what is counted for them. Never:
// sends, or decides a fate; lets go of a batch before it is somewhere else.
//
// When a batch goes to disk (`spool.mode`):
//   always     when it is sealed, before it is sent: a process that is killed loses the open batch, and no more
//   overflow   when attempts fail one after the other (and then every batch, until one is delivered), when memory is
//              full, and when the process ends

import type { Account, DropReason } from './account';
import type { SealedBatch } from './batch/sealed-batch';
import type { Clock } from './clock';
import type { DiskFailure } from './spool/disk';
import type { Loaded, Shelf } from './spool/shelf';

/** What is asked of the lane in which the batches stand. */
export interface LaneOfBatches {
  isInFlight(batch: SealedBatch): boolean;
  /** Puts another in a waiting batch's place. */
  replace(batch: SealedBatch, by: SealedBatch): void;
  /** Takes a waiting batch out. */
  remove(batch: SealedBatch): void;
}

export interface BacklogOptions {
  readonly account: Account;
  readonly clock: Clock;
  readonly lane: LaneOfBatches;
  readonly shelf: Shelf | undefined;
  readonly mode: 'overflow' | 'always';
  /** Told what could not be written or read. */
  readonly onDiskFailure: (failure: DiskFailure) => void;
  /** Counts records under the reason for which they are lost. */
  readonly drop: (reason: DropReason, records: number) => void;
  /** Told how many records had to give way to others on disk. */
  readonly onGaveWay: (records: number) => void;
}

interface Waiter {
  readonly left: Set<SealedBatch>;
  readonly done: (settled: boolean) => void;
}

/** In an outage a batch may stay open for so many times as long: see `patience`. */
const LONGEST_PATIENCE = 8;
/** Failures in a row that are an outage and not a slip. */
const OUTAGE_FAILURES = 2;
/** After a failure of the disk, so long until it is asked to make room again. */
const DISK_REST_MS = 1000;
/** What a batch costs beside its body. */
const OVERHEAD_BYTES = 512;

export class Backlog {
  readonly #options: BacklogOptions;
  readonly #batches = new Set<SealedBatch>();
  readonly #waiters = new Set<Waiter>();
  #records = 0;
  #failures = 0;
  #diskFailedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#batches.size;
  }

  /** The records in them. */
  get records(): number {
    return this.#records;
  }

  /** What the dead have left, in the order in which it is to be sent. */
  adopt(): SealedBatch[] {
    const adopted = this.#options.shelf?.adopt() ?? [];
    if (!Array.isArray(adopted)) {
      this.#diskFailed(adopted);
      return [];
    }
    for (const { placeholder, inherited } of adopted) {
      this.#enter(placeholder);
      if (inherited) continue;
      this.#options.account.add('recovered', placeholder.count);
      this.#options.account.add('spooled', placeholder.count);
    }
    return adopted.map(({ placeholder }) => placeholder);
  }

  /**
   * How many times as long as usual a batch may wait to become full. While nothing is delivered nobody waits for it, and
   * short ones would be many: a trickle of records in a day's outage, a hundred thousand files. Not where every batch is
   * to be on disk after `lingerMs`.
   */
  get patience(): number {
    if (this.#options.shelf !== undefined && this.#options.mode === 'always') return 1;
    return this.#isOutage() ? Math.min(LONGEST_PATIENCE, 2 ** (this.#failures - OUTAGE_FAILURES)) : 1;
  }

  /** A batch is sealed. Gives what is to stand in the lane for it. */
  add(batch: SealedBatch): SealedBatch {
    this.#enter(batch);
    if (this.#options.mode === 'always') {
      this.#keep(batch);
      return batch;
    }
    return this.#isOutage() && this.#keep(batch) ? this.#leaveOnDisk(batch) : batch;
  }

  load(batch: SealedBatch): Loaded {
    const loaded = this.#options.shelf?.load(batch) ?? { kind: 'batch', batch };
    if (loaded.kind === 'failed') this.#diskFailed(loaded);
    return loaded;
  }

  /** An attempt at the batch has failed. */
  failed(): void {
    this.#failures += 1;
    // Not only what comes from now on: a process that is killed in an outage should not lose what waits in it.
    if (this.#failures === OUTAGE_FAILURES) this.keepAll();
  }

  /** Parts have taken the batch's place in the lane. */
  halved(batch: SealedBatch, parts: readonly SealedBatch[]): void {
    for (const part of parts) this.#enter(part);
    for (const { left } of this.#waiters) {
      if (left.has(batch)) for (const part of parts) left.add(part);
    }
    // The parts first: killed in between, the records are there twice and not at all nowhere.
    if (this.#options.shelf?.has(batch)) {
      this.#uncount(batch);
      for (const part of parts) this.#keep(part);
    }
    this.#end(batch);
  }

  delivered(batch: SealedBatch): void {
    this.#failures = 0;
    this.#uncount(batch);
    this.#options.account.add('delivered', batch.count);
    this.#end(batch);
  }

  dropped(batch: SealedBatch, reason: DropReason): void {
    this.#uncount(batch);
    this.#options.drop(reason, batch.count);
    this.#end(batch);
  }

  /** Memory is full: what waits in it goes to disk. */
  makeRoom(): void {
    // Asked for every record while memory is full: a disk that has just failed is not asked again as often.
    if (this.#options.shelf !== undefined && !this.#diskRests()) this.keepAll();
  }

  /** The process ends: what is on disk stays there. Gives how many records there was no place for. */
  leave(batches: readonly SealedBatch[]): number {
    let lost = 0;
    for (const batch of batches) {
      if (this.#keep(batch)) this.#exit(batch);
      else {
        lost += batch.count;
        this.dropped(batch, 'exit');
      }
    }
    this.#options.shelf?.close();
    return lost;
  }

  /** This thread ends, and not in peace: what can go to disk does. What cannot is lost with it, and counted elsewhere. */
  rescue(): void {
    this.keepAll();
    this.#options.shelf?.close();
  }

  /**
   * Resolves with true when all batches of now have their fate, with false after `timeoutMs`. The process is kept alive
   * for it.
   */
  settled(timeoutMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    if (this.#batches.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const stopHolding = this.#options.clock.after(timeoutMs, true, () => waiter.done(false));
      const waiter: Waiter = {
        left: new Set(this.#batches),
        done: (settled) => {
          stopHolding();
          this.#waiters.delete(waiter);
          resolve(settled);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** Makes the directory, and says that this process lives. */
  open(): void {
    this.#report(this.#options.shelf?.open());
  }

  renew(): void {
    this.#report(this.#options.shelf?.renew());
  }

  #report(failure: DiskFailure | undefined): void {
    if (failure !== undefined) this.#diskFailed(failure);
  }

  #diskFailed(failure: DiskFailure): void {
    this.#diskFailedAtMs = this.#options.clock.monotonicMs();
    this.#options.onDiskFailure(failure);
  }

  #diskRests(): boolean {
    return this.#options.clock.monotonicMs() - this.#diskFailedAtMs < DISK_REST_MS;
  }

  #isOutage(): boolean {
    return this.#failures >= OUTAGE_FAILURES;
  }

  #enter(batch: SealedBatch): void {
    this.#batches.add(batch);
    this.#records += batch.count;
    this.#options.account.add('pendingBytes', heldBytes(batch));
  }

  /** Is not here any more, whatever became of it. */
  #exit(batch: SealedBatch): void {
    if (!this.#batches.delete(batch)) return;
    this.#records -= batch.count;
    this.#options.account.add('pendingBytes', -heldBytes(batch));
    for (const waiter of this.#waiters) {
      waiter.left.delete(batch);
      if (waiter.left.size === 0) waiter.done(true);
    }
  }

  /** Before its fate is counted: another thread may read in between, and a record with two fates would be one too many. */
  #uncount(batch: SealedBatch): void {
    if (this.#options.shelf?.has(batch)) this.#options.account.add('spooled', -batch.count);
  }

  #end(batch: SealedBatch): void {
    this.#report(this.#options.shelf?.remove(batch));
    this.#exit(batch);
  }

  /** Puts the batch on disk, if it is not there, and gives whether it is. */
  #keep(batch: SealedBatch): boolean {
    const { shelf, account, lane, onGaveWay } = this.#options;
    if (shelf === undefined) return false;
    if (shelf.has(batch)) return true;
    const kept = shelf.keep(batch, (other) => lane.isInFlight(other));
    if (kept.kind === 'failed') {
      this.#diskFailed(kept);
      return false;
    }
    account.add('spooled', batch.count);
    for (const other of kept.dropped) {
      account.add('spooled', -other.count);
      lane.remove(other);
      this.dropped(other, 'spool');
    }
    if (kept.dropped.length > 0) onGaveWay(kept.dropped.reduce((sum, { count }) => sum + count, 0));
    return true;
  }

  /** Every batch to disk, and those that are not being sent out of memory. */
  keepAll(): void {
    for (const batch of [...this.#batches]) {
      // One that had to give way to another is not here any more.
      if (!this.#batches.has(batch) || !this.#keep(batch)) continue;
      if (batch.body.length > 0 && !this.#options.lane.isInFlight(batch)) {
        this.#options.lane.replace(batch, this.#leaveOnDisk(batch));
      }
    }
  }

  /** Lets go of the batch's body. */
  #leaveOnDisk(batch: SealedBatch): SealedBatch {
    const placeholder = this.#options.shelf!.placeholder(batch);
    this.#enter(placeholder);
    for (const { left } of this.#waiters) if (left.has(batch)) left.add(placeholder);
    this.#exit(batch);
    return placeholder;
  }
}

function heldBytes(batch: SealedBatch): number {
  return batch.body.length + OVERHEAD_BYTES;
}
