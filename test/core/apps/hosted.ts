// An application that ships from a worker thread. Its argument is JSON: how many records, and how it ends.

import { createWorkerShipper } from '@putlogs/core';

const plan = JSON.parse(process.argv[2]!) as {
  count: number;
  end: 'natural' | 'exit' | 'throw' | 'reject' | 'close';
};
const host = createWorkerShipper();
for (let n = 0; n < plan.count; n += 1) host.write(JSON.stringify({ n }));
process.on('exit', () => process.stdout.write(`${JSON.stringify(host.stats())}\n`));
host.on('warning', ({ kind }) => process.stdout.write(`warning ${kind}\n`));
switch (plan.end) {
  case 'exit':
    process.exit(3);
    break;
  case 'throw':
    throw new Error('uncaught on purpose');
  case 'reject':
    Promise.reject(new Error('rejected on purpose'));
    break;
  case 'close':
    host.close().then(() => process.stdout.write('closed\n'));
    break;
  default:
}
