// What the application's thread learns of a transport in pino's worker.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { after, before, it } from 'node:test';
import type { Warning } from '@putlogs/core';
import { stats, transport } from '@putlogs/pino';
import pino from 'pino';
import { type Emulator, optionsFor, startEmulator, until } from '../support/emulator';
import { ended, flushed, startPino } from '../support/pino-destination';

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.close());

/** Asked for as often as it takes: several targets are not flushed by pino. */
async function statsWith(destination: ReturnType<typeof startPino>, delivered: number) {
  for (;;) {
    const now = await stats(destination, { timeoutMs: 20_000 });
    if (now.delivered >= delivered) return now;
  }
}

it('stats are those of the worker, before the first record and after', async () => {
  const destination = startPino({ target: '@putlogs/pino', options: optionsFor(emulator) });
  assert.equal((await stats(destination, { timeoutMs: 20_000 })).accepted, 0);
  const logger = pino(destination);
  for (let n = 0; n < 100; n += 1) logger.info({ n });
  await flushed(logger);
  const { accepted, delivered, pending } = await stats(destination);
  assert.deepEqual([accepted, delivered, pending], [100, 100, 0]);
  await ended(destination);
});

it('of several targets they are the sum', async () => {
  const target = { target: '@putlogs/pino', level: 'info', options: optionsFor(emulator) };
  const destination = startPino({
    targets: [target, { ...target, level: 'error' }, { target: 'pino/file', options: { destination: '/dev/null' } }],
  });
  const logger = pino(destination);
  logger.info('one');
  logger.error('two');
  assert.equal((await statsWith(destination, 3)).accepted, 3);
  await ended(destination);
});

it('in one thread they are there without asking', async () => {
  const destination = await transport(optionsFor(emulator));
  pino(destination).info('one');
  await new Promise<void>((done) => destination.flush(done));
  assert.equal((await stats(destination)).delivered, 1);
  destination.end();
  await once(destination, 'close');
});

it('a logger has those of its transport, and so does its child', async () => {
  const logger = pino({ transport: { target: '@putlogs/pino', options: optionsFor(emulator) } });
  logger.info('one');
  logger.child({ request: 1 }).info('two');
  await flushed(logger);
  for (const asked of [logger, logger.child({ request: 2 }), logger.child({ a: 1 }).child({ b: 1 })]) {
    const { accepted, delivered } = await stats(asked, { timeoutMs: 20_000 });
    assert.deepEqual([accepted, delivered], [2, 2]);
  }
  const child = logger.child({ request: 3 }, { level: 'error', serializers: { a: () => 'a' } });
  assert.equal((await stats(child)).delivered, 2);
});

it('a logger of several targets, and one of several streams, has their sum', async () => {
  const ours = { target: '@putlogs/pino', level: 'info', options: optionsFor(emulator) };
  const beside = { target: 'pino/file', options: { destination: '/dev/null' } };
  const ofTargets = pino({ transport: { targets: [ours, ours, beside] } });
  ofTargets.info('one');
  await until('both have delivered', async () => (await stats(ofTargets, { timeoutMs: 20_000 })).delivered === 2);

  const inWorker = startPino({ target: '@putlogs/pino', options: optionsFor(emulator) });
  const here = await transport(optionsFor(emulator));
  const ofStreams = pino(
    {},
    pino.multistream([{ stream: inWorker }, { stream: here }, { stream: process.stderr, level: 'fatal' }]),
  );
  ofStreams.info('one');
  await until('both have delivered', async () => (await stats(ofStreams, { timeoutMs: 20_000 })).delivered === 2);
  await ended(inWorker);
  here.end();
  await once(here, 'close');
});

it('a logger without a transport of ours is an error at once', async () => {
  const plain = pino(new Writable({ write: (_chunk, _encoding, done) => done() }));
  for (const notOurs of [plain, plain.child({}), pino({ level: 'silent' }), {}, console, null as never, 'x' as never]) {
    await assert.rejects(stats(notOurs, { timeoutMs: 600_000 }), {
      code: 'ERR_PUTLOGS_WORKER',
      message: /pass a logger/,
    });
  }
});

it('a transport that is closed is an error at once', async () => {
  const destination = startPino({ target: '@putlogs/pino', options: optionsFor(emulator) });
  const logger = pino(destination);
  await stats(logger, { timeoutMs: 20_000 });
  await ended(destination);
  const asked = stats(logger, { timeoutMs: 600_000 });
  await assert.rejects(asked, { code: 'ERR_PUTLOGS_WORKER', message: /is closed/ });
});

it('a worker without a target of ours is an error after the time-out, and then at once', async () => {
  const destination = startPino({ target: 'pino/file', options: { destination: '/dev/null' } });
  await assert.rejects(stats(destination, { timeoutMs: 200 }), { code: 'ERR_PUTLOGS_WORKER' });
  await assert.rejects(stats(destination, { timeoutMs: 600_000 }), { message: /has no target/ });
  await ended(destination);
});

it('a warning of the worker is an event in the application', async () => {
  const options = { ...optionsFor(emulator), credentials: { accessKeyId: 'demo', accessKeySecret: 'not-the-secret' } };
  const destination = startPino({ target: '@putlogs/pino', options: { ...options, closeTimeoutMs: 100 } });
  const warned = once(destination, 'putlogs:warning');
  pino(destination).info('one');
  const [warning] = (await warned) as [Warning];
  assert.equal(warning.kind, 'hold');
  assert.match(warning.message, /SignatureDoesNotMatch/);
  assert.doesNotMatch(warning.message, /not-the-secret/);
  await ended(destination);
});
