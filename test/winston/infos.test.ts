// Whatever an application logs as an info, its record has the level, a time, and what the value says.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { PutlogsTransport } from '@putlogs/winston';
import winston from 'winston';
import { contentsOf, type Emulator, optionsFor, startEmulator } from '../support/emulator';
import { loggedTo } from '../support/winston-logs';

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.close());

const logged = loggedTo(() => emulator, { worker: false });

const NOW_MS = 1_763_771_234_567;
const other = <Value>(expression: string) => runInNewContext(`(${expression})`) as Value;

/** A value that is no record, made anew for each test because winston sets fields on it; and its message. */
const VALUES: readonly [string, () => object, string][] = [
  ['an array', () => ['a', { b: 1 }], '["a",{"b":1}]'],
  ['an empty array', () => [], '[]'],
  ['an array of 20,000 items', () => Array(20_000).fill(7), JSON.stringify(Array(20_000).fill(7))],
  ['a URL', () => new URL('http://a.example/b?c=1'), 'http://a.example/b?c=1'],
  ['a date', () => new Date(NOW_MS), new Date(NOW_MS).toISOString()],
  ['an invalid date', () => new Date(Number.NaN), 'Invalid Date'],
  [
    'a map',
    () =>
      new Map<unknown, unknown>([
        ['a', 1],
        [{ k: 1 }, 2],
      ]),
    '{"a":1,"{\\"k\\":1}":2}',
  ],
  ['a set', () => new Set(['a', 1]), '["a",1]'],
  ['a string object', () => new String('text'), 'text'],
  ['a number object', () => new Number(7), '7'],
  ['a boolean object', () => new Boolean(false), 'false'],
  ['a bigint object', () => Object(2n ** 63n), '9223372036854775808'],
  ['a symbol object', () => Object(Symbol('s')), 'Symbol(s)'],
  ['a buffer', () => Buffer.from('bytes'), 'Ynl0ZXM='],
  ['an ArrayBuffer', () => new Uint8Array([1, 2, 3]).buffer, 'AQID'],
  ['a DataView', () => new DataView(new Uint8Array([1, 2, 3]).buffer), 'AQID'],
  ['a typed array', () => new Float64Array([0.5, 1]), '{"0":0.5,"1":1}'],
  ['a regular expression', () => /a+/g, '/a+/g'],
  ['an array of another realm', () => other<object>('["a", 1]'), '["a",1]'],
  ['a map of another realm', () => other<object>('new Map([["a", 1]])'), '{"a":1}'],
  ['a set of another realm', () => other<object>('new Set(["a"])'), '["a"]'],
  ['a date of another realm', () => other<object>(`new Date(${NOW_MS})`), new Date(NOW_MS).toISOString()],
  ['a string object of another realm', () => other<object>('new String("text")'), 'text'],
  ['bytes of another realm', () => other<object>('new Uint8Array([1, 2, 3])'), 'AQID'],
];

describe('an info that is no record, but', () => {
  for (const [name, value, message] of VALUES) {
    it(`${name}, is the message of its record`, async () => {
      for (const format of [undefined, winston.format.timestamp(), winston.format.simple()]) {
        const logs = await logged({ ...(format === undefined ? {} : { format }) }, (logger) => {
          logger.log('warn', value() as never);
        });
        assert.deepEqual(logs.map(contentsOf), [{ level: 'warn', message }]);
      }
    });
  }

  it('a function, is the message of its record', async () => {
    const [contents] = await written([Object.assign(() => 1, { level: 'info', service: 'shop' })]);
    assert.deepEqual(contents, { level: 'info', service: 'shop', message: '[Function]' });
  });

  it('keeps the fields that winston and formats set on it', async () => {
    const timestamp = winston.format((info) => Object.assign(info, { timestamp: new Date(NOW_MS).toISOString() }))();
    for (const value of [['a'], new Map([['a', 1]])]) {
      const [log] = await logged({ format: timestamp, defaultMeta: { service: 'shop' } }, (logger) => {
        logger.log('info', value as never);
      });
      const message = Array.isArray(value) ? '["a"]' : '{"a":1}';
      assert.deepEqual(contentsOf(log!), { level: 'info', service: 'shop', message });
      assert.equal(log!.time, NOW_MS);
    }
  });

  it('has a message of its own, is the field value', async () => {
    const [contents] = await written([Object.assign(['a'], { level: 'info', message: 'own' })]);
    assert.deepEqual(contents, { level: 'info', message: 'own', value: '["a"]' });
  });

  it('goes through a format of the transport, is whole', async () => {
    const format = winston.format((info) => Object.assign(info, { seen: true }))();
    const [log] = await logged({}, (logger) => logger.log('info', new Map([['a', 1]]) as never), { format });
    assert.deepEqual(contentsOf(log!), { level: 'info', message: '{"a":1}', seen: 'true' });
  });
});

