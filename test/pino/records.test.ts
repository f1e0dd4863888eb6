// What becomes of one pino record: its level, its time, its message and its values.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type PinoTransportOptions, transport } from '@putlogs/pino';
import pino from 'pino';
import { arrivesByLine, corpusLine, corpusRecord } from '../support/corpus';
import { temporaryDirectory } from '../support/directory';
import { contentsOf, type Emulator, type EmulatorLog, optionsFor, startEmulator } from '../support/emulator';
import { assertLedger } from '../support/ledger';
import { ended, flushed, startPino } from '../support/pino-destination';

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.close());

describe('the level', () => {
  it('is written by name', async () => {
    const logs = await logged({}, { level: 'trace' }, (logger) => {
      for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) logger[level](level);
    });
    assert.deepEqual(
      logs.map((log) => contentsOf(log)['level']),
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
    );
  });

  it('of customLevels is written by the name in the levels option', async () => {
    const customLevels = { audit: 35, panic: 70 };
    const logs = await logged({ levels: customLevels }, { customLevels }, (logger) => {
      const custom = logger as unknown as pino.Logger<'audit' | 'panic'>;
      custom.audit('a');
      custom.panic('b');
      custom.info('c');
    });
    assert.deepEqual(
      logs.map((log) => contentsOf(log)['level']),
      ['audit', 'panic', 'info'],
    );
  });

  it('that is a label already stays as it is', async () => {
    const formatters = { level: (label: string) => ({ level: label.toUpperCase() }) };
    const [log] = await logged({}, { formatters }, (logger) => logger.warn('x'));
    assert.equal(contentsOf(log!)['level'], 'WARN');
  });
});

describe('the time', () => {
  const NOW_MS = 1_763_771_234_567;
  const forms: readonly [string, () => string, number, number | undefined][] = [
    ['epoch milliseconds', () => `,"time":${NOW_MS}`, NOW_MS, undefined],
    ['whole seconds (unixTime)', () => ',"time":1763771234', 1_763_771_234_000, undefined],
    ['an ISO text (isoTime)', () => `,"time":"${new Date(NOW_MS).toISOString()}"`, NOW_MS, undefined],
    ['an ISO text with nanoseconds', () => ',"time":"2025-11-22T00:27:14.567891234Z"', NOW_MS, 891_234],
    ['epoch nanoseconds', () => ',"time":1763771234567891234', NOW_MS, 891_234],
    ['epoch microseconds as a text', () => ',"time":"1763771234567891"', NOW_MS, 891_000],
  ];
  for (const [form, timestamp, timeMs, timeNs] of forms) {
    it(`is read from ${form}`, async () => {
      const [log] = await logged({}, { timestamp }, (logger) => logger.info('x'));
      assert.equal(log!.time, timeMs);
      if (timeNs !== undefined) assert.equal(log!.timeNs, timeNs);
      assert.equal('time' in contentsOf(log!), false);
    });
  }

  for (const name of ['epochTime', 'isoTime', 'unixTime', 'isoTimeNano'] as const) {
    it(`is now with pino's own ${name}`, async () => {
      const beforeMs = Math.floor(Date.now() / 1000) * 1000;
      const [log] = await logged({}, { timestamp: pino.stdTimeFunctions[name] }, (logger) => logger.info('x'));
      // unixTime rounds, so that it is half a second ahead at most.
      assert.ok(log!.time >= beforeMs && log!.time <= Date.now() + 500, String(log!.time));
      assert.equal('time' in contentsOf(log!), false);
    });
  }

  it('is that of arrival if a record has none', async () => {
    const beforeMs = Date.now();
    const [log] = await logged({}, { timestamp: false }, (logger) => logger.info('x'));
    assert.ok(log!.time >= beforeMs && log!.time <= Date.now(), String(log!.time));
  });

  it('is read from the key in the timeKey option', async () => {
    const timestamp = () => `,"@timestamp":"${new Date(NOW_MS).toISOString()}"`;
    const [log] = await logged({ timeKey: '@timestamp' }, { timestamp }, (logger) => logger.info('x'));
    assert.equal(log!.time, NOW_MS);
    assert.deepEqual(Object.keys(contentsOf(log!)), ['level', 'msg']);
  });

  const ownTimes: readonly [string, pino.LoggerOptions<string>, (logger: pino.Logger) => void][] = [
    ['a number', {}, (logger) => logger.info({ time: 153 }, 'done')],
    [
      'a number, behind a time in ISO 8601',
      { timestamp: pino.stdTimeFunctions.isoTime },
      (logger) => logger.info({ time: 153 }, 'done'),
    ],
    ['that of a child logger', {}, (logger) => logger.child({ time: 153 }).info('done')],
    ['that of a mixin', { mixin: () => ({ time: 153 }) }, (logger) => logger.info('done')],
    [
      'that of formatters.log',
      { formatters: { log: (fields) => ({ ...fields, time: 153 }) } },
      (logger) => logger.info('done'),
    ],
    ['that of base', { base: { time: 153 } }, (logger) => logger.info('done')],
  ];
  for (const [which, pinoOptions, log] of ownTimes) {
    it(`is pino's own if the application logs another one: ${which}`, async () => {
      const beforeMs = Date.now();
      const [record] = await logged({}, pinoOptions, log);
      assert.ok(record!.time >= beforeMs && record!.time <= Date.now(), String(record!.time));
      assert.deepEqual(contentsOf(record!), { level: 'info', time: '153', msg: 'done' });
    });
  }

  it("is pino's own if the application's is a text or an object, and both stay fields", async () => {
    const beforeMs = Date.now();
    const logs = await logged({}, {}, (logger) => {
      logger.info({ time: '2001-01-01T00:00:00Z' }, 'a');
      logger.info({ time: { took: 1 } }, 'b');
      logger.child({ time: 1 }).info({ time: 2 }, 'c');
    });
    assert.deepEqual(
      logs.map((log) => contentsOf(log)['time']),
      ['2001-01-01T00:00:00Z', '{"took":1}', '2'],
    );
    for (const { time } of logs) assert.ok(time >= beforeMs && time <= Date.now(), String(time));
  });

  it("is pino's own with a transform also", async () => {
    const beforeMs = Date.now();
    const transform = join(temporaryDirectory('transform'), 'same.cjs');
    writeFileSync(transform, 'module.exports = (record) => ({ ...record, seen: true });');
    const logs = await logged({ transform }, {}, (logger) => {
      logger.info({ time: 153 }, 'done');
      logger.info('done');
    });
    assert.deepEqual(logs.map(contentsOf), [
      { level: 'info', time: '153', msg: 'done', seen: 'true' },
      { level: 'info', msg: 'done', seen: 'true' },
    ]);
    for (const { time } of logs) assert.ok(time >= beforeMs && time <= Date.now(), String(time));
  });

  it('keeps call order within a millisecond, by nanoseconds', async () => {
    const logs = await logged({}, { timestamp: () => `,"time":${NOW_MS}` }, (logger) => {
      for (let n = 0; n < 10; n++) logger.info({ n }, 'x');
    });
    const sorted = logs.toSorted((a, b) => (a.timeNs ?? 0) - (b.timeNs ?? 0));
    assert.deepEqual(
      sorted.map((log) => contentsOf(log)['n']),
      [...Array(10).keys()].map(String),
    );
  });
});

