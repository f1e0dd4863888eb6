// The options of the transcoder that change the fields of a record: `fields`, `rename`, `omit` and `nested`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contents, transcoded } from './transcoded';

const MS = 1_763_700_000_123;

test('fields of the options follow those of the record, and are left out if the record has the name', () => {
  const options = { fields: { service: 'orders', env: 'prod' } };
  assert.deepEqual(contents('{"a":1}', options), [
    ['a', '1'],
    ['service', 'orders'],
    ['env', 'prod'],
  ]);
  assert.deepEqual(contents('{"service":"mine","a":1}', options), [
    ['service', 'mine'],
    ['a', '1'],
    ['env', 'prod'],
  ]);
});

test('fields of the options are also added to a line that is no JSON, and to a record without a field', () => {
  const options = { fields: { service: 'orders' } };
  for (const line of ['not JSON', '{"broken":', '{}']) {
    assert.deepEqual(contents(line, options), [
      ['message', line],
      ['service', 'orders'],
    ]);
  }
});

test('fields of the options never set the time or the level of a record', () => {
  const options = { fields: { time: 'noon', level: 'none' } };
  const log = transcoded(`{"time":${MS},"level":30}`, options);
  assert.equal(log.Time, MS);
  assert.deepEqual(contents(`{"time":${MS},"level":30}`, options), [['level', 'info']]);
});

test('a field of the record and one of the options that are renamed to the same name both stay', () => {
  assert.deepEqual(contents('{"a.b":1}', { fields: { a_b: 'fixed' } }), [
    ['a_b', '1'],
    ['a_b_2', 'fixed'],
  ]);
});

test('a renamed field goes out under its new name, and two fields with the same new name stay two', () => {
  const options = { rename: { msg: 'message', err: 'error', x: 'a.b' } };
  assert.deepEqual(contents('{"msg":"m","err":{"type":"E"},"message":"other","x":1,"a":2}', options), [
    ['message', 'm'],
    ['error', '{"type":"E"}'],
    ['message_2', 'other'],
    ['a_b', '1'],
    ['a', '2'],
  ]);
});

test('the time and the level are found under the names that the application writes, also if they are renamed', () => {
  const log = transcoded(`{"time":${MS},"level":50}`, { rename: { time: 't', level: 'severity' } });
  assert.equal(log.Time, MS);
  assert.deepEqual(
    log.Contents.map(({ Key, Value }) => [Key, Value]),
    [['severity', 'error']],
  );
});

test('an omitted field is left out, whatever its value is', () => {
  const options = { omit: ['pid', 'secret', 'hostname'] };
  for (const value of ['1', '"text"', '"\\u0041\\n"', 'null', 'true', '{"a":{"b":[1]}}', '[{}]', '""']) {
    assert.deepEqual(contents(`{"pid":${value},"a":1,"secret" : ${value} }`, options), [['a', '1']]);
  }
});

test('a record whose fields are all omitted does not go out as text', () => {
  assert.deepEqual(contents('{"secret":"s"}', { omit: ['secret'] }), [['message', '']]);
  assert.deepEqual(contents('{"secret":"s"}', { omit: ['secret'], fields: { service: 'orders' } }), [
    ['message', ''],
    ['service', 'orders'],
  ]);
});

test('an omitted value that is invalid JSON makes the line invalid JSON', () => {
  for (const line of ['{"pid":01}', '{"pid":"a}', '{"pid":{"a":}}', '{"pid":"\\x"}', '{"pid":nul}']) {
    assert.deepEqual(contents(line, { omit: ['pid'] }), [['message', line]]);
  }
});

test('omitting the time field does not omit the time of the record, but every other field of that name', () => {
  const log = transcoded(`{"time":${MS},"a":1,"time":"secret"}`, { omit: ['time'] });
  assert.equal(log.Time, MS);
  assert.deepEqual(log.Contents, [{ Key: 'a', Value: '1' }]);
  assert.deepEqual(contents('{"time":"secret","a":1}', { omit: ['time'] }), [['a', '1']]);
});

