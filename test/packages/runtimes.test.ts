// Bun and Deno keep the promises that Node keeps, in an application that is installed from the tarballs. What one of
// them cannot do is reported.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { createServer } from 'node:tls';
import { Authority, noOpenssl } from '../support/certificates';
import { leftIn, spooledRecords, temporaryDirectory } from '../support/directory';
import { closedPort, type Emulator, emulatorForTest, environmentFor } from '../support/emulator';
import { startProxy } from '../support/proxy';
import { type Application, freshApplication } from './application';
import { packedPackages } from './packed';
import {
  assertArrived,
  COUNT,
  countersIn,
  EXIT_CODE,
  gapOf,
  INSTANCE,
  ours,
  type Plan,
  runtimeIsMissing,
  start,
  startOn,
  TRANSPORTS,
  type Transport,
} from './runtimes';
import { RUNTIMES } from './versions';

const dependencies = [
  ...packedPackages().map(({ manifest }) => manifest.name as `@putlogs/${string}`),
  'pino',
  'winston',
] as const;
const WORKERS = TRANSPORTS.filter((transport) => transport.endsWith('worker'));
const OWN_THREADS = TRANSPORTS.filter((transport) => transport.endsWith('own thread'));
/** For a process that cannot deliver. */
const CLOSE_TIMEOUT_MS = 1000;
/** Starting a runtime and its threads, on a machine that also runs other tests. */
const MARGIN_MS = 15_000;

