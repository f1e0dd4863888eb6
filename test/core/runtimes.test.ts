// What Node may lack, and what a test may replace: WebAssembly, MD5, code made of strings, timers. All records arrive.

import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { Stats } from '@putlogs/core';
import { md5 } from '@putlogs/core/internal/runtime/md5';
import { type ChildOptions, type ChildResult, runChild, startChild } from '../support/child';
import { contentsOf, type Emulator, emulatorForTest, environmentFor, until } from '../support/emulator';
import { REGION, type TargetUnderTest, targetNamed } from '../support/targets';
import type { EveryWayPlan, Way } from './apps/every-way';

const application = join(__dirname, 'apps/every-way.js');
const sources = join(__dirname, '../../core/apps');
const WAYS: readonly Way[] = [
  'core, own thread',
  'core, worker',
  'winston, own thread',
  'winston, worker',
  'pino, own thread',
  'pino, worker',
];
const OWN_THREAD = WAYS.filter((way) => way.endsWith('own thread'));
const OWN_AND_WORKER: readonly Way[] = ['core, own thread', 'winston, worker'];
const COUNT = 300;

/** Runs the application until all records have arrived, lets it end, and returns what it printed. */
async function shipped(
  emulator: Emulator,
  plan: Partial<EveryWayPlan>,
  options: ChildOptions = {},
  target?: TargetUnderTest,
): Promise<ChildResult> {
  const whole: EveryWayPlan = { ways: WAYS, count: COUNT, ...plan };
  const child = startChild(application, {
    keepInputOpen: '',
    ...options,
    args: [...(options.args ?? []), JSON.stringify(whole)],
    env: { ...environmentFor(emulator, {}, target), ...options.env },
  });
  await child.line('logged');
  await until('all records have arrived', () => emulator.logs().length >= whole.ways.length * whole.count);
  child.type('end\n');
  const result = await child.ended;
  for (const way of whole.ways) {
    const numbers = emulator.logs().flatMap((log) => (contentsOf(log)['way'] === way ? [contentsOf(log)['n']] : []));
    assert.deepEqual(
      numbers,
      Array.from({ length: whole.count }, (_, n) => String(n)),
      way,
    );
  }
  assert.equal(result.code, 0, result.stderr);
  return result;
}

function linesOf({ stderr }: ChildResult, text: string | RegExp): number {
  return stderr.split('\n').filter((line) => line.match(text)).length;
}

suite('where WebAssembly with SIMD cannot run, all records arrive, and one line of each transport says so', () => {
  const modes = [
    { mode: 'a processor without SSE4.1', nodeArgs: ['--no-enable-sse4-1', '--no-enable-ssse3'] },
    { mode: 'node --jitless', nodeArgs: ['--jitless'] },
  ];
  for (const { mode, nodeArgs } of modes) {
    test(mode, async (t) => {
      const problem = await problemOf(nodeArgs);
      if (problem !== undefined) return t.skip(problem);
      const result = await shipped(await emulatorForTest(), {}, { nodeArgs });
      assert.equal(linesOf(result, /^putlogs: WebAssembly with SIMD cannot run here/), WAYS.length, result.stderr);
      assert.equal(linesOf(result, /^putlogs:/), WAYS.length, result.stderr);
    });
  }

  // Less than the memories of all transports need, which reserve 10 GiB each. 15 GiB is enough for one of them: the
  // transport that has it goes on without WebAssembly in the middle of a batch.
  for (const limitGib of [8, 15]) {
    test(`an address space of ${limitGib} GiB`, {
      skip: process.platform !== 'linux' && 'it has no ulimit -v',
    }, async (t) => {
      const limit = ['-c', `ulimit -v ${limitGib * 1024 * 1024}; exec "$0" "$@"`, process.execPath];
      const eight = 'Array.from({ length: 8 }, () => new WebAssembly.Memory({ initial: 4, maximum: 4 }))';
      const { code } = await runChild('', { command: 'bash', args: [...limit, '-e', eight] });
      if (code === 0) return t.skip(`node ${process.version} has memories for WebAssembly under this limit`);
      const options = { command: 'bash', args: [...limit, application] };
      const result = await shipped(await emulatorForTest(), { count: 1000 }, options);
      const lines = linesOf(result, /^putlogs: WebAssembly with SIMD cannot run here.*could not allocate memory/);
      assert.ok(lines >= 1 && lines <= WAYS.length, result.stderr);
      assert.equal(linesOf(result, /^putlogs:/), lines, result.stderr);
    });
  }
});

