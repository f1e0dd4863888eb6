// An application that may start no thread: it says what a host says to that, and ships in its own thread.

import { createShipper, createWorkerShipper, type PutlogsError } from '@putlogs/core';

try {
  createWorkerShipper();
} catch (error) {
  process.stdout.write(`${(error as PutlogsError).code}\n`);
  const shipper = createShipper();
  shipper.write('{"n":0}');
  void shipper.close().then(() => process.stdout.write(`${shipper.stats().delivered} delivered\n`));
}
