import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelLabels } from '@putlogs/core/internal/record/level';
import { VOLC_LAYOUT } from '@putlogs/core/internal/targets/tls/put-logs';
import { ARRIVAL_MS, asProtobufjsWrites, contents, decoded, encoded, root, transcoded, transcoder } from './transcoded';

test('a string goes out as its text, everything else as its JSON text', () => {
  const line = '{"s":"a","n":1,"f":-0.50,"e":1E+3,"t":true,"x":false,"z":null,"o":{"a" : [1, "b"]},"l":[ ]}';
  assert.deepEqual(contents(line), [
    ['s', 'a'],
    ['n', '1'],
    ['f', '-0.50'],
    ['e', '1E+3'],
    ['t', 'true'],
    ['x', 'false'],
    ['z', 'null'],
    ['o', '{"a" : [1, "b"]}'],
    ['l', '[ ]'],
  ]);
});

test('every number of the JSON grammar keeps its digits', () => {
  for (const text of ['0', '-0', '9007199254740993', '-12.0e-10', '1e5', '0.1E+05', '18446744073709551615', '1e400']) {
    assert.deepEqual(contents(`{"n":${text}}`), [['n', text]]);
  }
});

test('a value that is no number of the JSON grammar makes the line invalid JSON', () => {
  for (const text of ['01', '-', '1.', '.5', '+1', '1e', '1e+', '0x10', 'NaN', 'Infinity', '--1', '1_000', '-01']) {
    const line = `{"n":${text}}`;
    assert.throws(() => JSON.parse(line));
    assert.deepEqual(contents(line), [['message', line]]);
  }
});

test('escapes become the characters that they stand for', () => {
  const line = String.raw`{"s":"\"\\\/\b\f\n\r\t\u0041\u00e9\u4e2d\ud83d\ude00\u0000"}`;
  assert.deepEqual(contents(line), [['s', '"\\/\b\f\n\r\tA\u00e9\u4e2d\u{1f600}\0']]);
});

test('an unpaired surrogate becomes U+FFFD at any place', () => {
  for (const [escaped, text] of [
    [String.raw`\ud83d`, '\ufffd'],
    [String.raw`\ude00`, '\ufffd'],
    [String.raw`\ud83d!`, '\ufffd!'],
    [String.raw`\ud83d\u0041`, '\ufffdA'],
    [String.raw`\ud83d\ud83d\ude00`, '\ufffd\u{1f600}'],
    [String.raw`\ude00\ud83d`, '\ufffd\ufffd'],
    [String.raw`\ud83d\n`, '\ufffd\n'],
  ] as const) {
    assert.deepEqual(contents(`{"s":"${escaped}"}`), [['s', text]]);
  }
});

test('a name with escapes is unescaped', () => {
  assert.deepEqual(contents(String.raw`{"\u0061":1,"a":2,"b\/c":3}`), [
    ['a', '2'],
    ['b/c', '3'],
  ]);
});

test('if a name occurs twice, the last value counts', () => {
  assert.deepEqual(contents('{"a":1,"b":2,"a":{"c":3},"d":4,"b":"","a":"last"}'), [
    ['d', '4'],
    ['b', ''],
    ['a', 'last'],
  ]);
});

test('`__proto__` and similar names are names like any other, except for the leading underscore', () => {
  const line = '{"__proto__":1,"constructor":2,"hasOwnProperty":3,"toString":{"__proto__":null}}';
  assert.deepEqual(contents(line), [
    ['x__proto__', '1'],
    ['constructor', '2'],
    ['hasOwnProperty', '3'],
    ['toString', '{"__proto__":null}'],
  ]);
  assert.equal(({} as Record<string, unknown>)['x__proto__'], undefined);
});

test('names that the service does not allow are renamed, and clashes are numbered', () => {
  const line = '{"http.method":1,"http_method":2,"http@method":3,"":4,"用户":5," a ":6,"_id":7,"a b-c/d":8}';
  assert.deepEqual(contents(line), [
    ['http_method', '1'],
    ['http_method_2', '2'],
    ['http_method_3', '3'],
    ['x', '4'],
    ['u7528u6237', '5'],
    ['x_a_', '6'],
    ['x_id', '7'],
    ['a b-c/d', '8'],
  ]);
  // In another record there is no clash.
  assert.deepEqual(contents('{"http_method":2}'), [['http_method', '2']]);
});

