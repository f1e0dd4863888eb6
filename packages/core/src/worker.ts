// The worker thread's side of a host: what thread-stream loads and writes to.
//
// Takes: from the host, resolved options and the account's buffer; then lines, as text cut anywhere. Gives: to the
// shipper, record by record; back to the host, warnings. Keeps: the shipper. Never: stops reading: the ring that the
// application writes into is always emptied, whatever the service does.
//
// Messages, beside thread-stream's own:
//   host -> worker  { code: 'PUTLOGS_CLOSE', timeoutMs }   the flush that follows is the last: close with it
//   host -> worker  { code: 'PUTLOGS_EXIT', timeoutMs }    the process ends: close, and count it as `closed`
//   host -> worker  { code: 'PUTLOGS_PING' }               give a sign of life: count a `beat`
//   worker -> host  { code: 'EVENT', name: 'warning', args: [Warning] }   emitted on the host's stream

import type { Writable } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import { Account } from './account';
import { systemClock } from './clock';
import { lineStream } from './line-stream';
import type { Options } from './options/schema';
import { Lines } from './record/lines';
import { startShipper } from './shipper';
import type { Runs } from './spool/run';

/** What a host gives its worker. Its presence also tells that this thread is one. */
export interface WorkerStart {
  readonly putlogs: { readonly options: Options; readonly account: SharedArrayBuffer; readonly runs: Runs };
}

/** A sign of life is given this often; the host calls a worker dead that is silent for several times as long. */
const BEAT_MS = 500;

export default function startWorker({ putlogs }: WorkerStart): Writable {
  const account = new Account(putlogs.account);
  const { options, runs } = putlogs;
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
  let closeWithinMs: number | undefined;

  shipper.on('warning', (warning) => parentPort?.postMessage({ code: 'EVENT', name: 'warning', args: [warning] }));
  parentPort?.on('message', (message: { code?: string; timeoutMs?: number } | null) => {
    const timeoutMs = message?.timeoutMs ?? 0;
    switch (message?.code) {
      case 'PUTLOGS_CLOSE':
        closeWithinMs = timeoutMs;
        // thread-stream runs one flush after the other: one that waits for a service that is down would hold up the
        // flush of the close for ever. Giving up at the deadline ends both.
        systemClock.after(timeoutMs, false, () => void shipper.close({ timeoutMs: 0 }));
        break;
      case 'PUTLOGS_EXIT':
        void shipper.close({ timeoutMs }).then(() => account.add('closed'));
        break;
      case 'PUTLOGS_PING':
        account.add('beats');
        break;
      default:
    }
  });
  beat();

  function beat(): void {
    account.add('beats');
    systemClock.after(BEAT_MS, false, beat);
  }

  const stream = lineStream(
    (bytes) => {
      countedInChunk = 0;
      lines.push(bytes);
      // What was not a whole line, and what an earlier chunk had counted of the first.
      account.add('receivedBytes', bytes.length - countedInChunk);
    },
    () => {
      lines.end();
      return shipper.close();
    },
  );
  const flush = (done: () => void) => {
    const flushed = closeWithinMs === undefined ? shipper.flush() : shipper.close({ timeoutMs: closeWithinMs });
    flushed.then(done);
  };
  return Object.assign(stream, { flush });
}
