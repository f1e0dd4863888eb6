// What becomes of one winston info: its level, its time, its errors and its values.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { errWithCause } from 'pino-std-serializers';
import winston from 'winston';
import { contentsOf, type Emulator, startEmulator } from '../support/emulator';
import { loggedTo } from '../support/winston-logs';

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.close());

const logged = loggedTo(() => emulator);

describe('the level', () => {
  for (const [name, levels] of Object.entries({
    npm: winston.config.npm.levels,
    syslog: winston.config.syslog.levels,
    cli: winston.config.cli.levels,
    custom: { fatal: 0, audit: 1, chatter: 2 },
  })) {
    it(`of ${name} levels is their name`, async () => {
      const names = Object.keys(levels);
      const logs = await logged({ levels, level: names.at(-1)! }, (logger) => {
        for (const level of names) logger.log(level, 'x');
      });
      assert.deepEqual(
        logs.map((log) => contentsOf(log)['level']),
        names,
      );
    });
  }

  it('is its name if a format has coloured or changed it', async () => {
    const shout = winston.format((info) => ({ ...info, level: info.level.toUpperCase() }))();
    for (const format of [winston.format.colorize(), winston.format.combine(shout, winston.format.json())]) {
      const [log] = await logged({ format }, (logger) => logger.warn('x'));
      assert.equal(contentsOf(log!)['level'], 'warn');
    }
  });

  it('is not confused by the levels option, which is for numbers', async () => {
    const [log] = await logged({}, (logger) => logger.info('x'), { levels: { audit: 35 } });
    assert.equal(contentsOf(log!)['level'], 'info');
  });
});

describe('the time', () => {
  const NOW_MS = 1_763_771_234_567;

  it('is that of the call, and no field', async () => {
    const beforeMs = Date.now();
    const [log] = await logged({}, (logger) => logger.info('x'));
    assert.ok(log!.time >= beforeMs && log!.time <= Date.now(), String(log!.time));
    assert.deepEqual(contentsOf(log!), { level: 'info', message: 'x' });
  });

  it('is found even if the variable for its key is empty', async () => {
    process.env['PUTLOGS_TIME_KEY'] = '';
    try {
      const [log] = await logged({}, (logger) => logger.info('x', { timestamp: NOW_MS }));
      assert.equal(log!.time, NOW_MS);
    } finally {
      delete process.env['PUTLOGS_TIME_KEY'];
    }
  });

  it('is the timestamp that a format has written', async () => {
    const timestamp = winston.format((info) => ({ ...info, timestamp: new Date(NOW_MS).toISOString() }))();
    const [log] = await logged({ format: timestamp }, (logger) => logger.info('x'));
    assert.equal(log!.time, NOW_MS);
    assert.deepEqual(contentsOf(log!), { level: 'info', message: 'x' });
  });

  it('is that of the call if the field time has another meaning', async () => {
    const beforeMs = Date.now();
    const [log] = await logged({}, (logger) => logger.info('x', { time: 35 }));
    assert.ok(log!.time >= beforeMs, String(log!.time));
    assert.equal(contentsOf(log!)['time'], '35');
  });

  it('is the field that the timeKey option names, or that of the call without one', async () => {
    const beforeMs = Date.now();
    const [first, second] = await logged(
      {},
      (logger) => logger.info('x', { at: NOW_MS, timestamp: 'mine' }).info('y'),
      { timeKey: ['at', 'when'] },
    );
    assert.equal(first!.time, NOW_MS);
    assert.deepEqual(contentsOf(first!), { level: 'info', message: 'x', timestamp: 'mine' });
    assert.ok(second!.time >= beforeMs);
    assert.deepEqual(contentsOf(second!), { level: 'info', message: 'y' });
  });
});

