// When the text that winston's formats made of an info is the record, and when its fields are.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { PutlogsTransport } from '@putlogs/winston';
import { writesPlainJson } from '@putlogs/winston/internal/plain-json';
import winston from 'winston';
import { contentsOf, type Emulator, optionsFor, startEmulator } from '../support/emulator';
import { loggedTo } from '../support/winston-logs';

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.close());

const logged = loggedTo(() => emulator, { worker: false });

const { combine, json, logstash, printf, timestamp, colorize, errors } = winston.format;
const NOW_MS = 1_763_771_234_567;
const masks = (name: string, value: unknown) => (name === 'password' ? '******' : value);
const drops = (name: string, value: unknown) => (name === 'password' ? undefined : value);
const at = winston.format((info) => Object.assign(info, { timestamp: new Date(NOW_MS).toISOString() }));

describe('a replacer of format.json', () => {
  const meta = () => ({ password: 'secret', user: { id: 7, password: 'hidden' }, list: [{ password: 'hidden' }] });

  it('masks what is sent', async () => {
    for (const format of [json({ replacer: masks }), combine(timestamp(), json({ replacer: masks, space: 2 }))]) {
      const [log] = await logged({ format }, (logger) => logger.info('x', meta()));
      const { user, list, ...contents } = contentsOf(log!);
      assert.deepEqual(contents, { level: 'info', message: 'x', password: '******' });
      assert.deepEqual(JSON.parse(user!), { id: 7, password: '******' });
      assert.deepEqual(JSON.parse(list!), [{ password: '******' }]);
    }
  });

  it('leaves out of it what it leaves out', async () => {
    const [log] = await logged({ format: json({ replacer: drops }) }, (logger) => logger.info('x', meta()));
    assert.deepEqual(contentsOf(log!), { level: 'info', message: 'x', user: '{"id":7}', list: '[{}]' });
  });

  it('also masks in a record of 8 MB, which is cut', async () => {
    const long = 'x'.repeat(8_000_000);
    const [log] = await logged({ format: json({ replacer: masks }) }, (logger) =>
      logger.info('x', { ...meta(), long }),
    );
    const { user, list, long: cut, ...contents } = contentsOf(log!);
    assert.deepEqual(contents, { level: 'info', message: 'x', password: '******' });
    assert.deepEqual([JSON.parse(user!), JSON.parse(list!)], [{ id: 7, password: '******' }, [{ password: '******' }]]);
    assert.match(cut!, /^x{900000,}…\[truncated \d+ bytes\]$/);
  });

  it('also masks beside values that JSON cannot express', async () => {
    for (const odd of [
      new Error('odd'),
      new Map([['a', 1]]),
      1n,
      Number.NaN,
      new Date(0),
      Buffer.from('a'),
      cyclic(),
    ]) {
      const [log] = await logged({ format: json({ replacer: masks }) }, (logger) =>
        logger.info('x', { ...meta(), odd }),
      );
      const contents = contentsOf(log!);
      assert.equal(contents['password'], '******');
      assert.deepEqual(JSON.parse(contents['user']!), { id: 7, password: '******' });
    }
  });

  it('masks an array that is the info, and a value with a toJSON', async () => {
    const format = json({ replacer: masks });
    const model = { toJSON: () => ({ id: 7, password: 'secret' }) };
    const [array, user] = await logged({ format }, (logger) => {
      logger.log('info', [{ password: 'secret' }] as never);
      logger.log('info', model as never);
    });
    assert.deepEqual(contentsOf(array!), { level: 'info', message: '[{"password":"******"}]' });
    assert.deepEqual(contentsOf(user!), { level: 'info', id: '7', password: '******' });
  });

  it('of the logger masks what a format of the transport gets, and the other way round', async () => {
    const redact = winston.format((info) => Object.assign(info, { token: '***' }))();
    const log = (logger: winston.Logger) =>
      logger.info('x', { password: 'secret', token: 'secret', err: new Error('e') });
    const [both] = await logged({ format: json({ replacer: masks }) }, log, { format: redact });
    const { err: _, ...contents } = contentsOf(both!);
    assert.deepEqual(contents, { level: 'info', message: 'x', password: '******', token: '***' });
    // The text of the logger's format is older than what the transport's format has changed.
    const [own] = await logged({}, log, { format: redact });
    assert.equal(contentsOf(own!)['token'], '***');
    const [replaced] = await logged({}, log, { format: json({ replacer: masks }) });
    assert.equal(contentsOf(replaced!)['password'], '******');
  });
});

it('the text of format.logstash is the record, with its time and its level', async () => {
  const log = (logger: winston.Logger) => logger.warn('x', { user: { id: 7 } });
  const [timed] = await logged({ format: combine(at(), logstash()) }, log);
  assert.equal(timed!.time, NOW_MS);
  const contents = { '@message': 'x', '@fields': '{"level":"warn","user":{"id":7}}', level: 'warn' };
  assert.deepEqual(named(contentsOf(timed!)), contents);
  const beforeMs = Date.now();
  const [untimed] = await logged({ format: logstash() }, log);
  assert.ok(untimed!.time >= beforeMs && untimed!.time <= Date.now());
  assert.deepEqual(named(contentsOf(untimed!)), contents);
});

