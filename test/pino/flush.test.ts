// `logger.flush(callback)`: when it calls back, everything that was logged before is finished.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { type PinoTransportOptions, transport } from '@putlogs/pino';
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

function arrived(emulator: Emulator): number[] {
  return emulator.logs().map((log) => Number(contentsOf(log)['n']));
}

function sequence(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}