/** A model as of an ORM: its fields are its own, and what may be seen is what `toJSON` returns. */
class User {
  readonly password = 'secret';
  readonly id: number;
  constructor(id: number) {
    this.id = id;
  }
  toJSON(): unknown {
    return { id: this.id, name: 'Li' };
  }
}

describe('an info with a toJSON', () => {
  it('is the record that JSON.stringify shows, with level and time', async () => {
    const timestamp = winston.format((info) => Object.assign(info, { timestamp: new Date(NOW_MS).toISOString() }))();
    const own = () =>
      Object.assign(Object.create(null) as object, { id: 7, password: 'secret', toJSON: User.prototype.toJSON });
    const hidden = () =>
      Object.defineProperty({ id: 7, password: 'secret' }, 'toJSON', { value: User.prototype.toJSON });
    for (const model of [() => new User(7), own, hidden]) {
      const [log] = await logged({ format: timestamp }, (logger) => logger.log('info', model() as never));
      assert.deepEqual(contentsOf(log!), { level: 'info', id: '7', name: 'Li' });
      assert.equal(log!.time, NOW_MS);
    }
  });

  it('does not show what it leaves out to a format of the transport either', async () => {
    const format = winston.format((info) => Object.assign(info, { seen: true }))();
    const [log] = await logged({}, (logger) => logger.log('info', new User(7) as never), { format });
    assert.deepEqual(contentsOf(log!), { level: 'info', id: '7', name: 'Li', seen: 'true' });
  });

  const cases: readonly [string, () => unknown, Record<string, string>][] = [
    ['a text', () => '[REDACTED]', { message: '[REDACTED]' }],
    ['null', () => null, { message: 'null' }],
    ['nothing', () => undefined, {}],
    ['a 64-bit integer', () => 2n ** 63n, { message: '9223372036854775808' }],
    ['an array', () => ['a', 1n], { message: '["a",1]' }],
    ['a map', () => new Map([['a', 1]]), { message: '{"a":1}' }],
    ['fields that JSON cannot express', () => ({ a: 1n, b: [1n] }), { a: '1', b: '[1]' }],
    ['fields with a cycle', () => cyclic(), { a: '{"self":"[Circular]"}' }],
    ['an exception', () => fails(), { message: '[Throws: never]' }],
  ];
  for (const [name, toJSON, expected] of cases) {
    it(`that returns ${name}, has that in its record`, async () => {
      for (const info of [{ password: 'secret', toJSON }, Object.create({ toJSON }) as object]) {
        const [contents] = await written([Object.assign(info, { level: 'info', [Symbol.for('level')]: 'info' })]);
        assert.deepEqual(contents, { level: 'info', ...expected });
      }
    });
  }

  it('that is logged behind a message is as in JSON, except for what a format has changed', async () => {
    const seen = winston.format((info) => Object.assign(info, { id: `<${String(info['id'])}>`, seen: true }))();
    const logs = [
      ...(await logged({ defaultMeta: { service: 'shop' } }, (logger) => logger.info('saved', new User(7)))),
      ...(await logged({ format: seen }, (logger) => logger.info('saved', new User(7)))),
      ...(await logged({}, (logger) => logger.child({ request: 'r' }).info('saved', new User(7)))),
      ...(await logged({}, (logger) => logger.info('at', Object.assign(new URL('http://a.example'), { own: 1 })))),
    ];
    const [plain, changed, child, url] = logs.map(contentsOf);
    assert.deepEqual(plain, { level: 'info', message: 'saved', service: 'shop', id: '7', name: 'Li' });
    assert.deepEqual(changed, { level: 'info', message: 'saved', id: '<7>', seen: 'true', name: 'Li' });
    assert.deepEqual(child, { level: 'info', message: 'saved', request: 'r', id: '7', name: 'Li' });
    assert.deepEqual(url, { level: 'info', message: 'at', own: '1' });
  });

  it('that returns the info itself, has the fields of the info', async () => {
    const info = { level: 'info', message: 'x', a: 1, toJSON: (): unknown => info };
    assert.deepEqual(await written([info]), [{ level: 'info', message: 'x', a: '1' }]);
  });

  it('that throws, keeps the message', async () => {
    const info = { level: 'info', message: 'x', password: 'secret', toJSON: fails };
    assert.deepEqual(await written([info]), [{ level: 'info', message: 'x', toJSON: '[Throws: never]' }]);
  });

  it('within is as in JSON, whatever it is within', async () => {
    const user = new User(7);
    const value = { user, list: [user], map: new Map([['user', user]]), set: new Set([user]) };
    const [contents] = await written([{ level: 'info', message: 'x', user, value }]);
    const shown = '{"id":7,"name":"Li"}';
    assert.deepEqual(contents, {
      level: 'info',
      message: 'x',
      user: shown,
      value: `{"user":${shown},"list":[${shown}],"map":{"user":${shown}},"set":[${shown}]}`,
    });
  });
});

