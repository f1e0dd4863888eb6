// Every way a process ends, with every transport, the service up, slow and down: what arrives, how long it takes,
// what the process's own exit looks like, and what a person reads about it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ChildOptions, type ChildResult, runChild } from '../support/child';
import { closedPort, type Emulator, environmentFor, startEmulator } from '../support/emulator';
import { checkLedger, type ExpectedRecord } from '../support/ledger';
import { EXITS_WHILE_STARTING, TRANSPORTS_OF_AN_END } from '../support/sizes';
import { EXIT_CODE, type Plan } from './apps/plan';

const COUNT = 300;
/** Other test files run beside this one. More processes at a time only make each of them later. */
const AT_A_TIME = 2;
/** Long enough for threads to start on a busy machine; where nothing can be delivered, not to wait for long. */
const CLOSE_TIMEOUT_MS = { up: 4000, slow: 4000, down: 1000 } as const;
/** Starting Node and its threads, on a machine that also runs other tests. */
const MARGIN_MS = 6000;

const TRANSPORTS = [
  { name: 'pino, one target', app: 'pino-app.js', shape: 'one', isOwnThread: false, handlesSignals: false },
  { name: 'pino, several targets', app: 'pino-app.js', shape: 'several', isOwnThread: false, handlesSignals: false },
  { name: 'winston in a worker', app: 'winston-app.js', shape: 'worker', isOwnThread: false, handlesSignals: true },
  { name: 'winston in one thread', app: 'winston-app.js', shape: 'own', isOwnThread: true, handlesSignals: true },
  { name: 'the core in a worker', app: 'core-app.js', shape: '', isOwnThread: false, handlesSignals: true },
] as const;

interface End {
  readonly as: string;
  readonly end: Plan['end'];
  readonly code: number | null;
  readonly signal?: NodeJS.Signals;
  /** Sent when the application says `ready`. */
  readonly sent?: NodeJS.Signals;
  readonly handleSignals?: boolean;
  /** Which records the transport answers for. */
  readonly delivers: 'all' | 'all but in one thread' | 'what was sent by then';
}

const ENDS: readonly End[] = [
  { as: 'has nothing left to do', end: 'natural', code: 0, delivers: 'all' },
  { as: 'calls process.exit', end: 'exit', code: EXIT_CODE, delivers: 'all but in one thread' },
  { as: 'throws', end: 'throw', code: 1, delivers: 'all but in one thread' },
  { as: 'rejects', end: 'reject', code: 1, delivers: 'all but in one thread' },
  { as: 'exits by its handler', end: 'handler', sent: 'SIGTERM', code: EXIT_CODE, delivers: 'all but in one thread' },
  { as: 'ends by its handler', end: 'graceful handler', sent: 'SIGTERM', code: 0, delivers: 'all' },
  {
    as: 'gets SIGTERM',
    end: 'idle',
    sent: 'SIGTERM',
    code: null,
    signal: 'SIGTERM',
    delivers: 'what was sent by then',
  },
  {
    as: 'gets SIGKILL',
    end: 'idle',
    sent: 'SIGKILL',
    code: null,
    signal: 'SIGKILL',
    delivers: 'what was sent by then',
  },
  { as: 'aborts', end: 'abort', code: null, signal: 'SIGABRT', delivers: 'what was sent by then' },
  {
    as: 'gets SIGTERM, and handleSignals has it',
    end: 'idle',
    sent: 'SIGTERM',
    handleSignals: true,
    code: null,
    signal: 'SIGTERM',
    delivers: 'all',
  },
  {
    as: 'exits by its handler, and handleSignals also has it',
    end: 'handler',
    sent: 'SIGTERM',
    handleSignals: true,
    code: EXIT_CODE,
    delivers: 'all but in one thread',
  },
];

const services: { up?: Emulator; slow?: Emulator; down?: string } = {};
before(async () => {
  services.up = await startEmulator();
  services.slow = await startEmulator();
  services.slow.faults([{ delayMs: 400 }]);
  services.down = `http://127.0.0.1:${await closedPort()}`;
});
after(async () => {
  await services.up?.close();
  await services.slow?.close();
});