test('names that the service reserves are prefixed with an x', () => {
  for (const name of VOLC_LAYOUT.names.reserved) assert.deepEqual(contents(`{"${name}":1}`), [[`x${name}`, '1']]);
  assert.deepEqual(contents('{"x__time__":1,"__time__":2}'), [
    ['x__time__', '1'],
    ['x__time___2', '2'],
  ]);
});

test('a duplicate of a name with a suffix replaces its own value and no other', () => {
  assert.deepEqual(contents('{"a.b":1,"a_b":2,"a.b":3,"a_b":4}'), [
    ['a_b', '3'],
    ['a_b_2', '4'],
  ]);
});

test('a name of more than 128 bytes is truncated, and stays different from others with the same beginning', () => {
  const [one, two] = ['a', 'b'].map((end) => contents(`{"${'k'.repeat(200)}${end}":1}`)[0]![0]);
  assert.equal(one!.length, 128);
  assert.equal(two!.length, 128);
  assert.notEqual(one, two);
});

test('10,000 names that all clash get different suffixes, quickly', () => {
  const marks = '!"#$%&()*+,.:;<=>?@[]^`{|}~'.replaceAll('"', '');
  const names = Array.from({ length: 10_000 }, (_, i) =>
    [...`${i}`.padStart(5, '0')].map((digit) => marks[Number(digit)]).join(''),
  );
  const keys = contents(`{${names.map((name, i) => `"${name}":${i}`).join(',')}}`).map(([key]) => key);
  assert.equal(new Set(keys).size, 10_000);
});

test('a line that is not a JSON object goes out whole', () => {
  for (const line of [
    'plain text',
    '[1,2]',
    '"text"',
    '12',
    'null',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{"a":1}}',
    '{"a":1} x',
    '{"a":tru}',
    '{"a":truex}',
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    '{"a":"\\ud8"}',
    '{"a":"tab\tin"}',
    '{"a\u0001":1}',
    '{"a":[1,]}',
    '{"a":[1}}',
    '{"a":{"b"}}',
    '{"a":{"b":1,}}',
    '{"a":{,}}',
    '{a:1}',
    "{'a':1}",
    '{"a":"unended',
    '{"a":"\\',
    '{"a\\',
    '   ',
    '\u{1f600}',
  ]) {
    assert.throws(() => {
      const value: unknown = JSON.parse(line);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no object');
    });
    assert.deepEqual(contents(line), [['message', line]], line);
  }
});

test('a broken line does not damage its neighbours', () => {
  const whole = ['{"n":1,"s":"eins"}', '{"n":2}', '{"n":3,"o":{"p":[]}}'];
  for (const broken of ['{"n":9,"s":"\\u12', '{"n":9,"n":9,"n":', '{"time":1700000000000,"x', '{"n":[[[[', '\ufffd']) {
    const logs = decoded(encoded([whole[0]!, broken, whole[1]!, broken, whole[2]!]));
    assert.deepEqual(
      logs.map(({ Contents }) => Contents[0]!.Value),
      ['1', broken, '2', broken, '3'],
    );
    assert.deepEqual(logs[4]!.Contents[1], { Key: 'o', Value: '{"p":[]}' });
  }
});

test('a record without a field goes out as its text, with its time', () => {
  assert.deepEqual(contents('{}'), [['message', '{}']]);
  const log = transcoded(' { "time" : 1700000000001 } ');
  assert.equal(log.Time, 1_700_000_000_001);
  assert.deepEqual(log.Contents, [{ Key: 'message', Value: ' { "time" : 1700000000001 } ' }]);
});

test('white space is accepted wherever JSON allows it', () => {
  assert.deepEqual(contents(' \t\r\n{ "a" :\n1 , "b"\t:\r[ 1 , { } ] } \n'), [
    ['a', '1'],
    ['b', '[ 1 , { } ]'],
  ]);
});

test('100,000 nested levels are a value like any other', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  assert.deepEqual(contents(`{"deep":${deep},"after":1}`), [
    ['deep', deep],
    ['after', '1'],
  ]);
  const mixed = `${'{"a":['.repeat(20_000)}1${']}'.repeat(20_000)}`;
  assert.deepEqual(contents(`{"deep":${mixed}}`), [['deep', mixed]]);
  assert.equal(contents(`{"deep":${deep.slice(1)}}`)[0]![0], 'message');
});

