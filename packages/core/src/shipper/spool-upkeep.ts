// The work on a spool over time: opens it, renews the lease, adopts the journals of dead runs, and hands them back.
//
// Journals of this instance go to its own queue. Each other instance whose dead runs are drained has a queue and lane
// of its own, which ends when the queue is empty.

import type { Lane } from '../delivery/lane';
import type { DeliveryQueue } from '../delivery/queue';
import { atMost, type CancelTimer, type Clock } from '../runtime/clock';
import type { DiskFailure } from '../spool/disk';
import type { Journal } from '../spool/journal';
import { BEAT_MS } from '../spool/lease-times';
import type { Spool } from '../spool/spool';
import type { AdoptedFrom, SpoolEvents } from '../spool/spool-events';
import type { Counters } from '../telemetry/counters';
import { spoolDamaged, spoolDeleted, spoolTakenOver, spoolUnusable } from '../telemetry/warning-catalogue';
import type { WarningReporter } from '../telemetry/warnings';

/** A queue and the lane that sends from it. */
export interface Way {
  readonly queue: DeliveryQueue;
  readonly lane: Lane;
}

export interface UpkeepParts {
  readonly counters: Counters;
  readonly clock: Clock;
  readonly warnings: WarningReporter;
  readonly newSpool: (events: SpoolEvents) => Spool;
  /** Returns the queue and lane of this instance. */
  readonly own: () => Way;
  /** Makes a queue and lane for another instance. */
  readonly newWay: () => Way;
  readonly onDamaged: (records: number) => void;
}

/** Every sixth renewal also searches for batches that dead processes left. */
const LOOK_ROUNDS = 6;
/** How long a unit in flight may take before its journal is handed back. */
const HAND_BACK_MS = 5000;
/** How many other instances are drained at the same time. */
export const OTHERS = 4;

