// What may be written to the transport, and when: nothing throws, nothing is an error, and every record is counted.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { rootCertificates } from 'node:tls';
import { createShipper, createUnstartedShipper, PutlogsError } from '@putlogs/core';
import { PutlogsTransport, type PutlogsTransportOptions } from '@putlogs/winston';
import { LazySink } from '@putlogs/winston/internal/lazy-sink';
import winston from 'winston';
import { runChild, threads } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { contentsOf, type Emulator, optionsFor, startEmulator, until } from '../support/emulator';

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.close());

const LEVEL = Symbol.for('level');

for (const worker of [true, false]) {
  describe(`with worker: ${worker}`, () => {
    const start = (options: PutlogsTransportOptions = {}) => {
      const topicId = crypto.randomUUID();
      const transport = new PutlogsTransport({ ...optionsFor(emulator), topicId, worker, ...options });
      const errors: unknown[] = [];
      transport.on('error', (error) => errors.push(error));
      const arrived = () => emulator.logs({ topicId }).map(contentsOf);
      return { transport, errors, arrived };
    };

    it('a value that is no info is a record, whatever level and format the transport has', async () => {
      const values = [undefined, null, 0, 5, '', 'text', false, 1n, Symbol('s'), Number.NaN];
      const format = winston.format((info) => info)();
      for (const options of [{}, { level: 'warn' }, { format }, { level: 'warn', format }]) {
        const { transport, errors, arrived } = start(options);
        for (const value of values) assert.equal(typeof transport.write(value), 'boolean');
        transport.write({});
        await finished(transport);
        assert.deepEqual(errors, []);
        assert.equal(transport.stats().delivered, values.length + 1);
        const messages = arrived().map((contents) => contents['message']);
        assert.deepEqual(messages.slice(0, -1), values.map(String));
        assert.match(messages.at(-1)!, /^\{"timestamp":\d+\}$/);
      }
    });

    it('the same is true for a transport of a logger that has a level', async () => {
      const { transport, errors, arrived } = start({ level: 'warn' });
      const logger = winston.createLogger({ transports: [transport] });
      for (const value of [undefined, null, 5, {}]) transport.write(value);
      transport.write({ level: 'info', message: 'too low' });
      transport.write({ level: 'error', message: 'high enough' });
      transport.write({ [LEVEL]: 'debug', level: 'debug', message: 'too low' });
      await finished(logger);
      assert.deepEqual(errors, []);
      assert.deepEqual(
        arrived().map(({ message }) => message?.replace(/\d{5,}/, 'now')),
        ['undefined', 'null', '5', '{"timestamp":now}', 'high enough'],
      );
    });

    it('a callback of write is called, and a corked transport keeps the order', async () => {
      const { transport, arrived } = start();
      transport.cork();
      const calls: string[] = [];
      transport.write({ message: '1' }, () => calls.push('1'));
      transport.write({ message: '2' }, 'utf8', () => calls.push('2'));
      transport.uncork();
      transport.write(null, () => calls.push('null'));
      await finished(transport);
      transport.write({ message: '3' }, () => calls.push('3'));
      await until('all are called', () => calls.length === 4);
      assert.deepEqual(calls, ['1', '2', 'null', '3']);
      assert.deepEqual(
        arrived().map(({ message }) => message),
        ['1', '2', 'null'],
      );
    });

    it('a record that logs while it is written arrives, and so does the one that it logs', async () => {
      const { transport, arrived } = start();
      const logger = winston.createLogger({ transports: [transport], format: winston.format((info) => info)() });
      const value = {
        toJSON: () => {
          logger.info('inner 1').info('inner 2');
          return 'shown';
        },
      };
      logger.info('outer', { value });
      await finished(logger);
      assert.deepEqual(
        arrived()
          .map(({ message }) => message)
          .sort(),
        ['inner 1', 'inner 2', 'outer'],
      );
    });

    it('records that come after the end are counted as refused, and nothing is emitted', async () => {
      for (const ends of ['end', 'destroy'] as const) {
        const { transport, errors, arrived } = start();
        transport.write({ level: 'info', message: 'in time' });
        transport[ends]();
        for (let n = 0; n < 100; n += 1) assert.equal(transport.write({ level: 'info', message: 'late' }), true);
        transport.write(null);
        await until('it arrived', () => transport.stats().delivered === 1);
        transport.write({ level: 'info', message: 'later' });
        transport.silent = true;
        transport.write({ level: 'info', message: 'not wanted' });
        assert.equal(transport.stats().refused.closed, 102);
        assert.deepEqual(errors, []);
        assert.deepEqual(
          arrived().map(({ message }) => message),
          ['in time'],
        );
      }
    });

    it('a logger ends while records are still piped into the transport: they are counted', async () => {
      const { transport, errors } = start();
      const source = Readable.from([1, 2, 3, 4].map((n) => ({ level: 'info', [LEVEL]: 'info', message: `${n}` })));
      const slow = new PassThrough({ objectMode: true });
      source.pipe(slow).pipe(transport, { end: false });
      const logger = winston.createLogger({ transports: [transport] });
      await finished(logger);
      await until('all are counted', () => {
        const { accepted, refused } = transport.stats();
        return accepted + refused.closed === 4;
      });
      assert.deepEqual(errors, []);
    });

    it('one transport is ended, and the logger goes on with the other', async () => {
      const { transport, errors } = start();
      const heard: unknown[] = [];
      const beside = new PassThrough({ objectMode: true }).on('data', (info) => heard.push(info));
      const logger = winston.createLogger({
        transports: [transport, new winston.transports.Stream({ stream: beside })],
      });
      logger.on('error', (error) => errors.push(error));
      transport.end();
      for (let n = 0; n < 100; n += 1) logger.info(`${n}`);
      await until('all are heard', () => heard.length === 100);
      assert.deepEqual(errors, []);
      assert.equal(transport.stats().refused.closed, 100);
      logger.close();
    });

    it('a transport that is ended after its thread has ended refuses and counts, and starts none', async () => {
      const { transport, errors } = start();
      const logger = winston.createLogger({ transports: [transport] });
      logger.info('1');
      await transport.flush();
      logger.remove(transport);
      await until('its thread has ended', () => threads() === 0 && transport.stats().delivered === 1);
      await finished(transport);
      const before = transport.stats();
      transport.write({ level: 'info', message: 'late' });
      assert.equal(threads(), 0);
      const { accepted, refused } = transport.stats();
      assert.equal(accepted + refused.closed, before.accepted + 1);
      assert.deepEqual(errors, []);
    });
  });
}

