// The look: adopts the directories of dead runs, and hands directories back to living runs of their instance.
//
// It works in steps of a few milliseconds, so that heartbeats are never late. adopter.ts decides about one directory,
// ownership.ts proves that a run is dead, and adopted-directories.ts renames and opens.

import type { Clock } from '../runtime/clock';
import { immediate } from '../runtime/node-timers';
import { spoolOtherDestination, spoolOwnerUnknown } from '../telemetry/warning-catalogue';
import type { AdoptedDirectories } from './adopted-directories';
import { type Decision, decide } from './adopter';
import { elsewhereNotice } from './elsewhere';
import { FREE, type PartName, parseOwner, parsePart, partName } from './names';
import type { Judgement, Ownership } from './ownership';
import type { RunDirectories } from './run-directories';
import type { SpoolEvents } from './spool-events';

export interface AdoptionParts {
  readonly clock: Clock;
  readonly events: SpoolEvents;
  readonly adopted: AdoptedDirectories;
  /** Canonical text, for messages. */
  readonly destinationText: string;
  /** Hashes, as in the names of directories. */
  readonly destination: string;
  readonly instance: string;
  /** Runs of this process whose worker thread has ended. */
  readonly dead: ReadonlySet<string>;
  /** `GRACE_MS` if it is not given. */
  readonly graceMs: number | undefined;
  /** This run. After an eviction it is another run. */
  readonly self: () => Self;
  readonly isClosed: () => boolean;
}

interface Self {
  readonly run: string;
  /** The run in the name of our own directory. */
  readonly origin: string;
  readonly ownership: Ownership;
  readonly directories: RunDirectories;
}

interface Decided {
  readonly decision: Decision;
  /** Whether a dead worker of this process left the directory. */
  readonly isInherited: boolean;
}

const FREE_IS_DEAD: Judgement = { verdict: 'dead', owner: undefined };

/** How long a step of a look takes. Between two steps, heartbeats and the application's records are handled. */
const STEP_MS = 5;
/** How often a predecessor is checked while this run waits for it. */
const WAIT_LOOK_MS = 1000;
/** How long a wait takes before it is reported. */
const WAIT_NOTICE_MS = 2000;
/** How many directories for other destinations are counted at the start. */
const COUNTED_ELSEWHERE = 100;
const NONE_LIVING: ReadonlyMap<string, string> = new Map();

export class Adoption {
  readonly #parts: AdoptionParts;
  /** By the directory's name: when this run first saw that it is free, or that its holder is dead. */
  readonly #deadSinceMs = new Map<string, number>();
  /** By the run that wrote a directory: since when this run waits for it. */
  readonly #waitingSinceMs = new Map<string, number>();
  #noticedWait = false;
  #lookedElsewhere = false;
  #looking: Promise<void> | undefined;
  #hasLooked = false;
  #stepBeganMs = 0;

  constructor(parts: AdoptionParts) {
    this.#parts = parts;
  }

