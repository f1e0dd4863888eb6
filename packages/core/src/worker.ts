// The worker thread's side of a worker shipper: thread-stream loads this file and writes lines to it.
//
// It receives resolved options and the buffer of the counters, then text that may be cut anywhere. It passes each line
// to its shipper. It never stops reading, because a full ring would block the application. host/worker-protocol.ts
// lists the messages between the two threads.

import type { Writable } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import type {
  ExitMessage,
  FlushMessage,
  HostView,
  PingMessage,
  WarnedMessage,
  WorkerStart,
} from './host/worker-protocol';
import type { WorkerView } from './host/worker-view';
import { systemClock } from './runtime/clock';
import { Lines } from './shipper/line-splitter';
import { lineStream } from './shipper/line-stream';
import { startShipper } from './shipper/shipper';
import { Counters } from './telemetry/counters';

/**
 * How often a heartbeat is counted. A worker without a heartbeat for several times as long is stuck
 * (host/worker-handle.ts).
 */
const HEARTBEAT_MS = 500;

// thread-stream uses the default export. The named export is for `import`, because bundlers treat a module with only a
// default export differently.
export default startWorker;

export function startWorker({ putlogs }: WorkerStart): Writable {
  const counters = new Counters(putlogs.counters);
  const { options, runs, host } = putlogs;
  let isInheritedReported = false;
  const application = host === undefined ? undefined : viewOf(host, counters);
  const shipper = startShipper({ ...options, handleSignals: [] }, { counters, admission: 'host', runs, application });
  const lines = new Lines((bytes, start, end, isCut) => {
    // Counted before the record is read. If this record ends the worker, the next worker must not read it.
    counters.add('begun');
    // Counted for each line, because its bytes now move to `pendingBytes`. If a whole chunk were counted at its end,
    // its bytes would be in both counters until then, and the host would refuse records that fit.
    counters.add('receivedBytes', end - start + 1);
    chunk.countedBytes += end - start + 1;
    shipper.writeRange(bytes, start, end, isCut);
  }, shipper.maxLineBytes);
  // A property and no variable: see `Disk.result`.
  const chunk = { countedBytes: 0 };
  /** Flushes with records that are still in the ring, in order. */
  const asked: { readonly records: number; readonly begin: () => void }[] = [];

  shipper.on('warning', (warning) => parentPort?.postMessage({ code: 'EVENT', name: 'warning', args: [warning] }));
  parentPort?.on('message', (message: FlushMessage | ExitMessage | PingMessage | WarnedMessage | null) => {
    switch (message?.code) {
      case 'PUTLOGS_FLUSH':
        flushLater(message, async (leftMs) => (await shipper.flush({ timeoutMs: leftMs })).finished);
        break;
      case 'PUTLOGS_CLOSE':
        flushLater(message, async (leftMs) => {
          await shipper.close({ timeoutMs: leftMs });
          return true;
        });
        // If the records never arrive, the flush above never begins.
        systemClock.after(message.timeoutMs, false, () => void shipper.close({ timeoutMs: 0 }));
        break;
      case 'PUTLOGS_EXIT':
        void shipper.close({ timeoutMs: message.timeoutMs }).then(() => counters.add('closed'));
        break;
      case 'PUTLOGS_PING':
        counters.add('heartbeats');
        break;
      case 'PUTLOGS_WARNED':
        application?.note(message.warning);
        break;
      default:
    }
  });
  beat();

  /** Waits for the records that were sent before the message: they come through the ring, which is slower. */
  function flushLater({ id, timeoutMs, records }: FlushMessage, flush: (leftMs: number) => Promise<boolean>): void {
    const deadlineMs = systemClock.monotonicMs() + timeoutMs;
    const begin = async (): Promise<void> => {
      const finished = await flush(Math.max(0, deadlineMs - systemClock.monotonicMs()));
      parentPort?.postMessage({ code: 'EVENT', name: 'flushed', args: [id, finished] });
    };
    asked.push({ records, begin: () => void begin() });
    beginFlushes();
  }

  function beginFlushes(): void {
    while (asked[0] !== undefined && asked[0].records <= counters.read('begun')) asked.shift()!.begin();
  }

  function reportInherited(): void {
    if (isInheritedReported || counters.read('inheritedKnown') === 0) return;
    isInheritedReported = true;
    parentPort?.postMessage({ code: 'EVENT', name: 'inherited', args: [] });
  }

  function beat(): void {
    counters.add('heartbeats');
    reportInherited();
    systemClock.after(HEARTBEAT_MS, false, beat);
  }

  return lineStream(
    () => shipper.piece,
    (bytes) => {
      chunk.countedBytes = 0;
      lines.push(bytes);
      // Corrects for the last line, whose end may be in the next chunk, for the first one, which may have begun in an
      // earlier chunk, and for a line that was too long.
      counters.add('receivedBytes', bytes.length - chunk.countedBytes);
      beginFlushes();
    },
    () => {
      lines.end();
      return shipper.close();
    },
  );
}

function viewOf(host: HostView, counters: Counters): WorkerView {
  const { WorkerView: View } = require('./host/worker-view') as typeof import('./host/worker-view');
  return new View(host, counters);
}
