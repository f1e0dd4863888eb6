// What our transports wrote, read by the vendor's own SDK.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tlsOpenapi } from '@volcengine/openapi';
import { decode } from '../emulator/signed-request';
import { type Application, expectedOf, runCorpus } from '../support/corpus-run';
import { type Emulator, emulatorForTest, REGION, TOPIC_ID } from '../support/emulator';
import { assertLedger, type LedgerLog } from '../support/ledger';

const COUNT = 1500;
const START_MS = 1_760_000_000_000;
const WRITERS: readonly [Application, string][] = [
  ['pino', 'by-pino'],
  ['winston', 'by-winston'],
];

test('the official SDK consumes and searches what pino and winston wrote', async () => {
  const emulator = await emulatorForTest();
  const plans = WRITERS.map(
    ([application, instance]) => [application, { instance, count: COUNT, startMs: START_MS }] as const,
  );
  const runs = await Promise.all(plans.map(([application, plan]) => runCorpus(application, plan, emulator)));
  for (const { code, stderr } of runs) assert.deepEqual([code, stderr], [0, '']);
  const expected = new Map(plans.map(([application, plan]) => expectedOf(application, plan)));

  const sdk = clientOf(emulator);
  const { Shards } = await sdk.DescribeShards({ TopicId: TOPIC_ID });
  const logs: LedgerLog[] = [];
  for (const { ShardId } of Shards) for (const log of await consumed(sdk, ShardId)) logs.push(log);
  assertLedger(expected, logs);

  for (const [instance, records] of expected) {
    const { Time, contents } = { Time: records[7]!.timeMs!, contents: records[7]!.contents };
    const found = (await sdk.SearchLogs({
      TopicId: TOPIC_ID,
      Query: `instance:"${instance}" AND n:7`,
      StartTime: START_MS,
      EndTime: START_MS + COUNT,
      Limit: 100,
    })) as unknown as { Logs: Record<string, unknown>[] };
    assert.equal(found.Logs.length, 1);
    assert.equal(found.Logs[0]!['__time__'], Time);
    for (const [key, value] of contents) assert.equal(String(found.Logs[0]![key]), value, key);
  }
});

function clientOf({ url, accessKeyId, accessKeySecret }: Emulator): tlsOpenapi.TlsService {
  const { host } = new URL(url);
  return new tlsOpenapi.TlsService({
    host,
    protocol: 'http:',
    region: REGION,
    accessKeyId,
    secretKey: accessKeySecret,
  });
}

/** A shard from its beginning to its end, a page at a time. The SDK returns the cursor of the next page as a header. */
async function consumed(sdk: tlsOpenapi.TlsService, ShardId: number): Promise<LedgerLog[]> {
  const at = async (From: string) => {
    const described = await sdk.DescribeCursor({ TopicId: TOPIC_ID, ShardId, From });
    return (described as unknown as { cursor: string }).cursor;
  };
  const [Cursor, EndCursor] = [await at('begin'), await at('end')];
  if (Cursor === EndCursor) return [];
  const page = await sdk.ConsumeLogs({ TopicId: TOPIC_ID, ShardId, Cursor, EndCursor, LogGroupCount: 1000 });
  return decode(page).flatMap(({ Logs, ContextFlow }) =>
    Logs.map(({ Time, Contents }) => ({
      time: Number(Time),
      packId: ContextFlow ?? null,
      contents: Contents.map(({ Key, Value }) => ({ key: Key, value: Value ?? '' })),
    })),
  );
}
