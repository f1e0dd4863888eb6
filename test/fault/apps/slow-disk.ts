// An application that logs to a worker with a spool, and measures by how much a timer of its own was late at most while
// it waits for the records. It prints that, and the statistics.

import { createWorkerShipper } from '@putlogs/core';
import { START_MS } from '../../support/start-time';

const { count } = JSON.parse(process.argv[2]!) as { count: number };
const EVERY_MS = 10;

const host = createWorkerShipper();
let mostLateMs = 0;
let lastMs = performance.now();
const ticking = setInterval(() => {
  const nowMs = performance.now();
  mostLateMs = Math.max(mostLateMs, nowMs - lastMs - EVERY_MS);
  lastMs = nowMs;
}, EVERY_MS);

for (let n = 0; n < count; n += 1) host.write(JSON.stringify({ time: START_MS + n, instance: 'one', n }));
void host.close().then(() => {
  clearInterval(ticking);
  process.stdout.write(`${JSON.stringify({ mostLateMs, stats: host.stats() })}\n`);
});
