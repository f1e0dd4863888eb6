// Shippers for tests: each is closed after its test. Records to write that the ledger can check, and the law of the
// counters.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { createShipper, type PutlogsOptions, type Shipper, type Stats, type Warning } from '@putlogs/core';
import { type Emulator, type EmulatorOptions, emulatorForTest, optionsFor } from './emulator';
import type { ExpectedRecord } from './ledger';
import { START_MS } from './start-time';
import { target as defaultTarget, type TargetUnderTest } from './targets';

/** It is closed without a last delivery, so that a test that failed does not wait for `closeTimeoutMs`. */
export function shipperForTest(options: PutlogsOptions): Shipper {
  const shipper = createShipper(options);
  after(() => shipper.close({ timeoutMs: 0 }));
  return shipper;
}

export interface EmulatorAndShipper {
  readonly emulator: Emulator;
  readonly shipper: Shipper;
  /** Every warning of the shipper, in order. */
  readonly warnings: Warning[];
}

/** An emulator with four shards, and a shipper with short retries that sends to it. */
export async function emulatorAndShipper(
  options: PutlogsOptions = {},
  service: EmulatorOptions = {},
  target: TargetUnderTest = defaultTarget,
): Promise<EmulatorAndShipper> {
  const emulator = await emulatorForTest({ shards: 4, ...service });
  const shipper = shipperForTest({ ...optionsFor(emulator, target), retry: { baseMs: 1, maxMs: 20 }, ...options });
  const warnings: Warning[] = [];
  shipper.on('warning', (warning) => warnings.push(warning));
  return { emulator, shipper, warnings };
}

/** Writes records that the ledger can check; `text` makes some of them special. */
export function write(
  shipper: Shipper,
  count: number,
  text = (n: number) => `record ${n}`,
  from = 0,
): ExpectedRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    const timeMs = START_MS + n;
    assert.ok(shipper.write(JSON.stringify({ time: timeMs, instance: 'one', n, text: text(n) })));
    return { n, timeMs, contents: new Map(Object.entries({ instance: 'one', n: String(n), text: text(n) })) };
  });
}

export function assertConserved({ accepted, delivered, spooled, pending, dropped }: Stats): void {
  const lost = Object.values(dropped).reduce((sum, records) => sum + records, 0);
  assert.equal(accepted, delivered + spooled + pending + lost);
  assert.ok(pending >= 0);
}
