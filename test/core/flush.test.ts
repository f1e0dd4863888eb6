// `flush({ timeoutMs })`, on every face there is: what it waits for, what it says, and what it leaves behind.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  createShipper,
  createWorkerShipper,
  type FlushOptions,
  type FlushResult,
  type PutlogsOptions,
} from '@putlogs/core';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { startShipper } from '@putlogs/core/internal/shipper/shipper';
import { transport as pinoTransport } from '@putlogs/pino';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';
import { runChild } from '../support/child';
import {
  closedPort,
  contentsOf,
  type Emulator,
  emulatorForTest,
  environmentFor,
  optionsFor,
  until,
} from '../support/emulator';
import { HandClock } from '../unit/hand-clock';

interface Face {
  readonly log: (n: number) => void;
  readonly flush: (options?: FlushOptions) => Promise<FlushResult>;
  readonly end: () => Promise<unknown>;
}

function winstonFace(options: PutlogsOptions, worker: boolean): Face {
  const transport = new PutlogsTransport({ ...options, worker });
  const logger = winston.createLogger({ transports: [transport] });
  const end = () => new Promise((done) => logger.on('finish', done).end());
  return { log: (n) => logger.info('x', { n }), flush: (limit) => transport.flush(limit), end };
}

const FACES: Record<string, (options: PutlogsOptions) => Face | Promise<Face>> = {
  shipper(options) {
    const shipper = createShipper(options);
    const log = (n: number) => void shipper.write(JSON.stringify({ n }));
    return { log, flush: (limit) => shipper.flush(limit), end: () => shipper.close() };
  },
  host(options) {
    const host = createWorkerShipper(options);
    return {
      log: (n) => void host.write(JSON.stringify({ n })),
      flush: (limit) => host.flush(limit),
      end: () => host.close(),
    };
  },
  'winston, in a worker': (options) => winstonFace(options, true),
  'winston, in one thread': (options) => winstonFace(options, false),
  async 'pino, in one thread'(options) {
    const stream = await pinoTransport(options);
    const logger = pino(stream);
    const end = () => new Promise((done) => stream.on('close', done).end());
    return { log: (n) => logger.info({ n }, 'x'), flush: (limit) => stream.flush(limit), end };
  },
};

const PATIENT_MS = 60_000;
const SHORT_MS = 100;

for (const [name, open] of Object.entries(FACES)) {
  describe(`flush with a limit: ${name}`, () => {
    async function start(): Promise<{ emulator: Emulator; face: Face }> {
      const emulator = await emulatorForTest();
      const face = await open({ ...optionsFor(emulator), lingerMs: PATIENT_MS });
      return { emulator, face };
    }

    it('sends the open batch at once, and returns that all records are finished', async () => {
      const { emulator, face } = await start();
      face.log(0);
      face.log(1);
      assert.deepEqual(await face.flush({ timeoutMs: PATIENT_MS }), { finished: true, pending: 0 });
      assert.deepEqual(numbers(emulator), [0, 1]);
      assert.deepEqual(
        await face.flush({ timeoutMs: 0 }),
        { finished: true, pending: 0 },
        'and nothing is left to wait for',
      );
      face.log(2);
      assert.deepEqual(await face.flush(), { finished: true, pending: 0 }, 'also without a limit');
      await face.end();
    });

    it('returns at its limit that records are pending, and these are delivered once, in order, with the next flush', async () => {
      const { emulator, face } = await start();
      emulator.faults([{ status: 503 }]);
      face.log(0);
      // Whatever has to be started first.
      while (emulator.stats().requests === 0) await face.flush({ timeoutMs: 10 });
      const startMs = performance.now();
      assert.deepEqual(await face.flush({ timeoutMs: SHORT_MS }), { finished: false, pending: 1 });
      const tookMs = performance.now() - startMs;
      assert.ok(tookMs >= SHORT_MS - 1 && tookMs < 10 * SHORT_MS, `${tookMs} ms`);
      face.log(1);
      assert.deepEqual(await face.flush({ timeoutMs: 1 }), { finished: false, pending: 2 });
      emulator.faults([]);
      face.log(2);
      assert.deepEqual(await face.flush({ timeoutMs: PATIENT_MS }), { finished: true, pending: 0 });
      assert.deepEqual(numbers(emulator), [0, 1, 2]);
      await face.end();
    });

    it('keeps its limit while another flush waits without one, and a thousand leave nothing behind', async () => {
      const { emulator, face } = await start();
      emulator.faults([{ status: 503 }]);
      face.log(0);
      const unlimited = face.flush();
      await until('it was tried', () => emulator.stats().requests > 0);
      const limited = await Promise.all(Array.from({ length: 1000 }, () => face.flush({ timeoutMs: SHORT_MS })));
      assert.ok(limited.every(({ finished, pending }) => !finished && pending === 1));
      emulator.faults([]);
      assert.deepEqual(await unlimited, { finished: true, pending: 0 });
      assert.deepEqual(await face.flush({ timeoutMs: PATIENT_MS }), { finished: true, pending: 0 });
      assert.deepEqual(numbers(emulator), [0]);
      await face.end();
    });
  });
}

