// The core in one thread, against a service that checks every byte.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createShipper, type Shipper, type Stats, type Warning } from '@putlogs/core';
import { contentsOf, type Emulator, until } from '../support/emulator';
import { assertLedger, type ExpectedRecord } from '../support/ledger';
import { emulatorAndShipper } from '../support/shipper';

function write(shipper: Shipper, count: number, from = 0): ExpectedRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    const accepted = shipper.write(JSON.stringify({ time: 1_760_000_000_000 + n, instance: 'one', n, text: `第${n}` }));
    assert.ok(accepted);
    const contents = { instance: 'one', n: String(n), text: `第${n}` };
    return { n, timeMs: 1_760_000_000_000 + n, contents: new Map(Object.entries(contents)) };
  });
}

function assertConserved({ accepted, delivered, spooled, pending, dropped }: Stats): void {
  const lost = Object.values(dropped).reduce((sum, records) => sum + records, 0);
  assert.equal(accepted, delivered + spooled + pending + lost);
  assert.ok(pending >= 0);
}

function warningsOf(shipper: Shipper): Warning[] {
  const warnings: Warning[] = [];
  shipper.on('warning', (warning) => warnings.push(warning));
  return warnings;
}

test('flush means acknowledged: every record, once, unchanged, in order, under one hash key', async () => {
  const { emulator, shipper } = await emulatorAndShipper({
    instance: 'one',
    source: 'here',
    fileName: 'app.log',
    tags: { a: 'b' },
  });
  const expected = write(shipper, 10_000);
  await shipper.flush();
  assertLedger(new Map([['one', expected]]), emulator.logs());
  const stats = shipper.stats();
  assert.deepEqual([stats.accepted, stats.delivered, stats.pending], [10_000, 10_000, 0]);
  const [first] = emulator.logs({ limit: 1 });
  assert.equal(first!.source, 'here');
  assert.equal(first!.fileName, 'app.log');
  assert.deepEqual(first!.tags, [{ key: 'a', value: 'b' }]);
  const keys = new Set(emulator.logs().map(({ hashKey }) => hashKey));
  assert.deepEqual([...keys], [createHash('md5').update('one').digest('hex')]);
  assert.equal(stats.requests, emulator.stats().requests);
  assert.equal(stats.rawBytes, emulator.stats().rawBytes);
  assert.equal(stats.wireBytes, emulator.stats().wireBytes);
});

test('flush with nothing written resolves, and so do many at once', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ lingerMs: 60_000 });
  await shipper.flush();
  write(shipper, 10);
  await Promise.all([shipper.flush(), shipper.flush(), shipper.flush()]);
  assert.equal(emulator.stats().logs, 10);
});

test('a batch is sent when it is full, by count or by bytes, and never exceeds them', async () => {
  const byCount = await emulatorAndShipper({ batch: { maxCount: 7 }, lingerMs: 60_000 });
  write(byCount.shipper, 20);
  await until('two full batches', () => byCount.emulator.stats().logs === 14);
  await byCount.shipper.flush();
  assert.deepEqual(sizes(byCount.emulator), [7, 7, 6]);

  const byBytes = await emulatorAndShipper({ batch: { maxBytes: 2048 }, compression: 'none', lingerMs: 60_000 });
  write(byBytes.shipper, 500);
  await byBytes.shipper.flush();
  const { requests, rawBytes, logs } = byBytes.emulator.stats();
  assert.equal(logs, 500);
  // The envelope around the records comes on top.
  assert.ok(rawBytes / requests <= 2048 + 200, `${rawBytes / requests} bytes a batch`);
  assert.ok(rawBytes / requests > 1500, 'batches are filled');
});

function sizes(emulator: Emulator): number[] {
  const counts = new Map<number, number>();
  for (const { batch } of emulator.logs()) counts.set(batch, (counts.get(batch) ?? 0) + 1);
  return [...counts.values()];
}

test('a batch is sent lingerMs after its first record, whatever the number of later records', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ lingerMs: 40 });
  let n = 0;
  const steady = setInterval(() => write(shipper, 1, n++), 5);
  try {
    await until('a record arrives while others keep coming', () => emulator.stats().logs > 0);
  } finally {
    clearInterval(steady);
  }
});

for (const compression of ['lz4', 'zlib', 'none'] as const) {
  test(`records compressed as ${compression} are read by the service`, async () => {
    const { emulator, shipper } = await emulatorAndShipper({ compression });
    const expected = write(shipper, 3000);
    await shipper.flush();
    assertLedger(new Map([['one', expected]]), emulator.logs());
  });
}

test('records of one key stay in order across failures, and conservation holds at every reading', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ batch: { maxCount: 50 }, retry: { baseMs: 1, maxMs: 20 } });
  emulator.faults([
    { match: { nth: 2 }, status: 500, code: 'InternalServerError' },
    { match: { nth: 5 }, status: 429, code: 'ExceedQPSLimit', headers: { 'retry-after': '0' } },
    { match: { nth: 9 }, swallow: 'before' },
    { match: { nth: 11 }, resetAfterBytes: 100 },
    { match: { nth: 14 }, status: 503, body: '<html>busy</html>' },
  ]);
  const poll = setInterval(() => assertConserved(shipper.stats()), 1);
  const expected = write(shipper, 2000);
  await shipper.flush();
  clearInterval(poll);
  assertLedger(new Map([['one', expected]]), emulator.logs());
  const stats = shipper.stats();
  // The two that broke a connection in use again went once more at once: that is no failure of the service.
  assert.equal(stats.retries, 3);
  assert.equal(stats.requests, 40 + 5);
  assertConserved(stats);
});

