// Ships one record to the endpoint in its environment, waits a moment until it is finished, and prints the statistics.
import { createShipper } from '@putlogs/core';

const shipper = createShipper();
const kinds: string[] = [];
shipper.on('warning', ({ kind }) => kinds.push(kind));
shipper.write('{"a":1}');
const flushed = shipper.flush().then(() => 'delivered');
const told = new Promise<string>((resolve) => shipper.once('warning', () => resolve('told')));
void Promise.race([flushed, told]).then(async () => {
  const { delivered, pending } = shipper.stats();
  process.stdout.write(`${JSON.stringify({ delivered, pending, kinds })}\n`);
  await shipper.close({ timeoutMs: 0 });
});
