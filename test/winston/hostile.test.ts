// Whatever an application logs, nothing is thrown, and the record goes out with all of it that can be written.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { format } from 'node:util';
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

it('a request, a response and their socket go out as JSON that is bounded', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = get({ port, host: '127.0.0.1', agent: false });
  const answered = once(client, 'response');
  const [req, res] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
  const [contents] = await logged([{ message: 'x', req, res, socket: req.socket, floats: new Float64Array([0.5, 1]) }]);
  res.end();
  const [answer] = (await answered) as [IncomingMessage];
  answer.resume();
  server.close();
  for (const name of ['req', 'res', 'socket']) {
    const text = contents![name]!;
    assert.ok(text.length < 2 ** 20);
    assert.equal(typeof JSON.parse(text), 'object', text.slice(0, 100));
  }
  assert.equal(contents!['floats'], '{"0":0.5,"1":1}');
});

it('a template of hostile values goes out, and nothing is thrown', async () => {
  const topicId = crypto.randomUUID();
  const transport = new PutlogsTransport({ ...optionsFor(emulator), topicId });
  const logger = winston.createLogger({ format: winston.format.splat(), transports: [transport] });
  const values = VALUES.filter(([, value]) => {
    try {
      return format('%o %s %d %j', value, value, value, value) !== '';
    } catch {
      // What node's own formatting throws is thrown by winston, before a transport has anything.
      return false;
    }
  });
  for (const [name, value] of values) logger.info(`%o %s %d %j ${name}`, value, value, value, value);
  logger.info('%o %s %', 1);
  logger.end();
  await once(logger, 'finish');
  const messages = emulator.logs({ topicId }).map((log) => contentsOf(log)['message']!);
  assert.equal(messages.length, values.length + 1);
  for (const [i, [name]] of values.entries()) assert.ok(messages[i]!.endsWith(name), messages[i]);
  assert.ok(values.length > VALUES.length / 2, `${values.length} of ${VALUES.length}`);
});

it('a format that throws costs its own record, and the next goes out', async () => {
  const topicId = crypto.randomUUID();
  const failing = winston.format((info) => {
    if (info.message === 'bad') throwing();
    return info;
  })();
  for (const where of ['logger', 'transport'] as const) {
    const own = where === 'transport' ? { format: failing } : {};
    const transport = new PutlogsTransport({ ...optionsFor(emulator), topicId, ...own });
    const logger = winston.createLogger({
      ...(where === 'logger' ? { format: failing } : {}),
      transports: [transport],
    });
    logger.info(`before ${where}`);
    // winston hands it to the caller, whatever the transport.
    assert.throws(() => logger.info('bad'), /never/);
    logger.info(`behind ${where}`);
    logger.end();
    await once(logger, 'finish');
    assert.equal(transport.stats().delivered, 2);
  }
  assert.deepEqual(
    emulator.logs({ topicId }).map((log) => contentsOf(log)['message']),
    ['before logger', 'behind logger', 'before transport', 'behind transport'],
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
