// The worker thread's side of a host: what thread-stream loads and writes to.
//
// Takes: from the host, resolved options and the account's buffer; then lines, as text cut anywhere. Gives: to the
// shipper, record by record; back to the host, warnings. Keeps: the shipper. Never: stops reading: the ring that the
// application writes into is always emptied, whatever the service does.
//
// Messages, beside thread-stream's own:
//   host -> worker  { code: 'PUTLOGS_CLOSE', timeoutMs }   the flush that follows is the last: close with it
//   worker -> host  { code: 'EVENT', name: 'warning', args: [Warning] }   emitted on the host's stream

import { Writable } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import { Account } from './account';
import { systemClock } from './clock';
import type { Options } from './options/schema';
import { Lines } from './record/lines';
import { startShipper } from './shipper';

/** What a host gives its worker. Its presence also tells that this thread is one. */
export interface WorkerStart {
  readonly putlogs: { readonly options: Options; readonly account: SharedArrayBuffer };
}

/** A chunk is read before the next comes, so the stream may never ask the ring to wait. */
const NEVER_FULL_BYTES = 2 ** 30;

export default function startWorker({ putlogs }: WorkerStart): Writable {
  const account = new Account(putlogs.account);
  // The host lets in no more than fits. Refused here, a record would be lost that was accepted there.
  const options = { ...putlogs.options, memory: { maxBytes: Number.MAX_SAFE_INTEGER } };
  const shipper = startShipper(options, account);
  const lines = new Lines((bytes, start, end) => shipper.writeRange(bytes, start, end));
  let closeWithinMs: number | undefined;

  shipper.on('warning', (warning) => parentPort?.postMessage({ code: 'EVENT', name: 'warning', args: [warning] }));
  parentPort?.on('message', (message: { code?: string; timeoutMs?: number } | null) => {
    if (message?.code !== 'PUTLOGS_CLOSE') return;
    closeWithinMs = message.timeoutMs;
    // thread-stream runs one flush after the other: one that waits for a service that is down would hold up the
    // flush of the close for ever. Giving up at the deadline ends both.
    systemClock.after(message.timeoutMs ?? 0, false, () => void shipper.close({ timeoutMs: 0 }));
  });

  const stream = new Writable({
    decodeStrings: false,
    highWaterMark: NEVER_FULL_BYTES,
    write(chunk: string, _encoding, done) {
      const bytes = Buffer.from(chunk);
      lines.push(bytes);
      account.add('receivedBytes', bytes.length);
      done();
    },
    final(done) {
      lines.end();
      shipper.close().then(() => done());
    },
  });
  const flush = (done: () => void) => {
    const flushed = closeWithinMs === undefined ? shipper.flush() : shipper.close({ timeoutMs: closeWithinMs });
    flushed.then(done);
  };
  return Object.assign(stream, { flush });
}
