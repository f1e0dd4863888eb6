// What our transports wrote to SLS, read by the vendor's own packages.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeGroupList } from '../emulator/sls-request';
import { runChild } from '../support/child';
import { type Application, expectedOf, runCorpus } from '../support/corpus-run';
import { emulatorForTest } from '../support/emulator';
import { assertLedger, type LedgerLog } from '../support/ledger';
import { START_MS } from '../support/start-time';
import { targetNamed } from '../support/targets';

const COUNT = 1500;
const WRITERS: readonly [Application, string][] = [
  ['pino', 'by-pino'],
  ['winston', 'by-winston'],
];

test('the packages @alicloud/log and @alicloud/sls20201230 find and pull what pino and winston wrote', async () => {
  const emulator = await emulatorForTest({ region: 'cn-hangzhou' });
  // Signed by v1 from pino and by v4 from winston.
  const regions = { pino: {}, winston: { PUTLOGS_REGION: 'cn-hangzhou' } };
  const plans = WRITERS.map(
    ([application, instance]) => [application, { instance, count: COUNT, startMs: START_MS }] as const,
  );
  const runs = await Promise.all(
    plans.map(([application, plan]) =>
      runCorpus(
        application,
        plan,
        emulator,
        { env: regions[application as 'pino' | 'winston'] },
        targetNamed('aliyun-sls'),
      ),
    ),
  );
  for (const { code, stderr } of runs) assert.deepEqual([code, stderr], [0, '']);
  const expected = new Map(plans.map(([application, plan]) => expectedOf(application, plan)));

  const second = Math.floor(START_MS / 1000);
  const { code, stdout, stderr } = await runChild(join(__dirname, 'sls-reader.js'), {
    nodeArgs: ['--require', join(__dirname, '../emulator/local-names.js')],
    args: [
      String(emulator.port),
      emulator.accessKeyId,
      emulator.accessKeySecret,
      'n:7',
      String(second),
      String(second + COUNT),
    ],
  });
  assert.deepEqual([code, stderr], [0, '']);
  const { logs, pages } = JSON.parse(stdout) as { logs: Record<string, string>[]; pages: string[] };

  const pulled = pages.flatMap((page) => decodeGroupList(Buffer.from(page, 'base64')));
  const ledger = pulled.flatMap(({ Logs, LogTags = [] }): LedgerLog[] =>
    Logs.map(({ Time, Time_ns = 0, Contents }) => ({
      time: Time * 1000 + Math.floor(Time_ns / 1e6),
      packId: LogTags.find(({ Key }) => Key === '__pack_id__')?.Value ?? null,
      contents: Contents.map(({ Key, Value }) => ({ key: Key, value: Value })),
    })),
  );
  assertLedger(expected, ledger);

  for (const [instance, records] of expected) {
    const [log] = logs.filter((one) => one['instance'] === instance);
    assert.equal(Number(log!['__time__']), Math.floor(records[7]!.timeMs! / 1000));
    for (const [key, value] of records[7]!.contents) assert.equal(log![key], value, key);
  }
});
