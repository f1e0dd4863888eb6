// An application that ships in its own thread. Its argument is JSON: how many records, and how it ends.

import { createShipper } from '@putlogs/core';

const { count, end } = JSON.parse(process.argv[2]!) as { count: number; end: 'natural' | 'exit' };
const shipper = createShipper();
for (let n = 0; n < count; n += 1) shipper.write(JSON.stringify({ n }));
process.on('exit', () => process.stdout.write(`${JSON.stringify(shipper.stats())}\n`));
if (end === 'exit') process.exit(0);