test('an answer that is lost makes one batch arrive twice, the same bytes under the same pack id', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ batch: { maxCount: 100 }, retry: { baseMs: 1, maxMs: 5 } });
  emulator.faults([{ match: { nth: 2 }, swallow: 'after' }]);
  write(shipper, 300);
  await shipper.flush();
  const logs = emulator.logs();
  assert.equal(logs.length, 400);
  const batches = [1, 2, 3, 4].map((batch) => logs.filter((log) => log.batch === batch));
  const content = (batch: number) =>
    batches[batch]!.map(({ packId, time, timeNs, contents }) => ({ packId, time, timeNs, contents }));
  assert.deepEqual(content(2), content(1));
  assert.notEqual(batches[0]![0]!.packId, batches[1]![0]!.packId);
});

test('a record that the service refuses for good is counted and reported, and all others are delivered', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ batch: { maxCount: 10 } });
  const warnings = warningsOf(shipper);
  emulator.faults([{ match: { contains: '第13' }, code: 'InvalidArgument', message: 'Invalid argument key x' }]);
  const expected = write(shipper, 30).filter(({ n }) => n !== 13);
  await shipper.flush();
  const stats = shipper.stats();
  assert.equal(stats.delivered, 29);
  assert.equal(stats.dropped.rejected, 1);
  assertConserved(stats);
  assertLedger(new Map([['one', expected]]), emulator.logs());
  assert.equal(warnings[0]!.kind, 'rejected');
  assert.match(
    warnings[0]!.message,
    /^1 record was refused by the service and is lost .*InvalidArgument \(HTTP 400\): Invalid argument key x \[request /,
  );
});

test('a wrong key holds the records, is reported, and is tried again', async () => {
  const { emulator, shipper } = await emulatorAndShipper({
    credentials: { accessKeyId: 'demo', accessKeySecret: 'not-the-secret' },
    retry: { baseMs: 1, maxMs: 4 },
  });
  const warnings = warningsOf(shipper);
  write(shipper, 5);
  await until('it asks again', () => emulator.stats().requests >= 3);
  assert.equal(shipper.stats().pending, 5);
  assert.deepEqual(Object.keys(emulator.stats().rejected), ['SignatureDoesNotMatch']);
  assert.match(warnings[0]!.message, /SignatureDoesNotMatch \(HTTP 403\)/);
  assert.doesNotMatch(JSON.stringify([warnings, shipper.stats()]), /not-the-secret/);
  assert.equal(warnings.length, 1);
});

test('memory is bounded: records that do not fit are refused and counted, and accepted ones are delivered', async () => {
  const maxBytes = 1024 * 1024;
  const { emulator, shipper } = await emulatorAndShipper({
    memory: { maxBytes },
    compression: 'none',
    retry: { baseMs: 1, maxMs: 5 },
  });
  emulator.faults([{ status: 503 }]);
  const record = JSON.stringify({ text: 'x'.repeat(1000) });
  let refused = 0;
  for (let i = 0; i < 3000; i += 1) {
    if (!shipper.write(record)) refused += 1;
    assert.ok(shipper.stats().pendingBytes <= maxBytes + 2048);
  }
  assert.ok(refused > 1500, `${refused} refused`);
  assert.equal(shipper.stats().refused.memory, refused);
  assert.equal(shipper.stats().accepted, 3000 - refused);
  emulator.faults([]);
  await shipper.flush();
  assert.equal(emulator.stats().logs, 3000 - refused);
  assert.equal(shipper.stats().pendingBytes, 0);
});

test('with dropOldest, the oldest records are dropped when memory is full, and the newest arrive in order', async () => {
  const maxBytes = 1024 * 1024;
  const memory = { maxBytes, whenFull: 'dropOldest' as const };
  const batch = { maxCount: 50 };
  const { emulator, shipper } = await emulatorAndShipper({
    memory,
    batch,
    compression: 'none',
    retry: { baseMs: 1, maxMs: 5 },
  });
  emulator.faults([{ status: 503 }]);
  const text = 'x'.repeat(1000);
  for (let n = 0; n < 3000; n += 1) {
    assert.ok(shipper.write(JSON.stringify({ n, text })));
    assert.ok(shipper.stats().pendingBytes <= maxBytes + 2048);
  }
  const dropped = shipper.stats().dropped.memory;
  assert.ok(dropped > 1900, `${dropped} dropped`);
  emulator.faults([]);
  await shipper.flush();
  assertConserved(shipper.stats());
  const numbers = emulator.logs().map((log) => Number(contentsOf(log)['n']));
  assert.equal(numbers.length, 3000 - dropped);
  assert.equal(numbers.at(-1), 2999);
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
  );
});

