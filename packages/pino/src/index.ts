// The pino transport: the lines pino writes, handed to a shipper as they are.
//
// Takes: the core's options, as plain data (they cross a thread). Gives: the stream pino writes to, in the worker
// that pino starts, or in the application's own thread for `pino(await transport(options))`.
// Keeps: the shipper and the stream in front of it.
// Never: parses a record; fails once it has started. Under pino an error of ours would end the worker, and the
// application with it at its next line, so wrong options are the one error there is, and they are told at start.
//
// It is a plain stream and not one of pino-abstract-transport, which splits the text into a string and an event for
// each line: that costs more than shipping it. What that package sees to besides is here: the stream closes when the
// shipper has, and `flush` is pino's.
import type { Writable } from 'node:stream';
import { createLineStream, type FlushOptions, type FlushResult, type PutlogsOptions, type Stats } from '@putlogs/core';
import { show } from './stats';

export { stats } from './stats';

export type PinoTransportOptions = PutlogsOptions;

export interface PinoTransport extends Writable {
  /**
   * Sends what waits at once, and resolves when everything written so far was delivered, or dropped and counted; or
   * after `timeoutMs`, which `finished` tells. What is left then goes on as if nobody had asked. Never rejects.
   */
  flush(options?: FlushOptions): Promise<FlushResult>;
  /** The same, with a call in place of the promise and without a limit. `logger.flush(done)` is this. */
  flush(done?: () => void): void;
  /** What became of the records so far. Across pino's worker: `stats(transport)`. */
  stats(): Stats;
}

export async function transport(options: PinoTransportOptions = {}): Promise<PinoTransport> {
  const { shipper, stream } = createLineStream(options);
  show(shipper);
  // A line after the end is no reason to stop the application; `refuseAfterEnd` counts it.
  stream.on('error', () => {});
  refuseAfterEnd(stream, (line) => shipper.write(line));

  const flush = (given?: FlushOptions | (() => void)): Promise<FlushResult> => {
    if (typeof given !== 'function') return shipper.flush(given);
    const flushed = shipper.flush();
    // Outside the promise, so that what the application's callback throws is the application's.
    void flushed.then(() => process.nextTick(given));
    return flushed;
  };
  return Object.assign(stream, { flush, stats: () => shipper.stats() });
}

export default transport;

/** What is written after `end()` goes to the shipper when that is closed, too: it refuses, and counts it. */
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
