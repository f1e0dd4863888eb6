import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '@putlogs/core/internal/delivery/backoff';
import { type Answer, retryAfterMs } from '@putlogs/core/internal/delivery/outcome';
import { volcTls } from '@putlogs/core/internal/target/volc-tls';

const target = volcTls({
  endpoint: 'https://tls-cn-beijing.volces.com',
  region: 'cn-beijing',
  topicId: 't',
  credentials: { accessKeyId: 'a', accessKeySecret: 's' },
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
  assert.equal(kindOf({ kind: 'answered', status: 200, headers: {}, body: '<html>Sign in</html>' }), 'hold');
  for (const status of [201, 204, 206, 301, 302, 307]) assert.equal(kindOf(answered(status)), 'hold', `${status}`);
  assert.equal(kindOf(answered(200, 'InternalServerError')), 'retry');
});

test('the error code decides before the status does', () => {
  for (const [status, code, kind] of [
    [400, 'ExceedQPSLimit', 'retry'],
    [429, 'ExceedRateLimit', 'retry'],
    [403, 'RequestTimeTooSkewed', 'retry'],
    [403, 'InvalidAccessKeyId', 'hold'],
    [403, 'SignatureDoesNotMatch', 'hold'],
    [404, 'TopicNotExist', 'hold'],
    [500, 'DeserializeFailed', 'reject'],
    [400, 'InvalidArgument', 'reject'],
  ] as const) {
    assert.equal(kindOf(answered(status, code)), kind, code);
  }
});

test('an unknown refusal is never a reason to delete', () => {
  for (let status = 300; status < 500; status += 1) {
    const kind = kindOf(answered(status, 'BrandNewCode'));
    assert.ok(kind === 'hold' || kind === 'retry', `${status}: ${kind}`);
  }
  for (const status of [408, 429, 500, 502, 503, 504, 599]) assert.equal(kindOf(answered(status)), 'retry');
  for (const code of ['constructor', '__proto__', 'toString']) assert.equal(kindOf(answered(403, code)), 'hold');
});

test('the error is found with either spelling of its name, and nonsense is no error', () => {
  const body = JSON.stringify({ errorCode: 'TopicNotExist', errorMessage: 'gone' });
  const outcome = target.outcome({ kind: 'answered', status: 404, headers: {}, body }, NOW);
  assert.ok(outcome.kind === 'hold');
  assert.deepEqual(outcome.refusal, { code: 'TopicNotExist', message: 'gone', status: 404 });
  for (const nonsense of ['', '<html>', 'null', '[]', '{"ErrorCode":7}', '"x"', '{']) {
    assert.equal(kindOf({ kind: 'answered', status: 502, headers: {}, body: nonsense }), 'retry');
  }
});

test('no answer is a reason to send again', () => {
  assert.equal(kindOf({ kind: 'failed', code: 'ECONNREFUSED', message: 'x' }), 'retry');
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

test('the backoff doubles to its cap, with full jitter above what the service asked for', () => {
  const options = { baseMs: 100, maxMs: 1000 };
  const most = [1, 2, 3, 4, 5, 6, 2000].map((failures) => backoffMs(failures, 0, options, () => 1));
  assert.deepEqual(most, [100, 200, 400, 800, 1000, 1000, 1000]);
  assert.equal(
    backoffMs(9, 0, options, () => 0),
    0,
  );
  assert.equal(
    backoffMs(1, 500, options, () => 0.5),
    550,
  );
});
