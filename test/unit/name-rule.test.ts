// Which names each service accepts, statement by statement of its pages, and what becomes of all other names. Each
// record is encoded with WebAssembly and without it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NameRule, nameRule } from '@putlogs/core/internal/record/field-names';
import type { TranscodeOptions } from '@putlogs/core/internal/record/types';
import { ALIYUN_NAME_RULE } from '@putlogs/core/internal/targets/sls/answers';
import { VOLC_LAYOUT } from '@putlogs/core/internal/targets/tls/put-logs';
import { decoded, encoded, transcoder } from './transcoded';

const TLS = VOLC_LAYOUT.names;
const SLS = ALIYUN_NAME_RULE;
const PORTABLE = nameRule(SLS, 'portable');

/** The name under which a field is sent. */
function sent(name: string, rule: NameRule, options: Partial<TranscodeOptions> = {}): string {
  const [content, ...others] = decoded(encoded([`{${JSON.stringify(name)}:1}`], transcoder(options, rule)))[0]!
    .Contents;
  assert.deepEqual([content!.Value, others], ['1', []]);
  return content!.Key;
}

function assertSent(rule: NameRule, names: Readonly<Record<string, string>>): void {
  for (const [name, expected] of Object.entries(names)) assert.equal(sent(name, rule), expected, name);
}

function assertUnchanged(rule: NameRule, names: readonly string[]): void {
  for (const name of names) assert.equal(sent(name, rule), name);
}

test('TLS: a name has letters, digits, spaces, underscores, hyphens and slashes', () => {
  assertUnchanged(TLS, ['a', 'Z', '0', '9a', 'a b', 'a_b', 'a_', 'a-b', '-', '-a', 'a/b', '/', '/a', 'a  b']);
  assertSent(TLS, { 'a.b': 'a_b', 'a:b': 'a_b', '@t': 'x_t', 'a\nb': 'a_b', 键: 'u952e', é: 'ue9', '😀': 'u1f600' });
});

test('TLS: a name does not begin with an underscore', () => {
  assertSent(TLS, { _: 'x_', _id: 'x_id', __id: 'x__id', __proto__: 'x__proto__' });
});

test('TLS: a name neither begins nor ends with a space', () => {
  assertSent(TLS, { ' a': 'x_a', 'a ': 'a_', ' a ': 'x_a_', ' ': 'x_', '  ': 'x__' });
});

test('TLS and SLS: a name has 1 to 128 bytes', () => {
  for (const rule of [TLS, SLS, PORTABLE]) {
    assert.equal(sent('', rule), 'x');
    assertUnchanged(rule, ['k', 'k'.repeat(127), 'k'.repeat(128)]);
    for (const length of [129, 130, 255, 256, 257, 5000]) {
      assert.match(sent('k'.repeat(length), rule), /^k{119}_[0-9a-f]{8}$/);
    }
  }
  // The bytes count, and not the characters.
  assertUnchanged(SLS, ['二'.repeat(42), '😀'.repeat(32), `a${'é'.repeat(63)}`]);
  assert.match(sent('二'.repeat(43), SLS), /^二{39}_[0-9a-f]{8}$/);
  assert.match(sent('😀'.repeat(33), SLS), /^(😀){29}_[0-9a-f]{8}$/u);
});

test('two long names stay two names', () => {
  for (const rule of [TLS, SLS, PORTABLE]) {
    for (const one of ['k', '二']) {
      const [first, second] = ['a', 'b'].map((end) => sent(one.repeat(200) + end, rule));
      assert.notEqual(first, second);
    }
  }
});

test('TLS and SLS: a name that the service reserves gets an x', () => {
  for (const rule of [TLS, SLS, PORTABLE]) for (const name of rule.reserved) assert.equal(sent(name, rule), `x${name}`);
  assertSent(SLS, { '__tag__:': 'x__tag__:', '__tag__:env': 'x__tag__:env' });
  assert.match(sent(`__tag__:${'k'.repeat(120)}`, SLS), /^x__tag__:k{110}_[0-9a-f]{8}$/);
});

