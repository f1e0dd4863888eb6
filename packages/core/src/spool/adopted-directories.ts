// The directories that this run has taken over from other runs, and their journals.
//
// Directories change hands by a rename, which is atomic: of two runs that claim one, the second finds nothing. A
// directory that carries our name and is not open is opened at the next look: its rename succeeded and its answer was
// lost, or its journals could not be opened then.

import { basename, join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { spoolForeignDirectory } from '../telemetry/warning-catalogue';
import type { Disk, DiskFailure } from './disk';
import type { Journal, JournalParts } from './journal';
import { FREE, type PartName, parsePart, parseProgress, parseSegment, partName, progressName } from './names';
import { openJournal } from './open-journal';
import { ProgressFile } from './progress';
import { LastingFailure } from './read-failures';
import { namesIn, type RunDirectories } from './run-directories';
import type { SpoolEvents } from './spool-events';

export interface AdoptedParts {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Of this process: with its layout, in canonical text. */
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

/** Up to so many directories are looked at one by one; the names of more are listed in one call. */
const LOOKED_AT = 16;

export class AdoptedDirectories {
  readonly #parts: AdoptedParts;
  /** By path. */
  readonly #held = new Map<string, Adopted>();
  readonly #handingBack = new Set<string>();
  /** Reported once: directories of other users, and links. */
  readonly #foreign = new Set<string>();
  /** Directories whose journals could not be opened, by path. */
  readonly #unopened = new Map<string, LastingFailure>();

  constructor(parts: AdoptedParts) {
    this.#parts = parts;
  }

  has(path: string): boolean {
    return this.#held.has(path);
  }

  /** Whether directories of other instances are here, which may have to be handed back. */
  get hasOthers(): boolean {
    return this.#others.length > 0;
  }

  get otherInstances(): string[] {
    return this.#others.map(({ name }) => name.instance);
  }

  get #others(): Adopted[] {
    return [...this.#held.values()].filter(({ isMine }) => !isMine);
  }

  /** Bytes that earlier runs of the own instance left. */
  get ownBytes(): number {
    let bytes = 0;
    for (const held of this.#held.values()) if (held.isMine) bytes += held.bytes;
    return bytes;
  }

  /**
   * @param owner this run
   * @returns whether the directory is this run's now, or has nothing that it could send
   */
  adopt(part: PartName, owner: string, { isMine, isInherited }: { isMine: boolean; isInherited: boolean }): boolean {
    const { disk, directories, events } = this.#parts;
    const from = directories().pathOf(partName(part));
    const name = { ...part, owner };
    const path = directories().pathOf(partName(name));
    if (this.#isForeign(from) || !this.#isForDestination(from)) return true;
    const renamed = part.owner === owner ? undefined : disk.attempt(() => disk.fs.renameSync(from, path));
    if (renamed !== undefined) {
      // Another run was first; or an empty directory of that name is in the way, which is left and reported.
      if (renamed.code !== 'ENOENT') events.onFailure(renamed);
      return false;
    }
    disk.attempt(() => disk.syncDirectory(directories().root));
    const held: Adopted = { name, path, isMine, journals: 0, bytes: 0 };
    this.#held.set(path, held);
    const failure = this.#openAll(held, isInherited);
    if (failure !== undefined) {
      events.onFailure(failure);
      if (held.journals === 0) this.#held.delete(path);
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

  /** A directory's name has a hash of the destination; the whole of it is in its segments. */
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

  /** Removes a directory in which nothing is left: progress without segments says nothing. */
  #remove(held: Adopted): void {
    const { disk } = this.#parts;
    this.#held.delete(held.path);
    const listed = namesIn(disk, held.path);
    const names = Array.isArray(listed) ? listed : [];
    if (names.some((name) => parseSegment(name) !== undefined)) return;
    for (const name of names.filter((one) => parseProgress(one) !== undefined)) {
      disk.attempt(() => disk.fs.unlinkSync(join(held.path, name)));
    }
    disk.attempt(() => disk.fs.rmdirSync(held.path));
  }

  /** Forgets the directories that are under our name no more, and returns their paths. */
  forgetLost(): string[] {
    const isThere = this.#existence();
    const lost = [...this.#held.keys()].filter((path) => !isThere(path));
    for (const path of lost) this.#held.delete(path);
    return lost;
  }

  /** How to see whether a directory has its name still: a slow volume takes milliseconds for each call. */
  #existence(): (path: string) => boolean {
    const directories = this.#parts.directories();
    const names = this.#held.size > LOOKED_AT ? directories.list() : undefined;
    if (!Array.isArray(names)) return (path) => directories.exists(path);
    const listed = new Set(names);
    return (path) => listed.has(basename(path));
  }

  /**
   * Gives directories of other instances to living runs of these. Such a run sends its own records after them.
   * @param living by instance
   */
  handBack(living: ReadonlyMap<string, string>): void {
    for (const { path, name } of this.#others) {
      const run = living.get(name.instance);
      if (run === undefined || this.#handingBack.has(path)) continue;
      // In an outage the unit in flight has no end, and the look must not wait for it.
      this.#handingBack.add(path);
      void this.#handBackTo(run, path, name);
    }
  }

  async #handBackTo(run: string, path: string, name: PartName): Promise<void> {
    await this.#parts.events.onHandBack(path);
    this.#handingBack.delete(path);
    // Freed at the end of this process, or lost meanwhile.
    if (!this.#held.delete(path)) return;
    this.#rename(path, { ...name, owner: run });
  }

  /** Leaves each directory to whatever run comes next. Synchronous, for the end of the process. */
  freeAll(): void {
    for (const path of this.#held.keys()) this.free(path);
    this.#held.clear();
  }

  /**
   * Leaves the directories under our name: after the unexpected end of a worker, the next one of this process takes
   * them.
   */
  abandon(): void {
    this.#held.clear();
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
    // A directory that is gone was deleted, or is another process's.
    if (failure !== undefined && failure.code !== 'ENOENT') events.onFailure(failure);
  }
}
