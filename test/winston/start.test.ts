// How a winston transport starts, and what is left of it afterwards.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, it } from 'node:test';
import { PutlogsTransport } from '@putlogs/winston';
import winston from 'winston';
import { runChild, threads } from '../support/child';
import { type Emulator, optionsFor, startEmulator, until } from '../support/emulator';

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.close());

it('transports that come and go with their loggers leave no thread behind', async () => {
  const threadsBefore = threads();
  const topicId = crypto.randomUUID();
  for (let n = 0; n < 5; n++) {
    const its = loggerOf(new PutlogsTransport({ ...optionsFor(emulator), topicId }));
    its.info('one request');
    its.close();
  }
  await until('all arrived', () => emulator.logs({ topicId }).length === 5);
  await until('their threads have ended', () => threads() === threadsBefore);
});

it('wrong options throw at once, in one error that names them all and no secret', () => {
  const options = { ...optionsFor(emulator), lingersMs: 1, batch: { maxBytes: -1 } };
  assert.throws(
    () => new PutlogsTransport(options as never),
    (error: Error & { code?: string }) =>
      error.code === 'ERR_PUTLOGS_OPTIONS' &&
      /lingersMs/.test(error.message) &&
      /batch\.maxBytes/.test(error.message) &&
      !error.message.includes(emulator.accessKeySecret),
  );
});

it('enabled: false needs no other option, and logs nothing', async () => {
  emulator.reset();
  const its = loggerOf(new PutlogsTransport({ enabled: false }));
  its.info('not read');
  its.end();
  await once(its, 'finish');
  assert.equal(emulator.logs().length, 0);
});

it('a build of Next.js needs no option, sends nothing, and says so once', async () => {
  const program = `
    const { PutlogsTransport } = require('@putlogs/winston');
    const logger = require('winston').createLogger({ transports: [new PutlogsTransport(), new PutlogsTransport()] });
    logger.info('a page was rendered');
  `;
  const { code, stderr } = await runChild('', {
    command: process.execPath,
    args: ['-e', program],
    cwd: __dirname,
    env: { NEXT_PHASE: 'phase-production-build' },
  });
  assert.match(stderr, /^putlogs: next build loads the application, so nothing is started .*PUTLOGS_ENABLED=true.*\n$/);
  assert.equal(code, 0);
});

function loggerOf(transport: PutlogsTransport): winston.Logger {
  return winston.createLogger({ transports: [transport] });
}
