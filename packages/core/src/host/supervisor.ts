// Keeps one worker thread running: starts it, replaces it when it ends, and keeps records while there is no worker.
//
// The next worker gets the records that the dead one had not begun, and those that were written while there was no
// worker. It looks on disk for the records that the dead one had begun; worker-books.ts counts them. After five workers
// in a row that could not start, pending records are dropped and new ones are refused. Otherwise a `flush()` might
// never resolve.

import { messageOf } from '../errors';
import type { Options } from '../options/schema';
import type { CancelTimer, Clock } from '../runtime/clock';
import { newRun, type Runs } from '../runtime/run';
import type { DropReason } from '../telemetry/counters';
import { publish } from '../telemetry/diagnostics';
import { outsideText } from '../telemetry/outside-text';
import { refusingWithoutWorker, workerEnded, workerNotStarted } from '../telemetry/warning-catalogue';
import type { Warning, WarningReporter } from '../telemetry/warnings';
import { type Chunk, ChunkQueue } from './chunks';
import type { DeadWorkers } from './dead-workers';
import { RestartPolicy } from './restart-policy';
import { WorkerHandle } from './worker-handle';
import type { HostView } from './worker-protocol';

export interface SupervisorParts {
  readonly options: Options;
  readonly clock: Clock;
  /** A worker without a heartbeat for this long is ended if records are pending in it. */
  readonly stuckMs: number;
  readonly warnings: WarningReporter;
  readonly dead: DeadWorkers;
  /** For the status file of the next worker. */
  readonly view: () => HostView | undefined;
  /** Called with each warning of a worker. */
  readonly onWarning: (warning: Warning) => void;
  /** Sends the records of this turn of the event loop. */
  readonly sendTurn: () => void;
  readonly drop: (reason: DropReason, records: number) => void;
}

/** After this many workers in a row that could not start, records are refused. */
const MAX_FAILED_STARTS = 5;
/**
 * A worker may die before it has opened the journals of the worker before it. So several dead runs are remembered.
 */
const MAX_REMEMBERED_RUNS = 100;

