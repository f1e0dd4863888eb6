// One queue, and every promise of it: what was found to break, by its smallest input. Real files, a real service.

import assert from 'node:assert/strict';
import { readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { PutlogsOptions, Shipper, Stats, Warning } from '@putlogs/core';
import { ChunkQueue } from '@putlogs/core/internal/host/chunks';
import { runChild, startChild } from '../support/child';
import { leaveRun, numberOf } from '../support/dead-runs';
import { leftIn, segmentsIn, spooledRecords, temporaryDirectory } from '../support/directory';
import { type Emulator, emulatorForTest, environmentFor, optionsFor, until } from '../support/emulator';
import { cpuMs } from '../support/loop-stall';
import { shipperForTest } from '../support/shipper';
import { SECONDS_SPOOLED, SPOOLED_BATCHES } from '../support/sizes';

const app = join(__dirname, 'apps/spooling.js');
const MIB = 2 ** 20;
const DOWN = [{ status: 503 }];

function spooling(emulator: Emulator, options: PutlogsOptions): Shipper {
  const small = { batch: { maxCount: 10 }, lingerMs: 20, retry: { baseMs: 5, maxMs: 40 } };
  return shipperForTest({ ...optionsFor(emulator), ...small, instance: 'one', ...options });
}

function write(shipper: Shipper, from: number, count: number, padBytes = 0): void {
  const pad = 'x'.repeat(padBytes);
  for (let n = from; n < from + count; n += 1) shipper.write(JSON.stringify({ instance: 'one', n, pad }));
}

function assertConserved({ accepted, recovered, delivered, spooled, pending, dropped }: Stats): void {
  const lost = Object.values(dropped).reduce((sum, records) => sum + records, 0);
  assert.equal(accepted + recovered, delivered + spooled + pending + lost);
  assert.ok(pending >= 0 && spooled >= 0, JSON.stringify({ pending, spooled }));
}

function watched(shipper: Shipper): void {
  const polling = setInterval(() => assertConserved(shipper.stats()), 1);
  after(() => clearInterval(polling));
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
const numbersOf = (emulator: Emulator) => emulator.logs().map(numberOf);

for (const mode of ['overflow', 'always'] as const) {
  test(`closed with a nearly full spool and batches in memory, the files are whole and the counts true (${mode})`, async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('nearly-full');
    leaveRun(dir, { from: 0, count: 40, perEntry: 10, padBytes: 2000 });
    emulator.faults([{ delayMs: 60_000 }]);
    const options = { spool: { dir, mode, maxBytes: MIB }, batch: { maxBytes: 65_536 }, compression: 'none' } as const;
    const shipper = spooling(emulator, options);
    watched(shipper);
    // More than the spool may hold; the first request has no answer, so no outage is known.
    write(shipper, 1000, 1000, 2000);
    await shipper.close({ timeoutMs: 50 });
    const closed = shipper.stats();
    assertConserved(closed);
    assert.deepEqual([closed.pending, closed.recovered], [0, 40]);
    assert.equal(closed.spooled, spooledRecords(dir));
    emulator.faults([]);
    const next = spooling(emulator, options);
    await next.flush();
    const stats = next.stats();
    assert.deepEqual([stats.recovered, stats.delivered, stats.dropped.damaged], [closed.spooled, closed.spooled, 0]);
    const arrived = numbersOf(emulator);
    // The request without an answer was stored: its records arrive twice.
    const kept = [...range(0, 40), ...range(1000, 1000).slice(-(closed.spooled - 40))];
    assert.deepEqual([...new Set(arrived)], [...new Set([...arrived.slice(0, 10), ...kept])]);
    await next.close();
    assert.deepEqual(leftIn(dir), []);
  });
}

test(`with ${SPOOLED_BATCHES} batches on disk and memory full, a record costs what it costs with none`, async (t) => {
  const emulator = await emulatorForTest();
  emulator.faults(DOWN);
  const dir = temporaryDirectory('many');
  const shipper = spooling(emulator, {
    spool: { dir },
    batch: { maxCount: 1 },
    memory: { maxBytes: MIB },
    retry: { baseMs: 60_000, maxMs: 60_000 },
  });
  const costMs = (from: number) => {
    const before = cpuMs();
    write(shipper, from, 5000);
    return cpuMs() - before;
  };
  const first = costMs(0);
  write(shipper, 5000, SPOOLED_BATCHES - 5000);
  assert.ok(shipper.stats().pendingBytes <= MIB);
  const last = costMs(SPOOLED_BATCHES);
  t.diagnostic(
    `5,000 records: ${Math.round(first)} ms of CPU at first, ${Math.round(last)} ms with ${SPOOLED_BATCHES} batches`,
  );
  assert.equal(shipper.stats().dropped.memory, 0);
  assert.ok(last < 10 * first + 500, `${first} ms, then ${last} ms`);
});

test('if a batch is cut while the spool is full, only the deleted records are lost, and nothing is counted twice', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('cut');
  const shipper = spooling(emulator, {
    spool: { dir, mode: 'always', maxBytes: MIB },
    batch: { maxCount: 64, maxBytes: 65_536 },
    compression: 'none',
  });
  watched(shipper);
  // Some parts of the first batch arrive, and then nothing does.
  emulator.faults([{ maxLogs: 4 }, { match: { skip: 3 }, status: 503 }]);
  write(shipper, 0, 64, 200);
  await until('a part is refused', () => shipper.stats().retries > 1);
  const before = shipper.stats();
  assert.ok(before.delivered > 0 && before.halved > 0);
  write(shipper, 1000, 3000, 1000);
  assert.ok(shipper.stats().dropped.spool > 0);
  emulator.faults([]);
  await shipper.flush();
  const stats = shipper.stats();
  const numbers = numbersOf(emulator);
  assert.deepEqual([stats.spooled, stats.pending], [0, 0]);
  assert.equal(stats.delivered, numbers.length);
  assert.equal(new Set(numbers).size, numbers.length, 'nothing arrives twice');
  assert.equal(stats.dropped.spool, 3064 - numbers.length);
  assert.deepEqual(numbers.slice(0, 64), range(0, 64), 'a batch in parts does not give way');
  assertConserved(stats);
});

