// Records that are many times longer than the service accepts, through every way in: they arrive with all their fields.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createShipper, createWorkerShipper, type PutlogsOptions } from '@putlogs/core';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import { temporaryDirectory } from '../support/directory';
import { contentsOf, type Emulator, emulatorForTest, optionsFor } from '../support/emulator';
import { ended, flushed, startPino } from '../support/pino-destination';
import { START_MS } from '../support/start-time';

const LONG = 'x'.repeat(6 * 1024 * 1024);
const RECORD = JSON.stringify({ level: 30, time: START_MS, body: LONG, user: { id: 7 }, msg: 'done' });

function assertArrived(emulator: Emulator, timeMs?: number): void {
  const [log, next] = emulator.logs();
  const { body, message, msg = message, ...others } = contentsOf(log!);
  assert.match(body!, /^x{1000000,}…\[truncated \d+ bytes\]$/);
  assert.equal(body!.indexOf('…') + Number(/(\d+) bytes/.exec(body!)![1]), LONG.length);
  assert.deepEqual([others['level'], others['user'], msg], ['info', '{"id":7}', 'done']);
  if (timeMs !== undefined) assert.equal(log!.time, timeMs);
  assert.equal(contentsOf(next!)['next'], '1');
}

const directory = temporaryDirectory('long-records');
const transform = join(directory, 'seen.cjs');
writeFileSync(transform, 'module.exports = (record) => ({ ...record, seen: Object.keys(record).length });');

for (const [where, create, options] of [
  ['in this thread', createShipper, {}],
  ['in a worker', createWorkerShipper, {}],
  ['with a transform', createShipper, { transform }],
] as [string, typeof createShipper, PutlogsOptions][]) {
  test(`a record of 6 MiB keeps its time and its fields: ${where}`, async () => {
    const emulator = await emulatorForTest();
    const shipper = create({ ...optionsFor(emulator), ...options });
    after(() => shipper.close({ timeoutMs: 0 }));
    assert.ok(shipper.write(RECORD));
    assert.ok(shipper.write('{"next":1}'));
    assert.equal((await shipper.flush()).finished, true);
    assertArrived(emulator, START_MS);
    assert.equal(shipper.stats().truncated, 1);
    if (options.transform !== undefined) assert.equal(contentsOf(emulator.logs()[0]!)['seen'], '5');
  });
}

test('a line of 6 MiB from pino keeps its time and its fields', async () => {
  const emulator = await emulatorForTest();
  const destination = startPino({ target: '@putlogs/pino', options: optionsFor(emulator) });
  const logger = pino({ base: null, timestamp: () => `,"time":${START_MS}` }, destination);
  logger.info({ body: LONG, user: { id: 7 } }, 'done');
  logger.info({ next: 1 });
  await flushed(logger);
  assertArrived(emulator, START_MS);
  await ended(destination);
});

test('a record of 6 MiB keeps its fields: winston', async () => {
  const emulator = await emulatorForTest();
  const transport = new PutlogsTransport({ ...optionsFor(emulator), worker: false });
  transport.log({ level: 'info', message: 'done', body: LONG, user: { id: 7 } }, () => {});
  transport.log({ level: 'info', message: 'done', next: 1 }, () => {});
  await transport.flush();
  const [{ contents }] = emulator.logs() as [ReturnType<Emulator['logs']>[number]];
  const values = Object.fromEntries(contents.map(({ key, value }) => [key, value]));
  assert.deepEqual([values['level'], values['message'], values['user']], ['info', 'done', '{"id":7}']);
  assert.match(values['body']!, /^x+…\[truncated \d+ bytes\]$/);
  transport.close();
});