export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #restarts: RestartPolicy;
  #worker: WorkerHandle | undefined;
  #runs: Runs | undefined;
  /** Records for the next worker, while there is none. */
  readonly #pending = new ChunkQueue();
  #failedStarts = 0;
  #cancelStart: CancelTimer = () => {};
  readonly #onStart = new Set<() => void>();
  #isClosing = false;
  /** No more workers are started. */
  #isOver = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#restarts = new RestartPolicy(parts.clock);
  }

  get worker(): WorkerHandle | undefined {
    return this.#worker;
  }

  /** The run of the last worker. */
  get run(): string | undefined {
    return this.#runs?.own;
  }

  /** Whether no worker can start, so that new records are refused. */
  get isRefusing(): boolean {
    return this.#failedStarts >= MAX_FAILED_STARTS;
  }

  /** Bytes of records here, in the ring, and in the worker. */
  get pendingBytes(): number {
    return this.#pending.bytes + (this.#worker?.pendingBytes ?? 0);
  }

  /** Whether only a worker can deliver records: those that are kept here, or those of dead workers on disk. */
  get needsWorker(): boolean {
    if (this.#isOver) return false;
    const isOnDisk = this.#parts.dead.unfinished > 0 && !this.isRefusing;
    return !this.#pending.isEmpty || isOnDisk;
  }

  send(chunk: Chunk): void {
    if (this.#worker?.writable) this.#worker.send(chunk);
    else this.#pending.push(chunk);
  }

  /** @throws PutlogsError `ERR_PUTLOGS_WORKER` */
  start(): WorkerHandle {
    const { options, clock, stuckMs, dead, view, onWarning } = this.#parts;
    this.#cancelStart();
    const deadRuns = this.#runs === undefined ? [] : [...this.#runs.dead, this.#runs.own].slice(-MAX_REMEMBERED_RUNS);
    this.#runs = { own: newRun(clock.wallMs()), dead: deadRuns };
    const worker: WorkerHandle = new WorkerHandle({
      options,
      runs: this.#runs,
      host: view(),
      clock,
      stuckMs,
      onWarning,
      onReady: () => {
        this.#failedStarts = 0;
      },
      onInherited: () => {
        if (worker === this.#worker) dead.reportLost(worker.reading());
      },
      onExited: (reason) => this.#replace(worker, reason),
    });
    this.#worker = worker;
    for (const chunk of this.#pending.take()) worker.send(chunk);
    this.#wake();
    return worker;
  }

  /** Resolves when a worker starts, or when no more workers will start. */
  started(): Promise<void> {
    return new Promise((resolve) => this.#onStart.add(resolve));
  }

  /** From now on, a worker that ends is replaced only if records need one. A start that is planned happens now. */
  prepareToClose(): void {
    this.#isClosing = true;
    if (this.#worker === undefined && this.needsWorker) this.#startAfter(0);
  }

  async end(): Promise<void> {
    this.#cancelStart();
    await this.#worker?.end();
  }

  /** Blocks until the worker has closed: see `WorkerHandle.exit`. @throws PutlogsError if a worker has to be started */
  exit(timeoutMs: number): void {
    if (this.#worker?.writable === false) this.#retire(this.#worker);
    const worker = this.#worker ?? (this.isRefusing ? undefined : this.start());
    worker?.exit(timeoutMs);
  }

  /** Gives up the worker and the records that are kept here. Batches stay on disk for the next process. */
  abandon(): void {
    if (this.#worker !== undefined) this.#parts.dead.add(this.#worker.reading());
    this.#isOver = true;
    this.#worker = undefined;
    this.#pending.take();
    this.#wake();
  }

  #replace(worker: WorkerHandle, reason: string): void {
    if (worker !== this.#worker) return;
    const { dead, warnings, options } = this.#parts;
    const lost = this.#retire(worker);
    if (this.#isClosing && lost === 0 && !this.needsWorker) {
      this.#wake();
      return;
    }
    this.#failedStarts += 1;
    const { unfinished: sought } = dead;
    const refusing = this.#refuseIfNoneStarts();
    const delayMs = this.#restarts.endedDelayMs();
    this.#startAfter(delayMs);
    publish('worker.gone', options.instance, () => ({ reason: outsideText(reason), records: lost, delayMs }));
    warnings.warn(workerEnded({ reason, lost, sought, delayMs }, refusing));
  }

  /** Takes back the records that an ended worker had not begun. Returns how many records are known to be lost. */
  #retire(worker: WorkerHandle): number {
    const { dead, options } = this.#parts;
    dead.add(worker.reading());
    this.#worker = undefined;
    this.#pending.unshift(worker.unread());
    return options.spool.dir === undefined ? dead.giveUp('worker') : 0;
  }

  #startAfter(delayMs: number): void {
    this.#cancelStart();
    this.#cancelStart = this.#parts.clock.after(delayMs, false, () => {
      this.#restarts.started();
      try {
        this.start();
      } catch (error) {
        this.#failedStarts += 1;
        const refusing = this.#refuseIfNoneStarts();
        this.#startAfter(this.#restarts.endedDelayMs());
        this.#parts.warnings.warn(workerNotStarted(messageOf(error), refusing));
      }
    });
  }

  /** If no worker can start, drops the records that are kept here. Returns the rest of the warning's sentence. */
  #refuseIfNoneStarts(): string {
    if (!this.isRefusing) return '';
    this.#parts.sendTurn();
    const { records } = this.#pending;
    this.#pending.take();
    this.#parts.drop('worker', records);
    const lost = records + this.#parts.dead.giveUp('worker');
    this.#wake();
    return refusingWithoutWorker(lost);
  }

  #wake(): void {
    for (const look of this.#onStart) look();
    this.#onStart.clear();
  }
}
