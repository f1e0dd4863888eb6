import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HashKey, KeyedHash, newHashKey } from '@putlogs/core/internal/record/keyed-hash';
import { NameKey, WHOLE_BYTES } from '@putlogs/core/internal/record/name-key';
import { seededRandom } from '../support/seeded-random';

const key = newHashKey(seededRandom(7));
const text = Buffer.from('a text of some length, for which every beginning is hashed');

function hashOf(secret: HashKey, length: number): number {
  const hash = new KeyedHash(secret);
  hash.add(text, 0, length);
  return hash.low();
}

test('bytes have one hash, in one piece and in several', () => {
  for (let length = 0; length <= text.length; length += 1) {
    for (const cut of [0, 1, 2, 3, 4, 5, length]) {
      const hash = new KeyedHash(key);
      hash.add(text, 0, Math.min(cut, length));
      const other = new KeyedHash(newHashKey(() => 0.5));
      other.copy(hash);
      other.add(text, Math.min(cut, length), length);
      assert.equal(other.low(), hashOf(key, length), `${cut} of ${length}`);
    }
  }
});

test('another secret and other bytes have other hashes', () => {
  const hashes = new Set<number>();
  for (let secret = 0; secret < 100; secret += 1) {
    const other = newHashKey(seededRandom(secret));
    for (let length = 0; length <= text.length; length += 1) hashes.add(hashOf(other, length));
  }
  // By chance, one or two of so many hashes of 32 bits may be equal.
  assert.ok(hashes.size >= 100 * (text.length + 1) - 2);
});

test('a path has the key of the same name in one piece, whatever its levels are', () => {
  const name = Buffer.from(Array.from({ length: 700 }, (_, i) => (i % 7 === 3 ? '.' : 'abc'[i % 3])).join(''));
  const dots = [...name.keys()].filter((at) => name[at] === 0x2e);
  for (const length of [20, WHOLE_BYTES - 1, WHOLE_BYTES, WHOLE_BYTES + 1, WHOLE_BYTES + 2, 300, 700]) {
    const whole = new NameKey(key);
    whole.set(0, name, 0, length);
    const expected = whole.bytes.subarray(0, whole.lengthOf(0)).toString('latin1');
    for (const cuts of [[2], [3, 9], [20, 36, 37], [35, 36, 37, 38], dots.slice(0, 15).map((_, i) => i)]) {
      const path = new NameKey(key);
      let [level, from] = [0, 0];
      for (const at of cuts.map((cut) => dots[cut]!).filter((dot) => dot < length)) {
        // A sibling of each level comes first.
        path.set(level, Buffer.from('sibling'.repeat(60)), 0, 420);
        path.lengthOf(level);
        path.set(level, name, from, at);
        [level, from] = [level + 1, at + 1];
      }
      path.set(level, name, from, length);
      assert.equal(path.bytes.subarray(0, path.lengthOf(level)).toString('latin1'), expected, `${length}: ${cuts}`);
    }
  }
});

test('two long names have two keys, also if they begin alike', () => {
  const keys = new Set<string>();
  const names = new NameKey(key);
  for (let i = 0; i < 10_000; i += 1) {
    const name = Buffer.from(`${'k'.repeat(300)}${i}`);
    names.set(0, name, 0, name.length);
    keys.add(names.bytes.subarray(0, names.lengthOf(0)).toString('latin1'));
  }
  assert.equal(keys.size, 10_000);
});
