// API keys: requests without a signature that keep the time, the tags, the hash key and the order.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { temporaryDirectory } from '../support/directory';
import { emulatorForTest, environmentFor, optionsFor, until } from '../support/emulator';
import { assertLedger } from '../support/ledger';
import { putlogs } from '../support/putlogs-command';
import { shipperForTest, write } from '../support/shipper';
import { targetNamed } from '../support/targets';

const OLD_KEY = 'the-old-api-key-0123456789';
const API_KEY = 'the-api-key-0123456789';
const directory = temporaryDirectory('api-keys');

for (const name of ['volc-tls', 'aliyun-sls'] as const) {
  const target = targetNamed(name);

  test(`records reach ${name} by an API key, with their time, tags, hash key and order`, async () => {
    const emulator = await emulatorForTest({ apiKeys: [API_KEY], shards: 4 });
    const options = { ...optionsFor(emulator, target), credentials: { apiKey: API_KEY }, batch: { maxCount: 10 } };
    const shipper = shipperForTest({ ...options, instance: 'one', tags: { env: 'prod' } });
    const expected = write(shipper, 200);
    await shipper.flush();
    const logs = emulator.logs();
    assertLedger(new Map([['one', expected]]), logs);
    const hashKey = createHash('md5').update('one').digest('hex');
    for (const log of logs) assert.equal(log.hashKey, hashKey);
    assert.ok(logs[0]!.tags.some(({ key, value }) => key === 'env' && value === 'prod'));
    assert.deepEqual(emulator.stats().rejected, {});
  });

  test(`an API key of ${name} that expires is replaced by that of a file, and every record arrives once`, async () => {
    const emulator = await emulatorForTest();
    emulator.temporaryKeys([{ apiKey: OLD_KEY }]);
    const file = join(directory, `${name}.json`);
    const put = (apiKey: string) => {
      writeFileSync(`${file}.new`, JSON.stringify({ apiKey }));
      renameSync(`${file}.new`, file);
    };
    put(OLD_KEY);
    // A held batch is retried after a minute at the earliest: within this time only the refresh can send the records.
    const retry = { baseMs: 1000, maxMs: 240_000 };
    const shipper = shipperForTest({ ...optionsFor(emulator, target), credentials: { file }, retry });
    const warnings: string[] = [];
    shipper.on('warning', ({ message }) => warnings.push(message));
    const first = write(shipper, 50);
    await shipper.flush();
    emulator.temporaryKeys([{ apiKey: OLD_KEY, expiresMs: Date.now() - 1 }, { apiKey: API_KEY }]);
    const second = write(shipper, 50, undefined, 50);
    await until('the key is refused', () => warnings.length > 0);
    put(API_KEY);
    await shipper.flush();
    assertLedger(new Map([['one', [...first, ...second]]]), emulator.logs());
    const printed = JSON.stringify([warnings, shipper.stats()]);
    for (const secret of [OLD_KEY, API_KEY]) assert.ok(!printed.includes(secret), printed);
  });

  test(`an API key that ${name} repeats in its answer is reported nowhere`, async () => {
    const emulator = await emulatorForTest({ apiKeys: [API_KEY] });
    emulator.faults([{ status: 403, code: 'AccessDenied', message: `the key ${API_KEY} is disabled`, times: 1 }]);
    const shipper = shipperForTest({ ...optionsFor(emulator, target), credentials: { apiKey: API_KEY } });
    const warnings: string[] = [];
    shipper.on('warning', (warning) => warnings.push(JSON.stringify(warning)));
    write(shipper, 1);
    await until('the warning', () => warnings.length > 0);
    assert.match(warnings[0]!, /the key \*\*\* is disabled/);
    assert.ok(!warnings.join('').includes(API_KEY));
  });
}

test('the vendor’s own variable has an API key of TLS, and putlogs doctor names it', async () => {
  const emulator = await emulatorForTest({ apiKeys: [API_KEY] });
  const none = { VOLCENGINE_ACCESS_KEY_ID: '', VOLCENGINE_ACCESS_KEY_SECRET: '' };
  const env = environmentFor(emulator, { ...none, VOLCENGINE_TLS_API_KEY: API_KEY }, targetNamed('volc-tls'));
  const { code, stdout, stderr } = await putlogs('doctor', env);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /credentials\.apiKey .*VOLCENGINE_TLS_API_KEY/);
  assert.match(stdout, /not allowed to look/);
  assert.ok(!(stdout + stderr).includes(API_KEY));
  assert.equal(emulator.stats().logs, 1);
});

test('an API key beside an access key is an error at start', () => {
  const place = { region: 'r', topicId: 't' };
  const keys = { accessKeyId: 'a', accessKeySecret: 'b', apiKey: API_KEY };
  assert.throws(() => resolveOptions({ ...place, credentials: keys }, {}), /credentials: use only one of keys, apiKey/);
});

test('an API key of SLS is sent by https only', () => {
  const sls = { target: 'aliyun-sls', project: 'p', logstore: 'store', credentials: { apiKey: API_KEY } };
  const insecure = { ...sls, endpoint: 'http://10.0.0.1', allowInsecure: true };
  assert.throws(() => resolveOptions(insecure, {}), /endpoint: is http, and an API key is sent by https only/);
  assert.equal(resolveOptions({ ...sls, endpoint: 'https://10.0.0.1' }, {}).credentials.apiKey, API_KEY);
});
