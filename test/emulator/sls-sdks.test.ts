import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createEmulator, type Emulator } from '@putlogs/emulator';
import { runChild } from '../support/child.js';
import { decodeGroupList, LOGSTORE, now, PROJECT, putSls, slsLog } from './sls-request.js';

interface Failure {
  readonly code: string;
  readonly message: string;
}

interface LogResult {
  readonly written: string;
  readonly read: unknown[];
  readonly refused: Failure;
  readonly forged: Failure;
  readonly store: { readonly shardCount: number };
}

interface OpenApiResult {
  readonly shards: readonly { readonly shardID: number; readonly status: string }[];
  readonly pulled: readonly string[];
  readonly logs: readonly { readonly n: string }[];
  readonly logsV2: { readonly data: readonly { readonly n: string }[]; readonly meta: { readonly progress: string } };
  readonly tracked: number;
  readonly missing: Failure;
}

interface IndexResult {
  readonly missing: Failure;
  readonly again: Failure;
  readonly index: { readonly line: object; readonly keys: Readonly<Record<string, { readonly type: string }>> };
  readonly store: { readonly ttl: number; readonly shardCount: number };
}

describe("the vendor's own packages for SLS", { timeout: 60_000 }, () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await createEmulator({ region: 'cn-hangzhou' });
  });
  beforeEach(() => emulator.reset());
  after(() => emulator.close());

  const run = async <Result>(
    which: string,
    addresses = ['127.0.0.1'],
    { port, accessKeyId, accessKeySecret } = emulator,
  ): Promise<Result> => {
    const { code, stdout, stderr } = await runChild(join(__dirname, 'sls-clients.js'), {
      nodeArgs: ['--require', join(__dirname, 'local-names.js')],
      args: [String(port), accessKeyId, accessKeySecret, which],
    });
    assert.deepEqual([code, stderr], [0, '']);
    const { result, contacted } = JSON.parse(stdout) as { result: Result; contacted: string[] };
    assert.deepEqual(contacted, addresses, 'no other address is contacted');
    return result;
  };

  test('are watched: a connection that would leave the machine is stopped and reported', async () => {
    const fates = await run<string[]>('stray', ['log.invalid', '203.0.113.1']);
    assert.deepEqual(fates, ['log.invalid is not on this machine', '203.0.113.1 is not on this machine']);
  });

  test('@alicloud/log writes logs, and reads them again', async () => {
    const { written, read, refused, forged, store } = await run<LogResult>('log');
    assert.equal(written, '');
    const [log] = emulator.logs();
    assert.deepEqual(
      [log!.project, log!.logstore, log!.topic, log!.source, log!.packId, log!.timeNs],
      [PROJECT, LOGSTORE, 'topic', 'source', 'P-1', 123_456_789],
    );
    assert.deepEqual(log!.contents, [
      { key: 'level', value: 'info' },
      { key: 'message', value: '你好 👋' },
      { key: 'empty', value: '' },
    ]);
    assert.deepEqual(read, [
      {
        level: 'info',
        message: '你好 👋',
        empty: '',
        '__tag__:host': 'h1',
        '__tag__:__pack_id__': 'P-1',
        __topic__: 'topic',
        __source__: 'source',
        __time__: String(log!.time),
        __time_ns_part__: '123456789',
      },
    ]);
    assert.equal(refused.code, 'PostBodyInvalid');
    assert.match(refused.message, /time is out of range/);
    assert.equal(forged.code, 'SignatureNotMatch');
    assert.equal(store.shardCount, 2);
    assert.equal(emulator.stats().logs, 2);
  });

  for (const version of ['v4', 'v1']) {
    test(`@alicloud/sls20201230 reads by cursor and by query, signed by ${version}, and tracks`, async () => {
      const groups = [0, 1].map((n) => ({
        Logs: [slsLog({ level: 'info', n: String(n), text: 'again and again and again' }, now(), n)],
        Topic: 'topic',
        Source: 'source',
        LogTags: [{ Key: 'k', Value: 'v' }],
      }));
      for (const group of groups) assert.equal((await putSls(emulator, group, { codec: 'lz4' })).status, 200);
      const { shards, pulled, logs, logsV2, tracked, missing } = await run<OpenApiResult>(`sls20201230-${version}`);
      assert.deepEqual(
        shards.map(({ shardID, status }) => [shardID, status]),
        [
          [0, 'readwrite'],
          [1, 'readwrite'],
        ],
      );
      assert.deepEqual(
        pulled.flatMap((base64) => decodeGroupList(Buffer.from(base64, 'base64'))),
        groups,
      );
      for (const found of [logs, logsV2.data]) {
        assert.deepEqual(found.map(({ n }) => n).sort(), ['0', '1']);
      }
      assert.equal(logsV2.meta.progress, 'Complete');
      assert.equal(tracked, 200);
      assert.deepEqual(emulator.logs().at(-1)!.contents, [{ key: 'by', value: 'putWebtracking' }]);
      assert.equal(missing.code, 'LogStoreNotExist');
    });
  }

  for (const which of ['log-index', 'sls20201230-index-v4', 'sls20201230-index-v1']) {
    test(`${which} creates, reads and changes an index`, async () => {
      const logstores = [`${PROJECT}/${LOGSTORE}`];
      const bare = await createEmulator({ region: 'cn-hangzhou', index: 'none', logstores });
      try {
        const { missing, again, index, store } = await run<IndexResult>(which, ['127.0.0.1'], bare);
        assert.deepEqual([missing.code, again.code], ['IndexConfigNotExist', 'IndexAlreadyExist']);
        assert.deepEqual(index.line, { token: [' ', ','], caseSensitive: false });
        assert.deepEqual([Object.keys(index.keys), index.keys['n']!.type], [['n'], 'long']);
        assert.deepEqual([store.ttl, store.shardCount], [30, 2]);
      } finally {
        await bare.close();
      }
    });
  }

  test('@aliyun-sls/web-track-browser tracks by both of its transports', async () => {
    const { used, statuses } = await run<{ used: string[]; statuses: number[] }>('browser');
    assert.deepEqual(used, ['sendBeacon', 'XMLHttpRequest']);
    assert.deepEqual(statuses, [200, 200]);
    const logs = emulator.logs();
    assert.deepEqual(
      logs.map(({ project, topic, source, tags }) => [project, topic, source, tags]),
      Array(3).fill([PROJECT, 'browser', 'page', [{ key: 'tag', value: 'value' }]]),
    );
    const first = logs.find(({ contents }) => contents[0]!.key === 'text');
    assert.deepEqual(Object.fromEntries(first!.contents.map(({ key, value }) => [key, value])), {
      text: '你好',
      number: '1.5',
      flag: 'true',
      nothing: 'null',
      nested: '{"a":[1]}',
    });
  });
});
