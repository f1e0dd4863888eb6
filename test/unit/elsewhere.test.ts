// Which Logstores count as one destination, and what a process reports about the others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANONYMOUS } from '@putlogs/core/internal/credentials/types';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { elsewhereNotice, regionHint } from '@putlogs/core/internal/spool/elsewhere';
import { loadTarget } from '@putlogs/core/internal/targets/load';

const credentials = { accessKeyId: 'id', accessKeySecret: 'secret' };

function identityOf(options: { endpoint?: string; region?: string; target?: string; logstore?: string }): string {
  const place = { target: 'aliyun-sls', project: 'shop', logstore: 'orders', ...options };
  const signed = place.target === 'aliyun-sls' ? { credentials } : {};
  return JSON.stringify(loadTarget(resolveOptions({ ...place, ...signed }, {}), () => ANONYMOUS).identity);
}

const HIDDEN = 'https://logs.shop.example';
const KNOWN = '{"project":"shop","logstore":"orders","region":"cn-hangzhou"}';
const UNKNOWN = '{"project":"shop","logstore":"orders","region":""}';

for (const target of ['aliyun-sls', 'aliyun-webtracking']) {
  test(`${target}: the region is that of the option, else that of the address, else unknown`, () => {
    for (const endpoint of [
      'https://cn-hangzhou.log.aliyuncs.com',
      'https://shop.cn-hangzhou.log.aliyuncs.com',
      'cn-hangzhou.sls.aliyuncs.com',
      'https://cn-hangzhou-intranet.log.aliyuncs.com',
      'https://cn-hangzhou-internal.log.aliyuncs.com',
      'https://cn-hangzhou-share.log.aliyuncs.com',
      'https://cn-hangzhou-vpc.log.aliyuncs.com',
    ]) {
      assert.equal(identityOf({ target, endpoint }), KNOWN, endpoint);
    }
    for (const endpoint of [HIDDEN, 'https://log-global.aliyuncs.com', 'https://127.0.0.1:8443']) {
      assert.equal(identityOf({ target, endpoint, region: 'cn-hangzhou' }), KNOWN, endpoint);
      assert.equal(identityOf({ target, endpoint }), UNKNOWN, endpoint);
    }
    assert.equal(identityOf({ target, region: 'cn-hangzhou' }), KNOWN);
    const other = identityOf({ target, endpoint: 'https://cn-shanghai.log.aliyuncs.com', region: 'cn-hangzhou' });
    assert.equal(other, KNOWN, 'the option is stronger than the address');
  });
}

test('a Logstore of another or of an unknown region is another destination, and the notice names the option to set', () => {
  const start = `the spool holds a directory for another destination, ${KNOWN}, which this process does not send (putlogs spool ls)`;
  assert.equal(
    elsewhereNotice(1, KNOWN, UNKNOWN),
    `${start}; this process does not know its region: if it is the same Logstore, set region: "cn-hangzhou" (PUTLOGS_REGION)`,
  );
  assert.equal(
    elsewhereNotice(1, KNOWN, identityOf({ region: 'cn-shanghai' })),
    `${start}; this process writes to region "cn-shanghai": if it is the same Logstore, set region: "cn-hangzhou" (PUTLOGS_REGION)`,
  );
  assert.match(
    elsewhereNotice(3, UNKNOWN, KNOWN),
    /^the spool holds 3 directories .*run putlogs spool replay with the options/,
  );
});

test('a Logstore of another name, a topic, and text that is no destination have no hint', () => {
  for (const other of [
    identityOf({ region: 'cn-shanghai', logstore: 'other' }),
    KNOWN,
    '{"topicId":"a"}',
    '{"project":1,"logstore":"orders","region":"x"}',
    'null',
    '[]',
    'garbage',
    '',
  ]) {
    assert.equal(regionHint(other, KNOWN), undefined, other);
    assert.equal(regionHint(KNOWN, other), undefined, other);
    assert.doesNotMatch(elsewhereNotice(1, other, '{"topicId":"b"}'), /region:/);
  }
});

test('the same destination in another layout is named so', () => {
  assert.match(
    elsewhereNotice(1, KNOWN, KNOWN),
    /"} in the layout of another target, which this process does not send/,
  );
});
