// Carries counters and warnings from a transport in pino's worker to the application's thread.
//
//   application -> worker  { code: 'PUTLOGS_STATS' }
//   worker -> application  { code: 'EVENT', name: 'putlogs:stats', args: [Stats] }      the sum of all putlogs targets
//   worker -> application  { code: 'EVENT', name: 'putlogs:warning', args: [Warning] }
import type { MessagePort } from 'node:worker_threads';
import { addStats, type RecordSink, type Stats, systemClock, type Warning } from '@putlogs/core';
import { statsNotAnswered, transportClosed } from './errors';
import { pinoPort } from './pino-worker';
import { type PinoLogger, streamsOf, type TransportStream } from './streams';

const ASK_MS = 50;
const TIMEOUT_MS = 1000;

interface Watched extends Pick<RecordSink, 'stats'> {
  on(event: 'warning', listener: (warning: Warning) => void): unknown;
}

const shippers = new Set<Watched>();

/** Makes a shipper's counters and warnings available in the application's thread, if pino started this thread. */
export function exposeStats(shipper: Watched): void {
  const port = pinoPort();
  if (port === undefined) return;
  if (shippers.size === 0) answer(port);
  shippers.add(shipper);
  shipper.on('warning', (warning) => emit(port, 'putlogs:warning', warning));
}

function answer(port: MessagePort): void {
  port.on('message', (message: { code?: string } | null) => {
    if (message?.code !== 'PUTLOGS_STATS') return;
    emit(port, 'putlogs:stats', [...shippers].map((s) => s.stats()).reduce(addStats));
  });
}

function emit(port: MessagePort, name: string, argument: unknown): void {
  port.postMessage({ code: 'EVENT', name, args: [argument] });
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
    let cancelDeadline = () => {};
    let cancelAsking = () => {};
    const end = () => {
      cancelAsking();
      cancelDeadline();
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
      cancelDeadline = systemClock.after(timeoutMs, true, () => {
        end();
        silent.add(stream);
        reject(statsNotAnswered(timeoutMs));
      });
    };
    // Asked repeatedly, because a worker that is still starting does not receive the first message.
    const ask = () => {
      cancelAsking = systemClock.after(ASK_MS, true, ask);
      stream.emit('message', { code: 'PUTLOGS_STATS' });
    };
    stream.on('putlogs:stats', answered);
    stream.on('close', closed);
    if (stream.ready === false) stream.once('ready', begin);
    else begin();
    ask();
  });
}
