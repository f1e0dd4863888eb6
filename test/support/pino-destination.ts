// pino's own transport stream in a test: started, flushed and ended.
//
// Every stream is kept here until it has closed. thread-stream holds it weakly: while a test waits for a flush, only
// the flush refers to the test, so test, stream and worker could be collected.
// A stream with records on their way must not be ended: `end()` blocks this thread, and the emulator runs in it.

import { once } from 'node:events';
import pino from 'pino';

export type PinoDestination = ReturnType<typeof pino.transport>;

const open = new Set<PinoDestination>();

type Options = pino.TransportSingleOptions | pino.TransportMultiOptions | pino.TransportPipelineOptions;

export function startPino(options: Options): PinoDestination {
  // Each kind of options has a signature of its own.
  const destination: PinoDestination =
    'targets' in options
      ? pino.transport(options)
      : 'pipeline' in options
        ? pino.transport(options)
        : pino.transport(options);
  open.add(destination);
  destination.once('close', () => open.delete(destination));
  return destination;
}

/** `logger.flush`, as a promise. */
export function flushed(logger: Pick<pino.Logger, 'flush'>): Promise<void> {
  return new Promise((resolve, reject) => {
    logger.flush((error) => (error ? reject(error) : resolve()));
  });
}

/** Ends a stream that was flushed, or whose logs arrived. */
export async function ended(destination: PinoDestination): Promise<void> {
  const closed = once(destination, 'close');
  destination.end();
  await closed;
}
