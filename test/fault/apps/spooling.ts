// An application that writes numbered records to a shipper in its own thread, and says on stdout how far it is.
//
// Its argument is JSON: `from` and `count`, the numbers; `pauseMs` between bursts of `burst`; `end`: 'natural', 'exit',
// 'close', or 'stay' (until it is killed). It prints `written <n>` after each burst, and its statistics at its end.

import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createShipper } from '@putlogs/core';
import { START_MS } from '../../support/start-time';

export interface SpoolingPlan {
  readonly instance: string;
  readonly from: number;
  readonly count: number;
  readonly burst: number;
  readonly pauseMs: number;
  readonly end: 'natural' | 'exit' | 'close' | 'stay';
}

const { instance, from, count, burst, pauseMs, end } = JSON.parse(process.argv[2]!) as SpoolingPlan;
const shipper = createShipper({ instance });
process.on('exit', () => writeSync(1, `${JSON.stringify(shipper.stats())}\n`));

async function run(): Promise<void> {
  for (let n = from; n < from + count; n += 1) {
    shipper.write(JSON.stringify({ time: START_MS + n, instance, n, text: `第${n}条` }));
    if ((n - from) % burst !== burst - 1) continue;
    writeSync(1, `written ${n}\n`);
    if (pauseMs > 0) await pause(pauseMs);
  }
  writeSync(1, 'all written\n');
  if (end === 'exit') process.exit(0);
  if (end === 'close') await shipper.close();
  if (end === 'stay') setInterval(() => {}, 1000);
}

void run();
