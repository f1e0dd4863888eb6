import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textField } from '@putlogs/core/internal/protobuf/fields';
import { type FieldName, FieldNames, type NameRule } from '@putlogs/core/internal/record/field-names';
import { ALIYUN_NAME_RULE } from '@putlogs/core/internal/targets/sls/answers';
import { VOLC_LAYOUT } from '@putlogs/core/internal/targets/tls/put-logs';
import { seededRandom } from '../support/seeded-random';

const MiB = 1024 * 1024;

function newNames(
  roles: [string, 'omitted'][] = [],
  renamed: [string, string][] = [],
  rule: NameRule = VOLC_LAYOUT.names,
): FieldNames {
  return new FieldNames(rule, new Map(roles), new Map(renamed), seededRandom(1));
}

function find(names: FieldNames, name: string): FieldName {
  const bytes = Buffer.from(`"${name}"`);
  return names.find(bytes, 1, bytes.length - 1);
}

function sent(names: FieldNames, { encodedAt, encodedBytes, out }: FieldName): string {
  const field = names.text.subarray(encodedAt, encodedAt + encodedBytes);
  assert.deepEqual(field, Buffer.from(textField(0x0a, out.name)));
  return out.name;
}

test('a name has one entry, whatever its length is', () => {
  const names = newNames();
  for (const name of ['', 'a', 'a.b', '用户', 'k'.repeat(256), 'k'.repeat(257), 'k'.repeat(MiB)]) {
    const entry = find(names, name);
    assert.equal(find(names, name), entry);
    assert.notEqual(find(names, `${name}x`), entry);
    assert.ok(sent(names, entry).length <= 128);
  }
});

test('a long name is sent under the name that the rule makes of it, and names of the options are found by it', () => {
  const long = '中'.repeat(2000);
  const names = newNames([[`${long}x`, 'omitted']], [[`${long}y`, 'new']]);
  assert.match(sent(names, find(names, long)), /^(u4e2d)+u?[0-9a-f]*_[0-9a-f]{8}$/);
  assert.equal(find(names, `${long}x`).role, 'omitted');
  assert.equal(sent(names, find(names, `${long}y`)), 'new');
  assert.equal(find(names, long).role, 'content');
});

test('a long name of any characters is cut between two of them, and has at most 128 bytes', () => {
  const names = newNames([], [], ALIYUN_NAME_RULE);
  for (const one of ['k', 'é', '中', '😀', '"', '\u0000']) {
    for (const times of [1, 31, 32, 33, 43, 64, 65, 128, 129, 256, 257, 5000]) {
      const name = one.repeat(times);
      const out = sent(names, find(names, name));
      if (Buffer.byteLength(name) <= 128) assert.equal(out, name);
      else assert.match(out, new RegExp(`^(\\u{${one.codePointAt(0)!.toString(16)}})+_[0-9a-f]{8}$`, 'u'));
      assert.ok(Buffer.byteLength(out) <= 128 && (Buffer.byteLength(name) <= 128 || Buffer.byteLength(out) > 124));
    }
  }
});

test('a name and the same name with a dot in front are two names', () => {
  const names = newNames([], [], ALIYUN_NAME_RULE);
  for (const name of ['5', '.5', '..5', '5.', '.', '..', '']) find(names, name);
  const out = ['5', '.5', '..5', '5.', '.', '..', ''].map((name) => sent(names, find(names, name)));
  assert.deepEqual(out, ['5', '.5', '..5', '5.', '.', '..', 'x']);
});

test('a thousand names of 256 KiB need less than a megabyte', () => {
  const names = newNames();
  const bytes = Buffer.alloc(256 * 1024, 'n');
  for (let i = 0; i < 1000; i += 1) {
    bytes.write(`${i}`, bytes.length - 8);
    names.find(bytes, 0, bytes.length);
  }
  assert.ok(names.text.length < MiB, `${names.text.length} bytes`);
});

test('names are forgotten when they need a few megabytes, except those of the options', () => {
  const names = newNames([['secret', 'omitted']], [['msg', 'message']]);
  let forgotten = 0;
  for (let i = 0; i < 50_000; i += 1) {
    find(names, `a name that is new ${i}`);
    if (names.trim()) forgotten += 1;
    assert.ok(names.text.length < 8 * MiB);
  }
  assert.ok(forgotten > 2 && forgotten < 50, `${forgotten} times`);
  const known = (name: string) => names.known(Buffer.from(name), 0, name.length);
  assert.deepEqual(
    [known('secret')?.role, known('msg')?.out.name, known('a name that is new 0')],
    ['omitted', 'message', undefined],
  );
});

test('many names of the options are not forgotten with each record', () => {
  const names = newNames(
    [],
    Array.from({ length: 20_000 }, (_, i) => [`a name of the options ${i}`, `n${i}`]),
  );
  find(names, 'other');
  assert.equal(names.trim(), false);
});
