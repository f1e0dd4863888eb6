// Names that every JavaScript object has, as names of fields and tags that a user chooses.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createShipper, createWorkerShipper, type PutlogsOptions } from '@putlogs/core';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import { contentsOf, type Emulator, emulatorForTest, optionsFor } from '../support/emulator';
import { ended, flushed, startPino } from '../support/pino-destination';

/** In the text of JSON, and in variables and flags, they are names like any other. */
const NAMES = JSON.parse('{"__proto__":"p","constructor":"c","toString":"t"}') as Record<string, string>;
const OPTIONS: PutlogsOptions = {
  tags: NAMES,
  fields: NAMES,
  rename: JSON.parse('{"__proto__":"own","constructor":"made"}') as Record<string, string>,
  levels: JSON.parse('{"__proto__":35}') as Record<string, number>,
};
const RECORD = '{"level":35,"__proto__":"of the record"}';

function assertArrived(emulator: Emulator): void {
  const [log] = emulator.logs();
  assert.deepEqual(contentsOf(log!), { level: '__proto__', own: 'of the record', made: 'c', toString: 't' });
  assert.deepEqual(Object.entries(NAMES), tagsOf(emulator));
  const made = {} as Record<string, unknown>;
  assert.deepEqual([made['p'], made['own'], Object.keys(Object.prototype)], [undefined, undefined, []]);
}

function tagsOf(emulator: Emulator): [string, string][] {
  return emulator.logs()[0]!.tags.map(({ key, value }) => [key, value]);
}

for (const [where, create] of [
  ['in this thread', createShipper],
  ['in a worker', createWorkerShipper],
] as const) {
  test(`fields, tags, new names and levels called __proto__ and constructor arrive: ${where}`, async () => {
    const emulator = await emulatorForTest();
    const shipper = create({ ...optionsFor(emulator), ...OPTIONS });
    after(() => shipper.close({ timeoutMs: 0 }));
    shipper.write(RECORD);
    await shipper.flush();
    assertArrived(emulator);
  });
}

test('options named __proto__ and constructor arrive in the worker of pino', async () => {
  const emulator = await emulatorForTest();
  const destination = startPino({ target: '@putlogs/pino', options: { ...optionsFor(emulator), ...OPTIONS } });
  destination.write(`${RECORD}\n`);
  await flushed(pino(destination));
  await ended(destination);
  assertArrived(emulator);
});

for (const worker of [true, false]) {
  test(`tags and fields called __proto__ and constructor arrive: winston with worker: ${worker}`, async () => {
    const emulator = await emulatorForTest();
    const transport = new PutlogsTransport({ ...optionsFor(emulator), ...OPTIONS, worker });
    transport.log({ level: 'info', message: 'done' }, () => {});
    await transport.flush();
    const contents = contentsOf(emulator.logs()[0]!);
    assert.deepEqual([contents['own'], contents['made'], contents['toString']], ['p', 'c', 't']);
    assert.deepEqual(tagsOf(emulator), Object.entries(NAMES));
    transport.close();
  });
}
