// The worker thread's side of a host: what thread-stream loads and writes to.
//
// It gets resolved options and the account's buffer from the host, then lines as text that is cut anywhere. It passes
// them record by record to its shipper. It never stops reading: the ring that the application writes into is always
// emptied, whatever the service does. The messages between the two threads stand in host/worker-protocol.ts.

import type { Writable } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import type { ExitMessage, FlushMessage, PingMessage, WorkerStart } from './host/worker-protocol';
import { systemClock } from './runtime/clock';
import { Lines } from './shipper/line-splitter';
import { lineStream } from './shipper/line-stream';
import { startShipper } from './shipper/shipper';
import { Counters } from './telemetry/counters';

/**
 * A heartbeat is counted this often; a worker without one for several times as long is stuck (host/worker-handle.ts).
 */
const BEAT_MS = 500;

// thread-stream wants the default; the name is for `import`, where a default alone is not the same to all bundlers.
export default startWorker;

export function startWorker({ putlogs }: WorkerStart): Writable {
  const counters = new Counters(putlogs.counters);
  const { options, runs } = putlogs;
  let isInheritedReported = false;
  const shipper = startShipper({ ...options, handleSignals: [] }, { counters, admission: 'host', runs });
  const lines = new Lines((bytes, start, end) => {
    // Before it is looked at: a worker that dies of this record must not leave it to the next one.
    counters.add('begun');
    // Line by line, as the record goes over into `pendingBytes`: counted in both, a large chunk would look twice as
    // large while it is read, and the host would refuse records that fit.
    counters.add('receivedBytes', end - start + 1);
    countedInChunk += end - start + 1;
    shipper.writeRange(bytes, start, end);
  });
  let countedInChunk = 0;
  /** Flushes whose records are still on their way through the ring, in order. */
  const asked: { readonly records: number; readonly begin: () => void }[] = [];

  shipper.on('warning', (warning) => parentPort?.postMessage({ code: 'EVENT', name: 'warning', args: [warning] }));
  parentPort?.on('message', (message: FlushMessage | ExitMessage | PingMessage | null) => {
    switch (message?.code) {
      case 'PUTLOGS_FLUSH':
        flushLater(message, async (leftMs) => (await shipper.flush({ timeoutMs: leftMs })).finished);
        break;
      case 'PUTLOGS_CLOSE':
        flushLater(message, async (leftMs) => {
          await shipper.close({ timeoutMs: leftMs });
          return true;
        });
        // Also if the records never come, because the ring is not emptied.
        systemClock.after(message.timeoutMs, false, () => void shipper.close({ timeoutMs: 0 }));
        break;
      case 'PUTLOGS_EXIT':
        void shipper.close({ timeoutMs: message.timeoutMs }).then(() => counters.add('closed'));
        break;
      case 'PUTLOGS_PING':
        counters.add('beats');
        break;
      default:
    }
  });
  beat();

  /** The message has overtaken the records: it did not come through the ring. */
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
    counters.add('beats');
    reportInherited();
    systemClock.after(BEAT_MS, false, beat);
  }

  return lineStream(
    () => shipper.piece,
    (bytes) => {
      countedInChunk = 0;
      lines.push(bytes);
      // What was not a whole line, and what an earlier chunk had counted of the first.
      counters.add('receivedBytes', bytes.length - countedInChunk);
      beginFlushes();
    },
    () => {
      lines.end();
      return shipper.close();
    },
  );
}
