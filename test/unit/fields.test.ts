// What the options make of a record's fields: `fields`, `rename`, `omit` and `nested`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contents, transcoded } from './transcoded';

const MS = 1_763_700_000_123;

test('fields stand behind a record’s own, which win where they have the name', () => {
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

test('fields are on a line that is no record, too, and on a record that has none', () => {
  const options = { fields: { service: 'orders' } };
  for (const line of ['not JSON', '{"broken":', '{}']) {
    assert.deepEqual(contents(line, options), [
      ['message', line],
      ['service', 'orders'],
    ]);
  }
});

test('fields never take a record’s time or level', () => {
  const options = { fields: { time: 'noon', level: 'none' } };
  const log = transcoded(`{"time":${MS},"level":30}`, options);
  assert.equal(log.Time, MS);
  assert.deepEqual(contents(`{"time":${MS},"level":30}`, options), [['level', 'info']]);
});

test('a field of the record and one of the options that a rule gives the same name both stay', () => {
  assert.deepEqual(contents('{"a.b":1}', { fields: { a_b: 'fixed' } }), [
    ['a_b', '1'],
    ['a_b_2', 'fixed'],
  ]);
});

test('a renamed field goes out under its new name, and two of one name stay two', () => {
  const options = { rename: { msg: 'message', err: 'error', x: 'a.b' } };
  assert.deepEqual(contents('{"msg":"m","err":{"type":"E"},"message":"other","x":1,"a":2}', options), [
    ['message', 'm'],
    ['error', '{"type":"E"}'],
    ['message_2', 'other'],
    ['a_b', '1'],
    ['a', '2'],
  ]);
});

test('the time and the level are found under the names the application gives them, whatever they are renamed to', () => {
  const log = transcoded(`{"time":${MS},"level":50}`, { rename: { time: 't', level: 'severity' } });
  assert.equal(log.Time, MS);
  assert.deepEqual(
    log.Contents.map(({ Key, Value }) => [Key, Value]),
    [['severity', 'error']],
  );
});

test('an omitted field is left out, of whichever kind its value is', () => {
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

test('an omitted value that is no JSON makes the line no JSON', () => {
  for (const line of ['{"pid":01}', '{"pid":"a}', '{"pid":{"a":}}', '{"pid":"\\x"}', '{"pid":nul}']) {
    assert.deepEqual(contents(line, { omit: ['pid'] }), [['message', line]]);
  }
});

test('the time field can be omitted no more than it is: it is the record’s time', () => {
  assert.equal(transcoded(`{"time":${MS},"a":1}`, { omit: ['time'] }).Time, MS);
});

test('nested objects become fields of their own, each by its path; lists stay JSON', () => {
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

test('names with escapes, spaces between, and names that come twice are flattened as JSON.parse reads them', () => {
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

test('what is nested deeper than anybody reads stays JSON, however deep it is', () => {
  const deep = (levels: number) => `${'{"k":'.repeat(levels)}1${'}'.repeat(levels)}`;
  assert.deepEqual(contents(deep(16), { nested: 'flatten' }), [[Array(16).fill('k').join('_'), '1']]);
  const [[name, value]] = contents(deep(100_000), { nested: 'flatten' }) as [[string, string]];
  assert.equal(name, Array(16).fill('k').join('_'));
  assert.deepEqual(value.slice(0, 10), '{"k":{"k":');
});

test('a broken value within a nested object makes the whole line no JSON', () => {
  for (const line of ['{"a":{"b":}}', '{"a":{"b":1}', '{"a":{"b" 1}}', '{"a":{"b":01}}', '{"a":{b:1}}']) {
    assert.deepEqual(contents(line, { nested: 'flatten' }), [['message', line]]);
  }
});

test('a million made-up names cost no memory for good, flattened or renamed', () => {
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
