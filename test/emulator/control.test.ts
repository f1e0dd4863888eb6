import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { createEmulator, type EmulatorOptions } from '@putlogs/emulator';
import { call, log, put, send, TOPIC } from './signed-request.js';

const emulatorDir = dirname(require.resolve('@putlogs/emulator/package.json'));
const { foreignAccess } = require(
  join(emulatorDir, 'dist/local-access.js'),
) as typeof import('../../packages/emulator/src/local-access');

const groups = [{ Logs: [log({ message: 'fine' })] }];
const nothing = Buffer.alloc(0);

/** Asks for the statistics, with exactly these headers. */
function statsAs({ url }: { readonly url: string }, headers: Record<string, string>) {
  return send(url, 'GET', '/_emulator/stats', headers, nothing);
}

describe('createEmulator', () => {
  test('starts an emulator on a free port of 127.0.0.1 with the demo account', async () => {
    const emulator = await createEmulator();
    try {
      const { url, host, port, accessKeyId, accessKeySecret } = emulator;
      assert.deepEqual(
        { url, host, accessKeyId, accessKeySecret },
        {
          url: `http://127.0.0.1:${port}`,
          host: '127.0.0.1',
          accessKeyId: 'demo',
          accessKeySecret: 'demo-secret',
        },
      );
      assert.deepEqual(emulator.stats(), {
        requests: 0,
        logs: 0,
        rawBytes: 0,
        wireBytes: 0,
        rejected: {},
        shards: [
          { shard: 0, begin: '0'.repeat(32), end: '8'.padEnd(32, '0'), logs: 0 },
          { shard: 1, begin: '8'.padEnd(32, '0'), end: 'f'.repeat(32), logs: 0 },
        ],
      });
    } finally {
      await emulator.close();
    }
  });

  test('rejects wrong options by name', async () => {
    const wrong: [object, RegExp][] = [
      [{ port: -1 }, /^port must/],
      [{ port: 65_536 }, /^port must/],
      [{ shards: 0 }, /^shards must/],
      [{ shards: 1.5 }, /^shards must/],
      [{ accessKeyId: 'a/b' }, /^accessKeyId must/],
      [{ accessKeySecret: '' }, /^accessKeySecret must/],
      [{ topics: 'a' }, /^topics must/],
      [{ lenient: 1 }, /^lenient must/],
      [{ clock: 1 }, /^clock must/],
      [{ shard: 2 }, /^shard is not an option; did you mean shards\?/],
    ];
    for (const [options, message] of wrong) {
      await assert.rejects(createEmulator(options as EmulatorOptions), { code: 'ERR_EMULATOR_OPTIONS', message });
    }
  });

  test('rejects a wrong temporary key without its secret, and keeps those it has', async () => {
    const emulator = await createEmulator();
    try {
      const key = { accessKeyId: 'id', accessKeySecret: 'very-secret', securityToken: 'token' };
      emulator.temporaryKeys([key]);
      for (const [wrong, message] of [
        [{ ...key, securityToken: '' }, /^the securityToken of a temporary key must be a string that is not empty$/],
        [{ ...key, expiresMs: Number.NaN }, /^the expiresMs of a temporary key must be a number$/],
      ] as const) {
        assert.throws(() => emulator.temporaryKeys([wrong]), { code: 'ERR_EMULATOR_OPTIONS', message });
      }
      const signed = await put(emulator, groups, { headers: { 'X-Security-Token': 'token' }, signing: key });
      assert.equal(signed.status, 200);
      emulator.temporaryKeys([]);
      const unknown = await put(emulator, groups, { headers: { 'X-Security-Token': 'token' }, signing: key });
      assert.equal(unknown.json.ErrorCode, 'InvalidAccessKeyId');
    } finally {
      await emulator.close();
    }
  });

  test('rejects a port in use and an address that is not there', async () => {
    const first = await createEmulator();
    try {
      await assert.rejects(createEmulator({ port: first.port }), { code: 'ERR_EMULATOR_PORT_IN_USE' });
      await assert.rejects(createEmulator({ host: '192.0.2.1' }), { code: 'ERR_EMULATOR_LISTEN' });
    } finally {
      await first.close();
    }
  });

  test('close cuts open connections, and may be called again', async () => {
    const emulator = await createEmulator();
    const socket = connect(emulator.port, emulator.host);
    const closed = new Promise<void>((resolve) => socket.on('error', () => {}).on('close', () => resolve()));
    socket.write('POST /PutLogs HTTP/1.1\r\n');
    await new Promise((resolve) => socket.once('connect', resolve));
    await Promise.all([emulator.close(), emulator.close()]);
    await closed;
    await emulator.close();
    await assert.rejects(put(emulator, groups));
  });

  test('is the same from import as from require', async () => {
    const imported = await import('@putlogs/emulator');
    assert.equal(imported.createEmulator, createEmulator);
  });

  test('keeps a listed topic over a reset, and forgets one that was only written to', async () => {
    const listed = await createEmulator({ topics: [TOPIC] });
    const open = await createEmulator();
    try {
      for (const [emulator, status] of [
        [listed, 400],
        [open, 404],
      ] as const) {
        await put(emulator, groups);
        emulator.reset();
        assert.deepEqual([emulator.stats().requests, emulator.stats().logs, emulator.logs()], [0, 0, []]);
        assert.equal(
          emulator.stats().shards.every(({ logs }) => logs === 0),
          true,
        );
        const answer = await call(emulator, 'POST', `/DescribeCursor?TopicId=${TOPIC}&ShardId=9`, { From: 'begin' });
        assert.equal(answer.status, status);
        await put(emulator, groups);
        assert.equal(emulator.logs()[0]!.sequence, 1);
      }
    } finally {
      await listed.close();
      await open.close();
    }
  });
});

