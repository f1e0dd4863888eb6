// One worker thread's life, seen from the application's thread.
//
// It writes chunks of whole lines to the worker by thread-stream's ring, reads the worker's counters without asking,
// and reports once that the worker is gone. host/host.ts starts the next one. Only `exit` blocks, at the process's end.
//
// It keeps each chunk until the worker has begun its last record. The worker counts a record as begun before it looks
// at it. So what a dead worker has not begun it cannot have sent: the next worker takes it, and nothing is sent twice.
// What it has begun and has not finished is lost with it, or is on disk (host/worker-books.ts). The record at which it
// died is never read again: it would kill the next worker.

import type { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import { PutlogsError, workerFileMissing, workerNotStarted } from '../errors';
import type { Options } from '../options/schema';
import type { Clock } from '../runtime/clock';
import type { Runs } from '../runtime/run';
import { COUNTERS_BYTES, Counters, type Reading, sumOf } from '../telemetry/counters';
import type { Warning } from '../telemetry/warnings';
import { type Chunk, ChunkQueue } from './chunks';
import type { ExitMessage, FlushMessage, PingMessage, WorkerStart } from './worker-protocol';

export interface WorkerHandleOptions {
  readonly options: Options;
  readonly runs: Runs;
  readonly clock: Clock;
  /** A worker without a heartbeat for this long is ended if records are pending in it. */
  readonly stuckMs: number;
  readonly onWarning: (warning: Warning) => void;
  readonly onReady: () => void;
  /** The worker has opened the journals of the dead runs it was named. */
  readonly onInherited: () => void;
  /** The thread has ended, in whatever way; not called after `end()`. */
  readonly onGone: (reason: string) => void;
}

/** How a flush ended: all is finished, the time was over first, or the thread is gone. */
export type Flushed = 'finished' | 'late' | 'gone';

/** A worker is called stuck after this many looks in a row at which nothing had moved. */
const LOOKS = 10;
/** Beside what the records take: the runtime, the libraries, and modules of the application's. */
const HEAP_BASE_MIB = 128;
const MIB = 1024 * 1024;
/** At the process's end: how long a worker may be silent, and how often this thread looks. */
const SILENCE_MS = 2000;
const NAP_MS = 2;
const NEWLINE = 0x0a;

export class WorkerHandle {
  readonly #options: WorkerHandleOptions;
  readonly #counters: Counters;
  readonly #stream: ThreadStream;
  readonly #handed = new ChunkQueue();
  /** Records in chunks that are kept no longer. */
  #letGo = 0;
  #handedRecords = 0;
  #handedBytes = 0;
  #reason: string | undefined;
  #ended = false;
  #flushes = 0;
  /** The callers that await the worker's answer to a flush. */
  readonly #flushing = new Map<number, (became: Flushed) => void>();
  #isGone = false;

  /** @throws PutlogsError `ERR_PUTLOGS_WORKER` */
  constructor(options: WorkerHandleOptions) {
    this.#options = options;
    const buffer = new SharedArrayBuffer(COUNTERS_BYTES);
    this.#counters = new Counters(buffer);
    this.#stream = startStream({ putlogs: { options: options.options, counters: buffer, runs: options.runs } });
    const because = (error: Error) => {
      this.#reason ??= error.message;
    };
    this.#stream.on('error', because);
    // thread-stream does not listen to this one: a worker out of memory would end the application.
    this.#stream.worker.on('error', because);
    this.#stream.on('warning', options.onWarning);
    this.#stream.on('ready', options.onReady);
    this.#stream.on('inherited', options.onInherited);
    this.#stream.on('flushed', (id: number, finished: boolean) => this.#flushed(id, finished ? 'finished' : 'late'));
    // The thread has ended by now and its counters stand still; when 'error' came, they may not have.
    this.#stream.on('close', () => {
      // The stream keeps an error before it emits it, which may be after this.
      const reason = this.#reason ?? this.#stream.writableErrored?.message ?? 'it ended';
      if (!this.#ended) options.onGone(reason);
      this.#ended = true;
      this.#isGone = true;
      for (const id of [...this.#flushing.keys()]) this.#flushed(id, 'gone');
    });
    this.#stream.unref();
    this.#watch(0, 0);
  }

  /** Whether it can still take something. It may be dying, its end not yet known here. */
  get writable(): boolean {
    return !this.#ended && this.#reason === undefined;
  }

  hand(chunk: Chunk): void {
    this.#letGoOfBegun();
    this.#handed.push(chunk);
    this.#handedRecords += chunk.records;
    this.#handedBytes += chunk.bytes.length;
    this.#stream.write(chunk.bytes);
  }

  /** In the ring and in front of it, and in the worker. */
  get pendingBytes(): number {
    return this.#handedBytes - this.#counters.read('receivedBytes') + this.#counters.read('pendingBytes');
  }

  /** What the worker counted. What it refused was accepted in this thread, so it counts as dropped. */
  reading(): Reading {
    const reading = this.#counters.reading();
    const { dropped, refused } = reading.stats;
    for (const reason of Object.keys(refused) as (keyof typeof refused)[]) {
      dropped[reason] += refused[reason];
      refused[reason] = 0;
    }
    return reading;
  }

  /** Whether the worker has records that are neither finished nor on disk. */
  get #hasPending(): boolean {
    const { stats, inherited } = this.reading();
    const finished = stats.delivered + sumOf(stats.dropped);
    return this.#handedRecords + stats.recovered + inherited > finished + stats.spooled;
  }

  /** What the worker had not begun when it ended. */
  unread(): Chunk[] {
    this.#letGoOfBegun();
    const first = this.#handed.shift();
    if (first === undefined) return [];
    this.#handed.unshift([withoutFirst(first, this.#counters.read('begun') - this.#letGo)]);
    return this.#handed.take();
  }

  #letGoOfBegun(): void {
    const begun = this.#counters.read('begun');
    let { first } = this.#handed;
    while (first !== undefined && this.#letGo + first.records <= begun) {
      this.#letGo += first.records;
      this.#handed.shift();
      first = this.#handed.first;
    }
  }

  /**
   * Resolves with `finished` when all that was handed over or found on disk is finished, with `late` after `timeoutMs`,
   * with `gone` when the thread is.
   */
  flush(timeoutMs: number): Promise<Flushed> {
    return this.#ask('PUTLOGS_FLUSH', timeoutMs);
  }

  /** As `flush`, and the last one: the worker drops or leaves on disk what is not finished after `timeoutMs`. */
  close(timeoutMs: number): Promise<Flushed> {
    return this.#ask('PUTLOGS_CLOSE', timeoutMs);
  }

  /**
   * By a message and not by thread-stream's flush, which does one after the other: the second would wait for the first.
   */
  #ask(code: 'PUTLOGS_FLUSH' | 'PUTLOGS_CLOSE', timeoutMs: number): Promise<Flushed> {
    if (this.#isGone) return Promise.resolve('gone');
    return new Promise((resolve) => {
      this.#flushes += 1;
      const id = this.#flushes;
      this.#flushing.set(id, resolve);
      if (!this.#ended)
        this.#stream.emit('message', { code, id, timeoutMs, records: this.#handedRecords } satisfies FlushMessage);
    });
  }

  #flushed(id: number, became: Flushed): void {
    this.#flushing.get(id)?.(became);
    this.#flushing.delete(id);
  }

  /** Ends the thread, and does not report it to the host. thread-stream's own `end()` would block this thread. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#stream.worker.terminate();
  }

  /**
   * For the process's end: blocks until the worker has closed, which is after `timeoutMs` at the latest, and not
   * at all on one that is dead or stuck. A worker works while this thread is blocked; it writes to stderr itself.
   */
  exit(timeoutMs: number): void {
    const bootMs = this.#counters.read('beats') === 0 ? Math.max(timeoutMs, SILENCE_MS) : SILENCE_MS;
    // thread-stream would wait ten seconds for a worker that reads no more, so it has to answer first.
    if (!this.#answersWithin(bootMs)) return;
    this.#stream.flushSync();
    this.#stream.emit('message', { code: 'PUTLOGS_EXIT', timeoutMs } satisfies ExitMessage);
    let silentMs = 0;
    let beats = this.#counters.read('beats');
    // Naps are counted and not time: the whole process may have been stopped for an hour in between.
    for (let sleptMs = 0; sleptMs < timeoutMs + SILENCE_MS && silentMs < SILENCE_MS; sleptMs += NAP_MS) {
      if (this.#counters.read('closed') > 0) return;
      nap();
      const now = this.#counters.read('beats');
      silentMs = now === beats ? silentMs + NAP_MS : 0;
      beats = now;
    }
  }

  #answersWithin(timeoutMs: number): boolean {
    const before = this.#counters.read('beats');
    this.#stream.emit('message', { code: 'PUTLOGS_PING' } satisfies PingMessage);
    for (let sleptMs = 0; this.#counters.read('beats') === before; sleptMs += NAP_MS) {
      if (sleptMs >= timeoutMs) return false;
      nap();
    }
    return true;
  }

  /** Looks are counted and not time: after a pause of the whole process both threads go on, and neither is stuck. */
  #watch(beatsBefore: number, idleLooks: number): void {
    const { clock, stuckMs } = this.#options;
    clock.after(stuckMs / LOOKS, false, () => {
      if (this.#ended) return;
      const beats = this.#counters.read('beats');
      const moved = beats !== beatsBefore || !this.#hasPending;
      const looks = moved ? 0 : idleLooks + 1;
      if (looks < LOOKS) return this.#watch(beats, looks);
      this.#reason ??= `it gave no sign of life for ${stuckMs} ms`;
      void this.#stream.worker.terminate();
    });
  }
}

/** The chunk without the first records. */
function withoutFirst({ bytes, records }: Chunk, begun: number): Chunk {
  let at = 0;
  for (let skipped = 0; skipped < begun; skipped += 1) at = bytes.indexOf(NEWLINE, at) + 1;
  return { bytes: bytes.subarray(at), records: records - begun };
}

const napping = new Int32Array(new SharedArrayBuffer(4));

function nap(): void {
  Atomics.wait(napping, 0, 0, NAP_MS);
}

/**
 * Whether this thread is such a worker. It runs the application's preload scripts, too: if those make a logger, its
 * worker would run them again, and so on without end.
 */
export function isOwnWorker(): boolean {
  const start = (workerData as { workerData?: Partial<WorkerStart> } | null)?.workerData;
  return start?.putlogs !== undefined;
}

/** The parts of thread-stream that are used; its own types leave some out. */
interface ThreadStream extends EventEmitter {
  readonly worker: EventEmitter & { terminate(): Promise<number> };
  readonly writableErrored: Error | null;
  write(data: Buffer): boolean;
  flushSync(): void;
  unref(): void;
}

function startStream(start: WorkerStart): ThreadStream {
  const { maxBytes } = start.putlogs.options.memory;
  try {
    const filename = workerFile();
    const Stream = require('thread-stream') as unknown as new (options: object) => ThreadStream;
    return new Stream({
      filename,
      workerData: start,
      workerOpts: {
        name: 'putlogs',
        // A worker that needs more ends alone; without a bound it would take the application with it.
        resourceLimits: { maxOldGenerationSizeMb: HEAP_BASE_MIB + Math.ceil((2 * maxBytes) / MIB) },
      },
    });
  } catch (cause) {
    throw cause instanceof PutlogsError ? cause : workerNotStarted(cause);
  }
}

/**
 * Beside this file, unless this file is in a bundle: that says where it has put the worker as it does for pino's, in
 * `__bundlerPathsOverrides`. A worker that is not there is told at once, for node would only say so when it is started,
 * and nobody would hear it in a process that ends soon.
 */
function workerFile(): string {
  const { __bundlerPathsOverrides: said } = globalThis as { __bundlerPathsOverrides?: Record<string, string> };
  const path = said?.['@putlogs/core/worker'] ?? join(__dirname, '..', 'worker.js');
  if (existsSync(path)) return path;
  throw workerFileMissing(path);
}
