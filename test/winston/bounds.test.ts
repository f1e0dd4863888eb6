// What one value may cost: the application's thread copies about as much of it as fits into a record, and the record
// says how much is missing.
import assert from 'node:assert/strict';
import { constants } from 'node:buffer';
import { describe, it } from 'node:test';
import { type RecordRules, recordText } from '@putlogs/winston/internal/record';

const TIME_KEYS: RecordRules = { own: ['timestamp'], all: ['timestamp', 'time', '@timestamp'] };
const LEVEL = Symbol.for('level');
const MARK = /…\[truncated (\d+) bytes\]$/;
/** A record is about a mebibyte; names, marks and other values come to it. */
const MOST_CHARS = 2.5 * 2 ** 20;

describe('a record is bounded, and has all the rest, with', () => {
  const MB = 1_000_000;
  const longText = Buffer.alloc(64 * MB, 'x').toString();
  const cases: readonly [string, () => unknown][] = [
    ['a buffer of 64 MB', () => Buffer.alloc(64 * MB)],
    ['an ArrayBuffer of 64 MB', () => new ArrayBuffer(64 * MB)],
    ['a typed array of 64 MB', () => new Float64Array(8 * MB)],
    ['a text of 64 MB', () => longText],
    ['an array of a billion holes', () => new Array(1_000_000_000)],
    ['an array of a million texts', () => Array(MB).fill('text')],
    ['a map of 500,000 entries', () => new Map(Array.from({ length: 500_000 }, (_, n) => [n, n]))],
    ['a set of 500,000 values', () => new Set(Array.from({ length: 500_000 }, (_, n) => n))],
    ['a string object of 64 MB', () => new String(longText)],
    ['a symbol of 64 MB', () => Symbol(longText)],
    ['an integer of 100 million bits', () => 2n ** 100_000_000n],
    ['an error with a message of 64 MB', () => new Error(longText)],
    ['objects that are shared, 25 levels deep', () => shared(25, (a, b) => ({ a, b }))],
    ['arrays that are shared, 25 levels deep', () => shared(25, (a, b) => [a, b])],
    [
      'maps that are shared, 25 levels deep',
      () =>
        shared(
          25,
          (a, b) =>
            new Map([
              ['a', a],
              ['b', b],
            ]),
        ),
    ],
    ['errors that are shared, 25 levels deep', () => shared(25, (a, b) => Object.assign(new Error('e'), { a, b }))],
    ['a toJSON that returns two of itself', () => endless()],
    ['a getter that returns two of itself', () => endlessGetter()],
    [
      'a proxy that has a billion items',
      () => new Proxy([], { get: (items, name) => (name === 'length' ? 1e9 : Reflect.get(items, name)) }),
    ],
    ['a map with a key of a million values', () => new Map([[Array(MB).fill(1), 1]])],
  ];
  for (const [name, make] of cases) {
    let kept: unknown;
    const value = () => (kept ??= make());
    for (const place of ['a field', 'a field within', 'the info'] as const) {
      it(`${name} as ${place}`, () => {
        const made = value();
        if (place === 'the info') kept = undefined;
        const info =
          place === 'the info'
            ? made
            : { message: 'x', before: 1, value: place === 'a field' ? made : { in: made }, after: 2 };
        if (typeof info !== 'object') return;
        Object.assign(info as object, { [LEVEL]: 'info' });
        const started = process.cpuUsage();
        const text = recordText(info, TIME_KEYS, 1);
        const { user, system } = process.cpuUsage(started);
        assert.ok(text.length < MOST_CHARS, `${text.length} characters`);
        const record = JSON.parse(text) as Record<string, unknown>;
        assert.equal(record['level'], 'info');
        if (place !== 'the info') assert.deepEqual([record['message'], record['before'], record['after']], ['x', 1, 2]);
        // Without a limit it is seconds, or never. A busy machine is allowed ten times what it takes.
        assert.ok((user + system) / 1000 < 1500, `${(user + system) / 1000} ms`);
      });
    }
  }
});

