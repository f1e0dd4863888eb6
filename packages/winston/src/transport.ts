// The winston transport: writes each info as one JSON record to the worker thread.
//
// - It never emits 'error' and never calls `next` late or with an error: winston would stop the sibling transports, or
//   remove this one from its logger for good. So a record that comes too late is counted and not an error, and whatever
//   is written is a record.
// - It never changes an info, because the sibling transports share it.
// - Warnings are the event 'warn'.
import type { FlushOptions, FlushResult, Stats, Warning } from '@putlogs/core';
import { createUnstartedShipper, type PutlogsOptions, prepareShipper, prepareWorkerShipper } from '@putlogs/core';
import TransportStream from 'winston-transport';
import { RECORD_CHARS } from './field-text';
import { formatted } from './formatted';
import { isObject } from './info';
import { isWanted } from './is-wanted';
import { LazySink } from './lazy-sink';
import { writesPlainJson } from './plain-json';
import { isUncaught, type RecordRules, recordText } from './record';

type WinstonOptions = Pick<
  TransportStream.TransportStreamOptions,
  'format' | 'level' | 'silent' | 'handleExceptions' | 'handleRejections'
>;

/** The options of the core and of winston-transport. */
export interface PutlogsTransportOptions extends PutlogsOptions, WinstonOptions {
  /** How many infos winston-transport may buffer. Default: 16. Records are never buffered because of it. */
  highWaterMark?: number;
  /**
   * Whether to batch, compress and send in a worker thread. Default: true. Set it to false for bundlers and runtimes
   * that cannot start a worker. Nothing can then be delivered after `process.exit` was called.
   */
  worker?: boolean;
}

/** The field of winston's own `timestamp` format. If an info does not have it, the transport writes it itself. */
const TIME_KEY = 'timestamp';
/** The last one is that of winston's `logstash` format. */
const TIME_KEYS: readonly string[] = [TIME_KEY, 'time', '@timestamp'];

/** Applications share one transport among their loggers. Each logger adds a few listeners. */
const MAX_LISTENERS = 100;

/** What the stream knows of itself as soon as `end` is called. */
interface WritableState {
  readonly _writableState: { readonly ending: boolean };
}

/** A logger, or any stream of infos. */
type Piped = object & { readonly format?: unknown };

/** Ships what is logged to Volcengine TLS or Alibaba Cloud SLS. One transport may serve several loggers. */
export class PutlogsTransport extends TransportStream {
  readonly #sink: LazySink;
  readonly #rules: RecordRules;
  /** The loggers that write to this transport. */
  readonly #loggers = new Set<Piped>();
  /** Whether the text of the info that is written now only repeats its fields. */
  #isRepeat = false;

  /** @throws PutlogsError `ERR_PUTLOGS_OPTIONS`, or `ERR_PUTLOGS_WORKER` if no thread could be started */
  constructor(options: PutlogsTransportOptions = {}) {
    const { format, level, silent, handleExceptions, handleRejections, highWaterMark, worker, ...rest } = options;
    super({ format, level, silent, handleExceptions, handleRejections, highWaterMark } as WinstonOptions);
    this.setMaxListeners(MAX_LISTENERS);

    // As in the core, an empty variable counts as unset.
    const variable = process.env['PUTLOGS_TIME_KEY'] || undefined;
    const ownTimeKey = rest.timeKey ?? variable?.split(',').map((name) => name.trim());
    const core: PutlogsOptions = { ...rest, timeKey: ownTimeKey ?? [...TIME_KEYS] };
    // Resolved once: a sink that is opened again has the same files, whatever the working directory is then.
    const open = worker === false ? prepareShipper(core) : prepareWorkerShipper(core);
    this.#rules = {
      own: [ownTimeKey ?? TIME_KEY].flat(),
      all: [ownTimeKey ?? TIME_KEYS].flat(),
      maxChars: Math.max(open.maxRecordBytes, RECORD_CHARS),
    };
    const warn = (warning: Warning) => this.emit('warn', warning);
    this.#sink = new LazySink(
      () => open().on('warning', warn),
      (error) => createUnstartedShipper(error, core).on('warning', warn),
    );

    this.on('pipe', (logger) => this.#loggers.add(logger as Piped));
    this.on('unpipe', (logger) => {
      this.#loggers.delete(logger as Piped);
      this.close();
    });
  }

  /** As for any stream. Returns true for a record that comes too late: no 'drain' would follow. */
  override write(info: unknown, encoding?: unknown, done?: unknown): boolean {
    const isLate = this.destroyed || (this as unknown as WritableState)._writableState.ending;
    // The stream takes null for the end of all records.
    if (!isLate && info !== null) return super.write(info, encoding as BufferEncoding, done as () => void);
    // The stream ends the sink on the next tick.
    if (isLate) void this.#sink.end();
    if (isWanted(info, this)) this.log(info);
    const called = typeof encoding === 'function' ? encoding : done;
    if (typeof called === 'function') process.nextTick(called);
    return true;
  }

  override _write(info: unknown, _encoding: BufferEncoding, done: () => void): void {
    try {
      this.#take(info);
    } finally {
      done();
    }
  }

  /** Called instead for infos that were written while another one was, or while the stream was corked. */
  override _writev(infos: readonly { chunk: unknown }[], done: () => void): void {
    const thrown: unknown[] = [];
    for (const { chunk } of infos) {
      try {
        this.#take(chunk);
      } catch (error) {
        thrown.push(error);
      }
    }
    done();
    if (thrown.length > 0) throw thrown[0];
  }

  /** @throws what the transport's own format throws: it is for the caller to hear, as with any transport */
  #take(info: unknown): void {
    if (!isWanted(info, this)) return;
    if (this.format === undefined) {
      this.#isRepeat = this.#areTextsPlain();
      try {
        this.log(info);
      } finally {
        this.#isRepeat = false;
      }
    } else {
      const shown = formatted(info, this.format);
      if (isObject(shown)) this.log(shown);
    }
  }

  /** Whether all loggers have the default format. A logger may be configured anew at any time. */
  #areTextsPlain(): boolean {
    for (const { format } of this.#loggers) if (!writesPlainJson(format)) return false;
    return this.#loggers.size > 0;
  }

  override log(info: unknown, next?: () => void): boolean {
    // An event without a listener would cost half as much as the record.
    if (this.listenerCount('logged') > 0) setImmediate(() => this.emit('logged', info));
    if (this.silent !== true) {
      // The application's own clock: under fake timers of a test, the record has the time that the test sees.
      this.#sink.write(recordText(info, this.#rules, Date.now(), this.#isRepeat));
      // winston ends the process after three seconds.
      if (isUncaught(info)) void this.flush();
    }
    next?.();
    return true;
  }

  /**
   * Sends buffered records now. Resolves when every record logged so far is delivered or dropped, or after `timeoutMs`
   * (default: no limit); delivery of the rest goes on. Never rejects.
   */
  flush(options?: FlushOptions): Promise<FlushResult> {
    return this.#sink.flush(options);
  }

  /** Returns a copy of the counters. */
  stats(): Stats {
    return this.#sink.stats();
  }

  /**
   * Called when a logger removes the transport. Logged records are still delivered. The worker ends when every record
   * is delivered or dropped and no other logger has the transport. A later record starts a new one, so that a transport
   * can be removed and added again.
   */
  override close(): void {
    this.#sink.release(() => this.#loggers.size > 0);
  }

  override _final(done: () => void): void {
    void this.#sink.end().then(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    void this.#sink.end();
    done(error);
  }
}
