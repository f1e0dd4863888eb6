// The application's side of the worker threads: one at a time, and another when that one dies.
//
// Takes: records, in the application's thread. Gives: them to the worker, joined per turn of the loop (a write to the
// ring costs more than a record). Keeps: the worker that lives, the counters of those that do not, and, while there is
// none, the records. Never: throws, blocks before the process's end, keeps an idle process alive, or lets in more
// than `memory.maxBytes` for both threads together.
//
// A worker that dies costs what it held, but for what it has put on disk. What it had not begun to read goes to the next one, and so does what is
// written while there is none: a gap of a tenth of a second is no reason to lose a record that memory has room for.
// Only when worker after worker dies before it can read at all are records refused, until one can: nobody would ever
// read them, and a `flush()` that waits for them would wait for ever.

import { EventEmitter } from 'node:events';
import { Account, addStats, type DropReason, type Stats, sumOf } from './account';
import { type CancelTimer, type Clock, systemClock } from './clock';
import { publish } from './diagnostics';
import { enterExit, type Leaver, leaveExit } from './exit';
import { JoinedLines, WaitingChunks } from './joined-lines';
import type { Options } from './options/schema';
import type { FlushOptions, FlushResult, RecordSink, ShipperEvents } from './record-sink';
import { Respawn } from './respawn';
import { handleSignals, NO_SIGNALS } from './signals';
import { newRun, type Runs } from './spool/run';
import { lost as lostRecords, Teller } from './tell';
import { type Flushed, isOwnWorker, Thread } from './thread';

/** A shipper whose work is done in a worker thread. */
export interface Host extends RecordSink, EventEmitter<ShipperEvents> {}

/** A worker that gives no sign of life for so long while records wait is ended. */
const STUCK_MS = 30_000;

/** @throws PutlogsError `ERR_PUTLOGS_WORKER` */
export function startHost(options: Options, stuckMs = STUCK_MS, clock: Clock = systemClock): Host {
  return new WorkerHost(options, stuckMs, clock);
}

/** What the worker may take beyond its own deadline before it is given up. */
const CLOSE_GRACE_MS = 1000;
/** So many workers in a row that could not begin, and there is no point in waiting for the next. */
const STARTS_IN_VAIN = 5;
/** A worker may die before it has taken over what the one before it has left; so many in a row will not. */
const REMEMBERED_RUNS = 100;

class WorkerHost extends EventEmitter<ShipperEvents> implements Host, Leaver {
  readonly #options: Options;
  readonly #stuckMs: number;
  readonly #clock: Clock;
  readonly #teller: Teller;
  readonly #respawn: Respawn;
  /** What this thread counts: accepted, refused, and lost in it or with a worker. */
  readonly #own = new Account();
  /** What the workers before this one counted. */
  #past = new Account().stats();
  #thread: Thread | undefined;
  #runs: Runs | undefined;
  readonly #joined = new JoinedLines();
  /** For the next worker, while there is none. */
  readonly #waiting = new WaitingChunks();
  #startsInVain = 0;
  #cancelStart: CancelTimer = () => {};
  #onStart = new Set<() => void>();
  #closing: Promise<void> | undefined;
  #stopSignals: (() => void) | undefined;
  readonly #disabled: boolean;

