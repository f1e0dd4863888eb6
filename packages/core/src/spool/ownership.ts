// Decides which runs live: this run shows that it lives, and judges other runs.
//
// A run that counts as dead loses its directories to another process. So "dead" needs proof: the host named the run,
// the kernel refused a connection to its socket, its process is gone, or its heartbeat stood still for one lease. A
// dead run that counts as alive costs only time.
//
// verdict(run)
//   it is this run                                          mine
//   the host named it, or its worker's first run            dead
//   no owner file                                           as a heartbeat that stands still since our first look
//   same boot, pid namespace, pid and start time            alive: another transport of this process
//   its socket can be on our machine                        connected: alive; refused, on our boot and mount: dead
//   same boot and pid namespace                             its process is gone: dead; its process runs: alive
//   its file is ten leases older than our own               dead
//   its heartbeat, on our own monotonic clock               moved: alive; stood still for one lease: dead
//   else                                                    unknown

import { join } from 'node:path';
import type { Clock } from '../runtime/clock';
import type { Disk, DiskFailure } from './disk';
import { Heartbeats } from './heartbeats';
import { type Identity, ownIdentity, processState, sameBoot, samePidNamespace, sameProcess } from './identity';
import { Lease } from './lease';
import { LEASE_MS } from './lease-times';
import { type Liveness, listenAt, type Probe, probe } from './liveness';
import { ownerName, socketName, statusName } from './names';
import { type OwnerFile, type OwnerRecord, readOwner } from './owner-file';

/** A run whose file is this much older than ours needs no observation. */
const LEASES_UNTIL_DEAD = 10;
/** The longest lease of another run. A damaged file must not keep a dead run for days. */
const MAX_LEASE_MS = 600_000;

export type Verdict = 'mine' | 'alive' | 'dead' | 'unknown';

export interface Judgement {
  readonly verdict: Verdict;
  /** What the run's owner file says. Undefined if it cannot be read, or was not needed for the verdict. */
  readonly owner: OwnerRecord | undefined;
}

export interface OwnershipOptions {
  readonly disk: Disk;
  /** The absolute path of `putlogs-1`. */
  readonly root: string;
  readonly run: string;
  /** The run's name in the application's thread; empty if there is no such thread. */
  readonly namedRun?: string;
  readonly instanceHash: string;
  readonly destinationHashes: readonly string[];
  readonly clock: Clock;
  /** Runs of this process whose worker thread has ended. */
  readonly deadRuns: ReadonlySet<string>;
  readonly leaseMs?: number;
  readonly identity?: Identity;
  readonly probe?: (disk: Disk, path: string, clock: Clock) => Promise<Probe>;
  readonly listen?: (disk: Disk, path: string) => Liveness;
}

/** What was read of another run, and when. */
interface Look {
  readonly file: OwnerFile | 'missing';
  readonly atMs: number;
}

export class Ownership {
  readonly run: string;
  readonly leaseMs: number;

  readonly #options: OwnershipOptions;
  readonly #identity: Identity;
  /** The device of the root, as we see it; empty if it cannot be read. */
  readonly #dev: string;
  readonly #lease: Lease;
  readonly #heartbeats = new Heartbeats();
  #liveness: Liveness | undefined;
  #socketReady: Promise<boolean> = Promise.resolve(false);
  #whyNoSocket = '';
  #closed = false;

  constructor(options: OwnershipOptions) {
    const { disk, root, run, instanceHash, destinationHashes, clock, leaseMs = LEASE_MS } = options;
    this.#options = options;
    this.run = run;
    this.leaseMs = leaseMs;
    this.#identity = options.identity ?? ownIdentity();
    this.#dev = deviceOf(disk, root);
    const owner = {
      ...this.#identity,
      run,
      leaseMs,
      dev: this.#dev,
      instance: instanceHash,
      dests: destinationHashes,
      named: options.namedRun ?? '',
    };
    this.#lease = new Lease({ disk, root, clock, owner });
  }

