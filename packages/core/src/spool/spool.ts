// The spool of one run: its own journal, and the directories it takes over from other runs.
//
// Directories change hands by a rename, which is atomic: of two runs that claim one, the second finds nothing and goes on.
// Adoption works in steps of a few milliseconds, so that heartbeats are never late; the rules are in adopter.ts, the
// proof that a run is dead is in ownership.ts.
//
// A run reads and writes only in directories that carry its name. A frozen process may lose its directory to another one
// meanwhile: so before it uses it after a pause, it looks whether the directory still has its name. If not, it is evicted:
// it goes on as a new run, and what was on disk is sent by the process that has it now.

import { basename, join } from 'node:path';
import type { Clock } from '../clock';
import { type Decision, decide } from './adopter';
import { Disk, type DiskFailure, makeDirectory, type SpoolFs } from './disk';
import type { BodyLayout, SegmentText } from './format';
import type { Identity } from './identity';
import { Journal, type JournalParts, type Segment } from './journal';
import { JournalWriter } from './journal-writer';
import type { Liveness, Probe } from './liveness';
import {
  DAMAGED,
  FREE,
  nameHash,
  type PartName,
  parseOwner,
  parsePart,
  parseProgress,
  parseSegment,
  partName,
  progressName,
  segmentName,
} from './names';
import { openJournal } from './open-journal';
import { BEAT_MS, LEASE_MS, NFS_LEASE_MS, Ownership } from './ownership';
import { ProgressFile } from './progress';
import { fileSystemKind, openRoot } from './root';
import { newRun, type Runs } from './run';
import { SegmentReader } from './segment-reader';

export interface SpoolParts {
  readonly dir: string;
  readonly maxBytes: number;
  readonly fsync: boolean;
  /** Canonical and without secrets or addresses. */
  readonly destination: string;
  readonly layout: BodyLayout;
  readonly instance: string;
  readonly hashKey: string;
  /** Most units in flight at a time. */
  readonly inFlight: number;
  readonly runs: Runs | undefined;
  /** How long dead runs of other instances are left to those; as in adopter.ts if it is not given. */
  readonly graceMs?: number | undefined;
  readonly clock: Clock;
  readonly machine?: Machine | undefined;
  readonly events: SpoolEvents;
}

/** What the spool uses of its machine; a test gives a virtual one. */
export interface Machine {
  readonly fs: SpoolFs;
  readonly identity: Identity;
  readonly probe: (disk: Disk, path: string, clock: Clock) => Promise<Probe>;
  readonly listen: (disk: Disk, path: string) => Liveness;
}

export interface SpoolEvents {
  /** The journal is sent before the own one if it is of the own instance, else in a lane of its own. */
  readonly onAdopted: (journal: Journal, from: { isMine: boolean; isInherited: boolean; instance: string }) => void;
  /** Nothing that comes behind this run's records is sent; with undefined, nothing is in the way. */
  readonly onWait: (run: string | undefined) => void;
  readonly onFailure: (failure: DiskFailure) => void;
  /** A topic has its own rate limit: one notice must not suppress another. */
  readonly onNotice: (topic: string, sentence: string) => void;
  readonly onDamaged: (records: number, why: string) => void;
  readonly onSurplus: (records: number) => void;
  /** Called before a segment of the own journal gives way. */
  readonly onEvictSegment: (segment: Segment) => void;
  /** Other instances' journals that may be open now; they are handed back when their instance lives. */
  readonly canAdoptOther: (instance: string) => boolean;
  /** Releases the journals of a directory after the unit in flight; resolves when they are closed. */
  readonly onHandBack: (directory: string) => Promise<void>;
  /** The directory of this run, or an adopted one, is another process's now, or was deleted. */
  readonly onEvicted: (directory: string, isGone: boolean) => void;
}

