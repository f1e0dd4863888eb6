// An application whose spool is full, and which then has no file descriptor left. It prints its statistics before and
// after it has logged without one.

import { closeSync } from 'node:fs';
import { createShipper } from '@putlogs/core';
import { openAll } from '../../support/descriptors';

const shipper = createShipper({ instance: 'one' });
const pad = 'x'.repeat(1000);

function write(from: number, count: number): void {
  for (let n = from; n < from + count; n += 1) shipper.write(JSON.stringify({ instance: 'one', n, pad }));
}

async function run(): Promise<void> {
  const failed = new Promise((resolve) => shipper.once('warning', resolve));
  write(0, 3000);
  await failed;
  const before = shipper.stats();
  const files = openAll();
  write(3000, 500);
  const without = shipper.stats();
  for (const file of files) closeSync(file);
  await shipper.close({ timeoutMs: 0 });
  process.stdout.write(`${JSON.stringify({ before, without })}\n`);
}

void run();
