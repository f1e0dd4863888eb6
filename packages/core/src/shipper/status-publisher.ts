// Publishes the counters of this shipper once a second, for `putlogs top`.
//
// It must not harm the shipper:
// - It only reads counters, on a timer that keeps no process alive. Accepting a record does nothing more than before.
// - Nothing is written while nothing changes, except one write every 10 s, which shows that the process lives.
// - Writes are asynchronous, and at most one is in flight: a volume that does not answer holds one of Node's file
//   threads, and never this thread.
// - A failure is counted, and reported once. The file of a spool has no report of its own: the spool reports the same
//   disk.

import { join } from 'node:path';
import { messageOf } from '../errors';
import type { CancelTimer, Clock } from '../runtime/clock';
import { addExitHook, type ExitHook, removeExitHook } from '../runtime/exit-hooks';
import { ownIdentity } from '../spool/identity';
import { statusName } from '../spool/names';
import type { Counters, Stats } from '../telemetry/counters';
import { statusNotWritten } from '../telemetry/warning-catalogue';
import type { LatestWarning, WarningReporter } from '../telemetry/warnings';
import { encodeStatus, type PerSecond, type Status } from './status-file';
import { removeLeft, removeStatus, writeStatus } from './status-writer';

export interface StatusPlace {
  readonly directory: string;
  readonly run: string;
}

export interface PublisherParts {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly warnings: WarningReporter;
  readonly about: Pick<Status, 'instance' | 'target' | 'destination'>;
  /** Undefined while there is no place. It changes when the run loses its spool to another process. */
  readonly place: () => StatusPlace | undefined;
  /** Whether the place is `status.dir`, and not a spool. */
  readonly isOwnDirectory: boolean;
  readonly stats: () => Stats;
  readonly latestWarning: () => LatestWarning | undefined;
  /** Runs of dead workers of this process: their files would look like those of a stuck thread. */
  readonly deadRuns: readonly string[];
  /** What a test replaces. */
  readonly write?: typeof writeStatus;
}

export const EVERY_MS = 1000;
/** A file without a change is written again after this long. */
const BEAT_MS = 10_000;
/** Rates are averages over so many readings. */
const READINGS = 10;
/** A write that takes longer may never end. */
const HUNG_MS = 1000;
const SWEEP_MS = 3_600_000;

interface Reading {
  readonly atMs: number;
  readonly stats: Stats;
}

export class StatusPublisher implements ExitHook {
  readonly #parts: PublisherParts;
  readonly #identity = ownIdentity();
  readonly #startedMs: number;
  /** The oldest first. */
  readonly #readings: Reading[];
  #cancel: CancelTimer;
  #beat = 0;
  /** The path of the last write. */
  #path: string | undefined;
  #written = { text: '', atMs: Number.NEGATIVE_INFINITY };
  /** Since when a write is in flight. */
  #writingSinceMs: number | undefined;
  #sweptMs = Number.NEGATIVE_INFINITY;
  #hasWarned = false;
  #isClosed = false;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    const { clock, stats } = parts;
    this.#startedMs = clock.wallMs();
    this.#readings = [{ atMs: clock.monotonicMs(), stats: stats() }];
    this.#cancel = clock.after(EVERY_MS, false, () => this.#tick());
    addExitHook(this);
  }

  #tick(): void {
    const { clock, stats } = this.#parts;
    this.#cancel = clock.after(EVERY_MS, false, () => this.#tick());
    this.#readings.push({ atMs: clock.monotonicMs(), stats: stats() });
    if (this.#readings.length > READINGS + 1) this.#readings.shift();
    const place = this.#parts.place();
    if (place === undefined || this.#writingSinceMs !== undefined) return;
    const status = this.#status(place.run);
    const nowMs = clock.monotonicMs();
    const text = JSON.stringify([place, status.perSecond, status.stats, status.warning]);
    if (text === this.#written.text && nowMs - this.#written.atMs < BEAT_MS) return;
    this.#written = { text, atMs: nowMs };
    void this.#publish(place, status);
  }

  #status(run: string): Status {
    const { clock, about, latestWarning } = this.#parts;
    const { stats } = this.#readings.at(-1)!;
    const warning = latestWarning();
    return {
      run,
      beat: this.#beat + 1,
      ...this.#identity,
      ...about,
      startedMs: this.#startedMs,
      writtenMs: Math.round(clock.wallMs()),
      perSecond: perSecondOf(this.#readings[0]!, this.#readings.at(-1)!),
      stats,
      // Whole seconds: the time is computed anew for each reading, and must not look like a change.
      warning: warning === undefined ? null : { ...warning, atMs: Math.floor(warning.atMs / 1000) * 1000 },
    };
  }

  async #publish({ directory, run }: StatusPlace, status: Status): Promise<void> {
    const { clock, isOwnDirectory, deadRuns, write = writeStatus } = this.#parts;
    const path = join(directory, statusName(run));
    const before = this.#path;
    this.#writingSinceMs = clock.monotonicMs();
    try {
      this.#path = path;
      await write(path, encodeStatus(status), isOwnDirectory);
      this.#beat += 1;
      if (before === undefined) for (const dead of deadRuns) removeStatus(join(directory, statusName(dead)));
      else if (before !== path) removeStatus(before);
      await this.#sweep(path);
    } catch (error) {
      this.#failed(error);
    }
    this.#writingSinceMs = undefined;
    // The write that was in flight at the end may have made the file again.
    if (this.#isClosed) removeStatus(path);
  }

  async #sweep(path: string): Promise<void> {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#sweptMs < SWEEP_MS || this.#isClosed) return;
    this.#sweptMs = nowMs;
    // What stays is removed by another process, or in an hour.
    await removeLeft(path).catch(() => {});
  }

  #failed(error: unknown): void {
    const { counters, warnings, isOwnDirectory } = this.#parts;
    counters.add('statusFailures');
    this.#written = { text: '', atMs: Number.NEGATIVE_INFINITY };
    if (!isOwnDirectory || this.#hasWarned || this.#isClosed) return;
    this.#hasWarned = true;
    warnings.warn(statusNotWritten(messageOf(error)));
  }

  /** Ends publishing and removes the file: a process that ended in good order is not shown. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancel();
    removeExitHook(this);
    const { clock } = this.#parts;
    const isHung = this.#writingSinceMs !== undefined && clock.monotonicMs() - this.#writingSinceMs > HUNG_MS;
    // Removing is synchronous, and would hang as well.
    if (this.#path !== undefined && !isHung) removeStatus(this.#path);
  }

  beforeExit(): void {
    // Nothing to prepare.
  }

  exit(): void {
    this.close();
  }
}

function perSecondOf(from: Reading, to: Reading): PerSecond {
  const seconds = (to.atMs - from.atMs) / 1000;
  const rate = (counter: keyof PerSecond) => {
    const change = to.stats[counter] - from.stats[counter];
    return seconds <= 0 ? 0 : Math.max(0, Math.round((10 * change) / seconds) / 10);
  };
  return { accepted: rate('accepted'), delivered: rate('delivered'), wireBytes: Math.round(rate('wireBytes')) };
}
