// Records on disk: real processes, real files, a service that comes and goes.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createShipper, type PutlogsOptions, type Shipper, type Stats, type Warning } from '@putlogs/core';
import { ROOT } from '@putlogs/core/internal/spool/names';
import { type ChildResult, runChild, startChild } from '../support/child';
import { leftIn, segmentsIn, temporaryDirectory } from '../support/directory';
import {
  closedPort,
  contentsOf,
  type Emulator,
  emulatorForTest,
  environmentFor,
  optionsFor,
  until,
} from '../support/emulator';
import { assertLedger, checkLedger, type ExpectedRecord } from '../support/ledger';
import { shipperForTest } from '../support/shipper';
import { LIVES_ON_ONE_DIRECTORY } from '../support/sizes';
import { START_MS } from '../support/start-time';
import type { SpoolingPlan } from './apps/spooling';

const app = join(__dirname, 'apps/spooling.js');

/** Small batches, so that a test has many. */
const SMALL = { batch: { maxCount: 10 }, lingerMs: 20, retry: { baseMs: 5, maxMs: 40 } };

function spooling(emulator: Emulator, dir: string, options: PutlogsOptions = {}): Shipper {
  const { spool, ...rest } = options;
  return shipperForTest({
    ...optionsFor(emulator),
    ...SMALL,
    instance: 'one',
    spool: { dir, ...spool },
    ...rest,
  });
}

function expectedOf(from: number, count: number, instance = 'one'): ExpectedRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    return {
      n,
      timeMs: START_MS + n,
      contents: new Map([
        ['instance', instance],
        ['n', `${n}`],
        ['text', `第${n}条`],
      ]),
    };
  });
}

function write(shipper: Shipper, from: number, count: number): ExpectedRecord[] {
  for (let n = from; n < from + count; n += 1) {
    shipper.write(JSON.stringify({ time: START_MS + n, instance: 'one', n, text: `第${n}条` }));
  }
  return expectedOf(from, count);
}

function assertConserved({ accepted, recovered, delivered, spooled, pending, dropped }: Stats): void {
  const lost = Object.values(dropped).reduce((sum, records) => sum + records, 0);
  assert.equal(accepted + recovered, delivered + spooled + pending + lost);
  assert.ok(pending >= 0 && spooled >= 0, JSON.stringify({ pending, spooled }));
}

function run(emulator: Emulator, dir: string, plan: Partial<SpoolingPlan>, env: Record<string, string> = {}) {
  const whole: SpoolingPlan = { instance: 'one', from: 0, count: 200, burst: 10, pauseMs: 0, end: 'natural', ...plan };
  const small = { PUTLOGS_BATCH_MAX_COUNT: '10', PUTLOGS_LINGER_MS: '20', PUTLOGS_CLOSE_TIMEOUT_MS: '300' };
  return {
    args: [JSON.stringify(whole)],
    env: { ...environmentFor(emulator), ...small, PUTLOGS_SPOOL_DIR: dir, ...env },
  };
}

function statsOf({ stdout, stderr }: ChildResult): Stats {
  const line = stdout.split('\n').find((text) => text.startsWith('{"accepted"'));
  assert.ok(line, stdout + stderr);
  return JSON.parse(line) as Stats;
}

test('an outage fills the disk and not the memory, and afterwards everything arrives, in order, and the disk is empty', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('spool');
  const shipper = spooling(emulator, dir);
  emulator.faults([{ status: 503 }]);
  const poll = setInterval(() => assertConserved(shipper.stats()), 1);
  after(() => clearInterval(poll));
  const expected = write(shipper, 0, 1000);
  await until('the outage is noticed', () => shipper.stats().spooled >= 1000);
  assert.equal(segmentsIn(dir).length, 1);
  assert.ok(shipper.stats().pendingBytes < 100 * 600, `${shipper.stats().pendingBytes} bytes in memory`);
  for (const record of write(shipper, 1000, 500)) expected.push(record);
  emulator.faults([]);
  await shipper.flush();
  clearInterval(poll);
  assertLedger(new Map([['one', expected]]), emulator.logs());
  await shipper.close();
  assert.deepEqual(leftIn(dir), []);
  const stats = shipper.stats();
  assert.deepEqual([stats.delivered, stats.spooled, stats.pending], [1500, 0, 0]);
});

