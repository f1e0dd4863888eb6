// What the service will not take: too large, or with a record in it that it refuses.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TARGETS } from '@putlogs/core/internal/options/target-facts';
import { zstd } from '@putlogs/core/internal/runtime/zstd';
import { contentsOf, until } from '../support/emulator';
import { assertLedger } from '../support/ledger';
import { assertConserved, emulatorAndShipper, write } from '../support/shipper';
import { target } from '../support/targets';

test('a service that accepts less than a batch gets it in parts, in order, and smaller batches afterwards', async () => {
  const { emulator, shipper, warnings } = await emulatorAndShipper({ compression: 'none', lingerMs: 60_000 });
  emulator.faults([{ maxRequestBytes: 16 * 1024 }]);
  const expected = write(shipper, 3000);
  await shipper.flush();
  const { halved, dropped, requests } = shipper.stats();
  assert.ok(halved > 0);
  assert.equal(dropped.rejected, 0);
  assert.deepEqual(warnings, []);
  for (const record of write(shipper, 3000, undefined, 3000)) expected.push(record);
  await shipper.flush();
  assert.equal(shipper.stats().halved, halved, 'the second time nothing is too large');
  assert.ok(shipper.stats().requests - requests >= 10);
  assertLedger(new Map([['one', expected]]), emulator.logs());
  assertConserved(shipper.stats());
});

const compressions = TARGETS[target.name].compressions.filter((name) => name !== 'none');

for (const compression of compressions) {
  const skip = compression === 'zstd' && zstd() === undefined && `${process.version} has no zstd`;
  test(`too many records (${compression}) go in parts, each under an id that begins with the batch’s`, {
    skip,
  }, async () => {
    const { emulator, shipper } = await emulatorAndShipper({ compression, lingerMs: 60_000 });
    emulator.faults([{ maxLogs: 100 }]);
    const expected = write(shipper, 1000);
    await shipper.flush();
    assertLedger(new Map([['one', expected]]), emulator.logs());
    // A service that keeps no pack id has '' for each.
    const ids = new Set(emulator.logs().map(({ packId }) => packId ?? ''));
    assert.equal(ids.size, target.keeps.packId ? 16 : 1);
    assert.equal(new Set([...ids].map((id) => id.slice(0, -8))).size, 1);
    assert.equal(shipper.stats().halved, 15);
    assert.equal(shipper.stats().retries, 0);
  });
}

test('a single record that is too large for the service is rejected alone', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ compression: 'none' });
  emulator.faults([{ maxRequestBytes: 8 * 1024 }]);
  const expected = write(shipper, 200, (n) => (n === 77 ? 'x'.repeat(10_000) : `${n}`)).filter(({ n }) => n !== 77);
  await shipper.flush();
  assertLedger(new Map([['one', expected]]), emulator.logs());
  assert.equal(shipper.stats().dropped.rejected, 1);
});

test('records that the service refuses cost only themselves', async () => {
  const { emulator, shipper, warnings } = await emulatorAndShipper({ lingerMs: 60_000 });
  emulator.faults([{ match: { contains: 'poison' }, code: target.codes.refused }]);
  const poison = new Set([0, 1234, 2047, 2999]);
  const expected = write(shipper, 3000, (n) => (poison.has(n) ? 'poison' : `${n}`)).filter(({ n }) => !poison.has(n));
  await shipper.flush();
  assertLedger(new Map([['one', expected]]), emulator.logs());
  assert.equal(shipper.stats().dropped.rejected, poison.size);
  assert.deepEqual(
    warnings.map(({ kind }) => kind),
    ['rejected'],
  );
  assertConserved(shipper.stats());
});

test('a flush that began before a batch was cut ends when the last of its parts is finished', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ lingerMs: 60_000 });
  emulator.faults([{ maxLogs: 3 }, { delayMs: 5 }]);
  write(shipper, 64);
  const both = Promise.all([shipper.flush(), shipper.flush()]);
  await until('it has been cut', () => shipper.stats().halved > 0);
  await both;
  assert.equal(shipper.stats().delivered, 64);
  assert.equal(emulator.logs().length, 64);
});

test('a service that refuses everything is reported, costs a few records, and gets the rest when it accepts again', async () => {
  const { emulator, shipper, warnings } = await emulatorAndShipper({ batch: { maxCount: 500 } });
  emulator.faults([{ code: target.codes.refused }]);
  write(shipper, 5000);
  await until('it is held', () => warnings.some(({ kind }) => kind === 'hold'));
  const { requests } = emulator.stats();
  await until('it is asked again', () => emulator.stats().requests >= requests + 20);
  const { dropped, pending } = shipper.stats();
  assert.ok(dropped.rejected < 32, `${dropped.rejected} of 5000 records dropped`);
  assert.equal(pending, 5000 - dropped.rejected);
  assert.match(
    warnings.find(({ kind }) => kind === 'hold')!.message,
    new RegExp(`${target.codes.refused} \\(HTTP 400\\).*too much is refused: this is held, and nothing is deleted`),
  );
  emulator.faults([]);
  await shipper.flush();
  assert.equal(emulator.logs().length, 5000 - dropped.rejected);
  assertConserved(shipper.stats());
});