it('a transport that is added again without its CA file keeps its records until the file is back', async () => {
  const caFile = join(temporaryDirectory('gone'), 'ca.pem');
  writeFileSync(caFile, rootCertificates[0]!);
  const topicId = crypto.randomUUID();
  const transport = new PutlogsTransport({ ...optionsFor(emulator), topicId, tls: { caFile } });
  const errors: unknown[] = [];
  const warnings: { code: string; message: string }[] = [];
  transport.on('error', (error) => errors.push(error)).on('warn', (warning) => warnings.push(warning));
  const logger = winston.createLogger({ transports: [transport] });
  logger.info('1');
  await transport.flush();
  logger.remove(transport);
  await until('its thread has ended', () => threads() === 0);
  rmSync(caFile);
  logger.add(transport);
  logger.info('2').info('3');
  await until('it has warned', () => warnings.length > 0);
  assert.equal(warnings[0]!.code, 'BATCH_RETRIED');
  assert.match(warnings[0]!.message, /ENOENT/);
  writeFileSync(caFile, rootCertificates[0]!);
  assert.deepEqual(await transport.flush(), { finished: true, pending: 0 });
  await finished(logger);
  transport.write({ level: 'info', message: '4' });
  const { accepted, delivered, refused } = transport.stats();
  assert.deepEqual([accepted, delivered, refused.closed], [3, 3, 1]);
  assert.deepEqual(errors, []);
});

it('starting again is tried once a minute, and each record is counted once', async () => {
  const topicId = crypto.randomUUID();
  let nowMs = 0;
  let isGone = false;
  let starts = 0;
  const start = () => {
    starts += 1;
    if (isGone) throw new PutlogsError('ERR_PUTLOGS_WORKER', 'putlogs: no worker thread could be started: EAGAIN');
    return createShipper({ ...optionsFor(emulator), topicId });
  };
  const sink = new LazySink(
    start,
    (error) => createUnstartedShipper(error),
    () => nowMs,
  );
  assert.equal(sink.write('{"message":"1"}'), true);
  await sink.flush();
  isGone = true;
  sink.release(() => false);
  // A record that comes before keeps it open until that is delivered.
  await until('it is released', () => sink.stats().pending === 0 && !sink.write('{"message":"2"}'));
  for (let n = 0; n < 10; n += 1) assert.equal(sink.write('{"message":"3"}'), false);
  nowMs += 59_999;
  assert.equal(sink.write('{"message":"4"}'), false);
  const { accepted } = sink.stats();
  assert.equal(starts, 2);
  assert.equal(sink.stats().refused.worker, 12);
  isGone = false;
  nowMs += 1;
  assert.equal(sink.write('{"message":"5"}'), true);
  await sink.flush();
  await sink.end();
  const { delivered, refused } = sink.stats();
  assert.deepEqual([starts, delivered, refused.worker], [3, accepted + 1, 12]);
});

it('an application that ends its logger too early ends with its own code, and prints nothing', async () => {
  const program = `
    const { PutlogsTransport } = require('@putlogs/winston');
    const { PassThrough } = require('node:stream');
    const transport = new PutlogsTransport(${JSON.stringify(optionsFor(emulator))});
    const logger = require('winston').createLogger({ transports: [transport] });
    const source = new PassThrough({ objectMode: true });
    source.pipe(transport, { end: false });
    let written = 0;
    const write = () => {
      written += 1;
      source.write({ level: 'info', message: 'late' });
      if (!isFinished) setImmediate(write);
    };
    let isFinished = false;
    transport.on('finish', () => (isFinished = true));
    logger.end();
    write();
    process.on('exit', () => {
      const { accepted, refused } = transport.stats();
      console.log(JSON.stringify({ written, accepted, refused: refused.closed, left: source.readableLength }));
    });
  `;
  const { code, stdout, stderr } = await runChild('', {
    command: process.execPath,
    args: ['-e', program],
    cwd: __dirname,
  });
  assert.equal(stderr, '');
  assert.equal(code, 0);
  const { written, accepted, refused, left } = JSON.parse(stdout);
  assert.ok(refused > 0, stdout);
  assert.equal(accepted + refused + left, written, stdout);
});

it('with strict, a record that comes too late makes the exit code 1', async () => {
  const program = `
    const { PutlogsTransport } = require('@putlogs/winston');
    const transport = new PutlogsTransport(${JSON.stringify({ ...optionsFor(emulator), strict: true })});
    transport.end();
    transport.on('finish', () => transport.write({ level: 'info', message: 'late' }));
  `;
  const { code } = await runChild('', { command: process.execPath, args: ['-e', program], cwd: __dirname });
  assert.equal(code, 1);
});

async function finished(stream: winston.Logger | PutlogsTransport): Promise<void> {
  stream.end();
  await once(stream, 'finish');
}
