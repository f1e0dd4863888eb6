// Indexes, and what a topic or Logstore says of itself, in both services: created, read, changed, and searched by.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Emulator, emulatorForTest } from '../support/emulator.js';
import { type Answer, call, log, put, TOPIC } from './signed-request.js';
import { callSls, LOGSTORE, now, putSls, slsLog } from './sls-request.js';

const BASE_MS = 1_750_733_700_000;
const DELIMITER = ' ,:';
const FULL_TEXT = { Delimiter: DELIMITER, CaseSensitive: false, IncludeChinese: false };
const key = (Key: string, Value: object = {}) => ({ Key, Value: { ValueType: 'text', Delimiter: '', ...Value } });
const TOKEN = [...DELIMITER];
const LINE = { token: TOKEN, caseSensitive: false, chn: false };
const TEXT = { type: 'text', token: TOKEN };

async function refused(answering: Promise<Answer>, status: number, code: string, why = /./): Promise<void> {
  const { status: got, json, body } = await answering;
  const { ErrorCode, errorCode, ErrorMessage, errorMessage } = json;
  assert.deepEqual([got, ErrorCode ?? errorCode], [status, code], body.toString());
  assert.match(ErrorMessage ?? errorMessage, why);
}

const tls = (emulator: Emulator) => {
  const write = async (contents: Record<string, string>) => {
    assert.equal((await put(emulator, [{ Logs: [log(contents, BASE_MS)] }])).status, 200);
  };
  const search = (Query: string) =>
    call(emulator, 'POST', '/SearchLogs', { TopicId: TOPIC, Query, StartTime: BASE_MS, EndTime: BASE_MS + 1 });
  const create = (index: object) => call(emulator, 'POST', '/CreateIndex', { TopicId: TOPIC, ...index });
  const modify = (index: object) => call(emulator, 'PUT', '/ModifyIndex', { TopicId: TOPIC, ...index });
  const describe = () => call(emulator, 'GET', `/DescribeIndex?TopicId=${TOPIC}`);
  const hits = async (query: string) => (await search(query)).json.HitCount;
  return { write, search, create, modify, describe, hits };
};

