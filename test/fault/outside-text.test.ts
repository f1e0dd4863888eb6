// Text from outside (a service, the application's module, a path) stays one bounded line without control characters.

import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createShipper, createWorkerShipper, type Warning } from '@putlogs/core';
import { runChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { environmentFor, optionsFor, startEmulator, until } from '../support/emulator';
import { emulatorAndShipper, write } from '../support/shipper';
import { target } from '../support/targets';

const FORGED = 'putlogs: 0 records are lost';
const HOSTILE = `first\r\n${FORGED}\u001b[2J\u001b]0;title\u0007\u009b31m\u202e\u2066\u200b\u0000${'x'.repeat(3000)}`;
/** What a header can carry: C1 controls are bytes above 0x7f. */
const HOSTILE_ID = `id\u009b2J\u0085${'y'.repeat(3000)}`;
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const MOST_CHARACTERS = 2500;

function assertShown(text: string): void {
  assert.doesNotMatch(text, CONTROLS);
  assert.ok(text.length < MOST_CHARACTERS, `${text.length} characters`);
}

test('a hostile message, code and request id of the service are one bounded line in warnings, events and dead letters', async () => {
  const file = join(temporaryDirectory('hostile'), 'dead.ndjson');
  const { emulator, shipper, warnings } = await emulatorAndShipper({ deadLetter: { file } });
  const events: Record<string, unknown>[] = [];
  const listen = (event: unknown) => events.push(event as Record<string, unknown>);
  for (const name of ['batch.retry', 'batch.delivered']) subscribe(`putlogs:${name}`, listen);
  const headers = { [target.requestIdHeader]: HOSTILE_ID };
  emulator.faults([
    { status: 403, code: HOSTILE, message: HOSTILE, headers, times: 1 },
    { code: target.codes.refused, message: HOSTILE, headers, times: 1 },
    { headers, delayMs: 0 },
  ]);
  write(shipper, 1);
  await shipper.flush();
  write(shipper, 1, String, 1);
  await shipper.flush();
  for (const name of ['batch.retry', 'batch.delivered']) unsubscribe(`putlogs:${name}`, listen);
  await until('both refusals are reported', () => warnings.length === 2);
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['BATCH_HELD', 'RECORDS_REJECTED'],
  );
  for (const { message } of warnings) {
    assertShown(message);
    assert.match(message, /more characters\]/);
  }
  assert.deepEqual([...new Set(events.flatMap(Object.keys))].filter((name) => /code|requestId/.test(name)).sort(), [
    'code',
    'requestId',
  ]);
  for (const event of events) for (const value of Object.values(event)) assertShown(String(value));
  const { reason } = JSON.parse(readFileSync(file, 'utf8')) as { reason: Record<string, string | number> };
  for (const name of ['code', 'message', 'requestId']) assertShown(String(reason[name]));
});

for (const [where, open] of [
  ['in the application’s thread', createShipper],
  ['in a worker', createWorkerShipper],
] as const) {
  test(`a hostile error of transform is one bounded line: ${where}`, async () => {
    const emulator = await startEmulator();
    after(() => emulator.close());
    const transform = join(temporaryDirectory('hostile-transform'), 'throws.cjs');
    writeFileSync(transform, `module.exports = () => { throw new Error(${JSON.stringify(HOSTILE)}); };`);
    const warnings = await warningsOf(open({ ...optionsFor(emulator), transform }));
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['TRANSFORM_FAILED'],
    );
    assertShown(warnings[0]!.message);
    assert.equal(emulator.logs().length, 1);
  });

  test(`a transform that throws something without a message loses no record: ${where}`, async () => {
    const emulator = await startEmulator();
    after(() => emulator.close());
    const transform = join(temporaryDirectory('mute-transform'), 'throws.cjs');
    writeFileSync(transform, 'module.exports = () => { throw Object.create(null); };');
    const warnings = await warningsOf(open({ ...optionsFor(emulator), transform }));
    assert.match(warnings[0]!.message, /^transform failed, .*without a readable message/);
    assert.equal(emulator.logs().length, 1);
  });

  test(`a path with line breaks and escapes in its name is one line: ${where}`, async () => {
    const emulator = await startEmulator();
    after(() => emulator.close());
    const parent = join(temporaryDirectory('hostile-path'), `a\n${FORGED}\u001b[2J`);
    mkdirSync(parent);
    writeFileSync(join(parent, 'file'), '');
    const dir = join(parent, 'file', 'spool');
    const warnings = await warningsOf(open({ ...optionsFor(emulator), spool: { dir, mode: 'always' } }));
    assert.equal(warnings[0]?.code, 'SPOOL_UNUSABLE');
    for (const { message } of warnings) assertShown(message);
    assert.equal(emulator.logs().length, 1);
  });
}

test('whatever a service answers, each line on stderr begins with putlogs', async () => {
  const emulator = await startEmulator();
  after(() => emulator.close());
  emulator.faults([{ status: 403, code: HOSTILE, message: HOSTILE, times: 1 }]);
  const { stderr } = await runChild(join(__dirname, '../core/apps/in-thread.js'), {
    args: [JSON.stringify({ count: 1, end: 'natural' })],
    env: environmentFor(emulator),
  });
  const lines = stderr.trim().split('\n');
  assert.equal(lines.length, 1, stderr);
  assert.match(lines[0]!, /^putlogs: 1 record was not delivered, first putlogs: 0 records are lost x/);
  assertShown(lines[0]!);
});

async function warningsOf(shipper: ReturnType<typeof createShipper>): Promise<Warning[]> {
  const warnings: Warning[] = [];
  shipper.on('warning', (warning) => warnings.push(warning));
  shipper.write('{"message":"one"}');
  await shipper.flush();
  await shipper.close();
  return warnings;
}

test('putlogs dead-letter ls shows a hostile line of the file as one row', async () => {
  const file = join(temporaryDirectory('hostile-letters'), 'dead.ndjson');
  const reason = { code: HOSTILE, message: HOSTILE };
  const letter = { time: '2026-01-01T00:00:00.000Z', reason, target: { topicId: HOSTILE }, packId: 'p', index: 0 };
  writeFileSync(file, `${JSON.stringify({ ...letter, hashKey: 'h', envelope: {}, record: {}, raw: '' })}\n`);
  const command = join(__dirname, '../../../packages/cli/bin/putlogs.js');
  const { stdout, code } = await runChild(command, { args: ['dead-letter', 'ls', '--dead-letter-file', file] });
  assert.equal(code, 0);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, 4, stdout);
  for (const line of lines) assertShown(line);
});