test('with mode always a batch is on disk before it is sent, and gone when it is acknowledged', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('spool');
  const shipper = spooling(emulator, dir, { spool: { mode: 'always' } });
  emulator.faults([{ times: 1, delayMs: 100 }]);
  const expected = write(shipper, 0, 50);
  assert.equal(shipper.stats().spooled, 50);
  assert.equal(segmentsIn(dir).length, 1);
  await shipper.flush();
  assertLedger(new Map([['one', expected]]), emulator.logs());
  assert.equal(shipper.stats().spooled, 0);
  await shipper.close();
  assert.deepEqual(leftIn(dir), []);
});

test('when memory is full, batches go to disk, and nothing is refused', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('spool');
  const maxBytes = 1024 * 1024;
  const shipper = spooling(emulator, dir, { memory: { maxBytes }, compression: 'none', batch: { maxCount: 100 } });
  // Silence, not an error: no failure shows an outage.
  emulator.faults([{ times: 1, delayMs: 400 }]);
  const text = 'x'.repeat(1000);
  for (let n = 0; n < 5000; n += 1) {
    assert.ok(shipper.write(JSON.stringify({ n, text })));
    assert.ok(shipper.stats().pendingBytes <= maxBytes + 2048);
  }
  assert.ok(shipper.stats().spooled > 3000, `${shipper.stats().spooled}`);
  await shipper.flush();
  assert.deepEqual(
    emulator.logs().map((log) => Number(contentsOf(log)['n'])),
    Array.from({ length: 5000 }, (_, n) => n),
  );
});

for (const end of ['natural', 'exit', 'close'] as const) {
  test(`a process that ends by ${end} while the service is down leaves its records to the next process`, async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('spool');
    // The same topic behind another address: the next process takes its records all the same.
    const down = { PUTLOGS_ENDPOINT: `http://127.0.0.1:${await closedPort()}` };
    const first = await runChild(app, run(emulator, dir, { end }, down));
    assert.equal(first.code, 0, first.stderr);
    assert.equal(statsOf(first).spooled, 200);
    assert.equal(statsOf(first).dropped.exit, 0);
    assert.doesNotMatch(first.stderr, /lost/);
    const second = await runChild(app, run(emulator, dir, { from: 200, count: 50 }));
    assert.equal(statsOf(second).recovered, 200);
    assertConserved(statsOf(second));
    assertLedger(new Map([['one', expectedOf(0, 250)]]), emulator.logs());
    assert.deepEqual(leftIn(dir), []);
  });
}

test('killed with -9 in the middle, a process with mode always loses no sealed batch, and the next sends them first', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('spool');
  emulator.faults([{ status: 503 }]);
  const options = run(emulator, dir, { count: 100_000, pauseMs: 1 }, { PUTLOGS_SPOOL_MODE: 'always' });
  const child = startChild(app, options);
  await child.line('written 999');
  child.kill('SIGKILL');
  const { stdout } = await child.ended;
  const written = 1 + Number(/written (\d+)\n$/.exec(stdout)![1]);
  emulator.faults([]);
  await runChild(app, run(emulator, dir, { from: 100_000, count: 10 }));
  const report = checkLedger(
    new Map([['one', expectedOf(0, written).concat(expectedOf(100_000, 10))]]),
    emulator.logs(),
  );
  const { duplicated, reordered, altered } = report;
  assert.deepEqual({ duplicated, reordered, altered }, { duplicated: 0, reordered: 0, altered: 0 });
  // The open batch, of at most ten, is all that was not on disk; a burst may have been written after the last word.
  assert.ok(report.lost <= 10, `${report.lost} lost of ${written}`);
  assert.equal(report.hashKeys.get('one')!.length, 1);
});

test('killed between the answer and the write of its progress, one batch arrives twice, the same bytes under the same pack id', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('spool');
  // The answer to the first batch never comes; the batch is in the ledger.
  emulator.faults([{ match: { nth: 1 }, delayMs: 60_000 }]);
  const child = startChild(app, run(emulator, dir, { count: 30, end: 'stay' }, { PUTLOGS_SPOOL_MODE: 'always' }));
  await until('the service has the first batch', () => emulator.stats().logs === 10);
  await child.line('all written');
  child.kill('SIGKILL');
  await child.ended;
  await runChild(app, run(emulator, dir, { count: 0 }));
  const logs = emulator.logs();
  const [first, again] = [logs.slice(0, 10), logs.slice(10, 20)];
  const shown = (all: typeof logs) =>
    all.map(({ packId, time, timeNs, contents }) => ({ packId, time, timeNs, contents }));
  assert.deepEqual(shown(again), shown(first));
  assert.equal(logs.length, 40);
});

