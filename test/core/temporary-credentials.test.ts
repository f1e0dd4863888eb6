// Applications without a key but with a role: by the token of their cluster, or of the machine they run on. The service
// refuses expired keys, as the real one does.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Stats } from '@putlogs/core';
import { type StartedChild, startChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { closedPort, contentsOf, emulatorForTest, environmentFor } from '../support/emulator';
import { ARN, type Issued, PROVIDER_ARN, startIdentity, TRN } from '../support/identity';
import { targetNamed } from '../support/targets';

const directory = temporaryDirectory('temporary');
const OIDC_TOKEN = 'eyJhbGciOiJSUzI1NiJ9.theVerySecretToken.c2lnbmF0dXJl';
const HOUR_MS = 3_600_000;

const VENDORS = [
  {
    name: 'volc-tls',
    oidc: { VOLCENGINE_OIDC_ROLE_TRN: TRN },
    tokenFile: 'VOLCENGINE_OIDC_TOKEN_FILE',
    expired: 'InvalidSecurityToken',
  },
  {
    name: 'aliyun-sls',
    oidc: { ALIBABA_CLOUD_ROLE_ARN: ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN: PROVIDER_ARN },
    tokenFile: 'ALIBABA_CLOUD_OIDC_TOKEN_FILE',
    expired: 'Unauthorized',
  },
] as const;

const SECRET = 'the-very-secret-0123456789';
const key = (n: number, expiresMs = Date.now() + HOUR_MS): Issued => {
  return {
    accessKeyId: `STS.key${n}`,
    accessKeySecret: `${SECRET}-${n}`,
    securityToken: `${SECRET}-token-${n}`,
    expiresMs,
  };
};

function start(
  environment: Record<string, string>,
  keyVariables: { id: string; secret: string },
  count: number,
): StartedChild {
  const env = { ...environment, [keyVariables.id]: '', [keyVariables.secret]: '', HOME: directory };
  return startChild(join(__dirname, 'apps/in-stages.js'), { args: [String(count)], env });
}

async function endOf(child: StartedChild) {
  const { code, stdout, stderr } = await child.ended;
  assert.equal(code, 0, stderr);
  for (const secret of [SECRET, 'theVerySecretToken', 'tokenOfTheMetadataService']) {
    assert.ok(!(stdout + stderr).includes(secret), `${stdout}\n${stderr}`);
  }
  const stats = JSON.parse(/^stats (.*)$/m.exec(stdout)![1]!) as Stats;
  return { stats, stdout, stderr };
}

function assertInOrder(logs: readonly Parameters<typeof contentsOf>[0][], count: number): void {
  const numbers = logs.map((log) => Number(contentsOf(log)['n']));
  assert.deepEqual(
    numbers,
    Array.from({ length: count }, (_, n) => n),
  );
}

for (const { name, oidc, tokenFile, expired } of VENDORS) {
  const target = targetNamed(name);

  test(`2,000 records go with a role's credentials, which the service declares expired half way: ${name}`, async () => {
    const emulator = await emulatorForTest();
    let current = key(1);
    const identity = await startIdentity({ oidcToken: () => OIDC_TOKEN, issue: () => current });
    after(() => identity.close());
    emulator.temporaryKeys([key(1)]);
    const file = join(directory, `token-${name}`);
    writeFileSync(file, OIDC_TOKEN);
    const variables = { ...oidc, [tokenFile]: file, PUTLOGS_CREDENTIALS_STS_ENDPOINT: identity.url };
    // A held batch is retried after a minute at the earliest: within this time only the refresh can send the records.
    const slow = { PUTLOGS_RETRY_BASE_MS: '1000', PUTLOGS_RETRY_MAX_MS: '240000' };
    const environment = environmentFor(emulator, { ...variables, ...slow, PUTLOGS_BATCH_MAX_COUNT: '100' }, target);
    const child = start(environment, target.keyVariables, 1000);
    await child.line('half');
    assert.equal(emulator.stats().logs, 1000);
    current = key(2);
    emulator.temporaryKeys([key(1, Date.now() - 1), key(2)]);
    child.kill('SIGUSR2');
    const { stats } = await endOf(child);
    assertInOrder(emulator.logs(), 2000);
    assert.deepEqual([stats.delivered, stats.pending, stats.credentialFailures], [2000, 0, 0]);
    assert.deepEqual(emulator.stats().rejected, { [expired]: 1 });
    assert.deepEqual([identity.asked.length, identity.wrong], [2, []]);
  });

  test(`records wait for a metadata service that is not there yet, and are delivered once: ${name}`, async () => {
    const emulator = await emulatorForTest();
    emulator.temporaryKeys([key(1)]);
    const port = await closedPort();
    const variable = name === 'volc-tls' ? 'VOLCENGINE_ECS_METADATA' : 'ALIBABA_CLOUD_ECS_METADATA';
    // The metadata service must not be reached through a proxy.
    const proxy = { http_proxy: `http://127.0.0.1:${await closedPort()}` };
    const metadata = { [variable]: 'putlogs-role', PUTLOGS_CREDENTIALS_METADATA_ENDPOINT: `http://127.0.0.1:${port}` };
    const child = start(environmentFor(emulator, { ...metadata, ...proxy }, target), target.keyVariables, 100);
    const told = await child.line("credentials.from 'metadata' returned no credentials");
    assert.match(told, /127\.0\.0\.1:\d+ did not answer: ECONNREFUSED/);
    const identity = await startIdentity({ issue: () => key(1) }, port);
    after(() => identity.close());
    await child.line('half');
    child.kill('SIGUSR2');
    const { stats } = await endOf(child);
    assertInOrder(emulator.logs(), 200);
    assert.equal(stats.delivered, 200);
    assert.ok(stats.credentialFailures > 0);
    assert.deepEqual(identity.wrong, []);
    assert.deepEqual(emulator.stats().rejected, {}, 'nothing was sent before there was a key');
  });
}

test('credentials that arrive expired are replaced as soon as the service refuses them', async () => {
  const emulator = await emulatorForTest();
  const target = targetNamed('volc-tls');
  const past = Date.now() - 60_000;
  emulator.temporaryKeys([key(1, past), key(2)]);
  const issued = [key(1, past), key(2)];
  const identity = await startIdentity({ issue: () => issued.shift() ?? key(2) });
  after(() => identity.close());
  const metadata = { PUTLOGS_CREDENTIALS_FROM: 'metadata', PUTLOGS_CREDENTIALS_METADATA_ENDPOINT: identity.url };
  const child = start(environmentFor(emulator, metadata, target), target.keyVariables, 10);
  await child.line('half');
  child.kill('SIGUSR2');
  const { stats } = await endOf(child);
  assertInOrder(emulator.logs(), 20);
  assert.equal(stats.delivered, 20);
  assert.deepEqual(emulator.stats().rejected, { InvalidSecurityToken: 1 });
});
