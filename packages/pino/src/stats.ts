// Carries counters and warnings from a transport in pino's worker to the application's thread.
//
// The worker must not listen on its port before pino does. The first listener starts the port, and messages that pino
// sends to a transport that is still loading would be lost.
//
//   application -> worker  { code: 'PUTLOGS_STATS' }
//   worker -> application  { code: 'EVENT', name: 'putlogs:stats', args: [Stats] }      the sum of all putlogs targets
//   worker -> application  { code: 'EVENT', name: 'putlogs:warning', args: [Warning] }
import type { EventEmitter } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { addStats, type RecordSink, type Stats, type Warning } from '@putlogs/core';
import { statsNotAnswered } from './errors';

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
  const looking = setInterval(() => {
    if (port.listenerCount('message') === 0) return;
    clearInterval(looking);
    port.on('message', (message: { code?: string } | null) => {
      if (message?.code === 'PUTLOGS_STATS')
        emit('putlogs:stats', [...shippers].map((s) => s.stats()).reduce(addStats));
    });
  }, POLL_INTERVAL_MS).unref();
}

function emit(name: string, argument: unknown): void {
  parentPort?.postMessage({ code: 'EVENT', name, args: [argument] });
}

/** Whether events reach the application's thread: since thread-stream 2.2. Before that they would end the transport. */
function isPinoWorker(): boolean {
  const context = (workerData as { workerData?: { $context?: { threadStreamVersion?: string } } } | null)?.workerData;
  const [major = 0, minor = 0] = (context?.$context?.threadStreamVersion ?? '').split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 2);
}

/**
 * Returns the counters of a transport. With several putlogs targets in one transport, they are added.
 *
 * @param transport the result of `pino.transport(...)`, or of `await transport(...)`
 * @throws PutlogsError `ERR_PUTLOGS_WORKER` if the transport does not answer within `timeoutMs` (default: 1000)
 */
export function stats(
  transport: EventEmitter & { stats?: () => Stats },
  { timeoutMs = TIMEOUT_MS }: { timeoutMs?: number } = {},
): Promise<Stats> {
  if (typeof transport.stats === 'function') return Promise.resolve(transport.stats());
  return new Promise((resolve, reject) => {
    const end = () => {
      clearInterval(asking);
      clearTimeout(deadline);
      transport.off('putlogs:stats', answered);
    };
    const answered = (answer: Stats) => {
      end();
      resolve(answer);
    };
    const ask = () => transport.emit('message', { code: 'PUTLOGS_STATS' });
    // Asked repeatedly, because a worker that is still starting does not receive the first message.
    const asking = setInterval(ask, ASK_MS);
    const deadline = setTimeout(() => {
      end();
      reject(statsNotAnswered(timeoutMs));
    }, timeoutMs);
    transport.on('putlogs:stats', answered);
    ask();
  });
}
