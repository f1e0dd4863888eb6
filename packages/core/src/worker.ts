// The worker thread's side of a host: what thread-stream loads and writes to.
//
// It gets resolved options and the account's buffer from the host, then lines as text that is cut anywhere. It passes them
// record by record to its shipper. It never stops reading: the ring that the application writes into is always emptied,
// whatever the service does.
//
// Messages, beside thread-stream's own:
//   host -> worker  { code: 'PUTLOGS_FLUSH', id, timeoutMs, records }   flush, once so many records have come
//   host -> worker  { code: 'PUTLOGS_CLOSE', id, timeoutMs, records }   as that, and the last one: close
//   worker -> host  { code: 'EVENT', name: 'flushed', args: [id, settled] }   the end of either
//   host -> worker  { code: 'PUTLOGS_EXIT', timeoutMs }    the process ends: close, and count it as `closed`
//   host -> worker  { code: 'PUTLOGS_PING' }               answer with a heartbeat: count a `beat`
//   worker -> host  { code: 'EVENT', name: 'warning', args: [Warning] }   emitted on the host's stream
//   worker -> host  { code: 'EVENT', name: 'inherited', args: [] }   the journals of the dead runs are open

import type { Writable } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import { Account } from './account';
import { systemClock } from './clock';
import { lineStream } from './line-stream';
import type { Options } from './options/schema';
import { Lines } from './record/lines';
import { startShipper } from './shipper';
import type { Runs } from './spool/run';

/** What a worker gets from its host. Its presence also shows that this thread is such a worker. */
export interface WorkerStart {
  readonly putlogs: { readonly options: Options; readonly account: SharedArrayBuffer; readonly runs: Runs };
}

interface FlushMessage {
  readonly code: 'PUTLOGS_FLUSH' | 'PUTLOGS_CLOSE';
  readonly id: number;
  readonly timeoutMs: number;
  /** How many had been handed over when it was asked for. */
  readonly records: number;
}

interface ExitMessage {
  readonly code: 'PUTLOGS_EXIT';
  readonly timeoutMs: number;
}

/** A heartbeat is counted this often; a worker without one for several times as long is stuck (thread.ts). */
const BEAT_MS = 500;

// thread-stream wants the default; the name is for `import`, where a default alone is not the same to all bundlers.
export default startWorker;

export function startWorker({ putlogs }: WorkerStart): Writable {
  const account = new Account(putlogs.account);
  const { options, runs } = putlogs;
  let isInheritedReported = false;
  const shipper = startShipper({ ...options, handleSignals: [] }, { account, admission: 'host', runs });
  const lines = new Lines((bytes, start, end) => {
    // Before it is looked at: a worker that dies of this record must not leave it to the next one.
    account.add('begun');
    // Line by line, as the record goes over into `pendingBytes`: counted in both, a large chunk would look twice as
    // large while it is read, and the host would refuse records that fit.
    account.add('receivedBytes', end - start + 1);
    countedInChunk += end - start + 1;
    shipper.writeRange(bytes, start, end);
  });
  let countedInChunk = 0;
  /** Flushes whose records are still on their way through the ring, in order. */
  const asked: { readonly records: number; readonly begin: () => void }[] = [];

  shipper.on('warning', (warning) => parentPort?.postMessage({ code: 'EVENT', name: 'warning', args: [warning] }));
  parentPort?.on('message', (message: FlushMessage | ExitMessage | { code: 'PUTLOGS_PING' } | null) => {
    switch (message?.code) {
      case 'PUTLOGS_FLUSH':
        flushLater(message, async (leftMs) => (await shipper.flush({ timeoutMs: leftMs })).settled);
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
        void shipper.close({ timeoutMs: message.timeoutMs }).then(() => account.add('closed'));
        break;
      case 'PUTLOGS_PING':
        account.add('beats');
        break;
      default:
    }
  });
  beat();

  /** The message has overtaken the records: it did not come through the ring. */
  function flushLater({ id, timeoutMs, records }: FlushMessage, flush: (leftMs: number) => Promise<boolean>): void {
    const deadlineMs = systemClock.monotonicMs() + timeoutMs;
    const begin = async (): Promise<void> => {
      const settled = await flush(Math.max(0, deadlineMs - systemClock.monotonicMs()));
      parentPort?.postMessage({ code: 'EVENT', name: 'flushed', args: [id, settled] });
    };
    asked.push({ records, begin: () => void begin() });
    beginFlushes();
  }

  function beginFlushes(): void {
    while (asked[0] !== undefined && asked[0].records <= account.read('begun')) asked.shift()!.begin();
  }

  function reportInherited(): void {
    if (isInheritedReported || account.read('inheritedKnown') === 0) return;
    isInheritedReported = true;
    parentPort?.postMessage({ code: 'EVENT', name: 'inherited', args: [] });
  }

  function beat(): void {
    account.add('beats');
    reportInherited();
    systemClock.after(BEAT_MS, false, beat);
  }

  return lineStream(
    () => shipper.piece,
    (bytes) => {
      countedInChunk = 0;
      lines.push(bytes);
      // What was not a whole line, and what an earlier chunk had counted of the first.
      account.add('receivedBytes', bytes.length - countedInChunk);
      beginFlushes();
    },
    () => {
      lines.end();
      return shipper.close();
    },
  );
}