test('beyond spool.maxBytes the oldest records are dropped, counted and reported', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('spool');
  const maxBytes = 1024 * 1024;
  const shipper = spooling(emulator, dir, {
    spool: { maxBytes },
    compression: 'none',
    batch: { maxCount: 100, maxBytes: 256 * 1024 },
  });
  const warnings: Warning[] = [];
  shipper.on('warning', (warning) => warnings.push(warning));
  emulator.faults([{ status: 503 }]);
  shipper.write('{"n":-1}');
  await until('the outage is noticed', () => shipper.stats().spooled > 0);
  for (let n = 0; n < 3000; n += 1) shipper.write(JSON.stringify({ n, text: 'x'.repeat(1000) }));
  const bytes = segmentsIn(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
  assert.ok(bytes <= maxBytes, `${bytes} bytes on disk`);
  const dropped = shipper.stats().dropped.spool;
  assert.ok(dropped > 1500, `${dropped} dropped`);
  assertConserved(shipper.stats());
  emulator.faults([]);
  await shipper.flush();
  const numbers = emulator.logs().map((log) => Number(contentsOf(log)['n']));
  assert.equal(numbers.length, 3001 - dropped);
  assert.equal(numbers.at(-1), 2999, 'the youngest are kept');
  assert.ok(warnings.some(({ kind, message }) => kind === 'spool' && message.includes('spool.maxBytes')));
});

test('a spool that is full and a spool that cannot be used are both reported, and neither suppresses the other', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('spool');
  const shipper = spooling(emulator, dir, {
    spool: { maxBytes: 1024 * 1024 },
    compression: 'none',
    batch: { maxCount: 100, maxBytes: 256 * 1024 },
  });
  const warnings: Warning[] = [];
  shipper.on('warning', (warning) => warnings.push(warning));
  const hasSaid = (words: string) => warnings.some(({ kind, message }) => kind === 'spool' && message.includes(words));
  emulator.faults([{ status: 503 }]);
  shipper.write('{"n":-1}');
  await until('the outage is noticed', () => shipper.stats().spooled > 0);
  for (let n = 0; n < 3000; n += 1) shipper.write(JSON.stringify({ n, text: 'x'.repeat(1000) }));
  await until('the full spool is reported', () => hasSaid('the spool is full (spool.maxBytes)'));
  // As a person who makes room by moving all of it away.
  renameSync(join(dir, ROOT), join(dir, 'moved'));
  writeFileSync(join(dir, ROOT), '');
  await until('the spool that cannot be used is reported', () => hasSaid('the spool cannot be used as configured'));
});

test('a damaged entry costs only itself: its segment is set aside, it is counted and reported, and its neighbours arrive', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('spool');
  emulator.faults([{ status: 503 }]);
  await runChild(app, run(emulator, dir, { count: 30, end: 'exit' }));
  const [segment] = segmentsIn(dir);
  const bytes = readFileSync(join(dir, segment!));
  bytes[bytes.length >> 1]! ^= 0x10;
  writeFileSync(join(dir, segment!), bytes);
  emulator.faults([]);
  const second = await runChild(app, run(emulator, dir, { count: 0 }));
  const stats = statsOf(second);
  assert.deepEqual([stats.recovered, stats.delivered, stats.dropped.damaged], [30, 20, 10], second.stderr);
  assert.match(second.stderr, /10 records are lost: .*\.seg: the (checksum|header) of an entry/);
  assert.deepEqual(
    emulator.logs().map((log) => Number(contentsOf(log)['n'])),
    [...Array(10).keys()].concat([...Array(10).keys()].map((n) => n + 20)),
  );
  assert.equal(readdirSync(join(dir, 'putlogs-1/damaged')).length, 1);
});

test('a disk that cannot be used is reported, and the records are delivered from memory', async () => {
  const emulator = await emulatorForTest();
  const dir = join(temporaryDirectory('spool'), 'file');
  writeFileSync(dir, '');
  const warnings: Warning[] = [];
  const shipper = createShipper({ ...optionsFor(emulator), ...SMALL, instance: 'one', spool: { dir, mode: 'always' } });
  shipper.on('warning', (warning) => warnings.push(warning));
  const expected = write(shipper, 0, 100);
  await shipper.close();
  assertLedger(new Map([['one', expected]]), emulator.logs());
  assert.equal(warnings[0]!.kind, 'spool');
  assert.match(warnings[0]!.message, /spool\.dir/);
});

