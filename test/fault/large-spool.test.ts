// Tens of thousands of batches and a spool: the event loop goes on, and memory stays bounded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { PutlogsOptions, Shipper } from '@putlogs/core';
import { temporaryDirectory } from '../support/directory';
import { type Emulator, emulatorForTest, optionsFor, until } from '../support/emulator';
import { watchLoop } from '../support/loop-stall';
import { shipperForTest } from '../support/shipper';
import { BATCHES_AT_OUTAGE, FLUSHED_BATCHES } from '../support/sizes';

/** One record to a batch: as many batches as there are records. */
const SINGLE = { batch: { maxCount: 1 }, lingerMs: 10, retry: { baseMs: 5, maxMs: 40 } };

function spooling(emulator: Emulator, options: PutlogsOptions = {}): Shipper {
  return shipperForTest({ ...optionsFor(emulator), ...SINGLE, instance: 'one', ...options });
}

/** Writes records in groups, with a turn of the loop after each, so that the writes themselves are no stall. */
async function write(shipper: Shipper, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    shipper.write(`{"time":1700000000000,"n":${n}}`);
    if (n % 100 === 99) await turn();
  }
}

test(`${BATCHES_AT_OUTAGE} batches in memory go to disk at an outage without a long stall of the event loop`, async (t) => {
  const emulator = await emulatorForTest();
  // The first request is not answered in time, so that the batches gather in memory before the outage is known.
  emulator.faults([{ delayMs: 60_000 }]);
  const dir = temporaryDirectory('stall');
  const shipper = spooling(emulator, { spool: { dir }, memory: { maxBytes: 2 ** 28 }, requestTimeoutMs: 8000 });
  await write(shipper, BATCHES_AT_OUTAGE);
  assert.equal(shipper.stats().pending, BATCHES_AT_OUTAGE);
  emulator.faults([{ status: 503 }]);
  const stop = watchLoop();
  await until('every batch is on disk', () => shipper.stats().pending === 0, 60_000);
  const stall = stop();
  assert.equal(shipper.stats().spooled, BATCHES_AT_OUTAGE);
  await shipper.close({ timeoutMs: 0 });
  t.diagnostic(`longest stall: ${Math.round(stall.ms)} ms, ${Math.round(stall.cpuMs)} ms of them CPU`);
  // A multiple of what it takes today: the test fails if an entry costs more the more there are.
  assert.ok(stall.cpuMs < 5000, `${stall.cpuMs} ms`);
});

test(`500 calls of flush with ${FLUSHED_BATCHES} spooled batches take a few MiB at most`, async (t) => {
  const emulator = await emulatorForTest();
  emulator.faults([{ status: 503 }]);
  const shipper = spooling(emulator, { spool: { dir: temporaryDirectory('flush'), mode: 'always' } });
  await write(shipper, FLUSHED_BATCHES);
  await until('the batches are on disk', () => shipper.stats().spooled === FLUSHED_BATCHES);
  const before = await usedBytes();
  const stop = watchLoop();
  const flushes = Array.from({ length: 500 }, () => shipper.flush({ timeoutMs: 2000 }));
  const grownBytes = (await usedBytes()) - before;
  for (const { finished } of await Promise.all(flushes)) assert.equal(finished, false);
  const stall = stop();
  await shipper.close({ timeoutMs: 0 });
  t.diagnostic(
    `grown by ${(grownBytes / 2 ** 20).toFixed(2)} MiB; longest stall: ${Math.round(stall.cpuMs)} ms of CPU`,
  );
  assert.ok(grownBytes < 4 * 2 ** 20, `${grownBytes} bytes`);
  assert.ok(stall.cpuMs < 1000, `${stall.cpuMs} ms`);
});

/** Heap and buffers, without what can be collected. */
async function usedBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Buffers are freed some turns after the objects that own them.
  for (let i = 0; i < 4; i += 1) {
    collect();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
