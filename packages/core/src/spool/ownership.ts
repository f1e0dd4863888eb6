// Which runs live: this run says so of itself, and judges others.
//
// A run that is taken for dead loses its directories to another process. So "dead" needs proof: the host named the run,
// the kernel refused a connection to its socket, its process is gone, or its heartbeat stood still for one lease. A run
// that is wrongly taken for alive costs time only.
//
// verdict(run)
//   it is this run                                          mine
//   the host named it, or its worker's first run            dead
//   no owner file                                           as a heartbeat that stands still since we first looked
//   same boot, pid namespace, pid and start time            alive: another transport of this process
//   its socket can be on our machine                        connected: alive; refused, on our boot and mount: dead
//   same boot and pid namespace                             its process is gone: dead; its process runs: alive
//   its file is ten leases older than ours, just renewed    dead
//   its heartbeat, on our own monotonic clock               moved: alive; stood still for one lease: dead
//   else                                                    unknown

import { join } from 'node:path';
import type { Clock } from '../runtime/clock';
import type { Disk, DiskFailure } from './disk';
import { Heartbeats } from './heartbeats';
import { type Identity, ownIdentity, processState, sameBoot, samePidNamespace, sameProcess } from './identity';
import { Lease } from './lease';
import { type Liveness, listenAt, type Probe, probe } from './liveness';
import { ownerName, socketName, statusName } from './names';
import { type OwnerFile, type OwnerRecord, readOwner } from './owner-file';

export const LEASE_MS = 30_000;
/** NFS keeps file attributes for up to a minute. */
export const NFS_LEASE_MS = 60_000;
/** The caller renews this often. */
export const BEAT_MS = 5000;

/** A run whose file is this much older than ours needs no observation. */
const LEASES_UNTIL_DEAD = 10;
/** A lease that a damaged file asks for must not keep a dead run for days. */
const MAX_LEASE_MS = 600_000;

export type Verdict = 'mine' | 'alive' | 'dead' | 'unknown';

export interface OwnershipOptions {
  readonly disk: Disk;
  /** `putlogs-1`, resolved. */
  readonly root: string;
  readonly run: string;
  /** The name that the application's thread gave this worker's run; empty if there is no such thread. */
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

/** What one look at another run found. */
interface Look {
  readonly file: OwnerFile | 'missing';
  readonly atMs: number;
}

export class Ownership {
  readonly run: string;
  readonly leaseMs: number;

  readonly #options: OwnershipOptions;
  readonly #identity: Identity;
  /** Of the root, as we see it; empty if it cannot be read. */
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
      // The caller reports the next renewal, and a disk that fails now fails again then.
      this.renew();
      return true;
    });
    return undefined;
  }

  /** Whether the run has a socket. Resolves when the owner file says so. */
  get socketReady(): Promise<boolean> {
    return this.#socketReady;
  }

  /** Why the run has no socket, for `doctor`; empty if it has one. */
  get whyNoSocket(): string {
    return this.#whyNoSocket;
  }

  /** Every `BEAT_MS`. After a failure the lease goes on to end; the spool can be used meanwhile. */
  renew(): DiskFailure | undefined {
    return this.#closed ? undefined : this.#lease.renew();
  }

  /** Renewals that changed only the file's time, because the disk took no bytes. */
  get timeOnlyRenewals(): number {
    return this.#lease.timeOnlyRenewals;
  }

  /**
   * Milliseconds since the last renewal that succeeded, by the clock that shows more: the monotonic one can stop while
   * a machine is paused.
   */
  get sinceRenewalMs(): number {
    return this.#lease.sinceRenewalMs;
  }

  /**
   * Whether more than half a lease passed between two renewals, or since the last one: the run's directories may belong
   * to another process. To be asked before each append, progress write and attempt.
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
    const certain = this.#known(run);
    if (certain !== undefined) return certain;
    const look = this.#look(run);
    if (typeof look === 'string') return look;
    const { disk, root, clock } = this.#options;
    if (this.#mayConnect(look)) {
      const result = await (this.#options.probe ?? probe)(disk, join(root, socketName(run)), clock);
      if (result === 'connected') return 'alive';
      if (result === 'refused' && this.#refusalProves(look)) return 'dead';
    }
    return this.#judge(run, look);
  }

  /**
   * The verdict without a connection, for the end of the process. A run that only its socket proves dead is unknown.
   */
  verdictNow(run: string): Verdict {
    const certain = this.#known(run);
    if (certain !== undefined) return certain;
    const look = this.#look(run);
    if (typeof look === 'string') return look;
    const byProcess = this.#byProcess(look);
    if (byProcess !== 'unknown') return byProcess;
    const judged = this.#judge(run, look);
    // It can be frozen: its heartbeat stands still, and its socket would connect.
    return judged === 'dead' && this.#mayConnect(look) ? 'unknown' : judged;
  }

  #known(run: string): Verdict | undefined {
    if (run === this.run) return 'mine';
    return this.#options.deadRuns.has(run) ? 'dead' : undefined;
  }

  /**
   * Whether a worker thread of this process had this run, and has ended. The application's thread names the run with
   * which a worker began; after an eviction that worker had another one.
   */
  isOfDeadWorker(run: string): boolean {
    const { deadRuns } = this.#options;
    if (deadRuns.size === 0) return false;
    return deadRuns.has(run) || deadRuns.has(this.#recordOf(run)?.named ?? '');
  }

  #look(run: string): Look | Verdict {
    const { disk, root, clock } = this.#options;
    const file = readOwner(disk, join(root, ownerName(run)));
    const atMs = clock.monotonicMs();
    // The read itself can have taken long.
    this.#lease.noteStandstill();
    if ('kind' in file) return file.code === 'ENOENT' ? { file: 'missing', atMs } : 'unknown';
    if (file.owner !== undefined && sameProcess(file.owner, this.#identity)) {
      return this.#options.deadRuns.has(file.owner.named) ? 'dead' : 'alive';
    }
    return { file, atMs };
  }

  /** Whether a connection can prove life. It reaches only our own machine. */
  #mayConnect({ file }: Look): boolean {
    // Without a record the run can be one that is frozen on this machine.
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
    return samePidNamespace(file.owner, this.#identity) ? processState(file.owner) : 'unknown';
  }

  #judge(run: string, look: Look): Verdict {
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
    const { host, pid } = this.#recordOf(run) ?? { host: '', pid: 0 };
    if (host === '' && pid === 0) return 'an unknown process';
    return `${host === '' ? 'an unknown host' : host}, pid ${pid === 0 ? 'unknown' : pid}`;
  }

  /** The instance of a run, as a hash; undefined without a readable owner file. */
  instanceOf(run: string): string | undefined {
    return this.#recordOf(run)?.instance || undefined;
  }

  /** Whether a run writes to the destination with this hash. */
  sendsTo(run: string, destinationHash: string): boolean {
    return this.#recordOf(run)?.dests.includes(destinationHash) ?? false;
  }

  #recordOf(run: string): OwnerRecord | undefined {
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