test('a topic of TLS describes itself', async () => {
  const emulator = await emulatorForTest({ shards: 3, topics: [TOPIC], webTrackingOff: [TOPIC] });
  const describe = (query: string) => call(emulator, 'GET', `/DescribeTopic${query}`);
  await refused(describe(''), 400, 'InvalidArgument', /TopicId/);
  await refused(describe('?TopicId=other'), 404, 'TopicNotExist');
  const { json } = await describe(`?TopicId=${TOPIC}`);
  const { TopicId, Ttl, ShardCount, EnableTracking, CreateTime } = json as unknown as Record<string, unknown>;
  assert.deepEqual([TopicId, Ttl, ShardCount, EnableTracking], [TOPIC, 30, 3, false]);
  assert.match(String(CreateTime), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
});

test('by default a topic of TLS has an index in which everything is found', async () => {
  const emulator = await emulatorForTest();
  const { write, describe, hits, create } = tls(emulator);
  await refused(describe(), 404, 'TopicNotExist');
  await write({ level: 'info', message: 'hello world', other: '1' });
  const { FullText, KeyValue } = (await describe()).json as unknown as {
    FullText: object;
    KeyValue: { Key: string }[];
  };
  assert.ok(FullText);
  assert.deepEqual(
    KeyValue.map(({ Key }) => Key),
    ['level', 'message'],
  );
  assert.deepEqual([await hits('hello'), await hits('other:1'), await hits('level:warn')], [1, 1, 0]);
  await refused(create({ FullText: FULL_TEXT }), 409, 'IndexAlreadyExist');
});

test('without an index nothing is found in TLS; one that is created finds what arrives afterwards', async () => {
  const { write, search, describe, create, modify, hits } = tls(await emulatorForTest({ index: 'none' }));
  await write({ message: 'before' });
  await refused(describe(), 404, 'IndexNotExists');
  await refused(search('*'), 404, 'IndexNotExists');
  await refused(modify({ FullText: FULL_TEXT }), 404, 'IndexNotExists');
  const created = await create({ KeyValue: [key('level', { SqlFlag: true })] });
  assert.deepEqual([created.status, created.json], [200, { TopicId: TOPIC }]);
  await write({ level: 'info', message: 'after the index' });
  assert.deepEqual([await hits('*'), await hits('level:info'), await hits('after')], [1, 1, 0]);
  await refused(search('message:after'), 400, 'InvalidArgument', /message has no index/);
  assert.equal((await modify({ FullText: FULL_TEXT, KeyValue: [key('level')] })).status, 200);
  assert.deepEqual([await hits('after'), await hits('before')], [1, 0]);
  const { FullText, KeyValue, UserInnerKeyValue, CreateTime, ModifyTime } = (await describe())
    .json as unknown as Record<string, unknown>;
  assert.deepEqual([FullText, KeyValue, UserInnerKeyValue], [FULL_TEXT, [key('level')], []]);
  assert.ok(String(CreateTime) <= String(ModifyTime));
});

test('a wrong index of TLS is refused', async () => {
  const emulator = await emulatorForTest({ index: 'none', topics: [TOPIC] });
  const { create } = tls(emulator);
  for (const [index, code, why] of [
    [{}, 'InvalidIndexArgument', /FullText and KeyValue/],
    [{ FullText: null, KeyValue: [] }, 'InvalidIndexArgument', /FullText and KeyValue/],
    [{ FullText: FULL_TEXT, Keyvalue: [] }, 'InvalidIndexArgument', /Keyvalue is not known/],
    [{ FullText: { Delimiter: ' ' } }, 'InvalidIndexArgument', /CaseSensitive/],
    [{ FullText: { ...FULL_TEXT, Delimiter: 'abc' } }, 'InvalidIndexArgument', /Delimiter/],
    [{ FullText: { ...FULL_TEXT, Delimiter: '' } }, 'InvalidIndexArgument', /Delimiter/],
    [{ FullText: { ...FULL_TEXT, IncludeChinese: true } }, 'DelimiterChineseConflict', /./],
    [{ KeyValue: [key('_a')] }, 'InvalidIndexArgument', /invalid Key _a/],
    [{ KeyValue: [key('a'), key('a')] }, 'IndexKeyDuplicate', /a is in the index twice/],
    [{ KeyValue: [{ Key: 'a' }] }, 'IndexKVNULL', /./],
    [{ KeyValue: [key('a', { ValueType: 'int' })] }, 'InvalidIndexArgument', /ValueType/],
    [{ KeyValue: [key('a', { ValueType: 'long', Delimiter: ' ' })] }, 'InvalidIndexArgument', /number/],
    [{ KeyValue: [key('a', { SqlFlag: true, Delimiter: ' ' })] }, 'SQLFlagConflict', /./],
    [{ UserInnerKeyValue: [key('a')] }, 'InvalidIndexArgument', /invalid Key a/],
  ] as const) {
    await refused(create(index), 400, code, why);
  }
  await refused(call(emulator, 'POST', '/CreateIndex', { FullText: FULL_TEXT }), 400, 'InvalidArgument', /TopicId/);
  const other = call(emulator, 'POST', '/CreateIndex', { TopicId: 'other', FullText: FULL_TEXT });
  await refused(other, 404, 'TopicNotExist');
  await refused(call(emulator, 'PUT', '/CreateIndex', {}), 405, 'MethodNotSupport');
});

const sls = (emulator: Emulator) => {
  const write = async (contents: Record<string, string>) => {
    assert.equal((await putSls(emulator, { Logs: [slsLog(contents)] })).status, 200);
  };
  const search = (query: string) =>
    callSls(emulator, 'GET', `?type=log&from=${now() - 60}&to=${now() + 60}&query=${query}`);
  const create = (value?: object) => callSls(emulator, 'POST', '/index', { value });
  const update = (value: object) => callSls(emulator, 'PUT', '/index', { value });
  const get = () => callSls(emulator, 'GET', '/index');
  const hits = async (query: string) => (await search(query)).json.length;
  return { write, search, create, update, get, hits };
};

test('a Logstore of SLS describes itself', async () => {
  const emulator = await emulatorForTest({ shards: 3 });
  await refused(callSls(emulator, 'GET', ''), 404, 'LogStoreNotExist');
  await sls(emulator).write({ a: '1' });
  const { logstoreName, ttl, shardCount, enable_tracking, mode } = (await callSls(emulator, 'GET', ''))
    .json as unknown as Record<string, unknown>;
  assert.deepEqual([logstoreName, ttl, shardCount, enable_tracking, mode], [LOGSTORE, 30, 3, true, 'standard']);
});

test('by default a Logstore of SLS has an index in which everything is found', async () => {
  const { write, get, hits, create } = sls(await emulatorForTest());
  await refused(get(), 404, 'LogStoreNotExist');
  await write({ level: 'info', message: 'hello world', other: '1' });
  const { line, keys, ttl } = (await get()).json as unknown as { line: object; keys: object; ttl: number };
  assert.ok(line);
  assert.deepEqual([Object.keys(keys), ttl], [['level', 'message'], 30]);
  assert.deepEqual([await hits('hello'), await hits('other:1'), await hits('level:warn')], [1, 1, 0]);
  await refused(create({ line: LINE }), 400, 'IndexAlreadyExist');
});

test('without an index nothing is found in SLS; one that is created finds what arrives afterwards', async () => {
  const { write, search, get, create, update, hits } = sls(await emulatorForTest({ index: 'none' }));
  await write({ message: 'before' });
  await refused(get(), 400, 'IndexConfigNotExist', /index config doesn't exist/);
  await refused(search('*'), 400, 'IndexConfigNotExist', /logstore without index config/);
  await refused(update({ line: LINE }), 400, 'ParameterInvalid', /log store index is not created/);
  const { status, body } = await create({ keys: { level: TEXT } });
  assert.deepEqual([status, body.length], [200, 0]);
  await write({ level: 'info', message: 'after the index' });
  assert.deepEqual([await hits('*'), await hits('level:info'), await hits('after')], [1, 1, 0]);
  await refused(search('message:after'), 400, 'ParameterInvalid', /key \(message\) is not config as key value config/);
  assert.equal((await update({ line: { ...LINE, exclude_keys: ['level'] } })).status, 200);
  assert.deepEqual([await hits('after'), await hits('before'), await hits('info')], [1, 0, 0]);
  const { line, keys } = (await get()).json as unknown as { line: object; keys?: object };
  assert.deepEqual([line, keys], [{ ...LINE, exclude_keys: ['level'] }, undefined]);
  assert.equal((await update({ line: { ...LINE, include_keys: ['level'] } })).status, 200);
  assert.deepEqual([await hits('after'), await hits('info')], [0, 1]);
});

test('a wrong index of SLS is refused', async () => {
  const emulator = await emulatorForTest({ index: 'none', logstores: [`test-project/${LOGSTORE}`] });
  const { create } = sls(emulator);
  for (const [index, code, why] of [
    [{}, 'IndexInfoInvalid', /line\/keys/],
    [{ line: {} }, 'IndexInfoInvalid', /token/],
    [{ line: { token: ' ' } }, 'IndexInfoInvalid', /token/],
    [{ line: { ...LINE, include_keys: ['a'], exclude_keys: ['b'] } }, 'IndexInfoInvalid', /same time/],
    [{ line: { ...LINE, chn: 1 } }, 'IndexInfoInvalid', /chn/],
    [{ keys: [] }, 'IndexInfoInvalid', /line\/keys/],
    [{ keys: { a: {} } }, 'ParameterInvalid', /key config must has type/],
    [{ keys: { a: { type: 'float' } } }, 'IndexInfoInvalid', /type of a/],
    [{ keys: { a: { type: 'text' } } }, 'IndexInfoInvalid', /token/],
  ] as const) {
    await refused(create(index), 400, code, why);
  }
  await refused(create(), 400, 'MissingContentType');
  const other = callSls(emulator, 'POST', '/index', { value: { line: LINE }, logstore: 'other-store' });
  await refused(other, 404, 'LogStoreNotExist');
});

test('a key that may only write writes, and everything else is refused, in both services', async () => {
  const emulator = await emulatorForTest({ writeOnly: true });
  const [ofTls, ofSls] = [tls(emulator), sls(emulator)];
  await ofTls.write({ a: '1' });
  await ofSls.write({ a: '1' });
  for (const path of ['DescribeTopic', 'DescribeIndex', 'DescribeShards'])
    await refused(call(emulator, 'GET', `/${path}?TopicId=${TOPIC}`), 403, 'AccessDenied', new RegExp(path));
  await refused(ofTls.search('*'), 403, 'AccessDenied', /SearchLogs/);
  await refused(ofTls.create({ FullText: FULL_TEXT }), 403, 'AccessDenied', /CreateIndex/);
  for (const [answering, right] of [
    [callSls(emulator, 'GET', ''), 'log:GetLogStore'],
    [callSls(emulator, 'GET', '/shards'), 'log:ListShards'],
    [ofSls.search('*'), 'log:GetLogStoreLogs'],
    [callSls(emulator, 'POST', '/logs', { value: {} }), 'log:GetLogStoreLogs'],
    [ofSls.get(), 'log:GetIndex'],
    [ofSls.create({ line: LINE }), 'log:CreateIndex'],
    [ofSls.update({ line: LINE }), 'log:UpdateIndex'],
  ] as const)
    await refused(answering, 401, 'Unauthorized', new RegExp(`denied by sts or ram, action: ${right}`));
  await refused(call({ ...emulator, accessKeySecret: 'wrong' }, 'GET', '/DescribeTopic'), 403, 'SignatureDoesNotMatch');
});

test('a temporary key can be one that may only write', async () => {
  const emulator = await emulatorForTest();
  const temporary = { accessKeyId: 'T', accessKeySecret: 's', securityToken: 't' };
  assert.throws(() => emulator.temporaryKeys([{ ...temporary, writeOnly: 1 as unknown as boolean }]), /writeOnly/);
  emulator.temporaryKeys([{ ...temporary, writeOnly: true }]);
  const options = { headers: { 'X-Security-Token': 't' }, signing: { accessKeyId: 'T', accessKeySecret: 's' } };
  assert.equal((await put(emulator, [{ Logs: [log({ a: '1' })] }], options)).status, 200);
  const describe = put(emulator, Buffer.alloc(0), { ...options, method: 'GET', target: '/DescribeShards?TopicId=x' });
  await refused(describe, 403, 'AccessDenied');
});
