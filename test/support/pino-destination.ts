// pino's own transport stream in a test: started, flushed and ended.
// Takes: what pino.transport takes. Gives: the stream; waits.
// Keeps: every stream until it has closed. thread-stream holds it weakly: while a test waits for a flush, nothing but
// the flush refers to the test, so that all of it could be collected, and the worker with it.
// Never: ends a stream that has records on their way: `end()` blocks this thread, which is also the emulator's.
import { once } from 'node:events';
import pino from 'pino';

export type PinoDestination = ReturnType<typeof pino.transport>;

const open = new Set<PinoDestination>();

export function startPino(options: pino.TransportSingleOptions | pino.TransportMultiOptions): PinoDestination {
  const destination: PinoDestination = 'targets' in options ? pino.transport(options) : pino.transport(options);
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
