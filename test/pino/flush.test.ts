// `logger.flush(callback)`: when it calls back, everything that was logged before is finished.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type PinoTransportOptions, stats, transport } from '@putlogs/pino';
import pino from 'pino';
import { contentsOf, type Emulator, optionsFor, startEmulator } from '../support/emulator';
import { ended, flushed, startPino } from '../support/pino-destination';

const DELAY_MS = 300;
const COUNT = 500;

for (const thread of ['a worker', 'its own thread'] as const) {
  describe(`flush, batching in ${thread},`, () => {
    let emulator: Emulator;
    before(async () => {
      emulator = await startEmulator();
    });
    after(() => emulator.close());

    it('calls back once the service has acknowledged, and not before', async () => {
      emulator.faults([{ delayMs: DELAY_MS }]);
      const { logger, end } = await start({ ...optionsFor(emulator), lingerMs: 60_000 });
      const startedMs = performance.now();
      for (let n = 0; n < COUNT; n++) logger.info({ n }, 'x');
      await flushed(logger);
      // Timers may be a millisecond early.
      assert.ok(performance.now() - startedMs >= DELAY_MS - 1);
      assert.deepEqual(arrived(emulator), sequence(COUNT));
      await end();
      emulator.reset();
    });

    it('calls back after the retries, with everything delivered', async () => {
      emulator.faults([{ status: 503, times: 2 }]);
      const { logger, end } = await start(optionsFor(emulator));
      for (let n = 0; n < COUNT; n++) logger.info({ n }, 'x');
      await flushed(logger);
      assert.deepEqual(arrived(emulator), sequence(COUNT));
      await end();
      emulator.reset();
    });

    it('calls back if no record is pending, also twice, and again after more was logged', async () => {
      emulator.faults([]);
      const { logger, end } = await start(optionsFor(emulator));
      await Promise.all([flushed(logger), flushed(logger)]);
      logger.info({ n: 0 }, 'x');
      await flushed(logger);
      assert.deepEqual(arrived(emulator), sequence(1));
      await end();
      emulator.reset();
    });

    it('calls back although the service refuses the records for good', async () => {
      emulator.faults([{ code: 'InvalidArgument' }]);
      const { logger, end } = await start(optionsFor(emulator));
      logger.info({ n: 0 }, 'x');
      await flushed(logger);
      assert.deepEqual(arrived(emulator), []);
      await end();
    });

    async function start(options: PinoTransportOptions) {
      if (thread === 'a worker') {
        const destination = startPino({ target: '@putlogs/pino', options });
        return { logger: pino(destination), end: () => ended(destination) };
      }
      const stream = await transport(options);
      const end = async () => {
        stream.end();
        await once(stream, 'close');
      };
      return { logger: pino(stream), end };
    }
  });
}

describe('pino does not forward flush', () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await startEmulator();
  });
  after(() => emulator.close());

  const target = () => ({ target: '@putlogs/pino', options: optionsFor(emulator) });
  const shapes: Record<string, () => Parameters<typeof startPino>[0]> = {
    'with several targets': () => ({
      targets: [target(), { target: 'pino/file', options: { destination: '/dev/null' } }],
    }),
    'with one target that has a level': () => ({ targets: [{ ...target(), level: 'info' }] }),
    'in a pipeline': () => ({ pipeline: [{ target: join(__dirname, 'apps/add-service.js') }, target()] }),
    'in a pipeline of one': () => ({ pipeline: [target()] }),
  };
  for (const [shape, options] of Object.entries(shapes)) {
    it(`${shape}: it calls back before the service has acknowledged; stats, and the end of the transport, do not`, async () => {
      const destination = startPino(options());
      const logger = pino(destination);
      emulator.faults([{ status: 503 }]);
      for (let n = 0; n < COUNT; n++) logger.info({ n }, 'x');
      await flushed(logger);
      assert.deepEqual(arrived(emulator), []);
      emulator.faults([]);
      do await flushed(logger);
      while ((await stats(logger, { timeoutMs: 20_000 })).delivered < COUNT);
      assert.deepEqual(arrived(emulator), sequence(COUNT));
      await ended(destination);
      emulator.reset();
    });
  }

  it('with one of several targets that has no level: it does, because pino starts that one alone', async () => {
    const destination = startPino({ targets: [target()] });
    const logger = pino(destination);
    emulator.faults([{ delayMs: DELAY_MS }]);
    for (let n = 0; n < COUNT; n++) logger.info({ n }, 'x');
    await flushed(logger);
    assert.deepEqual(arrived(emulator), sequence(COUNT));
    await ended(destination);
    emulator.reset();
  });

  it('with a multistream in the application’s thread: it calls back at once; flush of the stream does not', async () => {
    const stream = await transport({ ...optionsFor(emulator), lingerMs: 60_000 });
    const logger = pino({}, pino.multistream([{ stream }]));
    logger.info({ n: 0 }, 'x');
    await flushed(logger);
    assert.deepEqual(arrived(emulator), []);
    assert.equal((await stream.flush({ timeoutMs: 20_000 })).finished, true);
    assert.deepEqual(arrived(emulator), [0]);
    stream.end();
    await once(stream, 'close');
  });
});

function arrived(emulator: Emulator): number[] {
  return emulator.logs().map((log) => Number(contentsOf(log)['n']));
}

function sequence(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}