describe('the control API', () => {
  test('returns statistics and logs, and resets them', async () => {
    const emulator = await createEmulator();
    try {
      await put(emulator, groups);
      await put(emulator, groups, { headers: { 'x-tls-compresstype': 'rar' } });
      const control = (method: string, path: string) => send(emulator.url, method, `/_emulator/${path}`, {}, nothing);
      const stats = await control('GET', 'stats');
      assert.deepEqual(stats.json, JSON.parse(JSON.stringify(emulator.stats())));
      assert.deepEqual([stats.json.requests, stats.json.logs, stats.json.rejected], [2, 1, { InvalidArgument: 1 }]);
      const logs = await control('GET', `logs?topicId=${TOPIC}`);
      assert.deepEqual(logs.json, { logs: JSON.parse(JSON.stringify(emulator.logs())), next: 1 });
      assert.deepEqual((await control('GET', 'logs?topicId=other')).json, { logs: [], next: 0 });
      assert.deepEqual((await control('DELETE', 'logs')).json, {});
      assert.deepEqual([emulator.stats().requests, emulator.stats().logs], [0, 0]);
      for (const path of ['logs?after=x', 'logs?limit=0', 'logs?limit=10001'])
        assert.equal((await control('GET', path)).status, 400);
      assert.equal((await control('POST', 'stats')).status, 405);
      assert.equal((await control('GET', 'nothing')).status, 404);
    } finally {
      await emulator.close();
    }
  });

  test('answers 500 with the error, and no closed connection, when the emulator itself fails', async () => {
    const clock = { isBroken: false };
    const emulator = await createEmulator({
      clock: () => {
        if (clock.isBroken) throw new Error('the clock stopped');
        return Date.now();
      },
    });
    try {
      clock.isBroken = true;
      for (const { status, json } of [await statsAs(emulator, {}), await put(emulator, groups)]) {
        assert.equal(status, 500);
        assert.equal(json.ErrorMessage, 'The emulator failed: Error: the clock stopped');
      }
      clock.isBroken = false;
      assert.equal((await statsAs(emulator, {})).status, 200);
    } finally {
      await emulator.close();
    }
  });

  test('answers to names of this machine, and refuses every other Host with a sentence', async () => {
    const emulator = await createEmulator();
    try {
      const status = async (Host: string) => (await statsAs(emulator, { Host })).status;
      const ours = ['localhost', 'LOCALHOST', 'localhost.', 'my-project.localhost', '127.0.0.1', '127.1.2.3', '[::1]'];
      for (const name of ours) {
        for (const host of [name, `${name}:${emulator.port}`, `${name}:9`]) assert.equal(await status(host), 200, host);
      }
      const foreign = [
        'rebound.example',
        `rebound.example:${emulator.port}`,
        'localhost.example',
        'notlocalhost',
        '127.0.0.1.example',
        '127.example',
        '10.0.0.1',
        '[::2]',
        '0.0.0.0',
        ':80',
        '[::1',
        'localhost@rebound.example',
        'rebound.example#.localhost',
      ];
      for (const host of foreign) assert.equal(await status(host), 403, host);
      const { json } = await statsAs(emulator, { Host: 'rebound.example' });
      assert.deepEqual(json, {
        ErrorCode: 'Forbidden',
        ErrorMessage:
          'The control API answers to localhost, 127.0.0.1 and [::1], and to the name that --host names. The Host header is "rebound.example".',
      });
    } finally {
      await emulator.close();
    }
  });

  test('answers to the name that --host names, and on every address of the machine to that address', async () => {
    for (const [host, Host, status] of [
      ['localhost', 'localhost', 200],
      ['127.0.0.2', '127.0.0.2:80', 200],
      ['0.0.0.0', '127.0.0.1', 200],
      ['0.0.0.0', 'rebound.example', 403],
      ['0.0.0.0', '10.0.0.1', 403],
    ] as const) {
      const emulator = await createEmulator({ host });
      try {
        assert.equal((await statsAs(emulator, { Host })).status, status, `${host}: ${Host}`);
      } finally {
        await emulator.close();
      }
    }
    // No machine of a test has a name of its own that it listens on. So the rule itself is asked.
    const asked = (host: string, localAddress: string, name: string) =>
      foreignAccess(
        { method: 'GET', path: '/', query: [], headers: new Map([['host', [name]]]) },
        { host, localAddress },
      );
    assert.equal(asked('logs.internal', '10.0.0.1', 'logs.internal:4700'), undefined);
    assert.match(asked('logs.internal', '10.0.0.1', '10.0.0.1:4700') ?? '', /^The control API answers to/);
    assert.equal(asked('0.0.0.0', '10.0.0.1', '10.0.0.1:4700'), undefined);
    assert.equal(asked('::', '::ffff:10.0.0.1', '10.0.0.1:4700'), undefined);
    assert.equal(asked('::', 'fd00::1', '[fd00::1]:4700'), undefined);
    assert.match(asked('::', 'fd00::1', '[fd00::2]:4700') ?? '', /^The control API answers to/);
  });

  test('refuses a request that a web page of another site makes, and changes nothing', async () => {
    const emulator = await createEmulator();
    try {
      await put(emulator, groups);
      for (const Origin of ['https://site.example', 'null', 'file://', 'http://localhost.example', '']) {
        for (const [method, path] of [
          ['GET', 'logs'],
          ['DELETE', 'logs'],
          ['PUT', 'faults'],
          ['POST', 'logs'],
        ] as const) {
          const { status, json } = await send(emulator.url, method, `/_emulator/${path}`, { Origin }, nothing);
          assert.equal(status, 403, `${method} ${Origin}`);
          assert.match(
            json.ErrorMessage,
            /^The control API answers to no web page of another site\. The Origin header/,
          );
        }
      }
      assert.equal(emulator.stats().logs, 1);
      for (const Origin of ['http://localhost:3000', `http://127.0.0.1:${emulator.port}`, 'https://[::1]']) {
        assert.equal((await statsAs(emulator, { Origin })).status, 200, Origin);
      }
    } finally {
      await emulator.close();
    }
  });

  test('leaves the paths of the services to every Host, as their clients send it', async () => {
    const emulator = await createEmulator();
    try {
      const { status } = await put(emulator, groups, { headers: { Host: 'tls-cn-beijing.volces.com' } });
      assert.equal(status, 200);
    } finally {
      await emulator.close();
    }
  });

  test('pages through a hundred thousand logs that arrived in big requests', async () => {
    const emulator = await createEmulator();
    try {
      for (let request = 0; request < 20; request++) {
        const Logs = Array.from({ length: 5000 }, (_, at) =>
          log({ n: String(request * 5000 + at), text: 'a small log' }),
        );
        assert.equal((await put(emulator, [{ Logs }], { codec: 'lz4' })).status, 200);
      }
      let next = 0;
      let seen = 0;
      for (;;) {
        const page = await send(emulator.url, 'GET', `/_emulator/logs?after=${next}&limit=10000`, {}, nothing);
        if (page.json.logs.length === 0) break;
        for (const entry of page.json.logs) assert.equal(entry.contents[0]!.value, String(seen++));
        next = page.json.next;
      }
      assert.deepEqual([seen, next], [100_000, 100_000]);
    } finally {
      await emulator.close();
    }
  });
});
