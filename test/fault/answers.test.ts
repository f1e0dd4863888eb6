// Answers that are none, or that say something other than they seem to.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../support/directory';
import { until } from '../support/emulator';
import { assertLedger } from '../support/ledger';
import { assertConserved, emulatorAndShipper, write } from '../support/shipper';
import { target } from '../support/targets';

const PAGE = '<!doctype html><title>Sign in</title>Welcome to the hotel.';

for (const [what, rule] of [
  [
    'a page with 200, as a captive portal answers',
    { status: 200, body: PAGE, headers: { [target.requestIdHeader]: '' } },
  ],
  ['a redirect', { status: 302, body: '', headers: { location: 'http://127.0.0.1:9/', [target.requestIdHeader]: '' } }],
  ['204 without a request id', { status: 204, body: '', headers: { [target.requestIdHeader]: '' } }],
  ['an empty 200 without a request id', { status: 200, body: '', headers: { [target.requestIdHeader]: '' } }],
  ['a page with 502', { status: 502, body: PAGE, headers: { 'content-type': 'text/html' } }],
] as const) {
  test(`${what} is no acknowledgement: the records stay pending, and arrive once`, async () => {
    const { emulator, shipper, warnings } = await emulatorAndShipper();
    emulator.faults([{ ...rule, times: 3 }]);
    const expected = write(shipper, 20);
    await shipper.flush();
    assertLedger(new Map([['one', expected]]), emulator.logs());
    assert.equal(shipper.stats().requests, 4);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!.message, new RegExp(`HTTP ${rule.status}`));
    assertConserved(shipper.stats());
  });
}

test('bytes that changed on their way are sent again', async () => {
  const { emulator, shipper } = await emulatorAndShipper();
  emulator.faults([{ code: 'ErrLogMD5CheckFailed', times: 2 }]);
  const expected = write(shipper, 20);
  await shipper.flush();
  assertLedger(new Map([['one', expected]]), emulator.logs());
  assert.equal(shipper.stats().halved, 0, 'it is not the records’ fault');
});

test('an unknown code holds the batch, and it is sent later under its own hash key', async () => {
  const { emulator, shipper, warnings } = await emulatorAndShipper();
  emulator.faults([{ status: 400, code: 'ShardNotExist', message: 'shard 3 has been split', times: 2 }]);
  const expected = write(shipper, 20);
  await shipper.flush();
  assertLedger(new Map([['one', expected]]), emulator.logs());
  assert.equal(new Set(emulator.logs().map(({ hashKey }) => hashKey)).size, 1);
  assert.deepEqual(
    warnings.map(({ kind }) => kind),
    ['hold'],
  );
});

const anonymous = !target.isSigned && 'the target is anonymous';

test('a secret that the service repeats in its answer is reported nowhere', { skip: anonymous }, async () => {
  const file = join(temporaryDirectory('echo'), 'dead.ndjson');
  const securityToken = 'a+token/of==many&letters';
  const { emulator, shipper, warnings } = await emulatorAndShipper(
    { deadLetter: { file }, credentials: { accessKeyId: 'demo', accessKeySecret: 'demo-secret', securityToken } },
    { securityToken },
  );
  const message = `token ${securityToken} and secret demo-secret in {"x-security-token":"${securityToken}"}`;
  emulator.faults([
    { code: target.codes.token, message, times: 1 },
    { code: target.codes.refused, message, times: 1 },
  ]);
  write(shipper, 1);
  await shipper.flush();
  await until('both are reported', () => warnings.length === 2);
  const told = [...warnings.map((warning) => warning.message), readFileSync(file, 'utf8')];
  for (const text of told) {
    assert.match(text, /token \*\*\* and secret \*\*\* in/);
    assert.ok(!text.includes(securityToken) && !text.includes('demo-secret'), text);
  }
});

test('a batch is sent in halves after two timeouts, because smaller requests may arrive', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ lingerMs: 60_000, requestTimeoutMs: 600 });
  // As a proxy that answers a small body in time, and a large one after the deadline. The small one must be answered in
  // time on a busy machine also, because it would arrive twice otherwise.
  emulator.faults([{ maxLogs: 60, delayMs: 600_000 }]);
  const text = (n: number) => `${n} ${'x'.repeat(5000)}`;
  const expected = write(shipper, 100, text);
  const flushed = shipper.flush();
  await until('it has been cut', () => shipper.stats().halved > 0);
  assert.equal(shipper.stats().retries, 1, 'the first time it was sent again as it was');
  await flushed;
  for (const record of write(shipper, 100, text, 100)) expected.push(record);
  await shipper.flush();
  assertLedger(new Map([['one', expected]]), emulator.logs());
  assert.equal(shipper.stats().halved, 1, 'new batches are smaller from the start');
});

test('a service that never answers does not get smaller and smaller batches', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ lingerMs: 60_000, requestTimeoutMs: 100 });
  emulator.faults([{ delayMs: 600_000 }]);
  const expected = write(shipper, 300, (n) => `${n} ${'x'.repeat(1000)}`);
  const flushed = shipper.flush();
  await until('it has been asked often', () => shipper.stats().requests >= 20);
  // 300 KiB, 150, 75, 38: from 64 KiB on the size is not what is wrong.
  assert.equal(shipper.stats().halved, 3);
  emulator.faults([]);
  await flushed;
  assertConserved(shipper.stats());
  assert.equal(shipper.stats().delivered, expected.length);
});
