// `delivery: 'exactlyOnce'`: whatever happens to answers and processes, the ledger has every record once and in order.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createShipper, type PutlogsOptions } from '@putlogs/core';
import { replaySpool } from '@putlogs/core/internal/maintenance/replay-spool';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { startChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { contentsOf, type Emulator, emulatorForTest, environmentFor, optionsFor, until } from '../support/emulator';
import { assertLedger } from '../support/ledger';
import { assertConserved, emulatorAndShipper, write } from '../support/shipper';
import { targetNamed } from '../support/targets';

const SLS = targetNamed('aliyun-sls');
const app = join(__dirname, 'apps/spooling.js');
const ONCE = { delivery: 'exactlyOnce', batch: { maxCount: 10 } } as const;

const shipperOnce = (options: PutlogsOptions = {}) => emulatorAndShipper({ ...ONCE, ...options }, {}, SLS);
const numbersIn = (emulator: Emulator) => emulator.logs().map((log) => Number(contentsOf(log)['n']));
const upTo = (count: number) => [...Array(count).keys()];
/** Every third answer is lost after the service wrote, every fifth request before. */
const LOSSES = [
  ...Array.from({ length: 40 }, (_, i) => ({ match: { nth: 3 * i + 2 }, swallow: 'after' as const })),
  ...Array.from({ length: 10 }, (_, i) => ({ match: { nth: 5 * i + 4 }, swallow: 'before' as const })),
];

test('answers that are lost after the service wrote make no duplicate', async () => {
  const { emulator, shipper } = await shipperOnce();
  emulator.faults(LOSSES);
  const expected = write(shipper, 400);
  await shipper.flush();
  const { duplicated } = assertLedger(new Map([['one', expected]]), emulator.logs());
  assert.equal(duplicated, 0);
  assert.deepEqual(numbersIn(emulator), upTo(400));
  assert.ok((emulator.stats().rejected['InvalidSequenceId'] ?? 0) > 5, 'the service has refused used ids');
  const { delivered, dropped } = shipper.stats();
  assert.deepEqual([delivered, dropped.rejected], [400, 0]);
  assertConserved(shipper.stats());
});

test('without the option the same lost answers make duplicates', async () => {
  const { emulator, shipper } = await shipperOnce({ delivery: 'atLeastOnce' });
  emulator.faults(LOSSES);
  write(shipper, 400);
  await shipper.flush();
  assert.ok(emulator.logs().length > 400);
  assert.equal(emulator.stats().rejected['InvalidSequenceId'], undefined);
});

test('all requests of a run have one key, which begins as the key of the instance', async () => {
  const { emulator, shipper } = await shipperOnce({ instance: 'one', hashKey: 'ab'.repeat(16) });
  write(shipper, 100);
  await shipper.flush();
  const keys = new Set(emulator.logs().map(({ hashKey }) => hashKey));
  assert.equal(keys.size, 1);
  assert.match([...keys][0]!, /^(ab){9}[0-9a-f]{14}$/);
});

test('a batch that is too large is cut, and its parts are written once although answers are lost', async () => {
  const { emulator, shipper } = await shipperOnce({ batch: { maxCount: 100 } });
  // Refusals arrive. Answers to parts that are written are lost.
  emulator.faults([{ maxLogs: 7 }, ...LOSSES]);
  write(shipper, 300);
  await shipper.flush();
  assert.deepEqual(numbersIn(emulator), upTo(300));
  assert.ok(shipper.stats().halved > 3);
  assertConserved(shipper.stats());
});

test('a refused record among lost answers costs only itself', async () => {
  const { emulator, shipper } = await shipperOnce();
  emulator.faults([
    { match: { contains: 'poison' }, code: 'InvalidKey' },
    { match: { nth: 5 }, swallow: 'after' },
    { match: { nth: 8 }, swallow: 'after' },
  ]);
  write(shipper, 100, (n) => (n === 34 ? 'poison' : `record ${n}`));
  await shipper.flush();
  assert.deepEqual(
    numbersIn(emulator),
    upTo(100).filter((n) => n !== 34),
  );
  assert.equal(shipper.stats().dropped.rejected, 1);
  assertConserved(shipper.stats());
});

test('after an attempt without an answer a batch is not cut but held, until it is accepted as it is', async () => {
  const { emulator, shipper, warnings } = await shipperOnce();
  emulator.faults([{ times: 1, swallow: 'before' }, { maxLogs: 5 }]);
  write(shipper, 10);
  const isHeld = () => warnings.some(({ kind, message }) => kind === 'hold' && /not cut but held/.test(message));
  await until('it is held', () => isHeld() || shipper.stats().retries > 2);
  assert.deepEqual([shipper.stats().halved, emulator.logs().length], [0, 0]);
  emulator.faults([]);
  await shipper.flush();
  assert.deepEqual(numbersIn(emulator), upTo(10));
});

test('deadlines that pass do not cut a large batch', async () => {
  const text = (n: number) => `${n} ${'x'.repeat(3000)}`;
  const { emulator, shipper } = await shipperOnce({ requestTimeoutMs: 200, batch: { maxCount: 100 } });
  emulator.faults([{ times: 3, delayMs: 15_000 }]);
  write(shipper, 100, text);
  await shipper.flush();
  assert.deepEqual([numbersIn(emulator), shipper.stats().halved], [upTo(100), 0]);
});

/** Logs records in a process with a spool. It stays until it is killed, or ends when all is delivered. */
function start(emulator: Emulator, dir: string, mode: string, from: number, count: number, end: 'stay' | 'close') {
  const plan = { instance: 'one', from, count, burst: 10, pauseMs: 0, end };
  const env = environmentFor(
    emulator,
    {
      PUTLOGS_DELIVERY: 'exactlyOnce',
      PUTLOGS_SPOOL_DIR: dir,
      PUTLOGS_SPOOL_MODE: mode,
      PUTLOGS_BATCH_MAX_COUNT: '10',
      PUTLOGS_LINGER_MS: '10',
      PUTLOGS_CLOSE_TIMEOUT_MS: '9000',
    },
    SLS,
  );
  return startChild(app, { args: [JSON.stringify(plan)], env });
}

/** A process is killed when the service wrote its batch and has not answered. */
async function killBeforeAnswer(emulator: Emulator, dir: string, life: number): Promise<void> {
  const before = emulator.logs().length;
  const skip = 1 + (life % 3);
  // The first request of a later life is the batch that is written already.
  const written = 10 * (life === 0 ? skip + 1 : skip);
  emulator.faults([{ match: { skip }, delayMs: 60_000 }]);
  const child = start(emulator, dir, 'always', life * 50, 50, 'stay');
  await child.line('all written');
  await until('a batch is written without an answer', () => emulator.logs().length >= before + written);
  child.kill('SIGKILL');
  await child.ended;
}

const LIVES = 5;

test('processes killed between write and answer: a later one delivers each record once', async () => {
  const emulator = await emulatorForTest({ shards: 4 });
  const dir = temporaryDirectory('once');
  for (let life = 0; life < LIVES; life += 1) await killBeforeAnswer(emulator, dir, life);
  emulator.faults([{ match: { nth: 2 }, swallow: 'after' }]);
  const last = start(emulator, dir, 'always', LIVES * 50, 50, 'close');
  const { stderr } = await last.ended;
  assert.deepEqual(numbersIn(emulator), upTo(LIVES * 50 + 50), stderr);
  assert.ok((emulator.stats().rejected['InvalidSequenceId'] ?? 0) >= 1);
});

test('a process killed in an outage has written the id of its batch in flight to disk with the batch', async () => {
  const emulator = await emulatorForTest({ shards: 4 });
  const dir = temporaryDirectory('once');
  // No attempt has an answer. Only the first one is written.
  emulator.faults([{ swallow: 'after' }]);
  const child = start(emulator, dir, 'overflow', 0, 100, 'stay');
  await child.line('all written');
  await until('it is an outage', () => (emulator.stats().rejected['InvalidSequenceId'] ?? 0) >= 3);
  child.kill('SIGKILL');
  await child.ended;
  assert.deepEqual(numbersIn(emulator), upTo(10), 'one batch is there, and none twice');
  emulator.faults([]);
  await start(emulator, dir, 'overflow', 100, 20, 'close').ended;
  assert.deepEqual(numbersIn(emulator), upTo(120));
});

for (const delivery of ['exactlyOnce', 'atLeastOnce'] as const) {
  test(`a replay by another process, with ${delivery}, writes no record twice`, async () => {
    const emulator = await emulatorForTest({ shards: 4 });
    const dir = temporaryDirectory('replayed');
    await killBeforeAnswer(emulator, dir, 0);
    emulator.faults(delivery === 'exactlyOnce' ? LOSSES : []);
    const options = resolveOptions({ ...optionsFor(emulator, SLS), delivery, spool: { dir } }, {});
    const { signal } = new AbortController();
    const { end, stats } = await replaySpool({ options, patienceMs: 10_000, signal, onProgress: () => {} });
    assert.deepEqual([end, stats.spooled], ['done', 0]);
    assert.deepEqual(numbersIn(emulator), upTo(50));
  });
}

test('two processes of one instance at the same time: each record of both is written once', async () => {
  const emulator = await emulatorForTest({ shards: 4 });
  const dir = temporaryDirectory('both');
  emulator.faults(LOSSES);
  const both = [0, 200].map((from) => start(emulator, dir, 'always', from, 200, 'close').ended);
  const said = (await Promise.all(both)).map(({ stderr }) => stderr).join('\n');
  // One may leave what it could not deliver in time.
  await start(emulator, dir, 'always', 400, 10, 'close').ended;
  assert.deepEqual(
    numbersIn(emulator).sort((a, b) => a - b),
    upTo(410),
    said,
  );
  assert.deepEqual(new Set(emulator.logs().map(({ hashKey }) => hashKey)).size >= 2, true);
});

test('options with which the service cannot write once are refused at start', () => {
  const place = { credentials: { accessKeyId: 'a', accessKeySecret: 's' }, delivery: 'exactlyOnce' } as const;
  const sls = { ...place, endpoint: 'https://cn-x.log.aliyuncs.com', project: 'project', logstore: 'logs' };
  const refuses = (options: PutlogsOptions, sentence: RegExp) => assert.throws(() => createShipper(options), sentence);
  refuses({ ...sls, hashKey: 'none' }, /delivery: exactlyOnce needs a hash key in the path, .*hashKey: 'none'/);
  refuses({ ...sls, routing: 'header' }, /delivery: exactlyOnce needs a hash key in the path, .*routing: 'header'/);
  refuses({ ...place, region: 'cn-x', topicId: 't' }, /delivery: exactlyOnce is not supported by target volc-tls/);
  const web = { ...sls, credentials: undefined, target: 'aliyun-webtracking' } as const;
  refuses(web, /delivery: exactlyOnce is not supported by target aliyun-webtracking, only by aliyun-sls/);
});