  constructor(options: Options, stuckMs: number, clock: Clock) {
    super();
    this.#options = options;
    this.#stuckMs = stuckMs;
    this.#clock = clock;
    this.#teller = new Teller(clock, (warning) => this.emit('warning', warning));
    this.#respawn = new Respawn(clock);
    this.#disabled = !options.enabled || isOwnWorker();
    if (this.#disabled) return;
    this.#start();
    enterExit(this);
    if (options.handleSignals.length === 0) return;
    this.#stopSignals = handleSignals(options.handleSignals, this);
    if (this.#stopSignals === undefined) this.#teller.tell('options', NO_SIGNALS);
  }

  write(record: string | Uint8Array): boolean {
    if (this.#disabled) return this.#refuse('disabled');
    if (this.#closing !== undefined) return this.#refuse('closed');
    if (this.#startsInVain >= STARTS_IN_VAIN) return this.#refuse('worker');
    const text = typeof record === 'string' ? record : Buffer.from(record).toString();
    const { maxBytes } = this.#options.memory;
    if (this.#pendingBytes() + text.length > maxBytes) {
      this.#teller.tell('memory', `${maxBytes} bytes are waiting (memory.maxBytes): new records are refused`);
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

  #start(): Thread {
    this.#cancelStart();
    const dead = this.#runs === undefined ? [] : [...this.#runs.dead, this.#runs.own].slice(-REMEMBERED_RUNS);
    this.#runs = { own: newRun(this.#clock.wallMs()), dead };
    const thread: Thread = new Thread({
      options: this.#options,
      runs: this.#runs,
      clock: this.#clock,
      stuckMs: this.#stuckMs,
      onWarning: (warning) => this.emit('warning', warning),
      onReady: () => {
        this.#startsInVain = 0;
      },
      onGone: (reason) => this.#replace(thread, reason),
    });
    this.#thread = thread;
    for (const chunk of this.#waiting.take()) thread.hand(chunk);
    this.#started();
    return thread;
  }

  #replace(thread: Thread, reason: string): void {
    const lost = this.#bury(thread);
    if (lost === undefined) return;
    if (this.#closing !== undefined && lost === 0 && !this.#needsWorker) {
      this.#started();
      return;
    }
    this.#startsInVain += 1;
    const waiting = this.#startsInVain < STARTS_IN_VAIN ? '' : this.#giveUpWaiting();
    const delayMs = this.#respawn.endedDelayMs();
    this.#startAfter(delayMs);
    publish('worker.gone', this.#options.instance, () => ({ reason, records: lost, delayMs }));
    const next = `the next one starts in ${Math.ceil(delayMs)} ms${waiting}`;
    this.#teller.tell('worker', `the worker thread is gone (${reason}): ${lostRecords(lost)} with it, ${next}`);
  }

  /** Whether there is something that waits, here or where dead workers have left it on disk. */
  get #needsWorker(): boolean {
    const isOnDisk = this.#past.spooled > 0 && this.#startsInVain < STARTS_IN_VAIN;
    return !this.#waiting.isEmpty || isOnDisk;
  }

  /** Takes over from a worker that is gone. Gives how many records are lost with it. */
  #bury(thread: Thread): number | undefined {
    if (thread !== this.#thread) return undefined;
    const { lost, unread } = thread.leaves();
    this.#past = addStats(this.#past, thread.stats());
    this.#drop('worker', lost);
    this.#thread = undefined;
    this.#waiting.unshift(unread);
    return lost;
  }

  #drop(reason: DropReason, records: number): void {
    if (records === 0) return;
    this.#own.drop(reason, records);
    publish('records.dropped', this.#options.instance, () => ({ reason, records }));
  }

  #giveUpWaiting(): string {
    this.#hand();
    const records = this.#waiting.take().reduce((sum, chunk) => sum + chunk.records, 0);
    this.#drop('worker', records);
    this.#started();
    return `; ${lostRecords(records)} that waited for it, and new ones are refused until one can start`;
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
        this.#teller.tell('worker', `${messageOf(error)}${waiting}`);
      }
    });
  }

  /** Those who wait for a worker look again. */
  #started(): void {
    for (const look of this.#onStart) look();
    this.#onStart.clear();
  }

  // the ends

  async flush({ timeoutMs = Number.POSITIVE_INFINITY }: FlushOptions = {}): Promise<FlushResult> {
    this.#hand();
    // Nothing to ask a worker for, which may be slower than the limit.
    if (this.stats().pending === 0) return { settled: true, pending: 0 };
    const settled = await this.#settled(timeoutMs, (thread, leftMs) => thread.flush(leftMs));
    return { settled, pending: this.stats().pending };
  }

  /**
   * Resolves with true when everything handed over has its fate, by however many workers that takes, with false after
   * `timeoutMs`. The process is kept alive for it.
   */
  #settled(timeoutMs: number, ask: (thread: Thread, leftMs: number) => Promise<Flushed>): Promise<boolean> {
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    return new Promise((resolve) => {
      let isOver = false;
      const end = (settled: boolean) => {
        isOver = true;
        stopHolding();
        resolve(settled);
      };
      const stopHolding = this.#clock.after(timeoutMs, true, () => end(false));
      const askEach = async (): Promise<void> => {
        while (!isOver && (this.#thread !== undefined || this.#needsWorker)) {
          if (this.#thread === undefined) {
            await new Promise<void>((look) => this.#onStart.add(look));
            continue;
          }
          const flushed = await ask(this.#thread, Math.max(0, deadlineMs - this.#clock.monotonicMs()));
          if (flushed !== 'gone') return end(flushed === 'settled');
        }
        end(true);
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
    const closed = (thread: Thread) => thread.close(Math.max(0, deadlineMs - this.#clock.monotonicMs()));
    await this.#settled(timeoutMs + CLOSE_GRACE_MS, closed);
    leaveExit(this);
    this.#stopSignals?.();
    this.#cancelStart();
    await this.#thread?.end();
    this.#giveUp(`the worker thread did not deliver them within ${timeoutMs} ms (closeTimeoutMs)`);
    this.#started();
  }

  beforeExit(): void {
    // The worker goes on while this thread waits in `exit`; there is nothing to prepare.
  }

  exit(): void {
    if (this.#disabled || this.stats().pending === 0) return;
    try {
      this.#hand();
      const dying = this.#thread?.writable === false ? this.#thread : undefined;
      if (dying !== undefined) this.#bury(dying);
      const thread = this.#thread ?? (this.#startsInVain < STARTS_IN_VAIN ? this.#start() : undefined);
      thread?.exit(this.#options.closeTimeoutMs);
    } catch {
      // Whatever it was: this is the end of the process, and what counts is said below.
    }
    this.#giveUp('the worker thread did not end in time');
  }

  /** What has no fate by now is lost, and the worker with it. */
  #giveUp(why: string): void {
    const { pending } = this.stats();
    if (this.#thread !== undefined) this.#past = addStats(this.#past, this.#thread.stats());
    this.#thread = undefined;
    this.#waiting.take();
    this.#joined.take();
    if (pending === 0) return;
    this.#drop('exit', pending);
    this.#teller.tell('exit', `${lostRecords(pending)}: ${why}`);
  }

  /** In this thread's eyes: what was handed over is accepted, and what the worker refused is lost. */
  stats(): Stats {
    const workers = this.#thread === undefined ? this.#past : addStats(this.#past, this.#thread.stats());
    const own = this.#own.stats();
    const { dropped } = addStats(workers, own);
    return {
      ...workers,
      accepted: own.accepted,
      pending: own.accepted + workers.recovered - workers.delivered - workers.spooled - sumOf(dropped),
      dropped,
      refused: own.refused,
      pendingBytes: this.#pendingBytes(),
    };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^putlogs: /, '') : String(error);
}