test('recovered records are never deleted for own ones, and leave them at least an eighth of spool.maxBytes', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('recovered');
  for (const run of [0, 1, 2]) leaveRun(dir, { from: 1000 * run, count: 850, perEntry: 50, padBytes: 1000 });
  emulator.faults(DOWN);
  const warnings: Warning[] = [];
  const shipper = spooling(emulator, {
    spool: { dir, mode: 'always', maxBytes: 2 * MIB },
    batch: { maxBytes: 65_536, maxCount: 50 },
    compression: 'none',
  });
  shipper.on('warning', (warning) => warnings.push(warning));
  watched(shipper);
  await until('all are recovered', () => shipper.stats().recovered === 2550);
  write(shipper, 10_000, 2000, 1000);
  const { spool } = shipper.stats().dropped;
  assert.ok(spool > 0 && spool < 2000, `${spool} own records gave way`);
  emulator.faults([]);
  await shipper.flush();
  const numbers = numbersOf(emulator);
  assert.deepEqual(
    numbers.slice(0, 2550),
    [0, 1, 2].flatMap((run) => range(1000 * run, 850)),
  );
  assert.deepEqual(numbers.slice(2550), range(10_000 + spool, 2000 - spool));
  assert.ok((2000 - spool) * 1000 > (2 * MIB) / 8 / 2, `${2000 - spool} own records were kept`);
});

test('with dropOldest, a spool that has room loses nothing when memory is full', async () => {
  const emulator = await emulatorForTest();
  emulator.faults(DOWN);
  const dir = temporaryDirectory('oldest');
  const shipper = spooling(emulator, {
    spool: { dir, maxBytes: 512 * MIB },
    memory: { maxBytes: MIB, whenFull: 'dropOldest' },
    batch: { maxBytes: 65_536 },
    compression: 'none',
  });
  watched(shipper);
  write(shipper, 0, 5000, 1000);
  emulator.faults([]);
  await shipper.flush();
  assert.deepEqual(numbersOf(emulator), range(0, 5000));
  const { memory, spool } = shipper.stats().dropped;
  assert.deepEqual([memory, spool], [0, 0]);
});