for (const service of ['up', 'slow', 'down'] as const) {
  for (const { name, app, shape, isOwnThread, handlesSignals } of TRANSPORTS) {
    describe(`with ${name} and the service ${service}, an application that`, { concurrency: AT_A_TIME }, () => {
      for (const end of ENDS) {
        if (end.handleSignals === true && !handlesSignals) continue;
        if (!isOfSample(name, end, TRANSPORTS_OF_AN_END[service])) continue;
        it(end.as, async () => {
          const instance = `${name} ${service} ${end.as}`;
          const result = await run(app, { instance, count: COUNT, end: end.end, shape }, end, service);
          assert.equal(result.code, end.code, result.stderr);
          assert.equal(result.signal, end.signal ?? null, result.stderr);
          assert.ok(result.durationMs < CLOSE_TIMEOUT_MS[service] + MARGIN_MS, `${result.durationMs} ms`);
          const isAnswered = end.delivers === 'all' || (end.delivers === 'all but in one thread' && !isOwnThread);
          judge(instance, service, end.delivers, isAnswered, result);
        });
      }
    });
  }
}

/** Each end has so many transports, one after the other, so that each transport has some of the ends. */
function isOfSample(transport: string, end: End, count: number): boolean {
  const able = TRANSPORTS.filter(({ handlesSignals }) => end.handleSignals !== true || handlesSignals);
  const at = able.findIndex(({ name }) => name === transport);
  return (at - ENDS.indexOf(end) + able.length * ENDS.length) % able.length < count;
}

function judge(
  instance: string,
  service: 'up' | 'slow' | 'down',
  delivers: End['delivers'],
  isAnswered: boolean,
  { stderr }: ChildResult,
): void {
  const { lost, duplicated, reordered } = arrived(instance, service);
  assert.deepEqual({ duplicated, reordered }, { duplicated: 0, reordered: 0 });
  const ours = stderr.split('\n').filter((line) => line.startsWith('putlogs: '));
  const losses = ours.filter((line) => line.includes('are lost'));
  if (isAnswered && service !== 'down') {
    assert.equal(lost, 0);
    assert.deepEqual(ours, []);
  } else if (delivers === 'what was sent by then') {
    assert.deepEqual(losses, [], 'no code runs that could report it');
  } else if (lost > 0) {
    assert.equal(losses.length, 1, stderr);
    // An answer that was under way when the process ended is not known to have come: it counts as lost.
    assert.ok(Number(/\d+/.exec(losses[0]!)![0]) >= lost, `${losses[0]}, and ${lost} have not arrived`);
    // Beside it, that the service could not be reached.
    assert.ok(ours.length <= 2, stderr);
  }
}

describe(`an application that logs and exits while the worker is still starting, ${EXITS_WHILE_STARTING} times`, {
  concurrency: 2,
}, () => {
  for (const { name, app, shape } of TRANSPORTS.filter(({ isOwnThread }) => !isOwnThread)) {
    for (let i = 0; i < EXITS_WHILE_STARTING; i += 1) {
      it(`${name}, ${i + 1}`, async () => {
        const instance = `${name} starting ${i}`;
        const [end] = ENDS.filter((one) => one.end === 'exit');
        const result = await run(app, { instance, count: 3, end: 'exit', shape }, end!, 'up');
        assert.equal(result.code, EXIT_CODE, result.stderr);
        assert.equal(arrived(instance, 'up', 3).lost, 0);
        assert.equal(result.stderr, '');
      });
    }
  }
});

function run(
  app: string,
  plan: Plan,
  { sent, handleSignals }: End,
  service: 'up' | 'slow' | 'down',
): Promise<ChildResult> {
  const env: Record<string, string> = {
    ...environmentFor(services[service === 'slow' ? 'slow' : 'up']!),
    PUTLOGS_TOPIC_ID: topicOf(plan.instance),
    PUTLOGS_CLOSE_TIMEOUT_MS: String(CLOSE_TIMEOUT_MS[service]),
    ...(service === 'down' ? { PUTLOGS_ENDPOINT: services.down! } : {}),
    ...(handleSignals === true ? { PUTLOGS_HANDLE_SIGNALS: 'SIGTERM' } : {}),
  };
  const onLine: ChildOptions['onLine'] = (_line, child) => sent && child.kill(sent);
  return runChild(join(__dirname, 'apps', app), { args: [JSON.stringify(plan)], env, onLine });
}

/** A topic of its own, so that the logs of all other applications are not read for each one. */
function topicOf(instance: string): string {
  return createHash('md5')
    .update(instance)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function arrived(instance: string, service: 'up' | 'slow' | 'down', count = COUNT) {
  const records: ExpectedRecord[] = Array.from({ length: count }, (_, n) => ({ n, contents: new Map() }));
  const emulator = services[service === 'slow' ? 'slow' : 'up']!;
  const logs = emulator
    .logs({ topicId: topicOf(instance) })
    .filter((log) => log.contents.some(({ key, value }) => key === 'instance' && value === instance));
  return checkLedger(new Map([[instance, records]]), logs);
}
