// An application that logs so many records, waits until they are finished and then for SIGUSR2, and logs as many
// again. Its argument is how many. At its end it prints its statistics.

import { once } from 'node:events';
import { createWorkerShipper } from '@putlogs/core';

const count = Number(process.argv[2]);
const host = createWorkerShipper();
host.on('warning', ({ kind, message }) => process.stdout.write(`warning ${kind}: ${message}\n`));

async function stage(from: number): Promise<void> {
  for (let n = from; n < from + count; n += 1) host.write(JSON.stringify({ instance: 'one', n }));
  process.stdout.write('written\n');
  await host.flush();
}

async function main(): Promise<void> {
  // What is awaited does not keep a process alive.
  const alive = setInterval(() => {}, 60_000);
  const next = once(process, 'SIGUSR2');
  await stage(0);
  process.stdout.write('half\n');
  await next;
  await stage(count);
  clearInterval(alive);
  await host.close();
  process.stdout.write(`stats ${JSON.stringify(host.stats())}\n`);
}

void main();
