// The look: adopts the directories of dead runs, and hands directories back to living runs of their instance.
//
// It works in steps of a few milliseconds, so that heartbeats are never late. adopter.ts decides on one directory,
// ownership.ts proves that a run is dead, adopted-directories.ts renames and opens.

import type { Clock } from '../runtime/clock';
import { spoolOtherDestination, spoolOwnerUnknown } from '../telemetry/warning-catalogue';
import type { AdoptedDirectories } from './adopted-directories';
import { type Decision, decide } from './adopter';
import { elsewhereNotice } from './elsewhere';
import { FREE, type PartName, parseOwner, parsePart, partName } from './names';
import type { Ownership } from './ownership';
import type { RunDirectories } from './run-directories';
import type { SpoolEvents } from './spool-events';

export interface AdoptionParts {
  readonly clock: Clock;
  readonly events: SpoolEvents;
  readonly adopted: AdoptedDirectories;
  /** Canonical, for people. */
  readonly destinationText: string;
  /** Hashes, as in the names of directories. */
  readonly destination: string;
  readonly instance: string;
  /** Runs of this process whose worker thread has ended. */
  readonly dead: ReadonlySet<string>;
  /** As in adopter.ts if it is not given. */
  readonly graceMs: number | undefined;
  /** This run, which is another one after an eviction. */
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

/** A step of a look ends after so long, for heartbeats and for the application's records. */
const STEP_MS = 5;
/** While a predecessor is waited for, it is looked at this often. */
const WAIT_LOOK_MS = 1000;
/** The first line about a wait comes after this long. */
const WAIT_NOTICE_MS = 2000;
/** Directories for other destinations that are counted at the start. */
const COUNTED_ELSEWHERE = 100;
const NONE_LIVING: ReadonlyMap<string, string> = new Map();

export class Adoption {
  readonly #parts: AdoptionParts;
  /** By the directory's name: when it was first seen free, or its holder dead. */
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
    // A directory that is gone may come back under its name: its time begins anew.
    for (const key of this.#deadSinceMs.keys()) if (!names.includes(key)) this.#deadSinceMs.delete(key);
    const [mine, others] = this.candidates(names);
    const isWaiting = await this.#lookAtMine(mine);
    if (this.#parts.isClosed()) return;
    // The records of this instance are on their way from here on, whatever the rest takes.
    const living = await this.#livingInstances(names, isWaiting ? [] : others);
    if (this.#parts.isClosed()) return;
    this.#parts.adopted.handBack(living);
    if (isWaiting) {
      // The rest can take long, and the wait must end in time.
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
   * Directories for this destination that are not open here, the oldest run's first: those of this instance or of dead
   * workers of this process, and the others.
   */
  candidates(names: readonly string[]): [mine: PartName[], others: PartName[]] {
    const { destination, instance, dead, adopted } = this.#parts;
    const { origin, directories } = this.#self;
    const [mine, others]: [PartName[], PartName[]] = [[], []];
    for (const name of names) {
      const part = parsePart(name);
      if (part === undefined || part.destination !== destination) continue;
      if (part.origin === origin || adopted.has(directories.pathOf(name))) continue;
      // A directory that carries this run's name and is not open was handed back by another process.
      if (part.instance === instance || dead.has(part.owner)) mine.push(part);
      else others.push(part);
    }
    const byAge = (a: PartName, b: PartName) => (a.origin < b.origin ? -1 : 1);
    return [mine.sort(byAge), others.sort(byAge)];
  }

  /** Returns whether a run has to be waited for. */
  async #lookAtMine(parts: readonly PartName[]): Promise<boolean> {
    const { events, isClosed } = this.#parts;
    let waitFor: PartName | undefined;
    for (const part of parts) {
      if (isClosed()) return false;
      // At the start nothing is sent before it is known who runs; later, a living run of the same name is no news.
      if (waitFor === undefined && !this.#hasLooked) events.onWait(part.origin);
      const decision = await this.#decide(part, true, NONE_LIVING);
      const isAdopted = (decision === 'open' || decision === 'claim') && this.#adopt(part, true);
      // A directory that changed hands since it was listed is looked at again.
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
    /** Instances with an older directory that is left: their directories are taken in order. */
    const left = new Set<string>();
    for (const part of parts) {
      if (this.#parts.isClosed()) return;
      const decision = await this.#decide(part, false, living);
      if (left.has(part.instance)) continue;
      const isAdopted = (decision === 'open' || decision === 'claim') && this.#adopt(part, false);
      const hasMore = () => this.#hasLeft(part) || this.#self.directories.hasSegments(partName(part));
      if (!isAdopted && hasMore()) left.add(part.instance);
      await this.#endStep();
    }
  }

  #adopt(part: PartName, isListedAsMine: boolean): boolean {
    const { adopted, instance } = this.#parts;
    const { run, ownership } = this.#self;
    const isMine = isListedAsMine && part.instance === instance;
    return adopted.adopt(part, run, { isMine, isInherited: ownership.isOfDeadWorker(part.owner) });
  }

  /** Lets heartbeats and the application's records through when this step has taken its time. */
  async #endStep(): Promise<void> {
    const { clock } = this.#parts;
    if (clock.monotonicMs() - this.#stepBeganMs < STEP_MS) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#stepBeganMs = clock.monotonicMs();
  }

  async #decide(part: PartName, isMine: boolean, living: ReadonlyMap<string, string>): Promise<Decision> {
    const { clock, graceMs, adopted, events } = this.#parts;
    const { ownership, directories, origin } = this.#self;
    const verdict = part.owner === FREE ? 'dead' : await ownership.verdict(part.owner);
    const nowMs = clock.monotonicMs();
    const key = partName(part);
    if (verdict === 'dead') this.#deadSinceMs.set(key, this.#deadSinceMs.get(key) ?? nowMs);
    else this.#deadSinceMs.delete(key);
    const isNamed = part.owner !== FREE && ownership.isOfDeadWorker(part.owner);
    if (verdict === 'dead' && !isMine && !isNamed) {
      // It is handed to its own instance, or taken when nothing of that lives.
      const isClaimed = living.has(part.instance) || !events.canAdoptOther(part.instance);
      if (isClaimed) return 'leave';
    }
    const holder = part.owner === part.origin ? part.instance : (ownership.instanceOf(part.owner) ?? part.instance);
    const sinceMs = this.#waitingSinceMs.get(part.origin);
    const decision = decide({
      part,
      verdict,
      isMyInstance: isMine,
      isOpen: adopted.has(directories.pathOf(key)) || part.origin === origin,
      namedDeadByHost: isNamed,
      firstSeenDeadAgoMs: nowMs - (this.#deadSinceMs.get(key) ?? nowMs),
      hasSegments: directories.hasSegments(key),
      heldByOther: holder !== part.instance,
      // While this process stood still, the other one had no chance to renew its lease.
      waitedMs: sinceMs === undefined ? 0 : nowMs - Math.max(sinceMs, ownership.steadyFromMs),
      leaseMs: ownership.leaseMs,
      ...(graceMs === undefined ? {} : { graceMs }),
    });
    if (decision === 'wait' && sinceMs === undefined) this.#waitingSinceMs.set(part.origin, nowMs);
    return decision;
  }

  /** Whether the directory is under this name no more: another process took it over, or finished it. */
  #hasLeft(part: PartName): boolean {
    const { directories } = this.#self;
    return !directories.exists(directories.pathOf(partName(part)));
  }

  /** The newest living run of each other instance whose directories are listed, or are here. */
  async #livingInstances(names: readonly string[], others: readonly PartName[]): Promise<ReadonlyMap<string, string>> {
    const wanted = new Set([...others.map(({ instance }) => instance), ...this.#parts.adopted.otherInstances]);
    const living = new Map<string, string>();
    if (wanted.size === 0) return living;
    for (const run of names.flatMap((name) => parseOwner(name) ?? []).sort()) {
      const { ownership } = this.#self;
      const instance = ownership.instanceOf(run);
      await this.#endStep();
      if (instance === undefined || !wanted.has(instance)) continue;
      // A process of the same name that writes elsewhere would never send them.
      if (!ownership.sendsTo(run, this.#parts.destination)) continue;
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

  /** Records for another topic or Logstore are never sent by this process, and never deleted. */
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
   * Removes what names a run that is dead and has no directory. The directories are listed after the verdict: a run may
   * have made one since the first listing, and died then. Without its owner file, its successor would wait for a lease.
   */
  async #forgetTheDead(names: readonly string[]): Promise<void> {
    const dead: string[] = [];
    for (const run of names.flatMap((name) => parseOwner(name) ?? [])) {
      const self = this.#self;
      // Also by its socket: of a run in another pid namespace nothing else says so before its lease is over.
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
