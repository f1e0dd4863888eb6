// A shipper whose work is done in a worker thread: the application's side of it.
//
// It accepts records, joins the records of one turn of the event loop, and sends them to the worker together, because a
// write to the ring costs more than a record. It never throws, blocks only at the end of the process, and never keeps
// an idle process alive. It accepts no more than `memory.maxBytes` for both threads together. supervisor.ts keeps a
// worker running.

import { EventEmitter } from 'node:events';
import type { Options } from '../options/schema';
import { type Clock, systemClock } from '../runtime/clock';
import { failProcess } from '../runtime/exit-code';
import { addExitHook, type ExitHook, isProcessOver, removeExitHook } from '../runtime/exit-hooks';
import { immediate } from '../runtime/node-timers';
import { handleSignals } from '../runtime/signals';
import { publishesStatus, statusRemover } from '../shipper/status';
import type { FlushOptions, FlushResult, ShipperEvents, WorkerShipper } from '../sink';
import { COUNTERS_BYTES, Counters, type DropReason, lostIn, type Stats } from '../telemetry/counters';
import {
  memoryFull,
  recordAfterExit,
  recordsLostAtClose,
  signalsNotHandled,
  spoolRemedy,
} from '../telemetry/warning-catalogue';
import { type LatestWarning, type Warning, WarningReporter } from '../telemetry/warnings';
import { ChunkBuilder } from './chunks';
import { DeadWorkers, publishDropped } from './dead-workers';
import { Supervisor } from './supervisor';
import { isOwnWorker } from './thread-stream';
import type { Flushed, WorkerHandle } from './worker-handle';

/** A worker without a heartbeat for this long is ended if records are pending in it. */
const STUCK_MS = 30_000;
/** How long the worker may overrun its own deadline at close. */
const CLOSE_GRACE_MS = 1000;

/** @throws PutlogsError `ERR_PUTLOGS_WORKER` */
export function startWorkerShipper(options: Options, stuckMs = STUCK_MS, clock: Clock = systemClock): WorkerShipper {
  return new WorkerHost(options, stuckMs, clock);
}

class WorkerHost extends EventEmitter<ShipperEvents> implements WorkerShipper, ExitHook {
  readonly #options: Options;
  readonly #clock: Clock;
  readonly #warnings: WarningReporter;
  /** Counted in this thread: records accepted, refused, and lost in it. */
  readonly #own: Counters;
  readonly #dead: DeadWorkers;
  readonly #supervisor: Supervisor;
  readonly #turn = new ChunkBuilder();
  readonly #disabled: boolean;
  readonly #removeStatusOf: (run: string) => void;
  /** Of both threads. */
  #latestWarning: LatestWarning | undefined;
  #closing: Promise<void> | undefined;
  #stopSignals: (() => void) | undefined;

