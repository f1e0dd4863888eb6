// Puts numbered records of an instance on disk, in entries of ten: prints `on disk` when all are, and stays until it is
// killed. With `endless` for their number it goes on writing.

import { writeSync } from 'node:fs';
import { createShipper } from '@putlogs/core';
import { START_MS } from '../../support/start-time';

const [, , instance = '', count] = process.argv;
const shipper = createShipper({ instance, batch: { maxCount: 10 }, spool: { mode: 'always' } });
let n = 0;
const write = () => {
  shipper.write(JSON.stringify({ time: START_MS + n, level: 30, instance, n }));
  n += 1;
};

if (count === 'endless') {
  setInterval(() => {
    for (let burst = 0; burst < 5; burst += 1) write();
  }, 1);
} else {
  while (n < Number(count)) write();
  const waiting = setInterval(() => {
    if (shipper.stats().spooled < n) return;
    clearInterval(waiting);
    writeSync(1, 'on disk\n');
    setInterval(() => {}, 1000);
  }, 5);
}
