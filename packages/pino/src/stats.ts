// What the application's thread can learn of a transport that runs in pino's worker: its counters and its warnings.
//
// Takes, in the worker: the shippers there are. Gives, in the application's thread: their counters when asked, and
// 'putlogs:warning' events on the stream that `pino.transport` returned. Keeps: the shippers.
// Never: listens on the worker's port before somebody else does. The first listener sets the port going, and what
// pino sends at the start to a transport that is still being loaded would be gone before it listens.
//
//   application -> worker  { code: 'PUTLOGS_STATS' }
//   worker -> application  { code: 'EVENT', name: 'putlogs:stats', args: [Stats] }      the sum of all our targets
//   worker -> application  { code: 'EVENT', name: 'putlogs:warning', args: [Warning] }
import type { EventEmitter } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { addStats, type RecordSink, type Stats, type Warning } from '@putlogs/core';
import { statsNotAnswered } from './errors';

const LOOK_MS = 20;
const ASK_MS = 50;
const TIMEOUT_MS = 1000;

interface Watched extends Pick<RecordSink, 'stats'> {
  on(event: 'warning', listener: (warning: Warning) => void): unknown;
}

const shippers = new Set<Watched>();

/** Makes a shipper's counters and warnings seen in the application's thread, if this is a thread that pino started. */
export function show(shipper: Watched): void {
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
  }, LOOK_MS).unref();
}

function emit(name: string, argument: unknown): void {
  parentPort?.postMessage({ code: 'EVENT', name, args: [argument] });
}

/** Events reach the application's thread since thread-stream 2.2; before, they would end the transport. */
function isPinoWorker(): boolean {
  const context = (workerData as { workerData?: { $context?: { threadStreamVersion?: string } } } | null)?.workerData;
  const [major = 0, minor = 0] = (context?.$context?.threadStreamVersion ?? '').split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 2);
}

/**
 * The counters of a transport, asked of its thread. With several targets of ours in it: their sum.
 * @param transport what `pino.transport(...)` returned, or `await transport(...)`
 * @throws PutlogsError `ERR_PUTLOGS_WORKER` if there is no answer within `timeoutMs` (default 1000)
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
    // More than once: a worker that is still starting does not hear the first.
    const asking = setInterval(ask, ASK_MS);
    const deadline = setTimeout(() => {
      end();
      reject(statsNotAnswered(timeoutMs));
    }, timeoutMs);
    transport.on('putlogs:stats', answered);
    ask();
  });
}
