// The outcome of an answer, with the answers of Volcengine TLS as the example.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '@putlogs/core/internal/http/exchange';
import { retryAfterMs } from '@putlogs/core/internal/targets/classify';
import { volcTls } from '@putlogs/core/internal/targets/tls/put-logs';

const target = volcTls({
  endpoint: 'https://tls-cn-beijing.volces.com',
  region: 'cn-beijing',
  topicId: 't',
  credentials: () => ({ accessKeyId: 'a', accessKeySecret: 's' }),
});
const NOW = Date.UTC(2026, 0, 1);

function answered(status: number, code = '', headers: Record<string, string> = {}): Answer {
  const body = code === '' ? '{}' : JSON.stringify({ ErrorCode: code, ErrorMessage: 'why' });
  return { kind: 'answered', status, headers: { 'x-tls-requestid': 'r1', ...headers }, body };
}

function kindOf(answer: Answer): string {
  return target.outcome(answer, NOW).kind;
}

test('only 200 with a request id is success', () => {
  assert.deepEqual(target.outcome(answered(200), NOW), { kind: 'delivered', requestId: 'r1' });
  for (const status of [201, 204, 206, 301, 302, 307]) assert.equal(kindOf(answered(status)), 'hold', `${status}`);
  assert.equal(kindOf(answered(200, 'InternalServerError')), 'retry');
});

test('a success that is not from the service is no success, and is sent again', () => {
  for (const body of ['', '{}', '<html>Sign in</html>']) {
    for (const status of [200, 201, 204]) {
      assert.equal(kindOf({ kind: 'answered', status, headers: {}, body }), 'retry', `${status} ${body}`);
    }
    assert.equal(kindOf({ kind: 'answered', status: 302, headers: {}, body }), 'hold');
  }
});

test('the error code decides before the status does', () => {
  for (const [status, code, kind] of [
    [400, 'ExceedQPSLimit', 'retry'],
    [429, 'ExceedRateLimit', 'retry'],
    [403, 'RequestTimeTooSkewed', 'hold'],
    [200, 'LogGroupListSizeTooLarge', 'split'],
    [400, 'TooManyLogs', 'split'],
    [400, 'LogSizeTooLarge', 'split'],
    [413, 'InvalidArgument', 'reject'],
    [403, 'InvalidAccessKeyId', 'hold'],
    [403, 'SignatureDoesNotMatch', 'hold'],
    [404, 'TopicNotExist', 'hold'],
    [500, 'DeserializeFailed', 'reject'],
    [400, 'InvalidArgument', 'reject'],
    [400, 'BadRequest', 'reject'],
    [405, 'MethodNotSupport', 'hold'],
  ] as const) {
    assert.equal(kindOf(answered(status, code)), kind, code);
  }
});

test('an unknown refusal never deletes records', () => {
  for (let status = 300; status < 500; status += 1) {
    const kind = kindOf(answered(status, 'BrandNewCode'));
    const kept = status === 413 ? ['split'] : ['hold', 'retry'];
    assert.ok(kept.includes(kind), `${status}: ${kind}`);
  }
  for (const status of [408, 429, 500, 502, 503, 504, 599]) assert.equal(kindOf(answered(status)), 'retry');
  for (const code of ['constructor', '__proto__', 'toString']) assert.equal(kindOf(answered(403, code)), 'hold');
});

test('the error code, or a 413 from the service or a proxy, says what was too large', () => {
  const tooLarge = (answer: Answer) => {
    const outcome = target.outcome(answer, NOW);
    return outcome.kind === 'split' ? outcome.tooLarge : outcome.kind;
  };
  assert.equal(tooLarge(answered(413, 'LogGroupListSizeTooLarge')), 'bytes');
  assert.equal(tooLarge(answered(400, 'TooManyLogs')), 'count');
  assert.equal(tooLarge(answered(400, 'LogSizeTooLarge')), 'record');
  const proxy = '<html><h1>413 Request Entity Too Large</h1></html>';
  assert.equal(tooLarge({ kind: 'answered', status: 413, headers: {}, body: proxy }), 'bytes');
});

test('if the time is refused, the outcome has the service’s time, if it differs from ours', () => {
  const serviceMs = (code: string, dateMs: number | undefined) => {
    const headers: Record<string, string> = dateMs === undefined ? {} : { date: new Date(dateMs).toUTCString() };
    const outcome = target.outcome(answered(403, code, headers), NOW);
    assert.ok(outcome.kind === 'hold', outcome.kind);
    return outcome.serviceMs;
  };
  for (const code of ['RequestExpired', 'RequestTimeTooSkewed']) {
    assert.equal(serviceMs(code, NOW + 60_000), NOW + 60_000);
    assert.equal(serviceMs(code, NOW - 3_600_000), NOW - 3_600_000);
    assert.equal(serviceMs(code, NOW + 1000), undefined);
    assert.equal(serviceMs(code, undefined), undefined);
  }
  // A wrong secret causes the same refusal, so a clock that is only a little off is not seen as the reason.
  for (const code of ['SignatureDoesNotMatch', 'AuthFailed']) {
    assert.equal(serviceMs(code, NOW + 60_000), undefined);
    assert.equal(serviceMs(code, NOW + 3_600_000), NOW + 3_600_000);
  }
  assert.equal(serviceMs('AccessDenied', NOW + 3_600_000), undefined);
});

test('an error is read in both spellings, and an invalid body is no error', () => {
  const body = JSON.stringify({ errorCode: 'TopicNotExist', errorMessage: 'gone' });
  const outcome = target.outcome({ kind: 'answered', status: 404, headers: {}, body }, NOW);
  assert.ok(outcome.kind === 'hold');
  const message = 'gone (check topicId, and that the topic is in this region)';
  assert.deepEqual(outcome.refusal, { code: 'TopicNotExist', message, status: 404 });
  for (const nonsense of ['', '<html>', 'null', '[]', '{"ErrorCode":7}', '"x"', '{']) {
    assert.equal(kindOf({ kind: 'answered', status: 502, headers: {}, body: nonsense }), 'retry');
  }
});

test('a failure without an answer is retried', () => {
  for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'ECONNRESET', 'TIMEOUT']) {
    assert.equal(kindOf({ kind: 'failed', code, message: 'x' }), 'retry', code);
  }
});

test('a wrong certificate holds the batch', () => {
  for (const code of [
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ]) {
    assert.equal(kindOf({ kind: 'failed', code, message: 'x' }), 'hold', code);
  }
});

test('Retry-After is read as seconds or a date, and bounded', () => {
  const outcome = target.outcome(answered(429, 'ExceedQPSLimit', { 'retry-after': '7' }), NOW);
  assert.ok(outcome.kind === 'retry');
  assert.equal(outcome.afterMs, 7000);
  assert.equal(retryAfterMs(new Date(NOW + 9000).toUTCString(), NOW), 9000);
  assert.equal(retryAfterMs(new Date(NOW - 9000).toUTCString(), NOW), 0);
  assert.equal(retryAfterMs('1000000000', NOW), 300_000);
  assert.equal(retryAfterMs('9'.repeat(400), NOW), 300_000);
  for (const nonsense of [undefined, '', 'soon', 'NaN', '-']) assert.equal(retryAfterMs(nonsense, NOW), 0);
});