test('a level number that has a label goes out as its label', () => {
  const levels = levelLabels({ http: 35 });
  assert.deepEqual(contents('{"level":30}'), [['level', 'info']]);
  assert.deepEqual(contents('{"level":35,"was":30}', { levels }), [
    ['level', 'http'],
    ['was', '30'],
  ]);
  assert.deepEqual(contents('{"severity":50,"level":50}', { levelKey: 'severity' }), [
    ['severity', 'error'],
    ['level', '50'],
  ]);
  for (const value of ['31', '30.0', '3e1', '-30', '1234567890123']) {
    assert.deepEqual(contents(`{"level":${value}}`), [['level', value]]);
  }
  assert.deepEqual(contents('{"level":"30"}'), [['level', '30']]);
});

test('the time field becomes the time of the Log, and is no content', () => {
  const log = transcoded('{"a":1,"time":1700000000123.456,"b":2}');
  assert.equal(log.Time, 1_700_000_000_123);
  assert.equal(log.TimeNs, 456_000);
  assert.deepEqual(log.Contents, [
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: '2' },
  ]);
});

test('a time that cannot be read stays a field, and the record takes its arrival time', () => {
  for (const value of ['"yesterday"', '0', '-5', 'null', '{"s":1}', '1e400', '"2025-13-01T00:00:00Z"', 'true', '""']) {
    const log = transcoded(`{"time":${value}}`);
    assert.equal(log.Time, ARRIVAL_MS, value);
    assert.equal(log.Contents[0]!.Key, 'time');
  }
});

test('of several time keys the first readable one in the record counts, and the others stay fields', () => {
  const timeKeys = ['timestamp', 'time'];
  const log = transcoded('{"time":"no","timestamp":1700000000001,"time":1700000000002}', { timeKeys });
  assert.equal(log.Time, 1_700_000_000_001);
  assert.deepEqual(log.Contents, [{ Key: 'time', Value: '1700000000002' }]);
  const other = transcoded('{"time":1700000000002,"timestamp":1700000000001,"timestamp":5}', { timeKeys });
  assert.equal(other.Time, 1_700_000_000_002);
  assert.deepEqual(other.Contents, [{ Key: 'timestamp', Value: '5' }]);
});

test('the first time is the time of the record, and the application’s own stays a field, whatever its form', () => {
  for (const [json, text] of [
    ['153', '153'],
    ['1500000000000', '1500000000000'],
    ['"2017-07-14T02:40:00.000Z"', '2017-07-14T02:40:00.000Z'],
    ['"noon"', 'noon'],
    ['"\\u0031"', '1'],
    ['{"took":153}', '{"took":153}'],
    ['[1]', '[1]'],
    ['null', 'null'],
    ['true', 'true'],
    ['-1', '-1'],
    ['""', ''],
  ] as const) {
    const log = transcoded(`{"level":30,"time":1700000000001,"pid":1,"time":${json},"msg":"done"}`);
    assert.equal(log.Time, 1_700_000_000_001, json);
    assert.deepEqual(
      log.Contents.map(({ Key, Value }) => [Key, Value]),
      [
        ['level', 'info'],
        ['pid', '1'],
        ['time', text],
        ['msg', 'done'],
      ],
    );
  }
});

test('of the other time fields the last one counts, before and behind the time of the record', () => {
  assert.deepEqual(contents('{"time":1700000000001,"time":1,"a":1,"time":2}'), [
    ['a', '1'],
    ['time', '2'],
  ]);
  const log = transcoded('{"time":"no","time":1700000000001,"a":1}');
  assert.equal(log.Time, 1_700_000_000_001);
  assert.deepEqual(log.Contents, [
    { Key: 'time', Value: 'no' },
    { Key: 'a', Value: '1' },
  ]);
  assert.deepEqual(contents('{"time":"no","time":1700000000001,"time":3}'), [['time', '3']]);
  assert.deepEqual(contents('{"time":"no","time":"neither"}'), [['time', 'neither']]);
});

test('a time field with escapes in its name is a time field', () => {
  const log = transcoded(String.raw`{"t\u0069me":1700000000001,"time":5,"\u0074ime":6}`);
  assert.equal(log.Time, 1_700_000_000_001);
  assert.deepEqual(log.Contents, [{ Key: 'time', Value: '6' }]);
});

test('a time field that stays is renamed like any other, and clashes are numbered', () => {
  const line = '{"time":1700000000001,"t":1,"time":2}';
  assert.deepEqual(contents(line, { rename: { time: 'took' } }), [
    ['t', '1'],
    ['took', '2'],
  ]);
  assert.deepEqual(contents(line, { rename: { t: 'time' } }), [
    ['time', '1'],
    ['time_2', '2'],
  ]);
});

