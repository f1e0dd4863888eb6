// The application's side of the worker threads: one at a time, and another one when that one dies.
//
// It hands records to the worker, joined per turn of the loop: a write to the ring costs more than a record. While
// there is no worker it keeps them. It never throws, never blocks before the process's end, never keeps an idle process
// alive, and lets in no more than `memory.maxBytes` for both threads together.
//
// The next worker takes what a dead one had not begun to read, and what is written while there is none: a gap of a
// tenth of a second is no reason to lose a record that memory has room for. What the dead one had begun is looked for
// on disk; host/worker-books.ts says how it is counted. New records are refused only when worker after worker dies
// before it can read: no worker would ever read them, and a `flush()` that waits for them would never end.

import { EventEmitter } from 'node:events';
import { messageOf } from '../errors';
import type { Options } from '../options/schema';
import { type CancelTimer, type Clock, systemClock } from '../runtime/clock';
import { addExitHook, type ExitHook, removeExitHook } from '../runtime/exit-hooks';
import { newRun, type Runs } from '../runtime/run';
import { handleSignals } from '../runtime/signals';
import type { FlushOptions, FlushResult, RecordSink, ShipperEvents } from '../sink';
import { Counters, type DropReason, type Stats } from '../telemetry/counters';
import { publish } from '../telemetry/diagnostics';
import {
  memoryFull,
  recordsLostAtClose,
  refusingWithoutWorker,
  signalsNotHandled,
  workerEnded,
  workerNotStarted,
} from '../telemetry/warning-catalogue';
import { WarningReporter } from '../telemetry/warnings';
import { ChunkBuilder, ChunkQueue } from './chunks';
import { DeadWorkers, publishDropped } from './dead-workers';
import { RestartPolicy } from './restart-policy';
import { type Flushed, isOwnWorker, WorkerHandle } from './worker-handle';

/** A shipper whose work is done in a worker thread. */
export interface WorkerShipper extends RecordSink, EventEmitter<ShipperEvents> {}

/** A worker without a heartbeat for so long is ended if records are pending in it. */
const STUCK_MS = 30_000;

/** @throws PutlogsError `ERR_PUTLOGS_WORKER` */
export function startWorkerShipper(options: Options, stuckMs = STUCK_MS, clock: Clock = systemClock): WorkerShipper {
  return new WorkerHost(options, stuckMs, clock);
}

/** What the worker may take beyond its own deadline before it is given up. */
const CLOSE_GRACE_MS = 1000;
/** So many workers in a row that could not begin, and there is no point in waiting for the next. */
const STARTS_IN_VAIN = 5;
/** A worker may die before it has taken over what the one before it has left; so many in a row will not. */
const REMEMBERED_RUNS = 100;

class WorkerHost extends EventEmitter<ShipperEvents> implements WorkerShipper, ExitHook {
  readonly #options: Options;
  readonly #stuckMs: number;
  readonly #clock: Clock;
  readonly #warnings: WarningReporter;
  readonly #respawn: RestartPolicy;
  /** What this thread counts: accepted, refused, and lost in it. */
  readonly #own = new Counters();
  readonly #dead: DeadWorkers;
  #thread: WorkerHandle | undefined;
  #runs: Runs | undefined;
  readonly #joined = new ChunkBuilder();
  /** For the next worker, while there is none. */
  readonly #waiting = new ChunkQueue();
  #startsInVain = 0;
  #cancelStart: CancelTimer = () => {};
  #onStart = new Set<() => void>();
  #closing: Promise<void> | undefined;
  /** No worker is started any more. */
  #isOver = false;
  #stopSignals: (() => void) | undefined;
  readonly #disabled: boolean;