describe('the values', () => {
  it("of child loggers are there beside the parent's", async () => {
    const [log] = await logged({}, { base: { service: 'shop' } }, (logger) =>
      logger
        .child({ request: 'r-1' })
        .child({ user: { id: 7 } })
        .info({ ms: 1.5 }, 'done'),
    );
    assert.deepEqual(contentsOf(log!), {
      level: 'info',
      service: 'shop',
      request: 'r-1',
      user: '{"id":7}',
      ms: '1.5',
      msg: 'done',
    });
  });

  it('keep the name that pino has for the message', async () => {
    const [log] = await logged({}, { messageKey: 'text' }, (logger) => logger.info('hello'));
    assert.equal(contentsOf(log!)['text'], 'hello');
  });

  it('keep all digits of 64-bit integers', async () => {
    const [log] = await logged({}, {}, (logger) =>
      logger.info({ id: 18446744073709551615n, in: { id: -9007199254740993n } }),
    );
    assert.deepEqual(contentsOf(log!), { level: 'info', id: '18446744073709551615', in: '{"id":-9007199254740993}' });
  });

  it('of raw lines with duplicate keys are the last ones', async () => {
    const instance = 'raw lines';
    const records = Array.from({ length: 48 }, (_, n) => corpusRecord(n, Date.now()));
    const logs = await written(
      {},
      records.map((record) => corpusLine(record, instance)),
    );
    assertLedger(new Map([[instance, records.map((record) => arrivesByLine(record, instance))]]), logs);
  });

  it('of lines that are not a JSON object are the line itself, and leave their neighbours whole', async () => {
    const lines = ['{"n":1}', 'plain text', '{"n":2', '[1,2]', '"text"', '{"n":}', '{"n":3} {"n":4}', '{"n":5}'];
    const logs = await written({ messageKey: 'line' }, lines);
    assert.deepEqual(logs.map(contentsOf), [
      { n: '1' },
      { line: 'plain text' },
      { line: '{"n":2' },
      { line: '[1,2]' },
      { line: '"text"' },
      { line: '{"n":}' },
      { line: '{"n":3} {"n":4}' },
      { n: '5' },
    ]);
  });
});

/** The logs of one topic of its own, to which `log` has logged through pino's worker. */
async function logged(
  options: PinoTransportOptions,
  pinoOptions: pino.LoggerOptions<string>,
  log: (logger: pino.Logger) => void,
): Promise<EmulatorLog[]> {
  const topicId = crypto.randomUUID();
  const destination = startPino({
    target: '@putlogs/pino',
    options: { ...optionsFor(emulator), topicId, ...options },
  });
  const logger = pino({ base: null, ...pinoOptions }, destination);
  log(logger as unknown as pino.Logger);
  await flushed(logger);
  await ended(destination);
  return emulator.logs({ topicId });
}

/** The logs of one topic of its own, to which these lines were written as they are, in this thread. */
async function written(options: PinoTransportOptions, lines: readonly string[]): Promise<EmulatorLog[]> {
  const topicId = crypto.randomUUID();
  const stream = await transport({ ...optionsFor(emulator), topicId, ...options });
  stream.end(`${lines.join('\n')}\n`);
  await once(stream, 'close');
  return emulator.logs({ topicId });
}