describe('an info that is hostile', () => {
  const hostile = (traps: readonly (keyof ProxyHandler<object>)[], target: object) =>
    new Proxy(target, Object.fromEntries(traps.map((trap) => [trap, fails])));
  const ALL = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'set', 'defineProperty'] as const;
  const info = () => ({ level: 'info', [Symbol.for('level')]: 'info', message: 'x', a: 1 });

  it('and throws at each touch, is named', async () => {
    assert.deepEqual(await written([hostile(ALL, info())]), [{ message: '[Throws: never]' }]);
    assert.deepEqual(await written([hostile(ALL, [1])]), [{ message: '[Throws: never]' }]);
  });

  it('and does not say which fields it has, keeps its level and message', async () => {
    for (const trap of ['ownKeys', 'getOwnPropertyDescriptor'] as const) {
      const expected = { level: 'info', message: 'x', fields: '[Throws: never]' };
      assert.deepEqual(await written([hostile([trap], info())]), [expected]);
    }
  });

  it('and has a hostile value, keeps all others', async () => {
    const array = Object.assign([1], { toJSON: fails });
    let reads = 0;
    const changing = {
      level: 'info',
      message: 'x',
      after: 2,
      get a() {
        return reads++ === 0 ? 1 : 10n;
      },
    };
    const within = { level: 'info', message: 'x', after: 2, a: hostile(ALL, {}) };
    const cases: readonly [object, string][] = [
      [{ ...info(), a: hostile(ALL, {}) }, '[Throws: never]'],
      [{ ...info(), a: { b: hostile(ALL, {}), c: 1 } }, '{"b":"[Throws: never]","c":1}'],
      [{ ...info(), a: array }, '[Throws: never]'],
      [{ ...info(), a: [array, 1] }, '["[Throws: never]",1]'],
      [{ ...info(), a: { toJSON: () => [1n] } }, '[1]'],
      [{ ...info(), a: { toJSON: () => ({ b: cyclic() }) } }, '{"b":{"a":{"self":"[Circular]"}}}'],
      [{ ...info(), a: { toJSON: () => hostile(ALL, {}) } }, '[Throws: never]'],
      [changing, '10'],
      [within, '[Throws: never]'],
    ];
    for (const [hostileInfo, a] of cases) {
      const [contents] = await written([Object.assign(hostileInfo, { after: 2 })]);
      assert.deepEqual(contents, { level: 'info', message: 'x', a, after: '2' });
    }
  });

  it('and has an array that never ends when it is iterated, arrives', async () => {
    const endless = Object.assign(['a'], {
      *[Symbol.iterator]() {
        for (;;) yield 1;
      },
    });
    const [contents] = await written([
      { level: 'info', message: 'x', endless, set: Object.assign(new Set([1]), endless) },
    ]);
    assert.equal(contents!['endless'], '["a"]');
    assert.equal(contents!['set'], '[1]');
  });
});

