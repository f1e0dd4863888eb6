// An instance that was away for so long that another one adopted its records: it gets them back, and sends them first.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Shipper } from '@putlogs/core';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { startShipper } from '@putlogs/core/internal/shipper/shipper';
import { createEmulator } from '@putlogs/emulator';
import { spooledRecords, temporaryDirectory } from '../support/directory';
import { contentsOf, optionsFor, until } from '../support/emulator';
import { scaledClock } from './apps/outage';

/** A lease is then three seconds. A thread that stands still for longer loses its records to the other instance. */
const FACTOR = 10;
const RECORDS = 10;

test('in an outage, adopted records are handed back within seconds, counted once, and sent before newer ones', async () => {
  const scale = { factor: FACTOR, startMs: Date.now() };
  const clock = scaledClock(scale);
  const emulator = await createEmulator({ port: 0, clock: clock.wallMs });
  after(() => emulator.close());
  emulator.faults([{ status: 503 }]);
  const dir = temporaryDirectory('hand-back');
  const shippers: Shipper[] = [];
  const start = (instance: string) => {
    const spool = { dir, mode: 'always' } as const;
    const options = { ...optionsFor(emulator), requestTimeoutMs: 600_000, lingerMs: 0, spool, instance };
    const shipper = startShipper(resolveOptions(options, {}), { clock });
    shippers.push(shipper);
    return shipper;
  };
  const write = (shipper: Shipper, from: number) => {
    for (let n = from; n < from + RECORDS; n += 1) shipper.write(JSON.stringify({ n, instance: 'a' }));
  };

  const first = start('a');
  write(first, 0);
  await until('the records are on disk', () => first.stats().spooled === RECORDS);
  await first.close({ timeoutMs: 0 });
  const other = start('b');
  await until('the other instance has adopted them', () => other.stats().recovered === RECORDS);
  const requests = emulator.stats().requests;
  await until('it has tried to send them', () => emulator.stats().requests > requests);

  const second = start('a');
  write(second, RECORDS);
  await until('they are handed back', () => second.stats().recovered === RECORDS);
  const { recovered, spooled, pending, pendingBytes } = other.stats();
  assert.deepEqual([recovered, spooled, pending, pendingBytes], [0, 0, 0, 0]);
  emulator.faults([]);
  await second.flush();
  await Promise.all(shippers.map((shipper) => shipper.close({ timeoutMs: 0 })));
  const arrived = emulator.logs().map((log) => Number(contentsOf(log)['n']));
  assert.deepEqual(
    arrived,
    Array.from({ length: 2 * RECORDS }, (_, n) => n),
  );
  assert.equal(spooledRecords(dir), 0);
});
