// What can be watched from outside: diagnostics channels and NODE_DEBUG.

import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { test } from 'node:test';
import { createShipper } from '@putlogs/core';
import { runChild } from '../support/child';
import { contentsOf, emulatorForTest, environmentFor, optionsFor } from '../support/emulator';

test('deliveries, retries and losses are published, to those who subscribe', async () => {
  const emulator = await emulatorForTest();
  emulator.faults([{ match: { nth: 1 }, status: 503 }]);
  const seen: { event: string; message: Record<string, unknown> }[] = [];
  const events = ['batch.delivered', 'batch.retry', 'records.dropped'];
  const listeners = events.map((event) => {
    const listener = (message: unknown) => {
      const fields = message as Record<string, unknown>;
      if (fields['instance'] === 'watched') seen.push({ event, message: fields });
    };
    subscribe(`putlogs:${event}`, listener);
    return () => unsubscribe(`putlogs:${event}`, listener);
  });
  const shipper = createShipper({ ...optionsFor(emulator), instance: 'watched', retry: { baseMs: 1, maxMs: 5 } });
  shipper.write('{"a":1}');
  await shipper.flush();
  emulator.faults([{ status: 503 }]);
  shipper.write('{"a":2}');
  await shipper.close({ timeoutMs: 20 });
  for (const stop of listeners) stop();

  const [retry, delivered] = seen;
  assert.equal(retry!.event, 'batch.retry');
  assert.equal(retry!.message['code'], 'InternalServerError');
  assert.equal(delivered!.event, 'batch.delivered');
  assert.equal(delivered!.message['records'], 1);
  assert.equal(delivered!.message['packId'], emulator.logs()[0]!.packId);
  assert.deepEqual(seen.at(-1), {
    event: 'records.dropped',
    message: { instance: 'watched', reason: 'exit', records: 1 },
  });
  const secret = emulator.accessKeySecret;
  assert.ok(!JSON.stringify(seen).includes(secret));
});

test('NODE_DEBUG=putlogs prints them, without secrets', async () => {
  const emulator = await emulatorForTest({ accessKeySecret: 'a-secret-to-be-searched-for' });
  const result = await runChild(join(__dirname, 'apps/in-thread.js'), {
    args: [JSON.stringify({ count: 3, end: 'natural' })],
    env: { ...environmentFor(emulator), NODE_DEBUG: 'putlogs' },
  });
  assert.match(result.stderr, /PUTLOGS \d+: batch\.delivered \{"instance":.*"records":3/);
  assert.ok(!(result.stderr + result.stdout).includes('a-secret-to-be-searched-for'));
});

test('a subscriber that logs by the same shipper changes no record that is being accepted', async () => {
  const emulator = await emulatorForTest();
  emulator.faults([{ status: 503 }]);
  const shipper = createShipper({
    ...optionsFor(emulator),
    instance: 'answering',
    compression: 'none',
    batch: { maxBytes: 64 * 1024 },
    memory: { maxBytes: 1024 * 1024, whenFull: 'dropOldest' },
  });
  let answers = 0;
  const answer = (message: unknown) => {
    if ((message as { instance: string }).instance === 'answering' && shipper.write('{"n":"answer"}')) answers += 1;
  };
  subscribe('putlogs:records.dropped', answer);
  const padding = 'x'.repeat(1000);
  for (let n = 0; n < 3000; n += 1) shipper.write(JSON.stringify({ n, padding }));
  unsubscribe('putlogs:records.dropped', answer);
  assert.ok(answers > 10, `${answers} answers`);
  emulator.faults([]);
  await shipper.close();
  const arrived = emulator.logs().map(contentsOf);
  const own = arrived.filter(({ n }) => n !== 'answer');
  assert.ok(arrived.length > own.length);
  const numbers = own.map(({ n }) => Number(n));
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
    'each once, in order',
  );
  assert.ok(own.every((contents) => contents['padding'] === padding));
  const { accepted, delivered, dropped } = shipper.stats();
  assert.deepEqual([accepted, delivered], [3000 + answers, arrived.length]);
  assert.equal(dropped.memory, accepted - delivered);
});
