// A worker thread that owns the run of `workerData`, and posts whether it has a socket. Nothing keeps it alive unless
// `stays` is set.
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { Disk } from '@putlogs/core/internal/spool/disk';
import { Ownership } from '@putlogs/core/internal/spool/ownership';

const { root, run, stays } = workerData as { root: string; run: string; stays: boolean };

const ownership = new Ownership({
  disk: new Disk(false),
  root,
  run,
  instanceHash: '0'.repeat(16),
  destinationHashes: [],
  clock: systemClock,
  deadRuns: new Set(),
});
const failure = ownership.open();
if (stays) parentPort!.on('message', () => {});
void ownership.socketReady.then((socket) => parentPort!.postMessage(failure?.message ?? socket));
