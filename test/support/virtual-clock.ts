// Time for several virtual processes on several hosts: one scheduler, and for each process a `Clock`.
//
// True time passes only in `advance`. Each host has a wall clock that is off by some time and can be set, and a
// monotonic clock that may run fast or slow. Timers run in the order of true time; promises run until nothing is left
// between two of them. A killed process loses its timers, a frozen one runs them when it wakes.

import type { CancelTimer, Clock } from '@putlogs/core/internal/runtime/clock';
import { type Random, seededRandom } from './seeded-random';
import { TimerHeap } from './timer-heap';
import { Crash } from './virtual-disk';

/** The wall clocks begin here, so that no test depends on the day it runs on. */
export const START_MS = Date.UTC(2026, 0, 1);

export interface VirtualHost {
  readonly name: string;
  /** How far the wall clock is ahead of true time; a negative number if it is behind. May be changed at any time. */
  wallOffsetMs: number;
  /** Milliseconds that the host's clocks count in a true one. */
  readonly rate: number;
  /** What its monotonic clock said when true time was 0. */
  readonly bootMs: number;
}

interface Process {
  readonly name: string;
  readonly host: VirtualHost;
  readonly random: Random;
  state: 'running' | 'frozen' | 'killed';
  /** Timers that came due while the process was frozen, in order. */
  readonly late: Timer[];
}

interface Timer {
  atMs: number;
  /** Among timers of one moment, the one that was set first runs first. */
  order: number;
  readonly process: Process;
  readonly run: () => void;
  cancelled: boolean;
}

export interface VirtualTimeOptions {
  readonly seed?: number;
  /** Called when a timer of the process ended in a crash; the process has no timers any more. */
  readonly onCrash?: (process: string) => void;
}

export class VirtualTime {
  readonly #options: VirtualTimeOptions;
  readonly #processes = new Map<string, Process>();
  readonly #timers = new TimerHeap<Timer>();
  #nowMs = 0;
  #order = 0;
  #born = 0;

  constructor(options: VirtualTimeOptions = {}) {
    this.#options = options;
  }

  /** True time, in milliseconds since the start. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** True wall time, in milliseconds since 1970: that of the file system and of the service. */
  get wallMs(): number {
    return START_MS + this.#nowMs;
  }

  /** Numbers what happens: a later event has a higher number, also within one millisecond. */
  nextOrder(): number {
    this.#order += 1;
    return this.#order;
  }

  /** The clock of a new process. A name that was killed may be used again. */
  processClock(name: string, host: VirtualHost): Clock {
    if (this.#processes.has(name)) throw new Error(`the process ${name} lives`);
    this.#born += 1;
    const random = seededRandom((this.#options.seed ?? 0) + this.#born);
    const process: Process = { name, host, random, state: 'running', late: [] };
    this.#processes.set(name, process);
    const sinceBootMs = () => host.bootMs + this.#nowMs * host.rate;
    return {
      wallMs: () => Math.floor(START_MS + host.wallOffsetMs + this.#nowMs * host.rate),
      monotonicMs: sinceBootMs,
      after: (delayMs, _held, run) => this.#after(process, delayMs, run),
      random,
    };
  }

  /** Ends a process: its timers never run. */
  kill(name: string): void {
    const process = this.#processes.get(name);
    if (process === undefined) return;
    process.state = 'killed';
    this.#processes.delete(name);
  }

  /** Stops a process, as SIGSTOP or a pause of its machine does. */
  freeze(name: string): void {
    const process = this.#running(name);
    process.state = 'frozen';
  }

  /** The timers that came due meanwhile run at once, in order. */
  wake(name: string): void {
    const process = this.#running(name);
    process.state = 'running';
    for (const timer of process.late.splice(0)) {
      timer.atMs = this.#nowMs;
      timer.order = this.nextOrder();
      this.#timers.push(timer);
    }
  }

  isFrozen(name: string): boolean {
    return this.#processes.get(name)?.state === 'frozen';
  }

  /** Timers that are set, of living processes. */
  get timers(): number {
    return this.#timers.items().filter(({ cancelled, process }) => !cancelled && process.state !== 'killed').length;
  }

  /** When the next timer runs, in true time; nothing if there is none. */
  get nextTimerMs(): number | undefined {
    this.#dropUseless();
    return this.#timers.first?.atMs;
  }

  /** Lets time pass, and everything that is due happen. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await drained();
    for (let atMs = this.nextTimerMs; atMs !== undefined && atMs <= untilMs; atMs = this.nextTimerMs) {
      const timer = this.#timers.pop()!;
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      if (timer.process.state === 'frozen') {
        timer.process.late.push(timer);
        continue;
      }
      this.#run(timer);
      await drained();
    }
    this.#nowMs = untilMs;
  }

  #after(process: Process, delayMs: number, run: () => void): CancelTimer {
    const atMs = this.#nowMs + nodeDelayMs(delayMs) / process.host.rate;
    const timer: Timer = { atMs, order: this.nextOrder(), process, run, cancelled: false };
    if (process.state !== 'killed') this.#timers.push(timer);
    return () => {
      timer.cancelled = true;
    };
  }

  #run(timer: Timer): void {
    timer.cancelled = true;
    try {
      timer.run();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.kill(timer.process.name);
      this.#options.onCrash?.(timer.process.name);
    }
  }

  #dropUseless(): void {
    for (let timer = this.#timers.first; timer !== undefined; timer = this.#timers.first) {
      if (!timer.cancelled && timer.process.state !== 'killed') return;
      this.#timers.pop();
    }
  }

  #running(name: string): Process {
    const process = this.#processes.get(name);
    if (process === undefined) throw new Error(`there is no process ${name}`);
    return process;
  }
}

/** @param drift by how much the host's clocks run fast: 0.001 is one millisecond in a second */
export function virtualHost(name: string, { wallOffsetMs = 0, drift = 0, bootMs = 1000 } = {}): VirtualHost {
  return { name, wallOffsetMs, rate: 1 + drift, bootMs };
}

/** Node cuts fractions off, waits at least a millisecond, and the system's clock cuts what is too long. */
function nodeDelayMs(delayMs: number): number {
  return Math.min(Math.max(Math.trunc(delayMs), 1), 2 ** 31 - 1);
}

/** Waits until no promise and no callback of an earlier `setImmediate` is left to run. */
export function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
