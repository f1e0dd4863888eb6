// The spool of one run: its own journal in its own directory, and the directories that it adopts.
//
// A run reads and writes only in directories that carry its name. A process that was frozen may have lost a directory
// to another process meanwhile. So after a pause it looks whether the directory still has its name, before it uses it.
// If not, it is evicted: it goes on as a new run, and the other process sends what was on disk.

import { join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { newRun, type Runs } from '../runtime/run';
import type { BodyLayout } from '../targets/target';
import { spoolBudgetReduced, spoolFileSystem } from '../telemetry/warning-catalogue';
import { AdoptedDirectories } from './adopted-directories';
import { Adoption } from './adoption';
import { Disk, type DiskFailure, makeDirectory, type SpoolFs } from './disk';
import type { SegmentText } from './format';
import type { Identity } from './identity';
import { Journal, type JournalParts } from './journal';
import { JournalWriter } from './journal-writer';
import type { Liveness, Probe } from './liveness';
import { nameHash, partName, progressName } from './names';
import { LEASE_MS, NFS_LEASE_MS, Ownership } from './ownership';
import { ProgressFile } from './progress';
import { type FileSystemKind, fileSystemKind, fileSystemNotice, openRoot } from './root';
import { RunDirectories } from './run-directories';
import type { SpoolEvents } from './spool-events';

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

/** However much is adopted, this part of `maxBytes` may be written. */
const LEAST_PART = 1 / 8;
/** The number of the instance's only hash key in file names. */
const KEY = 0;

/** This run's owner file and directory, once the root is open. */
interface Place {
  readonly directories: RunDirectories;
  readonly ownership: Ownership;
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
  #place: Place | undefined;
  /** Whether our own directory was made. */
  #isMade = false;
  #isClosed = false;
  #noticedShrink = false;
  readonly #adopted: AdoptedDirectories;
  readonly #adoption: Adoption;
  journal: Journal;
  writer: JournalWriter;

  constructor(parts: SpoolParts) {
    const { fsync, machine, destination, layout, instance, runs, clock, events, graceMs } = parts;
    this.#parts = parts;
    this.#disk = new Disk(fsync, machine?.fs);
    this.#destination = nameHash(JSON.stringify([destination, layout]));
    this.#instance = nameHash(instance);
    this.#dead = new Set(runs?.dead);
    this.#run = runs?.own ?? newRun(clock.wallMs());
    this.#origin = this.#run;
    this.#adopted = new AdoptedDirectories({
      disk: this.#disk,
      clock,
      destination,
      directories: () => this.#place!.directories,
      journalParts: (directory, key) => this.#journalParts(directory, key),
      events,
    });
    this.#adoption = new Adoption({
      clock,
      events,
      adopted: this.#adopted,
      destinationText: destination,
      destination: this.#destination,
      instance: this.#instance,
      dead: this.#dead,
      graceMs,
      self: () => ({ run: this.#run, origin: this.#origin, ...this.#place! }),
      isClosed: () => this.#isClosed,
    });
    [this.journal, this.writer] = this.#newJournal();
  }

  get run(): string {
    return this.#run;
  }

  /** Our own directory inside `spool.dir`; undefined before it is open. */
  get root(): string | undefined {
    return this.#place?.directories.root;
  }

  get leaseMs(): number {
    return this.#place?.ownership.leaseMs ?? LEASE_MS;
  }

  /** Whether directories of other instances are adopted, which may have to be handed back. */
  get holdsOthers(): boolean {
    return this.#adopted.hasOthers;
  }

  /** Makes our own directory and says that this run lives. Returns why there is no spool. */
  open(): DiskFailure | undefined {
    const { events, fsync } = this.#parts;
    const root = openRoot(this.#disk, this.#parts.dir);
    if (root.kind === 'failed') return root;
    const directories = new RunDirectories(this.#disk, root.path);
    const names = directories.list();
    if (!Array.isArray(names)) return names;
    this.#place = { directories, ownership: this.#newOwnership(root.path) };
    this.#takeLaterRun(names);
    const failure = this.#place.ownership.open();
    if (failure !== undefined) return failure;
    const [[first]] = this.#adoption.candidates(names);
    if (first !== undefined) events.onWait(first.origin);
    const notice = fileSystemNotice(this.#fileSystem(root.path), fsync);
    if (notice !== undefined) events.onNotice(spoolFileSystem(notice));
    return undefined;
  }

  /** A virtual machine has no file system that is worth a notice. */
  #fileSystem(root: string): FileSystemKind | undefined {
    return this.#parts.machine === undefined ? fileSystemKind(root) : undefined;
  }

  /** A clock that was set back must not put this run before its predecessors. */
  #takeLaterRun(names: readonly string[]): void {
    const [mine] = this.#adoption.candidates(names);
    // They are sorted by age.
    const newest = mine.findLast(({ instance }) => instance === this.#instance)?.origin ?? '';
    if (newest < this.#origin) return;
    // The host knows a worker's run by its name, so only the name that the journals sort by is another one.
    this.#origin = newRun(this.#parts.clock.wallMs(), newest);
    [this.journal, this.writer] = this.#newJournal();
  }

  #newOwnership(root: string): Ownership {
    const { clock, machine, runs } = this.#parts;
    return new Ownership({
      disk: this.#disk,
      root,
      run: this.#run,
      namedRun: runs?.own ?? '',
      instanceHash: this.#instance,
      destinationHashes: [this.#destination],
      clock,
      deadRuns: this.#dead,
      ...(this.#fileSystem(root) === 'nfs' ? { leaseMs: NFS_LEASE_MS } : {}),
      ...(machine === undefined ? {} : { identity: machine.identity, probe: machine.probe, listen: machine.listen }),
    });
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
    const { clock, events, inFlight } = this.#parts;
    return {
      disk: this.#disk,
      clock,
      directory,
      key,
      setAside: (path) => {
        const failure = this.#place!.directories.setAside(directory(), path);
        if (failure !== undefined) events.onFailure(failure);
      },
      onDamaged: events.onDamaged,
      onSurplus: events.onSurplus,
      isHeld: () => this.#place!.directories.exists(directory()),
      inFlight,
    };
  }

  #ownPath(): string {
    const [destination, instance] = [this.#destination, this.#instance];
    const name = partName({ destination, instance, origin: this.#origin, owner: this.#run });
    return this.#place!.directories.pathOf(name);
  }

  /** @throws the system's error */
  #makeOwnDirectory(): void {
    // It may be there from a first try that failed behind this.
    makeDirectory(this.#ownPath(), this.#disk.fs);
    this.#isMade = true;
    this.#disk.syncDirectory(this.#place!.directories.root);
  }

  #budgetBytes(): number {
    const { maxBytes, events } = this.#parts;
    const adoptedBytes = this.#adopted.ownBytes;
    const budgetBytes = Math.max(maxBytes * LEAST_PART, maxBytes - adoptedBytes);
    if (budgetBytes < maxBytes / 2 && !this.#noticedShrink) {
      this.#noticedShrink = true;
      events.onNotice(spoolBudgetReduced(adoptedBytes, budgetBytes));
    }
    return budgetBytes;
  }

  // lease

  /** Every `BEAT_MS`: says that this run lives, and looks whether its directories are still its own. */
  renew(): void {
    const place = this.#place;
    if (this.#isClosed || place === undefined) return;
    let failure = place.ownership.renew();
    // The whole directory was deleted: it is made again.
    if (failure?.code === 'ENOENT' && openRoot(this.#disk, this.#parts.dir).kind === 'root') {
      failure = place.ownership.renew();
    }
    if (failure !== undefined) this.#parts.events.onFailure(failure);
    this.#checkHeld(place);
  }

  /** Before an append or an attempt: after a pause of half a lease, another process may have taken a directory. */
  checkAfterPause(): void {
    if (this.#place?.ownership.mayBeEvicted) this.renew();
  }

  #checkHeld({ ownership, directories }: Place): void {
    const { onEvicted } = this.#parts.events;
    // After a pause, another process may have taken a directory, sent all of it and removed it: that is no loss.
    const mayBeTaken = ownership.mayBeEvicted;
    for (const path of this.#adopted.forgetLost()) onEvicted(path, !mayBeTaken && directories.isDeleted(path));
    ownership.confirmHeld();
    if (!this.#isMade || directories.exists(this.#ownPath())) return;
    const lost = this.#ownPath();
    this.#becomeNewRun({ ownership, directories });
    onEvicted(lost, !mayBeTaken && directories.isDeleted(lost));
  }

  #becomeNewRun({ ownership, directories }: Place): void {
    ownership.close();
    this.#run = newRun(this.#parts.clock.wallMs(), this.#origin);
    this.#origin = this.#run;
    this.#isMade = false;
    this.writer.abandon();
    [this.journal, this.writer] = this.#newJournal();
    this.#place = { directories, ownership: this.#newOwnership(directories.root) };
    const failure = this.#place.ownership.open();
    if (failure !== undefined) this.#parts.events.onFailure(failure);
  }

  // adoption

  /** See `Adoption.look`. */
  look(): Promise<void> {
    return this.#isClosed || this.#place === undefined ? Promise.resolve() : this.#adoption.look();
  }

  /** All of an adopted journal is finished. */
  drained(journal: Journal): void {
    this.#adopted.drained(journal);
  }

  // the end

  /**
   * Leaves the rest to the next process. Synchronous, for the end of the process.
   * @param isClean says in the directories' names that they are free. After the unexpected end of a worker they keep
   * the name of its run: its host names the run to the next worker, which counts what it finds as inherited.
   */
  close(isClean: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#place === undefined) return;
    if (!isClean) {
      this.writer.abandon();
      this.#adopted.abandon();
      return;
    }
    this.writer.close();
    this.journal.close();
    if (this.journal.unfinished === 0) this.#removeOwnDirectory();
    // Also a directory that could not be removed: the next process does it.
    if (this.#isMade && this.#place.directories.exists(this.#ownPath())) this.#adopted.free(this.#ownPath());
    this.#adopted.freeAll();
    this.#place.ownership.close();
  }

  #removeOwnDirectory(): void {
    this.journal.remove();
    this.#disk.attempt(() => this.#disk.fs.unlinkSync(join(this.#ownPath(), progressName(KEY))));
    this.#disk.attempt(() => this.#disk.fs.rmdirSync(this.#ownPath()));
  }
}
