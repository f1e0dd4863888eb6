// A shipper that has delivered one record: prints what it loaded, the timers that its start has set, and its open
// files.

import { createHook } from 'node:async_hooks';
import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { createShipper } from '@putlogs/core';

const FILES = '/proc/self/fd';

async function main(): Promise<void> {
  let timers = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'Timeout') timers += 1;
    },
  }).enable();
  const shipper = createShipper({ lingerMs: 10 });
  hook.disable();
  shipper.write('{"n":1}');
  await shipper.flush();
  const modules = Object.keys(require.cache)
    .map((path) => basename(path))
    .filter((name) => name.startsWith('status'));
  const files = existsSync(FILES) ? readdirSync(FILES).length : 0;
  process.stdout.write(JSON.stringify({ modules, timers, files }));
  await shipper.close();
}

void main();
