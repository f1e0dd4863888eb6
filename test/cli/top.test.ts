// putlogs top, as its users run it: what running processes publish, and how it is shown.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Stats } from '@putlogs/core';
import { encodeStatus, type Status } from '@putlogs/core/internal/shipper/status-file';
import { ownIdentity } from '@putlogs/core/internal/spool/identity';
import { parseStatus, ROOT, statusName } from '@putlogs/core/internal/spool/names';
import { Counters } from '@putlogs/core/internal/telemetry/counters';
import { StatusReader } from '@putlogs/core/tools';
import { runChild, type StartedChild, startChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { type Emulator, emulatorForTest, environmentFor, until } from '../support/emulator';
import { command, putlogs } from '../support/putlogs-command';

const ESCAPE = '\u001b';

interface Shown {
  readonly state: string;
  readonly pid: number;
  readonly instance: string;
  readonly target: string;
  readonly perSecond: { readonly accepted: number; readonly delivered: number };
  readonly lost: number;
  readonly stats: Stats;
  readonly warning: { readonly code: string; readonly message: string; readonly advice: string } | null;
}

interface Document {
  readonly processes: readonly Shown[];
  readonly spool: { readonly records: number; readonly leftRecords: number } | null;
}

async function topJson(env: Record<string, string>): Promise<Document> {
  const { stdout, stderr, code } = await putlogs('top --json', env);
  assert.deepEqual([code, stderr], [0, '']);
  return JSON.parse(stdout) as Document;
}

/** Waits until the published files have the property, and then runs the command. */
async function topWhen(
  what: string,
  env: Record<string, string>,
  met: (processes: readonly Status[]) => boolean,
): Promise<Document> {
  const { PUTLOGS_SPOOL_DIR: spool, PUTLOGS_STATUS_DIR: dir } = env;
  const reader = new StatusReader([dir ?? join(spool!, ROOT)]);
  await until(what, () => met(reader.read().processes.map(({ status }) => status)), 60_000);
  return topJson(env);
}

async function logging(
  emulator: Emulator,
  way: string,
  env: Record<string, string>,
  nodeArgs: readonly string[] = [],
): Promise<StartedChild> {
  const child = startChild(join(__dirname, 'apps/logging.js'), {
    args: [way],
    env: environmentFor(emulator, { PUTLOGS_INSTANCE: `orders-${way}`, ...env }),
    nodeArgs,
    keepInputOpen: '',
    timeoutMs: 180_000,
  });
  after(() => child.kill('SIGKILL'));
  await child.line('logging');
  return child;
}

const named = (document: Document, instance: string) =>
  document.processes.find((process) => process.instance === instance);

describe('putlogs top', { timeout: 900_000 }, () => {
  test('two processes of a spool are shown, their outage with its advice, and a killed one as gone', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('top');
    const env = { PUTLOGS_SPOOL_DIR: dir };
    const children = [await logging(emulator, 'winston', env), await logging(emulator, 'pino', env)];
    const instances = ['orders-winston', 'orders-pino'];
    const running = await topWhen('both deliver', env, (processes) =>
      instances.every((name) => processes.some((one) => one.instance === name && one.perSecond.delivered > 0)),
    );
    assert.deepEqual(
      instances.map((instance) => [named(running, instance)?.state, named(running, instance)?.pid]),
      children.map(({ pid }) => ['alive', pid]),
    );
    assert.deepEqual(
      running.processes.map(({ stats, warning, lost }) => [stats.retries, warning, lost]),
      [
        [0, null, 0],
        [0, null, 0],
      ],
    );

    emulator.faults([{ status: 503 }]);
    const outage = await topWhen('both retry, and spool', env, (processes) =>
      processes.every(({ stats, warning }) => stats.retries > 0 && stats.spooled > 0 && warning !== null),
    );
    for (const { warning } of outage.processes) {
      assert.equal(warning?.code, 'BATCH_RETRIED');
      assert.match(warning.message, /InternalServerError \(HTTP 503\)/);
      assert.match(warning.advice, /putlogs doctor/);
    }
    assert.ok(outage.spool !== null && outage.spool.records > 0);

    children[0]!.kill('SIGKILL');
    await children[0]!.ended;
    const gone = await topJson(env);
    assert.deepEqual(
      instances.map((instance) => named(gone, instance)?.state),
      ['gone', 'alive'],
    );
    assert.ok(gone.spool!.leftRecords > 0);
    const { stdout } = await putlogs('top', env);
    assert.match(stdout, /1 alive, 1 gone/);
    assert.match(stdout, /^gone {2}\d+ orders-winston\n-> The process ended without closing/m);
    assert.match(stdout, /^BATCH_RETRIED {2}.* ago, \d+ orders-(winston|pino) and 1 more process\n {3}\d+ records? /m);
    assert.ok(!stdout.includes(ESCAPE));

    emulator.faults([]);
    children[1]!.type('end\n');
    assert.equal((await children[1]!.ended).code, 0);
    assert.deepEqual(
      (await topJson(env)).processes.map(({ instance }) => instance),
      ['orders-winston'],
    );
  });

  for (const way of ['winston', 'pino', 'core']) {
    test(`with status.dir and without a spool, ${way} publishes what its stats() returns, and leaves nothing`, async () => {
      const emulator = await emulatorForTest();
      const dir = join(temporaryDirectory('top'), 'not/yet');
      const env = { PUTLOGS_STATUS_DIR: dir };
      const child = await logging(emulator, way, env);
      await until('it publishes', () => {
        try {
          return readdirSync(dir).length === 1;
        } catch {
          return false;
        }
      });
      child.type('quiet\n');
      child.type('stats\n');
      const first = JSON.parse(await child.line('"accepted"')) as Stats;
      const document = await topWhen('all is delivered', env, (processes) => {
        const stats = processes[0]?.stats;
        return stats !== undefined && stats.accepted >= first.accepted && stats.delivered === stats.accepted;
      });
      child.type('stats\n');
      child.type('end\n');
      const { stdout, code } = await child.ended;
      assert.equal(code, 0);
      const last = JSON.parse(stdout.trim().split('\n').at(-1)!) as Stats;
      assert.deepEqual(document.processes[0]?.stats, last);
      assert.equal(document.spool, null);
      assert.deepEqual(readdirSync(dir), []);
    });
  }

  for (const way of ['winston', 'pino', 'core']) {
    for (const variable of ['PUTLOGS_STATUS_DIR', 'PUTLOGS_SPOOL_DIR']) {
      test(`${way} that has nothing left to do and calls process.exit is not shown as gone: ${variable}`, async () => {
        const emulator = await emulatorForTest();
        const env = { [variable]: temporaryDirectory('top') };
        const child = await logging(emulator, way, env);
        child.type('quiet\n');
        await topWhen('all is delivered', env, ([status]) => {
          return status !== undefined && status.stats.delivered > 0 && status.stats.pending === 0;
        });
        child.type('exit\n');
        assert.equal((await child.ended).code, 0);
        assert.deepEqual((await topJson(env)).processes, []);
      });
    }
  }

  test('after a worker is replaced, its successor publishes the figures of both and the warning', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('top');
    const env = { PUTLOGS_STATUS_DIR: dir };
    const fault = join(__dirname, '../core/apps/worker-fault.cjs').replace('/dist/', '/');
    // The first worker has published by then: the application logs a record in 5 ms at most.
    const child = await logging(emulator, 'winston', { ...env, FAULT: 'exit', FAULT_AT: '300' }, ['-r', fault]);
    await child.line('logging');
    const { processes } = await topWhen('the next worker publishes', env, (published) =>
      published.some(({ warning, stats }) => warning?.code === 'WORKER_ENDED' && stats.delivered > 300),
    );
    assert.deepEqual(
      processes.map(({ pid, state }) => [pid, state]),
      [[child.pid, 'alive']],
      'the file of the dead worker is removed',
    );
    child.type('quiet\n');
    child.type('end\n');
    await child.ended;
    assert.deepEqual(readdirSync(dir), []);
  });

  test('without a spool and a status directory nothing is loaded, opened or timed', async () => {
    const emulator = await emulatorForTest();
    const app = join(__dirname, 'apps/publishing.js');
    const dir = temporaryDirectory('top');
    const [without, withDirectory] = await Promise.all(
      [{}, { PUTLOGS_STATUS_DIR: dir }].map(async (env) => {
        const { stdout, stderr } = await runChild(app, { env: environmentFor(emulator, env) });
        assert.equal(stderr, '');
        return JSON.parse(stdout) as { modules: string[]; timers: number; files: number };
      }),
    );
    assert.deepEqual(without!.modules, ['status.js']);
    assert.deepEqual(withDirectory!.modules.sort(), [
      'status-file.js',
      'status-publisher.js',
      'status-writer.js',
      'status.js',
    ]);
    assert.equal(withDirectory!.timers, without!.timers + 1);
    assert.equal(withDirectory!.files, without!.files, 'the file is open only while it is written');
  });

  test('text of another user’s file reaches no terminal as a command', async () => {
    const dir = temporaryDirectory('top');
    const hostile = 'orders\u001b[2J\u202e\nforged';
    put(dir, 1, { instance: hostile, warning: { code: hostile, message: hostile, atMs: 8.7e15 } });
    const { stdout, code } = await putlogs('top', { PUTLOGS_STATUS_DIR: dir });
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /[^\P{Cc}\n]|[\p{Cf}]|^forged/mu);
  });

  test('a file that is no status is named, and the others are shown', async () => {
    const dir = temporaryDirectory('top');
    put(dir, 1, {});
    writeFileSync(join(dir, statusName('2'.repeat(18))), 'garbage');
    const { stdout, code } = await putlogs('top', { PUTLOGS_STATUS_DIR: dir });
    assert.equal(code, 0);
    assert.match(stdout, /1 alive/);
    assert.match(stdout, /^unreadable {2}.*2{18}\.status\n {3}is no status file/m);
  });

  test('losses are summed by reason, and those that are wanted are none', async () => {
    const dir = temporaryDirectory('top');
    const counters = new Counters();
    counters.add('accepted', 2000);
    counters.drop('spool', 1500);
    counters.drop('filtered', 7);
    counters.refuse('memory', 12);
    put(dir, 1, { stats: counters.stats() });
    const { stdout } = await putlogs('top', { PUTLOGS_STATUS_DIR: dir });
    assert.match(stdout, /^lost {2}.*\n {3}dropped\.spool 1,500, refused\.memory 12\n-> docs\/operating\.md#counters/m);
    assert.equal((await topJson({ PUTLOGS_STATUS_DIR: dir })).processes[0]?.lost, 1512);
  });

  test('a directory is required and must exist; an empty one has no process', async () => {
    const dir = temporaryDirectory('top');
    const none = await putlogs('top', {});
    assert.deepEqual([none.code, none.stdout], [2, '']);
    assert.match(none.stderr, /--spool-dir \(PUTLOGS_SPOOL_DIR\) or --status-dir \(PUTLOGS_STATUS_DIR\)/);
    const missing = await putlogs(`top --status-dir ${join(dir, 'missing')}`, {});
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /^putlogs: status\.dir \(from --status-dir\): .*missing cannot be read: ENOENT\n$/);
    const empty = await putlogs(`top --spool-dir ${dir}`, {});
    assert.deepEqual([empty.code, empty.stderr], [0, '']);
    assert.match(empty.stdout, /no process[\s\S]*No process publishes here/);
    assert.deepEqual(readdirSync(dir), [], 'nothing is made');
  });

  test('the help fits on a screen', async () => {
    const { stdout } = await putlogs('top --help', {});
    assert.ok(stdout.split('\n').length <= 45, `${stdout.split('\n').length} lines`);
  });
});