it('the text of a format that writes a JSON object of its own is the record', async () => {
  const format = combine(
    at(),
    printf((info) => JSON.stringify({ severity: info.level, msg: info.message, timestamp: info['timestamp'] })),
  );
  const [log] = await logged({ format }, (logger) => logger.warn('x', { left: 'out' }));
  assert.equal(log!.time, NOW_MS);
  assert.deepEqual(contentsOf(log!), { severity: 'warn', msg: 'x', level: 'warn' });
});

describe('the fields of an info are the record', () => {
  it('if format.json only repeats them: nothing is lost of errors, maps and numbers', async () => {
    const values = {
      map: new Map([['a', 1]]),
      big: 2n ** 63n,
      odd: Number.NaN,
      bytes: Buffer.from('a'),
      at: new Date(0),
      self: cyclic(),
    };
    const error = Object.assign(new TypeError('e'), { code: 'E' });
    for (const format of [
      json(),
      combine(errors({ stack: true }), timestamp(), json()),
      combine(json(), timestamp()),
    ]) {
      const [log] = await logged({ format }, (logger) => logger.info('x', { ...values, err: error }));
      const { err, ...contents } = contentsOf(log!);
      assert.deepEqual(contents, {
        level: 'info',
        message: 'x',
        map: '{"a":1}',
        big: '9223372036854775808',
        odd: 'NaN',
        bytes: 'YQ==',
        at: '1970-01-01T00:00:00.000Z',
        self: '{"self":"[Circular]"}',
      });
      assert.equal(JSON.parse(err!).stack, error.stack);
    }
  });

  it('of a logger that got a replacer later, only until then', async () => {
    const topicId = crypto.randomUUID();
    const transport = new PutlogsTransport({ ...optionsFor(emulator), topicId, worker: false });
    const logger = winston.createLogger({ transports: [transport] });
    logger.info('x', { password: 'shown', err: new Error('e') });
    logger.format = json({ replacer: masks });
    logger.info('x', { password: 'secret', err: new Error('e') });
    logger.end();
    await once(logger, 'finish');
    const [before, after] = emulator.logs({ topicId }).map(contentsOf);
    assert.equal(before!['password'], 'shown');
    assert.match(before!['err']!, /stack/);
    assert.equal(after!['password'], '******');
  });

  it('without a comparison, if the format of the logger is that of winston without a replacer', () => {
    assert.ok(writesPlainJson(winston.createLogger().format));
    assert.ok(writesPlainJson(json({ space: 2 })));
    for (const format of [
      json({ replacer: masks }),
      combine(json()),
      logstash(),
      printf(() => '{}'),
      colorize(),
      {},
      undefined,
    ]) {
      assert.ok(!writesPlainJson(format));
    }
  });

  it('if a text without the message was made before the fields were complete', async () => {
    const error = new TypeError('e');
    const [log] = await logged({ format: combine(json(), errors({ stack: true })) }, (logger) => logger.error(error));
    const contents = contentsOf(log!);
    assert.equal(contents['message'], 'e');
    assert.equal(contents['stack'], error.stack);
  });

  it('if the text is the message itself, or no JSON object', async () => {
    const message = '{"a":1}';
    const formats = [
      errors({ stack: true }),
      printf((info) => String(info.message)),
      printf((info) => `{"level":"${info.level}","message":"${String(info.message)}"}`),
      printf(() => '[1]'),
      printf(() => '7'),
      printf(() => '{'),
      combine(json(), colorize({ all: true })),
    ];
    for (const [i, format] of formats.entries()) {
      const [log] = await logged({ format }, (logger) => logger.info(i === 6 ? 'x' : message, { n: i }));
      const contents = contentsOf(log!);
      assert.equal(contents['n'], String(i));
      if (i !== 6) assert.equal(contents['message'], message);
    }
  });
});

describe('in a text that is the record', () => {
  it('the level is winston’s own', async () => {
    const shout = winston.format((info) => ({ ...info, level: info.level.toUpperCase() }))();
    for (const format of [
      combine(colorize(), json()),
      combine(shout, json()),
      combine(shout, json({ replacer: masks })),
    ]) {
      const [log] = await logged({ format }, (logger) => logger.warn('x', { password: '1' }));
      assert.equal(contentsOf(log!)['level'], 'warn');
    }
  });

  it('the time is the field timestamp, even behind a field time', async () => {
    const [log] = await logged({ format: combine(at(), json()) }, (logger) =>
      logger.info('x', { time: 1_700_000_000_000 }),
    );
    assert.equal(log!.time, NOW_MS);
    assert.deepEqual(contentsOf(log!), { level: 'info', message: 'x', time: '1700000000000' });
  });

  it('the time is that of the call if it has none', async () => {
    const beforeMs = Date.now();
    for (const meta of [{}, { time: 35 }]) {
      const [log] = await logged({ format: json() }, (logger) => logger.info('x', meta));
      assert.ok(log!.time >= beforeMs && log!.time <= Date.now());
      assert.deepEqual(contentsOf(log!), { level: 'info', message: 'x', ...('time' in meta ? { time: '35' } : {}) });
    }
  });

  it('the digits are those of the text', async () => {
    const format = printf((info) => `{"message":"${String(info.message)}","big":12345678901234567890.10}`);
    const [log] = await logged({ format }, (logger) => logger.warn('x'));
    assert.deepEqual(contentsOf(log!), { message: 'x', big: '12345678901234567890.10', level: 'warn' });
  });
});

/** Names that the service does not allow are renamed by the core. */
function named(contents: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(contents).map(([name, value]) => [name.replace(/^x_/, '@'), value]));
}

function cyclic(): object {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  return value;
}