test('close delivers pending records, accepts no more, and returns the same promise each time', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ lingerMs: 60_000 });
  write(shipper, 10);
  const closing = shipper.close();
  assert.equal(shipper.write('{"late":1}'), false);
  assert.equal(shipper.close({ timeoutMs: 0 }), closing);
  await closing;
  assert.equal(emulator.stats().logs, 10);
  assert.equal(shipper.stats().refused.closed, 1);
  await shipper.flush();
});

test('close ends at its deadline, and pending records are counted and reported', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ retry: { baseMs: 1, maxMs: 5 } });
  const warnings = warningsOf(shipper);
  emulator.faults([{ status: 503 }]);
  write(shipper, 10);
  const flushed = shipper.flush();
  await shipper.close({ timeoutMs: 60 });
  await flushed;
  const stats = shipper.stats();
  assert.equal(stats.dropped.exit, 10);
  assert.equal(stats.pending, 0);
  assertConserved(stats);
  assert.match(
    warnings.at(-1)!.message,
    /^10 records are lost: .* 60 ms \(closeTimeoutMs\); set spool\.dir to keep such records for the next process$/,
  );
});

test('an attempt at a service that answers byte by byte ends at requestTimeoutMs, and is repeated', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ requestTimeoutMs: 100, retry: { baseMs: 1, maxMs: 5 } });
  emulator.faults([
    { times: 1, slowBodyBytesPerSecond: 1, status: 500, code: 'InternalError', message: 'slow'.repeat(50) },
  ]);
  const warnings = warningsOf(shipper);
  write(shipper, 1);
  await shipper.flush();
  assert.equal(emulator.stats().logs, 1);
  assert.match(warnings[0]!.message, /TIMEOUT: no complete answer within 100 ms \(requestTimeoutMs\)/);
});

test('without a hash key, batches go to any shard and several are in flight', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ hashKey: 'none', concurrency: 4, batch: { maxCount: 10 } });
  emulator.faults([{ times: 4, delayMs: 150 }]);
  const startMs = performance.now();
  write(shipper, 80);
  await shipper.flush();
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs < 450, `four answers of 150 ms took ${tookMs} ms, one after the other they take 600`);
  assert.equal(emulator.stats().logs, 80);
  assert.deepEqual(
    emulator.stats().shards.map(({ logs }) => logs > 0),
    [true, true, true, true],
  );
  assert.ok(emulator.logs().every(({ hashKey }) => hashKey === ''));
});

test('a hash key in the options is sent unchanged', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ hashKey: `${'F'.repeat(31)}0` });
  write(shipper, 1);
  await shipper.flush();
  assert.equal(emulator.logs()[0]!.hashKey, `${'f'.repeat(31)}0`);
  assert.equal(emulator.logs()[0]!.shard, 3);
});

test('bytes are accepted as texts are, and bytes that are not UTF-8 become U+FFFD', async () => {
  const { emulator, shipper } = await emulatorAndShipper();
  assert.ok(shipper.write(Buffer.from('{"a":"é"}')));
  assert.ok(shipper.write(new Uint8Array([...Buffer.from('{"a":"'), 0xff, ...Buffer.from('"}')])));
  assert.ok(shipper.write(`{"a":"${'long '.repeat(100_000)}"}`));
  assert.ok(shipper.write('{"a":"\ud83d"}'));
  await shipper.flush();
  const values = emulator.logs().map((log) => contentsOf(log)['a']);
  assert.deepEqual(values, ['é', '\ufffd', 'long '.repeat(100_000), '\ufffd']);
});

test('enabled: false refuses everything and connects to nothing', async () => {
  const shipper = createShipper({ enabled: false });
  assert.equal(shipper.write('{"a":1}'), false);
  await shipper.flush();
  await shipper.close();
  assert.equal(shipper.stats().refused.disabled, 1);
  assert.equal(shipper.stats().accepted, 0);
});

test('a record that is too long is sent cut, and is counted', async () => {
  const { emulator, shipper } = await emulatorAndShipper();
  shipper.write(JSON.stringify({ a: 'x'.repeat(3_000_000), b: 'short' }));
  await shipper.flush();
  const contents = contentsOf(emulator.logs()[0]!);
  assert.match(contents['a']!.slice(-40), /…\[truncated \d+ bytes\]$/);
  assert.equal(contents['b'], 'short');
  assert.equal(shipper.stats().truncated, 1);
});

test('a warning that is logged itself makes no more warnings', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ retry: { baseMs: 1, maxMs: 5 } });
  const warnings = warningsOf(shipper);
  shipper.on('warning', ({ message }) => shipper.write(JSON.stringify({ message })));
  emulator.faults([{ status: 503 }]);
  shipper.write('{"message":"the first"}');
  await until('it has failed often', () => shipper.stats().retries >= 20);
  assert.equal(warnings.length, 1);
  assert.equal(shipper.stats().accepted, 2);
  emulator.faults([]);
  await shipper.flush();
  const messages = emulator.logs().map((log) => contentsOf(log)['message']);
  assert.deepEqual(messages, ['the first', warnings[0]!.message]);
});
