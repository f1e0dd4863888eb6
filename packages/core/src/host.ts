// The application's side of the worker thread.
//
// Takes: records, in the application's thread. Gives: them to the worker, joined per turn of the loop (a write to the
// ring costs more than a record). Keeps: the thread, and the account it counts in. Never: throws, blocks before the
// process's end, keeps an idle process alive, or lets in more than `memory.maxBytes` for both threads together.
//
// The ring takes text, and a line is a record: a newline within one (JSON allows it between tokens) becomes a space.
//
// At the process's end this thread waits, blocked, while the worker delivers: `end()` of thread-stream returns when
// the worker's stream has closed, which is after `closeTimeoutMs` at the latest.

import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import { ACCOUNT_BYTES, Account, type DropReason, type Stats } from './account';
import { systemClock } from './clock';
import { PutlogsError } from './errors';
import { enterExit, type Leaver, leaveExit } from './exit';
import type { Options, PutlogsOptions } from './options/schema';
import type { RecordSink, ShipperEvents } from './shipper';
import { Teller, type Warning } from './tell';
import type { WorkerStart } from './worker';

/** A shipper whose work is done in a worker thread. */
export interface Host extends RecordSink, EventEmitter<ShipperEvents> {}

/**
 * Starts the core in a worker thread.
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS`, with every problem of the options and the environment;
 * `ERR_PUTLOGS_WORKER` if no thread could be started
 */
export function createHost(options: PutlogsOptions = {}): Host {
  const { resolveOptions } = require('./options/resolve') as typeof import('./options/resolve');
  return new WorkerHost(resolveOptions(options, process.env));
}

/** What has been written in a turn goes to the ring at its end, or when it is this long. */
const JOIN_CHARACTERS = 64 * 1024;
/** What the worker may take beyond its own deadline before it is given up. */
const CLOSE_GRACE_MS = 1000;

class WorkerHost extends EventEmitter<ShipperEvents> implements Host, Leaver {
  readonly #options: Options;
  readonly #worker: Account;
  readonly #own = new Account();
  readonly #teller = new Teller(systemClock, (warning) => this.emit('warning', warning));
  readonly #stream: ThreadStream | undefined;
  #joined = '';
  #handedBytes = 0;
  #dead = false;
  #closing: Promise<void> | undefined;

  constructor(options: Options) {
    super();
    this.#options = options;
    const buffer = new SharedArrayBuffer(ACCOUNT_BYTES);
    this.#worker = new Account(buffer);
    // A worker of ours runs the application's preload scripts, too. If those make a logger, its worker would run them
    // again, and so on without end.
    if (!options.enabled || isOwnWorker()) return;
    this.#stream = startThread({ putlogs: { options, account: buffer } });
    this.#stream.on('error', (error: Error) => this.#die(error.message));
    this.#stream.on('close', () => this.#die('it ended'));
    this.#stream.on('warning', (warning: Warning) => this.emit('warning', warning));
    // thread-stream does not listen to this one: a worker out of memory would end the application.
    this.#stream.worker.on('error', (error: Error) => this.#die(error.message));
    this.#stream.unref();
    enterExit(this);
  }