  constructor(options: Options, stuckMs: number, clock: Clock) {
    super();
    this.#options = options;
    this.#stuckMs = stuckMs;
    this.#clock = clock;
    this.#warnings = new WarningReporter(clock, (warning) => this.emit('warning', warning));
    this.#dead = new DeadWorkers(options.instance, this.#warnings);
    this.#respawn = new RestartPolicy(clock);
    this.#disabled = !options.enabled || isOwnWorker();
    if (this.#disabled) return;
    this.#start();
    addExitHook(this);
    if (options.handleSignals.length === 0) return;
    this.#stopSignals = handleSignals(options.handleSignals, this);
    if (this.#stopSignals === undefined) this.#warnings.warn(signalsNotHandled());
  }

  write(record: string | Uint8Array): boolean {
    if (this.#disabled) return this.#refuse('disabled');
    if (this.#closing !== undefined) return this.#refuse('closed');
    if (this.#startsInVain >= STARTS_IN_VAIN) return this.#refuse('worker');
    const text = typeof record === 'string' ? record : Buffer.from(record).toString();
    const { maxBytes } = this.#options.memory;
    if (this.#pendingBytes() + text.length > maxBytes) {
      this.#warnings.warn(memoryFull(maxBytes));
      return this.#refuse('memory');
    }
    if (this.#joined.length === 0) setImmediate(() => this.#hand());
    this.#joined.add(text);
    this.#own.add('accepted');
    if (this.#joined.isLong) this.#hand();
    return true;
  }

  #refuse(reason: DropReason): false {
    this.#own.refuse(reason);
    return false;
  }

  /** On this side of the ring, in it, and on the other side. */
  #pendingBytes(): number {
    return this.#joined.length + this.#waiting.bytes + (this.#thread?.pendingBytes ?? 0);
  }

  #hand(): void {
    const chunk = this.#joined.take();
    if (chunk === undefined) return;
    if (this.#thread?.writable) this.#thread.hand(chunk);
    else this.#waiting.push(chunk);
  }

  // one worker after the other

  #start(): WorkerHandle {
    this.#cancelStart();
    const dead = this.#runs === undefined ? [] : [...this.#runs.dead, this.#runs.own].slice(-REMEMBERED_RUNS);
    this.#runs = { own: newRun(this.#clock.wallMs()), dead };
    const thread: WorkerHandle = new WorkerHandle({
      options: this.#options,
      runs: this.#runs,
      clock: this.#clock,
      stuckMs: this.#stuckMs,
      onWarning: (warning) => this.emit('warning', warning),
      onReady: () => {
        this.#startsInVain = 0;
      },
      onInherited: () => {
        if (thread === this.#thread) this.#dead.reportLost(thread.reading());
      },
      onGone: (reason) => this.#replace(thread, reason),
    });
    this.#thread = thread;
    for (const chunk of this.#waiting.take()) thread.hand(chunk);
    this.#started();
    return thread;
  }

  #replace(thread: WorkerHandle, reason: string): void {
    if (thread !== this.#thread) return;
    const lost = this.#bury(thread);
    if (this.#closing !== undefined && lost === 0 && !this.#needsWorker) {
      this.#started();
      return;
    }
    this.#startsInVain += 1;
    const { unfinished } = this.#dead;
    const waiting = this.#startsInVain < STARTS_IN_VAIN ? '' : this.#giveUpWaiting();
    const delayMs = this.#respawn.endedDelayMs();
    this.#startAfter(delayMs);
    publish('worker.gone', this.#options.instance, () => ({ reason, records: lost, delayMs }));
    this.#warnings.warn(workerEnded({ reason, lost, sought: unfinished, delayMs }, waiting));
  }

  /** Whether records are here, or where dead workers have left them on disk, that only a worker can deliver. */
  get #needsWorker(): boolean {
    if (this.#isOver) return false;
    const isOnDisk = this.#dead.unfinished > 0 && this.#startsInVain < STARTS_IN_VAIN;
    return !this.#waiting.isEmpty || isOnDisk;
  }

  /** Takes over from a worker that is gone. Returns how many records are already known to be lost with it. */
  #bury(thread: WorkerHandle): number {
    this.#dead.bury(thread.reading());
    this.#thread = undefined;
    this.#waiting.unshift(thread.unread());
    return this.#options.spool.dir === undefined ? this.#dead.giveUp('worker') : 0;
  }

  #drop(reason: DropReason, records: number): void {
    if (records === 0) return;
    this.#own.drop(reason, records);
    publishDropped(this.#options.instance, reason, records);
  }

  #giveUpWaiting(): string {
    this.#hand();
    const { records } = this.#waiting;
    this.#waiting.take();
    this.#drop('worker', records);
    const lost = records + this.#dead.giveUp('worker');
    this.#started();
    return refusingWithoutWorker(lost);
  }

  #startAfter(delayMs: number): void {
    this.#cancelStart();
    this.#cancelStart = this.#clock.after(delayMs, false, () => {
      this.#respawn.started();
      try {
        this.#start();
      } catch (error) {
        this.#startsInVain += 1;
        const waiting = this.#startsInVain < STARTS_IN_VAIN ? '' : this.#giveUpWaiting();
        this.#startAfter(this.#respawn.endedDelayMs());
        this.#warnings.warn(workerNotStarted(messageOf(error), waiting));
      }
    });
  }

  /** Wakes each flush that waits for a worker. */
  #started(): void {
    for (const look of this.#onStart) look();
    this.#onStart.clear();
  }

  // the ends

  async flush({ timeoutMs = Number.POSITIVE_INFINITY }: FlushOptions = {}): Promise<FlushResult> {
    this.#hand();
    // Nothing to ask a worker for, which may be slower than the limit.
    if (this.#isFinished) return { finished: true, pending: 0 };
    const finished = await this.#finished(timeoutMs, (thread, leftMs) => thread.flush(leftMs));
    return { finished, pending: this.stats().pending };
  }

  /** Whether each record is delivered or dropped. */
  get #isFinished(): boolean {
    const { pending, spooled } = this.stats();
    return pending + spooled === 0;
  }

  /**
   * Resolves with true when everything handed over is finished, by however many workers that takes, with false after
   * `timeoutMs`. The process is kept alive for it.
   */
  #finished(timeoutMs: number, ask: (thread: WorkerHandle, leftMs: number) => Promise<Flushed>): Promise<boolean> {
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
        while (!isOver && (this.#thread !== undefined || this.#needsWorker)) {
          if (this.#thread === undefined) {
            await new Promise<void>((look) => this.#onStart.add(look));
            continue;
          }
          const flushed = await ask(this.#thread, Math.max(0, deadlineMs - this.#clock.monotonicMs()));
          if (flushed !== 'gone') return end(flushed === 'finished');
        }
        end(this.#isFinished);
      };
      void askEach();
    });
  }

  close({ timeoutMs = this.#options.closeTimeoutMs }: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    if (this.#disabled) return;
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    this.#hand();
    // There is no time to wait for: a worker that is due later starts now.
    if (this.#thread === undefined && this.#needsWorker) this.#startAfter(0);
    const closed = (thread: WorkerHandle) => thread.close(Math.max(0, deadlineMs - this.#clock.monotonicMs()));
    await this.#finished(timeoutMs + CLOSE_GRACE_MS, closed);
    removeExitHook(this);
    this.#stopSignals?.();
    this.#cancelStart();
    await this.#thread?.end();
    this.#giveUp(`the worker thread did not deliver them within ${timeoutMs} ms (closeTimeoutMs)`, false);
    this.#started();
  }

  beforeExit(): void {
    // The worker goes on while this thread waits in `exit`; there is nothing to prepare.
  }

  exit(): void {
    if (this.#disabled || this.stats().pending === 0) return;
    try {
      this.#hand();
      if (this.#thread?.writable === false) this.#bury(this.#thread);
      const thread = this.#thread ?? (this.#startsInVain < STARTS_IN_VAIN ? this.#start() : undefined);
      thread?.exit(this.#options.closeTimeoutMs);
    } catch {
      // Whatever it was: this is the end of the process, and what counts is said below.
    }
    this.#giveUp('the worker thread did not end in time', true);
  }

  /** Drops what is pending by now, and the worker. What is spooled stays on disk for the next process. */
  #giveUp(why: string, isLast: boolean): void {
    if (this.#thread !== undefined) this.#dead.bury(this.#thread.reading());
    this.#isOver = true;
    this.#thread = undefined;
    this.#waiting.take();
    this.#joined.take();
    const { pending } = this.stats();
    if (pending === 0) return;
    this.#drop('exit', pending - this.#dead.giveUp('exit'));
    this.#warnings.warn(recordsLostAtClose(pending, why), isLast);
  }

  /** In this thread's eyes: what was handed over is accepted, and what the worker refused is lost. */
  stats(): Stats {
    const stats = this.#dead.stats(this.#thread?.reading(), this.#own.stats());
    return { ...stats, pendingBytes: this.#pendingBytes() };
  }
}
