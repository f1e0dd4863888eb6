// Logs to a worker of pino that is blocked, as docs/operating.md says: after a while it leaves records out. Then it
// unblocks the worker, and logs one more record. It prints how much was logged and left out, and how much buffers grew
// while records were left out.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pino from 'pino';

const FULL_MS = 200;
const TEXT = 'x'.repeat(1000);

const transport = pino.transport({
  target: '@putlogs/pino',
  // Room for what is logged until the worker is unblocked.
  options: { transform: join(__dirname, 'until-told.js'), memory: { maxBytes: 2 ** 30 } },
});
// Not in its type.
const ring = transport as unknown as { readonly writableNeedDrain: boolean };
let fullSinceMs: number | undefined;
let logged = 0;
let leftOut = 0;
const hooks = {
  logMethod(this: pino.Logger, args: Parameters<pino.LogFn>, method: pino.LogFn) {
    if (!ring.writableNeedDrain) fullSinceMs = undefined;
    else fullSinceMs ??= performance.now();
    if (fullSinceMs !== undefined && performance.now() - fullSinceMs > FULL_MS) leftOut += 1;
    else {
      logged += 1;
      method.apply(this, args);
    }
  },
};
const logger = pino({ hooks }, transport);

async function main(): Promise<void> {
  await once(transport, 'ready');
  for (; leftOut === 0; await nextTurn()) for (let n = 0; n < 100; n += 1) logger.info(TEXT);
  const before = process.memoryUsage().arrayBuffers;
  // 100 MB of records.
  for (let n = 0; n < 100_000; n += 1) logger.info(TEXT);
  const grownBytes = process.memoryUsage().arrayBuffers - before;
  const drained = once(transport, 'drain');
  writeFileSync(process.env['UNBLOCK_FILE']!, '');
  await drained;
  logger.info('again');
  await new Promise<void>((resolve) => logger.flush(() => resolve()));
  process.stdout.write(`${JSON.stringify({ logged, leftOut, grownBytes })}\n`);
}

void main();
