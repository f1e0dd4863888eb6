// The winston transport: an info in, one JSON record out to the worker thread.
//
// Takes: the core's options beside winston-transport's own; infos, from one logger or from several.
// Gives: `logger.end()` + 'finish' and `flush()`, which mean that everything logged so far was delivered, or
// dropped and counted; 'warn', when there is something a person should know.
// Keeps: which loggers it is piped from, and the lease on its sink.
// Never: emits 'error' or calls `next` late or with an error (winston would stop the sibling transports, or take
// this one off its logger for good); changes an info, which the siblings share.
import type { FlushOptions, FlushResult, Stats } from '@putlogs/core';
import { createShipper, createWorkerShipper, type PutlogsOptions } from '@putlogs/core';
import TransportStream from 'winston-transport';
import { SinkLease } from './lease';
import { isUncaught, recordText } from './record';

type WinstonOptions = Pick<
  TransportStream.TransportStreamOptions,
  'format' | 'level' | 'silent' | 'handleExceptions' | 'handleRejections'
>;

export interface PutlogsTransportOptions extends PutlogsOptions, WinstonOptions {
  /** Infos that winston-transport may hold back; records are never held back here. */
  highWaterMark?: number;
  /**
   * Batch, compress and send in a worker thread (default), or, with false, in this one: for bundlers and runtimes
   * where a worker cannot be started. In this thread nothing can be delivered once `process.exit` was called.
   */
  worker?: boolean;
}

/** What winston's own format writes; a transport that finds none writes it itself. */
const TIME_KEY = 'timestamp';

/** Applications share one transport among their loggers; each adds a handful of listeners. */
const MAX_LISTENERS = 100;

export class PutlogsTransport extends TransportStream {
  readonly #lease: SinkLease;
  readonly #timeKeys: readonly string[];
  /** The loggers that write to this transport. */
  readonly #loggers = new Set<unknown>();

  constructor(options: PutlogsTransportOptions = {}) {
    const { format, level, silent, handleExceptions, handleRejections, highWaterMark, worker, ...rest } = options;
    super({ format, level, silent, handleExceptions, handleRejections, highWaterMark } as WinstonOptions);
    this.setMaxListeners(MAX_LISTENERS);

    // As the core reads it: an empty variable is one that was left unset.
    const variable = process.env['PUTLOGS_TIME_KEY'] || undefined;
    const ownTimeKey = rest.timeKey ?? variable?.split(',').map((name) => name.trim());
    this.#timeKeys = [ownTimeKey ?? TIME_KEY].flat();
    const core: PutlogsOptions = { ...rest, timeKey: ownTimeKey ?? [TIME_KEY, 'time'] };
    const open = worker === false ? createShipper : createWorkerShipper;
    this.#lease = new SinkLease(() => open(core).on('warning', (warning) => this.emit('warn', warning)));

    this.on('pipe', (logger) => this.#loggers.add(logger));
    this.on('unpipe', (logger) => {
      this.#loggers.delete(logger);
      this.close();
    });
  }

  override log(info: unknown, next?: () => void): boolean {
    // An event that nobody hears would cost as much as half the record.
    if (this.listenerCount('logged') > 0) setImmediate(() => this.emit('logged', info));
    if (this.silent !== true) {
      this.#lease.write(recordText(info, this.#timeKeys, Date.now()));
      // winston gives three seconds, then ends the process.
      if (isUncaught(info)) void this.flush();
    }
    next?.();
    return true;
  }

  /**
   * Sends what waits at once, and resolves when everything logged so far was delivered, or dropped and counted; or
   * after `timeoutMs`, which `finished` tells. What is left then goes on as if nobody had asked. Never rejects.
   */
  flush(options?: FlushOptions): Promise<FlushResult> {
    return this.#lease.flush(options);
  }

  /** What became of the records so far. */
  stats(): Stats {
    return this.#lease.stats();
  }

  /**
   * Called when a logger removes the transport. What was logged is still delivered. The worker ends when every record
   * is delivered or dropped and no other logger has the transport. A later record starts it again: a transport can be
   * removed and added again.
   */
  override close(): void {
    this.#lease.release(() => this.#loggers.size > 0);
  }

  override _final(done: () => void): void {
    this.#lease.end().then(() => done());
  }
}