/** Returns why this Node does not start with the flags, or undefined. */
async function problemOf(nodeArgs: readonly string[]): Promise<string | undefined> {
  const { code, stderr } = await runChild('', { command: process.execPath, args: [...nodeArgs, '-e', ''] });
  return code === 0 ? undefined : `node ${process.version} refuses ${nodeArgs.join(' ')}: ${stderr.trim()}`;
}

suite('where OpenSSL refuses MD5, all records arrive under their hash key, and one line says so', () => {
  const withoutMd5 = { NODE_OPTIONS: `--require=${join(sources, 'without-md5.cjs')}` };
  const cases = [
    { title: 'volc-tls', name: 'volc-tls', sendsMd5: false },
    { title: 'volc-webtracks', name: 'volc-webtracks', sendsMd5: false },
    { title: 'aliyun-sls, signature v1', name: 'aliyun-sls', signature: 'v1', sendsMd5: true },
    { title: 'aliyun-sls, signature v4', name: 'aliyun-sls', signature: 'v4', sendsMd5: false },
    { title: 'aliyun-webtracking', name: 'aliyun-webtracking', sendsMd5: false },
  ];
  for (const { title, name, signature, sendsMd5 } of cases) {
    test(title, async () => {
      const emulator = await emulatorForTest();
      const target = targetNamed(name);
      const extra = signature === undefined ? {} : { PUTLOGS_SIGNATURE: signature, PUTLOGS_REGION: REGION };
      const seen: (string | undefined)[] = [];
      const look = (message: unknown) => {
        const { request } = message as { request: IncomingMessage };
        seen.push(request.headers['content-md5'] as string | undefined);
      };
      subscribe('http.server.request.start', look);
      const env = { ...extra, ...withoutMd5 };
      const result = await shipped(emulator, { ways: OWN_AND_WORKER }, { env }, target);
      unsubscribe('http.server.request.start', look);
      assert.ok(seen.length > 0);
      assert.deepEqual(new Set(seen.map((header) => header !== undefined)), new Set([sendsMd5]));
      if (target.keeps.hashKey) {
        for (const log of emulator.logs()) assert.equal(log.hashKey, md5(contentsOf(log)['way']!));
      }
      assert.equal(linesOf(result, /^putlogs: OpenSSL refuses MD5 in this process/), OWN_AND_WORKER.length);
      assert.equal(linesOf(result, /^putlogs:/), OWN_AND_WORKER.length, result.stderr);
    });
  }
});

suite('with --disallow-code-generation-from-strings', () => {
  const nodeArgs = ['--disallow-code-generation-from-strings'];

  test("a transport in the application's thread delivers all records", async () => {
    const result = await shipped(await emulatorForTest(), { ways: OWN_THREAD }, { nodeArgs });
    assert.equal(result.stderr, '');
  });

  for (const way of ['core, worker', 'winston, worker'] as const) {
    test(`a worker is an error that says what to do: ${way}`, async () => {
      const plan: EveryWayPlan = { ways: [way], count: 1 };
      const env = environmentFor(await emulatorForTest());
      const { code, stderr } = await runChild(application, { nodeArgs, args: [JSON.stringify(plan)], env });
      assert.notEqual(code, 0);
      assert.match(stderr, /ERR_PUTLOGS_WORKER/);
      assert.match(stderr, /Set worker: false, call createShipper, or start Node without that flag/);
    });
  }

  test('pino with a target ends the application before putlogs is loaded, and says why', async () => {
    const plan: EveryWayPlan = { ways: ['pino, worker'], count: 1 };
    const env = environmentFor(await emulatorForTest());
    const { code, stderr } = await runChild(application, { nodeArgs, args: [JSON.stringify(plan)], env });
    assert.notEqual(code, 0);
    assert.match(stderr, /EvalError.*Code generation from strings disallowed/);
  });
});

