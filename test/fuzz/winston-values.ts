// Generators of whatever an application can log: values of this realm and of another one, with getters, proxies and
// `toJSON` that throw, change or never end, in all sizes and depths.

import { runInNewContext } from 'node:vm';
import fc from 'fast-check';

const LARGE_BYTES = 3_000_000;
const largeText = Buffer.alloc(LARGE_BYTES, '中x').toString();
const largeBytes = Buffer.alloc(LARGE_BYTES, 7);
const largeFloats = new Float64Array(LARGE_BYTES / 8);
const manyItems = Array.from({ length: 300_000 }, (_, n) => n);
const manyEntries = new Map(manyItems.map((n) => [n, n]));

const OTHER_REALM = [
  '({ a: 1, b: [2, "c"] })',
  'new Map([["a", new Map([[1, 2]])]])',
  'new Set([1, [2]])',
  'new Uint8Array([1, 2, 3])',
  'new Float64Array([0.5])',
  'new ArrayBuffer(5)',
  'new Date(NaN)',
  'new Date(0)',
  'Object.assign(new RangeError("far", { cause: new Error("why") }), { code: 1 })',
  'new (class Far extends TypeError {})("far")',
  'Object.assign(Object.create(Error.prototype), { message: "far" })',
  '({ toJSON() { return { a: [1n] } } })',
  '({ get a() { throw new Error("far") } })',
  'Object("text")',
  '/a/g',
  'Object.create(null)',
  '() => 1',
];

const TRAPS = [
  'get',
  'has',
  'ownKeys',
  'getPrototypeOf',
  'getOwnPropertyDescriptor',
  'set',
  'defineProperty',
  'isExtensible',
] as const satisfies readonly (keyof ProxyHandler<object>)[];

const THROWN: readonly (() => unknown)[] = [
  () => new Error('never'),
  () => 'text',
  () => undefined,
  () => null,
  () => Object.create(null) as unknown,
  () => revoked(),
  () => Symbol('s'),
  () => Object.defineProperty(new Error('x'), 'message', { get: () => fail(() => new Error('never')) }),
];

export const name: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('a', 'b', 'user', 'err', 'time', 'timestamp', '@timestamp', 'stack', 'type'),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('__proto__', 'constructor', 'toJSON', 'toString', 'length', '', '0', 'exception'),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom('n'.repeat(300), '\ud83d', '中'.repeat(100)) },
);

const thrown = fc.constantFrom(...THROWN);

/** Each makes its value anew. A value that was made may be changed by being read. */
export type Make = () => unknown;

const plain: fc.Arbitrary<Make> = fc
  .oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 20 }),
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, undefined, '\ud83d', '😀', '\u2028', -0, Number.NaN, '[Throws: x]', '{"a":1}'),
  )
  .map((value) => () => value);

const odd: fc.Arbitrary<Make> = fc.oneof(
  fc.constantFrom(...OTHER_REALM).map(
    (expression): Make =>
      () =>
        runInNewContext(`(${expression})`),
  ),
  fc.constantFrom<Make[]>(
    () => Symbol('s'),
    () => () => 1,
    () => class A {},
    () => new Date(Number.NaN),
    () => new Date(8.64e15),
    () => new URL('http://a.example/?b=c'),
    () => Buffer.from('bytes'),
    () => new DataView(new ArrayBuffer(3)),
    () => new SharedArrayBuffer(3),
    () => new BigInt64Array(3),
    () => Object('text'),
    () => Object(1n),
    () => Object(Symbol('s')),
    () => new WeakMap(),
    () => Promise.resolve(1),
    () => new AggregateError([new Error('one'), 'two'], 'both'),
    () => Object.assign(new Error('own'), { type: 'own', name: 1, errors: { a: new Error('within') } }),
    () => new DOMException('aborted', 'AbortError'),
    () => Object.create(Error.prototype),
    () => Object.create(Map.prototype),
    () => Object.create(Date.prototype),
    () => Object.setPrototypeOf([1, 2], null),
    () => Object.assign(['a'], { b: 1, [Symbol.iterator]: endlessIterator }),
    () => Object.assign(new Map([['a', 1]]), { [Symbol.iterator]: endlessIterator, entries: endlessIterator }),
  ),
);

/** JSON.stringify would take minutes for most of these, or all memory. */
const endless: fc.Arbitrary<Make> = fc.constantFrom<Make[]>(
  () => process.stdout,
  () => globalThis,
  () => largeText,
  () => largeBytes,
  () => largeFloats,
  () => manyItems,
  () => manyEntries,
  () => new Array(4_000_000_000),
  () => 2n ** 10_000_000n,
  () => revoked(),
  () => sharedTree(25),
  () => deepTree(20_000),
  () => endlessJson(),
  () => new Proxy([], { get: (items, key) => (key === 'length' ? 1e12 : Reflect.get(items, key)) }),
);

