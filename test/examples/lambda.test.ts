// examples/lambda, in the life of an execution environment.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { type Emulator, emulatorForTest, environmentFor } from '../support/emulator';
import { example, expecting, numbered } from '../support/examples';
import { startFront } from '../support/front';
import { type FunctionInstance, startFunction } from '../support/function-instance';
import { assertLedger } from '../support/ledger';

const STREAM = '2026/01/31/[$LATEST]0123456789abcdef0123456789abcdef';

async function lambdaOf(file: string) {
  const emulator = await emulatorForTest();
  const front = await startFront(() => emulator.url);
  // As it is without a setting: no record would leave by itself before it is frozen.
  const own = { PUTLOGS_LINGER_MS: '1000', AWS_LAMBDA_LOG_STREAM_NAME: STREAM };
  const instance = await startFunction(example(`lambda/${file}`), {
    ...environmentFor({ ...emulator, url: front.url }),
    ...own,
  });
  return { emulator, front, instance };
}

function order(instance: FunctionInstance, n: number) {
  const context = { awsRequestId: `request-${n}` };
  return instance.invoke({ name: 'handler', event: { order: n }, context });
}

function assertArrived(emulator: Emulator, count: number): void {
  const numbers = new Map([['lambda', Array.from({ length: count }, (_, n) => n)]]);
  const logs = emulator.logs();
  assertLedger(
    expecting(numbers),
    numbered(logs, 'order', () => 'lambda'),
  );
  const hashKey = createHash('md5').update(STREAM).digest('hex');
  assert.ok(logs.every((log) => log.hashKey === hashKey));
}

// Most of their time is the limit of a flush.
describe('a function', { concurrency: 4 }, () => {
  for (const file of ['pino.js', 'winston.js']) {
    it(`${file}: an invocation’s records have arrived with its answer, even if the service failed while it was frozen`, async () => {
      const { emulator, front, instance } = await lambdaOf(file);
      for (let n = 0; n < 6; n += 1) {
        assert.deepEqual((await order(instance, n)).value, { statusCode: 200 });
        assertArrived(emulator, n + 1);
        if (n % 2 === 1) front.endAll();
      }
      assert.equal(emulator.stats().requests, 6, 'and none was asked for twice');
      assert.equal(instance.stderr(), '');
      const { signal, stderr } = await instance.shutdown();
      assert.deepEqual([signal, stderr], ['SIGTERM', '']);
    });

    it(`${file}: in an outage it answers after the limit, and the next invocation sends the pending records`, async () => {
      const { emulator, instance } = await lambdaOf(file);
      await order(instance, 0);
      emulator.faults([{ status: 503 }]);
      const { tookMs } = await order(instance, 1);
      assert.ok(tookMs >= 1999 && tookMs < 10_000, `${tookMs} ms`);
      assertArrived(emulator, 1);
      emulator.faults([]);
      await order(instance, 2);
      assertArrived(emulator, 3);
      await instance.kill();
    });

    it(`${file}: pending records are delivered at the end, if the platform announces it`, async () => {
      const { emulator, instance } = await lambdaOf(file);
      emulator.faults([{ status: 503 }]);
      const context = { awsRequestId: 'request-0' };
      const limited = { name: 'handler', event: { order: 0 }, context, limitMs: 600 };
      const { tookMs } = await instance.invoke(limited);
      assert.ok(tookMs < 1900, `no longer than the invocation may take: ${tookMs} ms`);
      assert.deepEqual(emulator.logs(), []);
      emulator.faults([]);
      await instance.shutdown();
      assertArrived(emulator, 1);
    });
  }
});
