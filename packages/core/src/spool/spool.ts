// The spool of one run: its own journal in its own directory, and the directories that it adopts.
//
// A run reads and writes only in directories that carry its name. While a process is frozen, another process may adopt
// its directory. So after a pause, a run checks that the directory still has its name before it uses the directory. If
// not, the run is evicted: it continues as a new run, and the other process sends the records that were on disk.

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
import { NFS_LEASE_MS } from './lease-times';
import type { Liveness, Probe } from './liveness';
import { nameHash, type PartName, partName, progressName } from './names';
import { Ownership } from './ownership';
import { ProgressFile } from './progress';
import { type FileSystemKind, fileSystemKind, fileSystemNotice, openRoot } from './root';
import { RunDirectories } from './run-directories';
import type { SpoolEvents } from './spool-events';

export interface SpoolParts {
  readonly dir: string;
  readonly maxBytes: number;
  readonly fsync: boolean;
  /** Canonical text without secrets and addresses. */
  readonly destination: string;
  readonly layout: BodyLayout;
  readonly instance: string;
  readonly hashKey: string;
  /** Most units in flight at a time. */
  readonly inFlight: number;
  readonly runs: Runs | undefined;
  /** How long dead runs are left to their own instance; `GRACE_MS` if it is not given. */
  readonly graceMs?: number | undefined;
  readonly clock: Clock;
  readonly machine?: Machine | undefined;
  readonly events: SpoolEvents;
}

/** What the spool uses of its machine. Tests pass a virtual one. */
export interface Machine {
  readonly fs: SpoolFs;
  readonly identity: Identity;
  readonly probe: (disk: Disk, path: string, clock: Clock) => Promise<Probe>;
  readonly listen: (disk: Disk, path: string) => Liveness;
}

/** This part of `maxBytes` may be written, however much is adopted. */
const LEAST_PART = 1 / 8;
/** The number of the instance's only hash key in file names. */
const KEY = 0;

/** This run's owner file and directory, once the root is open. */
interface Place {
  readonly directories: RunDirectories;
  readonly fileSystem: FileSystemKind | undefined;
  readonly ownership: Ownership;
}

export class Spool {
  readonly #parts: SpoolParts;
  readonly #disk: Disk;
  readonly #destination: string;
  readonly #instance: string;
  readonly #dead: Set<string>;
  #run: string;
  /** The run in the name of our directory. It sorts behind each earlier run, also if the clock was set back. */
  #origin: string;
  #place: Place | undefined;
  /** Whether our own directory exists. */
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

  /** Whether directories of other instances are adopted, which may have to be handed back. */
  get holdsOthers(): boolean {
    return this.#adopted.hasOthers;
  }

  /** Makes the root and writes the owner file. Returns the failure if there is no spool; it can be called again. */
  open(): DiskFailure | undefined {
    const { events, fsync, machine } = this.#parts;
    const root = openRoot(this.#disk, this.#parts.dir);
    if (root.kind === 'failed') return root;
    const directories = new RunDirectories(this.#disk, root.path);
    const names = directories.list();
    if (!Array.isArray(names)) return names;
    // A virtual machine has no file system that is worth a notice.
    const fileSystem = machine === undefined ? fileSystemKind(root.path) : undefined;
    const ownership = this.#newOwnership(root.path, fileSystem);
    this.#place = { directories, fileSystem, ownership };
    const [mine] = this.#adoption.candidates(names);
    this.#takeLaterRun(mine);
    const failure = ownership.open();
    if (failure !== undefined) {
      // Without its owner file this run counts as dead: another process would take what this one adopts.
      ownership.close();
      this.#place = undefined;
      return failure;
    }
    if (mine[0] !== undefined) events.onWait(mine[0].origin);
    const notice = fileSystemNotice(fileSystem, fsync);
    if (notice !== undefined) events.onNotice(spoolFileSystem(notice));
    return undefined;
  }

  /**
   * A clock that was set back must not put this run before its predecessors.
   * @param mine the oldest run's first
   */
  #takeLaterRun(mine: readonly PartName[]): void {
    const newest = mine.findLast(({ instance }) => instance === this.#instance)?.origin ?? '';
    if (newest < this.#origin) return;
    // The host knows a worker by the name of its run, so only the name by which journals are sorted is changed.
    this.#origin = newRun(this.#parts.clock.wallMs(), newest);
    [this.journal, this.writer] = this.#newJournal();
  }

  #newOwnership(root: string, fileSystem: FileSystemKind | undefined): Ownership {
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
      ...(fileSystem === 'nfs' ? { leaseMs: NFS_LEASE_MS } : {}),
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
    // The directory may exist already, from an earlier try that failed after this step.
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

  // Lease

  /** Called every `BEAT_MS`: renews the lease, and checks that the directories still carry our name. */
  renew(): void {
    const place = this.#place;
    if (this.#isClosed || place === undefined) return;
    let failure = place.ownership.renew();
    // The whole root was deleted. It is made again.
    if (failure?.code === 'ENOENT' && openRoot(this.#disk, this.#parts.dir).kind === 'root') {
      failure = place.ownership.renew();
    }
    if (failure !== undefined) this.#parts.events.onFailure(failure);
    this.#checkHeld(place);
  }

  /** Called before an append or an attempt. After a pause of half a lease, another process may have a directory. */
  checkAfterPause(): void {
    if (this.#place?.ownership.mayBeEvicted) this.renew();
  }

  #checkHeld(place: Place): void {
    const { ownership, directories } = place;
    const { onEvicted } = this.#parts.events;
    // After a pause, another process may have adopted a directory, sent all of it and removed it. That is no loss.
    const mayBeTaken = ownership.mayBeEvicted;
    for (const path of this.#adopted.forgetLost()) onEvicted(path, !mayBeTaken && directories.isDeleted(path));
    ownership.confirmHeld();
    if (!this.#isMade || directories.exists(this.#ownPath())) return;
    const lost = this.#ownPath();
    this.#becomeNewRun(place);
    onEvicted(lost, !mayBeTaken && directories.isDeleted(lost));
  }

  #becomeNewRun({ ownership, directories, fileSystem }: Place): void {
    ownership.close();
    this.#run = newRun(this.#parts.clock.wallMs(), this.#origin);
    this.#origin = this.#run;
    this.#isMade = false;
    this.writer.abandon();
    [this.journal, this.writer] = this.#newJournal();
    const next = this.#newOwnership(directories.root, fileSystem);
    this.#place = { directories, fileSystem, ownership: next };
    const failure = next.open();
    if (failure !== undefined) this.#parts.events.onFailure(failure);
  }

  // Adoption

  /** See `Adoption.look`. */
  look(): Promise<void> {
    return this.#isClosed || this.#place === undefined ? Promise.resolve() : this.#adoption.look();
  }

  /** All of an adopted journal is finished. */
  drained(journal: Journal): void {
    this.#adopted.drained(journal);
  }

  // The end

  /**
   * Leaves unfinished records to the next process. Synchronous, for the end of the process.
   * @param isClean renames the directories so that they are free. After the unexpected end of a worker they keep the
   * name of its run. The host names that run to the next worker, which counts the records in them as inherited.
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
    if (this.journal.unfinished === 0) {
      this.journal.remove();
      this.#place.directories.removeFinished(this.#ownPath());
    }
    // This includes a directory that could not be removed. The next process removes it.
    if (this.#isMade && this.#place.directories.exists(this.#ownPath())) this.#adopted.free(this.#ownPath());
    this.#adopted.freeAll();
    this.#place.ownership.close();
  }
}
