import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compressor, decompress } from '@putlogs/core/internal/batch/compress';
import { partOf } from '@putlogs/core/internal/batch/parts';
import type { SealedBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { unpackBatch } from '@putlogs/core/internal/batch/unpack';
import type { Outcome } from '@putlogs/core/internal/targets/outcome';
import { MADE_TARGET, makeBatch, recordsIn, recordText } from '../support/made-batch';
import { seededRandom } from '../support/seeded-random';
import { drained, VirtualTime, virtualHost } from '../support/virtual-clock';
import { type Behaviour, randomPlan, VirtualService } from '../support/virtual-service';

const PREFIX = '0123456789ABCDEF';
const HASH_KEY = 'f'.repeat(32);

function batchOf(texts: readonly string[], timeMs = 1000, codec: SealedBatch['codec'] = 'none'): SealedBatch {
  const records = texts.map((text) => ({ text, timeMs }));
  return makeBatch({ sequence: 31, firstRecord: 7, records, prefix: PREFIX, hashKey: HASH_KEY, codec });
}

function start(behaviour: Behaviour = { kind: 'judge' }) {
  const time = new VirtualTime();
  const host = virtualHost('h');
  const service = new VirtualService(time, time.processClock('service', host));
  service.plan = () => behaviour;
  const sender = { name: 'p', clock: time.processClock('p', host) };
  const send = (batch: SealedBatch) => {
    const sent: { outcome?: Outcome } = {};
    void service.attempt(batch, sender).then((outcome) => {
      sent.outcome = outcome;
    });
    return sent;
  };
  return { time, service, send };
}

for (const codec of ['none', 'zlib', 'lz4'] as const) {
  test(`a made batch (${codec}) is one that the product can read and cut`, () => {
    const texts = Array.from({ length: 5 }, (_, n) => recordText('orders', n, 100 * n));
    const batch = batchOf(texts, 1_700_000_000_123, codec);
    assert.deepEqual([batch.packId, batch.count, batch.codec], [`${PREFIX}-1F`, 5, codec]);
    assert.equal(decompress(batch).length, batch.rawBytes);
    assert.deepEqual(
      recordsIn(batch),
      texts.map((text) => ({ text, timeMs: 1_700_000_000_123 })),
    );
    const { frame, readTail } = MADE_TARGET;
    const reframing = { frame, readTail, compress: compressor(codec, assert.fail) };
    const opened = unpackBatch(batch);
    const halves = [
      [0, 1, 2],
      [3, 4],
    ].map((places) => partOf(opened, places, batch.packId, places[0]!, reframing));
    assert.deepEqual(
      halves.map((half) => recordsIn(half).map(({ text }) => text)),
      [texts.slice(0, 3), texts.slice(3)],
    );
  });
}

test('a batch that is taken stands in the ledger with its pack id, key and records', async () => {
  const { service, send } = start();
  const sent = send(batchOf(['a', 'b']));
  await drained();
  assert.equal(sent.outcome?.kind, 'delivered');
  assert.equal(service.ledger.length, 1);
  const { packId, hashKey, records, process, verdict, unreadable, ...numbers } = service.ledger[0]!;
  assert.deepEqual([packId, hashKey, records], [`${PREFIX}-1F`, HASH_KEY, ['a', 'b']]);
  assert.deepEqual([process, verdict, unreadable], ['p', 'delivered', undefined]);
  assert.match(numbers.bodyHash, /^[0-9a-f]{40}$/);
  assert.ok(numbers.startedAt < numbers.storedAt! && numbers.storedAt! < numbers.answeredAt!);
});

test('equal bodies have equal hashes, whatever their compression', () => {
  const { service, send } = start();
  const text = recordText('orders', 1, 500);
  for (const codec of ['none', 'zlib', 'lz4'] as const) send(batchOf([text], 1000, codec));
  send(batchOf([text], 1001));
  const hashes = service.ledger.map(({ bodyHash }) => bodyHash);
  assert.equal(new Set(hashes.slice(0, 3)).size, 1);
  assert.notEqual(hashes[3], hashes[0]);
});

test('an answer that is lost leaves the batch stored, a request that is lost does not', async () => {
  for (const [kind, groups] of [
    ['lose answer', 1],
    ['lose request', 0],
  ] as const) {
    const { service, send } = start({ kind });
    const sent = send(batchOf(['a']));
    await drained();
    assert.equal(sent.outcome?.kind, 'retry');
    assert.equal(sent.outcome?.kind === 'retry' && sent.outcome.refusal.status, undefined, 'it had no answer');
    assert.equal(service.ledger.length, groups);
    assert.equal(service.attempts[0]!.answeredAt, undefined);
  }
});

test('refusals by plan store nothing', async () => {
  for (const [kind, outcome] of [
    ['unavailable', 'retry'],
    ['hold', 'hold'],
    ['reject', 'reject'],
  ] as const) {
    const { service, send } = start({ kind });
    const sent = send(batchOf(['a']));
    await drained();
    assert.equal(sent.outcome?.kind, outcome);
    assert.deepEqual([service.ledger.length, service.attempts[0]!.verdict], [0, outcome]);
    assert.notEqual(service.attempts[0]!.answeredAt, undefined);
  }
});

test('the rules decide by size, count, poison and time, and may change', async () => {
  const { service, send, time } = start();
  const outcomeOf = async (batch: SealedBatch) => {
    const sent = send(batch);
    await drained();
    return sent.outcome!;
  };
  const batch = batchOf(['good', 'bad'], time.wallMs - 5000);
  service.rules.maxBytes = batch.rawBytes - 1;
  assert.deepEqual((await outcomeOf(batch)) as unknown, {
    kind: 'split',
    refusal: { code: 'TooLarge', message: 'too large', status: 413 },
    tooLarge: 'bytes',
  });
  service.rules.maxBytes = batch.rawBytes;
  service.rules.maxCount = 1;
  const byCount = await outcomeOf(batch);
  assert.equal(byCount.kind === 'split' && byCount.tooLarge, 'count');
  service.rules.maxCount = 2;
  service.rules.isPoison = (text) => text === 'bad';
  assert.equal((await outcomeOf(batch)).kind, 'reject');
  service.rules.isPoison = () => false;
  service.rules.window = { pastMs: 4000, aheadMs: 1000 };
  const byTime = await outcomeOf(batch);
  const takes = { fromMs: time.wallMs - 4000, toMs: time.wallMs + 1000, serviceMs: time.wallMs };
  assert.deepEqual(byTime.kind === 'reject' && byTime.takes, takes);
  service.rules.window = { pastMs: 5000, aheadMs: 1000 };
  assert.equal((await outcomeOf(batch)).kind, 'delivered');
  assert.equal(service.ledger.length, 1);
});

test('a body that cannot be read is rejected, and the attempt says why', async () => {
  const { service, send } = start();
  const batch = batchOf(['a', 'b']);
  const sent = send({ ...batch, count: 3 });
  await drained();
  assert.equal(sent.outcome?.kind, 'reject');
  assert.match(service.attempts[0]!.unreadable!, /2 of 3 records/);
});

test('a slow answer comes after virtual time; a process that is frozen gets it late, one that died never', async () => {
  const { service, send, time } = start({ kind: 'judge', latencyMs: 100, arrivesAfterMs: 40 });
  const sent = send(batchOf(['a']));
  await time.advance(39);
  assert.equal(service.ledger.length, 0);
  await time.advance(1);
  assert.deepEqual([service.ledger.length, sent.outcome], [1, undefined]);
  time.freeze('p');
  await time.advance(500);
  assert.deepEqual([sent.outcome], [undefined]);
  time.wake('p');
  await time.advance(0);
  assert.equal(sent.outcome?.kind, 'delivered');

  const second = send(batchOf(['b']));
  time.kill('p');
  await time.advance(1000);
  assert.deepEqual([second.outcome, service.ledger.length], [undefined, 2], 'it was already sent');
  assert.equal(service.ledger[1]!.answeredAt, undefined);
});

test('a process that dies before its request arrives gets no answer, however fast the service is', async () => {
  const { service, send, time } = start({ kind: 'judge', latencyMs: 40, arrivesAfterMs: 40 });
  const sent = send(batchOf(['a']));
  await time.advance(10);
  time.kill('p');
  await time.advance(100);
  assert.deepEqual([sent.outcome, service.ledger.length], [undefined, 1]);
  assert.equal(service.ledger[0]!.answeredAt, undefined);
});

test('a request may arrive after its process gave it up', async () => {
  const { service, send, time } = start({ kind: 'lose answer', latencyMs: 10, arrivesAfterMs: 50 });
  const sent = send(batchOf(['a']));
  await time.advance(20);
  assert.deepEqual([sent.outcome?.kind, service.ledger.length], ['retry', 0]);
  await time.advance(30);
  assert.equal(service.ledger.length, 1);
});

test('a random plan follows its weights and repeats with its seed', () => {
  const weights = { judge: 6, 'lose answer': 3, unavailable: 1 } as const;
  const draw = (seed: number) => Array.from({ length: 1000 }, randomPlan(seededRandom(seed), weights, 50));
  const plan = draw(1);
  assert.deepEqual(plan, draw(1));
  const share = (kind: string) => plan.filter((behaviour) => behaviour.kind === kind).length / plan.length;
  assert.ok(Math.abs(share('judge') - 0.6) < 0.05 && Math.abs(share('lose answer') - 0.3) < 0.05);
  assert.equal(share('hold'), 0);
  for (const { kind, latencyMs = 0, arrivesAfterMs = 0 } of plan) {
    assert.ok(latencyMs <= 50 && (kind === 'lose answer' || arrivesAfterMs <= latencyMs));
  }
});
