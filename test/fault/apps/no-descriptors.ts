// An application that opens files until it may open no more, logs, and closes them again. It prints its statistics.

import { closeSync, openSync } from 'node:fs';
import { createShipper } from '@putlogs/core';

const shipper = createShipper({ instance: 'one' });
const told = new Promise((resolve) => shipper.once('warning', resolve));

function write(n: number): void {
  shipper.write(JSON.stringify({ time: 1_760_000_000_000 + n, instance: 'one', n, text: `第${n}条` }));
}

function openAll(): number[] {
  const files: number[] = [];
  for (;;) {
    try {
      files.push(openSync('/dev/null', 'r'));
    } catch {
      return files;
    }
  }
}

async function run(): Promise<void> {
  // What is loaded with the first batch is there.
  write(0);
  await shipper.flush();
  const files = openAll();
  for (let n = 1; n <= 100; n += 1) write(n);
  await told;
  for (const file of files) closeSync(file);
  await shipper.close();
  process.stdout.write(`${JSON.stringify(shipper.stats())}\n`);
}

void run();
