// Blocks the application's thread at the end of the process until its worker has closed.
//
// The worker works while this thread is blocked, and writes to stderr itself. This thread does not wait for a dead or
// stuck worker: the worker has to answer a ping first, and to send heartbeats after that.

import { napMs } from '../runtime/clock';

/** How long a worker may be silent before it counts as stuck. */
const SILENCE_MS = 2000;
const POLL_INTERVAL_MS = 2;

export interface ClosingWorker {
  heartbeats(): number;
  isClosed(): boolean;
  /** Asks for a heartbeat. */
  ping(): void;
  /** Sends all records that the ring has not taken yet, then asks the worker to close within the time. */
  close(timeoutMs: number): void;
}

/** Returns when the worker has closed, or at the latest after `timeoutMs` and a moment for it to react. */
export function blockUntilClosed(worker: ClosingWorker, timeoutMs: number): void {
  const bootMs = worker.heartbeats() === 0 ? Math.max(timeoutMs, SILENCE_MS) : SILENCE_MS;
  // If the worker does not read, a write to its ring would block for ten seconds. So it has to answer first.
  if (!answersWithin(worker, bootMs)) return;
  worker.close(timeoutMs);
  let silentMs = 0;
  let heartbeats = worker.heartbeats();
  // Counts naps, and does not measure time, because the whole process may be stopped for an hour in between.
  for (let sleptMs = 0; sleptMs < timeoutMs + SILENCE_MS && silentMs < SILENCE_MS; sleptMs += POLL_INTERVAL_MS) {
    if (worker.isClosed()) return;
    napMs(POLL_INTERVAL_MS);
    const now = worker.heartbeats();
    silentMs = now === heartbeats ? silentMs + POLL_INTERVAL_MS : 0;
    heartbeats = now;
  }
}

function answersWithin(worker: ClosingWorker, timeoutMs: number): boolean {
  const before = worker.heartbeats();
  worker.ping();
  for (let sleptMs = 0; worker.heartbeats() === before; sleptMs += POLL_INTERVAL_MS) {
    if (sleptMs >= timeoutMs) return false;
    napMs(POLL_INTERVAL_MS);
  }
  return true;
}