  write(record: string | Uint8Array): boolean {
    if (this.#stream === undefined) return this.#refuse('disabled');
    if (this.#closing !== undefined) return this.#refuse('closed');
    if (this.#dead) return this.#refuse('worker');
    const text = typeof record === 'string' ? record : Buffer.from(record).toString();
    const { maxBytes } = this.#options.memory;
    if (this.#pendingBytes() + text.length > maxBytes) {
      this.#teller.tell('memory', `${maxBytes} bytes are waiting (memory.maxBytes): new records are refused`);
      return this.#refuse('memory');
    }
    if (this.#joined === '') setImmediate(() => this.#hand());
    this.#joined += `${text.includes('\n') ? text.replaceAll('\n', ' ') : text}\n`;
    this.#own.add('accepted');
    if (this.#joined.length >= JOIN_CHARACTERS) this.#hand();
    return true;
  }

  #refuse(reason: DropReason): false {
    this.#own.refuse(reason);
    return false;
  }

  /** On this side of the ring, in it, and on the other side. */
  #pendingBytes(): number {
    const unread = this.#handedBytes - this.#worker.read('receivedBytes');
    return this.#joined.length + unread + this.#worker.read('pendingBytes');
  }

  #hand(): void {
    if (this.#joined === '' || this.#dead) return;
    const bytes = Buffer.from(this.#joined);
    this.#joined = '';
    this.#handedBytes += bytes.length;
    this.#stream?.write(bytes);
  }

  async flush(): Promise<void> {
    this.#hand();
    await this.#flushed();
  }

  close({ timeoutMs = this.#options.closeTimeoutMs }: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#hand();
    if (this.#stream === undefined || this.#dead) return;
    this.#stream.emit('message', { code: 'PUTLOGS_CLOSE', timeoutMs });
    await Promise.race([this.#flushed(), after(timeoutMs + CLOSE_GRACE_MS)]);
    leaveExit(this);
    await this.#end();
  }

  /** The worker has nothing left to do, so `end()` returns at once; a worker that does not answer is terminated. */
  async #end(): Promise<void> {
    const stream = this.#stream!;
    if (this.stats().pending > 0) await stream.worker.terminate();
    if (this.#dead) return;
    const closed = new Promise<void>((resolve) => stream.once('close', resolve));
    stream.end();
    await closed;
  }

  /** Keeps the process alive until it resolves, which it does whatever becomes of the worker. */
  #flushed(): Promise<void> {
    if (this.#stream === undefined || this.#dead) return Promise.resolve();
    return new Promise((resolve) => this.#stream!.flush(() => resolve()));
  }

  /** In this thread's eyes: what was handed over is accepted, and what the worker refused is lost. */
  stats(): Stats {
    const worker = this.#worker.stats();
    const own = this.#own.stats();
    const dropped = { ...worker.dropped };
    for (const [reason, records] of Object.entries(worker.refused)) dropped[reason as DropReason] += records;
    for (const [reason, records] of Object.entries(own.dropped)) dropped[reason as DropReason] += records;
    const lost = Object.values(dropped).reduce((sum, records) => sum + records, 0);
    return {
      ...worker,
      accepted: own.accepted,
      pending: own.accepted - worker.delivered - lost,
      dropped,
      refused: own.refused,
      pendingBytes: this.#pendingBytes(),
    };
  }

  /** The worker is gone, and with it what it held. */
  #die(reason: string): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#joined = '';
    leaveExit(this);
    const { pending } = this.stats();
    if (pending === 0 && this.#closing !== undefined) return;
    this.#own.drop('worker', pending);
    this.#teller.tell(
      'worker',
      `the worker thread is gone (${reason}): ${pending} records are lost, new ones are refused`,
    );
  }

  beforeExit(): void {
    // The worker goes on while this thread waits in `exit`; there is nothing to prepare.
  }

  exit(): void {
    if (this.#stream === undefined || this.#dead || this.stats().pending === 0) return;
    try {
      this.#hand();
      this.#stream.flushSync();
      this.#stream.end();
    } catch (error) {
      this.#die(error instanceof Error ? error.message : String(error));
    }
    const { pending } = this.stats();
    if (pending === 0) return;
    this.#own.drop('exit', pending);
    this.#teller.tell('exit', `${pending} records are lost: the worker thread did not end in time`);
  }
}

/** The parts of thread-stream that are used; its own types leave some out. */
interface ThreadStream extends EventEmitter {
  readonly worker: EventEmitter & { terminate(): Promise<number> };
  write(data: Buffer): boolean;
  flush(done: (error?: Error) => void): void;
  flushSync(): void;
  end(): void;
  unref(): void;
}

function startThread(start: WorkerStart): ThreadStream {
  try {
    const Stream = require('thread-stream') as unknown as new (options: object) => ThreadStream;
    return new Stream({
      filename: join(__dirname, 'worker.js'),
      workerData: start,
      workerOpts: { name: 'putlogs' },
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PutlogsError('ERR_PUTLOGS_WORKER', `putlogs: no worker thread could be started: ${reason}`, { cause });
  }
}

function isOwnWorker(): boolean {
  const start = (workerData as { workerData?: Partial<WorkerStart> } | null)?.workerData;
  return start?.putlogs !== undefined;
}

function after(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    systemClock.after(delayMs, false, resolve);
  });
}