test('a second level replaces the first', () => {
  assert.deepEqual(contents('{"level":30,"time":1700000000001,"level":"x"}'), [['level', 'x']]);
  assert.deepEqual(contents('{"level":30,"time":1700000000001,"level":50}'), [['level', 'error']]);
});

test('records of one millisecond are numbered, and records with nanoseconds keep them', () => {
  const times = [
    '1700000000001',
    '1700000000001',
    '"2023-11-14T22:13:20.001Z"',
    '1700000000001000007',
    '1700000000002',
  ];
  const logs = decoded(encoded(times.map((time) => `{"time":${time},"a":1}`)));
  assert.deepEqual(
    logs.map(({ Time, TimeNs }) => [Time, TimeNs]),
    [
      [1_700_000_000_001, 0],
      [1_700_000_000_001, 1],
      [1_700_000_000_001, 2],
      [1_700_000_000_001, 7],
      [1_700_000_000_002, 0],
    ],
  );
});

test('lengths around every step of a varint are written as protobufjs writes them', () => {
  for (const length of [
    0, 1, 47, 48, 100, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 16380, 16384, 16390,
  ]) {
    const line = JSON.stringify({ k: 'v'.repeat(length), q: '"'.repeat(length), time: 1_700_000_000_001 });
    const bytes = encoded([line]);
    assert.deepEqual(bytes, asProtobufjsWrites(decoded(bytes)));
  }
});

test('a record with 10,000 fields keeps them all', () => {
  const record = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`field-${i}`, `${i}`]));
  assert.deepEqual(contents(JSON.stringify(record)), Object.entries(record));
});

test('an unlimited number of names does not fill the memory', () => {
  const by = transcoder();
  for (let i = 0; i < 50; i += 1) {
    const record = Object.fromEntries(Array.from({ length: 1000 }, (_, j) => [`f${i}-${j}`, 'v']));
    assert.equal(decoded(encoded([JSON.stringify(record)], by))[0]!.Contents.length, 1000);
  }
});

const MiB = 1024 * 1024;

test('a value just below the largest Log goes out whole', () => {
  const text = 'x'.repeat(MiB - 100);
  assert.deepEqual(contents(`{"a":"${text}"}`), [['a', text]]);
});

test('a record above the largest Log is truncated in its longest values, between characters, with a mark', () => {
  const long = '中'.repeat(MiB / 4);
  const log = transcoded(JSON.stringify({ short: 'stays', long, longer: `${long}${long}`, n: 1 }));
  const bytes = root.lookupType('Log').encode(log).finish().length;
  assert.ok(bytes <= MiB && bytes > MiB - 512, `${bytes} bytes`);
  const byKey = Object.fromEntries(log.Contents.map(({ Key, Value }) => [Key, Value]));
  assert.equal(byKey['short'], 'stays');
  assert.equal(byKey['n'], '1');
  for (const key of ['long', 'longer']) {
    const match = /^(中+)…\[truncated (\d+) bytes\]$/u.exec(byKey[key]!);
    assert.ok(match !== null, byKey[key]!.slice(-40));
    const whole = key === 'long' ? long.length : 2 * long.length;
    assert.equal(match[1]!.length * 3 + Number(match[2]), whole * 3);
  }
});

test('a record whose names alone are too long has the number of fields that were left out', () => {
  const record = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`${'k'.repeat(100)}${i}`, '1']));
  const log = transcoded(JSON.stringify(record));
  assert.ok(root.lookupType('Log').encode(log).finish().length <= MiB);
  assert.deepEqual(log.Contents.at(-1), {
    Key: 'putlogs_left_out',
    Value: `${20_000 - log.Contents.length + 1} fields`,
  });
});

test('a value that was cut before has one mark, which counts what is missing of both cuts', () => {
  const mark = '…[truncated 5000000 bytes]';
  for (const length of [1024 * 1024, 1024 * 1024 - 20, 1024 * 1024 - 60, 2 * 1024 * 1024]) {
    const [log] = decoded(encoded([JSON.stringify({ a: 'x'.repeat(length - mark.length) + mark })]));
    const match = /^(x+)…\[truncated (\d+) bytes\]$/.exec(log!.Contents[0]!.Value);
    assert.equal(match![1]!.length + Number(match![2]), length - mark.length + 5_000_000);
  }
});
