// A worker thread that counts records in shared counters by the writer's protocol, until `stop` is set.
// It pauses at random, so that a reader with a wrong order sees a record in two places.

import { workerData } from 'node:worker_threads';
import { Counters } from '@putlogs/core/internal/telemetry/counters';

const { buffer, stop } = workerData as { buffer: SharedArrayBuffer; stop: Int32Array };
const counters = new Counters(buffer);

for (let round = 0; Atomics.load(stop, 0) === 0; round += 1) {
  const count = 1 + (round % 7);
  counters.add('accepted', count);
  const origin = round % 3;
  if (origin === 1) counters.add('recovered', count);
  if (origin === 2) counters.inherit(count);
  const all = origin === 0 ? count : 2 * count;
  const spooled = origin === 2 ? count : 0;
  counters.add('spooled', all - spooled);
  pause();
  counters.add('spooled', -all);
  if (round % 2 === 0) counters.add('delivered', all);
  else counters.drop(round % 4 === 1 ? 'rejected' : 'spool', all);
  pause();
}

function pause(): void {
  for (let left = Math.random() * 3000; left > 0; left -= 1) Atomics.load(stop, 0);
}
