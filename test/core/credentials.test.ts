// Credentials that are refreshed while records are pending, against a service that knows one key.

import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createShipper, createWorkerShipper, type Stats } from '@putlogs/core';
import { runChild } from '../support/child';
import { contentsOf, environmentFor, optionsFor, startEmulator, until } from '../support/emulator';

const OLD_SECRET = 'the-old-secret-0123456789';
const NEW_SECRET = 'the-new-secret-0123456789';

async function withCredentialsFile() {
  const emulator = await startEmulator({ accessKeyId: 'new', accessKeySecret: NEW_SECRET, securityToken: 'new-token' });
  const directory = mkdtempSync(join(tmpdir(), 'putlogs-credentials-'));
  after(async () => {
    await emulator.close();
    rmSync(directory, { recursive: true });
  });
  const file = join(directory, 'credentials.json');
  const write = (content: unknown) => {
    writeFileSync(`${file}.new`, JSON.stringify(content));
    renameSync(`${file}.new`, file);
  };
  return { emulator, directory, file, write };
}

const OLD = { accessKeyId: 'old', accessKeySecret: OLD_SECRET };
const NEW = { accessKeyId: 'new', accessKeySecret: NEW_SECRET, securityToken: 'new-token' };

for (const [name, create] of [
  ['in one thread', createShipper],
  ['in a worker', createWorkerShipper],
] as const) {
  test(`records held for a refused key are sent as soon as the file has a valid one, each once: ${name}`, async () => {
    const { emulator, file, write } = await withCredentialsFile();
    write(OLD);
    // A held batch is retried after a minute at the earliest: within this time only the refresh can send the records.
    const retry = { baseMs: 1000, maxMs: 240_000 };
    const shipper = create({ ...optionsFor(emulator), credentials: { file }, retry, batch: { maxCount: 10 } });
    const warnings: string[] = [];
    shipper.on('warning', ({ message }) => warnings.push(message));
    for (let n = 0; n < 50; n += 1) shipper.write(JSON.stringify({ n }));
    await until('the key is refused', () => emulator.stats().requests > 0);
    for (let n = 50; n < 100; n += 1) shipper.write(JSON.stringify({ n }));
    write(NEW);
    await shipper.flush();
    const numbers = emulator.logs().map((log) => Number(contentsOf(log)['n']));
    assert.deepEqual(
      numbers,
      Array.from({ length: 100 }, (_, n) => n),
    );
    const stats: Stats = shipper.stats();
    assert.deepEqual([stats.delivered, stats.pending], [100, 0]);
    const printed = JSON.stringify([warnings, stats]);
    for (const secret of [OLD_SECRET, NEW_SECRET]) assert.ok(!printed.includes(secret));
    await shipper.close();
  });
}

test('a module is loaded in the worker, and its error is reported without the text', async () => {
  const { emulator, directory } = await withCredentialsFile();
  const module = join(directory, 'credentials.cjs');
  writeFileSync(module, `module.exports = async () => (${JSON.stringify(NEW)});`);
  const good = createWorkerShipper({ ...optionsFor(emulator), credentials: { module } });
  good.write('{"n":1}');
  await good.flush();
  assert.equal(emulator.stats().logs, 1);
  await good.close();

  const bad = join(directory, 'bad.cjs');
  writeFileSync(bad, `module.exports = async () => { throw new Error('${NEW_SECRET}'); };`);
  const args = [JSON.stringify({ count: 5, end: 'natural' })];
  const env: Record<string, string | undefined> = {
    ...environmentFor(emulator),
    PUTLOGS_CREDENTIALS_MODULE: bad,
    PUTLOGS_CLOSE_TIMEOUT_MS: '500',
    NODE_DEBUG: 'putlogs',
  };
  const result = await runChild(join(__dirname, 'apps/hosted.js'), { args, env });
  assert.equal(result.code, 0);
  assert.match(result.stderr, /putlogs: credentials\.module returned no credentials: it failed \(Error\)/);
  assert.match(result.stderr, /putlogs: 5 records are lost/);
  assert.ok(!(result.stdout + result.stderr).includes(NEW_SECRET));
});