/** Writes the status of a process: this one, unless it is another. */
function put(dir: string, n: number, more: Partial<Status>): void {
  const run = `${n}`.padStart(18, '0');
  assert.equal(parseStatus(statusName(run)), run);
  const status = {
    run,
    beat: 1,
    ...ownIdentity(),
    instance: `orders-${n}`,
    target: 'volc-tls',
    destination: '{"topicId":"t"}',
    startedMs: Date.now(),
    writtenMs: Date.now(),
    perSecond: { accepted: 5.5, delivered: 123_456, wireBytes: 3 },
    stats: new Counters().stats(),
    warning: null,
    ...more,
  };
  writeFileSync(join(dir, statusName(run)), encodeStatus(status));
}

// on a pseudo terminal

const hasScript = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;
const skip = hasScript ? false : 'the command `script` of util-linux is not here';
const COLUMNS = 80;
const ROWS = 24;

/** Runs `putlogs top` on a pseudo terminal of 80 columns. */
function onTerminal(dir: string, env: Record<string, string> = {}): StartedChild {
  const line = `stty cols ${COLUMNS} rows ${ROWS}; exec '${process.execPath}' '${command}' top`;
  const child = startChild('', {
    command: 'script',
    args: ['-qefc', line, '/dev/null'],
    env: { TERM: 'xterm', PUTLOGS_STATUS_DIR: dir, ...env },
    keepInputOpen: '',
  });
  after(() => child.kill('SIGKILL'));
  return child;
}