describe('a value of another realm', () => {
  const cases: readonly [string, string, string][] = [
    ['a plain object', '{ a: 1, b: [2] }', '{"a":1,"b":[2]}'],
    ['a map', 'new Map([["a", new Set([1])]])', '{"a":[1]}'],
    ['a set', 'new Set([1])', '[1]'],
    ['bytes', 'new Uint8Array([1, 2, 3])', 'AQID'],
    ['a typed array', 'new Float32Array([0.5])', '{"0":0.5}'],
    ['an ArrayBuffer', 'new Uint8Array([1, 2, 3]).buffer', 'AQID'],
    ['an invalid date', 'new Date(NaN)', 'Invalid Date'],
    ['a boxed number', 'Object(5)', '5'],
    ['a regular expression', '/a/', '/a/'],
    [
      'an error',
      'Object.assign(new RangeError("far"), { stack: "at", code: 1 })',
      '{"type":"RangeError","message":"far","stack":"at","code":1}',
    ],
    [
      'an error of a class',
      'new (class Far extends TypeError { stack = "at" })("far")',
      '{"type":"Far","message":"far","stack":"at"}',
    ],
    [
      'an object that is an error by its prototype only',
      'Object.assign(Object.create(Error.prototype), { message: "far", stack: "at" })',
      '{"type":"Error","message":"far","stack":"at"}',
    ],
  ];
  for (const [name, expression, expected] of cases) {
    it(`that is ${name} is as one of this realm`, async () => {
      for (const value of [other<unknown>(expression), { in: [other<unknown>(expression)] }]) {
        const [contents] = await written([{ level: 'info', message: 'x', value }]);
        const isWithin = typeof value === 'object' && value !== null && 'in' in value;
        const json = /^[{["\d]/.test(expected) ? expected : JSON.stringify(expected);
        assert.equal(contents!['value'], isWithin ? `{"in":[${json}]}` : expected);
      }
    });
  }

  it('that is an info has the same record as an info of this realm', async () => {
    const [plain, error] = await written([
      other<object>('{ level: "info", message: "x", user: { id: 7 } }'),
      other<object>('Object.assign(new Error("far"), { level: "error", stack: "at" })'),
    ]);
    assert.deepEqual(plain, { level: 'info', message: 'x', user: '{"id":7}' });
    assert.deepEqual(error, { level: 'error', type: 'Error', message: 'far', stack: 'at' });
  });
});

function cyclic(): Record<string, unknown> {
  const a: Record<string, unknown> = {};
  a['self'] = a;
  return { a };
}

function fails(): never {
  throw new Error('never');
}

/** Writes to the transport itself: winston would fail at some of these infos before a transport has them. */
async function written(infos: readonly unknown[]): Promise<Record<string, string>[]> {
  const topicId = crypto.randomUUID();
  const transport = new PutlogsTransport({ ...optionsFor(emulator), topicId, worker: false });
  for (const info of infos) transport.write(info);
  transport.end();
  await once(transport, 'finish');
  assert.equal(transport.stats().delivered, infos.length);
  return emulator.logs({ topicId }).map(contentsOf);
}