test('eight processes on one directory, killed and started again, lose no sealed batch and send none under another key', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('spool');
  const instances = Array.from({ length: 8 }, (_, i) => `worker-${i}`);
  const always = { PUTLOGS_SPOOL_MODE: 'always', PUTLOGS_RETRY_BASE_MS: '5', PUTLOGS_RETRY_MAX_MS: '30' };
  const last = new Map<string, number>();
  await Promise.all(
    instances.map(async (instance) => {
      for (let life = 0; life < LIVES_ON_ONE_DIRECTORY; life += 1) {
        const plan = { instance, from: life * 1000, count: 1000, pauseMs: 1, end: 'stay' as const };
        const child = startChild(app, run(emulator, dir, plan, always));
        await child.line(`written ${life * 1000 + 149}`);
        // The second half of each life falls into an outage of its own.
        if (instance === 'worker-0') emulator.faults([{ status: 503 }]);
        await child.line(`written ${life * 1000 + 299}`);
        if (instance === 'worker-7') emulator.faults([]);
        child.kill('SIGKILL');
        const { stdout } = await child.ended;
        // On a busy machine it may have said that all is written before it was killed.
        last.set(`${instance} ${life}`, Number([...stdout.matchAll(/^written (\d+)$/gm)].at(-1)![1]));
      }
    }),
  );
  emulator.faults([]);
  // Then each instance comes back once more: it has nothing to say, but sends what its lives have left.
  const close = { ...always, PUTLOGS_CLOSE_TIMEOUT_MS: '9000' };
  const heirs = await Promise.all(
    instances.map((instance) => runChild(app, run(emulator, dir, { instance, count: 0 }, close))),
  );
  assert.ok(heirs.reduce((sum, heir) => sum + statsOf(heir).recovered, 0) > 100, 'something was left');
  const expected = new Map(
    instances.map((instance) => [
      instance,
      Array.from({ length: LIVES_ON_ONE_DIRECTORY }, (_, life) =>
        expectedOf(life * 1000, last.get(`${instance} ${life}`)! - life * 1000 + 1, instance),
      ).flat(),
    ]),
  );
  const report = checkLedger(expected, emulator.logs());
  const { altered, reordered } = report;
  assert.deepEqual({ altered, reordered }, { altered: 0, reordered: 0 }, report.differences.join('\n'));
  // Each life may lose its open batch; what was sealed is delivered.
  assert.ok(
    report.lost <= instances.length * LIVES_ON_ONE_DIRECTORY * 10,
    `${report.lost} lost\n${report.differences.join('\n')}\n${heirs.map((heir) => `${heir.stderr}${JSON.stringify(statsOf(heir))}`).join('\n')}`,
  );
  for (const [instance, keys] of report.hashKeys) assert.equal(keys.length, 1, instance);
  assert.deepEqual(leftIn(dir), []);
});

test('a spool that is deleted while its process uses it is made again, and records that were only there are counted', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('spool');
  const shipper = spooling(emulator, dir, { spool: { mode: 'always' } });
  const warnings: Warning[] = [];
  shipper.on('warning', (warning) => warnings.push(warning));
  emulator.faults([{ status: 503 }]);
  const expected = write(shipper, 0, 30);
  await until('the records are on disk', () => shipper.stats().spooled === 30);
  await until('the outage is noticed', () => shipper.stats().retries > 2);
  rmSync(join(dir, 'putlogs-1'), { recursive: true });
  await until('the deletion is noticed', () => shipper.stats().dropped.damaged > 0, 15_000);
  assertConserved(shipper.stats());
  assert.equal(shipper.stats().dropped.damaged, 10, 'the batch in flight and the next one are in memory');
  for (const record of write(shipper, 30, 10)) expected.push(record);
  await until('the new records are on disk', () => shipper.stats().spooled > 0);
  emulator.faults([]);
  await shipper.flush();
  assertConserved(shipper.stats());
  const kept = expected.filter(({ n }) => n < 20 || n >= 30);
  assertLedger(new Map([['one', kept]]), emulator.logs());
  assert.ok(
    warnings.some(({ kind, message }) => kind === 'damaged' && /10 records are lost: .* was deleted/.test(message)),
  );
});