  /**
   * Adopts directories of dead runs, and hands back directories of instances that live. Calls `onWait` with the first
   * run that may still live. A second call during a look resolves with the first.
   */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const names = this.#self.directories.list();
    if (!Array.isArray(names)) {
      this.#parts.events.onFailure(names);
      return;
    }
    this.#stepBeganMs = this.#parts.clock.monotonicMs();
    // A directory that is gone may appear again under the same name. Then its time begins again.
    const listed = new Set(names);
    for (const key of this.#deadSinceMs.keys()) if (!listed.has(key)) this.#deadSinceMs.delete(key);
    const [mine, others] = this.candidates(names);
    const isWaiting = await this.#lookAtMine(mine);
    if (this.#parts.isClosed()) return;
    // From here on the records of this instance are sent, however long the rest takes.
    const living = await this.#livingInstances(names, isWaiting ? [] : others);
    if (this.#parts.isClosed()) return;
    this.#parts.adopted.handBack(living);
    if (isWaiting) {
      // The other instances can take long, and the wait must end in time.
      this.#parts.clock.after(WAIT_LOOK_MS, false, () => {
        if (!this.#parts.isClosed()) void this.look();
      });
      return;
    }
    this.#waitingSinceMs.clear();
    await this.#lookAtOthers(others, living);
    if (!this.#lookedElsewhere) await this.#noticeElsewhere(names);
    await this.#forgetTheDead(names);
  }

  get #self(): Self {
    return this.#parts.self();
  }

  /**
   * Returns the directories for this destination that are not open here, the oldest run's first. `mine` are those of
   * this instance and of dead workers of this process.
   */
  candidates(names: readonly string[]): [mine: PartName[], others: PartName[]] {
    const { destination, instance, dead, adopted } = this.#parts;
    const { origin, directories } = this.#self;
    const [mine, others]: [PartName[], PartName[]] = [[], []];
    for (const name of names) {
      const part = parsePart(name);
      if (part === undefined || part.destination !== destination) continue;
      if (part.origin === origin || adopted.has(directories.pathOf(name))) continue;
      // This includes a directory that another process handed back: it carries our name and is not open.
      if (part.instance === instance || dead.has(part.owner)) mine.push(part);
      else others.push(part);
    }
    const byAge = (a: PartName, b: PartName) => (a.origin < b.origin ? -1 : 1);
    return [mine.sort(byAge), others.sort(byAge)];
  }

  /** Returns whether this run has to wait for another one. */
  async #lookAtMine(parts: readonly PartName[]): Promise<boolean> {
    const { events, isClosed, adopted, instance } = this.#parts;
    let waitFor: PartName | undefined;
    for (const part of parts) {
      if (isClosed()) return false;
      // Only at the first look: nothing behind this directory may be sent before its verdict is known.
      if (waitFor === undefined && !this.#hasLooked) events.onWait(part.origin);
      const { decision, isInherited } = await this.#decide(part, true, NONE_LIVING);
      const isMine = part.instance === instance;
      const isAdopted = isAdoption(decision) && adopted.adopt(part, this.#self.run, { isMine, isInherited });
      // A directory that got another owner since it was listed is checked again.
      const isWorthAWait = decision === 'wait' || (!isAdopted && this.#hasLeft(part));
      if (isWorthAWait) waitFor ??= part;
      await this.#endStep();
    }
    if (isClosed()) return false;
    this.#hasLooked = true;
    events.onWait(waitFor?.origin);
    if (waitFor !== undefined) this.#noticeWait(waitFor);
    return waitFor !== undefined;
  }

  async #lookAtOthers(parts: readonly PartName[], living: ReadonlyMap<string, string>): Promise<void> {
    /** Instances of which an older directory is left. Their later ones are not adopted, to keep the order. */
    const left = new Set<string>();
    for (const part of parts) {
      if (this.#parts.isClosed()) return;
      const { decision, isInherited } = await this.#decide(part, false, living);
      if (left.has(part.instance)) continue;
      const { adopted } = this.#parts;
      const isAdopted = isAdoption(decision) && adopted.adopt(part, this.#self.run, { isMine: false, isInherited });
      const hasMore = () => this.#hasLeft(part) || this.#self.directories.hasSegments(partName(part));
      if (!isAdopted && hasMore()) left.add(part.instance);
      await this.#endStep();
    }
  }

  /** Lets heartbeats and the application's records through if this step is over. */
  async #endStep(): Promise<void> {
    const { clock } = this.#parts;
    if (clock.monotonicMs() - this.#stepBeganMs < STEP_MS) return;
    await new Promise<void>(immediate);
    this.#stepBeganMs = clock.monotonicMs();
  }

  async #decide(part: PartName, isMine: boolean, living: ReadonlyMap<string, string>): Promise<Decided> {
    const { clock, graceMs, adopted, events } = this.#parts;
    const { ownership, directories, origin } = this.#self;
    const isFree = part.owner === FREE;
    const { verdict, owner }: Judgement = isFree ? FREE_IS_DEAD : await ownership.judge(part.owner);
    const nowMs = clock.monotonicMs();
    const key = partName(part);
    if (verdict === 'dead') this.#deadSinceMs.set(key, this.#deadSinceMs.get(key) ?? nowMs);
    else this.#deadSinceMs.delete(key);
    const isInherited = !isFree && ownership.isOfDeadWorker(part.owner, owner);
    const sinceMs = this.#waitingSinceMs.get(part.origin);
    const decision = decide({
      part,
      verdict,
      isMyInstance: isMine,
      isOpen: adopted.has(directories.pathOf(key)) || part.origin === origin,
      namedDeadByHost: isInherited,
      firstSeenDeadAgoMs: nowMs - (this.#deadSinceMs.get(key) ?? nowMs),
      isSpokenFor: living.has(part.instance) || !events.canAdoptOther(part.instance),
      hasSegments: () => directories.hasSegments(key),
      heldByOther: part.owner !== part.origin && (owner?.instance || part.instance) !== part.instance,
      // Time in which this process stood still does not count: it could not see a renewal.
      waitedMs: sinceMs === undefined ? 0 : nowMs - Math.max(sinceMs, ownership.steadyFromMs),
      leaseMs: ownership.leaseMs,
      ...(graceMs === undefined ? {} : { graceMs }),
    });
    if (decision === 'wait' && sinceMs === undefined) this.#waitingSinceMs.set(part.origin, nowMs);
    return { decision, isInherited };
  }

  /** Whether the directory no longer has this name: another process adopted it, or finished it. */
  #hasLeft(part: PartName): boolean {
    const { directories } = this.#self;
    return !directories.exists(directories.pathOf(partName(part)));
  }

  /** Returns the newest living run of each other instance of which directories are listed or adopted. */
  async #livingInstances(names: readonly string[], others: readonly PartName[]): Promise<ReadonlyMap<string, string>> {
    const wanted = new Set([...others.map(({ instance }) => instance), ...this.#parts.adopted.otherInstances]);
    const living = new Map<string, string>();
    if (wanted.size === 0) return living;
    for (const run of names.flatMap((name) => parseOwner(name) ?? []).sort()) {
      const { ownership } = this.#self;
      const { instance = '', dests = [] } = ownership.ownerOf(run) ?? {};
      await this.#endStep();
      // A process of the same instance that writes to another destination would never send them.
      if (!wanted.has(instance) || !dests.includes(this.#parts.destination)) continue;
      if ((await ownership.verdict(run)) === 'alive') living.set(instance, run);
    }
    return living;
  }

  #noticeWait({ origin, owner }: PartName): void {
    const sinceMs = this.#waitingSinceMs.get(origin);
    if (sinceMs === undefined || this.#noticedWait) return;
    if (this.#parts.clock.monotonicMs() - sinceMs < WAIT_NOTICE_MS) return;
    this.#noticedWait = true;
    const { ownership } = this.#self;
    this.#parts.events.onNotice(spoolOwnerUnknown(ownership.describe(owner), ownership.leaseMs));
  }

  /** Reports records for another topic or Logstore: this process never sends them, and never deletes them. */
  async #noticeElsewhere(names: readonly string[]): Promise<void> {
    this.#lookedElsewhere = true;
    const { directories } = this.#self;
    const places = new Map<string, number>();
    const elsewhere = names
      .flatMap((name) => parsePart(name) ?? [])
      .filter(({ destination }) => destination !== this.#parts.destination);
    for (const part of elsewhere.slice(0, COUNTED_ELSEWHERE)) {
      const text = directories.textIn(directories.pathOf(partName(part)));
      if (text !== undefined) places.set(text.destination, (places.get(text.destination) ?? 0) + 1);
      await this.#endStep();
    }
    const { events, destinationText } = this.#parts;
    for (const [destination, count] of places) {
      events.onNotice(spoolOtherDestination(destination, elsewhereNotice(count, destination, destinationText)));
    }
  }

  /**
   * Removes the owner file and the socket of each dead run that has no directory. The directories are listed again
   * after the verdict, because a run may have made one and died since the first listing. Without its owner file, the
   * successor of that run would wait for a lease.
   */
  async #forgetTheDead(names: readonly string[]): Promise<void> {
    const dead: string[] = [];
    for (const run of names.flatMap((name) => parseOwner(name) ?? [])) {
      const self = this.#self;
      // The verdict may need the socket: of a run in another pid namespace, nothing else shows it within a lease.
      if (run !== self.run && (await self.ownership.verdict(run)) === 'dead') dead.push(run);
      await this.#endStep();
    }
    if (dead.length === 0) return;
    const now = this.#self.directories.list();
    if (!Array.isArray(now)) return;
    const holders = new Set(now.flatMap((name) => parsePart(name)?.owner ?? []));
    for (const run of dead) {
      if (this.#parts.isClosed()) return;
      if (!holders.has(run)) this.#self.ownership.forget(run);
      await this.#endStep();
    }
  }
}

function isAdoption(decision: Decision): boolean {
  return decision === 'open' || decision === 'claim';
}
