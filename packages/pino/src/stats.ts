// Carries counters and warnings from a transport in pino's worker to the application's thread.
//
// The worker must not listen on its port before pino does. The first listener starts the port, and messages that pino
// sends to a transport that is still loading would be lost.
//
//   application -> worker  { code: 'PUTLOGS_STATS' }
//   worker -> application  { code: 'EVENT', name: 'putlogs:stats', args: [Stats] }      the sum of all putlogs targets
//   worker -> application  { code: 'EVENT', name: 'putlogs:warning', args: [Warning] }
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { addStats, type RecordSink, type Stats, type Warning } from '@putlogs/core';
import { statsNotAnswered, transportClosed } from './errors';
import { type PinoLogger, streamsOf, type TransportStream } from './streams';

const POLL_INTERVAL_MS = 20;
const ASK_MS = 50;
const TIMEOUT_MS = 1000;

interface Watched extends Pick<RecordSink, 'stats'> {
  on(event: 'warning', listener: (warning: Warning) => void): unknown;
}

const shippers = new Set<Watched>();

/** Makes a shipper's counters and warnings available in the application's thread, if pino started this thread. */
export function exposeStats(shipper: Watched): void {
  if (parentPort === null || !isPinoWorker()) return;
  if (shippers.size === 0) answerLater(parentPort);
  shippers.add(shipper);
  shipper.on('warning', (warning) => emit('putlogs:warning', warning));
}

function answerLater(port: MessagePort): void {
  // In Deno the first listener starts nothing, and listeners are not counted.
  if (!countsListeners(port)) {
    answer(port);
    return;
  }
  const looking = setInterval(() => {
    if (port.listenerCount('message') === 0) return;
    clearInterval(looking);
    answer(port);
  }, POLL_INTERVAL_MS).unref();
}

function answer(port: MessagePort): void {
  port.on('message', (message: { code?: string } | null) => {
    if (message?.code === 'PUTLOGS_STATS') emit('putlogs:stats', [...shippers].map((s) => s.stats()).reduce(addStats));
  });
}

/** Tried with an event that starts nothing. */
function countsListeners(port: MessagePort): boolean {
  const probe = () => {};
  port.on('putlogs:probe' as 'close', probe);
  const isCounted = port.listenerCount('putlogs:probe') > 0;
  port.off('putlogs:probe' as 'close', probe);
  return isCounted;
}

function emit(name: string, argument: unknown): void {
  parentPort?.postMessage({ code: 'EVENT', name, args: [argument] });
}

/**
 * Whether pino started this thread, and events reach the application's: since thread-stream 2.2. Before that they would
 * end the transport.
 */
export function isPinoWorker(): boolean {
  if (parentPort === null) return false;
  const context = (workerData as { workerData?: { $context?: { threadStreamVersion?: string } } } | null)?.workerData;
  const [major = 0, minor = 0] = (context?.$context?.threadStreamVersion ?? '').split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 2);
}

/** Streams that started and did not answer: they are of other targets. */
const silent = new WeakSet<object>();

/**
 * Returns the counters of a logger, a child logger, or a transport. Several putlogs targets are added.
 *
 * @param logger a pino logger, or the result of `pino.transport(...)` or of `await transport(...)`
 * @param options `timeoutMs`: how long the worker has to answer, once it has started. Default: 1000
 * @throws PutlogsError `ERR_PUTLOGS_WORKER` if the logger has no transport of @putlogs/pino, if the transport is
 * closed, or if its worker does not answer in time
 */
export async function stats(
  logger: PinoLogger,
  { timeoutMs = TIMEOUT_MS }: { timeoutMs?: number } = {},
): Promise<Stats> {
  const answers = await Promise.allSettled(streamsOf(logger).map((stream) => statsOf(stream, timeoutMs)));
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const [first] = answers;
  if (found.length === 0 && first?.status === 'rejected') throw first.reason;
  return found.reduce(addStats);
}

function statsOf(stream: TransportStream, timeoutMs: number): Promise<Stats> {
  if (typeof stream.stats === 'function') return Promise.resolve(stream.stats());
  if (stream.closed === true || stream.destroyed === true) return Promise.reject(transportClosed());
  if (silent.has(stream)) return Promise.reject(statsNotAnswered(timeoutMs));
  return new Promise((resolve, reject) => {
    let deadline: NodeJS.Timeout | undefined;
    const end = () => {
      clearInterval(asking);
      clearTimeout(deadline);
      stream.off('putlogs:stats', answered);
      stream.off('ready', begin);
      stream.off('close', closed);
    };
    const answered = (answer: Stats) => {
      end();
      resolve(answer);
    };
    const closed = () => {
      end();
      reject(transportClosed());
    };
    // A worker may need seconds to start on a busy machine.
    const begin = () => {
      deadline = setTimeout(() => {
        end();
        silent.add(stream);
        reject(statsNotAnswered(timeoutMs));
      }, timeoutMs);
    };
    const ask = () => stream.emit('message', { code: 'PUTLOGS_STATS' });
    // Asked repeatedly, because a worker that is still starting does not receive the first message.
    const asking = setInterval(ask, ASK_MS);
    stream.on('putlogs:stats', answered);
    stream.on('close', closed);
    if (stream.ready === false) stream.once('ready', begin);
    else begin();
    ask();
  });
}
