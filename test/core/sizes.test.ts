// Batches and records above the limits that the services document: what the user sets arrives, if the service takes it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TARGETS } from '@putlogs/core/internal/options/target-facts';
import { contentsOf, type EmulatorOptions } from '../support/emulator';
import { assertLedger } from '../support/ledger';
import { emulatorAndShipper, write } from '../support/shipper';
import { TARGET_NAMES, type TargetName, targetNamed } from '../support/targets';
import { loggedTo } from '../support/winston-logs';

const MARK = /…\[truncated \d+ bytes\]$/;
const LARGE: EmulatorOptions = { maxBodyBytes: 12 * 2 ** 20, maxLogBytes: 12 * 2 ** 20, slsMaxLogs: 40_960 };

for (const name of ['volc-tls', 'aliyun-sls'] as const) {
  const { maxBatchBytes, maxBatchCount } = TARGETS[name];

  test(`the largest batch of ${name} arrives in one request, if the service takes it`, async () => {
    const options = { batch: { maxBytes: maxBatchBytes, maxCount: maxBatchCount }, lingerMs: 60_000 };
    const { emulator, shipper } = await emulatorAndShipper(options, LARGE, targetNamed(name));
    const expected = write(shipper, 9000, (n) => `${n} ${'x'.repeat(1000)}`);
    await shipper.flush();
    assertLedger(new Map([['one', expected]]), emulator.logs());
    const { requests, rawBytes } = emulator.stats();
    assert.equal(requests, 1);
    assert.ok(rawBytes > 9 * 2 ** 20);
  });

  test(`the largest batch of ${name} is halved until a service with the documented limit takes it`, async () => {
    const options = { batch: { maxBytes: maxBatchBytes, maxCount: maxBatchCount }, lingerMs: 60_000 };
    const { emulator, shipper } = await emulatorAndShipper(options, { slsMaxLogs: 40_960 }, targetNamed(name));
    const expected = write(shipper, 9000, (n) => `${n} ${'x'.repeat(1000)}`);
    await shipper.flush();
    assertLedger(new Map([['one', expected]]), emulator.logs());
    assert.ok(shipper.stats().halved > 0);
    assert.equal(shipper.stats().dropped.rejected, 0);
  });
}

for (const name of TARGET_NAMES) {
  test(`a record of up to maxRecordBytes arrives whole at ${name}, and a longer one is cut to it`, async () => {
    const text = 'x'.repeat(1_500_000);
    const large = { lingerMs: 10, maxRecordBytes: 1_600_000 };
    const { emulator, shipper } = await emulatorAndShipper(large, LARGE, targetNamed(name));
    for (const value of [text, text + text]) assert.ok(shipper.write(JSON.stringify({ value })));
    await shipper.flush();
    const [whole, cut] = emulator.logs().map((log) => contentsOf(log)['value']!);
    assert.equal(whole, text);
    assert.match(cut!, MARK);
    assert.ok(cut!.length > 1_590_000 && cut!.length <= 1_600_000, String(cut!.length));
    assert.equal(shipper.stats().truncated, 1);
  });

  test(`a record above a smaller maxRecordBytes is cut to it at ${name}`, async () => {
    const small = { lingerMs: 10, maxRecordBytes: 16 * 1024 };
    const { emulator, shipper } = await emulatorAndShipper(small, {}, targetNamed(name));
    assert.ok(shipper.write(JSON.stringify({ a: 'x'.repeat(100_000), b: 'y'.repeat(100), c: 'z'.repeat(30_000) })));
    await shipper.flush();
    const { a, b, c } = contentsOf(emulator.logs()[0]!);
    assert.equal(b, 'y'.repeat(100));
    for (const value of [a!, c!]) assert.match(value, MARK);
    assert.ok(a!.length + c!.length > 15_000 && a!.length + c!.length < 16 * 1024);
  });
}

for (const name of ['volc-tls', 'aliyun-sls'] as const satisfies readonly TargetName[]) {
  test(`a record that ${name} refuses for its size is rejected alone`, async () => {
    const options = { maxRecordBytes: 2_000_000, lingerMs: 60_000, batch: { maxBytes: 3_000_000 } };
    const { emulator, shipper } = await emulatorAndShipper(options, {}, targetNamed(name));
    const before = write(shipper, 10);
    assert.ok(shipper.write(JSON.stringify({ value: 'x'.repeat(1_500_000) })));
    const behind = write(shipper, 10, undefined, 10);
    await shipper.flush();
    assertLedger(new Map([['one', [...before, ...behind]]]), emulator.logs());
    assert.deepEqual([shipper.stats().delivered, shipper.stats().dropped.rejected], [20, 1]);
  });
}

for (const worker of [true, false]) {
  test(`winston passes on a record of up to maxRecordBytes, ${worker ? 'with' : 'without'} a worker`, async () => {
    const { emulator } = await emulatorAndShipper({}, LARGE);
    const logged = loggedTo(() => emulator, { worker, maxRecordBytes: 5_000_000 });
    const [text, list] = ['é'.repeat(2_000_000), Array.from({ length: 100_000 }, (_, n) => n)];
    const [log, cut] = await logged({}, (logger) => {
      logger.info('whole', { text, list });
      logger.info('cut', { text: text + text + text });
    });
    const whole = contentsOf(log!);
    assert.equal(whole['text'], text);
    assert.deepEqual(JSON.parse(whole['list']!), list);
    assert.match(contentsOf(cut!)['text']!, MARK);
  });
}