/** Values of any depth, with everything that can be wrong at any place. */
export const value = valuesWith(fc.oneof({ weight: 2, arbitrary: odd }, { weight: 1, arbitrary: endless }));
/** Without those that only a bounded writer can write. */
export const endingValue = valuesWith(odd);

function valuesWith(leaf: fc.Arbitrary<Make>): fc.Arbitrary<Make> {
  return fc.letrec<{ value: Make }>((tie) => {
    const within = tie('value');
    const fields = fc.array(fc.tuple(name, within), { maxLength: 4 });
    return {
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        plain,
        leaf,
        fields.map(
          (all): Make =>
            () =>
              objectOf(all),
        ),
        fc.array(within, { maxLength: 4 }).map(
          (all): Make =>
            () =>
              all.map((make) => make()),
        ),
        fc.array(fc.tuple(within, within), { maxLength: 3 }).map(
          (all): Make =>
            () =>
              new Map(all.map(([k, v]) => [k(), v()])),
        ),
        fc.array(within, { maxLength: 3 }).map(
          (all): Make =>
            () =>
              new Set(all.map((make) => make())),
        ),
        fields.map(
          (all): Make =>
            () =>
              Object.defineProperties(new TypeError('broken'), Object.getOwnPropertyDescriptors(objectOf(all))),
        ),
        within.map(
          (make): Make =>
            () => ({ toJSON: make }),
        ),
        within.map(
          (make): Make =>
            () =>
              Object.defineProperty({ a: 1 }, 'toJSON', { value: make }),
        ),
        within.map(
          (make): Make =>
            () =>
              Object.create({ toJSON: make }, { a: { value: 1, enumerable: true } }),
        ),
        thrown.map(
          (what): Make =>
            () => ({ a: 1, toJSON: () => fail(what) }),
        ),
        thrown.map(
          (what): Make =>
            () =>
              Object.assign([1], { toJSON: () => fail(what) }),
        ),
        fc.tuple(name, thrown).map(
          ([key, what]): Make =>
            () =>
              withGetter(key, () => fail(what)),
        ),
        fc.tuple(name, within, fc.oneof(plain, odd)).map(
          ([key, first, second]): Make =>
            () =>
              withGetter(key, alternating(first, second)),
        ),
        fc.tuple(fc.subarray([...TRAPS], { minLength: 1 }), thrown, within).map(
          ([traps, what, make]): Make =>
            () =>
              hostileProxy(traps, what, make()),
        ),
        fields.map(
          (all): Make =>
            () =>
              cyclic(objectOf(all)),
        ),
      ),
    };
  }).value;
}

export function objectOf(fields: readonly (readonly [string, Make])[]): Record<string, unknown> {
  const object = {};
  for (const [key, make] of fields) {
    Object.defineProperty(object, key, { value: make(), enumerable: true, configurable: true, writable: true });
  }
  return object;
}

export function hostileProxy(traps: readonly (typeof TRAPS)[number][], what: () => unknown, target: unknown): object {
  const isObject = (typeof target === 'object' && target !== null) || typeof target === 'function';
  const handler = Object.fromEntries(traps.map((trap) => [trap, () => fail(what)]));
  return new Proxy(isObject ? (target as object) : { target }, handler);
}

function fail(what: () => unknown): never {
  throw what();
}

function withGetter(key: string, get: () => unknown): object {
  return Object.defineProperty({ before: 1 }, key, { get, enumerable: true });
}

/** The second value is not one without an end: the engine has then begun to write the record. */
function alternating(first: Make, second: Make): () => unknown {
  let reads = 0;
  return () => (reads++ % 2 === 0 ? first() : second());
}

function* endlessIterator(): Generator<number> {
  for (;;) yield 1;
}

function endlessJson(): object {
  return { toJSON: () => ({ a: endlessJson(), b: endlessJson() }) };
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function sharedTree(depth: number): object {
  let tree: object = {};
  for (let n = 0; n < depth; n += 1) tree = { a: tree, b: tree };
  return tree;
}

function deepTree(depth: number): object {
  let tree: object = {};
  for (let n = 0; n < depth; n += 1) tree = { a: tree };
  return tree;
}

function cyclic(object: Record<string, unknown>): object {
  return Object.defineProperty(object, 'self', { value: [object], enumerable: true, configurable: true });
}