for (const face of ['shipper', 'host'] as const) {
  it(`a flush of a ${face} with a limit keeps the process alive until it is over, and no longer`, async () => {
    const env = {
      ...environmentFor({ url: `http://127.0.0.1:${await closedPort()}`, accessKeyId: 'a', accessKeySecret: 'b' }),
      PUTLOGS_CLOSE_TIMEOUT_MS: '0',
    };
    const args = [JSON.stringify({ face, timeoutMs: 300 })];
    const { code, stdout, durationMs } = await runChild(join(__dirname, 'apps/flush-and-end.js'), { args, env });
    assert.deepEqual([code, stdout], [0, '{"finished":false,"pending":1}\n']);
    assert.ok(durationMs < 5000, `${durationMs} ms`);
  });
}

it('a flush resolves although a preload script receives the messages of a worker that is starting', async () => {
  const args = [JSON.stringify({ face: 'host', timeoutMs: 20_000 })];
  const { stdout } = await runChild(join(__dirname, 'apps/flush-and-end.js'), {
    args,
    nodeArgs: ['--require', join(__dirname, '../../core/apps/listens-first.cjs')],
    env: environmentFor(await emulatorForTest()),
  });
  assert.equal(stdout, '{"finished":true,"pending":0}\n');
});

it('the limit is time that has passed: a wall clock that jumps does not end it', async () => {
  const clock = new HandClock();
  const wallJumpMs = { now: 0 };
  const emulator = await emulatorForTest();
  emulator.faults([{ delayMs: PATIENT_MS }]);
  const options = resolveOptions({ ...optionsFor(emulator), requestTimeoutMs: PATIENT_MS }, {});
  const shipper = startShipper(options, {
    clock: {
      wallMs: () => systemClock.wallMs() + wallJumpMs.now,
      monotonicMs: clock.monotonicMs,
      after: (delayMs, held, run) => clock.after(delayMs, held, run),
      random: clock.random,
    },
  });
  shipper.write('{"n":0}');
  let result: FlushResult | undefined;
  const flushed = shipper.flush({ timeoutMs: 2000 }).then((said) => {
    result = said;
  });
  wallJumpMs.now = 3_600_000;
  await clock.pass(1999);
  assert.equal(result, undefined);
  await clock.pass(1);
  await flushed;
  assert.deepEqual(result, { finished: false, pending: 1 });
  const closed = shipper.close({ timeoutMs: 0 });
  await clock.pass(0);
  await closed;
});

function numbers(emulator: Emulator): number[] {
  return emulator.logs().map((log) => Number(contentsOf(log)['n']));
}
