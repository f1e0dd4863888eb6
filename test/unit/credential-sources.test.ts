// Each source of temporary credentials of both vendors, against strict services on this machine: they accept only what
// the vendors' own packages send.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CredentialSource, type CredentialTools } from '@putlogs/core/internal/credentials/source';
import type { CredentialsGiven } from '@putlogs/core/internal/credentials/types';
import { requestOnce } from '@putlogs/core/internal/http/client';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import type { CredentialVendor } from '@putlogs/core/internal/options/target-facts';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { temporaryDirectory } from '../support/directory';
import { closedPort, until } from '../support/emulator';
import { ARN, type Identity, type IdentityOptions, PROVIDER_ARN, ROLE, startIdentity, TRN } from '../support/identity';
import { HandClock, settled } from './hand-clock';

const directory = temporaryDirectory('sources');
const OIDC_TOKEN = 'eyJhbGciOiJSUzI1NiJ9.theVerySecretToken.c2lnbmF0dXJl';
const SECRET = 'the-very-secret-0123456789';
const HOUR_MS = 3_600_000;
let files = 0;

function fileWith(content: string): string {
  files += 1;
  const file = join(directory, `file-${files}`);
  writeFileSync(file, content);
  return file;
}

/** Requests without an answer yet. */
let asking = 0;
const fetch: CredentialTools['fetch'] = async (origin, timeoutMs, { isLocal: _, ...question }, signal) => {
  const options = { origin, timeoutMs, network: {}, clock: systemClock, connections: 1, onRequest: () => {} };
  asking += 1;
  const answer = await requestOnce(question, options, signal);
  asking -= 1;
  return answer;
};

async function identityService(options: Partial<IdentityOptions> = {}) {
  const clock = new HandClock();
  const given: { n: number; lifeMs: number } = { n: 0, lifeMs: HOUR_MS };
  const identity: Identity = await startIdentity({
    oidcToken: () => OIDC_TOKEN,
    issue: () => {
      given.n += 1;
      const [accessKeyId, securityToken] = [`STS.id${given.n}`, `${SECRET}-token-${given.n}`];
      return {
        accessKeyId,
        accessKeySecret: `${SECRET}${given.n}`,
        securityToken,
        expiresMs: clock.wallMs() + given.lifeMs,
      };
    },
    ...options,
  });
  after(() => identity.close());
  return { clock, identity, given };
}

function sourceOf(of: CredentialsGiven, vendor: CredentialVendor, clock: HandClock) {
  const source = new CredentialSource(of, { clock, vendor, fetch });
  const seen = { renewed: 0, problems: [] as string[] };
  source.listen({
    renewed: () => {
      seen.renewed += 1;
    },
    failed: (problem) => seen.problems.push(problem),
  });
  after(() => source.close());
  return { source, seen };
}

const oidcOf = {
  volcengine: { from: 'oidc', oidcRole: TRN },
  aliyun: { from: 'oidc', oidcRole: ARN, oidcProvider: PROVIDER_ARN },
} as const;
const profileOf = {
  volcengine: (profiles: Record<string, object>, current: string) => JSON.stringify({ current, profiles }),
  aliyun: (profiles: Record<string, object>, current: string) =>
    JSON.stringify({ current, profiles: Object.entries(profiles).map(([name, of]) => ({ name, ...of })) }),
};