/** A step of adoption ends after so long, for heartbeats and for the application's records. */
const STEP_MS = 5;
/** While a predecessor is waited for, it is looked at this often. */
const WAIT_LOOK_MS = 1000;
/** The first line about a wait comes after this long. */
const WAIT_NOTICE_MS = 2000;
/** Directories for other destinations that are counted at the start. */
const COUNTED_ELSEWHERE = 100;
/** However much is adopted, this part of `maxBytes` may be written. */
const LEAST_PART = 1 / 8;
const KEY = 0;
/** Up to so many directories are looked at one by one; the names of more are listed in one call. */
const LOOKED_AT = 16;
const NONE_LIVING: ReadonlyMap<string, string> = new Map();

interface Held {
  readonly name: PartName;
  readonly path: string;
  journals: number;
  bytes: number;
  readonly isMine: boolean;
}

export class Spool {
  readonly #parts: SpoolParts;
  readonly #disk: Disk;
  readonly #destination: string;
  readonly #instance: string;
  readonly #dead: Set<string>;
  #run: string;
  /** The run that wrote its journal, as names say it: later than each run before it, whatever the clock says. */
  #origin: string;
  #root = '';
  #ownership: Ownership | undefined;
  #isMade = false;
  /** Adopted directories, by path. */
  readonly #held = new Map<string, Held>();
  readonly #deadSinceMs = new Map<string, number>();
  readonly #waitingSinceMs = new Map<string, number>();
  #noticedWait = false;
  #noticedShrink = false;
  #looking: Promise<void> | undefined;
  #hasLooked = false;
  /** When the present step of a look began. */
  #stepMs = 0;
  readonly #handingBack = new Set<string>();
  /** Reported once: directories of other users, and links. */
  readonly #foreign = new Set<string>();
  #lookedElsewhere = false;
  #isClosed = false;
  journal: Journal;
  writer: JournalWriter;

  constructor(parts: SpoolParts) {
    this.#parts = parts;
    this.#disk = new Disk(parts.fsync, parts.machine?.fs);
    this.#destination = nameHash(JSON.stringify([parts.destination, parts.layout]));
    this.#instance = nameHash(parts.instance);
    this.#dead = new Set(parts.runs?.dead);
    this.#run = parts.runs?.own ?? newRun(parts.clock.wallMs());
    this.#origin = this.#run;
    [this.journal, this.writer] = this.#newJournal();
  }

  get run(): string {
    return this.#run;
  }

  get leaseMs(): number {
    return this.#ownership?.leaseMs ?? LEASE_MS;
  }