export class SpoolUpkeep {
  readonly #parts: UpkeepParts;
  readonly #spool: Spool;
  readonly #others = new Map<string, Way>();
  #isOpen = false;
  /** False while the first search for batches of dead runs is not over. */
  #hasLooked = true;
  #firstLook: Promise<void> = Promise.resolve();
  #cancelTending: CancelTimer | undefined;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    this.#spool = parts.newSpool(this.#events());
  }

  start(): void {
    this.#tend(0);
  }

  /** Queues and lanes for other instances. */
  get others(): Iterable<Way> {
    return [...this.#others.values()];
  }

  /** Where this run's owner file is; undefined while the spool cannot be used. */
  get place(): { readonly directory: string; readonly run: string } | undefined {
    const { root, run } = this.#spool;
    return this.#isOpen && root !== undefined ? { directory: root, run } : undefined;
  }

  get hasLooked(): boolean {
    return this.#hasLooked;
  }

  /** Resolves when the first search for batches of dead runs is over. */
  get firstLook(): Promise<void> {
    return this.#firstLook;
  }

  async look(): Promise<void> {
    await this.#spool.look();
    this.#forgetEmptyWays();
  }

  checkAfterPause(): void {
    this.#spool.checkAfterPause();
  }

  drained(journal: Journal): void {
    this.#spool.drained(journal);
  }

  /** @param isClean see `Spool.close` */
  close(isClean: boolean): void {
    this.#cancelTending?.();
    this.#spool.close(isClean);
  }

  /** Renews the lease, repeats writes that the disk refused, and in some rounds adopts the journals of dead runs. */
  #tend(round: number): void {
    if (this.#isOpen) this.#keep(round);
    else if (round % LOOK_ROUNDS === 0) this.#open();
    this.#cancelTending = this.#parts.clock.after(BEAT_MS, false, () => this.#tend(round + 1));
  }

  #keep(round: number): void {
    this.#spool.renew();
    for (const { queue } of this.#ways()) queue.tend();
    // A returned instance waits at most one lease for its records, so they are handed back in every round.
    if (round % LOOK_ROUNDS === 0 || this.#spool.holdsOthers) void this.look();
    for (const { lane } of this.#ways()) lane.pull();
  }

  /** A spool that cannot be used is reported, and opened again later. The application starts without it. */
  #open(): void {
    const { counters, own } = this.#parts;
    const failure = this.#spool.open();
    if (failure !== undefined) {
      this.failed(failure);
      counters.inheritedIsKnown();
      return;
    }
    this.#isOpen = true;
    own().queue.useSpool(this.#spool);
    this.#hasLooked = false;
    this.#firstLook = this.#spool.look().then(() => {
      this.#hasLooked = true;
      counters.inheritedIsKnown();
    });
  }

  failed({ code, message }: DiskFailure): void {
    this.#parts.warnings.warn(spoolUnusable(code, message));
  }

  #ways(): Way[] {
    return [this.#parts.own(), ...this.#others.values()];
  }

  #events(): SpoolEvents {
    const { counters, warnings, own, onDamaged } = this.#parts;
    return {
      onAdopted: (journal, from) => this.#adopted(journal, from),
      onWait: (run) => {
        own().queue.waitFor(run);
        own().lane.pull();
      },
      onFailure: (failure) => this.failed(failure),
      onNotice: (notice) => warnings.warn(notice),
      onDamaged: (damaged, why) => {
        counters.add('spooled', -damaged);
        onDamaged(damaged);
        warnings.warn(spoolDamaged(damaged, why));
      },
      onSurplus: (surplus) => {
        counters.add('recovered', surplus);
        counters.add('spooled', surplus);
      },
      onEvictSegment: (segment) => own().queue.evict(segment),
      canAdoptOther: (instance) => this.#others.has(instance) || this.#others.size < OTHERS,
      onHandBack: (directory) => this.#handBack(directory),
      onEvicted: (directory, isDeleted) => this.#evicted(directory, isDeleted),
    };
  }

  #adopted(journal: Journal, { isMine, isInherited, instance }: AdoptedFrom): void {
    const { queue, lane } = isMine ? this.#parts.own() : this.#wayOf(instance);
    queue.adopt(journal, isInherited);
    lane.pull();
  }

  #wayOf(instance: string): Way {
    const way = this.#others.get(instance) ?? this.#parts.newWay();
    this.#others.set(instance, way);
    return way;
  }

  /**
   * A living process of the instance sends these journals before its own records, and waits at most one lease for them.
   * So this run does not wait for a unit whose attempts fail. The other process sends that unit again under the same
   * id.
   */
  async #handBack(directory: string): Promise<void> {
    const found = [...this.#others].find(([, { queue }]) =>
      queue.journals.some((journal) => journal.directory === directory),
    );
    if (found === undefined) return;
    const [instance, { queue, lane }] = found;
    await atMost(this.#parts.clock, HAND_BACK_MS, false, queue.pause());
    // All directories of an instance are handed to the same process.
    this.#others.delete(instance);
    lane.abandon();
    queue.leave();
    for (const journal of [...queue.journals]) this.#handOver(queue, journal);
  }

  /** The other process now counts the records as recovered, so this one must not count them any more. */
  #handOver(queue: DeliveryQueue, journal: Journal): void {
    const { counters } = this.#parts;
    const { unfinished } = journal;
    queue.release(journal);
    counters.add('spooled', -unfinished);
    counters.add('recovered', -unfinished);
  }

  #evicted(directory: string, isDeleted: boolean): void {
    const { warnings } = this.#parts;
    let records = 0;
    for (const { queue } of this.#ways()) records += queue.evicted(directory, this.#spool, isDeleted);
    if (records > 0) warnings.warn(spoolDeleted(records, directory));
    if (!isDeleted) warnings.warn(spoolTakenOver(directory));
  }

  #forgetEmptyWays(): void {
    for (const [instance, { queue, lane }] of this.#others) {
      if (!queue.isEmpty || queue.journals.length > 0) continue;
      lane.abandon();
      this.#others.delete(instance);
    }
  }
}
