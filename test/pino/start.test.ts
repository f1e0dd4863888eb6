// Wrong options: an error in the application's thread, a report in pino's worker.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import type { Warning } from '@putlogs/core';
import { stats, target, transport } from '@putlogs/pino';
import pino from 'pino';
import { runChild } from '../support/child';
import { contentsOf, type Emulator, environmentFor, optionsFor, startEmulator } from '../support/emulator';
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

it('with strict, wrong options are an error event of the stream that pino.transport returns', async () => {
  const destination = startPino({ target: '@putlogs/pino', options: { ...wrong(), strict: true } });
  const [error] = (await once(destination, 'error')) as [Error];
  assert.match(error.message, /lingersMs/);
});

it('without strict, wrong options are a warning, and every record is refused and counted', async () => {
  const destination = startPino({ target: '@putlogs/pino', options: wrong() });
  const warned = once(destination, 'putlogs:warning');
  const logger = pino(destination);
  logger.info('one');
  logger.info('two');
  const [warning] = (await warned) as [Warning];
  assert.equal(warning.code, 'NOT_STARTED');
  assert.match(warning.message, /batch\.maxBytes: .*lingersMs: /);
  await flushed(logger);
  const { accepted, refused } = await stats(logger, { timeoutMs: 20_000 });
  assert.deepEqual([accepted, refused.options], [0, 2]);
  await ended(destination);
});

it('an application with wrong options goes on, reports every mistake on stderr, and ends with its own code', async () => {
  const { code, stdout, stderr } = await runChild(join(__dirname, 'apps/wrong-options.js'), {
    env: { ...environmentFor(emulator), PUTLOGS_LINGER_MS: 'never', PUTLOGS_BATCH_MAX_COUNT: '0' },
  });
  assert.deepEqual([code, stdout], [0, 'still running\n'], stderr);
  const lines = stderr.split('\n');
  assert.equal(lines[0], 'putlogs: cannot start with these options:');
  assert.match(lines[1]!, /^ {2}- batch\.maxCount \(from PUTLOGS_BATCH_MAX_COUNT\): must be at least 1 /);
  assert.match(lines[2]!, /^ {2}- lingerMs \(from PUTLOGS_LINGER_MS\): must be of type number /);
  assert.match(lines[3]!, /^putlogs: every record is refused, and the application goes on/);
  assert.equal(lines[4], 'putlogs: 1 record is lost: nothing was started, because the options are wrong');
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