test('with dropOldest and a disk that refuses writes, the oldest batches in memory are dropped, and none on disk', async () => {
  const emulator = await emulatorForTest();
  emulator.faults(DOWN);
  const dir = temporaryDirectory('oldest-full');
  leaveRun(dir, { from: 0, count: 50, perEntry: 10 });
  // Less than a batch may be written: the option's least is four of them.
  const shipper = spooling(emulator, {
    spool: { dir, mode: 'always' },
    memory: { maxBytes: MIB, whenFull: 'dropOldest' },
    batch: { maxBytes: 65_536, maxCount: 50 },
    compression: 'none',
  });
  await until('all are recovered', () => shipper.stats().recovered === 50);
  // A file where the run's directory would be: every append fails.
  const owner = readdirSync(join(dir, 'putlogs-1')).find((name) => name.endsWith('.owner'))!;
  const [held] = readdirSync(join(dir, 'putlogs-1')).filter((name) => name.endsWith(owner.slice(0, 18)));
  const own = held!.replace(/[0-9a-f]{18}\.[0-9a-f]{18}$/, `${owner.slice(0, 18)}.${owner.slice(0, 18)}`);
  writeFileSync(join(dir, 'putlogs-1', own), '');
  watched(shipper);
  write(shipper, 1000, 3000, 1000);
  const { memory } = shipper.stats().dropped;
  assert.ok(memory > 0, 'memory was full');
  emulator.faults([]);
  await shipper.flush();
  assert.deepEqual(numbersOf(emulator), [...range(0, 50), ...range(1000 + memory, 3000 - memory)]);
});

test('without a file descriptor a full spool still takes new batches, and counts the deleted ones', async () => {
  const emulator = await emulatorForTest();
  emulator.faults(DOWN);
  const dir = temporaryDirectory('descriptors');
  const env = {
    ...environmentFor(emulator),
    PUTLOGS_SPOOL_DIR: dir,
    PUTLOGS_SPOOL_MODE: 'always',
    PUTLOGS_SPOOL_MAX_BYTES: `${MIB}`,
    PUTLOGS_BATCH_MAX_BYTES: '65536',
    PUTLOGS_COMPRESSION: 'none',
    NODE: process.execPath,
  };
  const script = `ulimit -n 128 && exec "$NODE" ${join(__dirname, 'apps/full-spool.js')}`;
  const { code, stdout, stderr } = await runChild('', { command: 'sh', args: ['-c', script], env });
  assert.equal(code, 0, stderr);
  const { before, without } = JSON.parse(stdout) as { before: Stats; without: Stats };
  assert.ok(before.dropped.spool > 0, 'the spool was full');
  assert.ok(without.dropped.spool - before.dropped.spool <= 600, 'no more gives way than comes');
  assertConserved(without);
  const next = spooling(emulator, { spool: { dir } });
  emulator.faults([]);
  await next.flush();
  const numbers = numbersOf(emulator);
  assert.equal(numbers.at(-1), 3499, 'the youngest are kept');
  assert.equal(numbers.length, 3500 - without.dropped.spool);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  );
});

test('a relative spool.dir and deadLetter.file stay where they were, whatever process.chdir() does', async () => {
  const emulator = await emulatorForTest();
  const [home, elsewhere] = [temporaryDirectory('home'), temporaryDirectory('elsewhere')];
  emulator.faults([{ match: { contains: 'bad' }, code: 'InvalidArgument' }]);
  const env = {
    ...environmentFor(emulator),
    PUTLOGS_SPOOL_DIR: 'spool',
    PUTLOGS_SPOOL_MODE: 'always',
    PUTLOGS_DEAD_LETTER_FILE: 'dead.ndjson',
  };
  const file = join(__dirname, 'apps/changing-directory.js');
  const { code, stdout, stderr } = await runChild(file, { args: [elsewhere], env, cwd: home });
  assert.equal(code, 0, stderr);
  assert.equal((JSON.parse(stdout) as Stats).delivered, 20);
  assert.deepEqual(numbersOf(emulator), range(0, 20), 'nothing comes again');
  assert.deepEqual(readdirSync(elsewhere), []);
  assert.deepEqual(readdirSync(home).sort(), ['dead.ndjson', 'spool']);
  assert.deepEqual(leftIn(join(home, 'spool')), []);
});

