// The pino transport: hands the lines that pino writes to a shipper, unparsed.
//
// It runs in the worker that pino starts, or in the application's thread for `pino(await transport(options))`. In the
// application's thread wrong options are an error. In pino's worker an error would end the application, some time after
// its start: there they are reported, and every record is refused, unless `strict` is set. After that it never fails.
//
// It is a plain stream and not one of pino-abstract-transport. That package makes a string and an event of each line,
// which costs nearly as much as to encode the record (docs/benchmark.md). Its stream finishes before the shipper has
// closed. Its duties are done here: the stream closes after the shipper, `flush` is the one that pino calls, and
// logger-facts.ts receives what pino says of the logger.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import {
  createLenientLineStream,
  createLineStream,
  type FlushOptions,
  type FlushResult,
  type PutlogsOptions,
  type Stats,
  systemClock,
} from '@putlogs/core';
import { reportLoss } from './fail-on-loss';
import { learnFromLogger } from './logger-facts';
import { pinoPort } from './pino-worker';
import { exposeStats } from './stats';

export { failOnLoss } from './fail-on-loss';
export { stats } from './stats';
export type { PinoLogger } from './streams';

/**
 * This module for `pino.transport({ target })`. pino finds it without a search for the package, and what copies an
 * application's files sees the import and copies the package. A bundle has no such file, so there it is the name.
 */
export const target: string = isPackage() ? __filename : '@putlogs/pino';

/** A bundle that is an ES module has no `__dirname`. */
function isPackage(): boolean {
  return typeof __dirname === 'string' && existsSync(join(__dirname, 'pipe.js'));
}

/** The options of the core. They cross a thread, so they are plain data. */
export type PinoTransportOptions = PutlogsOptions;

/** The stream that pino writes to. */
export interface PinoTransport extends Writable {
  /**
   * Sends buffered records now. Resolves when every record written so far is delivered or dropped, or after `timeoutMs`
   * (default: no limit); delivery of the rest goes on. Never rejects.
   */
  flush(options?: FlushOptions): Promise<FlushResult>;
  /** As above, with a callback and without a limit. `logger.flush(done)` calls this. */
  flush(done?: () => void): void;
  /** Returns a copy of the counters. If the transport runs in pino's worker, use `stats(logger)` instead. */
  stats(): Stats;
}

/**
 * Starts the transport. pino calls it in its worker.
 *
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS`; its message lists every problem of the options and the environment. In
 * pino's worker only with `strict: true`: without it, the problems are reported and every record is refused
 */
export async function transport(options: PinoTransportOptions = {}): Promise<PinoTransport> {
  const lines = pinoPort() === undefined ? createLineStream(options) : createLenientLineStream(options);
  const { shipper, stream } = lines;
  exposeStats(shipper);
  // Before the listeners of pino, which end the worker.
  stream.once('close', () => reportLoss(shipper.stats()));
  // A line after the end must not stop the application. `refuseAfterEnd` counts it.
  stream.on('error', () => {});
  refuseAfterEnd(stream, (line) => shipper.write(line));

  const flush = (given?: FlushOptions | (() => void)): Promise<FlushResult> => {
    if (typeof given !== 'function') return shipper.flush(given);
    const flushed = shipper.flush();
    // By a timer and not in the promise, so that an error of the application's callback stays the application's.
    void flushed.then(() => systemClock.after(0, true, given));
    return flushed;
  };
  await learnFromLogger(lines);
  return Object.assign(stream, { flush, stats: () => shipper.stats() });
}

export default transport;

/** A line that is written after `end()` goes to the closed shipper, which refuses and counts it. */
function refuseAfterEnd(stream: Writable, refuse: (line: string) => void): void {
  const late = (line: unknown): boolean => {
    const count = () => refuse(String(line));
    if (stream.closed) count();
    else stream.once('close', count);
    return false;
  };
  const end = stream.end.bind(stream) as (...given: unknown[]) => Writable;
  Object.assign(stream, {
    end: (...given: unknown[]) => {
      Object.assign(stream, { write: late });
      return end(...given);
    },
  });
}
