import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CredentialSource } from '@putlogs/core/internal/credentials/source';
import type { CredentialsGiven } from '@putlogs/core/internal/credentials/types';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { until } from '../support/emulator';
import { HandClock } from './hand-clock';

const SECRET = 'the-very-secret-0123456789';
let directory: string;
let files = 0;
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'putlogs-credentials-'));
});
after(() => rmSync(directory, { recursive: true }));

function fileWith(content: unknown, extension = 'json'): string {
  files += 1;
  const file = join(directory, `${files}.${extension}`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

/** Writes a module whose function has this body and counts its calls in `globalThis.calls[name]`. */
function moduleWith(body: string): { module: string; calls: () => number } {
  const name = `m${files + 1}`;
  const counted = `(globalThis.calls ??= {}).${name} = (globalThis.calls.${name} ?? 0) + 1;`;
  const module = fileWith(`export default async function () { ${counted} ${body} }`, 'mjs');
  return { module, calls: () => (globalThis as { calls?: Record<string, number> }).calls?.[name] ?? 0 };
}

function sourceOf(given: CredentialsGiven) {
  const clock = new HandClock();
  const fetch = () => Promise.reject(new Error('none of these sends a request'));
  const source = new CredentialSource(given, { clock, vendor: 'volcengine', fetch });
  const seen = { renewed: 0, problems: [] as string[] };
  source.listen({
    renewed: () => {
      seen.renewed += 1;
    },
    failed: (problem) => seen.problems.push(problem),
  });
  after(() => source.close());
  return { clock, source, seen };
}

const keys = (n: number) => ({ accessKeyId: `id${n}`, accessKeySecret: `${SECRET}${n}` });

test('keys are ready at once and never refreshed', async () => {
  const { source, seen, clock } = sourceOf(keys(1));
  assert.equal(await source.ready(), true);
  assert.equal(source.current.accessKeyId, 'id1');
  assert.equal(source.refused(source.current), false);
  assert.equal(clock.timers, 0);
  assert.deepEqual(seen, { renewed: 0, problems: [] });
});

test('a file is read under our names and the metadata services’, and again when it changes', async () => {
  const file = fileWith({ ...keys(1), securityToken: 'token1' });
  const { source, seen } = sourceOf({ file });
  assert.equal(await source.ready(), true);
  assert.equal(source.current.securityToken, 'token1');
  const vendor = {
    AccessKeyId: 'id2',
    SecretAccessKey: SECRET,
    SessionToken: 't2',
    ExpiredTime: '2030-01-01T00:00:00+08:00',
  };
  writeFileSync(file, JSON.stringify(vendor));
  assert.equal(await source.ready(), true);
  const { accessKeyId, accessKeySecret, securityToken } = source.current;
  assert.deepEqual(
    { accessKeyId, accessKeySecret, securityToken },
    { accessKeyId: 'id2', accessKeySecret: SECRET, securityToken: 't2' },
  );
  const other = {
    AccessKeyId: 'STS.id3',
    AccessKeySecret: SECRET,
    SecurityToken: 't3',
    Expiration: '2030-01-01T00:00:00Z',
    LastUpdated: '2029-12-31T18:00:00Z',
    Code: 'Success',
  };
  writeFileSync(file, JSON.stringify(other));
  assert.equal(await source.ready(), true);
  assert.deepEqual([source.current.accessKeyId, source.current.securityToken], ['STS.id3', 't3']);
  assert.equal(seen.renewed, 3);
});

test('an unreadable file is reported without its content, and the old credentials are kept', async () => {
  const file = fileWith(keys(1));
  const { source, seen } = sourceOf({ file });
  await source.ready();
  for (const content of [
    `{"accessKeyId": "${SECRET}`,
    JSON.stringify(SECRET),
    'null',
    JSON.stringify({ accessKeyId: 'id' }),
    JSON.stringify({ accessKeyId: `${SECRET}\n`, accessKeySecret: SECRET }),
    JSON.stringify({ accessKeyId: 7, accessKeySecret: SECRET }),
    JSON.stringify({ ...keys(9), expiration: SECRET }),
  ]) {
    writeFileSync(file, content);
    assert.equal(await source.ready(), true);
    assert.equal(source.current.accessKeyId, 'id1');
  }
  rmSync(file);
  await source.ready();
  assert.equal(seen.problems.length, 8);
  assert.match(seen.problems.at(-1)!, /^credentials\.file returned no credentials: ENOENT$/);
  assert.ok(!seen.problems.join().includes(SECRET), seen.problems.join('\n'));
});

test('a module is called once for many callers, and again 300 s before its credentials expire', async () => {
  const { module, calls } = moduleWith(
    `return { accessKeyId: 'id', accessKeySecret: 's', expiration: 1_000_000 * (globalThis.calls.NAME ?? 1) };`.replace(
      'NAME',
      `m${files + 1}`,
    ),
  );
  const { source, clock } = sourceOf({ module });
  // The clock is at 0, and a number below 1e11 counts seconds: it is far in the future.
  assert.deepEqual(await Promise.all([source.ready(), source.ready(), source.ready()]), [true, true, true]);
  assert.equal(calls(), 1);
  await clock.pass(999_699_999);
  await source.ready();
  assert.equal(calls(), 1);
  await clock.pass(1);
  await source.ready();
  await until('it is asked again', () => calls() === 2);
});

test('a module that throws, hangs or returns garbage is reported, and called again after 30 s', async () => {
  for (const [body, problem] of [
    [`throw new Error('${SECRET}');`, /it failed \(Error\)$/],
    [`return '${SECRET}';`, /accessKeyId is missing$/],
    ['return new Promise(() => {});', /there was no answer within 10000 ms$/],
  ] as const) {
    const { module, calls } = moduleWith(body);
    const { source, seen, clock } = sourceOf({ module });
    const ready = source.ready();
    await until('it is asked', () => calls() === 1);
    await clock.pass(10_000);
    assert.equal(await ready, false);
    assert.match(seen.problems[0]!, problem);
    assert.ok(!seen.problems.join().includes(SECRET));
    assert.throws(() => source.current, /there are no credentials/);
    for (let second = 10; second < 29; second += 1) await clock.pass(1000);
    assert.equal(calls(), 1);
    for (let second = 0; second < 3; second += 1) await clock.pass(1000);
    await until('it is asked again', () => calls() === 2);
  }
});

test('refused credentials are refreshed at once, then every 30 s until they change', async () => {
  const { module, calls } = moduleWith(`return { accessKeyId: globalThis.key ?? 'old', accessKeySecret: 's' };`);
  const { source, seen, clock } = sourceOf({ module });
  await source.ready();
  const first = source.current;
  assert.equal(source.refused(first), false);
  await until('at once', () => calls() === 2);
  await clock.pass(1000);
  assert.equal(source.refused(source.current), false);
  assert.equal(calls(), 2, 'the same ones refused again are no reason');
  (globalThis as { key?: string }).key = 'new';
  for (let second = 0; second < 31; second += 1) await clock.pass(1000);
  await until('new credentials arrived', () => seen.renewed === 2);
  assert.equal(source.current.accessKeyId, 'new');
  assert.equal(source.refused(first), true, 'an answer that comes late says nothing of the new ones');
  const asked = calls();
  for (let second = 0; second < 60; second += 1) await clock.pass(1000);
  assert.equal(calls(), asked, 'these were not refused');
});

test('credentials are keys, a file or a module, and the options override the environment', () => {
  const base = { region: 'r', topicId: 't' };
  const vendor = { VOLCENGINE_ACCESS_KEY_ID: 'v', VOLCENGINE_ACCESS_KEY_SECRET: 'v' };
  const of = (credentials: object | undefined, environment: NodeJS.ProcessEnv) =>
    resolveOptions({ ...base, credentials }, environment).credentials;
  assert.deepEqual(of({ file: '/f' }, vendor), { file: '/f' });
  assert.deepEqual(of(undefined, { ...vendor, PUTLOGS_CREDENTIALS_MODULE: '/m' }), { module: '/m' });
  assert.deepEqual(of({ accessKeyId: 'i' }, { ...vendor, PUTLOGS_CREDENTIALS_FILE: 'f' }), {
    accessKeyId: 'i',
    accessKeySecret: 'v',
  });
  assert.throws(() => of({ file: 'f', module: 'm' }, {}), /credentials: use only one of file, module/);
  assert.throws(() => of({ file: '' }, {}), /credentials\.file/);
  assert.throws(() => of({}, {}), /credentials: none found/);
});
