// Runs to judge: an ownership with a clock in the test's hand, and owner files of runs on machines that do not exist.

import { lstatSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newRun } from '@putlogs/core/internal/runtime/run';
import { Disk } from '@putlogs/core/internal/spool/disk';
import { ownIdentity } from '@putlogs/core/internal/spool/identity';
import { BEAT_MS, LEASE_MS } from '@putlogs/core/internal/spool/lease-times';
import { ownerName } from '@putlogs/core/internal/spool/names';
import { encodeOwner, type OwnerRecord } from '@putlogs/core/internal/spool/owner-file';
import { Ownership, type OwnershipOptions } from '@putlogs/core/internal/spool/ownership';
import { HandClock } from '../unit/hand-clock';

export const disk = new Disk(false);

/** A clock whose wall time can be set, as an administrator does. */
export class SettableClock extends HandClock {
  wallAheadMs = 0;
  override wallMs = () => this.monotonicMs() + this.wallAheadMs;
}

export interface Judge {
  readonly ownership: Ownership;
  readonly clock: SettableClock;
}

/** Its own run is not open: `open` writes its owner file. */
export function judgeIn(root: string, options: Partial<OwnershipOptions> = {}): Judge {
  const clock = new SettableClock();
  const ownership = new Ownership({
    disk,
    root,
    run: newRun(Date.now()),
    instanceHash: 'a'.repeat(16),
    destinationHashes: ['b'.repeat(16)],
    clock,
    deadRuns: new Set(),
    ...options,
  });
  return { ownership, clock };
}

/** Time passes and the judge's own lease is renewed, as it is in a process that runs. */
export async function passBeating({ ownership, clock }: Judge, ms: number, eachBeat = () => {}): Promise<void> {
  for (let passed = 0; passed < ms; passed += BEAT_MS) {
    await clock.pass(Math.min(BEAT_MS, ms - passed));
    eachBeat();
    ownership.renew();
  }
}

/** A run on another machine. */
export class DistantRun {
  readonly run = newRun(Date.now());
  readonly #path: string;
  readonly #record: OwnerRecord;
  #beat = 0;

  constructor(root: string, record: Partial<OwnerRecord> = {}) {
    this.#path = join(root, ownerName(this.run));
    this.#record = {
      ...ownIdentity(),
      named: '',
      host: 'orders-1',
      boot: 'another boot',
      pid: 1,
      run: this.run,
      beat: 0,
      leaseMs: LEASE_MS,
      socket: false,
      dev: `${lstatSync(root).dev}`,
      instance: 'c'.repeat(16),
      dests: [],
      ...record,
    };
    this.beat();
  }

  beat(): void {
    writeFileSync(this.#path, encodeOwner({ ...this.#record, beat: this.#beat++ }));
  }

  /** As the file system's clock would show it if the last renewal were older. */
  age(ms: number): void {
    const seconds = (lstatSync(this.#path).mtimeMs - ms) / 1000;
    utimesSync(this.#path, seconds, seconds);
  }
}
