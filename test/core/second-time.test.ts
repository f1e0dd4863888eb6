// A record with two time fields, as pino writes it if the application logs a `time`: on each of the four targets.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentsOf } from '../support/emulator';
import { emulatorAndShipper } from '../support/shipper';
import { START_MS } from '../support/start-time';
import { TARGET_NAMES, targetNamed } from '../support/targets';

for (const name of TARGET_NAMES) {
  test(`the first time is that of the record, and the second one stays a field: ${name}`, async () => {
    const target = targetNamed(name);
    const { emulator, shipper } = await emulatorAndShipper({}, {}, target);
    shipper.write(`{"level":30,"time":${START_MS},"time":153,"msg":"done"}`);
    shipper.write('{"level":30,"time":"noon","msg":"done"}');
    assert.equal((await shipper.flush()).finished, true);
    const [both, unreadable] = emulator.logs();
    // With web tracking the field `time` has the time of the record, so that another one is renamed.
    const own = target.keeps.time ? 'time' : 'xtime';
    assert.equal(both!.time, START_MS);
    assert.deepEqual(contentsOf(both!), { level: 'info', [own]: '153', msg: 'done' });
    assert.ok(Math.abs(unreadable!.time - Date.now()) < 60_000);
    assert.deepEqual(contentsOf(unreadable!), { level: 'info', [own]: 'noon', msg: 'done' });
  });
}
