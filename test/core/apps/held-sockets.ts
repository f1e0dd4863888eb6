// Sends one record in its own thread while Sinon's fake timers hold all of Node's sockets, because they have replaced
// `process.nextTick`. When the first attempt has timed out, it removes them and flushes, or closes the shipper: its
// argument says which. It prints the counters.

import { MessageChannel } from 'node:worker_threads';
import { createShipper } from '@putlogs/core';

const { install } = require('@sinonjs/fake-timers') as { install(): { uninstall(): void } };
/** As a server would, it keeps the process alive. */
const { port1: server } = new MessageChannel();
server.on('message', () => {});

const shipper = createShipper({ requestTimeoutMs: 500 });
shipper.once('warning', async () => {
  if (process.argv[2] === 'close') await shipper.close({ timeoutMs: 100 });
  timers.uninstall();
  await shipper.flush();
  process.stdout.write(`${JSON.stringify(shipper.stats())}\n`);
  server.close();
});
const timers = install();
shipper.write('{"n":1}');
