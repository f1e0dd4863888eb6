// What a transport learns of the logger in front of it: the names of its levels, and its message key.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type PinoTransportOptions, transport } from '@putlogs/pino';
import pino from 'pino';
import { runChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { contentsOf, type Emulator, environmentFor, optionsFor, startEmulator, until } from '../support/emulator';
import { ended, flushed, startPino } from '../support/pino-destination';

const LEVELS = { audit: 35, panic: 70 };
const CUSTOM = { customLevels: LEVELS } as const;
type CustomLogger = pino.Logger<keyof typeof LEVELS>;

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
beforeEach(() => emulator.reset());
after(() => emulator.close());

const optionsOfTest = (own: PinoTransportOptions = {}) => ({ ...optionsFor(emulator), ...own });
const contents = () => emulator.logs().map(contentsOf);
const levels = () => contents().map(({ level }) => level);
const arrived = (count: number) => until('all arrived', () => emulator.logs().length >= count);

function logAll(logger: CustomLogger): void {
  logger.audit('a');
  logger.info('b');
  logger.panic('c');
}

for (const thread of ['a worker', 'its own thread'] as const) {
  describe(`with the transport in ${thread},`, () => {
    it('levels of the logger have their names without an option, from the first record', async () => {
      const { destination, end } = await start();
      const logger = pino(CUSTOM, destination);
      logAll(logger);
      await flushed(logger);
      assert.deepEqual(levels(), ['audit', 'info', 'panic']);
      await end();
    });

    it('a number that the logger calls otherwise than pino has the name of the logger', async () => {
      const { destination, end } = await start();
      const logger = pino(
        { customLevels: { quiet: 20, loud: 30 }, useOnlyCustomLevels: true, level: 'quiet' },
        destination,
      );
      logger.loud('a');
      logger.quiet('b');
      await flushed(logger);
      assert.deepEqual(levels(), ['loud', 'quiet']);
      await end();
    });

    it('the option levels goes before the logger, number by number', async () => {
      const { destination, end } = await start({ levels: { watched: 35 } });
      const logger = pino(CUSTOM, destination);
      logAll(logger);
      await flushed(logger);
      assert.deepEqual(levels(), ['watched', 'info', 'panic']);
      await end();
    });

    it('two loggers on one transport each have the names of their levels', async () => {
      const { destination, end } = await start();
      const first = pino({ customLevels: { audit: 35 } }, destination);
      first.audit('a');
      const second = pino({ customLevels: { panic: 70 } }, destination);
      second.panic('b');
      first.audit('c');
      await flushed(first);
      assert.deepEqual(levels(), ['audit', 'panic', 'audit']);
      await end();
    });

    it('a line that is no record is in the field of the logger’s messages, unless the option names one', async () => {
      const streamWrite = (line: string) => line.replace(/^.*"text":"([^"]*)".*/, '$1');
      for (const [own, name] of [
        [{}, 'note'],
        [{ messageKey: 'message' }, 'message'],
      ] as const) {
        emulator.reset();
        const { destination, end } = await start(own);
        const logger = pino({ messageKey: 'note', hooks: { streamWrite } }, destination);
        logger.info({ text: 'plain' });
        await flushed(logger);
        assert.deepEqual(contents(), [{ [name]: 'plain' }]);
        await end();
      }
    });

    it('an error under the errorKey of the logger is a field like every other', async () => {
      const { destination, end } = await start();
      const logger = pino({ errorKey: 'failure', messageKey: 'note' }, destination);
      logger.error(new Error('broken'));
      await flushed(logger);
      const [{ failure, note, level }] = contents() as [Record<string, string>];
      assert.deepEqual([(JSON.parse(failure!) as Error).message, note, level], ['broken', 'broken', 'error']);
      await end();
    });

    it('with nestedKey, level and message are the logger’s, and the rest is in the one field', async () => {
      const { destination, end } = await start();
      const logger = pino({ ...CUSTOM, nestedKey: 'payload', base: null }, destination);
      logger.audit({ level: 30, msg: 'inner' }, 'outer');
      await flushed(logger);
      assert.deepEqual(contents(), [{ level: 'audit', msg: 'outer', payload: '{"level":30,"msg":"inner"}' }]);
      await end();
    });

    it('without a logger, lines are shipped with the names of pino', async () => {
      const { destination, end } = await start();
      destination.write('{"level":30,"msg":"a"}\n{"level":35,"msg":"b"}\ntext\n');
      await arrived(3);
      assert.deepEqual(contents(), [{ level: 'info', msg: 'a' }, { level: '35', msg: 'b' }, { message: 'text' }]);
      await end();
    });

    it('a stream that is added to a multistream later, of which pino says nothing, ships its records', async () => {
      const streams = pino.multistream([{ stream: { write: () => {} } }]);
      const logger = pino(CUSTOM, streams);
      const { destination, end } = await start({ levels: { audit: 35 } });
      streams.add({ stream: destination });
      logAll(logger);
      await arrived(3);
      assert.deepEqual(levels(), ['audit', 'info', '70']);
      await end();
    });

    it('in a multistream of the application’s thread, levels have their names', async () => {
      const { destination, end } = await start();
      const logger = pino(CUSTOM, pino.multistream([{ stream: destination }]));
      logAll(logger);
      await arrived(3);
      assert.deepEqual(levels(), ['audit', 'info', 'panic']);
      await end();
    });

    async function start(own: PinoTransportOptions = {}) {
      if (thread === 'a worker') {
        const destination = startPino({ target: '@putlogs/pino', options: optionsOfTest(own) });
        return { destination, end: () => ended(destination) };
      }
      const destination = await transport(optionsOfTest(own));
      const end = async () => {
        destination.end();
        await once(destination, 'close');
      };
      return { destination, end };
    }
  });
}