describe('what is cut is named', () => {
  it('with the bytes that are missing, and between two characters', () => {
    for (const character of ['x', 'é', '中', '😀', '"', '\u0000']) {
      const text = character.repeat(3_000_000 / character.length);
      const { value } = parsed({ message: 'x', value: text });
      const [mark, missing] = MARK.exec(value)!;
      const kept = value.slice(0, -mark.length);
      assert.ok(text.startsWith(kept));
      assert.ok(kept.isWellFormed());
      assert.equal(Number(missing), Buffer.byteLength(text) - Buffer.byteLength(kept));
    }
  });

  it('of bytes in the length of their base64', () => {
    const bytes = Buffer.from(Array.from({ length: 5_000_000 }, (_, n) => n % 251));
    const { value } = parsed({ message: 'x', value: bytes });
    const [mark, missing] = MARK.exec(value)!;
    const kept = value.slice(0, -mark.length);
    const all = bytes.toString('base64');
    assert.ok(all.startsWith(kept));
    assert.equal(Number(missing), all.length - kept.length);
  });

  it('the longest texts, to one length', () => {
    const record = parsed({
      message: 'short',
      a: 'a'.repeat(3e6),
      b: 'b'.repeat(5000),
      c: 'c'.repeat(2e6),
      d: Buffer.alloc(3e6),
    });
    assert.equal(record['message'], 'short');
    assert.equal(record['b'], 'b'.repeat(5000));
    const lengths = ['a', 'c', 'd'].map((name) => record[name]!.replace(MARK, '').length);
    const [shortest, , longest] = lengths.toSorted((a, b) => a - b);
    assert.ok(longest! - shortest! < 4, String(lengths));
    assert.ok(lengths[0]! > 300_000);
  });

  it('texts that are together longer than the longest string', () => {
    const long = 'x'.repeat(2 ** 28);
    assert.ok(4 * long.length > constants.MAX_STRING_LENGTH);
    const fields = { a: long, b: long, c: long, d: long };
    const flat = parsed({ [LEVEL]: 'info', message: 'x', ...fields });
    assert.deepEqual(Object.keys(flat), ['timestamp', 'level', 'message', 'a', 'b', 'c', 'd']);
    for (const name of Object.keys(fields)) assert.match(flat[name]!, MARK);
    const nested = parsed({ [LEVEL]: 'info', message: 'x', nested: fields, user: { id: 7 } }) as Record<
      string,
      unknown
    >;
    assert.deepEqual(nested['user'], { id: 7 });
    for (const text of Object.values(nested['nested'] as Record<string, string>)) assert.match(text, MARK);
  });

  it('fields whose names alone are longer than a record', () => {
    const info = Object.fromEntries(Array.from({ length: 200_000 }, (_, n) => [`${n}`.padStart(16, 'name'), n]));
    const record = parsed({ [LEVEL]: 'info', message: 'x', ...info });
    assert.equal(record['message'], 'x');
    const left = Object.keys(record).length - 4;
    assert.equal(record['[Truncated]'], `${200_000 - left} fields`);
    const nested = parsed({ message: 'x', info: { ...info }, after: '1' }) as Record<string, unknown>;
    assert.equal((nested['info'] as Record<string, unknown>)['[Truncated]'], true);
    assert.equal(nested['after'], '1');
  });

  it('and small values beside large ones are whole', () => {
    const small = Object.fromEntries(
      Array.from({ length: 100 }, (_, n) => [`s${n}`, { n, list: [n], at: new Date(n) }]),
    );
    const record = parsed({ message: 'x', big: Array(3e6).fill(7), other: shared(25, (a, b) => ({ a, b })), ...small });
    for (const [name, value] of Object.entries(small)) {
      assert.deepEqual(record[name], JSON.parse(JSON.stringify(value)));
    }
  });
});

describe('what fits is whole:', () => {
  const row = (n: number) => ({ n, at: new Date(n), currency: CURRENCY });
  const CURRENCY = { code: 'CNY', digits: 2 };
  const cases: readonly [string, unknown, unknown?][] = [
    ['a text of 800,000 characters', 'x'.repeat(800_000)],
    ['an array of 100,000 numbers', Array.from({ length: 100_000 }, (_, n) => n)],
    ['an object of 30,000 fields', Object.fromEntries(Array.from({ length: 30_000 }, (_, n) => [`field${n}`, n]))],
    ['5,000 rows that share an object, with dates', Array.from({ length: 5000 }, (_, n) => row(n))],
    ['150 levels', levels(150, 1)],
    ['150 levels with a date', levels(150, new Date(0))],
    ['2,000 levels', levels(2000, 1)],
  ];
  for (const [name, value] of cases) {
    it(name, () => {
      // As texts: assert.deepEqual of Node 26 overflows the stack with 2,000 levels.
      assert.equal(JSON.stringify(parsed({ message: 'x', value })['value']), JSON.stringify(value));
    });
  }
});

function parsed(info: object): Record<string, string> & { value: string } {
  return JSON.parse(recordText(info, TIME_KEYS, 1)) as Record<string, string> & { value: string };
}

function shared(depth: number, join: (a: unknown, b: unknown) => object): object {
  let value: object = join(1, 2);
  for (let n = 0; n < depth; n += 1) value = join(value, value);
  return value;
}

function endless(): object {
  return { toJSON: () => ({ a: endless(), b: endless() }) };
}

function endlessGetter(): object {
  return {
    get a() {
      return endlessGetter();
    },
    get b() {
      return endlessGetter();
    },
  };
}

function levels(depth: number, last: unknown): unknown {
  let value = last;
  for (let n = 0; n < depth; n += 1) value = { a: value };
  return value;
}
