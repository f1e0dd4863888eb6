// The winston transport: writes each info as one JSON record to the worker thread.
//
// - It never emits 'error' and never calls `next` late or with an error: winston would stop the sibling transports, or
//   remove this one from its logger for good.
// - It never changes an info, because the sibling transports share it.
// - Warnings are the event 'warn'.
import type { FlushOptions, FlushResult, Stats } from '@putlogs/core';
import { type PutlogsOptions, prepareShipper, prepareWorkerShipper } from '@putlogs/core';
import TransportStream from 'winston-transport';
import { LazySink } from './lazy-sink';
import { isUncaught, recordText } from './record';

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

/** The field of winston's own `timestamp` format. If no info has it, the transport writes it itself. */
const TIME_KEY = 'timestamp';

/** Applications share one transport among their loggers. Each logger adds a few listeners. */
const MAX_LISTENERS = 100;

/** Ships what is logged to Volcengine TLS or Alibaba Cloud SLS. One transport may serve several loggers. */
export class PutlogsTransport extends TransportStream {
  readonly #sink: LazySink;
  readonly #timeKeys: readonly string[];
  /** The loggers that write to this transport. */
  readonly #loggers = new Set<unknown>();

  /** @throws PutlogsError `ERR_PUTLOGS_OPTIONS`, or `ERR_PUTLOGS_WORKER` if no thread could be started */
  constructor(options: PutlogsTransportOptions = {}) {
    const { format, level, silent, handleExceptions, handleRejections, highWaterMark, worker, ...rest } = options;
    super({ format, level, silent, handleExceptions, handleRejections, highWaterMark } as WinstonOptions);
    this.setMaxListeners(MAX_LISTENERS);

    // As in the core, an empty variable counts as unset.
    const variable = process.env['PUTLOGS_TIME_KEY'] || undefined;
    const ownTimeKey = rest.timeKey ?? variable?.split(',').map((name) => name.trim());
    this.#timeKeys = [ownTimeKey ?? TIME_KEY].flat();
    const core: PutlogsOptions = { ...rest, timeKey: ownTimeKey ?? [TIME_KEY, 'time'] };
    // Resolved once: a sink that is opened again has the same files, whatever the working directory is then.
    const open = worker === false ? prepareShipper(core) : prepareWorkerShipper(core);
    this.#sink = new LazySink(() => open().on('warning', (warning) => this.emit('warn', warning)));

    this.on('pipe', (logger) => this.#loggers.add(logger));
    this.on('unpipe', (logger) => {
      this.#loggers.delete(logger);
      this.close();
    });
  }

  override log(info: unknown, next?: () => void): boolean {
    // An event without a listener would cost half as much as the record.
    if (this.listenerCount('logged') > 0) setImmediate(() => this.emit('logged', info));
    if (this.silent !== true) {
      // The application's own clock: under fake timers of a test, the record has the time that the test sees.
      this.#sink.write(recordText(info, this.#timeKeys, Date.now()));
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
    this.#sink.end().then(() => done());
  }
}