it('a logger that is created long after the worker also has its names from the first record', async () => {
  const destination = startPino({ target: '@putlogs/pino', options: optionsOfTest() });
  await once(destination, 'ready');
  const logger = pino(CUSTOM, destination);
  logAll(logger);
  await flushed(logger);
  assert.deepEqual(levels(), ['audit', 'info', 'panic']);
  await ended(destination);
});

it('with several targets, each has the names of the logger’s levels', async () => {
  const target = (level: string) => ({ target: '@putlogs/pino', level, options: optionsOfTest() });
  const destination = startPino({ targets: [target('trace'), target('error')], levels: LEVELS });
  logAll(pino(CUSTOM, destination));
  await arrived(4);
  assert.deepEqual(levels().sort(), ['audit', 'info', 'panic', 'panic']);
  await ended(destination);
});

it('at the end of a pipeline, levels have their names', async () => {
  const destination = startPino({
    pipeline: [
      { target: join(__dirname, 'apps/add-service.js') },
      { target: '@putlogs/pino', options: optionsOfTest() },
    ],
  });
  logAll(pino(CUSTOM, destination));
  await arrived(3);
  assert.deepEqual(
    contents().map(({ level, service }) => [level, service]),
    [
      ['audit', 'shop'],
      ['info', 'shop'],
      ['panic', 'shop'],
    ],
  );
  await ended(destination);
});

it('a target of others that starts later also receives what pino says of the logger', async () => {
  const file = join(temporaryDirectory('targets'), 'levels');
  const destination = startPino({
    targets: [
      { target: '@putlogs/pino', level: 'trace', options: optionsOfTest() },
      { target: join(__dirname, 'apps/slow-config-target.js'), level: 'trace', options: { file, startsInMs: 300 } },
    ],
    levels: LEVELS,
  });
  logAll(pino(CUSTOM, destination));
  await arrived(3);
  assert.deepEqual(levels(), ['audit', 'info', 'panic']);
  await ended(destination);
  assert.equal(readFileSync(file, 'utf8'), 'audit\ninfo\npanic\n');
});

it('beside a target that takes the configuration first, levels that pino.transport names have their names', async () => {
  const file = join(temporaryDirectory('targets'), 'levels');
  const destination = startPino({
    targets: [
      { target: join(__dirname, 'apps/slow-config-target.js'), level: 'trace', options: { file, startsInMs: 0 } },
      { target: '@putlogs/pino', level: 'trace', options: optionsOfTest() },
    ],
    levels: LEVELS,
  });
  logAll(pino(CUSTOM, destination));
  await arrived(3);
  assert.deepEqual(levels(), ['audit', 'info', 'panic']);
  await ended(destination);
});

for (const end of ['natural', 'exit'] as const) {
  it(`an application that logs and ends at once loses neither records nor names: ${end}`, async () => {
    const app = join(__dirname, 'apps/custom-levels.js');
    const { code, stderr } = await runChild(app, { args: [end], env: environmentFor(emulator) });
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(levels(), new Array(100).fill('audit'));
  });
}