const [ENTER, LEAVE, HOME] = ['\u001b[?1049h\u001b[?25l', '\u001b[?25h\u001b[?1049l', '\u001b[H'];
/** Colours, and the other sequences. */
const SGR = new RegExp(`${ESCAPE}\\[\\d*m`);
const SEQUENCE = new RegExp(`${ESCAPE}\\[[?\\d]*[A-Za-z]`, 'g');

function picturesIn(stdout: string): string[] {
  return stdout.split(HOME).slice(1);
}

describe('putlogs top on a terminal', { skip, timeout: 600_000 }, () => {
  for (const [key, name] of [
    ['q', 'q'],
    ['\u0003', 'Ctrl-C'],
  ] as const) {
    test(`it is redrawn until ${name}, fits in 80 columns, and leaves the terminal as it was`, async () => {
      const dir = temporaryDirectory('top');
      const message = `${'很长的 '.repeat(30)}SignatureDoesNotMatch`;
      put(dir, 1, { instance: '订单'.repeat(40), warning: { code: 'BATCH_HELD', message, atMs: Date.now() } });
      for (let n = 2; n < 10; n += 1) put(dir, n, n % 2 === 0 ? { pid: 2 ** 22 + n, start: '1' } : {});
      const child = onTerminal(dir);
      await until('it was drawn twice', () => picturesIn(child.output().stdout).length >= 2);
      child.type(key);
      const { stdout, code } = await child.ended;
      assert.equal(code, 0);
      assert.ok(stdout.startsWith(ENTER) && stdout.trimEnd().endsWith(LEAVE), JSON.stringify(stdout.slice(-100)));
      assert.match(stdout, SGR);
      for (const picture of picturesIn(stdout)) {
        const lines = picture.replace(SEQUENCE, '').trimEnd().split('\r\n');
        assert.ok(lines.length <= ROWS, `${lines.length} rows`);
        for (const line of lines) assert.ok(widthOf(line) <= COLUMNS, `${widthOf(line)} columns: ${line}`);
        assert.match(picture, /orders-3/);
        assert.match(picture, /BATCH_HELD/);
      }
    });
  }

  test('NO_COLOR turns colours off, and a terminal without sequences has one reading', async () => {
    const dir = temporaryDirectory('top');
    put(dir, 1, { pid: 2 ** 22 + 1, start: '1' });
    const child = onTerminal(dir, { NO_COLOR: '1' });
    await until('it was drawn', () => picturesIn(child.output().stdout).length >= 1);
    child.type('q');
    assert.doesNotMatch((await child.ended).stdout, SGR);
    const { stdout, code } = await onTerminal(dir, { TERM: 'dumb' }).ended;
    assert.equal(code, 0);
    assert.ok(!stdout.includes(ESCAPE));
    assert.match(stdout, /1 gone/);
  });

  test('a signal ends it, and the terminal is as it was', async () => {
    const dir = temporaryDirectory('top');
    put(dir, 1, {});
    const child = onTerminal(dir);
    await until('it was drawn', () => picturesIn(child.output().stdout).length >= 1);
    const { stdout: list } = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', `${child.pid}`], { encoding: 'utf8' });
    process.kill(Number.parseInt(list, 10), 'SIGTERM');
    const { stdout } = await child.ended;
    assert.ok(stdout.trimEnd().endsWith(LEAVE));
  });
});

/** An East Asian letter has two columns. */
function widthOf(text: string): number {
  return [...text].reduce((sum, letter) => sum + (/[\u3000-\u9fff\uff00-\uff60]/.test(letter) ? 2 : 1), 0);
}
