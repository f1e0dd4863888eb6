// The lease of this run: its owner file, renewed with each heartbeat, and what the renewals say about time.
//
// Three clocks meet here: our monotonic one, our wall clock, and that of the file system, which on a network volume is
// the server's. Only the last one is shared with other machines. It is read from the time of our own file.

import { join } from 'node:path';
import type { Clock } from '../runtime/clock';
import type { Disk, DiskFailure } from './disk';
import { ownerName } from './names';
import { createOwner, type OwnerRecord, rewriteOwner } from './owner-file';

export interface LeaseOptions {
  readonly disk: Disk;
  readonly root: string;
  readonly clock: Clock;
  /** All but the beat. */
  readonly owner: Omit<OwnerRecord, 'beat' | 'socket'>;
}

interface Renewal {
  readonly monotonicMs: number;
  readonly wallMs: number;
  readonly mtimeMs: number;
}

export class Lease {
  /** Renewals that changed only the file's time, because the disk took no bytes. */
  timeOnlyRenewals = 0;
  /** Whether the run listens: for the next renewal to write. */
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
    // Made by an earlier try, on a disk that was full then.
    if (failure?.code === 'EEXIST') failure = rewriteOwner(disk, this.#path, this.#record());
    failure ??= this.#noteRenewal();
    this.#noteAttempt();
    return failure;
  }

  /** Rewrites the owner file with the next beat. After a failure the lease goes on to end. */
  renew(): DiskFailure | undefined {
    const { disk } = this.#options;
    this.#beat += 1;
    const record = this.#record();
    let failure = rewriteOwner(disk, this.#path, record);
    if (failure?.code === 'ENOENT') failure = createOwner(disk, this.#path, record);
    // btrfs and zfs can need room for a rewrite in place.
    if (failure !== undefined && this.#renewTime()) failure = undefined;
    failure ??= this.#noteRenewal();
    this.#noteAttempt();
    return failure;
  }

  /**
   * Sets the file's time to what the file system's clock shows by now, counted from the last renewal on our monotonic
   * clock. Our wall clock can be far from the file system's: a reader would take the run for dead.
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
      // The time is read after the file was closed: NFS shows the server's time only then.
      const { mtimeMs } = disk.fs.lstatSync(this.#path);
      const monotonicMs = clock.monotonicMs();
      const before = this.#renewed;
      if (before !== undefined && this.sinceRenewalMs > owner.leaseMs / 2) this.#lapsed = true;
      this.#renewed = { monotonicMs, wallMs: clock.wallMs(), mtimeMs };
      if (before === undefined) return;
      const jumpMs = Math.abs(mtimeMs - before.mtimeMs - (monotonicMs - before.monotonicMs));
      // The file system's clock was set: until others have renewed by it, their files look too old.
      if (jumpMs > owner.leaseMs / 2) this.#agesFromMs = monotonicMs + owner.leaseMs;
    });
  }

  #noteAttempt(): void {
    this.noteStandstill();
    this.#attemptedMs = this.#options.clock.monotonicMs();
  }

  /**
   * Notices that we stood still ourselves: frozen, or held up by a network volume that did not answer. Others on that
   * volume could not renew either, so nothing that was observed until now says that they are dead.
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

  /** How much older a file is than ours, which was just renewed. Undefined if that says nothing at present. */
  ageMs(mtimeMs: number): number | undefined {
    if (this.#renewed === undefined || this.#options.clock.monotonicMs() < this.#agesFromMs) return undefined;
    return this.#renewed.mtimeMs - mtimeMs;
  }

  /** Stays true through the renewal that ends the gap: a timer can renew before anything else runs after a freeze. */
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