test('a second time is flattened, renamed and omitted by its path', () => {
  const line = `{"time":${MS},"at":{"time":1},"time":{"took":{"ms":5}},"at.time":2}`;
  const options = { nested: 'flatten', timeKeys: ['time', 'at.time'] } as const;
  assert.equal(transcoded(line, options).Time, MS);
  assert.deepEqual(contents(line, options), [
    ['time_took_ms', '5'],
    ['at_time', '2'],
  ]);
  assert.deepEqual(contents(line, { ...options, omit: ['at.time'], rename: { 'time.took.ms': 'tookMs' } }), [
    ['tookMs', '5'],
  ]);
});

test('flattened objects become one field for each path, and arrays stay JSON', () => {
  const line = '{"req":{"method":"GET","headers":{"x-id":"7","n":1.50},"list":[1,{"a":2}],"none":{}},"a":1}';
  assert.deepEqual(contents(line, { nested: 'flatten' }), [
    ['req_method', 'GET'],
    ['req_headers_x-id', '7'],
    ['req_headers_n', '1.50'],
    ['req_list', '[1,{"a":2}]'],
    ['req_none', '{}'],
    ['a', '1'],
  ]);
});

test('names with escapes, white space and duplicate names are flattened as JSON.parse reads them', () => {
  const line = '{ "a" : { "\\u0062\\n" : "x\\ty" , "c" : { "d" : 1 , "d" : 2 } } , "a" : { "e" : null } }';
  assert.deepEqual(contents(line, { nested: 'flatten' }), [
    ['a_b_', 'x\ty'],
    ['a_c_d', '2'],
    ['a_e', 'null'],
  ]);
});

test('a path can be omitted and renamed, and be the time', () => {
  const line = `{"req":{"headers":{"authorization":"secret","host":"h"}},"at":{"time":${MS}}}`;
  const log = transcoded(line, {
    nested: 'flatten',
    omit: ['req.headers.authorization'],
    rename: { 'req.headers.host': 'host' },
    timeKeys: ['at.time'],
  });
  assert.equal(log.Time, MS);
  assert.deepEqual(
    log.Contents.map(({ Key, Value }) => [Key, Value]),
    [['host', 'h']],
  );
});

test('objects below the 16th level stay JSON, however deep they are', () => {
  const deep = (levels: number) => `${'{"k":'.repeat(levels)}1${'}'.repeat(levels)}`;
  assert.deepEqual(contents(deep(16), { nested: 'flatten' }), [[Array(16).fill('k').join('_'), '1']]);
  const [[name, value]] = contents(deep(100_000), { nested: 'flatten' }) as [[string, string]];
  assert.equal(name, Array(16).fill('k').join('_'));
  assert.deepEqual(value.slice(0, 10), '{"k":{"k":');
});

test('an invalid value in a nested object makes the whole line invalid JSON', () => {
  for (const line of ['{"a":{"b":}}', '{"a":{"b":1}', '{"a":{"b" 1}}', '{"a":{"b":01}}', '{"a":{b:1}}']) {
    assert.deepEqual(contents(line, { nested: 'flatten' }), [['message', line]]);
  }
});

test('a million different names do not fill the memory, flattened or renamed', () => {
  const options = { nested: 'flatten', rename: { a: 'b' }, fields: { service: 'orders' } } as const;
  for (let n = 0; n < 3; n += 1) {
    const line = `{"o":{${Array.from({ length: 3000 }, (_, i) => `"k${n}_${i}":1`).join(',')}},"a":1}`;
    const got = contents(line, options);
    assert.equal(got.length, 3002);
    assert.deepEqual(got.slice(-2), [
      ['b', '1'],
      ['service', 'orders'],
    ]);
  }
});
