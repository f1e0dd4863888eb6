// An application that changes its directory after its start: it logs before and after, and has one record
// refused. Its arguments are the other directory, and whether to send in a worker. It prints its statistics.

import { createShipper, createWorkerShipper } from '@putlogs/core';
import { START_MS } from '../../support/start-time';

const [, , elsewhere = '', place = 'one thread'] = process.argv;

async function run(): Promise<void> {
  const create = place === 'a worker' ? createWorkerShipper : createShipper;
  const shipper = create({ instance: 'one', batch: { maxCount: 5 } });
  const write = (n: number) => shipper.write(JSON.stringify({ time: START_MS + n, instance: 'one', n }));
  for (let n = 0; n < 10; n += 1) write(n);
  process.chdir(elsewhere);
  for (let n = 10; n < 20; n += 1) write(n);
  await shipper.flush();
  shipper.write(JSON.stringify({ text: 'bad' }));
  await shipper.flush();
  await shipper.close();
  process.stdout.write(`${JSON.stringify(shipper.stats())}\n`);
}

void run();
