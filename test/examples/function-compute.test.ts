// examples/function-compute, in the life of an instance of either vendor.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { contentsOf, type Emulator, emulatorForTest, environmentFor } from '../support/emulator';
import { example, expecting, numbered } from '../support/examples';
import { startFront } from '../support/front';
import { type FunctionInstance, startFunction } from '../support/function-instance';
import { assertLedger } from '../support/ledger';
import { targetNamed } from '../support/targets';

const FC_INSTANCE_ID = 'c-0123456789abcdef';

/** The keys of the function's role, which the platform sends with each request. */
function contextOf(emulator: Emulator, n: number) {
  const { accessKeyId, accessKeySecret } = emulator;
  return { requestId: `request-${n}`, region: 'cn-hangzhou', credentials: { accessKeyId, accessKeySecret } };
}

function assertArrived(emulator: Emulator, count: number, hashKeyOf: string | undefined): void {
  const numbers = new Map([['function', Array.from({ length: count }, (_, n) => n)]]);
  assertLedger(
    expecting(numbers),
    numbered(emulator.logs(), 'order', () => 'function'),
  );
  if (hashKeyOf === undefined) return;
  const hashKey = createHash('md5').update(hashKeyOf).digest('hex');
  assert.ok(emulator.logs().every((log) => log.hashKey === hashKey));
}

async function alibaba(): Promise<{ emulator: Emulator; instance: FunctionInstance }> {
  const emulator = await emulatorForTest();
  return { emulator, instance: await alibabaAt(emulator) };
}

async function alibabaAt(emulator: Emulator): Promise<FunctionInstance> {
  const target = targetNamed('aliyun-sls');
  const {
    [target.keyVariables.id]: _id,
    [target.keyVariables.secret]: _secret,
    ...env
  } = environmentFor(emulator, { PUTLOGS_LINGER_MS: '1000', FC_INSTANCE_ID }, target);
  const instance = await startFunction(example('function-compute/alibaba.mjs'), env);
  await instance.invoke({ name: 'initialize', context: contextOf(emulator, 0) });
  return instance;
}

function order(instance: FunctionInstance, n: number, context: Record<string, unknown>) {
  return instance.invoke({ name: 'handler', event: { order: n }, eventAs: 'bytes', context });
}

// Most of their time is the limit of a flush.
describe('a function', { concurrency: 4 }, () => {
  it('Alibaba: a request’s records have arrived with its answer; in an outage they are sent with the next one', async () => {
    const { emulator, instance } = await alibaba();
    for (let n = 0; n < 3; n += 1) {
      assert.deepEqual((await order(instance, n, contextOf(emulator, n))).value, { order: n });
      assertArrived(emulator, n + 1, FC_INSTANCE_ID);
    }
    emulator.faults([{ status: 503 }]);
    const { tookMs } = await order(instance, 3, contextOf(emulator, 3));
    assert.ok(tookMs >= 1999 && tookMs < 10_000, `${tookMs} ms`);
    emulator.faults([]);
    await order(instance, 4, contextOf(emulator, 4));
    assertArrived(emulator, 5, FC_INSTANCE_ID);
    await instance.kill();
  });

  it('Alibaba: pending records are sent before the freeze or the end, if the platform announces it', async () => {
    const hooks = ['preFreeze', 'preStop'].map(async (hook) => {
      const { emulator, instance } = await alibaba();
      emulator.faults([{ delayMs: 2200, times: 1 }]);
      await order(instance, 0, contextOf(emulator, 0));
      await instance.invoke({ name: hook, context: contextOf(emulator, 0) });
      assertArrived(emulator, 1, FC_INSTANCE_ID);
      await instance.kill();
    });
    await Promise.all(hooks);
  });

  it('Alibaba: keys that the service takes no more are replaced by those of the next request', async () => {
    const today = await emulatorForTest({ accessKeySecret: 'of today' });
    const yesterday = await emulatorForTest({ accessKeySecret: 'of yesterday' });
    let service = yesterday;
    const front = await startFront(() => service.url);
    const instance = await alibabaAt({ ...yesterday, url: front.url });
    await order(instance, 0, contextOf(yesterday, 0));
    assertArrived(yesterday, 1, FC_INSTANCE_ID);
    service = today;
    front.endAll();
    await order(instance, 1, contextOf(today, 1));
    assert.deepEqual(
      today.logs().map((log) => contentsOf(log)['order']),
      ['1'],
    );
    await instance.kill();
  });

  it('Volcengine: a request’s records have arrived with its answer; in an outage they are sent with the next one', async () => {
    const emulator = await emulatorForTest();
    const env = environmentFor(emulator, { PUTLOGS_LINGER_MS: '1000' });
    const instance = await startFunction(example('function-compute/volcengine.js'), env);
    await instance.invoke({ name: 'initializer', context: {} });
    const request = (n: number) =>
      instance.invoke({ name: 'handler', event: { body: `{"order":${n}}` }, context: { requestId: `request-${n}` } });
    for (let n = 0; n < 3; n += 1) {
      assert.deepEqual((await request(n)).value, { statusCode: 200, body: `{"order":${n}}` });
      assertArrived(emulator, n + 1, undefined);
    }
    emulator.faults([{ status: 503 }]);
    await request(3);
    emulator.faults([]);
    await request(4);
    assertArrived(emulator, 5, undefined);
    await instance.kill();
  });
});
