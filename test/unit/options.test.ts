import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import os, { hostname } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { mock, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { runInNewContext } from 'node:vm';
import { createShipper, type PutlogsError } from '@putlogs/core';
import { isOfService } from '@putlogs/core/internal/options/environment';
import { COMMON_FLAGS, readCommandLine } from '@putlogs/core/internal/options/flags';
import { environmentName, optionLeaves } from '@putlogs/core/internal/options/leaves';
import type { Tree } from '@putlogs/core/internal/options/option-tree';
import { OTHER_NAMES } from '@putlogs/core/internal/options/other-names';
import { explainOptions, optionsOf, resolveOptions } from '@putlogs/core/internal/options/resolve';
import { pageOf } from '@putlogs/core/internal/options/sections';
import { zstd as nodesZstd } from '@putlogs/core/internal/runtime/zstd';
import { temporaryDirectory } from '../support/directory';
import { variablesOfService } from '../support/service-variables';

const SECRET = 'the-very-secret-0123456789';
const complete = {
  region: 'cn-beijing',
  topicId: 'topic',
  credentials: { accessKeyId: 'id', accessKeySecret: SECRET },
};

const directory = temporaryDirectory('options');

/** Each problem ends with the option's variable, unless it was named before, and with a page. */
const WITH_PAGE = / \[(?:(PUTLOGS_[A-Z_]+), )?docs\/([a-z]+\.md)(?:#([a-z0-9-]+))?\]$/;

function problemsOf(options: unknown, environment: NodeJS.ProcessEnv = {}): string[] {
  try {
    resolveOptions(options, environment);
  } catch (error) {
    const { code, message } = error as PutlogsError;
    assert.equal(code, 'ERR_PUTLOGS_OPTIONS');
    assert.doesNotMatch(message, new RegExp(SECRET));
    return message
      .split('\n  - ')
      .slice(1)
      .map((problem) => {
        assert.match(problem, WITH_PAGE);
        return problem.replace(WITH_PAGE, '');
      });
  }
  return [];
}

test('the required options are enough, and all others have a default', () => {
  const options = resolveOptions(complete, {});
  assert.equal(options.endpoint, 'https://tls-cn-beijing.volces.com');
  assert.equal(options.source, hostname());
  assert.equal(options.instance, hostname());
  assert.deepEqual(options.batch, { maxBytes: 1_048_576, maxCount: 4096 });
  assert.equal(options.lingerMs, 1000);
  assert.equal(options.hashKey, 'instance');
});

test('one error lists every problem, by option and variable', () => {
  assert.deepEqual(problemsOf({}), [
    'region: is missing; set it, or PUTLOGS_REGION or VOLCENGINE_REGION in the environment',
    'topicId: is missing; set it, or PUTLOGS_TOPIC_ID in the environment',
    'credentials: none found; looked for VOLCENGINE_ACCESS_KEY_ID and VOLCENGINE_ACCESS_KEY_SECRET, then VOLCENGINE_TLS_API_KEY, then VOLCENGINE_OIDC_ROLE_TRN and VOLCENGINE_OIDC_TOKEN_FILE, then ~/.volcengine/config.json, then VOLCENGINE_ECS_METADATA; set one of these, or credentials.accessKeyId and credentials.accessKeySecret (PUTLOGS_CREDENTIALS_ACCESS_KEY_ID and PUTLOGS_CREDENTIALS_ACCESS_KEY_SECRET)',
  ]);
  const problems = problemsOf({
    ...complete,
    topicId: undefined,
    lingerMS: 5,
    batch: { maxBytes: '1MB', max_count: 3 },
    hashKey: 'xyz',
    endpoint: 'http://logs.example.com',
    compression: 'gzip',
  });
  assert.equal(problems.length, 7);
  for (const name of [
    'topicId',
    'lingerMS',
    'batch.maxBytes',
    'batch.max_count',
    'hashKey',
    'endpoint',
    'compression',
  ]) {
    assert.ok(
      problems.some((problem) => problem.startsWith(`${name}: `)),
      `${name} in ${problems.join('\n')}`,
    );
  }
});

test('an unknown option is reported with the nearest name', () => {
  for (const [given, meant] of [
    [{ topicID: 't' }, 'topicId'],
    [{ topic_id: 't' }, 'topicId'],
    [{ lingerms: 1 }, 'lingerMs'],
    [{ maxBytes: 1 }, 'batch.maxBytes'],
    [{ batch: { maxByte: 1 } }, 'batch.maxBytes'],
    [{ credential: {} }, 'credentials'],
    [{ accessKeyID: 'x' }, 'credentials.accessKeyId'],
    [{ compresion: 'lz4' }, 'compression'],
    [{ regoin: 'x' }, 'region'],
  ] as const) {
    const [problem] = problemsOf({ ...complete, ...given });
    assert.match(problem!, /: there is no such option; did you mean /);
    assert.ok(problem!.endsWith(`did you mean ${meant}?`), problem);
  }
  assert.deepEqual(problemsOf({ ...complete, zzzzzzzzzzzz: 1 }), ['zzzzzzzzzzzz: there is no such option']);
});

test('every unknown option of an object is reported, with ours for the name that another transport has', () => {
  const given = { topicID: 't', lingerms: 1, foo: 1, batchSize: 1, memory: { maxByte: 1 } };
  assert.deepEqual(problemsOf({ ...complete, ...given }).sort(), [
    'batchSize: there is no such option; here it is batch.maxCount, batch.maxBytes (a number of records, a number of bytes)',
    'foo: there is no such option',
    'lingerms: there is no such option; did you mean lingerMs?',
    'memory.maxByte: there is no such option; did you mean memory.maxBytes?',
    'topicID: there is no such option; did you mean topicId?',
  ]);
});

test('an option as another transport names it is reported with ours', () => {
  for (const [name, ours] of [
    ['batchSize', 'batch.maxCount'],
    ['maxBatchSize', 'batch.maxCount'],
    ['flushBytes', 'batch.maxBytes'],
    ['flush-interval', 'lingerMs'],
    ['flushIntervalMs', 'lingerMs'],
    ['batchInterval', 'lingerMs'],
    ['interval', 'lingerMs'],
    ['uploadRate', 'lingerMs'],
    ['batching', 'lingerMs'],
    ['timeout', 'requestTimeoutMs'],
    ['host', 'endpoint'],
    ['url', 'endpoint'],
    ['awsRegion', 'region'],
    ['token', 'credentials.accessKeyId'],
    ['sourceToken', 'credentials.accessKeyId'],
    ['basicAuth', 'credentials.accessKeyId'],
    ['secretKey', 'credentials.accessKeyId'],
    ['logGroupName', 'topicId'],
    ['dataset', 'topicId'],
    ['labels', 'tags'],
    ['retryCount', 'retry.baseMs'],
    ['gracefulShutdown', 'closeTimeoutMs'],
  ] as const) {
    const [problem, ...others] = problemsOf({ ...complete, [name]: 1 });
    assert.ok(problem?.startsWith(`${name}: there is no such option; here it is ${ours}`), `${name}: ${problem}`);
    assert.deepEqual(others, []);
  }
});

test('the options that the names of other transports lead to exist', () => {
  const paths = optionLeaves().map(({ path }) => path);
  for (const { options } of OTHER_NAMES.values()) for (const path of options) assert.ok(paths.includes(path), path);
});

test('each problem names the variable of its option, and a page that exists', () => {
  const page = (given: object) => {
    try {
      resolveOptions({ ...complete, ...given }, {});
    } catch (error) {
      return WITH_PAGE.exec((error as Error).message)?.slice(1);
    }
    return assert.fail('the options are right');
  };
  const network = 'batches-requests-and-network';
  assert.deepEqual(page({ lingerMs: -1 }), ['PUTLOGS_LINGER_MS', 'options.md', network]);
  assert.deepEqual(page({ lingerms: 1 }), ['PUTLOGS_LINGER_MS', 'options.md', network]);
  assert.deepEqual(page({ interval: 1 }), ['PUTLOGS_LINGER_MS', 'options.md', network]);
  assert.deepEqual(page({ proxy: 'socks5://x' }), ['PUTLOGS_PROXY', 'proxy.md', 'http-proxy']);
  assert.deepEqual(page({ credentials: {} }), [undefined, 'credentials.md', undefined]);
  assert.deepEqual(page({ foo: 1 }), [undefined, 'options.md', undefined]);
  for (const { path } of optionLeaves()) {
    const [file, anchor] = pageOf(path).split('#');
    const headings = readFileSync(join(__dirname, '../../..', file!), 'utf8').match(/^#+ .*$/gm) ?? [];
    const anchors = headings.map((heading) =>
      heading
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, ''),
    );
    assert.ok(anchor === undefined || anchors.includes(anchor.replaceAll('-', ' ')), `${path}: ${pageOf(path)}`);
  }
});

test('a secret is in no error, wherever it was put', () => {
  for (const options of [
    { ...complete, credentials: { accessKeyId: 'id', accessKeySecret: `${SECRET}\n` } },
    { ...complete, credentials: SECRET },
    { ...complete, credentials: { accessKeyId: 7, accessKeySecret: SECRET } },
    { ...complete, endpoint: `https://id:${SECRET}@host` },
    { ...complete, endpoint: `https://host/?key=${SECRET}#${SECRET}` },
    { ...complete, hashKey: SECRET },
    { ...complete, lingerMs: SECRET },
    { ...complete, compression: SECRET },
    { ...complete, tags: { a: [SECRET] } },
  ]) {
    assert.ok(problemsOf(options).length > 0, JSON.stringify(options));
  }
  assert.ok(problemsOf(complete, { PUTLOGS_LINGER_MS: SECRET })[0]!.includes('PUTLOGS_LINGER_MS'));
});

test('an invalid hash key is reported with the allowed formats', () => {
  for (const hashKey of ['g'.repeat(32), '7fffffffg', '0'.repeat(33), 'f'.repeat(32), 'Instance', '']) {
    assert.match(
      problemsOf({ ...complete, hashKey })[0]!,
      /^hashKey: must be `instance`, `none`, or 32 hex digits \(not all f\)$/,
    );
  }
  for (const hashKey of ['instance', 'none', '0123456789abcdefABCDEF0123456789', '7fffffff']) {
    assert.deepEqual(problemsOf({ ...complete, hashKey }), []);
  }
});

test('an option overrides our variable, which overrides the vendor’s, which overrides the default', () => {
  const ours = { PUTLOGS_REGION: 'cn-ours', PUTLOGS_LINGER_MS: '7' };
  const vendors = { VOLCENGINE_REGION: 'cn-vendor', VOLCENGINE_ACCESS_KEY_ID: 'v', VOLCENGINE_ACCESS_KEY_SECRET: 'v' };
  assert.equal(resolveOptions({ ...complete, region: 'cn-option' }, { ...ours, ...vendors }).region, 'cn-option');
  assert.equal(resolveOptions({ ...complete, region: undefined }, { ...ours, ...vendors }).region, 'cn-ours');
  assert.equal(resolveOptions({ topicId: 't' }, vendors).region, 'cn-vendor');
  assert.equal(resolveOptions(complete, ours).lingerMs, 7);
  assert.equal(resolveOptions(complete, { PUTLOGS_LINGER_MS: '' }).lingerMs, 1000);
});

test('every option can be set by its variable', () => {
  const samples: Record<string, [text: string, value: unknown]> = {
    tags: ['env=prod, team=a=b', { env: 'prod', team: 'a=b' }],
    levels: ['http=35,silly=5', { http: 35, silly: 5 }],
    timeKey: ['ts, time', ['ts', 'time']],
    enabled: ['yes', true],
    allowInsecure: ['0', false],
    strict: ['yes', true],
    compression: ['zlib', 'zlib'],
    compressionLevel: ['5', 5],
    maxRecordBytes: ['65536', 65_536],
    'spool.mode': ['always', 'always'],
    'memory.whenFull': ['dropOldest', 'dropOldest'],
    handleSignals: ['SIGTERM,SIGINT', ['SIGTERM', 'SIGINT']],
    'spool.fsync': ['true', true],
    'spool.maxBytes': ['2097152', 2_097_152],
    'deadLetter.maxBytes': ['2097152', 2_097_152],
    hashKey: ['none', 'none'],
    delivery: ['atLeastOnce', 'atLeastOnce'],
    endpoint: ['tls-cn-x.volces.com', 'https://tls-cn-x.volces.com'],
    'batch.maxBytes': ['65536', 65536],
    'memory.maxBytes': ['2097152', 2_097_152],
    target: ['volc-tls', 'volc-tls'],
    routing: ['header', 'header'],
    signature: ['v1', 'v1'],
    fields: ['service=orders,zone=a', { service: 'orders', zone: 'a' }],
    rename: ['msg=message', { msg: 'message' }],
    fieldNames: ['portable', 'portable'],
    omit: ['pid, hostname', ['pid', 'hostname']],
    nested: ['flatten', 'flatten'],
    customDomain: ['true', true],
    // A module that is there.
    transform: [__filename, __filename],
    'credentials.from': ['metadata', 'metadata'],
    'credentials.stsEndpoint': ['sts.example.com', 'https://sts.example.com'],
    'credentials.metadataEndpoint': ['http://127.0.0.1:9', 'http://127.0.0.1:9'],
    proxy: ['http://127.0.0.1:9', 'http://127.0.0.1:9'],
    'tls.caFile': [caFile(), caFile()],
  };
  for (const { path } of optionLeaves()) {
    const isNumber = /Ms$|Count$|concurrency/.test(path);
    const other: [string, unknown] = isFile(path) ? ['some', resolve('some')] : ['some', 'some'];
    const [text, value] = samples[path] ?? (isNumber ? ['12', 12] : other);
    const numeric = path === 'requestTimeoutMs' ? (['500', 500] as const) : ([text, value] as const);
    const keys = environmentWithout(path);
    // It needs a compression that has a level.
    const more = path === 'compressionLevel' ? { PUTLOGS_COMPRESSION: 'zlib' } : {};
    const options = resolveOptions({}, { ...keys, ...more, [environmentName(path)]: numeric[0] });
    const got = path.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], options);
    assert.deepEqual(got, numeric[1], path);
  }
});

/** Every option that names a file or a directory has such a name. `fileName` is a text that is stored with records. */
const isFile = (path: string) => /(?:^|\.)(?:dir|file|module|transform)$|File$/.test(path);

test('a relative path of a file is made absolute at the start, for every option that names one', () => {
  const files = optionLeaves().filter(({ type }) => type.isPath === true);
  // A new option is found by its name, or by what it says of itself.
  const saysPath = /^(path|directory|file|json file) (of|for|with|that)\b|^.{0,9}: (configuration )?file /i;
  assert.deepEqual(
    files.map(({ path }) => path),
    optionLeaves()
      .filter(({ path, notes }) => isFile(path) || saysPath.test(notes.meaning))
      .map(({ path }) => path),
  );
  for (const { path } of files) {
    const absolute = path === 'transform' ? __filename : path === 'tls.caFile' ? caFile() : join(directory, 'some');
    const text = relative(process.cwd(), absolute);
    const given = { ...environmentWithout(path), [environmentName(path)]: text };
    const got = path.split('.').reduce<unknown>((at, name) => (at as Tree)[name], resolveOptions({}, given));
    assert.deepEqual(got, absolute, path);
  }
});

test('if the working directory is gone, a relative path is reported and an absolute one is used', (t) => {
  t.mock.method(process, 'cwd', () => {
    throw Object.assign(new Error('ENOENT: no such file or directory, uv_cwd'), { code: 'ENOENT' });
  });
  assert.deepEqual(problemsOf({ ...complete, spool: { dir: 'some' } }), [
    'spool.dir: is a relative path, and the working directory does not exist any more; set an absolute path',
  ]);
  assert.equal(resolveOptions({ ...complete, spool: { dir: directory } }, {}).spool.dir, directory);
});

/** A file with a valid certificate. */
function caFile(): string {
  const file = join(directory, 'ca.pem');
  writeFileSync(file, rootCertificates[0]!);
  return file;
}

/** The other options that a target with this option requires. */
function environmentWithout(path: string): NodeJS.ProcessEnv {
  const keys = { PUTLOGS_CREDENTIALS_ACCESS_KEY_ID: 'i', PUTLOGS_CREDENTIALS_ACCESS_KEY_SECRET: 's' };
  const tls = { PUTLOGS_REGION: 'r', PUTLOGS_TOPIC_ID: 't' };
  const [group, name = ''] = path.split('.');
  if (group === 'credentials' && /^(apiKey|file|module|from|profile|profileFile|metadataRole)$/.test(name)) return tls;
  if (name === 'metadataEndpoint') return { ...tls, PUTLOGS_CREDENTIALS_FROM: 'metadata' };
  if (/^(oidc|sts)/.test(name)) {
    const [role, token] = ['PUTLOGS_CREDENTIALS_OIDC_ROLE', 'PUTLOGS_CREDENTIALS_OIDC_TOKEN_FILE'];
    return { ...tls, [role]: 'role', [token]: 'token' };
  }
  if (path === 'projectId') return { ...tls, PUTLOGS_TARGET: 'volc-webtracks' };
  if (!['project', 'logstore', 'topic', 'customDomain', 'routing', 'signature'].includes(path))
    return { ...keys, ...tls };
  const sls = { PUTLOGS_TARGET: 'aliyun-sls', PUTLOGS_REGION: 'r', PUTLOGS_PROJECT: 'p', PUTLOGS_LOGSTORE: 'store' };
  return { ...keys, ...sls };
}

const sls = {
  endpoint: 'cn-hangzhou.log.aliyuncs.com',
  project: 'my-project',
  logstore: 'my-logstore',
  credentials: { accessKeyId: 'id', accessKeySecret: SECRET },
};

test('the target follows from the endpoint’s host', () => {
  const targetOf = (options: object, environment: NodeJS.ProcessEnv = {}) =>
    resolveOptions(options, environment).target;
  assert.equal(targetOf(complete), 'volc-tls');
  assert.equal(targetOf(sls), 'aliyun-sls');
  const { endpoint, ...rest } = sls;
  assert.equal(targetOf(rest, { PUTLOGS_ENDPOINT: endpoint }), 'aliyun-sls');
  assert.equal(
    targetOf({ ...sls, endpoint: 'https://my-project.cn-hangzhou-intranet.log.aliyuncs.com' }),
    'aliyun-sls',
  );
  const anonymous = { ...sls, credentials: undefined, target: 'aliyun-webtracking' };
  assert.equal(targetOf(anonymous), 'aliyun-webtracking');
  assert.equal(targetOf({ ...complete, endpoint: 'https://logs.example.com' }), 'volc-tls');
});

test('the region of SLS follows from the endpoint, and the endpoint from the region', () => {
  for (const [endpoint, region] of [
    ['cn-hangzhou.log.aliyuncs.com', 'cn-hangzhou'],
    ['https://cn-hangzhou-intranet.log.aliyuncs.com', 'cn-hangzhou'],
    ['cn-shanghai-finance-1-share.log.aliyuncs.com', 'cn-shanghai-finance-1'],
    ['my-project.ap-southeast-1.log.aliyuncs.com', 'ap-southeast-1'],
    ['us-west-1.sls.aliyuncs.com', 'us-west-1'],
  ] as const) {
    assert.equal(resolveOptions({ ...sls, endpoint }, {}).region, region);
  }
  const { endpoint: _, ...rest } = sls;
  const options = resolveOptions({ ...rest, target: 'aliyun-sls', region: 'cn-beijing' }, {});
  assert.equal(options.endpoint, 'https://cn-beijing.log.aliyuncs.com');
  for (const endpoint of ['log-global.aliyuncs.com', 'my-project.log-global.aliyuncs.com']) {
    const { target, region: unknown } = resolveOptions({ ...sls, endpoint }, {});
    assert.deepEqual([target, unknown], ['aliyun-sls', '']);
  }
});

test('zstd is for SLS on a Node that has it, and only zlib and zstd have a level', () => {
  const zstd = problemsOf({ ...sls, compression: 'zstd' });
  if (nodesZstd() !== undefined) assert.deepEqual(zstd, []);
  else assert.match(zstd[0]!, /^compression: zstd needs Node 22\.15 or later, and this is v20/);
  assert.match(
    problemsOf({ ...complete, compression: 'zstd' })[0]!,
    /^compression: target volc-tls supports lz4, zlib/,
  );
  assert.match(problemsOf({ ...complete, compressionLevel: 5 })[0]!, /^compressionLevel: only zlib and zstd/);
  assert.deepEqual(problemsOf({ ...complete, compression: 'zlib', compressionLevel: 9 }), []);
});

test('a hash key of fewer than 32 digits is for TLS, as one of its pages shows it', () => {
  assert.equal(resolveOptions({ ...complete, hashKey: '7fffffff' }, {}).hashKey, '7fffffff');
  assert.match(
    problemsOf({ ...sls, hashKey: '7fffffff' })[0]!,
    /^hashKey: must have 32 hex digits for target aliyun-sls/,
  );
});

test('a vendor’s variables are read for its own targets, and not for anonymous ones', () => {
  const environment = {
    VOLCENGINE_ACCESS_KEY_ID: 'v',
    VOLCENGINE_ACCESS_KEY_SECRET: 'v',
    ALIBABA_CLOUD_ACCESS_KEY_ID: 'a',
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'a',
    ALIBABA_CLOUD_SECURITY_TOKEN: 'token',
  };
  const keysOf = (options: object) => resolveOptions({ ...options, credentials: undefined }, environment).credentials;
  assert.deepEqual(keysOf(complete), { accessKeyId: 'v', accessKeySecret: 'v' });
  assert.deepEqual(keysOf(sls), { accessKeyId: 'a', accessKeySecret: 'a', securityToken: 'token' });
  assert.deepEqual(keysOf({ ...sls, target: 'aliyun-webtracking' }), {});
});

test('an option that the target does not support is one error that says what to change', () => {
  for (const [options, problem] of [
    [
      { ...sls, target: 'volc-tls', topicId: 't', project: undefined, logstore: undefined, region: 'cn-beijing' },
      "endpoint: is an address of Alibaba Cloud SLS, but target is one of Volcengine TLS; set target: 'aliyun-sls' or change the endpoint",
    ],
    [
      { ...sls, target: 'aliyun-sls', endpoint: 'https://tls-cn-beijing.volces.com' },
      "endpoint: is an address of Volcengine TLS, but target is one of Alibaba Cloud SLS; set target: 'volc-tls' or change the endpoint",
    ],
    [{ ...sls, project: undefined }, 'project: is missing; set it, or PUTLOGS_PROJECT in the environment'],
    [{ ...sls, logstore: undefined }, 'logstore: is missing; set it, or PUTLOGS_LOGSTORE in the environment'],
    [
      { ...sls, topicId: 't' },
      'topicId: not supported by target aliyun-sls, it writes to `project` and `logstore`; remove it or change the target',
    ],
    [
      { ...complete, logstore: 'store' },
      'logstore: not supported by target volc-tls, it writes to `topicId`; remove it or change the target',
    ],
    [
      { ...sls, endpoint: 'http://cn-hangzhou.log.aliyuncs.com' },
      'endpoint: is http and not on this machine; use https, or set allowInsecure: true',
    ],
    [{ ...sls, compression: 'gzip' }, 'compression: target aliyun-sls supports lz4, zlib, zstd, none'],
    [{ ...complete, batch: { maxCount: 10_001 } }, 'batch.maxCount: must be at most 10000 for target volc-tls'],
    [{ ...sls, source: '源'.repeat(50) }, 'source: must be at most 128 bytes'],
    [
      { ...sls, target: 'aliyun-webtracking' },
      'credentials: not supported by target aliyun-webtracking, which is anonymous; remove them or change the target',
    ],
    [
      { target: 'volc-webtracks', region: 'cn-beijing', topicId: 't' },
      'projectId: is missing; set it, or PUTLOGS_PROJECT_ID in the environment',
    ],
    [
      { target: 'volc-webtracks', region: 'cn-beijing', topicId: 't', projectId: 'p', tags: { a: 'b' } },
      'tags: not supported by target volc-webtracks, its requests cannot carry them; remove it or change the target',
    ],
  ] as const) {
    assert.deepEqual(problemsOf(options), [problem]);
  }
  assert.match(problemsOf({ ...complete, target: 'aliyun' })[0]!, /^target: must be one of volc-tls, .*aliyun-sls/);
});

test('a variable with a wrong value or a misspelt name is reported by name', () => {
  assert.match(
    problemsOf(complete, { PUTLOGS_LINGER_MS: '1s' })[0]!,
    /^lingerMs \(from PUTLOGS_LINGER_MS\): must be of type number/,
  );
  assert.match(problemsOf(complete, { PUTLOGS_ENABLED: 'maybe' })[0]!, /^enabled \(from PUTLOGS_ENABLED\): /);
  assert.deepEqual(problemsOf(complete, { PUTLOGS_TOPICID: 'x' }), [
    'PUTLOGS_TOPICID: there is no such variable; did you mean PUTLOGS_TOPIC_ID?',
  ]);
});

/** Services whose names begin with ours. Each option and group could be the rest of one. */
const SERVICES = [
  'putlogs',
  'putlogs-server',
  ...optionLeaves().flatMap(({ path }) => {
    const name = environmentName(path).toLowerCase().replaceAll('_', '-');
    return [name, name.split('-').slice(0, 2).join('-')];
  }),
];

test('the variables that Kubernetes sets for any service whose name begins with putlogs are ignored', () => {
  assert.ok(SERVICES.includes('putlogs-spool') && SERVICES.includes('putlogs-topic-id'));
  for (const service of new Set(SERVICES)) {
    for (const address of ['10.0.0.11', 'fd00::11']) {
      assert.deepEqual(problemsOf(complete, variablesOfService(service, address)), [], service);
      const onePort = [{ port: 443, protocol: 'TCP' }] as const;
      assert.deepEqual(problemsOf(complete, variablesOfService(service, address, onePort)), [], service);
    }
  }
});

test('no option has a variable that Kubernetes could set for a service', () => {
  const possible = new Set(SERVICES.flatMap((service) => Object.keys(variablesOfService(service))));
  const options = optionLeaves().map(({ path }) => environmentName(path));
  assert.deepEqual(
    options.filter((variable) => possible.has(variable)),
    [],
  );
  // If there were one, the form of its value would decide.
  const forms = variablesOfService('putlogs-proxy');
  for (const [variable, value] of Object.entries(forms)) {
    assert.equal(isOfService(variable, value), true, variable);
    for (const other of ['', 'x', '/var/spool', 'https://tls-cn-beijing.volces.com', '1s', '808080', '10.0.0.256']) {
      assert.equal(isOfService(variable, other), false, `${variable}=${other}`);
    }
  }
  for (const variable of options) {
    for (const value of ['80', 'tcp', 'tcp://10.0.0.1:80', '10.0.0.1']) {
      assert.equal(isOfService(variable, value), false, variable);
    }
  }
});

test('a typo is reported, also with a value that a service could have', () => {
  for (const [variable, value, meant] of [
    ['PUTLOGS_SPOOL_DIRS', '80', 'PUTLOGS_SPOOL_DIR'],
    ['PUTLOGS_SPOOL_PORT', '/var/spool', 'PUTLOGS_SPOOL_DIR'],
    ['PUTLOGS_TOPIC_PORT', '80', 'PUTLOGS_TOPIC_ID'],
    ['PUTLOGS_ENDPOINTS', 'tcp://10.0.0.1:80', 'PUTLOGS_ENDPOINT'],
  ] as const) {
    assert.deepEqual(problemsOf(complete, { [variable]: value }), [
      `${variable}: there is no such variable; did you mean ${meant}?`,
    ]);
  }
});

test('the region and the endpoint follow from one another', () => {
  const { region: _, ...rest } = complete;
  for (const endpoint of [
    'https://tls-cn-shanghai.volces.com',
    'tls-cn-shanghai.ivolces.com/',
    'tls-cn-shanghai.volces.com',
  ]) {
    assert.equal(resolveOptions({ ...rest, endpoint }, {}).region, 'cn-shanghai');
  }
  assert.match(problemsOf({ ...rest, endpoint: 'https://logs.example.com' })[0]!, /^region: is missing/);
});

test('http is allowed for loopback, and elsewhere only with allowInsecure', () => {
  for (const endpoint of ['http://127.0.0.1:8080', 'http://localhost:1', 'http://[::1]:2', 'http://127.8.9.1']) {
    assert.deepEqual(problemsOf({ ...complete, endpoint }), []);
  }
  assert.match(problemsOf({ ...complete, endpoint: 'http://10.0.0.1' })[0]!, /allowInsecure: true/);
  assert.deepEqual(problemsOf({ ...complete, endpoint: 'http://10.0.0.1', allowInsecure: true }), []);
  for (const endpoint of ['ftp://host', 'https://', 'https://host/path', '::', 'https://ho st']) {
    assert.match(problemsOf({ ...complete, endpoint })[0]!, /^endpoint: /, endpoint);
  }
});

test('a value that goes into a header must be one line', () => {
  for (const injected of ['a\r\nX-Evil: 1', 'a\nb', 'a\0b', 'a\u0085b', '北京']) {
    for (const name of ['region', 'topicId']) {
      assert.deepEqual(problemsOf({ ...complete, endpoint: 'https://host', [name]: injected }), [
        `${name}: must be one line of printable ASCII`,
      ]);
    }
    const ofInstance = problemsOf({ ...complete, instance: injected });
    assert.deepEqual(ofInstance, injected === '北京' ? [] : ['instance: must be one line without control characters']);
    for (const name of ['accessKeyId', 'accessKeySecret', 'securityToken']) {
      const credentials = { ...complete.credentials, [name]: injected };
      assert.match(problemsOf({ ...complete, credentials })[0]!, new RegExp(`^credentials.${name}: must be one line`));
    }
    assert.match(problemsOf({ ...complete, hashKey: injected })[0]!, /^hashKey: /);
  }
});

test('an instance is named after its pod or machine, with the number of its worker', () => {
  assert.equal(resolveOptions(complete, { POD_NAME: 'pod-7' }).instance, 'pod-7');
  assert.equal(resolveOptions(complete, { POD_NAME: 'pod-7', NODE_APP_INSTANCE: '3' }).instance, 'pod-7-3');
  assert.equal(resolveOptions(complete, { PUTLOGS_INSTANCE: 'mine', POD_NAME: 'pod-7' }).instance, 'mine');
});

/** The name of the machine, and of its pod, cannot be changed here. */
function resolvedOn(machine: string | Error, options: object, environment: NodeJS.ProcessEnv = {}) {
  const named = mock.method(os, 'hostname', () => {
    if (machine instanceof Error) throw machine;
    return machine;
  });
  try {
    return resolveOptions(options, environment);
  } finally {
    named.mock.restore();
  }
}

test('a machine or pod whose name does not fit has a derived name that does, and names that differ stay different', () => {
  const sls = {
    target: 'aliyun-sls',
    endpoint: 'https://cn-hangzhou.log.aliyuncs.com',
    project: 'project',
    logstore: 'logstore',
    credentials: complete.credentials,
  };
  const long = 'm'.repeat(200);
  for (const options of [complete, sls, { ...sls, target: 'aliyun-webtracking', credentials: {} }]) {
    const seen = new Set<string>();
    for (const name of [
      '',
      '北京-1',
      'a\nb',
      'a\0b',
      'a_b',
      long,
      `${long}n`,
      '北'.repeat(100),
      `a${'北'.repeat(100)}`,
    ]) {
      const { instance, source } = resolvedOn(name, options);
      assert.match(instance, /^[^\p{Cc}]+$/u);
      assert.match(source, /^[^\p{Cc}\ufffd]*$/u);
      if (options !== complete) assert.ok(Buffer.byteLength(source) <= 128, source);
      assert.ok(!seen.has(`${instance} ${source}`), name);
      seen.add(`${instance} ${source}`);
      if (/^[\w北京-]+$/.test(name) && name.length < 40) assert.deepEqual([instance, source], [name, name]);
      assert.deepEqual(resolvedOn(name, options).instance, instance, 'it stays the same');
    }
    assert.equal(resolvedOn('', options).instance, 'localhost');
    assert.equal(resolvedOn('', options, { NODE_APP_INSTANCE: '3' }).instance, 'localhost-3');
    assert.equal(resolvedOn(new Error('uv_os_gethostname'), options).instance, 'localhost');
    assert.match(resolvedOn('m', options, { POD_NAME: 'a\tb' }).instance, /^a_b-[0-9a-f]{8}$/);
    assert.match(resolvedOn('m', options, { NODE_APP_INSTANCE: '1\n' }).instance, /^m-1_-[0-9a-f]{8}$/);
  }
  // A name that the user chose is the user's to correct.
  assert.deepEqual(problemsOf({ ...sls, source: long }), ['source: must be at most 128 bytes']);
  assert.deepEqual(problemsOf({ ...sls, instance: 'a\nb' }), ['instance: must be one line without control characters']);
  assert.deepEqual(problemsOf(sls, { PUTLOGS_INSTANCE: 'a\nb' }), [
    'instance (from PUTLOGS_INSTANCE): must be one line without control characters',
  ]);
});

test('a function as an option is refused with the reason', () => {
  const [problem] = problemsOf({ ...complete, transform: () => 1, tags: { f: () => 1 } });
  assert.match(
    problem!,
    /^transform: is a function; options are plain data because they are sent to a thread; name a module whose default export is/,
  );
});

test('the options that pino adds are ignored', () => {
  assert.deepEqual(
    problemsOf({ ...complete, $context: { threadStreamVersion: '4.2.1' }, pinoWillSendConfig: true }),
    [],
  );
});

test('with enabled: false nothing is required, but a typo is still reported', () => {
  assert.equal(resolveOptions({ enabled: false }, {}).enabled, false);
  assert.equal(resolveOptions({}, { PUTLOGS_ENABLED: 'false' }).enabled, false);
  assert.match(problemsOf({ enabled: false, lingerMS: 1 })[0]!, /lingerMs\?$/);
});

test('a build of Next.js needs no option and starts nothing, unless the user says otherwise', () => {
  const build = { NEXT_PHASE: 'phase-production-build' };
  assert.equal(resolveOptions({}, build).enabled, false);
  assert.equal(resolveOptions(complete, build).enabled, false);
  assert.equal(resolveOptions(complete, { ...build, PUTLOGS_ENABLED: 'true' }).enabled, true);
  assert.equal(resolveOptions({ ...complete, enabled: true }, build).enabled, true);
  assert.match(problemsOf({ lingerMS: 1 }, build)[0]!, /lingerMs\?$/);
  assert.equal(resolveOptions(complete, { NEXT_PHASE: 'phase-production-server' }).enabled, true);
});

test('options that are not an object are one clear error', () => {
  for (const options of ['https://x', 7, null, [1]])
    assert.throws(() => resolveOptions(options, {}), { code: 'ERR_PUTLOGS_OPTIONS' });
});

test('a shipper throws the same error, with a code that stays', () => {
  assert.throws(() => createShipper({ ...complete, region: '' }), {
    name: 'PutlogsError',
    code: 'ERR_PUTLOGS_OPTIONS',
  });
});

test('the given options are not changed', () => {
  const given = Object.freeze({ ...complete, credentials: Object.freeze({ accessKeyId: 'id' }), batch: undefined });
  resolveOptions(given, { VOLCENGINE_ACCESS_KEY_SECRET: 's' });
  assert.deepEqual(given, { ...complete, credentials: { accessKeyId: 'id' }, batch: undefined });
});

test('no error repeats a value, whichever check it fails', () => {
  const given = { target: SECRET, lingerMs: 0.5, tags: { a: SECRET, '': 'x' }, timeKey: 7, handleSignals: [SECRET] };
  const problems = problemsOf({ ...complete, ...given, batch: { maxBytes: 1, maxCount: 1e9 }, levels: SECRET });
  assert.deepEqual(problems, [
    'batch.maxCount: must be at most 10000 for target volc-tls',
    'target: must be one of volc-tls, volc-webtracks, aliyun-sls, aliyun-webtracking',
    'tags: must not be empty',
    'batch.maxBytes: must be at least 1024',
    'batch.maxCount: must be at most 40960',
    'lingerMs: must be a whole number',
    'handleSignals.0: must be one of SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2, SIGBREAK',
    'timeKey: must be of type string or array',
    'levels: must be of type object',
  ]);
});

test('a value of another type is reported for every kind of option', () => {
  for (const [given, problem] of [
    [{ batch: null }, 'batch: must be of type object'],
    [{ batch: [] }, 'batch: must be of type object'],
    [{ spool: 'dir' }, 'spool: must be of type object'],
    [{ lingerMs: Number.NaN }, 'lingerMs: must be of type number'],
    [{ lingerMs: null }, 'lingerMs: must be of type number'],
    [{ tags: ['a'] }, 'tags: must be of type object'],
    [{ tags: { env: 7 } }, 'tags.env: must be of type string'],
    [{ levels: { audit: '35' } }, 'levels.audit: must be of type number'],
    [{ omit: 'pid' }, 'omit: must be of type array'],
    [{ omit: ['pid', ''] }, 'omit.1: must not be empty'],
    [{ timeKey: [] }, 'timeKey: must not be empty'],
    [{ spool: { fsync: 1 } }, 'spool.fsync: must be of type boolean'],
    [{ fileName: 1 }, 'fileName: must be of type string'],
    [{ instance: '' }, 'instance: must not be empty'],
  ] as const) {
    assert.deepEqual(problemsOf({ ...complete, ...given }), [problem]);
  }
});

test('the names in tags and fields are the user’s own, whatever they are', () => {
  const tags = JSON.parse('{ "__proto__": "a", "constructor": "b", "a.b": "c" }') as Record<string, string>;
  assert.deepEqual(Object.entries(resolveOptions({ ...complete, tags }, {}).tags), Object.entries(tags));
});

test('names such as __proto__ and constructor arrive from options, variables, flags and a config file', () => {
  const json = '{"__proto__":"p","constructor":"c","hasOwnProperty":"h","a":"1"}';
  const names = JSON.parse(json) as Record<string, string>;
  const numbers = JSON.parse('{"__proto__":35,"constructor":36}') as Record<string, number>;
  const entries = Object.entries(names);
  const given = { tags: names, fields: names, rename: names, levels: numbers };
  const text = entries.map(([name, value]) => `${name}=${value}`).join(',');
  const config = join(directory, 'names.json');
  writeFileSync(config, JSON.stringify({ ...complete, ...given }));
  const flags = readCommandLine(
    ['--tags', text, '--fields', text, '--rename', text, '--levels', '__proto__=35,constructor=36'],
    {},
  );
  const file = readCommandLine(['--config', config], { config: COMMON_FLAGS.config });
  assert.ok('given' in flags && 'given' in file);
  for (const resolved of [
    resolveOptions({ ...complete, ...given }, {}),
    resolveOptions(complete, {
      PUTLOGS_TAGS: text,
      PUTLOGS_FIELDS: text,
      PUTLOGS_RENAME: text,
      PUTLOGS_LEVELS: '__proto__=35,constructor=36',
    }),
    optionsOf(explainOptions([...flags.given, { options: complete }], {})),
    optionsOf(explainOptions(file.given, {})),
  ]) {
    for (const map of [resolved.tags, resolved.fields, resolved.rename]) assert.deepEqual(Object.entries(map), entries);
    assert.deepEqual(Object.entries(resolved.levels), Object.entries(numbers));
    assert.deepEqual(structuredClone(resolved), resolved);
  }
  assert.deepEqual(Object.keys(Object.prototype), []);
});

test('a wrong value under such a name is reported with the name, and so is an option of such a name', () => {
  const tags = JSON.parse('{"__proto__":{"a":"b"},"constructor":5}') as object;
  assert.deepEqual(problemsOf({ ...complete, tags }), [
    'tags.__proto__: must be of type string',
    'tags.constructor: must be of type string',
  ]);
  const others = JSON.parse('{"__proto__":{"a":1},"constructor":1,"isPrototypeOf":2}') as object;
  assert.deepEqual(problemsOf({ ...complete, ...others }), [
    '__proto__: there is no such option',
    'constructor: there is no such option',
    'isPrototypeOf: there is no such option',
  ]);
  assert.deepEqual(problemsOf({ ...complete, valueOf: () => 1 }), [
    'valueOf: is a function; options are plain data because they are sent to a thread',
  ]);
  const credentials = { ...complete.credentials, constructor: 'x' };
  assert.deepEqual(problemsOf({ ...complete, credentials }), ['credentials.constructor: there is no such option']);
});

test('fields, tags, new names and levels that are not a plain object are reported, because their names would be lost', () => {
  const plain = 'must be a plain object, with its own names only';
  class Names {
    a = '1';
  }
  for (const name of ['fields', 'tags', 'rename', 'levels']) {
    for (const value of [new Map([['a', '1']]), new Names(), { __proto__: { a: '1' } }, Object.create({ a: '1' })]) {
      assert.deepEqual(problemsOf({ ...complete, [name]: value }), [`${name}: ${plain}`]);
    }
  }
  const none = Object.assign(Object.create(null) as object, { a: '1' });
  const foreign = runInNewContext('({ a: "1" })') as object;
  for (const fields of [none, foreign])
    assert.deepEqual(resolveOptions({ ...complete, fields }, {}).fields, { a: '1' });
});

test('options that are resolved twice share no list or object of a default', () => {
  const [one, other] = [resolveOptions(complete, {}), resolveOptions(complete, {})];
  assert.notEqual(one.tags, other.tags);
  assert.notEqual(one.handleSignals, other.handleSignals);
});
