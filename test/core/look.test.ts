// The questions about a topic or Logstore: signatures, large answers, and what an index covers.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { coverageOf } from '@putlogs/core/internal/targets/look';
import { createIndex, lookWith, probe } from '@putlogs/core/tools';
import { call } from '../emulator/signed-request';
import { callSls } from '../emulator/sls-request';
import { type Emulator, emulatorForTest, optionsFor, TOPIC_ID } from '../support/emulator';
import { type TargetName, targetNamed } from '../support/targets';

function optionsOf(emulator: Emulator, name: TargetName, more: object = {}) {
  return resolveOptions({ ...optionsFor(emulator, targetNamed(name)), ...more }, {});
}

function lookingAt(emulator: Emulator, name: TargetName, more: object = {}) {
  const looking = lookWith(optionsOf(emulator, name, more))!;
  after(() => looking.close());
  return looking;
}

for (const [name, more] of [
  ['volc-tls', {}],
  ['aliyun-sls', { signature: 'v1' }],
  ['aliyun-sls', { signature: 'v4', region: 'cn-hangzhou' }],
] as const) {
  test(`${name} ${JSON.stringify(more)} answers every question, and creates an index`, async () => {
    const emulator = await emulatorForTest({ index: 'none' });
    await probe(optionsOf(emulator, name, more), 'before the index');
    const looking = lookingAt(emulator, name, more);
    assert.deepEqual(await looking.store(), { kind: 'answered', fact: { retentionDays: 30 } });
    assert.deepEqual(await looking.shards(), { kind: 'answered', fact: { writable: 2, readOnly: 0 } });
    assert.deepEqual(await looking.index(), { kind: 'answered', fact: undefined });
    const fields = ['level', 'pid', 'hostname', 'name', 'message'];
    assert.deepEqual(await looking.createIndex(), { kind: 'answered', fact: { isNew: true, fields } });
    assert.deepEqual(await looking.index(), { kind: 'answered', fact: { fullText: { kind: 'all' }, fields } });
    const atMs = Date.now();
    await probe(optionsOf(emulator, name, more), 'after the index');
    const window = { fromMs: atMs - 5000, toMs: Date.now() + 5000 };
    for (const [query, isFound] of [
      ['after', true],
      ['level:info', true],
      ['message:"after the index"', true],
      ['before', false],
      ['level:error', false],
    ] as const) {
      assert.deepEqual(await looking.search({ ...window, query }), { kind: 'answered', fact: isFound }, query);
    }
    assert.deepEqual(await looking.search({ fromMs: 0, toMs: atMs - 60_000, query: 'after' }), {
      kind: 'answered',
      fact: false,
    });
  });
}

test('an index with a thousand fields is read whole, although it is longer than the answer to a batch', async () => {
  const emulator = await emulatorForTest({
    index: 'none',
    topics: [TOPIC_ID],
    logstores: ['test-project/test-logstore'],
  });
  const names = Array.from({ length: 1000 }, (_, at) => `field-with-a-name-that-is-long-${at}`);
  const Value = { ValueType: 'text', Delimiter: '' };
  const KeyValue = names.map((Key) => ({ Key, Value }));
  assert.equal((await call(emulator, 'POST', '/CreateIndex', { TopicId: TOPIC_ID, KeyValue })).status, 200);
  const keys = Object.fromEntries(names.map((name) => [name, { type: 'text', token: [' ', ','] }]));
  assert.equal((await callSls(emulator, 'POST', '/index', { value: { keys } })).status, 200);
  for (const name of ['volc-tls', 'aliyun-sls'] as const) {
    const fact = { fullText: { kind: 'none' }, fields: names };
    assert.deepEqual(await lookingAt(emulator, name).index(), { kind: 'answered', fact });
  }
});

test('the names in a new index are those at the service', async () => {
  const emulator = await emulatorForTest({ index: 'none', topics: [TOPIC_ID] });
  const looking = lookingAt(emulator, 'volc-tls', { messageKey: 'msg.text', levelKey: '_severity' });
  const created = await looking.createIndex();
  assert.equal(created.kind, 'answered', JSON.stringify(created));
  assert.ok(created.kind === 'answered' && created.fact.fields.every((field) => /^[A-Za-z0-9][\w\-./]*$/.test(field)));
});

test('web tracking has no key to ask with', async () => {
  const emulator = await emulatorForTest();
  for (const name of ['volc-webtracks', 'aliyun-webtracking'] as const) {
    assert.equal(lookWith(optionsOf(emulator, name)), undefined);
    assert.equal((await createIndex(optionsOf(emulator, name))).kind, 'no key');
  }
});

test('no answer, a wrong key and an unreadable answer are values, and no secret is in them', async () => {
  const emulator = await emulatorForTest({ topics: [TOPIC_ID] });
  const forged = await lookingAt(emulator, 'volc-tls', {
    credentials: { accessKeyId: 'demo', accessKeySecret: 'a-wrong-secret' },
  }).store();
  assert.equal(forged.kind === 'failed' && forged.refusal.code, 'SignatureDoesNotMatch');
  emulator.faults([{ code: 'InvalidArgument', message: 'you sent demo-secret', times: 1 }, { swallow: 'before' }]);
  const looking = lookingAt(emulator, 'volc-tls');
  const refused = await looking.store();
  assert.equal(refused.kind, 'failed');
  assert.doesNotMatch(JSON.stringify(refused), /demo-secret/);
  const cut = await looking.index();
  assert.equal(cut.kind === 'failed' && cut.passes, true);
  emulator.faults([{ body: '{"Shards":7}' }]);
  const odd = await looking.shards();
  assert.equal(odd.kind === 'failed' && odd.refusal.code, 'ANSWER_UNREADABLE');
});

test('without credentials it says why there are none', async () => {
  const emulator = await emulatorForTest({ topics: [TOPIC_ID] });
  const looked = await lookingAt(emulator, 'volc-tls', { credentials: { file: '/no-such/credentials.json' } }).store();
  assert.equal(looked.kind, 'failed');
  assert.deepEqual(looked.kind === 'failed' && [looked.refusal.code, looked.refusal.message], [
    'NO_CREDENTIALS',
    'credentials.file returned no credentials: ENOENT',
  ]);
});

test('what an index covers', () => {
  const fields = ['level'];
  for (const [fullText, message] of [
    [{ kind: 'none' }, 'none'],
    [{ kind: 'all' }, 'words'],
    [{ kind: 'only', fields: ['message'] }, 'words'],
    [{ kind: 'only', fields: ['other'] }, 'none'],
    [{ kind: 'all except', fields: ['message'] }, 'none'],
    [{ kind: 'all except', fields: ['other'] }, 'words'],
  ] as const) {
    assert.equal(coverageOf('message', { fullText, fields }), message, JSON.stringify(fullText));
    assert.equal(coverageOf('level', { fullText, fields }), 'field');
  }
});
