// How the transport behaves towards winston: towards its loggers, the transports beside it, and the infos they share.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import type { Stats } from '@putlogs/core';
import { PutlogsTransport } from '@putlogs/winston';
import winston from 'winston';
import { threads } from '../support/child';
import { spooledRecords, temporaryDirectory } from '../support/directory';
import { closedPort, contentsOf, type Emulator, optionsFor, startEmulator, until } from '../support/emulator';

const LEVEL = Symbol.for('level');
const COUNT = 100;

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.close());

for (const worker of [true, false]) {
  describe(`with worker: ${worker}`, () => {
    const start = (options = {}) => {
      const topicId = crypto.randomUUID();
      const transport = new PutlogsTransport({ ...optionsFor(emulator), topicId, worker, ...options });
      const arrived = () => emulator.logs({ topicId }).map((log) => contentsOf(log)['message']);
      return { transport, topicId, arrived };
    };

    it('log calls next at once, without an error', async () => {
      const { transport } = start();
      const calls: unknown[][] = [];
      assert.equal(
        transport.log({ [LEVEL]: 'info', level: 'info', message: 'x' }, (...args) => calls.push(args)),
        true,
      );
      assert.deepEqual(calls, [[]]);
      await finished(transport);
    });

    it('an info is not changed, even a deeply frozen one', async () => {
      const { transport, arrived } = start();
      const error = Object.assign(new Error('frozen', { cause: new Error('why') }), { code: 'E' });
      const info = deepFreeze({ [LEVEL]: 'info', level: 'info', message: 'x', error, list: [1, { two: 2n }] });
      const before = inspected(info);
      transport.write(info);
      await finished(transport);
      assert.equal(inspected(info), before);
      assert.deepEqual(arrived(), ['x']);
    });

    it('a value that is changed after the call arrives as it was', async () => {
      const { transport, topicId } = start();
      const its = logger(transport);
      const user = { id: 7, list: [1] };
      const info = { level: 'info', message: 'x', user };
      its.log(info);
      user.id = 8;
      user.list.push(2);
      info.message = 'changed';
      await finished(its);
      const [contents] = emulator.logs({ topicId }).map(contentsOf);
      assert.deepEqual(contents, { level: 'info', message: 'x', user: '{"id":7,"list":[1]}' });
    });

    it('a service that refuses connections affects neither the logger nor the other transport', async () => {
      await isUndisturbed(start({ endpoint: `http://127.0.0.1:${await closedPort()}`, closeTimeoutMs: 200 }).transport);
    });

    it('a service that answers 500 affects neither the logger nor the other transport', async () => {
      const topicId = crypto.randomUUID();
      emulator.faults([{ match: { topicId }, status: 500 }]);
      await isUndisturbed(start({ topicId, closeTimeoutMs: 200 }).transport);
    });

    it('a service that refuses a record for good affects neither, and the logger gets a warning', async () => {
      const topicId = crypto.randomUUID();
      emulator.faults([{ match: { topicId, contains: '42' }, code: 'InvalidArgument' }]);
      const { transport } = start({ topicId });
      const warnings = await isUndisturbed(transport);
      assert.match(JSON.stringify(warnings), /InvalidArgument/);
      const { delivered, dropped } = transport.stats();
      assert.ok(dropped.rejected > 0);
      assert.equal(delivered + dropped.rejected, COUNT);
    });

    it('every record of two loggers that share it arrives, whichever removes it first', async () => {
      const { transport, arrived } = start();
      const [first, second] = [logger(transport), logger(transport)];
      first.info('first 1');
      second.info('second 1');
      first.close();
      second.info('second 2');
      await transport.flush();
      second.info('second 3');
      second.close();
      await until('all arrived', () => arrived().length === 4);
      assert.deepEqual(arrived(), ['first 1', 'second 1', 'second 2', 'second 3']);
    });

    it('what was logged before logger.close() arrives', async () => {
      const { transport, arrived } = start();
      const closed = logger(transport);
      closed.info('before');
      closed.close();
      await until('it arrived', () => arrived().length === 1);
    });

    it('it can be removed from a logger and added again, at once or later, and keeps its counts', async () => {
      const { transport, arrived } = start();
      const its = logger(transport);
      its.info('1');
      its.remove(transport).add(transport).info('2');
      await transport.flush();
      its.remove(transport);
      await until('its thread has ended', () => threads() === 0);
      its.add(transport).info('3');
      await transport.flush();
      assert.deepEqual(arrived(), ['1', '2', '3']);
      assert.equal(transport.stats().accepted, 3);
      assert.equal(transport.stats().delivered, 3);
      await finished(its);
    });

    it('removed and added again while the service is away, it delivers what is on disk once, in order, with true sums', async () => {
      const dir = temporaryDirectory('removed');
      // A sink that closes gives up at once: only one that stays open goes on trying.
      const rest = { spool: { dir }, lingerMs: 10, closeTimeoutMs: 1, retry: { baseMs: 20, maxMs: 20 } };
      const { transport, topicId, arrived } = start(rest);
      emulator.faults([{ match: { topicId }, status: 503 }]);
      const polling = setInterval(() => assertSums(transport.stats()), 1);
      after(() => clearInterval(polling));
      const its = logger(transport);
      for (let n = 0; n < 5; n += 1) its.info(`${n}`);
      await until('all are on disk', () => transport.stats().spooled === 5);
      its.remove(transport);
      const { requests } = transport.stats();
      await until('it still tries', () => transport.stats().requests >= requests + 10);
      its.add(transport);
      for (let n = 5; n < 7; n += 1) its.info(`${n}`);
      await until('all are on disk', () => transport.stats().spooled === 7);
      its.remove(transport);
      emulator.faults([]);
      await until('all arrived', () => transport.stats().delivered === 7);
      await until('its thread has ended', () => threads() === 0);
      its.add(transport).info('7');
      await transport.flush();
      clearInterval(polling);
      assert.deepEqual(arrived(), ['0', '1', '2', '3', '4', '5', '6', '7']);
      const { accepted, recovered, delivered, spooled, pending } = transport.stats();
      assert.deepEqual([accepted, recovered, delivered, spooled, pending], [8, 0, 8, 0, 0]);
      await finished(its);
      assert.equal(spooledRecords(dir), 0);
    });

    it("logger.end() and its 'finish' mean delivered", async () => {
      const { transport, topicId, arrived } = start({ lingerMs: 60_000 });
      emulator.faults([{ match: { topicId }, status: 503, times: 2 }]);
      const its = logger(transport);
      for (let n = 0; n < COUNT; n++) its.info(`${n}`);
      await finished(its);
      assert.deepEqual(arrived(), [...Array(COUNT).keys()].map(String));
    });

    it('flush() settles when everything is delivered', async () => {
      const { transport, topicId, arrived } = start({ lingerMs: 60_000 });
      emulator.faults([{ match: { topicId }, status: 503, times: 2 }]);
      const its = logger(transport);
      for (let n = 0; n < COUNT; n++) its.info(`${n}`);
      await transport.flush();
      assert.equal(arrived().length, COUNT);
      await finished(its);
    });

    it('silent and level are what they are for any transport', async () => {
      const { transport, arrived } = start({ level: 'warn' });
      const its = logger(transport);
      its.info('too low').warn('high enough');
      transport.silent = true;
      its.error('not heard');
      await finished(its);
      assert.deepEqual(arrived(), ['high enough']);
    });

    it('its own format applies to it alone', async () => {
      const format = winston.format((info) => ({ ...info, message: `<${String(info.message)}>` }))();
      const { transport, arrived } = start({ format });
      const its = logger(transport);
      its.info('x');
      await finished(its);
      assert.deepEqual(arrived(), ['<x>']);
    });
  });
}

