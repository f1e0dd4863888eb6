// The pino transport: the lines pino writes, handed to a shipper as they are.
//
// Takes: the core's options, as plain data (they cross a thread). Gives: the stream pino writes to, in the worker
// that pino starts, or in the application's own thread for `pino(await transport(options))`.
// Keeps: the shipper and the stream in front of it.
// Never: parses a record; fails once it has started. Under pino an error of ours would end the worker, and the
// application with it at its next line, so wrong options are the one error there is, and they are told at start.
import type { Transform } from 'node:stream';
import { createShipper, type PutlogsOptions, type Stats } from '@putlogs/core';
import build from 'pino-abstract-transport';
import { show } from './stats';

export { stats } from './stats';

export type PinoTransportOptions = PutlogsOptions;

export interface PinoTransport extends Transform {
  /** Calls back once everything written so far was delivered, or dropped and counted. `logger.flush(cb)` is this. */
  flush(done?: () => void): void;
  /** What became of the records so far. Across pino's worker: `stats(transport)`. */
  stats(): Stats;
}

/** The stream asks for a parsed line; the shipper reads the text itself, so all lines are the same nothing. */
const UNPARSED = {};

export async function transport(options: PinoTransportOptions = {}): Promise<PinoTransport> {
  const shipper = createShipper(options);
  show(shipper);

  // A consumer of 'data' that does not wait: a loop that awaited would be closed with its last record still inside.
  const consume = (lines: Transform) => {
    lines.on('data', (line: string) => {
      if (line !== '') shipper.write(line);
    });
    // A line after the end is no reason to stop the application; `refuseAfterEnd` counts it.
    lines.on('error', () => {});
  };
  const lines: Transform = build(consume, {
    parse: 'lines',
    parseLine: () => UNPARSED,
    metadata: false,
    // Whatever ended the stream is not passed on: the shipper delivers what it has either way.
    close: () => shipper.close(),
  });

  refuseAfterEnd(lines, (line) => shipper.write(line));

  const flush = (done?: () => void): void => {
    handedOver(lines)
      .then(() => shipper.flush())
      .then(() => {
        // Outside the promise, so that what the application's callback throws is the application's.
        if (done) process.nextTick(done);
      });
  };
  return Object.assign(lines, { flush, stats: () => shipper.stats() });
}

export default transport;

/** What is written after `end()` goes to the shipper when that is closed, too: it refuses, and counts it. */
function refuseAfterEnd(lines: Transform, refuse: (line: string) => void): void {
  const late = (line: unknown): boolean => {
    const count = () => refuse(String(line));
    if (lines.closed) count();
    else lines.once('close', count);
    return false;
  };
  lines.once('prefinish', () => Object.assign(lines, { write: late }));
}

/** Waits until no line is left between pino and the shipper. */
async function handedOver(lines: Transform): Promise<void> {
  while (lines.writableLength + lines.readableLength > 0 && !lines.destroyed) await new Promise(setImmediate);
}