describe('an error', () => {
  const error = Object.assign(new TypeError('broken', { cause: new Error('why') }), { code: 'EBROKEN', tries: 3 });
  const cause = JSON.stringify(errWithCause(error.cause as Error));

  it('that is logged itself has its type, message, stack, cause and own fields', async () => {
    const logs = await logged({}, (logger) => {
      logger.error(error);
      logger.log({ level: 'error', message: error as never });
    });
    for (const log of logs) {
      const { stack, ...contents } = contentsOf(log);
      assert.equal(stack, error.stack);
      assert.deepEqual(contents, {
        level: 'error',
        message: 'broken',
        type: 'TypeError',
        cause,
        code: 'EBROKEN',
        tries: '3',
      });
    }
    assert.equal(logs.length, 2);
  });

  it('that is logged behind a message has its stack and cause', async () => {
    const [log] = await logged({}, (logger) => logger.error('it is', error));
    const contents = contentsOf(log!);
    assert.equal(contents['message'], 'it is broken');
    assert.equal(contents['stack'], error.stack);
    assert.equal(contents['cause'], cause);
    assert.equal(contents['code'], 'EBROKEN');
  });

  it('in a field is the output of pino-std-serializers, at any depth', async () => {
    const [log] = await logged({}, (logger) => logger.error('x', { err: error, in: { a: [{ error }] } }));
    const lifted = errWithCause(error);
    assert.deepEqual(JSON.parse(contentsOf(log!)['err']!), JSON.parse(JSON.stringify(lifted)));
    assert.deepEqual(JSON.parse(contentsOf(log!)['in']!), JSON.parse(JSON.stringify({ a: [{ error: lifted }] })));
  });

  it('of errors has them all', async () => {
    const errors = [new Error('one'), new RangeError('two')];
    const [log] = await logged({}, (logger) => logger.error('x', { err: new AggregateError(errors, 'both') }));
    const err = JSON.parse(contentsOf(log!)['err']!) as { aggregateErrors: { message: string }[] };
    assert.deepEqual(
      err.aggregateErrors.map(({ message }) => message),
      ['one', 'two'],
    );
  });

  it('of errors that are a field of its own has them once', async () => {
    const invalid = Object.assign(new Error('invalid'), { errors: { name: new RangeError('too long') } });
    const [log] = await logged({}, (logger) => logger.error('x', { err: invalid }));
    const err = JSON.parse(contentsOf(log!)['err']!) as Record<string, { name: { message: string } }>;
    assert.equal(err['errors']!.name.message, 'too long');
    assert.ok(!('aggregateErrors' in err));
  });

  it('with a field type of its own keeps it, and its class is the name', async () => {
    const card = Object.assign(new TypeError('declined'), { type: 'card_error', code: 'E' });
    const named = Object.assign(new TypeError('declined'), { type: 'card_error', name: 'CardError' });
    const logs = await logged({}, (logger) => logger.error(card).error('x', { card, named }));
    const [own, within] = logs.map(contentsOf);
    assert.deepEqual([own!['type'], own!['name'], own!['code']], ['card_error', 'TypeError', 'E']);
    for (const [field, name] of [
      ['card', 'TypeError'],
      ['named', 'CardError'],
    ] as const) {
      const error = JSON.parse(within![field]!) as Record<string, unknown>;
      assert.deepEqual([error['type'], error['name'], error['message']], ['card_error', name, 'declined']);
      assert.match(String(error['stack']), /declined/);
    }
  });

  it('with a toJSON is what that returns: as the info, as its message, and in any field', async () => {
    const failed = requestError();
    const shown = JSON.parse(JSON.stringify(failed)) as Record<string, unknown>;
    const logs = await logged({}, (logger) => {
      logger.error('x', { err: failed, in: [failed] });
      logger.log({ level: 'error', message: failed as never });
      logger.error(failed);
    });
    const [field, message, info] = logs.map(contentsOf);
    assert.deepEqual(JSON.parse(field!['err']!), shown);
    assert.deepEqual(JSON.parse(field!['in']!), [shown]);
    for (const contents of [message!, info!]) {
      assert.equal(contents['level'], 'error');
      for (const [name, value] of Object.entries(shown)) {
        assert.equal(contents[name], typeof value === 'string' ? value : JSON.stringify(value));
      }
      assert.ok(!('request' in contents));
    }
    assert.ok(JSON.stringify(field).length < 8000);
    const [behind] = (await logged({}, (logger) => logger.error('it is', failed))).map(contentsOf);
    assert.equal(behind!['message'], `it is ${failed.message}`);
    assert.equal(behind!['stack'], failed.stack);
    assert.deepEqual(JSON.parse(behind!['config']!), shown['config']);
    assert.ok(!('request' in behind!));
  });

  it('with a toJSON that fails has its type, message and stack', async () => {
    const failing = Object.assign(new TypeError('broken'), {
      password: 'secret',
      toJSON: () => {
        throw new Error('never');
      },
    });
    // The default format would throw for it.
    const format = winston.format((info) => info)();
    const logs = await logged({ format }, (logger) => logger.error('x', { err: failing }).error(failing));
    const [own, within] = logs.map(contentsOf);
    const expected = { type: 'TypeError', message: 'broken', stack: failing.stack, toJSON: '[Throws: never]' };
    assert.deepEqual(JSON.parse(own!['err']!), expected);
    assert.deepEqual(within, { level: 'error', ...expected });
  });

  it('that a child logger logs has its stack', async () => {
    const [log] = await logged({}, (logger) => logger.child({ request: 'r-1' }).error(error));
    const contents = contentsOf(log!);
    assert.equal(contents['request'], 'r-1');
    assert.equal(contents['message'], 'broken');
    assert.equal(contents['stack'], error.stack);
  });
});