  /** Writes the owner file and starts to listen. After a failure the run has no spool. */
  open(): DiskFailure | undefined {
    const failure = this.#lease.open();
    if (failure !== undefined) return failure;
    const { disk, root } = this.#options;
    this.#liveness = (this.#options.listen ?? listenAt)(disk, join(root, socketName(this.run)));
    this.#socketReady = this.#liveness.ready.then((result) => {
      if (!result.listening) this.#whyNoSocket = result.reason;
      if (!result.listening || this.#closed) return false;
      this.#lease.socket = true;
      // A failure is not reported here: the caller reports the next renewal, which then fails in the same way.
      this.renew();
      return true;
    });
    return undefined;
  }

  /** Whether the run has a socket. Resolves after the renewal that writes it into the owner file. */
  get socketReady(): Promise<boolean> {
    return this.#socketReady;
  }

  /** Why the run has no socket, for `doctor`; empty if it has one. */
  get whyNoSocket(): string {
    return this.#whyNoSocket;
  }

  /** Called every `BEAT_MS`. If it fails, the lease runs on towards its end, and the spool can be used until then. */
  renew(): DiskFailure | undefined {
    return this.#closed ? undefined : this.#lease.renew();
  }

  /** Renewals that changed only the file's time, because the disk refused the bytes. */
  get timeOnlyRenewals(): number {
    return this.#lease.timeOnlyRenewals;
  }

  /**
   * Milliseconds since the last renewal that succeeded. Of two clocks, the one that shows more counts, because the
   * monotonic clock can stop while a machine is paused.
   */
  get sinceRenewalMs(): number {
    return this.#lease.sinceRenewalMs;
  }

  /**
   * Whether more than half a lease passed between two renewals, or since the last one: the run's directories may belong
   * to another process. `Spool.checkAfterPause` asks before each append and each attempt.
   */
  get mayBeEvicted(): boolean {
    return this.#lease.mayBeEvicted;
  }

  /** On our monotonic clock: the end of our last standstill. */
  get steadyFromMs(): number {
    return this.#lease.steadyFromMs;
  }

  /** The caller has seen its directories under their names. */
  confirmHeld(): void {
    this.#lease.confirmHeld();
  }

  async verdict(run: string): Promise<Verdict> {
    return (await this.judge(run)).verdict;
  }

  /** The verdict, with the owner file that was read for it. */
  async judge(run: string): Promise<Judgement> {
    if (run === this.run) return { verdict: 'mine', owner: undefined };
    if (this.#options.deadRuns.has(run)) return { verdict: 'dead', owner: undefined };
    const look = this.#look(run);
    if ('verdict' in look) return look;
    const owner = look.file === 'missing' ? undefined : look.file.owner;
    return { verdict: await this.#verdictOf(run, look), owner };
  }

  async #verdictOf(run: string, look: Look): Promise<Verdict> {
    const { disk, root, clock } = this.#options;
    if (this.#mayConnect(look)) {
      const result = await (this.#options.probe ?? probe)(disk, join(root, socketName(run)), clock);
      if (result === 'connected') return 'alive';
      if (result === 'refused' && this.#refusalProves(look)) return 'dead';
    }
    return this.#byProcessOrHeartbeat(run, look);
  }

  /**
   * Whether a worker thread of this process had this run, and has ended. The application's thread names the run with
   * which a worker began; after an eviction that worker had another one.
   */
  isOfDeadWorker(run: string, owner: OwnerRecord | undefined): boolean {
    const { deadRuns } = this.#options;
    return deadRuns.has(run) || deadRuns.has(owner?.named ?? '');
  }

  #look(run: string): Look | Judgement {
    const { disk, root, clock } = this.#options;
    const file = readOwner(disk, join(root, ownerName(run)));
    const atMs = clock.monotonicMs();
    // The read itself may have taken long.
    this.#lease.noteStandstill();
    if ('kind' in file) {
      return file.code === 'ENOENT' ? { file: 'missing', atMs } : { verdict: 'unknown', owner: undefined };
    }
    const { owner } = file;
    if (owner !== undefined && sameProcess(owner, this.#identity)) {
      return { verdict: this.#options.deadRuns.has(owner.named) ? 'dead' : 'alive', owner };
    }
    return { file, atMs };
  }

  /** Whether a connection can prove life. It reaches only our own machine. */
  #mayConnect({ file }: Look): boolean {
    // Without a record, the run may be a frozen one on this machine.
    if (file === 'missing' || file.owner === undefined) return true;
    const { owner } = file;
    // macOS has no boot id.
    const bootsUnknown = owner.boot === '' && this.#identity.boot === '';
    return owner.socket && (bootsUnknown || sameBoot(owner, this.#identity));
  }

  #refusalProves({ file }: Look): boolean {
    if (file === 'missing' || file.owner === undefined) return false;
    const { owner } = file;
    return sameBoot(owner, this.#identity) && owner.dev !== '' && owner.dev === this.#dev;
  }

  #byProcess({ file }: Look): Verdict {
    if (file === 'missing' || file.owner === undefined) return 'unknown';
    if (!samePidNamespace(file.owner, this.#identity)) return 'unknown';
    const state = processState(file.owner);
    return state === 'hidden' ? 'alive' : state;
  }

  #byProcessOrHeartbeat(run: string, look: Look): Verdict {
    const byProcess = this.#byProcess(look);
    if (byProcess !== 'unknown') return byProcess;
    const { file, atMs } = look;
    const owner = file === 'missing' ? undefined : file.owner;
    const leaseMs = Math.max(this.leaseMs, Math.min(owner?.leaseMs ?? 0, MAX_LEASE_MS));
    const heartbeat = file === 'missing' ? file : { beat: owner?.beat ?? 0, mtimeMs: file.mtimeMs };
    const { steadyFromMs } = this.#lease;
    const observed = this.#heartbeats.observe(run, heartbeat, { nowMs: atMs, steadyFromMs, leaseMs });
    if (observed !== 'unknown' || file === 'missing') return observed;
    const ageMs = this.#lease.ageMs(file.mtimeMs);
    return ageMs !== undefined && ageMs > LEASES_UNTIL_DEAD * leaseMs ? 'dead' : 'unknown';
  }

  /** For people. */
  describe(run: string): string {
    const { host, pid } = this.ownerOf(run) ?? { host: '', pid: 0 };
    if (host === '' && pid === 0) return 'an unknown process';
    return `${host === '' ? 'an unknown host' : host}, pid ${pid === 0 ? 'unknown' : pid}`;
  }

  /** What the run's owner file says; undefined if it cannot be read. */
  ownerOf(run: string): OwnerRecord | undefined {
    const file = readOwner(this.#options.disk, join(this.#options.root, ownerName(run)));
    return 'kind' in file ? undefined : file.owner;
  }

  /** Removes the owner file, the socket and the status file of a run that is certainly dead and has no directory. */
  forget(run: string): DiskFailure | undefined {
    if (run === this.run) return undefined;
    this.#heartbeats.forget(run);
    return this.#remove(run);
  }

  /** Removes our own owner file, socket and status file. Synchronous, for the end of the process. */
  close(): DiskFailure | undefined {
    if (this.#closed) return undefined;
    this.#closed = true;
    this.#liveness?.close();
    return this.#remove(this.run);
  }

  #remove(run: string): DiskFailure | undefined {
    const { disk, root } = this.#options;
    // The owner file goes last: it is what a later look for the dead finds.
    for (const name of [socketName(run), statusName(run), ownerName(run)]) {
      const failure = disk.attempt(() => disk.fs.unlinkSync(join(root, name)));
      if (failure !== undefined && failure.code !== 'ENOENT') return failure;
    }
    return undefined;
  }
}

function deviceOf(disk: Disk, path: string): string {
  let device = '';
  disk.attempt(() => {
    device = `${disk.fs.lstatSync(path).dev}`;
  });
  return device;
}