for (const [name, manager] of [
  ['bun', 'npm'],
  ['deno', 'pnpm'],
] as const) {
  // Each test is a few processes that mostly wait.
  suite(`${name} ${RUNTIMES[name].version}`, { skip: runtimeIsMissing(name), concurrency: 2 }, () => {
    let application: Application;
    before(async () => {
      application = await freshApplication({ manager, dependencies, files: 'runtimes' });
    });
    const run = (emulator: Emulator, plan: Plan, env: Record<string, string> = {}, signal?: NodeJS.Signals) =>
      start(name, application, emulator, plan, { env, onLine: (_line, child) => signal && child.kill(signal) }).ended;

    /** As `run`, while the service is away. */
    const runWithoutService = async (emulator: Emulator, plan: Plan, env: Record<string, string>, signal?: 'SIGKILL') =>
      run(emulator, plan, { PUTLOGS_ENDPOINT: `http://127.0.0.1:${await closedPort()}`, ...env }, signal);

    /** A process of the same instance delivers what an earlier one left, before its own records, and leaves nothing. */
    const assertRestartDelivers = async (emulator: Emulator, transport: Transport, env: Record<string, string>) => {
      const result = await run(emulator, { transport, from: COUNT, to: COUNT + 10, end: 'flush' }, env);
      assert.deepEqual([result.code, ours(name, transport, result)], [EXIT_CODE, []], result.stderr);
      assertArrived(emulator, transport, { to: COUNT + 10 });
      assert.deepEqual(leftIn(env['PUTLOGS_SPOOL_DIR']!), []);
    };

    for (const transport of TRANSPORTS) {
      test(`an application that has nothing left to do has delivered its records: ${transport}`, async () => {
        const emulator = await emulatorForTest();
        const result = await run(emulator, { transport, end: 'natural' });
        assert.deepEqual([result.code, ours(name, transport, result)], [0, []], result.stderr);
        assertArrived(emulator, transport);
      });
    }

    for (const transport of WORKERS) {
      test(`flush resolves when every record is delivered: ${transport}`, async () => {
        const emulator = await emulatorForTest();
        const result = await run(emulator, { transport, end: 'flush' });
        assert.deepEqual([result.code, ours(name, transport, result)], [EXIT_CODE, []], result.stderr);
        assert.equal(countersIn(result).delivered, COUNT);
        assertArrived(emulator, transport);
      });

      for (const [end, code] of [
        ['exit', EXIT_CODE],
        ['throw', 1],
        ['reject', 1],
      ] as const) {
        // What is lost there is reported, see below.
        if (end !== 'exit' && gapOf(name, transport)?.source.includes('uncaught')) continue;
        test(`an application that ends by ${end} right after it has logged loses nothing: ${transport}`, async () => {
          const emulator = await emulatorForTest();
          const result = await run(emulator, { transport, end });
          assert.deepEqual([result.code, ours(name, transport, result)], [code, []], result.stderr);
          assertArrived(emulator, transport);
        });
      }
    }

    for (const transport of ['core, worker', 'pino, worker'] as const) {
      test(`with the service away, process.exit takes no longer than it may, and counts the records: ${transport}`, async () => {
        const env = { PUTLOGS_CLOSE_TIMEOUT_MS: `${CLOSE_TIMEOUT_MS}` };
        const result = await runWithoutService(await emulatorForTest(), { transport, end: 'exit' }, env);
        assert.equal(result.code, EXIT_CODE);
        assert.match(result.stderr, new RegExp(`^putlogs: ${COUNT} records are lost: `, 'm'));
        // thread-stream says so after ten seconds, if the worker stands still while the application's thread waits.
        assert.doesNotMatch(result.stderr, /took too long/);
        assert.ok(result.durationMs < CLOSE_TIMEOUT_MS + MARGIN_MS, `${result.durationMs} ms`);
      });
    }

    for (const end of ['exit', 'throw', 'reject'] as const) {
      test(`in one thread, records of an application that ends by ${end} are counted`, async () => {
        const emulator = await emulatorForTest();
        const result = await run(emulator, { transport: 'core, own thread', end }, { PUTLOGS_LINGER_MS: '60000' });
        assert.match(result.stderr, new RegExp(`^putlogs: ${COUNT} records are lost: `, 'm'));
        assert.deepEqual(emulator.logs(), []);
      });
    }

    for (const transport of OWN_THREADS) {
      test(`in one thread, a spool keeps records from an uncaught error for the next process: ${transport}`, async () => {
        const emulator = await emulatorForTest();
        const env = { PUTLOGS_SPOOL_DIR: temporaryDirectory('thrown') };
        await run(emulator, { transport, end: 'throw' }, { ...env, PUTLOGS_LINGER_MS: '60000' });
        assert.equal(spooledRecords(env.PUTLOGS_SPOOL_DIR), COUNT);
        await assertRestartDelivers(emulator, transport, env);
      });
    }

    for (const transport of TRANSPORTS.filter((each) => !each.startsWith('pino'))) {
      test(`with handleSignals, SIGTERM ends the process by itself after the delivery: ${transport}`, async () => {
        const emulator = await emulatorForTest();
        const plan: Plan = { transport, end: 'idle', options: { handleSignals: ['SIGTERM'] } };
        const result = await run(emulator, plan, {}, 'SIGTERM');
        assert.deepEqual([result.signal, ours(name, transport, result)], ['SIGTERM', []], result.stderr);
        assertArrived(emulator, transport);
      });
    }

    test('pino delivers when a handler of SIGTERM exits', async () => {
      const emulator = await emulatorForTest();
      const result = await run(emulator, { transport: 'pino, worker', end: 'handler' }, {}, 'SIGTERM');
      assert.equal(result.code, EXIT_CODE, result.stderr);
      assertArrived(emulator, 'pino, worker');
    });

    test('pino delivers when a handler of uncaught errors exits', async () => {
      const emulator = await emulatorForTest();
      const result = await run(emulator, { transport: 'pino, worker', end: 'caught' });
      assert.equal(result.code, EXIT_CODE, result.stderr);
      assertArrived(emulator, 'pino, worker');
    });

    for (const transport of ['core, worker', 'core, own thread', 'pino, worker'] as const) {
      test(`after kill -9, a spool with mode always has every record for the next process: ${transport}`, async () => {
        const emulator = await emulatorForTest();
        const env = {
          PUTLOGS_SPOOL_DIR: temporaryDirectory('killed'),
          PUTLOGS_SPOOL_MODE: 'always',
          PUTLOGS_SPOOL_FSYNC: 'true',
        };
        const { signal } = await runWithoutService(emulator, { transport, end: 'idle when spooled' }, env, 'SIGKILL');
        assert.equal(signal, 'SIGKILL');
        await assertRestartDelivers(emulator, transport, env);
      });
    }

    test('the records of a process that still runs are left alone, and adopted once it is killed', async () => {
      const [emulator, another] = [await emulatorForTest(), await emulatorForTest()];
      const env = { PUTLOGS_SPOOL_DIR: temporaryDirectory('alive'), PUTLOGS_SPOOL_MODE: 'always' };
      const transport = 'core, own thread';
      const away = { PUTLOGS_ENDPOINT: `http://127.0.0.1:${await closedPort()}`, ...env };
      const first = start(name, application, emulator, { transport, end: 'idle when spooled' }, { env: away });
      await first.line('ready');
      const other: Plan = { transport, instance: 'two', to: 10, end: 'flush' };
      const second = await run(another, other, env);
      assert.equal(second.code, EXIT_CODE, second.stderr);
      assert.equal(another.logs().length, 10);
      first.kill('SIGKILL');
      await first.ended;
      await assertRestartDelivers(emulator, transport, env);
    });

    for (const transport of WORKERS.filter((each) => each !== 'pino, worker')) {
      test(`a worker that dies is replaced, and with a spool nothing is lost: ${transport}`, async () => {
        const emulator = await emulatorForTest();
        const directory = temporaryDirectory('ended');
        const HOW = transport === 'core, worker' ? 'throw' : 'reject';
        const env = { HOW, ENDED: join(directory, 'ended'), PUTLOGS_SPOOL_DIR: join(directory, 'spool') };
        const options = { transform: join(application.directory, 'ending.cjs') };
        const result = await run(emulator, { transport, end: 'flush', options }, env);
        assert.equal(result.code, EXIT_CODE, result.stderr);
        assert.match(result.stderr, /the worker thread has ended \(on purpose\)/);
        assertArrived(emulator, transport);
      });
    }

    test('a worker that calls process.exit is replaced, and its records are counted', async () => {
      const emulator = await emulatorForTest();
      const env = { HOW: 'exit', ENDED: join(temporaryDirectory('ended'), 'ended') };
      const options = { transform: join(application.directory, 'ending.cjs') };
      const result = await run(emulator, { transport: 'core, worker', end: 'flush', options }, env);
      assert.equal(result.code, EXIT_CODE, result.stderr);
      const { accepted, delivered, dropped } = countersIn(result);
      assert.deepEqual([accepted, delivered + dropped.worker], [COUNT, COUNT]);
      assert.equal(emulator.logs().length, delivered);
      assert.match(result.stderr, new RegExp(`: ${dropped.worker} records are lost with it`));
    });

    test('a service behind a proxy, and with a CA certificate of its own, gets every record', {
      skip: noOpenssl,
    }, async () => {
      const authority = new Authority();
      const certificate = authority.certificate('service', 'DNS:logs.example.com,IP:127.0.0.1', '-days', '1');
      for (const isTlsProxy of [false, true]) {
        const emulator = await emulatorForTest();
        const port = await startTlsFront(emulator, certificate);
        const proxy = await startProxy({ to: () => port, ...(isTlsProxy ? { certificate } : {}) });
        const scheme = isTlsProxy ? 'https' : 'http';
        const env = {
          PUTLOGS_ENDPOINT: 'https://logs.example.com',
          PUTLOGS_PROXY: `${scheme}://name:password@127.0.0.1:${proxy.port}`,
          PUTLOGS_TLS_CA_FILE: authority.file,
        };
        const result = await run(emulator, { transport: 'core, worker', end: 'natural' }, env);
        await proxy.close();
        assert.deepEqual([result.code, ours(name, 'core, worker', result)], [0, []], result.stderr);
        assertArrived(emulator, 'core, worker');
        assert.ok(proxy.connects.length > 0);
        assert.equal(proxy.names[0], 'name:password');
      }
    });

    test('putlogs doctor finds nothing wrong, and names the runtime', async () => {
      const emulator = await emulatorForTest();
      const env = { ...environmentFor(emulator), PUTLOGS_SPOOL_DIR: temporaryDirectory('doctor') };
      const { code, stdout, stderr } = await startOn(name, application, [commandFile('putlogs'), 'doctor'], { env })
        .ended;
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, new RegExp(`^ok +node: v.* \\(${name} ${RUNTIMES[name].version}\\)$`, 'm'));
    });

    test('putlogs-pino ships the lines of its input', async () => {
      const emulator = await emulatorForTest();
      const lines = Array.from({ length: COUNT }, (_, n) => `{"level":30,"instance":"${INSTANCE}","n":${n}}\n`);
      const options = { env: environmentFor(emulator), input: lines.join('') };
      const { code, stderr } = await startOn(name, application, [commandFile('putlogs-pino')], options).ended;
      assert.equal(code, 0, stderr);
      assertArrived(emulator, 'pino, worker');
    });

    test('what it cannot do is one line at the start, and failOnLoss says that it cannot work', async () => {
      const emulator = await emulatorForTest();
      for (const transport of TRANSPORTS) {
        const gap = gapOf(name, transport);
        if (gap === undefined) continue;
        const { stderr } = await run(emulator, { transport, end: 'flush' });
        assert.equal(stderr.split('\n').filter((line) => gap.test(line)).length, 1, stderr);
      }
      const env = environmentFor(emulator);
      const { code, stdout } = await startOn(name, application, ['fail-on-loss.mjs'], { env }).ended;
      assert.equal(code, 0);
      assert.match(stdout, /^ERR_PUTLOGS_WORKER putlogs: failOnLoss cannot work here/);
    });
  });
}

/** In node_modules/.bin, pnpm has a script for the shell. */
function commandFile(command: string): string {
  const { manifest } = packedPackages().find(({ manifest: { bin } }) => bin?.[command] !== undefined)!;
  return join('node_modules', manifest.name, manifest.bin![command]!);
}

/** TLS in front of an emulator. Returns its port. */
async function startTlsFront(emulator: Emulator, certificate: { key: Buffer; cert: Buffer }): Promise<number> {
  const server = createServer(certificate, (near) => {
    const far = connect(Number(new URL(emulator.url).port), '127.0.0.1');
    for (const [socket, other] of [[near, far] as const, [far, near] as const]) {
      socket.on('error', () => other.destroy());
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return (server.address() as AddressInfo).port;
}
