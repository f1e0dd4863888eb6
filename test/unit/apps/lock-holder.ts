// Takes a lock and holds it until the process ends; or takes and releases it many times, and checks that it is alone.
//
//   <prefix> [rounds]

import { closeSync, openSync, unlinkSync } from 'node:fs';
import { takeLock } from '@putlogs/core/internal/dead-letter/lock';

const [prefix, rounds] = process.argv.slice(2) as [string, string | undefined];
if (rounds === undefined) {
  const lock = takeLock(prefix, 1);
  process.stdout.write(`${lock.kind} ${process.pid}\n`);
  setInterval(() => {}, 60_000);
} else {
  let held = 0;
  for (let n = 0; n < Number(rounds); n += 1) {
    const lock = takeLock(prefix, 5);
    if (lock.kind === 'busy') continue;
    // Fails if another process is here as well.
    closeSync(openSync(`${prefix}alone`, 'wx'));
    unlinkSync(`${prefix}alone`);
    held += 1;
    lock.release();
  }
  process.stdout.write(`held ${held}\n`);
}
