// The spool: batches that wait on disk, and whose they are.
//
// Takes: sealed batches, and the directories of processes that are gone. Gives: entries, oldest first; what was
// dropped to stay within `maxBytes`. Keeps: its own directories' entries, never the batches. Never: sends, deletes
// or changes a file it did not write or adopt; follows a link; throws (a disk that fails is an answer like another).
//
//   <dir>/                                           0700; may be shared by any number of processes
//     <run>.owner                                    who that run is; its mtime is a lease, renewed while it lives
//     <destination>.<instance>.<origin>.<owner>/     batches of run <origin>, now in the hands of run <owner>
//       <first record>-<count>.batch                     one sealed batch, whole (see file.ts), 0600
//       <first record>-<count>.tmp                       one that was being written
//     damaged/                                       what did not hold its checksum, under its whole name
//
//   run          when it started, in ms, and a random part: runs sort by age
//   destination  a hash of where the batches go: those for another topic are left to a process that writes there
//   instance     a hash of the instance's name: its next process takes its batches at once and sends them before its
//                own, so that its order survives a restart; processes of other instances wait a minute for that one
//
// Adoption. Process A dies with batches in `d.i.A.A`. B and C start, read that A is dead, and both rename the directory
// to `d.i.A.B` and `d.i.A.C`. The rename is atomic: one succeeds, the other finds nothing and goes on. If B dies before
// its replay ends, its successor finds `d.i.A.B` in the same way. A live owner that was taken for dead (a shared volume,
// a clock far off) finds its directory gone, makes it anew, and the batches are sent twice: never lost.

import { join } from 'node:path';
import type { SealedBatch } from '../batch/sealed-batch';
import { Disk, type DiskFailure, makeDirectory, type SpoolFs } from './disk';
import { decodeBatch, encodeBatch, type ReadBatch } from './file';
import { batchNamed, DAMAGED, isTemporary, lives, ownerNamed, ownerPath, partNamed, shortHash } from './layout';
import { type Owner, ownIdentity } from './owner';
import { newRun, type Runs } from './run';

export interface SpoolOptions {
  readonly dir: string;
  /** Bytes of files, adopted ones included; beyond them the oldest are dropped. */
  readonly maxBytes: number;
  /** Also survive a power loss, on a disk that honours fsync. */
  readonly fsync: boolean;
  /** Where the batches go, as one text without secrets. */
  readonly destination: string;
  /** Whose batches they are. */
  readonly instance: string;
  readonly wallMs: () => number;
  /** How long a dead instance's batches are left to its successor; `GRACE_MS` by default. */
  readonly graceMs?: number | undefined;
  /** Which run this is; by default, one that has none before it in its process. */
  readonly runs?: Runs | undefined;
  readonly fs?: SpoolFs;
  /** Who this process says it is. */
  readonly owner?: Owner;
}

/** A file of the spool. */
export interface SpoolEntry {
  readonly path: string;
  readonly firstRecord: number;
  readonly count: number;
  readonly bytes: number;
  /** Left by a worker of this process: it is counted as spooled already, by that one. */
  readonly inherited: boolean;
}

export type PutResult =
  | { readonly kind: 'spooled'; readonly entry: SpoolEntry; readonly dropped: SpoolEntry[] }
  | DiskFailure;

/** So long are a dead instance's batches left to its successor. */
export const GRACE_MS = 60_000;

