import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createEmulator, type Emulator } from '@putlogs/emulator';
import { tlsOpenapi } from '@volcengine/openapi';
import { decode, encode, log, put, TOPIC } from './signed-request.js';

const TIME_MS = 1_750_733_700_123;

function client(emulator: Emulator): tlsOpenapi.TlsService {
  const { accessKeyId, accessKeySecret } = emulator;
  const host = new URL(emulator.url).host;
  return new tlsOpenapi.TlsService({
    host,
    protocol: 'http:',
    region: 'cn-beijing',
    accessKeyId,
    secretKey: accessKeySecret,
  });
}

const groups = [
  {
    Source: 's',
    FileName: 'f',
    Logs: [log({ message: 'hello hello hello hello', n: '1' }, TIME_MS), log({ n: '2' }, TIME_MS + 1)],
  },
];

describe('the official Node SDK', { timeout: 60_000 }, () => {
  let lenient: Emulator;
  before(async () => {
    lenient = await createEmulator({ lenient: true });
  });
  after(() => lenient.close());

  test('writes to the lenient emulator in every codec, with and without a hash key', async () => {
    for (const CompressType of ['lz4', 'zlib', undefined]) {
      for (const HashKey of [undefined, 'e'.repeat(32)]) {
        lenient.reset();
        const request = { TopicId: TOPIC, LogGroupList: encode(groups), CompressType, HashKey };
        await client(lenient).PutLogs(request as Parameters<tlsOpenapi.TlsService['PutLogs']>[0]);
        assert.deepEqual(
          lenient.logs().map(({ time, hashKey, shard, contents }) => [time, hashKey, shard, contents.at(-1)!.value]),
          [
            [TIME_MS, HashKey ?? '', HashKey ? 1 : 0, '1'],
            [TIME_MS + 1, HashKey ?? '', HashKey ? 1 : 0, '2'],
          ],
        );
      }
    }
  });

  test('is refused by the strict emulator, for the hash of its bodies is wrong', async () => {
    const strict = await createEmulator();
    try {
      const request = { TopicId: TOPIC, LogGroupList: encode(groups), CompressType: 'lz4' };
      await assert.rejects(
        client(strict).PutLogs(request as Parameters<tlsOpenapi.TlsService['PutLogs']>[0]),
        (error: { response: { status: number; data: { ErrorCode: string; ErrorMessage: string } } }) => {
          assert.equal(error.response.status, 403);
          assert.equal(error.response.data.ErrorCode, 'SignatureDoesNotMatch');
          assert.match(error.response.data.ErrorMessage, /X-Content-Sha256/);
          return true;
        },
      );
      assert.equal(strict.stats().logs, 0);
    } finally {
      await strict.close();
    }
  });

  test('reads the written logs from the strict emulator', async () => {
    const strict = await createEmulator();
    try {
      await put(strict, groups, { headers: { 'x-tls-hashkey': '0'.repeat(32) } });
      await readBack(strict);
    } finally {
      await strict.close();
    }
  });

  test('writes and reads back', async () => {
    lenient.reset();
    const request = { TopicId: TOPIC, LogGroupList: encode(groups), CompressType: 'lz4', HashKey: '0'.repeat(32) };
    await client(lenient).PutLogs(request as Parameters<tlsOpenapi.TlsService['PutLogs']>[0]);
    await readBack(lenient);
  });

  async function readBack(emulator: Emulator): Promise<void> {
    const sdk = client(emulator);
    const found = await sdk.SearchLogs({
      TopicId: TOPIC,
      Query: 'n:2',
      StartTime: TIME_MS,
      EndTime: TIME_MS + 1,
      Limit: 10,
    });
    const [hit] = (found as unknown as { Logs: Record<string, unknown>[] }).Logs;
    assert.deepEqual([found.HitCount, hit], [1, { n: '2', __time__: TIME_MS + 1, __source__: 's', __path__: 'f' }]);

    const { Shards, Total } = await sdk.DescribeShards({ TopicId: TOPIC });
    assert.deepEqual([Total, Shards.map(({ ShardId }) => ShardId)], [2, [0, 1]]);
    const described = await sdk.DescribeCursor({ TopicId: TOPIC, ShardId: 0, From: 'begin' });
    const { cursor } = described as unknown as { cursor: string };
    const consumed = await sdk.ConsumeLogs({ TopicId: TOPIC, ShardId: 0, Cursor: cursor, LogGroupCount: 10 });
    const [group] = decode(consumed);
    assert.deepEqual(
      [group!.Source, group!.FileName, group!.Logs.map(({ Time }) => Time)],
      ['s', 'f', [TIME_MS, TIME_MS + 1]],
    );
  }

  test('describes a topic, and creates, reads and changes its index, at the strict emulator', async () => {
    const strict = await createEmulator({ index: 'none' });
    try {
      await put(strict, groups, {});
      const sdk = client(strict);
      const { Ttl, ShardCount } = await sdk.DescribeTopic({ TopicId: TOPIC });
      assert.deepEqual([Ttl, ShardCount], [30, 2]);
      const codeOf = (error: { response: { data: { ErrorCode: string } } }) => error.response.data.ErrorCode;
      assert.equal(await sdk.DescribeIndex({ TopicId: TOPIC }).catch(codeOf), 'IndexNotExists');
      const FullText = { CaseSensitive: false, Delimiter: ' ,', IncludeChinese: false };
      const KeyValue = [{ Key: 'n', Value: { ValueType: 'long' } }];
      assert.deepEqual(await sdk.CreateIndex({ TopicId: TOPIC, FullText }), { TopicId: TOPIC });
      assert.equal(await sdk.CreateIndex({ TopicId: TOPIC, FullText }).catch(codeOf), 'IndexAlreadyExist');
      await sdk.ModifyIndex({ TopicId: TOPIC, FullText, KeyValue });
      const index = await sdk.DescribeIndex({ TopicId: TOPIC });
      assert.deepEqual([index.TopicId, index.FullText, index.KeyValue], [TOPIC, FullText, KeyValue]);
    } finally {
      await strict.close();
    }
  });

  test('writes to the lenient emulator by its Producer too', async () => {
    lenient.reset();
    const { accessKeyId, accessKeySecret } = lenient;
    const producer = new tlsOpenapi.Producer({
      ...tlsOpenapi.Producer.getDefaultProducerConfig(),
      Endpoint: new URL(lenient.url).host,
      Region: 'cn-beijing',
      AccessKeyID: accessKeyId,
      AccessKeySecret: accessKeySecret,
      MaxBatchCount: 3,
      LingerTime: 100,
    });
    // The Producer has no option for the scheme.
    (producer as unknown as { service: { setProtocol(protocol: string): void } }).service.setProtocol('http:');
    producer.Start();
    const fates: string[] = [];
    const callBack = {
      Success: () => fates.push('delivered'),
      Fail: (result: unknown) => fates.push(JSON.stringify(result)),
    };
    for (let n = 0; n < 6; n++) {
      const { Time, Contents } = log({ n: String(n), text: 'the same text again' }, TIME_MS + n);
      await producer.SendLog('7'.repeat(32), TOPIC, 'source', 'file', { Time, Contents }, callBack);
    }
    while (fates.length < 6) await new Promise(setImmediate);
    await producer.Close();
    assert.deepEqual(fates, Array(6).fill('delivered'));
    assert.deepEqual(
      lenient
        .logs()
        .map(({ time, source, fileName, hashKey }) => [time, source, fileName, hashKey])
        .sort(),
      Array.from({ length: 6 }, (_, n) => [TIME_MS + n, 'source', 'file', '7'.repeat(32)]),
    );
  });
});