describe('the values', () => {
  it("of child loggers and of defaultMeta are there beside the call's", async () => {
    const [log] = await logged({ defaultMeta: { service: 'shop' } }, (logger) =>
      logger.child({ request: 'r-1' }).info('done', { user: { id: 7 } }),
    );
    assert.deepEqual(contentsOf(log!), {
      level: 'info',
      message: 'done',
      service: 'shop',
      request: 'r-1',
      user: '{"id":7}',
    });
  });

  it('do not depend on what a format has printed', async () => {
    for (const format of [winston.format.simple(), winston.format.printf(() => 'printed'), winston.format.splat()]) {
      const [log] = await logged({ format }, (logger) => logger.info('x', { a: 1 }));
      assert.deepEqual(contentsOf(log!), { level: 'info', message: 'x', a: '1' });
    }
  });

  it('of any JSON arrive: texts as they are, everything else as JSON', async () => {
    const key = fc
      .stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,8}$/)
      .filter((name) => !/^(level|message|timestamp|time)$/.test(name));
    const infos = fc.sample(fc.dictionary(key, fc.jsonValue({ stringUnit: 'binary' })), { numRuns: 300, seed: 7 });
    // An info that has a value JSON knows no word for is not written by the engine in one go: the rest arrives the
    // same.
    for (const odd of [{}, { Odd_one: 1n }]) {
      const logs = await logged({}, (logger) => {
        for (const info of infos) logger.log({ ...info, ...odd, level: 'info', message: 'x' });
      });
      for (const [at, info] of infos.entries()) {
        const expected = Object.entries({ level: 'info', message: 'x', ...info, ...odd }).map(([name, value]) => [
          name,
          typeof value === 'string'
            ? Buffer.from(value).toString()
            : typeof value === 'bigint'
              ? String(value)
              : JSON.stringify(value),
        ]);
        assert.deepEqual(contentsOf(logs[at]!), Object.fromEntries(expected));
      }
    }
  });
});

/** An error as of an HTTP client: with the request, its socket and the agent, which its `toJSON` leaves out. */
function requestError(): Error {
  const agent = { sockets: {} as Record<string, unknown>, options: { keepAlive: true } };
  const socket = {
    _httpMessage: {},
    server: null,
    buffers: Array.from({ length: 100 }, (_, n) => ({ n, at: 'x'.repeat(100) })),
  };
  const request = { agent, socket, path: '/orders', method: 'GET' };
  agent.sockets['a.example:443'] = [socket];
  socket._httpMessage = request;
  const config = { url: '/orders', method: 'get', headers: { Accept: 'application/json' }, httpAgent: agent };
  class RequestError extends Error {
    override readonly name = 'RequestError';
    readonly code = 'ERR_BAD_RESPONSE';
    readonly config = config;
    readonly request = request;
    readonly response = { status: 503, data: 'x'.repeat(50_000), request, config };
    toJSON(): object {
      const { message, name, stack, code, response } = this;
      return { message, name, stack, config: { url: '/orders', method: 'get' }, code, status: response.status };
    }
  }
  return new RequestError('Request failed with status code 503');
}
