// One worker thread as the application's thread sees it.
//
// It writes chunks of whole lines to the worker, reads the worker's counters from shared memory, and reports once that
// the thread has ended. supervisor.ts starts the next worker. Only `exit` blocks, at the end of the process.

import type { Options } from '../options/schema';
import type { Clock } from '../runtime/clock';
import type { Runs } from '../runtime/run';
import { COUNTERS_BYTES, Counters, type Reading, sumOf } from '../telemetry/counters';
import type { LatestWarning, Warning } from '../telemetry/warnings';
import { blockUntilClosed } from './blocking-exit';
import { type Chunk, UnreadChunks } from './chunks';
import { startStream, type ThreadStream, writeTo } from './thread-stream';
import { asHostSees } from './worker-books';
import type { ExitMessage, FlushMessage, HostView, PingMessage, WarnedMessage } from './worker-protocol';

export interface WorkerHandleOptions {
  readonly options: Options;
  readonly runs: Runs;
  /** For the worker's status file; undefined if it has none. */
  readonly host: HostView | undefined;
  readonly clock: Clock;
  /** A worker without a heartbeat for this long is ended if records are pending in it. */
  readonly stuckMs: number;
  readonly onWarning: (warning: Warning) => void;
  readonly onReady: () => void;
  /** Called when the worker has opened the journals of the dead runs. */
  readonly onInherited: () => void;
  /** Called when the thread has ended, for any reason. Not called after `end()`. */
  readonly onExited: (reason: string) => void;
}

/** How a flush ended: every record is finished, it timed out, or the thread has ended. */
export type Flushed = 'finished' | 'timeout' | 'exited';

/** A worker counts as stuck after this many checks in a row without a heartbeat. */
const CHECKS = 10;

export class WorkerHandle {
  readonly #options: WorkerHandleOptions;
  readonly #counters: Counters;
  readonly #stream: ThreadStream;
  readonly #unread = new UnreadChunks();
  #sentRecords = 0;
  #sentBytes = 0;
  #reason: string | undefined;
  /** `end` was called, or the thread's end was reported. */
  #isEnded = false;
  #hasExited = false;
  /**
   * Messages for a worker that does not listen yet. They would be lost in Deno, or if a preload script listens first.
   */
  readonly #early: object[] = [];
  #flushes = 0;
  /** By id: the flushes that the worker has not answered. */
  readonly #flushing = new Map<number, (result: Flushed) => void>();

