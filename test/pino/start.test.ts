// Wrong options are the one error of the pino transport, and it comes at start.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { after, before, it } from 'node:test';
import { target, transport } from '@putlogs/pino';
import pino from 'pino';
import { contentsOf, type Emulator, optionsFor, startEmulator } from '../support/emulator';
import { ended, flushed, startPino } from '../support/pino-destination';

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.close());

const wrong = () => ({ ...optionsFor(emulator), lingersMs: 5, batch: { maxBytes: -1 } });

it('wrong options reject, in one error that names them all and no secret', async () => {
  await assert.rejects(transport(wrong() as never), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'ERR_PUTLOGS_OPTIONS');
    assert.match(error.message, /lingersMs/);
    assert.match(error.message, /batch\.maxBytes/);
    assert.doesNotMatch(error.message, new RegExp(emulator.accessKeySecret));
    return true;
  });
});

it('wrong options are an error event of the stream that pino.transport returns', async () => {
  const destination = startPino({ target: '@putlogs/pino', options: wrong() });
  const [error] = (await once(destination, 'error')) as [Error];
  assert.match(error.message, /lingersMs/);
});

it('enabled: false needs no other option and writes nothing', async () => {
  const destination = startPino({ target: '@putlogs/pino', options: { enabled: false } });
  pino(destination).info('not read');
  await ended(destination);
  assert.equal(emulator.logs().length, 0);
});

it('the exported target is the file of the transport, which pino loads without a search', async () => {
  assert.equal(target, createRequire(__filename).resolve('@putlogs/pino'));
  const destination = startPino({ target, options: optionsFor(emulator) });
  const logger = pino(destination);
  logger.info('by its file');
  await flushed(logger);
  await ended(destination);
  assert.deepEqual(
    emulator.logs().map((log) => contentsOf(log)['msg']),
    ['by its file'],
  );
  emulator.reset();
});

it('logging after the end is no error', async () => {
  const stream = await transport(optionsFor(emulator));
  const logger = pino(stream);
  stream.end();
  await once(stream, 'close');
  logger.info('too late');
  logger.info('and later');
  await new Promise(setImmediate);
  assert.equal(stream.stats().refused.closed, 2);
});

it('logging while the transport closes is no error, and counted', async () => {
  const stream = await transport(optionsFor(emulator));
  const logger = pino(stream);
  logger.info('in time');
  stream.end();
  logger.info('too late');
  await once(stream, 'close');
  await new Promise(setImmediate);
  const { accepted, delivered, refused } = stream.stats();
  assert.deepEqual([accepted, delivered, refused.closed], [1, 1, 1]);
});
