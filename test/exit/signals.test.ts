// handleSignals: who listens, for how long, and who has the last word.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createShipper, createWorkerShipper } from '@putlogs/core';
import { startChild } from '../support/child';
import { closedPort, type Emulator, environmentFor, optionsFor, startEmulator, until } from '../support/emulator';
import { EXIT_CODE } from './apps/plan';

// Newer versions of Node write a report at SIGUSR2 in a test process, as a file in the current directory.
if (process.report !== undefined) process.report.reportOnSignal = false;

const apps = join(__dirname, 'apps');

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.close());

/** Listeners that were added after the start of the test. The runner of newer versions of Node has its own. */
function addedListeners(): (signal: NodeJS.Signals) => number {
  const before = { SIGUSR2: process.listenerCount('SIGUSR2'), SIGHUP: process.listenerCount('SIGHUP') };
  return (signal) => process.listenerCount(signal) - before[signal as keyof typeof before];
}

test('all transports share one listener for a signal, and the last close removes it', async () => {
  const added = addedListeners();
  const options = { ...optionsFor(emulator), handleSignals: ['SIGUSR2' as const, 'SIGHUP' as const] };
  const first = createShipper(options);
  const second = createWorkerShipper(options);
  const third = createShipper(optionsFor(emulator));
  assert.deepEqual([added('SIGUSR2'), added('SIGHUP')], [1, 1]);
  await first.close();
  assert.equal(added('SIGUSR2'), 1);
  await Promise.all([second.close(), third.close()]);
  assert.deepEqual([added('SIGUSR2'), added('SIGHUP')], [0, 0]);
});

test('a second copy of the package shares the listener', async () => {
  const added = addedListeners();
  const options = { ...optionsFor(emulator), handleSignals: ['SIGUSR2' as const] };
  const first = createShipper(options);
  const loaded = Object.keys(require.cache).filter((file) => file.includes('/packages/core/'));
  for (const file of loaded) delete require.cache[file];
  const copy = require('@putlogs/core') as typeof import('@putlogs/core');
  assert.notEqual(copy.createShipper, createShipper);
  const second = copy.createShipper(options);
  assert.equal(added('SIGUSR2'), 1);
  await Promise.all([first.close(), second.close()]);
  assert.equal(added('SIGUSR2'), 0);
});

test('if the application listens, its records are sent and the application ends itself', async () => {
  const shipper = createShipper({ ...optionsFor(emulator), lingerMs: 60_000, handleSignals: ['SIGUSR2'] });
  const heard = once(process, 'SIGUSR2');
  const before = emulator.stats().logs;
  shipper.write('{"a":1}');
  process.kill(process.pid, 'SIGUSR2');
  await heard;
  while (emulator.stats().logs === before) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(shipper.write('{"a":2}'), true, 'it is not closed');
  await shipper.close();
});

test('a second signal ends the process at once', async () => {
  const env = {
    ...environmentFor(emulator),
    PUTLOGS_ENDPOINT: `http://127.0.0.1:${await closedPort()}`,
    PUTLOGS_CLOSE_TIMEOUT_MS: '9000',
    PUTLOGS_HANDLE_SIGNALS: 'SIGTERM',
  };
  const plan = { instance: 'twice', count: 1, end: 'idle', shape: 'own' };
  const child = startChild(join(apps, 'winston-app.js'), { args: [JSON.stringify(plan)], env });
  await child.line('ready');
  child.kill('SIGTERM');
  // The first one is being waited for: the process would be gone otherwise.
  await until('the outage is reported', () => child.output().stderr.includes('not delivered'));
  const atMs = performance.now();
  child.kill('SIGTERM');
  const { signal } = await child.ended;
  assert.equal(signal, 'SIGTERM');
  assert.ok(performance.now() - atMs < 4000, `${performance.now() - atMs} ms`);
});

test('under pino, handleSignals has no effect, and a warning says so', async () => {
  const plan = { instance: 'pino', count: 5, end: 'exit', shape: 'one' };
  const env = environmentFor(emulator, { PUTLOGS_HANDLE_SIGNALS: 'SIGTERM,SIGINT' });
  const before = emulator.stats().logs;
  const { code, stderr } = await startChild(join(apps, 'pino-app.js'), { args: [JSON.stringify(plan)], env }).ended;
  assert.equal(code, EXIT_CODE);
  assert.match(stderr, /^putlogs: handleSignals has no effect in a worker thread.*process\.once\('SIGTERM'.*\n$/);
  assert.equal(emulator.stats().logs - before, 5);
});
