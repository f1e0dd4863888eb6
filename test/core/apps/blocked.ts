// An application whose thread is blocked for as long as a file is not there, while its records are on their way. Its
// argument is JSON. It prints `blocked` when it is, and `free` when it is no more.

import { existsSync, writeSync } from 'node:fs';
import { createWorkerShipper } from '@putlogs/core';
import pino from 'pino';

const { by, count, until } = JSON.parse(process.argv[2]!) as { by: 'the core' | 'pino'; count: number; until: string };

interface Log {
  readonly write: (n: number) => void;
  readonly flush: () => Promise<unknown>;
}

function log(): Log {
  if (by === 'pino') {
    const logger = pino({ base: null }, pino.transport({ target: '@putlogs/pino' }));
    return { write: (n) => logger.info({ n }), flush: () => new Promise<void>((done) => logger.flush(() => done())) };
  }
  const host = createWorkerShipper();
  return { write: (n) => host.write(JSON.stringify({ n })), flush: () => host.flush() };
}

async function main(): Promise<void> {
  const { write, flush } = log();
  write(0);
  // The worker is there: one that starts may need this thread.
  await flush();
  for (let n = 1; n < count; n += 1) write(n);
  // The records of a turn cross to the worker in the next ones.
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  writeSync(1, 'blocked\n');
  const napping = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(until)) Atomics.wait(napping, 0, 0, 5);
  writeSync(1, 'free\n');
}

void main();
