// The world of the delivery model: hosts, one disk, one service, and lives: processes that run the real delivery.
//
// A life ends by a crash, by a close, or with the history. What it accepted, gave up and saw happen is kept for the
// checks. Nothing here decides what happens: that is delivery-actions.ts.

import { basename } from 'node:path';
import { compressor } from '@putlogs/core/internal/batch/compress';
import type { SealedBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { SizeLimit } from '@putlogs/core/internal/batch/size-limit';
import type { CredentialSource } from '@putlogs/core/internal/credentials/source';
import type { Options } from '@putlogs/core/internal/options/schema';
import type { Clock } from '@putlogs/core/internal/runtime/clock';
import { newRun } from '@putlogs/core/internal/runtime/run';
import { Delivery } from '@putlogs/core/internal/shipper/delivery';
import type { Disk, SpoolFs } from '@putlogs/core/internal/spool/disk';
import { LEASE_MS } from '@putlogs/core/internal/spool/lease-times';
import { parsePart, ROOT } from '@putlogs/core/internal/spool/names';
import { decodeOwner } from '@putlogs/core/internal/spool/owner-file';
import type { Machine } from '@putlogs/core/internal/spool/spool';
import type { Outcome } from '@putlogs/core/internal/targets/outcome';
import type { Target } from '@putlogs/core/internal/targets/target';
import { Counters, type Stats } from '@putlogs/core/internal/telemetry/counters';
import type { NewWarning } from '@putlogs/core/internal/telemetry/warning-codes';
import { WarningReporter } from '@putlogs/core/internal/telemetry/warnings';
import type { Excuse, ProcessLog } from '../support/ledger-check';
import { MADE_TARGET, type MadeRecord, makeBatch, recordsIn } from '../support/made-batch';
import { type Random, seededRandom } from '../support/seeded-random';
import { type VirtualHost, VirtualTime, virtualHost } from '../support/virtual-clock';
import { Crash, type Fault, VirtualDisk } from '../support/virtual-disk';
import { type Attempt, type Behaviour, VirtualService } from '../support/virtual-service';

export const SPOOL_DIR = '/spool';
export const SPOOL_ROOT = `${SPOOL_DIR}/${ROOT}`;

/** What stays the same through a history. */
export interface Setting {
  readonly seed: number;
  readonly mode: 'overflow' | 'always';
  readonly fsync: boolean;
  readonly maxBytes: number;
  readonly memoryBytes: number;
  readonly whenFull: 'dropNewest' | 'dropOldest';
  /** Above 1, there is no hash key. */
  readonly concurrency: number;
  readonly graceMs: number;
  readonly hasSockets: boolean;
}

export interface Log extends ProcessLog {
  diedAt: number | undefined;
  readonly accepted: { text: string; hashKey: string }[];
  readonly rejected: { text: string; at: number }[];
  readonly notBehind: string[];
}

export interface LifeOptions {
  readonly instance: string;
  readonly host: ModelHost;
  readonly topic?: string;
  /** The runs of dead workers of the same process. */
  readonly deadRuns?: readonly string[];
  /** The host of the worker names the run. */
  readonly isWorker?: boolean;
}

export interface ModelHost extends VirtualHost {
  boots: number;
}

export interface World {
  readonly setting: Setting;
  readonly random: Random;
  readonly time: VirtualTime;
  readonly disk: VirtualDisk;
  readonly service: VirtualService;
  readonly hosts: readonly ModelHost[];
  readonly lives: Life[];
  readonly logs: Log[];
  readonly excuses: Excuse[];
  readonly deadLetters: string[];
  readonly found: string[];
  /** Sockets that a living process listens on, by path. */
  readonly sockets: Map<string, Life>;
  /** Texts by how often they were seen on disk when a process died. */
  readonly seenOnDisk: Set<string>;
  /** Order is not promised for records of these logs: another process took their directory from a frozen one. */
  readonly unordered: Set<string>;
  /** Runs whose directories were handed back to a process of their instance. */
  readonly handedBack: Set<string>;
  readonly trace: string[];
  behaviour: () => Behaviour;
  fault: (life: Life, call: string, path: string) => Fault | undefined;
  records: number;
  /** How many operations the disk had seen at the last check. */
  checkedOperations: number;
  /** Directories with damage that was made. */
  damagedRecords: number;
  readonly damaged: { records: string[]; at: number; isCountable: boolean }[];
}

const KEYS: Readonly<Record<string, string>> = { a: 'a'.repeat(32), b: 'b'.repeat(32), c: 'c'.repeat(32) };

export function newWorld(setting: Setting): World {
  const time = new VirtualTime({ seed: setting.seed });
  const service = new VirtualService(time, time.processClock('service', virtualHost('service')));
  const disk = new VirtualDisk({ nowMs: () => time.wallMs, uid: process.getuid?.() ?? 0 });
  const host = (name: string): ModelHost => Object.assign(virtualHost(name), { boots: 0 });
  const world: World = {
    ...{ setting, time, disk, service, random: seededRandom(setting.seed + 7) },
    ...{ hosts: [host('h0'), host('h1')], lives: [], logs: [], excuses: [], deadLetters: [], found: [] },
    ...{
      sockets: new Map(),
      seenOnDisk: new Set(),
      unordered: new Set(),
      handedBack: new Set(),
      trace: [],
      damaged: [],
    },
    ...{
      behaviour: () => ({ kind: 'judge' }),
      fault: () => undefined,
      records: 0,
      checkedOperations: 0,
      damagedRecords: 0,
    },
  };
  service.plan = () => world.behaviour();
  disk.plan = (name, call, path) => {
    const life = world.lives.find((one) => one.name === name && !one.isDead);
    const fault = life === undefined ? undefined : world.fault(life, call, path);
    if (fault !== undefined && life !== undefined) noteFault(world, life, call, path, fault);
    if (life !== undefined && call === 'rename') noteHandBack(world, life, path);
    return fault;
  };
  disk.onKill = (name) => world.lives.find((life) => life.name === name)?.died();
  return world;
}

/** A living process renames what it holds: it hands it back, and goes on to count the records as spooled. */
function noteHandBack({ disk, handedBack }: World, life: Life, path: string): void {
  const part = parsePart(basename(path));
  const file = part === undefined ? '' : `${SPOOL_ROOT}/${part.owner}.owner`;
  if (!disk.paths().includes(file)) return;
  if (part === undefined || decodeOwner(disk.content(file))?.pidns !== life.name) return;
  life.hasGivenAway = true;
  handedBack.add(part.origin);
}

const READS = new Set(['read', 'readdir', 'lstat', 'fstat', 'open', 'readFile']);

function noteFault(world: World, life: Life, call: string, path: string, { kind }: Fault): void {
  if (kind === 'short') return;
  life.hadFault = true;
  if (call === 'read') life.failedReadsAtMs.push(life.clock.monotonicMs());
  const isProgress = path.endsWith('.progress') && call === 'open';
  if (kind === 'crash' || kind === 'torn' || (READS.has(call) && !isProgress)) return;
  const at = world.time.nextOrder();
  world.excuses.push({ kind: 'progress failed', process: life.log.name, at });
  if (path.endsWith('.progress') && (call === 'write' || isProgress))
    world.excuses.push({ kind: 'cut failed', process: life.log.name, at });
}

class QuietTeller extends WarningReporter {
  readonly #heard: (message: string) => void;

  constructor(clock: Clock, heard: (message: string) => void) {
    super(clock, () => {});
    this.#heard = heard;
  }

  override warn({ message }: NewWarning): void {
    this.#heard(message);
  }
}

export class Life {
  readonly name: string;
  readonly instance: string;
  readonly host: ModelHost;
  readonly clock: Clock;
  readonly counters = new Counters();
  readonly delivery: Delivery;
  readonly run: string | undefined;
  log: Log;
  isDead = false;
  /** In good order: it counted what it could not keep. */
  isClosed = false;
  hasCrashed = false;
  /** The disk failed it, so less is promised. */
  hadFault = false;
  readonly failedReadsAtMs: number[] = [];
  /** Records left its hands without being finished: by an eviction or by a hand-back. */
  hasGivenAway = false;
  /** Dies when so many more answers have come, before it acts on the last one. */
  answersLeft = Number.POSITIVE_INFINITY;
  /** Largest body that it had. */
  largestBytes = 0;
  accepted = 0;
  readonly #world: World;
  readonly #fs: SpoolFs;
  readonly #topic: string;
  readonly #hashKey: string;
  readonly #bornMs: number;
  readonly #answers: { attempt: Attempt; atMs: number }[] = [];
  #sequence = 0;
  #firstRecord = 0;
  #final: Stats | undefined;

  constructor(world: World, { instance, host, topic = 'topic', deadRuns = [], isWorker = false }: LifeOptions) {
    const { setting, time, disk, lives } = world;
    this.#world = world;
    this.name = `p${lives.length}`;
    this.instance = instance;
    this.host = host;
    this.#topic = topic;
    this.#hashKey = setting.concurrency > 1 ? '' : `${KEYS[instance]!.slice(0, 30)}${topic === 'topic' ? '00' : '11'}`;
    this.clock = time.processClock(this.name, host);
    this.#bornMs = this.clock.monotonicMs();
    this.#fs = disk.processFs(this.name);
    this.run = isWorker ? newRun(this.clock.wallMs()) : undefined;
    this.log = this.#newLog(this.name);
    if (Number.isFinite(disk.capacityBytes)) this.hadFault = true;
    lives.push(this);
    this.delivery = this.#makeOutbox(deadRuns);
  }

  get key(): string {
    return `${this.instance} ${this.#topic}`;
  }

  get isUp(): boolean {
    return !this.isDead && !this.#world.time.isFrozen(this.name);
  }

  /** On its own clock. */
  get waitedMs(): number {
    return this.clock.monotonicMs() - this.#bornMs;
  }

  get stats(): Stats {
    return this.#final ?? this.counters.stats();
  }

  get inherited(): number {
    return this.counters.read('inherited');
  }

  #newLog(name: string): Log {
    const { time, logs } = this.#world;
    const log: Log = {
      ...{ name, instance: this.key, bornAt: time.nextOrder(), diedAt: undefined, accepted: [], rejected: [] },
      ...{ unwrittenDeadLetters: 0, notBehind: [] },
    };
    logs.push(log);
    return log;
  }

  #makeOutbox(dead: readonly string[]): Delivery {
    const { setting } = this.#world;
    const { mode, fsync, maxBytes, memoryBytes, whenFull } = setting;
    const options = {
      enabled: true,
      instance: this.instance,
      requestTimeoutMs: 10_000,
      retry: { baseMs: 100, maxMs: 5000 },
      memory: { maxBytes: memoryBytes, whenFull },
      spool: { dir: SPOOL_DIR, maxBytes, fsync, mode },
      deadLetter: {},
    } as unknown as Options;
    const identity: Record<string, string> = { topicId: this.#topic };
    const target: Target = { ...MADE_TARGET, identity };
    return new Delivery({
      ...{ options, target, counters: this.counters, clock: this.clock, hashKey: this.#hashKey },
      credentials: { listen: () => {}, close: () => {} } as unknown as CredentialSource,
      warnings: new QuietTeller(this.clock, (message) => this.#heard(message)),
      compress: compressor('none', () => {}),
      size: new SizeLimit({ maxBytes: 60_000, maxCount: 64 }, this.clock),
      concurrency: setting.concurrency,
      runs: this.run === undefined ? undefined : { own: this.run, dead },
      graceMs: setting.graceMs,
      onFinished: () => {},
      outside: {
        machine: this.#machine(),
        attempts: { make: (batch, signal) => this.#attempt(batch, signal), close: () => Promise.resolve() },
        deadLetters: {
          add: (batch, refusal) => {
            this.#buried(batch, refusal.code);
            return { kind: 'written' };
          },
          close: () => {},
        },
      },
    });
  }

  #machine(): Machine {
    const { sockets, setting } = this.#world;
    const { host } = this;
    return {
      fs: this.#fs,
      identity: { host: host.name, boot: `${host.name} ${host.boots}`, pidns: this.name, pid: 1, start: '1' },
      probe: async (disk: Disk, path: string) => {
        if (disk.attempt(() => disk.fs.lstatSync(path)) !== undefined) return 'unknown';
        const listener = sockets.get(path);
        return listener?.host === host ? 'connected' : 'refused';
      },
      listen: (disk: Disk, path: string) => {
        const made =
          setting.hasSockets && disk.attempt(() => disk.fs.closeSync(disk.fs.openSync(path, 'wx'))) === undefined;
        if (!made) return { ready: Promise.resolve({ listening: false, reason: 'none' }), close: () => {} };
        sockets.set(path, this);
        const close = () => {
          if (sockets.delete(path)) disk.attempt(() => disk.fs.unlinkSync(path));
        };
        return { ready: Promise.resolve({ listening: true }), close };
      },
    };
  }

  async #attempt(batch: SealedBatch, signal: AbortSignal): Promise<{ outcome: Outcome; wireBytes: number }> {
    const { service, time, disk, setting } = this.#world;
    const never = new Promise<never>(() => {});
    if (this.isDead) return never;
    this.largestBytes = Math.max(this.largestBytes, batch.body.length, batch.rawBytes);
    this.#noteWait();
    const answer = service.attempt(batch, { name: this.log.name, clock: this.clock });
    const attempt = service.attempts.at(-1)!;
    let outcome = await answer;
    this.answersLeft -= 1;
    if (this.answersLeft <= 0) disk.kill(this.name);
    if (this.isDead) {
      // It never saw the answer.
      attempt.answeredAt = undefined;
      return never;
    }
    // Its journal was handed back before the answer was there.
    if (signal.aborted) attempt.answeredAt = undefined;
    if (setting.concurrency > 1) this.#answers.push({ attempt, atMs: time.nowMs });
    if (outcome.kind === 'reject' && outcome.takes !== undefined) {
      outcome = { ...outcome, takes: { ...outcome.takes, serviceMs: time.wallMs } };
    }
    // A large batch on a slow line: the deadline passes.
    if (outcome.kind === 'retry' && outcome.refusal.code === 'ECONNRESET' && batch.rawBytes > 64 * 1024) {
      outcome = { ...outcome, refusal: { code: 'TIMEOUT', message: 'no answer' } };
    }
    return { outcome, wireBytes: batch.body.length };
  }

  /** It waits for one lease at most: then it does not stay behind what others hold. */
  #noteWait(): void {
    if (this.waitedMs < LEASE_MS) return;
    const { notBehind, bornAt } = this.log;
    for (const { name, instance, diedAt } of this.#world.logs) {
      if (instance === this.key && diedAt !== undefined && diedAt < bornAt) notBehind.push(name);
    }
  }

  #buried(batch: SealedBatch, code: string): void {
    if (this.isDead) return;
    const { time, deadLetters } = this.#world;
    const texts = recordsIn(batch).map(({ text }) => text);
    for (const text of texts) deadLetters.push(text);
    const isForTime = code === 'TimeRefused' && Math.abs(this.clock.wallMs() - time.wallMs) <= 300_000;
    // Records of wrong times are not limited in number.
    if (!isForTime) for (const text of texts) this.log.rejected.push({ text, at: time.nextOrder() });
  }

  #heard(message: string): void {
    const [, path] = /^(\S+) now belongs to another process/.exec(message) ?? [];
    if (path === undefined || this.isDead) return;
    const { unordered, excuses, time, logs } = this.#world;
    const part = parsePart(basename(path))!;
    this.hasGivenAway = true;
    excuses.push({ kind: 'evicted', process: this.log.name, at: time.nextOrder() });
    for (const log of logs) if (log.instance === this.key) unordered.add(log.name);
    if (part.origin !== part.owner) return;
    this.log.diedAt = time.nextOrder();
    this.log = this.#newLog(`${this.name}#${logs.length}`);
    unordered.add(this.log.name);
    excuses.push({ kind: 'evicted', process: this.log.name, at: time.nextOrder() });
  }

  /** A batch is sealed, if memory takes it. */
  seal(records: readonly MadeRecord[]): void {
    const { setting } = this.#world;
    this.#sequence += 1;
    const batch = makeBatch({
      ...{ sequence: this.#sequence, firstRecord: this.#firstRecord, records, hashKey: this.#hashKey },
      prefix: this.name.slice(1).padStart(16, '0'),
    });
    this.#firstRecord += records.length;
    const fits = () => this.counters.read('pendingBytes') + batch.body.length <= setting.memoryBytes;
    if (!fits() && !this.delivery.makeRoom(fits)) {
      if (!this.isDead) this.counters.refuse('memory', records.length);
      return;
    }
    if (this.isDead) return;
    this.accepted += records.length;
    this.counters.add('accepted', records.length);
    for (const { text } of records) this.log.accepted.push({ text, hashKey: this.#hashKey });
    this.largestBytes = Math.max(this.largestBytes, batch.body.length);
    this.delivery.push(batch);
  }

  /** In good order, now. */
  close(): void {
    this.#end(() => this.delivery.giveUp('now'));
    this.isClosed = this.isDead && !this.hasCrashed;
  }

  /** A worker thread that ends unexpectedly. */
  rescue(): void {
    this.#end(() => this.delivery.rescue());
  }

  #end(end: () => void): void {
    end();
    this.hasCrashed = this.isDead;
    if (!this.isDead) this.#world.disk.kill(this.name);
  }

  /** Called once. */
  died(): void {
    const { time, sockets, excuses } = this.#world;
    this.isDead = true;
    this.#final = this.counters.stats();
    for (const [path, life] of sockets) if (life === this) sockets.delete(path);
    time.kill(this.name);
    // Of several answers in one moment, it may have acted on one only.
    for (const { attempt, atMs } of this.#answers) if (atMs === time.nowMs) attempt.answeredAt = undefined;
    const at = time.nextOrder();
    this.log.diedAt = at;
    excuses.push({ kind: 'crash', process: this.log.name, at });
  }
}

export function ignoreCrash(error: unknown): void {
  if (!(error instanceof Crash)) throw error;
}