suite('under fake timers', () => {
  /** pino's own stream in front of its worker uses the application's `setImmediate`, unless it is synchronous. */
  const ways: readonly Way[] = [...WAYS.filter((way) => way !== 'pino, worker'), 'pino, worker, sync'];
  const DAY_MS = 86_400_000;

  for (const [library, file] of Object.entries({ Sinon: 'sinon-timers.cjs', 'node:test': 'node-timers.cjs' })) {
    for (const when of ['before', 'after'] as const) {
      test(`of ${library}, installed ${when} putlogs is loaded, all records arrive while the process lives`, async () => {
        const emulator = await emulatorForTest();
        const startMs = Date.now();
        const result = await shipped(emulator, { ways, fake: { module: join(sources, file), when } });
        // Requests are signed with the real time: the service would complain, and a warning would say so.
        assert.equal(linesOf(result, /^putlogs:/), 0, result.stderr);
        for (const log of emulator.logs()) {
          const way = contentsOf(log)['way']!;
          // The logger writes the time that the application sees. The core has no logger: it is the time of arrival.
          const fromMs = way.startsWith('core') ? startMs : startMs - DAY_MS;
          assert.ok(
            log.time >= fromMs && log.time < fromMs + DAY_MS / 2,
            `${way}: ${new Date(log.time).toISOString()}`,
          );
        }
      });
    }
  }

  test('the counters of a worker are read, and a worker without a logger is closed', async () => {
    const env = environmentFor(await emulatorForTest());
    const args = [join(sources, 'sinon-timers.cjs')];
    const { code, stdout, stderr } = await runChild(join(__dirname, 'apps/faked-timers.js'), { args, env });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, 'accepted 1\nclosed\n');
  });

  for (const when of ['before', 'after'] as const) {
    test(`that replace nextTick too, ${when} putlogs is loaded, records in a worker arrive`, async () => {
      const fake = { module: join(sources, 'sinon-everything.cjs'), when };
      await shipped(await emulatorForTest(), { ways: ['core, worker', 'pino, worker, sync'], fake });
    });
  }

  for (const [end, expected] of [
    ['flush', { delivered: 1, lost: 0 }],
    ['close', { delivered: 0, lost: 1 }],
  ] as const) {
    test(`that replaced nextTick and held the sockets of one thread, ${end} works when they are gone`, async () => {
      const env = environmentFor(await emulatorForTest());
      const { code, stdout, stderr } = await runChild(join(__dirname, 'apps/held-sockets.js'), { args: [end], env });
      assert.equal(code, 0, stderr);
      const { delivered, dropped } = JSON.parse(stdout) as Stats;
      assert.deepEqual({ delivered, lost: dropped.exit }, expected, stderr);
    });
  }

  test("that hold the setImmediate of pino's own stream, its records arrive at the end of the process", async () => {
    const emulator = await emulatorForTest();
    const plan: EveryWayPlan = {
      ways: ['pino, worker'],
      count: COUNT,
      fake: { module: join(sources, 'sinon-timers.cjs'), when: 'after' },
    };
    const env = environmentFor(emulator);
    const { code } = await runChild(application, { args: [JSON.stringify(plan)], env, input: 'end\n' });
    assert.equal(code, 0);
    assert.equal(emulator.logs().length, COUNT);
  });
});
