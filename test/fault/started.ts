// Takes: core options. Gives: an emulator and a shipper that leads to it, both closed after the test; records to write
// and what must arrive of them; what was told. Keeps: nothing. Never: a wait that is longer than a test's patience.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { createShipper, type PutlogsOptions, type Shipper, type Stats, type Warning } from '@putlogs/core';
import { type Emulator, type EmulatorOptions, optionsFor, startEmulator } from '../support/emulator';
import type { ExpectedRecord } from '../support/ledger';
import { START_MS } from '../support/start-time';

export interface Started {
  readonly emulator: Emulator;
  readonly shipper: Shipper;
  readonly warnings: Warning[];
}

export async function started(options: PutlogsOptions = {}, service: EmulatorOptions = {}): Promise<Started> {
  const emulator = await startEmulator({ shards: 4, ...service });
  after(() => emulator.close());
  const shipper = createShipper({ ...optionsFor(emulator), retry: { baseMs: 1, maxMs: 20 }, ...options });
  after(() => shipper.close({ timeoutMs: 0 }));
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