export class Spool {
  readonly #options: SpoolOptions;
  readonly #disk: Disk;
  readonly #run: string;
  readonly #dead: ReadonlySet<string>;
  readonly #destination: string;
  readonly #instance: string;
  /** Every file of ours, in the order in which it is to be sent. */
  readonly #entries = new Set<SpoolEntry>();
  #bytes = 0;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#disk = new Disk(options.fsync, options.fs);
    const { own, dead } = options.runs ?? { own: newRun(options.wallMs()), dead: [] };
    this.#run = own;
    this.#dead = new Set(dead);
    this.#destination = shortHash(options.destination);
    this.#instance = shortHash(options.instance);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Makes the directory and says that this run is alive. To be called first. */
  open(): DiskFailure | undefined {
    return this.#disk.attempt(() => {
      makeDirectory(this.#options.dir, this.#disk.fs);
      this.#disk.write(this.#ownerPath(this.#run), Buffer.from(JSON.stringify(this.#options.owner ?? ownIdentity())));
    });
  }

  /** Renews the lease. */
  renew(): DiskFailure | undefined {
    const now = this.#options.wallMs() / 1000;
    return this.#disk.attempt(() => this.#disk.fs.utimesSync(this.#ownerPath(this.#run), now, now));
  }

  /**
   * Takes over what dead runs have left for the same destination: the oldest run first, each in its order.
   * @returns the entries that are new here
   */
  adopt(): SpoolEntry[] | DiskFailure {
    let names: string[] = [];
    const failure = this.#disk.attempt(() => {
      names = this.#disk.fs.readdirSync(this.#options.dir).sort();
    });
    if (failure !== undefined) return failure;
    const adopted: SpoolEntry[] = [];
    for (const name of names) {
      const part = partNamed(name);
      if (part === undefined || part.destination !== this.#destination) continue;
      const { destination, instance, origin, owner } = part;
      if (owner === this.#run || this.#lives(owner)) continue;
      const inherited = this.#dead.has(owner);
      const isOurs = inherited || instance === this.#instance;
      if (!isOurs && this.#deadForMs(name, owner) < (this.#options.graceMs ?? GRACE_MS)) continue;
      adopted.push(...this.#takeOver(name, `${destination}.${instance}.${origin}.${this.#run}`, inherited));
    }
    this.#forgetTheDead(names);
    return adopted;
  }

  /** Writes a batch, and drops the oldest files if it is one too many. Those that are `busy` are not dropped. */
  put(batch: SealedBatch, busy: (entry: SpoolEntry) => boolean): PutResult {
    const bytes = encodeBatch(batch);
    const directory = join(this.#options.dir, `${this.#destination}.${this.#instance}.${this.#run}.${this.#run}`);
    const name = `${batch.firstRecord.toString(16).padStart(14, '0')}-${batch.count}`;
    const dropped = this.#makeRoom(bytes.length, busy);
    const path = join(directory, `${name}.batch`);
    const failure = this.#disk.writeWhole(directory, `${name}.tmp`, `${name}.batch`, bytes);
    if (failure !== undefined) return failure;
    const entry = { path, firstRecord: batch.firstRecord, count: batch.count, bytes: bytes.length, inherited: false };
    this.#keep(entry);
    return { kind: 'spooled', entry, dropped };
  }

  /** Reads an entry. One that is damaged is set aside. */
  read(entry: SpoolEntry): ReadBatch | DiskFailure {
    const file = this.#disk.read(entry.path);
    if (!Buffer.isBuffer(file)) return file;
    const read = decodeBatch(file, entry.count);
    if (read.kind === 'damaged') this.#setAside(entry);
    else if (read.kind === 'newer') this.#forget(entry);
    return read;
  }

  /** The batch has its fate: the file is not needed any more. */
  remove(entry: SpoolEntry): DiskFailure | undefined {
    // What is not ours any more is not ours to remove: it was set aside, or is left for a later version.
    if (!this.#forget(entry)) return undefined;
    const failure = this.#disk.attempt(() => this.#disk.fs.unlinkSync(entry.path));
    return failure?.code === 'ENOENT' ? undefined : failure;
  }

  /** Leaves what is left to the next process: without the owner's file, its directories are free at once. */
  close(): void {
    this.#disk.attempt(() => {
      for (const name of this.#disk.fs.readdirSync(this.#options.dir)) {
        if (partNamed(name)?.owner === this.#run) this.#removeIfEmpty(name);
      }
    });
    this.#disk.attempt(() => this.#disk.fs.unlinkSync(this.#ownerPath(this.#run)));
  }

  #takeOver(name: string, newName: string, inherited: boolean): SpoolEntry[] {
    const directory = join(this.#options.dir, newName);
    const path = join(this.#options.dir, name);
    let files: string[] = [];
    // Somebody else may have been first, even since the last look: then there is nothing to take, and what is wrong
    // with one directory must not keep us from the next.
    this.#disk.attempt(() => {
      if (!this.#disk.fs.lstatSync(path).isDirectory()) return;
      this.#disk.fs.renameSync(path, directory);
      files = this.#disk.fs.readdirSync(directory).sort();
    });
    const entries = files.flatMap((file) => this.#takeFile(directory, file, inherited));
    for (const entry of entries) this.#keep(entry);
    if (entries.length === 0) this.#removeIfEmpty(newName);
    return entries;
  }

  #takeFile(directory: string, file: string, inherited: boolean): SpoolEntry[] {
    const path = join(directory, file);
    if (isTemporary(file)) this.#disk.attempt(() => this.#disk.fs.unlinkSync(path));
    const named = batchNamed(file);
    if (named === undefined) return [];
    let bytes = -1;
    this.#disk.attempt(() => {
      const stat = this.#disk.fs.lstatSync(path);
      if (stat.isFile()) bytes = stat.size;
    });
    if (bytes === -1) return [];
    return [{ path, ...named, bytes, inherited }];
  }

  #lives(run: string): boolean {
    if (this.#dead.has(run)) return false;
    return lives(this.#disk, this.#options.dir, run, this.#options.wallMs());
  }

  /** Since its last sign of life: its lease, or, if it closed in peace, its last change to the directory. */
  #deadForMs(name: string, owner: string): number {
    let lastMs = 0;
    for (const path of [join(this.#options.dir, name), this.#ownerPath(owner)]) {
      this.#disk.attempt(() => {
        lastMs = Math.max(lastMs, this.#disk.fs.lstatSync(path).mtimeMs);
      });
    }
    // Neither is there any more: its successor has just taken it over.
    return lastMs === 0 ? 0 : this.#options.wallMs() - lastMs;
  }

  /** Takes away what names a run that is dead and has left nothing. */
  #forgetTheDead(names: readonly string[]): void {
    for (const name of names) {
      const run = ownerNamed(name);
      if (run === undefined || run === this.#run || this.#lives(run)) continue;
      const left = names.some((other) => partNamed(other)?.owner === run && this.#exists(other));
      if (!left) this.#disk.attempt(() => this.#disk.fs.unlinkSync(this.#ownerPath(run)));
    }
  }

  #exists(name: string): boolean {
    return this.#disk.attempt(() => this.#disk.fs.lstatSync(join(this.#options.dir, name))) === undefined;
  }

  #removeIfEmpty(name: string): void {
    this.#disk.attempt(() => this.#disk.fs.rmdirSync(join(this.#options.dir, name)));
  }

  #makeRoom(bytes: number, busy: (entry: SpoolEntry) => boolean): SpoolEntry[] {
    const dropped: SpoolEntry[] = [];
    for (const entry of this.#entries) {
      if (this.#bytes + bytes <= this.#options.maxBytes) break;
      if (busy(entry)) continue;
      dropped.push(entry);
      this.remove(entry);
    }
    return dropped;
  }

  #setAside(entry: SpoolEntry): void {
    this.#forget(entry);
    const directory = join(this.#options.dir, DAMAGED);
    const [parent, name] = entry.path.split(/[\\/]/).slice(-2);
    this.#disk.attempt(() => {
      makeDirectory(directory, this.#disk.fs);
      this.#disk.fs.renameSync(entry.path, join(directory, `${parent}.${name}`));
    });
  }

  #keep(entry: SpoolEntry): void {
    this.#entries.add(entry);
    this.#bytes += entry.bytes;
  }

  #forget(entry: SpoolEntry): boolean {
    const wasOurs = this.#entries.delete(entry);
    if (wasOurs) this.#bytes -= entry.bytes;
    return wasOurs;
  }

  #ownerPath(run: string): string {
    return ownerPath(this.#options.dir, run);
  }
}