test('closed while a batch is cut in parts, every record is finished', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ lingerMs: 60_000 });
  emulator.faults([{ maxLogs: 4 }, { match: { contains: 'record 100' }, delayMs: 60_000 }]);
  write(shipper, 256);
  const flushed = shipper.flush();
  await until('some parts have arrived', () => emulator.logs().length >= 64);
  await shipper.close({ timeoutMs: 0 });
  await flushed;
  const { delivered, dropped, pending } = shipper.stats();
  assert.equal(pending, 0);
  assert.equal(delivered + dropped.exit, 256);
  assert.equal(shipper.stats().pendingBytes, 0);
});

test('a refused record is in the dead-letter file, can be sent unchanged, and has no secret with it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'putlogs-fault-'));
  after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'dead.ndjson');
  const { emulator, shipper, warnings } = await emulatorAndShipper({ deadLetter: { file }, lingerMs: 60_000 });
  emulator.faults([
    { match: { contains: 'poison' }, code: target.codes.refused, message: 'Invalid argument key text' },
  ]);
  write(shipper, 100, (n) => (n % 50 === 7 ? `poison ${n} 毒` : `${n}`));
  await shipper.flush();
  const text = readFileSync(file, 'utf8');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as DeadLine);
  assert.deepEqual(
    lines.map(({ record }) => record.contents['text']),
    ['poison 7 毒', 'poison 57 毒'],
  );
  const [line] = lines;
  assert.equal(line!.reason.code, target.codes.refused);
  assert.equal(line!.reason.message, 'Invalid argument key text');
  assert.equal(line!.target['endpoint'], emulator.url);
  assert.deepEqual([shipper.stats().deadLettered, shipper.stats().deadLetterLost], [2, 0]);
  assert.match(
    warnings[0]!.message,
    new RegExp(`^1 record was refused by the service and is in the dead-letter file: ${target.codes.refused}`),
  );
  for (const secret of [emulator.accessKeySecret, emulator.accessKeyId, 'Authorization']) {
    assert.ok(!text.includes(secret), secret);
  }

  // The topic's settings are mended: the line's record is logged again.
  emulator.faults([]);
  for (const { record } of lines) shipper.write(JSON.stringify({ time: record.time, ...record.contents }));
  await shipper.flush();
  const replayed = emulator.logs().slice(98);
  assert.deepEqual(
    replayed.map((log) => [log.time, contentsOf(log)]),
    lines.map(({ record }) => [record.time, record.contents]),
  );
});

test('a dead-letter file that cannot be written is reported and counted, and the neighbours are delivered', async () => {
  const { emulator, shipper, warnings } = await emulatorAndShipper({
    deadLetter: { file: join(__filename, 'no-folder') },
  });
  emulator.faults([{ match: { contains: 'poison' }, code: target.codes.refused }]);
  write(shipper, 10, (n) => (n === 3 ? 'poison' : `${n}`));
  await shipper.flush();
  assert.equal(emulator.logs().length, 9);
  const { dropped, deadLettered, deadLetterLost } = shipper.stats();
  assert.deepEqual([dropped.rejected, deadLettered, deadLetterLost], [1, 0, 1]);
  assert.match(warnings[0]!.message, /is not in the dead-letter file, (ENOTDIR|EEXIST)/);
});

interface DeadLine {
  readonly reason: { readonly code: string; readonly message: string };
  readonly target: Readonly<Record<string, string>>;
  readonly record: { readonly time: number; readonly contents: Readonly<Record<string, string>> };
}

for (const code of target.codes.missing) {
  test(`records for a missing topic are held until it exists, and then everything arrives: ${code}`, async () => {
    const { emulator, shipper, warnings } = await emulatorAndShipper();
    emulator.faults([{ code }]);
    const expected = write(shipper, 100);
    await until('it has been asked for again', () => shipper.stats().retries >= 5);
    assert.equal(shipper.stats().pending, 100);
    assert.deepEqual(
      warnings.map(({ kind }) => kind),
      ['hold'],
    );
    assert.match(warnings[0]!.message, new RegExp(`${code} \\(HTTP 404\\)`));
    emulator.faults([]);
    await shipper.flush();
    assertLedger(new Map([['one', expected]]), emulator.logs());
  });
}