  /** @throws PutlogsError `ERR_PUTLOGS_WORKER` */
  constructor(options: WorkerHandleOptions) {
    this.#options = options;
    const buffer = new SharedArrayBuffer(COUNTERS_BYTES);
    this.#counters = new Counters(buffer);
    const { options: ofShipper, runs, host } = options;
    this.#stream = startStream({ putlogs: { options: ofShipper, counters: buffer, runs, host } });
    const failed = (error: Error) => {
      this.#reason ??= error.message;
    };
    this.#stream.on('error', failed);
    // thread-stream does not listen to this event. Without a listener, a worker out of memory would end the
    // application.
    this.#stream.worker.on('error', failed);
    this.#stream.on('warning', options.onWarning);
    this.#stream.on('ready', () => {
      for (const message of this.#early.splice(0)) this.#stream.emit('message', message);
      options.onReady();
    });
    this.#stream.on('inherited', options.onInherited);
    this.#stream.on('flushed', (id: number, finished: boolean) => this.#flushed(id, finished ? 'finished' : 'timeout'));
    // On 'exit' the thread has ended, and its counters no longer change. On 'error' they may still change. The stream
    // says the same by 'close', but by the global `setImmediate`, which a test may have replaced.
    this.#stream.worker.on('exit', () => this.#exited());
    this.#stream.unref();
    this.#watch(0, 0);
  }

  /** Whether records can be sent to the thread. It may have ended without this thread knowing it. */
  get writable(): boolean {
    return !this.#isEnded && this.#reason === undefined;
  }

  /** Whether the thread has run our code, and still may. */
  get hasStarted(): boolean {
    return this.writable && this.#counters.read('heartbeats') > 0;
  }

  /** Bytes of records in the ring, and in the worker. */
  get pendingBytes(): number {
    return this.#sentBytes - this.#counters.read('receivedBytes') + this.#counters.read('pendingBytes');
  }

  send(chunk: Chunk): void {
    this.#unread.forget(this.#counters.read('begun'));
    this.#unread.push(chunk);
    this.#sentRecords += chunk.records;
    this.#sentBytes += chunk.bytes.length;
    writeTo(this.#stream, chunk.bytes);
  }

  /** Returns the chunks that the worker had not begun to read when it ended. */
  unread(): Chunk[] {
    return this.#unread.take(this.#counters.read('begun'));
  }

  /** Returns the worker's counters. A record that the worker refused was accepted here, so it counts as dropped. */
  reading(): Reading {
    return asHostSees(this.#counters.reading());
  }

  /** Passes on a warning of this thread, for the worker's status file. */
  note(warning: LatestWarning): void {
    if (!this.#isEnded) this.#post({ code: 'PUTLOGS_WARNED', warning } satisfies WarnedMessage);
  }

  /** Resolves with `finished` when every record that was sent, or found on disk, is finished. */
  flush(timeoutMs: number): Promise<Flushed> {
    return this.#ask('PUTLOGS_FLUSH', timeoutMs);
  }

  /**
   * As `flush`, for the last time. After `timeoutMs`, the worker leaves unfinished records on disk, or drops them.
   */
  close(timeoutMs: number): Promise<Flushed> {
    return this.#ask('PUTLOGS_CLOSE', timeoutMs);
  }

  /** Ends the thread without `onExited`. thread-stream's own `end()` would block this thread. */
  async end(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#stream.worker.terminate();
  }

  /** For the end of the process: blocks until the worker has closed, see blocking-exit.ts. */
  exit(timeoutMs: number): void {
    blockUntilClosed(
      {
        heartbeats: () => this.#counters.read('heartbeats'),
        isClosed: () => this.#counters.read('closed') > 0,
        ping: () => this.#stream.emit('message', { code: 'PUTLOGS_PING' } satisfies PingMessage),
        close: (withinMs) => {
          this.#stream.flushSync();
          this.#stream.emit('message', { code: 'PUTLOGS_EXIT', timeoutMs: withinMs } satisfies ExitMessage);
        },
      },
      timeoutMs,
    );
  }

  /**
   * Sends a message of ours: thread-stream's own flush answers one flush after the other, so a second one would wait.
   */
  #ask(code: FlushMessage['code'], timeoutMs: number): Promise<Flushed> {
    if (this.#hasExited) return Promise.resolve('exited');
    return new Promise((resolve) => {
      this.#flushes += 1;
      const id = this.#flushes;
      this.#flushing.set(id, resolve);
      if (this.#isEnded) return;
      this.#post({ code, id, timeoutMs, records: this.#sentRecords } satisfies FlushMessage);
    });
  }

  #post(message: object): void {
    // The worker listens before its first heartbeat. Messages keep their order.
    if (this.#early.length === 0 && this.#counters.read('heartbeats') > 0) this.#stream.emit('message', message);
    else this.#early.push(message);
  }

  #flushed(id: number, result: Flushed): void {
    this.#flushing.get(id)?.(result);
    this.#flushing.delete(id);
  }

  #exited(): void {
    // The stream emits its error after this event, but has it already.
    const reason = this.#reason ?? this.#stream.writableErrored?.message ?? 'it ended';
    if (!this.#isEnded) this.#options.onExited(reason);
    this.#isEnded = true;
    this.#hasExited = true;
    for (const id of [...this.#flushing.keys()]) this.#flushed(id, 'exited');
  }

  /** Whether the worker has records that are neither finished nor on disk. */
  get #hasPending(): boolean {
    const { stats, inherited } = this.reading();
    const finished = stats.delivered + sumOf(stats.dropped);
    return this.#sentRecords + stats.recovered + inherited > finished + stats.spooled;
  }

  /** Counts checks, and does not measure time: after a pause of the whole process, the worker is not stuck. */
  #watch(heartbeatsBefore: number, silentChecks: number): void {
    const { clock, stuckMs } = this.#options;
    clock.after(stuckMs / CHECKS, false, () => {
      if (this.#isEnded) return;
      const heartbeats = this.#counters.read('heartbeats');
      const isAlive = heartbeats !== heartbeatsBefore || !this.#hasPending;
      const checks = isAlive ? 0 : silentChecks + 1;
      if (checks < CHECKS) return this.#watch(heartbeats, checks);
      this.#reason ??= `it did not respond for ${stuckMs} ms`;
      void this.#stream.worker.terminate();
    });
  }
}
