// Whatever an application logs, nothing is thrown, and the record goes out with all of it that can be written.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { PutlogsTransport } from '@putlogs/winston';
import winston from 'winston';
import { contentsOf, type Emulator, optionsFor, startEmulator } from '../support/emulator';
import { loop, revoked, throwing, VALUES } from './hostile-values';

const LEVEL = Symbol.for('level');

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.close());

describe('a field that is', () => {
  for (const [name, value, arrives] of VALUES) {
    it(`${name} goes out as well as it can`, async () => {
      const [contents] = await logged([{ [LEVEL]: 'info', level: 'info', message: 'x', value, next: 1 }]);
      const expected = { level: 'info', message: 'x', ...(arrives === undefined ? {} : { value: arrives }), next: '1' };
      assert.deepEqual(contents, expected);
    });
  }
});

describe('an info that is', () => {
  const cases: readonly [string, unknown, Record<string, string>][] = [
    ['a text', 'text', { message: 'text' }],
    ['null', null, { message: 'null' }],
    ['a symbol', Symbol('s'), { message: 'Symbol(s)' }],
    [
      'a revoked proxy',
      revoked.proxy,
      { message: "[Throws: Cannot perform 'getPrototypeOf' on a proxy that has been revoked]" },
    ],
    [
      'its own field',
      cyclicInfo(),
      { level: 'info', message: 'x', self: '{"level":"info","message":"x","self":"[Circular]"}' },
    ],
    [
      'a cyclic error',
      loop,
      {
        type: 'Error',
        message: 'loop',
        stack: 'at',
        cause: '{"type":"Error","message":"loop","stack":"at","cause":"[Circular]"}',
      },
    ],
  ];
  for (const [name, info, expected] of cases) {
    it(`${name} goes out as well as it can`, async () => {
      assert.deepEqual(await logged([info]), [expected]);
    });
  }

  it('without a field goes out as an empty line of its own', async () => {
    const [contents] = await logged([{}]);
    assert.match(contents!['message'] ?? '', /^\{"timestamp":\d+\}$/);
  });

  it('with a getter that throws loses that field only', async () => {
    const info = {
      [LEVEL]: 'info',
      level: 'info',
      message: 'x',
      get bad() {
        return throwing();
      },
      good: 1,
    };
    assert.deepEqual(await logged([info]), [{ level: 'info', message: 'x', bad: '[Throws: never]', good: '1' }]);
  });
});

it('a graph of objects that know each other is cut, and its neighbours are whole', async () => {
  const nodes = Array.from({ length: 30 }, (): Record<string, unknown> => ({}));
  for (const node of nodes) for (const [at, other] of nodes.entries()) node[`n${at}`] = other;
  const [graph, next] = await logged([{ message: 'graph', nodes }, { message: 'next' }]);
  assert.ok(graph!['nodes']!.length < 2 ** 20);
  assert.match(graph!['nodes']!, /\[Truncated\]/);
  JSON.parse(graph!['nodes']!);
  assert.deepEqual(next, { message: 'next' });
});

it('a hostile value does not reach the caller through a logger either', async () => {
  const topicId = crypto.randomUUID();
  const transport = new PutlogsTransport({ ...optionsFor(emulator), topicId });
  const format = winston.format((info) => info)();
  const logger = winston.createLogger({ format, transports: [transport] });
  for (const [name, value] of VALUES) logger.info(name, { value });
  logger.end();
  await once(logger, 'finish');
  assert.deepEqual(
    emulator.logs({ topicId }).map((log) => contentsOf(log)['message']),
    VALUES.map(([name]) => name),
  );
});

async function logged(infos: readonly unknown[]): Promise<Record<string, string>[]> {
  const topicId = crypto.randomUUID();
  const transport = new PutlogsTransport({ ...optionsFor(emulator), topicId, worker: false });
  for (const info of infos) {
    let called = 0;
    transport.log(info, () => called++);
    assert.equal(called, 1);
  }
  transport.end();
  await once(transport, 'finish');
  return emulator.logs({ topicId }).map(contentsOf);
}

function cyclicInfo(): object {
  const info: Record<string | symbol, unknown> = { [LEVEL]: 'info', level: 'info', message: 'x' };
  info['self'] = info;
  return info;
}
