// Values that JSON cannot express, or that throw when they are read, and what must arrive for each.
//
// No expected text depends on where the code is.

const cyclic: Record<string, unknown> = { id: 1 };
cyclic['self'] = cyclic;
cyclic['list'] = [cyclic, 2];

export const revoked = Proxy.revocable({}, {});
revoked.revoke();

const deep: Record<string, unknown> = {};
for (let depth = 0, at = deep; depth < 20_000; depth++) at = at['a'] = {} as Record<string, unknown>;

export const loop = fixed(new Error('loop'));
loop.cause = loop;
const family = fixed(new AggregateError([], 'family'));
family.errors.push(family, fixed(new Error('child')));

const noStack = new Error('no stack');
Object.defineProperty(noStack, 'stack', {
  get: () => {
    throw new Error('not yours');
  },
});

/** Each as the value of a field, and the text that must arrive; undefined means no field. */
export const VALUES: readonly [string, unknown, string | undefined][] = [
  ['a cyclic object', cyclic, '{"id":1,"self":"[Circular]","list":["[Circular]",2]}'],
  [
    'a getter that throws',
    Object.defineProperty({ a: 1 }, 'b', { enumerable: true, get: throwing }),
    '{"a":1,"b":"[Throws: never]"}',
  ],
  ['a toJSON that throws', { a: 1, b: { toJSON: throwing } }, '{"a":1,"b":"[Throws: never]"}'],
  [
    'a toJSON that throws nothing nameable',
    {
      toJSON: () => {
        throw Object.create(null);
      },
    },
    '[Throws]',
  ],
  ['a toJSON that returns nothing', { toJSON: () => undefined }, undefined],
  ['a toJSON that returns itself', selfish(), '{"a":1}'],
  ['a 64-bit integer', 18446744073709551615n, '18446744073709551615'],
  ['a 64-bit integer within', { a: [-1n], b: 1 }, '{"a":[-1],"b":1}'],
  ['NaN', Number.NaN, 'NaN'],
  ['infinities within', [Infinity, -Infinity], '["Infinity","-Infinity"]'],
  ['minus zero', -0, '0'],
  ['undefined', undefined, undefined],
  ['undefined within', { a: undefined, b: [undefined] }, '{"b":[null]}'],
  ['a symbol', Symbol('s'), 'Symbol(s)'],
  ['a function', throwing, '[Function]'],
  ['a function within', { f: throwing, [Symbol('key')]: 1 }, '{"f":"[Function]"}'],
  ['an invalid date', new Date(Number.NaN), 'Invalid Date'],
  ['dates within', [new Date(0), new Date(Number.NaN)], '["1970-01-01T00:00:00.000Z","Invalid Date"]'],
  [
    'a map',
    new Map<unknown, unknown>([
      ['a', new Map([[1, 2]])],
      ['__proto__', 3],
    ]),
    '{"a":{"1":2},"__proto__":3}',
  ],
  ['a set', new Set(['a', new Set([1])]), '["a",[1]]'],
  ['a buffer', Buffer.from('bytes'), Buffer.from('bytes').toString('base64')],
  ['a buffer within', { b: Buffer.from('bytes') }, `{"b":"${Buffer.from('bytes').toString('base64')}"}`],
  ['a revoked proxy', revoked.proxy, "[Throws: Cannot perform 'IsArray' on a proxy that has been revoked]"],
  [
    'a revoked proxy within',
    { a: 1, p: revoked.proxy },
    `{"a":1,"p":"[Throws: Cannot perform 'IsArray' on a proxy that has been revoked]"}`,
  ],
  ['20,000 levels', deep, `${'{"a":'.repeat(32)}"[Deep]"${'}'.repeat(32)}`],
  ['an error that is its own cause', loop, '{"type":"Error","message":"loop","stack":"at","cause":"[Circular]"}'],
  [
    'an error among its own errors',
    family,
    '{"type":"AggregateError","message":"family","stack":"at","aggregateErrors":["[Circular]",{"type":"Error","message":"child","stack":"at"}]}',
  ],
  ['an error that hides its stack', noStack, '{"type":"Error","message":"no stack","stack":"[Throws: not yours]"}'],
  ['a frozen error', Object.freeze(fixed(new Error('cold'))), '{"type":"Error","message":"cold","stack":"at"}'],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ['half a character', '\ud83d', '\ufffd'],
  ['__proto__ within', JSON.parse('{"__proto__":{"a":1},"constructor":2}'), '{"__proto__":{"a":1},"constructor":2}'],
];

export function throwing(): never {
  throw new Error('never');
}

function selfish(): object {
  const value = { a: 1 };
  return Object.defineProperty(value, 'toJSON', { value: () => value });
}

/** The same error with a stack that does not depend on where the code lies. */
function fixed<Kind extends Error>(error: Kind): Kind {
  error.stack = 'at';
  return error;
}