  /** Whether directories of other instances are adopted, which may have to be handed back. */
  get holdsOthers(): boolean {
    return [...this.#held.values()].some(({ isMine }) => !isMine);
  }

  /** Makes our own directory and says that this run lives. Returns why there is no spool. */
  open(): DiskFailure | undefined {
    const root = openRoot(this.#disk, this.#parts.dir);
    if (root.kind === 'failed') return root;
    this.#root = root.path;
    const names = this.#list();
    if (!Array.isArray(names)) return names;
    this.#takeLaterRun(names);
    const failure = this.#own();
    if (failure !== undefined) return failure;
    const [[first]] = this.#candidates(names);
    if (first !== undefined) this.#parts.events.onWait(first.origin);
    this.#noticeFileSystem();
    return undefined;
  }

  /** A spool is for what comes after this process, and some file systems are not. */
  #noticeFileSystem(): void {
    const { machine, fsync, events } = this.#parts;
    const kind = machine === undefined ? fileSystemKind(this.#root) : undefined;
    const where = `spool.dir is on ${kind}`;
    if (kind === 'tmpfs')
      events.onNotice('file system', `${where}: its files use memory, and a restart of the machine ends them`);
    if (kind === 'overlay')
      events.onNotice('file system', `${where}: its files end with the container; mount a volume there`);
    if (kind === 'nfs' && !fsync)
      events.onNotice('file system', `${where}: set spool.fsync, or a crash can lose spooled records`);
  }

  /** A clock that was set back must not put this run before its predecessors. */
  #takeLaterRun(names: readonly string[]): void {
    const [mine] = this.#candidates(names);
    // They are sorted by age.
    const newest = mine.findLast(({ instance }) => instance === this.#instance)?.origin ?? '';
    if (newest < this.#origin) return;
    // The host knows a worker's run by its name, so only the name that the journals sort by is another one.
    this.#origin = newRun(this.#parts.clock.wallMs(), newest);
    [this.journal, this.writer] = this.#newJournal();
  }

  #own(): DiskFailure | undefined {
    const { clock, machine } = this.#parts;
    const kind = machine === undefined ? fileSystemKind(this.#root) : undefined;
    this.#ownership = new Ownership({
      disk: this.#disk,
      root: this.#root,
      run: this.#run,
      instanceHash: this.#instance,
      destinationHashes: [this.#destination],
      clock,
      deadRuns: this.#dead,
      ...(kind === 'nfs' ? { leaseMs: NFS_LEASE_MS } : {}),
      ...(machine === undefined ? {} : { identity: machine.identity, probe: machine.probe, listen: machine.listen }),
    });
    return this.#ownership.open();
  }

  #newJournal(): [Journal, JournalWriter] {
    const { clock, layout, maxBytes, instance, destination, hashKey, inFlight } = this.#parts;
    const text: SegmentText = { run: this.#origin, instance, destination, hashKey, inFlight };
    const progress = new ProgressFile(this.#disk, () => join(this.#ownPath(), progressName(KEY)));
    const journal = new Journal({ ...this.#journalParts(() => this.#ownPath(), KEY), progress }, text);
    const writer = new JournalWriter({
      disk: this.#disk,
      clock,
      journal,
      progress,
      key: KEY,
      layout,
      makeDirectory: () => this.#makeOwnDirectory(),
      maxBytes,
      budgetBytes: () => this.#budgetBytes(),
      onEvict: (segment) => this.#parts.events.onEvictSegment(segment),
    });
    return [journal, writer];
  }

  #journalParts(directory: () => string, key: number): Omit<JournalParts, 'progress'> {
    const { clock, events } = this.#parts;
    return {
      disk: this.#disk,
      clock,
      directory,
      key,
      setAside: (path) => this.#setAside(directory(), path),
      onDamaged: events.onDamaged,
      onSurplus: events.onSurplus,
      isHeld: () => this.#exists(directory()),
      inFlight: this.#parts.inFlight,
    };
  }

  #ownName(): string {
    const [destination, instance] = [this.#destination, this.#instance];
    return partName({ destination, instance, origin: this.#origin, owner: this.#run });
  }

  #ownPath(): string {
    return join(this.#root, this.#ownName());
  }

  /** @throws the system's error */
  #makeOwnDirectory(): void {
    // It may be there from a first try that failed behind this.
    makeDirectory(this.#ownPath(), this.#disk.fs);
    this.#isMade = true;
    this.#disk.syncDirectory(this.#root);
  }

  #budgetBytes(): number {
    const { maxBytes, events } = this.#parts;
    let adopted = 0;
    for (const { isMine, bytes } of this.#held.values()) if (isMine) adopted += bytes;
    const budget = Math.max(maxBytes * LEAST_PART, maxBytes - adopted);
    if (budget < maxBytes / 2 && !this.#noticedShrink) {
      this.#noticedShrink = true;
      events.onNotice(
        'less may be written',
        `earlier processes left ${adopted} bytes in the spool, so this one writes at most ${Math.floor(budget)} (spool.maxBytes)`,
      );
    }
    return budget;
  }

  // time

  /** Every `BEAT_MS`: says that this run lives, and looks whether its directories are still its own. */
  renew(): void {
    if (this.#isClosed) return;
    let failure = this.#ownership?.renew();
    // The whole directory was deleted: it is made again.
    if (failure?.code === 'ENOENT' && openRoot(this.#disk, this.#parts.dir).kind === 'root') {
      failure = this.#ownership?.renew();
    }
    if (failure !== undefined) this.#parts.events.onFailure(failure);
    this.#checkHeld();
  }

  /** Before an append or an attempt: after a pause of half a lease, another process may have taken a directory. */
  checkAfterPause(): void {
    const ownership = this.#ownership;
    if (ownership?.mayBeEvicted) this.renew();
  }

  #checkHeld(): void {
    const isThere = this.#existence();
    // After a pause, another process may have taken a directory, sent all of it and removed it: that is no loss.
    const mayBeTaken = this.#ownership?.mayBeEvicted ?? false;
    for (const { path } of this.#held.values()) {
      if (isThere(path)) continue;
      this.#held.delete(path);
      this.#parts.events.onEvicted(path, !mayBeTaken && this.#isGone(path));
    }
    this.#ownership?.confirmHeld();
    if (!this.#isMade || this.#exists(this.#ownPath())) return;
    const lost = this.#ownPath();
    this.#ownership?.close();
    this.#run = newRun(this.#parts.clock.wallMs(), this.#origin);
    this.#origin = this.#run;
    this.#isMade = false;
    this.writer.abandon();
    [this.journal, this.writer] = this.#newJournal();
    const failure = this.#own();
    if (failure !== undefined) this.#parts.events.onFailure(failure);
    this.#parts.events.onEvicted(lost, !mayBeTaken && this.#isGone(lost));
  }

  /** Whether the directory is under no other name: then it was deleted, and no process sends what was in it. */
  #isGone(path: string): boolean {
    const names = this.#list();
    const origin = parsePart(basename(path))?.origin;
    return Array.isArray(names) && !names.some((name) => parsePart(name)?.origin === origin);
  }

  // adoption

  /**
   * Takes over what dead runs have left, and hands back what a living run of its instance should have. Calls `onWait` with
   * the first run that has to be waited for. A second call while a look is on its way resolves with the first.
   */
  look(): Promise<void> {
    if (this.#isClosed || this.#ownership === undefined) return Promise.resolve();
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const names = this.#list();
    if (!Array.isArray(names)) {
      this.#parts.events.onFailure(names);
      return;
    }
    this.#stepMs = this.#parts.clock.monotonicMs();
    const [mine, others] = this.#candidates(names);
    // A directory that is gone may come back under its name: its time begins anew.
    for (const key of this.#deadSinceMs.keys()) if (!names.includes(key)) this.#deadSinceMs.delete(key);
    let waitFor: string | undefined;
    let holder = '';
    for (const part of mine) {
      if (this.#isClosed) return;
      // At the start nothing is sent before it is known who runs; later, a living run of the same name is no news.
      if (waitFor === undefined && !this.#hasLooked) this.#parts.events.onWait(part.origin);
      const decision = await this.#decide(part, true, NONE_LIVING);
      const isAdopted = (decision === 'open' || decision === 'claim') && this.#adopt(part);
      // One that changed hands since it was listed is looked at again.
      const isWorthAWait = decision === 'wait' || (!isAdopted && this.#hasLeft(part));
      if (isWorthAWait && waitFor === undefined) [waitFor, holder] = [part.origin, part.owner];
      await this.#endStep();
    }
    if (this.#isClosed) return;
    this.#hasLooked = true;
    this.#parts.events.onWait(waitFor);
    this.#noticeWait(waitFor, holder);
    // The records of this instance are on their way from here on, whatever the rest takes.
    const isWaiting = waitFor !== undefined;
    const instances = await this.#livingInstances(names, isWaiting ? [] : others);
    this.#handBack(instances);
    if (isWaiting) {
      // The rest can take long, and the wait must end in time.
      this.#parts.clock.after(WAIT_LOOK_MS, false, () => void this.look());
      return;
    }
    this.#waitingSinceMs.clear();
    /** Instances with an older directory that is left: theirs are taken in order. */
    const left = new Set<string>();
    for (const part of others) {
      if (this.#isClosed) return;
      const decision = await this.#decide(part, false, instances);
      if (left.has(part.instance)) continue;
      const isAdopted = (decision === 'open' || decision === 'claim') && this.#adopt(part);
      if (!isAdopted && (this.#hasLeft(part) || this.#hasSegments(partName(part)))) left.add(part.instance);
      await this.#endStep();
    }
    if (!this.#lookedElsewhere) await this.#noticeElsewhere(names);
    await this.#forgetTheDead(names);
  }

  /** Lets heartbeats and the application's records through when this step has taken its time. */
  async #endStep(): Promise<void> {
    const { clock } = this.#parts;
    if (clock.monotonicMs() - this.#stepMs < STEP_MS) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#stepMs = clock.monotonicMs();
  }

  /**
   * Directories for this destination that are not open here, the oldest run's first: those of this instance or of dead
   * workers of this process, and the others.
   */
  #candidates(names: readonly string[]): [mine: PartName[], others: PartName[]] {
    const [mine, others]: [PartName[], PartName[]] = [[], []];
    for (const name of names) {
      const part = parsePart(name);
      if (part === undefined || part.destination !== this.#destination) continue;
      if (part.origin === this.#origin || this.#held.has(join(this.#root, name))) continue;
      // A directory that carries this run's name and is not open was handed back by another process.
      if (part.instance === this.#instance || this.#dead.has(part.owner)) mine.push(part);
      else others.push(part);
    }
    const byAge = (a: PartName, b: PartName) => (a.origin < b.origin ? -1 : 1);
    return [mine.sort(byAge), others.sort(byAge)];
  }

  async #decide(part: PartName, isMine: boolean, living: ReadonlyMap<string, string>): Promise<Decision> {
    const { clock, graceMs } = this.#parts;
    const ownership = this.#ownership!;
    const verdict = part.owner === FREE ? 'dead' : await ownership.verdict(part.owner);
    const nowMs = clock.monotonicMs();
    const key = partName(part);
    if (verdict === 'dead') this.#deadSinceMs.set(key, this.#deadSinceMs.get(key) ?? nowMs);
    else this.#deadSinceMs.delete(key);
    const isNamed = this.#dead.has(part.owner);
    if (verdict === 'dead' && !isMine && !isNamed) {
      // It is handed to its own instance, or taken when nothing of that lives.
      const isClaimed = living.has(part.instance) || !this.#parts.events.canAdoptOther(part.instance);
      if (isClaimed) return 'leave';
    }
    const holder = part.owner === part.origin ? part.instance : (ownership.instanceOf(part.owner) ?? part.instance);
    const sinceMs = this.#waitingSinceMs.get(part.origin);
    const decision = decide({
      part,
      verdict,
      isMyInstance: isMine,
      isOpen: this.#held.has(join(this.#root, key)) || part.origin === this.#origin,
      namedDeadByHost: isNamed,
      firstSeenDeadAgoMs: nowMs - (this.#deadSinceMs.get(key) ?? nowMs),
      hasSegments: this.#hasSegments(key),
      heldByOther: holder !== part.instance,
      waitedMs: sinceMs === undefined ? 0 : nowMs - sinceMs,
      leaseMs: ownership.leaseMs,
      ...(graceMs === undefined ? {} : { graceMs }),
    });
    if (decision === 'wait' && sinceMs === undefined) this.#waitingSinceMs.set(part.origin, nowMs);
    return decision;
  }

  /** Whether the directory is under this name no more: another process took it over, or finished it. */
  #hasLeft(part: PartName): boolean {
    return !this.#exists(join(this.#root, partName(part)));
  }

  /** Returns whether the directory is this run's now, or has nothing that it could send. */
  #adopt(part: PartName): boolean {
    const from = join(this.#root, partName(part));
    const name = { ...part, owner: this.#run };
    const path = join(this.#root, partName(name));
    if (!this.#isOurs(from) || !this.#isFor(from)) return true;
    const renamed =
      part.owner === this.#run ? undefined : this.#disk.attempt(() => this.#disk.fs.renameSync(from, path));
    if (renamed !== undefined) {
      // Another run was first; or an empty directory of that name is in the way, which is left and reported.
      if (renamed.code !== 'ENOENT') this.#parts.events.onFailure(renamed);
      return false;
    }
    this.#disk.attempt(() => this.#disk.syncDirectory(this.#root));
    const held: Held = { name, path, journals: 0, bytes: 0, isMine: part.instance === this.#instance };
    this.#held.set(path, held);
    const failure = this.#openAll(held, this.#dead.has(part.owner));
    if (failure !== undefined) {
      this.#parts.events.onFailure(failure);
      // It carries our name now, and is opened with the next look.
      if (held.journals === 0) this.#held.delete(held.path);
      return false;
    }
    if (held.journals === 0) this.#leave(held);
    return true;
  }

  #openAll(held: Held, isInherited: boolean): DiskFailure | undefined {
    const { events } = this.#parts;
    let names: string[] = [];
    const failure = this.#disk.attempt(() => {
      names = this.#disk.fs.readdirSync(held.path);
    });
    if (failure !== undefined) return failure;
    const keys = new Set(names.flatMap((name) => parseSegment(name)?.key ?? []));
    for (const key of [...keys].sort((a, b) => a - b)) {
      const progress = new ProgressFile(this.#disk, () => join(held.path, progressName(key)));
      const opened = openJournal({ ...this.#journalParts(() => held.path, key), progress }, names);
      if (opened === undefined) continue;
      if (opened.kind === 'failed') return opened;
      held.journals += 1;
      held.bytes += opened.journal.bytes;
      events.onAdopted(opened.journal, { isMine: held.isMine, isInherited, instance: held.name.instance });
    }
    return undefined;
  }

  /** All of the journal is finished. */
  drained(journal: Journal): void {
    const held = this.#held.get(journal.directory);
    if (held === undefined) return;
    held.journals -= 1;
    if (held.journals === 0) this.#leave(held);
  }

  /** Removes an adopted directory in which nothing is left: progress without segments says nothing. */
  #leave(held: Held): void {
    this.#held.delete(held.path);
    let names: string[] = [];
    this.#disk.attempt(() => {
      names = this.#disk.fs.readdirSync(held.path);
    });
    if (names.some((name) => parseSegment(name) !== undefined)) return;
    for (const name of names.filter((one) => parseProgress(one) !== undefined)) {
      this.#disk.attempt(() => this.#disk.fs.unlinkSync(join(held.path, name)));
    }
    this.#disk.attempt(() => this.#disk.fs.rmdirSync(held.path));
  }

  /** The newest living run of each instance that runs of this destination were left by. */
  async #livingInstances(names: readonly string[], others: readonly PartName[]): Promise<ReadonlyMap<string, string>> {
    const wanted = new Set(others.map(({ instance }) => instance));
    for (const { isMine, name } of this.#held.values()) if (!isMine) wanted.add(name.instance);
    const living = new Map<string, string>();
    if (wanted.size === 0) return living;
    const ownership = this.#ownership!;
    for (const run of names.flatMap((name) => parseOwner(name) ?? []).sort()) {
      const instance = ownership.instanceOf(run);
      await this.#endStep();
      if (instance === undefined || !wanted.has(instance)) continue;
      // A process of the same name that writes elsewhere would never send them.
      if (!ownership.sendsTo(run, this.#destination)) continue;
      if ((await ownership.verdict(run)) === 'alive') living.set(instance, run);
    }
    return living;
  }

  /** A living run of the instance sends its own records after these: it gets them back. */
  #handBack(living: ReadonlyMap<string, string>): void {
    for (const { path, name, isMine } of this.#held.values()) {
      const run = living.get(name.instance);
      if (run === undefined || isMine || this.#handingBack.has(path)) continue;
      // In an outage the unit in flight has no end, and the look must not wait for it.
      this.#handingBack.add(path);
      void this.#handBackTo(run, path, name);
    }
  }

  async #handBackTo(run: string, path: string, name: PartName): Promise<void> {
    await this.#parts.events.onHandBack(path);
    this.#handingBack.delete(path);
    if (this.#isClosed || !this.#held.delete(path)) return;
    const failure = this.#disk.attempt(() => {
      this.#disk.fs.renameSync(path, join(this.#root, partName({ ...name, owner: run })));
    });
    if (failure !== undefined && failure.code !== 'ENOENT') this.#parts.events.onFailure(failure);
  }

  /**
   * Whether it is a directory of our own user. A group may write to our root, and what is adopted is sent under our key: a
   * link, or another user's directory, is left alone and reported once.
   */
  #isOurs(path: string): boolean {
    let what = '';
    const failure = this.#disk.attempt(() => {
      const stat = this.#disk.fs.lstatSync(path);
      const uid = process.getuid?.();
      if (!stat.isDirectory()) what = 'is no directory';
      else if (uid !== undefined && stat.uid !== uid) what = `belongs to user ${stat.uid}`;
    });
    if (failure !== undefined || what === '') return failure === undefined;
    if (!this.#foreign.has(path)) this.#parts.events.onNotice(`foreign ${path}`, `${path} ${what}, and is left alone`);
    this.#foreign.add(path);
    return false;
  }

  /** A directory's name has a hash of the destination; the whole of it is in its segments. */
  #isFor(path: string): boolean {
    const text = this.#textIn(path);
    return text === undefined || text.destination === this.#parts.destination;
  }

  #textIn(path: string): SegmentText | undefined {
    let names: string[] = [];
    this.#disk.attempt(() => {
      if (this.#disk.fs.lstatSync(path).isDirectory()) names = this.#disk.fs.readdirSync(path).sort();
    });
    for (const name of names) {
      const segment = parseSegment(name);
      if (segment === undefined) continue;
      const reader = new SegmentReader(this.#disk, join(path, segmentName(segment.key, segment.number)));
      const header = reader.header();
      reader.close();
      if (header !== undefined && !('kind' in header)) return header.text;
    }
    return undefined;
  }

  #hasSegments(name: string): boolean {
    const path = join(this.#root, name);
    let has = false;
    this.#disk.attempt(() => {
      if (!this.#disk.fs.lstatSync(path).isDirectory()) return;
      has = this.#disk.fs.readdirSync(path).some((file) => parseSegment(file) !== undefined);
    });
    return has;
  }

  #noticeWait(run: string | undefined, holder: string): void {
    const sinceMs = run === undefined ? undefined : this.#waitingSinceMs.get(run);
    if (sinceMs === undefined || this.#noticedWait) return;
    if (this.#parts.clock.monotonicMs() - sinceMs < WAIT_NOTICE_MS) return;
    this.#noticedWait = true;
    const { leaseMs } = this.#ownership!;
    this.#parts.events.onNotice(
      'waiting',
      `waiting up to ${leaseMs / 1000} s to learn whether ${this.#ownership!.describe(holder)}, which left batches in the spool, still runs; new records are kept on disk`,
    );
  }

  /** Records for another topic or Logstore are never sent by this process, and never deleted. */
  async #noticeElsewhere(names: readonly string[]): Promise<void> {
    this.#lookedElsewhere = true;
    const places = new Map<string, number>();
    const elsewhere = names
      .flatMap((name) => parsePart(name) ?? [])
      .filter(({ destination }) => destination !== this.#destination);
    for (const part of elsewhere.slice(0, COUNTED_ELSEWHERE)) {
      const text = this.#textIn(join(this.#root, partName(part)));
      if (text !== undefined) places.set(text.destination, (places.get(text.destination) ?? 0) + 1);
      await this.#endStep();
    }
    for (const [destination, directories] of places) {
      this.#parts.events.onNotice(
        `elsewhere ${destination}`,
        `the spool holds ${directories === 1 ? 'a directory' : `${directories} directories`} for another destination, ${destination}, which this process does not send (putlogs spool ls)`,
      );
    }
  }

  /**
   * Removes what names a run that is dead and has no directory. The directories are listed after the verdict: a run may
   * have made one since the first listing, and died then. Without its owner file, its successor would wait for a lease.
   */
  async #forgetTheDead(names: readonly string[]): Promise<void> {
    const dead: string[] = [];
    for (const run of names.flatMap((name) => parseOwner(name) ?? [])) {
      // Also by its socket: of a run in another pid namespace nothing else says so before its lease is over.
      if (run !== this.#run && (await this.#ownership!.verdict(run)) === 'dead') dead.push(run);
      await this.#endStep();
    }
    if (dead.length === 0) return;
    const now = this.#list();
    if (!Array.isArray(now)) return;
    const holders = new Set(now.flatMap((name) => parsePart(name)?.owner ?? []));
    for (const run of dead) {
      if (this.#isClosed) return;
      if (!holders.has(run)) this.#ownership!.forget(run);
      await this.#endStep();
    }
  }

  #list(): string[] | DiskFailure {
    let names: string[] = [];
    const failure = this.#disk.attempt(() => {
      names = this.#disk.fs.readdirSync(this.#root);
    });
    return failure ?? names;
  }

  /** How to see whether an adopted directory has its name still: a slow volume takes milliseconds for each call. */
  #existence(): (path: string) => boolean {
    const names = this.#held.size > LOOKED_AT ? this.#list() : undefined;
    if (!Array.isArray(names)) return (path) => this.#exists(path);
    const listed = new Set(names);
    return (path) => listed.has(basename(path));
  }

  #exists(path: string): boolean {
    const failure = this.#disk.attempt(() => this.#disk.fs.lstatSync(path));
    return failure?.code !== 'ENOENT';
  }

  #setAside(directory: string, path: string): void {
    const part = parsePart(basename(directory));
    const origin = part === undefined ? '' : `${part.destination}.${part.instance}.${part.origin}.`;
    const damaged = join(this.#root, DAMAGED);
    const failure = this.#disk.attempt(() => {
      this.#disk.attempt(() => this.#disk.fs.mkdirSync(damaged, { mode: 0o700 }));
      this.#disk.fs.renameSync(path, join(damaged, `${origin}${basename(path)}`));
    });
    if (failure !== undefined && failure.code !== 'ENOENT') this.#parts.events.onFailure(failure);
  }

  /**
   * Leaves the rest to the next process. Synchronous, for the end of the process.
   * @param isClean says in the directories' names that they are free. After the unexpected end of a worker they keep the
   * name of its run: its host names the run to the next worker, which counts what it finds as inherited.
   */
  close(isClean: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#ownership === undefined) return;
    if (!isClean) {
      this.writer.abandon();
      return;
    }
    this.writer.close();
    this.journal.close();
    if (this.journal.unfinished === 0) this.#removeOwnDirectory();
    // Also one that could not be removed: the next process does it.
    if (this.#isMade && this.#exists(this.#ownPath())) this.#free(this.#ownPath());
    for (const { path } of this.#held.values()) this.#free(path);
    this.#ownership.close();
  }

  #removeOwnDirectory(): void {
    this.journal.remove();
    this.#disk.attempt(() => this.#disk.fs.unlinkSync(join(this.#ownPath(), progressName(KEY))));
    this.#disk.attempt(() => this.#disk.fs.rmdirSync(this.#ownPath()));
  }

  #free(path: string): void {
    const part = parsePart(basename(path))!;
    const failure = this.#disk.attempt(() => {
      this.#disk.fs.renameSync(path, join(this.#root, partName({ ...part, owner: FREE })));
      this.#disk.syncDirectory(this.#root);
    });
    // A directory that is gone was deleted, or is another process's.
    if (failure !== undefined && failure.code !== 'ENOENT') this.#parts.events.onFailure(failure);
  }
}

export { BEAT_MS };