  constructor(options: Options, stuckMs: number, clock: Clock) {
    super();
    this.#options = options;
    this.#clock = clock;
    const counters = new SharedArrayBuffer(COUNTERS_BYTES);
    this.#own = new Counters(counters);
    const publishes = publishesStatus(options);
    this.#removeStatusOf = statusRemover(options);
    this.#warnings = new WarningReporter(clock, (warning) => {
      const latest = this.#warned(warning);
      if (publishes) this.#supervisor.worker?.note(latest);
    });
    this.#dead = new DeadWorkers(options.instance, this.#warnings);
    this.#supervisor = new Supervisor({
      options,
      clock,
      stuckMs,
      warnings: this.#warnings,
      dead: this.#dead,
      view: () => (publishes ? { counters, books: this.#dead.books, latestWarning: this.#latestWarning } : undefined),
      onWarning: (warning) => this.#warned(warning),
      sendTurn: () => this.#sendTurn(),
      drop: (reason, records) => this.#drop(reason, records),
    });
    this.#disabled = !options.enabled || isOwnWorker();
    // After the end of the process no hook would close the worker.
    if (this.#disabled || isProcessOver()) return;
    this.#supervisor.start();
    addExitHook(this);
    if (options.handleSignals.length === 0) return;
    this.#stopSignals = handleSignals(options.handleSignals, this);
    if (this.#stopSignals === undefined) this.#warnings.warn(signalsNotHandled());
  }

  #warned(warning: Warning): LatestWarning {
    const { code, message } = warning;
    const latest = { code, message, atMs: this.#clock.wallMs() };
    this.#latestWarning = latest;
    this.emit('warning', warning);
    return latest;
  }

  // Records

  write(record: string | Uint8Array): boolean {
    if (this.#disabled) return this.#refuse('disabled');
    if (this.#closing !== undefined) return this.#refuse('closed');
    if (isProcessOver()) return this.#refuseAfterExit();
    if (this.#supervisor.isRefusing) return this.#refuse('worker');
    const text = typeof record === 'string' ? record : Buffer.from(record).toString();
    const { maxBytes } = this.#options.memory;
    if (this.#pendingBytes() + text.length > maxBytes) {
      this.#warnings.warn(memoryFull(maxBytes));
      return this.#refuse('memory');
    }
    if (this.#turn.length === 0) immediate(() => this.#sendTurn());
    this.#turn.add(text);
    this.#own.add('accepted');
    if (this.#turn.isLong) this.#sendTurn();
    return true;
  }

  #refuse(reason: DropReason): false {
    this.#own.refuse(reason);
    // Its exit hook was removed.
    if (reason === 'closed') this.#failIfLost();
    return false;
  }

  #refuseAfterExit(): false {
    this.#warnings.warn(recordAfterExit(), true);
    return this.#refuse('closed');
  }

  #pendingBytes(): number {
    return this.#turn.length + this.#supervisor.pendingBytes;
  }

  #sendTurn(): void {
    const chunk = this.#turn.take();
    if (chunk !== undefined) this.#supervisor.send(chunk);
  }

  // Flush, close, exit

  async flush({ timeoutMs = Number.POSITIVE_INFINITY }: FlushOptions = {}): Promise<FlushResult> {
    this.#sendTurn();
    // A worker does not have to be asked. Its answer could come after the limit.
    if (this.#isFinished) return { finished: true, pending: 0 };
    const finished = await this.#finished(timeoutMs, (worker, leftMs) => worker.flush(leftMs));
    return { finished, pending: this.stats().pending };
  }

  /** Whether each record is delivered or dropped. */
  get #isFinished(): boolean {
    const { pending, spooled } = this.stats();
    return pending + spooled === 0;
  }

  /**
   * Resolves with true when every record that was sent to a worker is finished, also if that takes several workers.
   * Resolves with false after `timeoutMs`. Keeps the process alive until then.
   */
  #finished(timeoutMs: number, ask: (worker: WorkerHandle, leftMs: number) => Promise<Flushed>): Promise<boolean> {
    const supervisor = this.#supervisor;
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    return new Promise((resolve) => {
      let isOver = false;
      const end = (finished: boolean) => {
        isOver = true;
        stopHolding();
        resolve(finished);
      };
      const stopHolding = this.#clock.after(timeoutMs, true, () => end(false));
      const askEach = async (): Promise<void> => {
        while (!isOver && (supervisor.worker !== undefined || supervisor.needsWorker)) {
          if (supervisor.worker === undefined) {
            await supervisor.started();
            continue;
          }
          const flushed = await ask(supervisor.worker, Math.max(0, deadlineMs - this.#clock.monotonicMs()));
          if (flushed !== 'exited') return end(flushed === 'finished');
        }
        end(this.#isFinished);
      };
      void askEach();
    });
  }

  close({ timeoutMs = this.#options.closeTimeoutMs }: FlushOptions = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    if (this.#disabled) return;
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    this.#sendTurn();
    this.#supervisor.prepareToClose();
    const closed = (worker: WorkerHandle) => worker.close(Math.max(0, deadlineMs - this.#clock.monotonicMs()));
    await this.#finished(timeoutMs + CLOSE_GRACE_MS, closed);
    removeExitHook(this);
    this.#stopSignals?.();
    await this.#supervisor.end();
    this.#giveUp(`the worker thread did not deliver them within ${timeoutMs} ms (closeTimeoutMs)`, false);
    this.#failIfLost();
  }

  beforeExit(): void {
    // Nothing to do: the worker continues while this thread blocks in `exit`.
  }

  exit(): void {
    this.#exit();
    this.#failIfLost();
  }

  #exit(): void {
    if (this.#disabled) return;
    if (this.stats().pending > 0 || this.#hasSpoolToClose) this.#exitWorker();
    this.#removeStatus();
  }

  #exitWorker(): void {
    try {
      this.#sendTurn();
      this.#supervisor.exit(this.#options.closeTimeoutMs);
    } catch {
      // The process ends. Whatever the error was, unfinished records are counted and reported below.
    }
    this.#giveUp('the worker thread did not end in time', true);
  }

  /** Only the worker can remove its files. The next process would find a dead run, and adopt it for nothing. */
  get #hasSpoolToClose(): boolean {
    return this.#options.spool.dir !== undefined && (this.#supervisor.worker?.hasStarted ?? false);
  }

  #failIfLost(): void {
    if (this.#options.strict && lostIn(this.stats()) > 0) failProcess();
  }

  /** `putlogs top` would show a process that ended regularly as a killed one. */
  #removeStatus(): void {
    const { run } = this.#supervisor;
    if (run !== undefined) this.#removeStatusOf(run);
  }

  /** Drops the pending records and the worker. Batches on disk stay there for the next process. */
  #giveUp(why: string, isLast: boolean): void {
    this.#supervisor.abandon();
    this.#turn.take();
    const { pending } = this.stats();
    if (pending === 0) return;
    this.#drop('exit', pending - this.#dead.giveUp('exit'));
    this.#warnings.warn(recordsLostAtClose(pending, why, spoolRemedy(this.#options.spool.dir)), isLast);
  }

  #drop(reason: DropReason, records: number): void {
    if (records === 0) return;
    this.#own.drop(reason, records);
    publishDropped(this.#options.instance, reason, records);
  }

  /**
   * The counters as this thread sees them: a record that the worker refused was accepted here, and counts as dropped.
   */
  stats(): Stats {
    const stats = this.#dead.stats(this.#supervisor.worker?.reading(), this.#own.stats());
    return { ...stats, pendingBytes: this.#pendingBytes() };
  }
}
