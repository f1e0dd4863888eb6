// A process that takes over what dead processes left, in the process of the test.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import type { PutlogsOptions, Shipper, Stats, Warning } from '@putlogs/core';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { startShipper } from '@putlogs/core/internal/shipper/shipper';
import { Counters } from '@putlogs/core/internal/telemetry/counters';
import { scaledClock } from '../fault/apps/outage';
import { numberOf } from './dead-runs';
import { type Emulator, optionsFor } from './emulator';

export const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

export const numbersOf = (emulator: Emulator): number[] => emulator.logs().map(numberOf);

export interface Adopting {
  readonly shipper: Shipper;
  readonly warnings: Warning[];
}

/**
 * A shipper of the instance "one". Its counters are checked every 5 ms.
 * @param factor how many times as fast as real time its clock runs
 */
export function adopting(emulator: Emulator, options: PutlogsOptions, { factor = 1, startMs = 0 } = {}): Adopting {
  const small = { batch: { maxCount: 10 }, lingerMs: 20, retry: { baseMs: 5, maxMs: 40 } };
  const whole = { ...optionsFor(emulator), ...small, instance: 'one', ...options };
  const clock = factor === 1 ? systemClock : scaledClock({ factor, startMs });
  const shipper = startShipper(resolveOptions(whole, {}), { clock, counters: new Counters() });
  after(() => shipper.close({ timeoutMs: 0 }));
  const warnings: Warning[] = [];
  shipper.on('warning', (warning) => warnings.push(warning));
  const polling = setInterval(() => assertConserved(shipper.stats()), 5);
  after(() => clearInterval(polling));
  return { shipper, warnings };
}

export function write(shipper: Pick<Shipper, 'write'>, from: number, count: number): void {
  for (let n = from; n < from + count; n += 1) shipper.write(JSON.stringify({ instance: 'one', n }));
}

function assertConserved({ accepted, recovered, delivered, spooled, pending, dropped }: Stats): void {
  const lost = Object.values(dropped).reduce((sum, records) => sum + records, 0);
  assert.equal(accepted + recovered, delivered + spooled + pending + lost);
  assert.ok(pending >= 0 && spooled >= 0, JSON.stringify({ pending, spooled }));
}