for (const vendor of ['volcengine', 'aliyun'] as const) {
  test(`an OIDC role is assumed with the current token, and again before it expires: ${vendor}`, async () => {
    let token = OIDC_TOKEN;
    const { clock, identity } = await identityService({ oidcToken: () => token });
    const oidcTokenFile = fileWith(`${token}\n`);
    const { source, seen } = sourceOf({ ...oidcOf[vendor], oidcTokenFile, stsEndpoint: identity.url }, vendor, clock);
    assert.deepEqual(await Promise.all([source.ready(), source.ready()]), [true, true]);
    assert.deepEqual(identity.wrong, []);
    assert.equal(identity.asked.length, 1);
    const { accessKeyId, accessKeySecret, securityToken } = source.current;
    assert.deepEqual([accessKeyId, accessKeySecret, securityToken], ['STS.id1', `${SECRET}1`, `${SECRET}-token-1`]);
    // The kubelet has written a new token.
    token = 'another.token.signed';
    writeFileSync(oidcTokenFile, token);
    await clock.pass(HOUR_MS - 300_001);
    await source.ready();
    assert.equal(identity.asked.length, 1);
    await clock.pass(1);
    await source.ready();
    assert.equal(source.current.accessKeyId, 'STS.id1', 'the old ones are still valid: no record waits');
    await until('new credentials arrived', () => seen.renewed === 2);
    assert.equal(source.current.accessKeyId, 'STS.id2');
    assert.deepEqual([seen.problems, identity.wrong], [[], []]);
  });

  test(`a refused role is reported by its code, without the token: ${vendor}`, async () => {
    const { clock, identity } = await identityService({ refuse: () => ({ status: 403, code: 'NoPermission' }) });
    const of = { ...oidcOf[vendor], stsEndpoint: identity.url, oidcTokenFile: fileWith(OIDC_TOKEN) };
    const { source, seen } = sourceOf(of, vendor, clock);
    assert.equal(await source.ready(), false);
    const problem =
      "credentials.from 'oidc' returned no credentials: STS answered 403 NoPermission; check the role, and that it";
    assert.deepEqual(seen.problems, [`${problem} trusts the token`]);

    const other = sourceOf({ ...of, oidcTokenFile: fileWith('a.forged.token') }, vendor, clock);
    await other.source.ready();
    assert.match(other.seen.problems[0]!, /STS answered 400 InvalidOIDCToken/);
    assert.ok(!other.seen.problems[0]!.includes('forged'));
    for (const [oidcTokenFile, why] of [
      [join(directory, 'none'), 'ENOENT'],
      [fileWith('\n'), 'credentials.oidcTokenFile is empty'],
    ] as const) {
      const lacking = sourceOf({ ...of, oidcTokenFile }, vendor, clock);
      await lacking.source.ready();
      assert.deepEqual(lacking.seen.problems, [`credentials.from 'oidc' returned no credentials: ${why}`]);
    }
  });

  test(`the machine's role is fetched with the metadata service's own token: ${vendor}`, async () => {
    const { clock, identity } = await identityService();
    const of = { from: 'metadata', metadataEndpoint: identity.url } as const;
    const { source } = sourceOf(of, vendor, clock);
    assert.equal(await source.ready(), true);
    assert.equal(source.current.securityToken, `${SECRET}-token-1`);
    assert.deepEqual(identity.wrong, []);
    assert.deepEqual(
      identity.asked.map((line) => line.split(' ')[0]),
      ['PUT', 'GET', 'GET'],
    );
    const named = sourceOf({ ...of, metadataRole: ROLE }, vendor, clock);
    assert.equal(await named.source.ready(), true);
    assert.equal(identity.asked.length, 5, 'the name is not asked for');
    const none = sourceOf({ ...of, metadataRole: 'another' }, vendor, clock);
    assert.equal(await none.source.ready(), false);
    assert.match(
      none.seen.problems[0]!,
      /answered 404 to the credentials of the role; check that the instance has a role/,
    );
  });

  test(`a metadata service without IMDSv2 is never called by IMDSv1: ${vendor}`, async () => {
    const { clock, identity } = await identityService({ refuse: () => ({ status: 403, code: 'Forbidden' }) });
    const { source, seen } = sourceOf({ from: 'metadata', metadataEndpoint: identity.url }, vendor, clock);
    assert.equal(await source.ready(), false);
    assert.deepEqual(identity.asked, ['PUT /latest/api/token']);
    assert.match(seen.problems[0]!, /the metadata service answered 403 to a token$/);
  });

  test(`a profile of the command line tool has keys, or names a role: ${vendor}`, async () => {
    const { clock, identity } = await identityService();
    const isVolcengine = vendor === 'volcengine';
    const oidcTokenFile = fileWith(OIDC_TOKEN);
    const profiles: Record<string, object> = isVolcengine
      ? {
          keys: { mode: 'ak', 'access-key': 'id', 'secret-key': SECRET },
          sts: {
            mode: 'StsToken',
            'access-key': 'id',
            'secret-key': SECRET,
            'session-token': 't',
            'sts-expiration': 9e9,
          },
          oidc: { mode: 'OIDC', 'role-trn': TRN, 'oidc-token-file': oidcTokenFile },
          machine: { mode: 'EcsRole', 'role-name': ROLE },
          sso: { mode: 'sso' },
          empty: { mode: 'oidc' },
          relative: { mode: 'oidc', 'role-trn': TRN, 'oidc-token-file': 'token' },
        }
      : {
          keys: { mode: 'AK', access_key_id: 'id', access_key_secret: SECRET },
          sts: { mode: 'StsToken', access_key_id: 'id', access_key_secret: SECRET, sts_token: 't' },
          oidc: { mode: 'OIDC', ram_role_arn: ARN, oidc_provider_arn: PROVIDER_ARN, oidc_token_file: oidcTokenFile },
          machine: { mode: 'EcsRamRole', ram_role_name: '' },
          sso: { mode: 'RsaKeyPair' },
          empty: { mode: 'OIDC' },
          relative: { mode: 'OIDC', ram_role_arn: ARN, oidc_provider_arn: PROVIDER_ARN, oidc_token_file: 'token' },
        };
    const profileFile = fileWith(profileOf[vendor](profiles, 'keys'));
    const of = { from: 'profile', profileFile, stsEndpoint: identity.url, metadataEndpoint: identity.url } as const;
    const current = sourceOf(of, vendor, clock);
    assert.equal(await current.source.ready(), true);
    assert.deepEqual([current.source.current.accessKeyId, current.source.current.accessKeySecret], ['id', SECRET]);
    for (const [profile, id] of [
      ['sts', 'id'],
      ['oidc', 'STS.id1'],
      ['machine', 'STS.id2'],
    ] as const) {
      const { source, seen } = sourceOf({ ...of, profile }, vendor, clock);
      assert.equal(await source.ready(), true, `${profile}: ${seen.problems}`);
      assert.equal(source.current.accessKeyId, id);
      assert.equal(source.current.securityToken?.startsWith(profile === 'sts' ? 't' : SECRET), true);
    }
    assert.deepEqual(identity.wrong, []);
    for (const [profile, why] of [
      ['sso', /mode is not one of .*; for other modes use credentials\.module, see docs\/credentials\.md$/],
      ['empty', /the profile has no value for credentials\.oidc\w+$/],
      ['relative', /the profile's file for credentials\.oidcTokenFile is a relative path; make it absolute$/],
      ['another', /credentials\.profileFile has no profile of that name; check credentials\.profile$/],
    ] as const) {
      const { source, seen } = sourceOf({ ...of, profile }, vendor, clock);
      assert.equal(await source.ready(), false);
      assert.match(seen.problems[0]!, why);
    }
    // The tool has changed the profile.
    writeFileSync(profileFile, profileOf[vendor]({ ...profiles, keys: profiles['sts']! }, 'keys'));
    await current.source.ready();
    await until('the file is read again', () => current.source.current.securityToken === 't');
  });
}

test('a source that does not answer is tried again after 1, 2, 4 s and so on up to 30 s, and each failure is reported', async () => {
  const { clock } = await identityService();
  const port = await closedPort();
  const of = { from: 'metadata', metadataEndpoint: `http://127.0.0.1:${port}` } as const;
  const { source, seen } = sourceOf(of, 'volcengine', clock);
  assert.equal(await source.ready(), false);
  const atSecond: number[] = [];
  for (let second = 1; second <= 100; second += 1) {
    const before = seen.problems.length;
    await clock.pass(1000);
    // The source polls every second; `ready` waits for an attempt that has begun.
    await source.ready();
    if (seen.problems.length > before) atSecond.push(second);
  }
  assert.deepEqual(atSecond, [1, 3, 7, 15, 31, 61, 91]);
  assert.equal(
    seen.problems[0],
    `credentials.from 'metadata' returned no credentials: 127.0.0.1:${port} did not answer: ECONNREFUSED`,
  );
  const identity = await startIdentity(
    { issue: () => ({ accessKeyId: 'id', accessKeySecret: SECRET, securityToken: 't', expiresMs: 1e15 }) },
    port,
  );
  after(() => identity.close());
  for (let second = 0; second < 31 && seen.renewed === 0; second += 1) {
    await clock.pass(1000);
    await source.ready();
  }
  assert.equal(seen.renewed, 1);
});

test('keys that the service always refuses are refreshed at once, and then every 30 s: STS is not flooded', async () => {
  const { clock, identity, given } = await identityService();
  const { source, seen } = sourceOf({ from: 'metadata', metadataEndpoint: identity.url }, 'volcengine', clock);
  await source.ready();
  // A role without the right to write: STS issues new keys each time, and the service refuses all of them.
  for (let second = 0; second <= 60; second += 1) {
    assert.equal(source.refused(source.current), false);
    await settled();
    await until('all requests are answered', () => asking === 0);
    await clock.pass(1000);
    await until('all requests are answered', () => asking === 0);
  }
  assert.equal(seen.renewed, given.n);
  // The first keys, those fetched at once, and those after 30 and 60 s.
  assert.equal(given.n, 4);
  assert.deepEqual(seen.problems, []);
});

test('keys that arrive expired are used, because the clock may be wrong, and refreshed every 30 s', async () => {
  const { clock, identity, given } = await identityService();
  given.lifeMs = -1000;
  const of = { from: 'metadata', metadataEndpoint: identity.url } as const;
  const { source, seen } = sourceOf(of, 'aliyun', clock);
  assert.equal(await source.ready(), true);
  for (let second = 0; second < 29; second += 1) {
    await clock.pass(1000);
    assert.equal(await source.ready(), true);
  }
  assert.equal(given.n, 1);
  await clock.pass(1000);
  given.lifeMs = HOUR_MS;
  assert.equal(await source.ready(), true);
  assert.equal(source.current.accessKeyId, 'STS.id2', 'those that are expired are waited for');
  assert.deepEqual(seen.problems, []);
});

test('a source that is closed during a request ends the request and reports nothing', async () => {
  const { clock, identity } = await identityService();
  const { source, seen } = sourceOf({ from: 'metadata', metadataEndpoint: identity.url }, 'volcengine', clock);
  const ready = source.ready();
  source.close();
  assert.equal(await ready, false);
  assert.deepEqual(seen.problems, []);
});

// Which source is chosen.

const tls = { region: 'cn-beijing', topicId: 't' };
const slsOptions = { target: 'aliyun-sls', region: 'cn-hangzhou', project: 'p', logstore: 'store' } as const;
const home = join(directory, 'home');
for (const [name, content] of [
  ['.volcengine', profileOf.volcengine({ default: { 'access-key': 'id', 'secret-key': SECRET } }, 'default')],
  ['.aliyun', profileOf.aliyun({ default: { mode: 'AK', access_key_id: 'id', access_key_secret: SECRET } }, 'default')],
] as const) {
  mkdirSync(join(home, name), { recursive: true });
  writeFileSync(join(home, name, 'config.json'), content);
}

const SET_UP = {
  volcengine: {
    keys: { VOLCENGINE_ACCESS_KEY_ID: 'i', VOLCENGINE_ACCESS_KEY_SECRET: 's' },
    oidc: { VOLCENGINE_OIDC_ROLE_TRN: TRN, VOLCENGINE_OIDC_TOKEN_FILE: 'f' },
    metadata: { VOLCENGINE_ECS_METADATA: ROLE },
    off: { VOLCENGINE_ECS_METADATA_DISABLED: 'true' },
  },
  aliyun: {
    keys: { ALIBABA_CLOUD_ACCESS_KEY_ID: 'i', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 's' },
    oidc: {
      ALIBABA_CLOUD_ROLE_ARN: ARN,
      ALIBABA_CLOUD_OIDC_PROVIDER_ARN: PROVIDER_ARN,
      ALIBABA_CLOUD_OIDC_TOKEN_FILE: 'f',
    },
    metadata: { ALIBABA_CLOUD_ECS_METADATA: ROLE },
    off: { ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'TRUE' },
  },
} as const;

for (const vendor of ['volcengine', 'aliyun'] as const) {
  const options = vendor === 'volcengine' ? tls : slsOptions;
  const { keys, oidc, metadata, off } = SET_UP[vendor];
  const chosen = (environment: NodeJS.ProcessEnv, credentials?: object) =>
    resolveOptions(credentials === undefined ? options : { ...options, credentials }, environment).credentials;

  test(`the first configured source of the vendor is used: keys, role, profile, machine: ${vendor}`, () => {
    const all = { ...keys, ...oidc, ...metadata, HOME: home };
    assert.deepEqual(chosen(all), { accessKeyId: 'i', accessKeySecret: 's' });
    const withoutKeys = { ...oidc, ...metadata, HOME: home };
    assert.equal(chosen(withoutKeys).from, 'oidc');
    assert.equal(chosen(withoutKeys).metadataRole, undefined);
    const profile = chosen({ ...metadata, HOME: home });
    const file = join(home, vendor === 'volcengine' ? '.volcengine' : '.aliyun', 'config.json');
    assert.deepEqual([profile.from, profile.profileFile], ['profile', file]);
    const instance = chosen(metadata);
    const host = vendor === 'volcengine' ? 'http://100.96.0.96' : 'http://100.100.100.200';
    assert.deepEqual(instance, { from: 'metadata', metadataRole: ROLE, metadataEndpoint: host });
    assert.throws(() => chosen({ ...metadata, ...off }), /credentials: none found; looked for/);
    // Without the token file the role is not configured.
    const { [Object.keys(oidc)[0] as keyof typeof oidc]: _, ...half } = oidc;
    assert.equal(chosen({ ...half, HOME: home }).from, 'profile');
  });

  test(`an option selects exactly one source, whatever else is configured: ${vendor}`, () => {
    const all = { ...keys, ...oidc, ...metadata, HOME: home };
    for (const from of ['oidc', 'profile', 'metadata'] as const) {
      const { accessKeyId, ...rest } = chosen(all, { from });
      assert.deepEqual([rest.from, accessKeyId], [from, undefined]);
      assert.equal(chosen({ ...all, PUTLOGS_CREDENTIALS_FROM: from }).from, from);
    }
    assert.equal(chosen(all, { metadataRole: 'mine' }).metadataRole, 'mine');
    assert.throws(
      () => chosen({}, { from: 'oidc' }),
      /credentials\.oidcRole: is missing; set it, or PUTLOGS_CREDENTIALS_OIDC_ROLE/,
    );
    assert.throws(() => chosen({}, { from: 'oidc', metadataRole: 'r' }), /credentials: use only one of oidc, metadata/);
    assert.throws(() => chosen({}, { from: 'elsewhere' }), /credentials\.from: must be one of oidc, profile, metadata/);
    assert.throws(
      () => chosen({ PUTLOGS_CREDENTIALS_FROM: 'profil' }),
      ({ message }: Error) => {
        assert.match(
          message,
          /:\n {2}- credentials\.from \(from PUTLOGS_CREDENTIALS_FROM\): must be one of [a-z, ]+ \[docs\/credentials\.md\]$/,
        );
        return true;
      },
    );
    const plain = {
      from: 'oidc',
      oidcRole: 'r',
      oidcProvider: 'p',
      oidcTokenFile: 'f',
      stsEndpoint: 'http://sts.example.com',
    };
    assert.throws(() => chosen({}, plain), /credentials\.stsEndpoint: is http and not on this machine/);
  });
}

test('the address of STS follows from the variables of the vendor', () => {
  const of = (environment: NodeJS.ProcessEnv) =>
    resolveOptions(slsOptions, { ...SET_UP.aliyun.oidc, ...environment }).credentials.stsEndpoint;
  assert.equal(of({}), 'https://sts.aliyuncs.com');
  assert.equal(of({ ALIBABA_CLOUD_STS_REGION: 'cn-beijing' }), 'https://sts.cn-beijing.aliyuncs.com');
  const vpc = { ALIBABA_CLOUD_STS_REGION: 'cn-beijing', ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED: 'true' };
  assert.equal(of(vpc), 'https://sts-vpc.cn-beijing.aliyuncs.com');
  const volc = { ...SET_UP.volcengine.oidc, VOLCENGINE_OIDC_STS_ENDPOINT: 'sts.cn-shanghai.volcengineapi.com' };
  assert.equal(resolveOptions(tls, volc).credentials.stsEndpoint, 'https://sts.cn-shanghai.volcengineapi.com');
});

test('keys under the names of the newer tools are used, and never a token of one family with a key of the other', () => {
  const newer = { VOLCENGINE_ACCESS_KEY: 'i2', VOLCENGINE_SECRET_KEY: 's2', VOLCENGINE_SESSION_TOKEN: 't2' };
  const of = (environment: NodeJS.ProcessEnv) => resolveOptions(tls, environment).credentials;
  assert.deepEqual(of(newer), { accessKeyId: 'i2', accessKeySecret: 's2', securityToken: 't2' });
  assert.deepEqual(of({ ...newer, ...SET_UP.volcengine.keys }), { accessKeyId: 'i', accessKeySecret: 's' });
});