/** Logs through the transport and one beside it, ends the logger, and returns the warnings. */
async function isUndisturbed(transport: PutlogsTransport): Promise<unknown[]> {
  const heard: string[] = [];
  const beside = new winston.transports.Stream({ stream: sink(heard) });
  const its = winston.createLogger({ transports: [transport, beside] });
  const errors: unknown[] = [];
  const warnings: unknown[] = [];
  its.on('error', (error) => errors.push(error)).on('warn', (warning) => warnings.push(warning));
  for (let n = 0; n < COUNT; n++) its.info(`${n}`);
  assert.equal(heard.length, COUNT);
  await finished(its);
  assert.deepEqual(errors, []);
  assert.equal(transport.stats().pending, 0);
  return warnings;
}

function sink(heard: string[]): NodeJS.WritableStream {
  return new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      heard.push(text);
      done();
    },
  });
}

function logger(transport: PutlogsTransport): winston.Logger {
  return winston.createLogger({ transports: [transport] });
}

async function finished(stream: winston.Logger | PutlogsTransport): Promise<void> {
  stream.end();
  await once(stream, 'finish');
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const key of Reflect.ownKeys(value)) deepFreeze(Reflect.get(value, key));
  }
  return value;
}

function inspected(value: unknown): string {
  return inspect(value, { depth: 9, showHidden: true });
}

function assertSums(stats: Stats): void {
  const { accepted, recovered, delivered, spooled, pending } = stats;
  const dropped = Object.values(stats.dropped).reduce((sum, records) => sum + records, 0);
  assert.equal(accepted + recovered, delivered + spooled + pending + dropped, JSON.stringify(stats));
  assert.ok(Math.min(recovered, delivered, spooled, pending, dropped) >= 0, JSON.stringify(stats));
}
