// Every form of an address of the two services: which target it belongs to, its region, and where requests go.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf } from '@putlogs/core/internal/options/addresses';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';

const credentials = { accessKeyId: 'id', accessKeySecret: 'secret' };
const sls = { project: 'p1', logstore: 'store', credentials };

for (const [endpoint, region] of [
  ['https://tls-cn-beijing.volces.com', 'cn-beijing'],
  ['https://tls-cn-beijing.ivolces.com', 'cn-beijing'],
  ['tls-ap-southeast-1.bytepluses.com', 'ap-southeast-1'],
] as const) {
  test(`${endpoint} is an address of TLS`, () => {
    const options = resolveOptions({ endpoint, topicId: 't', credentials }, {});
    assert.deepEqual([options.target, options.region], ['volc-tls', region]);
  });
}

for (const [endpoint, region, host] of [
  ['https://cn-hangzhou.log.aliyuncs.com', 'cn-hangzhou', 'p1.cn-hangzhou.log.aliyuncs.com'],
  ['https://cn-hangzhou-intranet.log.aliyuncs.com', 'cn-hangzhou', 'p1.cn-hangzhou-intranet.log.aliyuncs.com'],
  ['https://cn-hangzhou-vpc.log.aliyuncs.com', 'cn-hangzhou', 'p1.cn-hangzhou-vpc.log.aliyuncs.com'],
  ['https://cn-hangzhou-internal.log.aliyuncs.com', 'cn-hangzhou', 'p1.cn-hangzhou-internal.log.aliyuncs.com'],
  ['https://cn-shanghai-share.log.aliyuncs.com', 'cn-shanghai', 'p1.cn-shanghai-share.log.aliyuncs.com'],
  ['https://us-west-1.sls.aliyuncs.com', 'us-west-1', 'p1.us-west-1.sls.aliyuncs.com'],
  ['https://p1.cn-hangzhou.log.aliyuncs.com', 'cn-hangzhou', 'p1.cn-hangzhou.log.aliyuncs.com'],
  ['https://log-global.aliyuncs.com', '', 'p1.log-global.aliyuncs.com'],
  ['https://p1.log-global.aliyuncs.com', '', 'p1.log-global.aliyuncs.com'],
] as const) {
  test(`${endpoint} is an address of SLS, and the project is in front of its host once`, () => {
    const options = resolveOptions({ endpoint, ...sls }, {});
    assert.deepEqual([options.target, options.region], ['aliyun-sls', region]);
    assert.deepEqual(placeOf(options), { origin: `https://${host}`, host, headers: {} });
  });
}

test('a domain of the user’s own is used as it is, and a header names the project', () => {
  const own = { endpoint: 'https://logs.example.com', target: 'aliyun-sls', region: 'cn-hangzhou', ...sls } as const;
  const host = 'logs.example.com';
  assert.deepEqual(placeOf(resolveOptions({ ...own, customDomain: true }, {})), {
    origin: `https://${host}`,
    host,
    headers: { 'x-log-project': 'p1' },
  });
  assert.equal(placeOf(resolveOptions(own, {})).host, `p1.${host}`);
});

test('this machine and IP addresses have no hosts below them: only the Host header names the project', () => {
  for (const [endpoint, host] of [
    ['http://127.0.0.1:80', 'p1.127.0.0.1'],
    ['http://localhost:1', 'p1.localhost:1'],
    ['http://[::1]:2', 'p1.localhost:2'],
  ] as const) {
    const options = resolveOptions({ endpoint, target: 'aliyun-sls', region: 'r', ...sls }, {});
    assert.deepEqual(placeOf(options), { origin: new URL(endpoint).origin, host, headers: {} });
  }
});
