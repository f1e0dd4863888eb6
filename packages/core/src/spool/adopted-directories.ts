// The directories that this run has taken over from other runs, and their journals.
//
// A directory changes its owner by a rename, which is atomic: of two runs that claim one directory, the second finds
// nothing. The next look opens a directory that carries our name and is not open yet. Either its rename succeeded and
// the answer was lost, or its journals could not be opened then.

import { basename, join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { spoolForeignDirectory } from '../telemetry/warning-catalogue';
import type { Disk, DiskFailure } from './disk';
import type { Journal, JournalParts } from './journal';
import { FREE, type PartName, parsePart, parseSegment, partName, progressName } from './names';
import { openJournal } from './open-journal';
import { ProgressFile } from './progress';
import { LastingFailure } from './read-failures';
import { namesIn, type RunDirectories } from './run-directories';
import type { SpoolEvents } from './spool-events';

export interface AdoptedParts {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Of this process, as canonical text. */
  readonly destination: string;
  readonly directories: () => RunDirectories;
  readonly journalParts: (directory: () => string, key: number) => Omit<JournalParts, 'progress'>;
  readonly events: SpoolEvents;
}

interface Adopted {
  readonly name: PartName;
  readonly path: string;
  readonly isMine: boolean;
  journals: number;
  bytes: number;
}

/** Up to this many directories are checked one by one. For more of them, one call lists all names. */
const LOOKED_AT = 16;

export class AdoptedDirectories {
  readonly #parts: AdoptedParts;
  /** By path. */
  readonly #held = new Map<string, Adopted>();
  #ownBytes = 0;
  readonly #handingBack = new Set<string>();
  /** Directories of other users, and links. Each is reported once. */
  readonly #foreign = new Set<string>();
  /** Directories whose journals could not be opened, by path. */
  readonly #unopened = new Map<string, LastingFailure>();

  constructor(parts: AdoptedParts) {
    this.#parts = parts;
  }

  has(path: string): boolean {
    return this.#held.has(path);
  }

  /** Whether this run has adopted directories of other instances, which it may have to hand back. */
  get hasOthers(): boolean {
    return this.#others.length > 0;
  }

  get otherInstances(): string[] {
    return this.#others.map(({ name }) => name.instance);
  }

  get #others(): Adopted[] {
    return [...this.#held.values()].filter(({ isMine }) => !isMine);
  }

  /** Bytes that earlier runs of the own instance left. Read at each append, so it is a running sum. */
  get ownBytes(): number {
    return this.#ownBytes;
  }

  /**
   * @param owner this run
   * @returns whether the directory belongs to this run now, or has no records that this run could send
   */
  adopt(part: PartName, owner: string, { isMine, isInherited }: { isMine: boolean; isInherited: boolean }): boolean {
    const { disk, directories, events } = this.#parts;
    const from = directories().pathOf(partName(part));
    const name = { ...part, owner };
    const path = directories().pathOf(partName(name));
    if (this.#isForeign(from) || !this.#isForDestination(from)) return true;
    const renamed = part.owner === owner ? undefined : disk.attempt(() => disk.fs.renameSync(from, path));
    if (renamed !== undefined) {
      // With ENOENT, another run was first. Otherwise an empty directory of the new name may exist: it stays.
      if (renamed.code !== 'ENOENT') events.onFailure(renamed);
      return false;
    }
    disk.attempt(() => disk.syncDirectory(directories().root));
    const held: Adopted = { name, path, isMine, journals: 0, bytes: 0 };
    this.#held.set(path, held);
    const failure = this.#openAll(held, isInherited);
    if (failure !== undefined) {
      events.onFailure(failure);
      if (held.journals === 0) this.#forget(path);
      return false;
    }
    this.#unopened.delete(path);
    if (held.journals === 0) this.#remove(held);
    return true;
  }

  #isForeign(path: string): boolean {
    const problem = this.#parts.directories().foreign(path);
    if (typeof problem !== 'string') return true;
    if (problem === '') return false;
    if (!this.#foreign.has(path)) this.#parts.events.onNotice(spoolForeignDirectory(path, problem));
    this.#foreign.add(path);
    return true;
  }

  /** A directory's name has only a hash of the destination. Its segments have the whole text. */
  #isForDestination(path: string): boolean {
    const text = this.#parts.directories().textIn(path);
    return text === undefined || text.destination === this.#parts.destination;
  }

  #openAll(held: Adopted, isInherited: boolean): DiskFailure | undefined {
    const { disk, events, journalParts } = this.#parts;
    const names = namesIn(disk, held.path);
    if (!Array.isArray(names)) return names;
    const failures = this.#unopened.get(held.path) ?? new LastingFailure();
    const keys = new Set(names.flatMap((name) => parseSegment(name)?.key ?? []));
    for (const key of [...keys].sort((a, b) => a - b)) {
      const progress = new ProgressFile(disk, () => join(held.path, progressName(key)));
      const parts = { ...journalParts(() => held.path, key), progress };
      const opened = openJournal(parts, names, (failure) => failures.isLasting(failure, this.#parts.clock));
      if (opened === undefined) continue;
      if (opened.kind === 'failed') {
        this.#unopened.set(held.path, failures);
        return opened;
      }
      held.journals += 1;
      held.bytes += opened.journal.bytes;
      const { isMine } = held;
      if (isMine) this.#ownBytes += opened.journal.bytes;
      events.onAdopted(opened.journal, { isMine, isInherited, instance: held.name.instance });
    }
    return undefined;
  }

  /** All of the journal is finished. */
  drained(journal: Journal): void {
    const held = this.#held.get(journal.directory);
    if (held === undefined) return;
    held.journals -= 1;
    if (held.journals === 0) this.#remove(held);
  }

  #remove({ path }: Adopted): void {
    this.#forget(path);
    this.#parts.directories().removeFinished(path);
  }

  /** Returns whether it was held. */
  #forget(path: string): boolean {
    const held = this.#held.get(path);
    if (held?.isMine) this.#ownBytes -= held.bytes;
    return this.#held.delete(path);
  }

  /** Forgets the directories that no longer carry our name, and returns their paths. */
  forgetLost(): string[] {
    const isThere = this.#existence();
    const lost = [...this.#held.keys()].filter((path) => !isThere(path));
    for (const path of lost) this.#forget(path);
    return lost;
  }

  /** Returns how to check whether a directory still has its name. A slow volume takes milliseconds for each call. */
  #existence(): (path: string) => boolean {
    const directories = this.#parts.directories();
    const names = this.#held.size > LOOKED_AT ? directories.list() : undefined;
    if (!Array.isArray(names)) return (path) => directories.exists(path);
    const listed = new Set(names);
    return (path) => listed.has(basename(path));
  }

  /**
   * Hands directories of other instances back to living runs of these instances. Such a run sends the records in them
   * before its own.
   * @param living a run for each instance
   */
  handBack(living: ReadonlyMap<string, string>): void {
    for (const { path, name } of this.#others) {
      const run = living.get(name.instance);
      if (run === undefined || this.#handingBack.has(path)) continue;
      // In an outage the unit in flight may never finish, and the look must not wait for it.
      this.#handingBack.add(path);
      void this.#handBackTo(run, path, name);
    }
  }

  async #handBackTo(run: string, path: string, name: PartName): Promise<void> {
    await this.#parts.events.onHandBack(path);
    this.#handingBack.delete(path);
    // Meanwhile this process may have freed the directory, or lost it.
    if (!this.#forget(path)) return;
    this.#rename(path, { ...name, owner: run });
  }

  /** Leaves each directory to the next run. Synchronous, for the end of the process. */
  freeAll(): void {
    for (const path of this.#held.keys()) this.free(path);
    this.abandon();
  }

  /**
   * Leaves the directories under our name. After the unexpected end of a worker, the next worker of this process adopts
   * them.
   */
  abandon(): void {
    this.#held.clear();
    this.#ownBytes = 0;
  }

  free(path: string): void {
    this.#rename(path, { ...parsePart(basename(path))!, owner: FREE });
  }

  #rename(path: string, name: PartName): void {
    const { disk, directories, events } = this.#parts;
    const failure = disk.attempt(() => {
      disk.fs.renameSync(path, directories().pathOf(partName(name)));
      disk.syncDirectory(directories().root);
    });
    // With ENOENT, the directory was deleted, or belongs to another process.
    if (failure !== undefined && failure.code !== 'ENOENT') events.onFailure(failure);
  }
}
