// The outcomes of the answers of Alibaba Cloud SLS.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '@putlogs/core/internal/http/exchange';
import { outcomeOf } from '@putlogs/core/internal/targets/classify';
import { ALIYUN_ANSWERS } from '@putlogs/core/internal/targets/sls/answers';

const NOW = Date.UTC(2026, 0, 1);
const DAY_MS = 24 * 60 * 60 * 1000;

function answered(status: number, code: string, message = 'why', headers: Record<string, string> = {}): Answer {
  const body = code === '' ? '' : JSON.stringify({ errorCode: code, errorMessage: message });
  return { kind: 'answered', status, headers: { 'x-log-requestid': 'r1', ...headers }, body };
}

const of = (answer: Answer) => outcomeOf(answer, ALIYUN_ANSWERS, NOW);

test('an empty 200 with a request id is success, and nothing else is', () => {
  assert.deepEqual(of(answered(200, '')), { kind: 'delivered', requestId: 'r1' });
  assert.equal(of({ kind: 'answered', status: 200, headers: {}, body: '' }).kind, 'retry');
  assert.equal(of({ kind: 'answered', status: 502, headers: {}, body: '<html>Bad Gateway</html>' }).kind, 'retry');
  assert.equal(of(answered(200, 'InternalServerError')).kind, 'retry');
});

test('the code decides before the status does', () => {
  for (const [status, code, kind] of [
    [403, 'WriteQuotaExceed', 'retry'],
    [403, 'ShardWriteQuotaExceed', 'retry'],
    [403, 'ExceedQuota', 'retry'],
    [403, 'Unauthorized', 'hold'],
    [401, 'Unauthorized', 'hold'],
    [401, 'SignatureNotMatch', 'hold'],
    [400, 'RequestTimeTooSkewed', 'hold'],
    [400, 'RequestTimeExpired', 'hold'],
    [400, 'PostBodyTooLarge', 'split'],
    [400, 'PostBodyInvalid', 'reject'],
    [400, 'InvalidKey', 'reject'],
    [400, 'InvalidEncoding', 'reject'],
    [400, 'PostBodyUncompressError', 'retry'],
    [400, 'InvalidCompressType', 'hold'],
    [403, 'ProjectForbidden', 'hold'],
    [411, 'MissingContentLength', 'hold'],
    [400, 'ParameterInvalid', 'hold'],
    [404, 'LogStoreNotExist', 'hold'],
    [404, 'ProjectNotExist', 'hold'],
    [503, 'ServerBusy', 'retry'],
    [500, 'InternalServerError', 'retry'],
    [400, 'ACodeOfNextYear', 'hold'],
  ] as const) {
    assert.equal(of(answered(status, code)).kind, kind, `${status} ${code}`);
  }
});

test('a body that the service cannot decompress is sent a few times, and is then the fault of its records', () => {
  const outcome = of(answered(400, 'PostBodyUncompressError'));
  assert.ok(outcome.kind === 'retry');
  assert.equal(outcome.mostAttempts, 4);
});

test('a code that a person has to act on says how', () => {
  for (const [code, advice] of [
    ['ProjectForbidden', /unpaid bills/],
    ['LogStoreWithoutShard', /has a shard/],
    ['InvalidHost', /check endpoint, region and project/],
    ['ParameterInvalid', /hashKey and routing/],
    ['InvalidCompressType', /compression: 'lz4'/],
  ] as const) {
    const outcome = of(answered(400, code));
    assert.ok(outcome.kind === 'hold', code);
    assert.match(outcome.refusal.message, advice);
  }
});

test('a quota is recognised by its text if its code is unknown', () => {
  for (const text of ['Project inflow Quota Exceed', 'Write QPS Exceed, limit 600000', 'quota exceeded']) {
    assert.equal(of(answered(403, 'Forbidden', text)).kind, 'retry', text);
  }
  assert.equal(of(answered(403, 'Forbidden', 'denied by sts or ram, action: log:PostLogStoreLogs')).kind, 'hold');
});

test('a time out of range, with 400 or 499, says which times are accepted, by the service’s clock', () => {
  for (const status of [400, 499]) {
    for (const [headers, nowMs] of [
      [{ date: new Date(NOW + DAY_MS).toUTCString() }, NOW + DAY_MS],
      [{}, NOW],
    ] as const) {
      const outcome = of(answered(status, 'PostBodyInvalid', 'The post data time is out of range.', headers));
      assert.ok(outcome.kind === 'reject');
      assert.deepEqual(outcome.takes, {
        fromMs: nowMs - 7 * DAY_MS,
        toMs: nowMs + 15 * 60_000,
        serviceMs: 'date' in headers ? nowMs : undefined,
      });
    }
    const other = of(answered(status, 'PostBodyInvalid', 'Protobuffer content cannot be parsed.'));
    assert.ok(other.kind === 'reject' && other.takes === undefined);
  }
});

test('an error is also read in the gateway’s form, and an invalid body is no error', () => {
  const body = JSON.stringify({ Error: { Code: 'ServerBusy', Message: 'later', RequestId: 'r' } });
  const outcome = of({ kind: 'answered', status: 403, headers: {}, body });
  assert.ok(outcome.kind === 'retry' && outcome.refusal.code === 'ServerBusy' && outcome.refusal.message === 'later');
  for (const nonsense of ['', 'null', '[]', '{"errorCode":7}', '{"Error":"x"}', '"x"', '{', '{"Error":null}']) {
    assert.equal(of({ kind: 'answered', status: 503, headers: {}, body: nonsense }).kind, 'retry', nonsense);
  }
});

test('the message ends with advice on what a person can change', () => {
  const messageOf = (code: string) => {
    const outcome = of(answered(404, code));
    return outcome.kind === 'delivered' ? '' : outcome.refusal.message;
  };
  assert.match(messageOf('LogStoreNotExist'), /^why \(check project, logstore and endpoint, /);
  assert.match(messageOf('Unauthorized'), /log:PostLogStoreLogs; for web tracking, that it is on for the Logstore\)$/);
});