for (const place of ['one thread', 'a worker']) {
  test(`a relative credentials.file is read again where it was, whatever process.chdir() does: ${place}`, async () => {
    const emulator = await emulatorForTest({ accessKeyId: 'new', accessKeySecret: 'new-secret' });
    const [home, elsewhere] = [temporaryDirectory('home'), temporaryDirectory('elsewhere')];
    const writeKey = (name: string) => {
      const file = join(home, 'key.json');
      writeFileSync(`${file}.new`, JSON.stringify({ accessKeyId: name, accessKeySecret: `${name}-secret` }));
      renameSync(`${file}.new`, file);
    };
    writeKey('old');
    writeFileSync(join(elsewhere, 'key.json'), JSON.stringify({ accessKeyId: 'other', accessKeySecret: 'account' }));
    const env = environmentFor(emulator, { PUTLOGS_CREDENTIALS_FILE: 'key.json' });
    const child = startChild(join(__dirname, 'apps/changing-directory.js'), {
      args: [elsewhere, place],
      env,
      cwd: home,
    });
    await until('the old key is refused', () => emulator.stats().requests > 0);
    writeKey('new');
    const { code, stdout, stderr } = await child.ended;
    assert.equal(code, 0, stderr);
    assert.equal((JSON.parse(stdout) as Stats).delivered, 21);
    assert.deepEqual(numbersOf(emulator).slice(0, 20), range(0, 20));
  });
}

test('killed in an outage, a process with a bare spool.dir loses no more than its open batch', async () => {
  const emulator = await emulatorForTest();
  emulator.faults(DOWN);
  const dir = temporaryDirectory('bare');
  const env = { ...environmentFor(emulator), PUTLOGS_SPOOL_DIR: dir };
  const plan = { instance: 'one', from: 0, count: 100_000, burst: 1, pauseMs: 5, end: 'stay' };
  const child = startChild(app, { args: [JSON.stringify(plan)], env });
  await child.line('written 400');
  child.kill('SIGKILL');
  const { stdout } = await child.ended;
  const written = 1 + Number([...stdout.matchAll(/^written (\d+)$/gm)].at(-1)![1]);
  const kept = spooledRecords(dir);
  // A batch is open for lingerMs, 50 ms here: ten records, and as many again on a machine that is busy.
  assert.ok(written - kept <= 60, `${written} were written, ${kept} are on disk`);
  emulator.faults([]);
  const next = spooling(emulator, { spool: { dir } });
  await next.flush();
  assert.deepEqual(numbersOf(emulator), range(0, kept));
});

test('with lingerMs of a second, an outage costs no more than a second of records', async () => {
  const emulator = await emulatorForTest();
  emulator.faults(DOWN);
  const dir = temporaryDirectory('linger');
  const shipper = spooling(emulator, { spool: { dir }, lingerMs: 1000, batch: { maxCount: 4096 } });
  for (let n = 0; n < 300; n += 1) {
    write(shipper, n, 1);
    await new Promise((resolve) => setTimeout(resolve, 10));
    const { pending, accepted } = shipper.stats();
    // At 10 ms or more a record, 100 are in the open batch. Before two attempts have failed, all are in memory.
    if (shipper.stats().retries > 4) assert.ok(pending <= 140, `${pending} of ${accepted} are in memory only`);
  }
  assert.ok(shipper.stats().spooled > 0);
});

test('200,000 chunks that a stuck worker had not read are handed to the next one, in order', () => {
  const chunk = (n: number) => ({ bytes: Buffer.from(`${n}\n`), records: 1 });
  const queue = new ChunkQueue();
  queue.push(chunk(200_000));
  queue.unshift(range(0, 200_000).map(chunk));
  assert.equal(queue.records, 200_001);
  const all = queue.take();
  assert.deepEqual([all.length, `${all[0]!.bytes}`, `${all.at(-1)!.bytes}`], [200_001, '0\n', '200000\n']);
});

test('one-record batches take few files, with mode always', async (t) => {
  const emulator = await emulatorForTest();
  emulator.faults(DOWN);
  const dir = temporaryDirectory('day');
  const shipper = spooling(emulator, {
    spool: { dir, mode: 'always' },
    batch: { maxCount: 1 },
    retry: { baseMs: 60_000, maxMs: 60_000 },
  });
  for (let n = 0; n < SECONDS_SPOOLED; n += 1000) {
    write(shipper, n, Math.min(1000, SECONDS_SPOOLED - n));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await until('all are on disk', () => shipper.stats().spooled === SECONDS_SPOOLED);
  const segments = segmentsIn(dir);
  const bytes = segments.reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
  t.diagnostic(`${segments.length} files, ${Math.round(bytes / MIB)} MiB`);
  assert.ok(segments.length < 200, `${segments.length} files`);
  await shipper.close({ timeoutMs: 0 });
  emulator.faults([]);
  const next = spooling(emulator, { spool: { dir }, batch: { maxCount: 4096 } });
  await next.flush();
  assert.deepEqual(numbersOf(emulator), range(0, SECONDS_SPOOLED));
  assert.ok(next.stats().requests < 100, `${next.stats().requests} requests`);
});
