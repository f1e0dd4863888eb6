// An application that opens files until it may open no more, logs for the first time, and closes them again. It prints
// its statistics. What the first batch and the first request need is not loaded yet.

import { closeSync } from 'node:fs';
import { createShipper } from '@putlogs/core';
import { openAll } from '../../support/descriptors';
import { START_MS } from '../../support/start-time';

const shipper = createShipper({ instance: 'one' });
const told = new Promise((resolve) => shipper.once('warning', resolve));

function write(n: number): void {
  shipper.write(JSON.stringify({ time: START_MS + n, instance: 'one', n, text: `第${n}条` }));
}

async function run(): Promise<void> {
  const files = openAll();
  for (let n = 0; n <= 100; n += 1) write(n);
  await told;
  for (const file of files) closeSync(file);
  await shipper.close();
  process.stdout.write(`${JSON.stringify(shipper.stats())}\n`);
}

void run();
