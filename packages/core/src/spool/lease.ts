// The lease of this run: it renews the owner file with each heartbeat, and measures time by these renewals.
//
// There are three clocks: our monotonic clock, our wall clock, and the clock of the file system, which on a network
// volume is the server's. Only the file system's clock is the same for other machines. It is read from the time of our
// own owner file.

import { join } from 'node:path';
import type { Clock } from '../runtime/clock';
import type { Disk, DiskFailure } from './disk';
import { ownerName } from './names';
import { createOwner, type OwnerRecord, rewriteOwner } from './owner-file';

export interface LeaseOptions {
  readonly disk: Disk;
  readonly root: string;
  readonly clock: Clock;
  /** The record without what a renewal changes. */
  readonly owner: Omit<OwnerRecord, 'beat' | 'socket'>;
}

interface Renewal {
  readonly monotonicMs: number;
  readonly wallMs: number;
  readonly mtimeMs: number;
}

export class Lease {
  /** Renewals that changed only the file's time, because the disk refused the bytes. */
  timeOnlyRenewals = 0;
  /** Whether the run listens on its socket. The next renewal writes it into the owner file. */
  socket = false;

  readonly #options: LeaseOptions;
  readonly #path: string;
  #beat = 0;
  #renewed: Renewal | undefined;
  /** The end of the last attempt to renew. */
  #attemptedMs: number | undefined;
  #steadyFromMs = Number.NEGATIVE_INFINITY;
  #agesFromMs = Number.NEGATIVE_INFINITY;
  #lapsed = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#path = join(options.root, ownerName(options.owner.run));
  }

  open(): DiskFailure | undefined {
    this.#attemptedMs = this.#options.clock.monotonicMs();
    const { disk } = this.#options;
    let failure = createOwner(disk, this.#path, this.#record());
    // An earlier try made the file, on a disk that was full then.
    if (failure?.code === 'EEXIST') failure = rewriteOwner(disk, this.#path, this.#record());
    failure ??= this.#noteRenewal();
    this.#noteAttempt();
    return failure;
  }

  /** Rewrites the owner file with the next beat. If it fails, the lease runs on towards its end. */
  renew(): DiskFailure | undefined {
    const { disk } = this.#options;
    this.#beat += 1;
    const record = this.#record();
    let failure = rewriteOwner(disk, this.#path, record);
    if (failure?.code === 'ENOENT') failure = createOwner(disk, this.#path, record);
    // btrfs and zfs can need space even for a rewrite in place.
    if (failure !== undefined && this.#renewTime()) failure = undefined;
    failure ??= this.#noteRenewal();
    this.#noteAttempt();
    return failure;
  }

  /**
   * Sets the file's time to the present time of the file system's clock: the time of the last renewal, plus what has
   * passed on our monotonic clock. Our wall clock may differ so much that others would count this run as dead.
   */
  #renewTime(): boolean {
    const { disk, clock } = this.#options;
    const renewed = this.#renewed;
    if (renewed === undefined) return false;
    const seconds = (renewed.mtimeMs + clock.monotonicMs() - renewed.monotonicMs) / 1000;
    if (disk.attempt(() => disk.fs.utimesSync(this.#path, seconds, seconds)) !== undefined) return false;
    this.timeOnlyRenewals += 1;
    return true;
  }

  #noteRenewal(): DiskFailure | undefined {
    const { disk, clock, owner } = this.#options;
    return disk.attempt(() => {
      // The time is read after the file was closed, because NFS shows the server's time only then.
      const { mtimeMs } = disk.fs.lstatSync(this.#path);
      const monotonicMs = clock.monotonicMs();
      const before = this.#renewed;
      if (before !== undefined && this.sinceRenewalMs > owner.leaseMs / 2) this.#lapsed = true;
      this.#renewed = { monotonicMs, wallMs: clock.wallMs(), mtimeMs };
      if (before === undefined) return;
      const jumpMs = Math.abs(mtimeMs - before.mtimeMs - (monotonicMs - before.monotonicMs));
      // The file system's clock was set. Until other runs have renewed, their files look older than they are.
      if (jumpMs > owner.leaseMs / 2) this.#agesFromMs = monotonicMs + owner.leaseMs;
    });
  }

  #noteAttempt(): void {
    this.noteStandstill();
    this.#attemptedMs = this.#options.clock.monotonicMs();
  }

  /**
   * Notices that this process stood still: it was frozen, or a network volume did not answer. Other runs on that volume
   * could not renew either, so nothing that was observed until now proves that they are dead.
   */
  noteStandstill(): void {
    const { clock, owner } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#attemptedMs === undefined || nowMs - this.#attemptedMs <= owner.leaseMs / 2) return;
    this.#steadyFromMs = nowMs;
    this.#agesFromMs = nowMs + owner.leaseMs;
  }

  /** On our monotonic clock: the end of our last standstill. */
  get steadyFromMs(): number {
    return this.#steadyFromMs;
  }

  /** How much older a file is than our own, which was just renewed. Undefined if that proves nothing at present. */
  ageMs(mtimeMs: number): number | undefined {
    if (this.#renewed === undefined || this.#options.clock.monotonicMs() < this.#agesFromMs) return undefined;
    return this.#renewed.mtimeMs - mtimeMs;
  }

  /** Stays true after the renewal that ends the gap: after a freeze, a timer may renew before anything else runs. */
  get mayBeEvicted(): boolean {
    return this.#lapsed || this.sinceRenewalMs > this.#options.owner.leaseMs / 2;
  }

  confirmHeld(): void {
    this.#lapsed = false;
  }

  get sinceRenewalMs(): number {
    const { clock } = this.#options;
    if (this.#renewed === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(clock.monotonicMs() - this.#renewed.monotonicMs, clock.wallMs() - this.#renewed.wallMs);
  }

  #record(): OwnerRecord {
    return { ...this.#options.owner, beat: this.#beat, socket: this.socket };
  }
}