test('SLS: all other names are sent as they are', () => {
  assertUnchanged(SLS, [
    'http.method',
    '_id',
    '@timestamp',
    '用户',
    'é',
    '😀',
    ' a ',
    ' ',
    '9',
    '.5',
    'a:b',
    '__tag__',
  ]);
  assertUnchanged(SLS, ['__proto__', 'constructor', 'a"b', 'a\\b', 'a\nb', '\u0000', '\ufeff', '__time', '_time_']);
});

test('half of a surrogate pair in a name becomes the replacement character, which is UTF-8', () => {
  for (const spelt of ['"\\ud83d"', '"a\\ude00"']) {
    const [content] = decoded(encoded([`{${spelt}:1}`], transcoder({}, SLS)))[0]!.Contents;
    assert.equal(content!.Key, (JSON.parse(spelt) as string).toWellFormed());
  }
  assert.equal(sent('a', SLS, { rename: { a: 'b\ud83d' } }), 'b\ufffd');
});

test('portable: a name has letters, digits and underscores, and begins with a letter', () => {
  assertUnchanged(PORTABLE, ['a', 'Z9', 'a_b', 'a_', 'http_method']);
  assertSent(PORTABLE, { 'http.method': 'http_method', 'req-id': 'req_id', 'a b': 'a_b', 'a/b': 'a_b', ' a ': 'x_a_' });
  assertSent(PORTABLE, {
    '9': 'x9',
    '9a': 'x9a',
    _id: 'x_id',
    用户: 'u7528u6237',
    '-': 'x_',
    '@timestamp': 'x_timestamp',
  });
});

test('portable: a name that is sent is accepted by every rule, and is not changed again', () => {
  const names = [
    'http.method',
    '_id',
    '9',
    '',
    ' a ',
    '用户',
    'x'.repeat(300),
    '中'.repeat(100),
    '__time__',
    '__tag__:a',
  ];
  for (const name of names) {
    const once = sent(name, PORTABLE);
    for (const rule of [TLS, SLS, PORTABLE, nameRule(TLS, 'portable')]) assert.equal(sent(once, rule), once);
  }
});

test('rename can send a field under any name that the service accepts, and all other names are corrected', () => {
  const renamed = (to: string, rule: NameRule) => sent('a', rule, { rename: { a: to } });
  for (const to of ['http.method', '_id', '用户', ' a ', '@timestamp']) assert.equal(renamed(to, SLS), to);
  for (const to of ['http/method', 'a b', '9', 'user-id']) assert.equal(renamed(to, TLS), to);
  assert.deepEqual(
    [renamed('__time__', SLS), renamed('http.method', TLS), renamed('http.method', PORTABLE), renamed('_id', TLS)],
    ['x__time__', 'http_method', 'http_method', 'x_id'],
  );
});

test('two names that become one get numbers, also if a cut makes them one', () => {
  const contents = (line: string, rule: NameRule) =>
    decoded(encoded([line], transcoder({}, rule)))[0]!.Contents.map(({ Key }) => Key);
  assert.deepEqual(contents('{"x__time__":1,"__time__":2}', SLS), ['x__time__', 'x__time___2']);
  assert.deepEqual(contents('{"a.b":1,"a_b":2}', SLS), ['a.b', 'a_b']);
  assert.deepEqual(contents('{"a.b":1,"a_b":2}', PORTABLE), ['a_b', 'a_b_2']);
  const long = `x${'二'.repeat(42)}`;
  const renamed = decoded(encoded([`{"a":1,"b":2,"${long}":3}`], transcoder({ rename: { a: long, b: long } }, SLS)))[0]!
    .Contents;
  const cut = `x${'二'.repeat(41)}`;
  assert.deepEqual(
    renamed.map(({ Key }) => Key),
    [long, `${cut}_2`, `${cut}_3`],
  );
});

test('the parts of a path keep their dots where the service accepts them', () => {
  const line = '{"req":{"headers":{"x-id":"1"},"用户":{"名":2}}}';
  const names = (rule: NameRule) =>
    decoded(encoded([line], transcoder({ nested: 'flatten' }, rule)))[0]!.Contents.map(({ Key }) => Key);
  assert.deepEqual(names(SLS), ['req.headers.x-id', 'req.用户.名']);
  assert.deepEqual(names(TLS), ['req_headers_x-id', 'req_u7528u6237_u540d']);
  assert.deepEqual(names(PORTABLE), ['req_headers_x_id', 'req_u7528u6237_u540d']);
});
