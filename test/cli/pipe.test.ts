// The command putlogs-pino as its users run it: real pipes, real signals, a service that comes and goes.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { environmentName, flagOf, optionLeaves } from '@putlogs/core/tools';
import { type ChildResult, runChild, startChild } from '../support/child';
import { spooledRecords, temporaryDirectory } from '../support/directory';
import { type Emulator, emulatorForTest, environmentFor, until } from '../support/emulator';
import { assertLedger, type ExpectedRecord } from '../support/ledger';
import { START_MS } from '../support/start-time';

const command = join(dirname(require.resolve('@putlogs/pino/package.json')), 'bin/putlogs-pino.js');
const producer = join(__dirname, 'apps/producer.js');

function linesOf(count: number): string {
  return Array.from(
    { length: count },
    (_, n) => `${JSON.stringify({ time: START_MS + n, instance: 'pipe', n })}\n`,
  ).join('');
}

function expectedOf(count: number): ExpectedRecord[] {
  return Array.from({ length: count }, (_, n) => {
    const contents = new Map([
      ['instance', 'pipe'],
      ['n', `${n}`],
    ]);
    return { n, timeMs: START_MS + n, contents };
  });
}

/** `node producer <count> | putlogs-pino <flags>`, as a shell runs it: both in one process group. */
function pipeline(count: number | 'endless', flags: string, env: Record<string, string>) {
  const line = `exec "${process.execPath}" "${producer}" ${count} | "${process.execPath}" "${command}" ${flags}; exit $?`;
  return startChild('', { command: '/bin/sh', args: ['-c', line], env, detached: true });
}

/** Whether a signal waits for the process. */
function isPending(pid: number): boolean {
  return !/^ShdPnd:\s*0+$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

function assertAll(emulator: Emulator, count: number): void {
  assertLedger(new Map([['pipe', expectedOf(count)]]), emulator.logs());
}

describe('putlogs-pino', { timeout: 120_000 }, () => {
  test('20,000 lines through a pipe arrive in order, pass through byte for byte, and it ends with 0', async () => {
    const emulator = await emulatorForTest();
    const result = await pipeline(20_000, '--echo', environmentFor(emulator)).ended;
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.stdout, linesOf(20_000));
    assert.equal(result.stderr, 'putlogs-pino: 20000 lines: 20000 delivered, 0 in the spool, 0 lost\n');
    assertAll(emulator, 20_000);
  });

  test('Ctrl-C ends the application: its last lines arrive, and the pipe ends with its input', async () => {
    const emulator = await emulatorForTest();
    const child = pipeline('endless', '--echo', environmentFor(emulator));
    await child.line('"n":99}');
    child.killGroup('SIGINT');
    const { stdout, stderr } = await child.ended;
    const [, lines] = /(\d+) lines: (\d+) delivered, 0 in the spool, 0 lost/.exec(stderr)!;
    assert.match(stdout, /"n":(\d+),"last":true\}\n$/);
    assert.equal(stdout.split('\n').length - 1, Number(lines));
    assert.equal(emulator.logs().length, Number(lines));
  });

  for (const [signals, why] of [
    [['SIGINT', 'SIGINT'], 'a second Ctrl-C'],
    [['SIGTERM'], 'SIGTERM'],
  ] as const) {
    test(`${why} ends it while its input is open, and the lines that it has read are delivered`, async () => {
      const emulator = await emulatorForTest();
      const child = startChild(command, {
        args: ['--echo'],
        env: environmentFor(emulator),
        keepInputOpen: linesOf(100),
      });
      await child.line('"n":99}');
      for (const signal of signals) {
        child.kill(signal);
        // Two signals of a kind at once are one.
        await until('the signal was taken', () => !isPending(child.pid));
      }
      const { code, stderr } = await child.ended;
      assert.equal(code, 0, stderr);
      assertAll(emulator, 100);
    });
  }

  test('while the service is down lines go to the spool, it ends with 0, and the next one delivers them first', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('pipe');
    emulator.faults([{ status: 503 }]);
    const env = { ...environmentFor(emulator), PUTLOGS_SPOOL_DIR: dir };
    const first = await runChild(command, { args: ['--close-timeout-ms', '300'], env, input: linesOf(500) });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /500 lines: 0 delivered, 500 in the spool, 0 lost\n$/);
    emulator.faults([]);
    const second = await runChild(command, { env, input: '' });
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stderr, /0 lines, 500 left by earlier processes: 500 delivered/);
    assertAll(emulator, 500);
    assert.equal(spooledRecords(dir), 0);
  });

  test('while the service is down and there is no spool, it ends with 1 and says in one line what to set', async () => {
    const emulator = await emulatorForTest();
    emulator.faults([{ status: 503 }]);
    const args = ['--close-timeout-ms', '200', '--quiet'];
    const { code, stderr } = await runChild(command, { args, env: environmentFor(emulator), input: linesOf(50) });
    assert.equal(code, 1);
    assert.equal(
      stderr.split('\n').at(-2),
      'putlogs-pino: 50 records are lost (exit: 50); set --spool-dir or PUTLOGS_SPOOL_DIR to keep them for the next process',
    );
  });

  test('when memory is full it reads no further, refuses nothing, and goes on when there is room', async () => {
    const emulator = await emulatorForTest();
    emulator.faults([{ status: 503 }]);
    const long = linesOf(6000).replaceAll('}\n', `,"text":"${'x'.repeat(1000)}"}\n`);
    const args = ['--memory-max-bytes', '1048576', '--compression', 'none', '--json'];
    const child = startChild(command, { args, env: environmentFor(emulator), input: long });
    await until('the service has refused several requests', () => emulator.stats().requests > 3);
    emulator.faults([]);
    const { code, stderr } = await child.ended;
    assert.equal(code, 0, stderr);
    const { accepted, delivered, refused } = JSON.parse(stderr.trim().split('\n').at(-1)!);
    assert.deepEqual([accepted, delivered, refused.memory], [6000, 6000, 0]);
    assert.equal(emulator.logs().length, 6000);
  });

  test('lines that each need most of the memory wait for one another', async () => {
    const emulator = await emulatorForTest();
    emulator.faults([{ status: 503, times: 2 }]);
    const lines = Array.from({ length: 5 }, (_, n) => `{"n":${n},"text":"${'x'.repeat(700_000)}"}\n{"n":${n}}\n`);
    const args = ['--memory-max-bytes', '1048576', '--compression', 'none', '--json'];
    const { code, stderr } = await runChild(command, { args, env: environmentFor(emulator), input: lines.join('') });
    assert.equal(code, 0, stderr);
    const { accepted, delivered, truncated } = JSON.parse(stderr.trim().split('\n').at(-1)!);
    assert.deepEqual([accepted, delivered, truncated], [10, 10, 0]);
  });

  test('a line without end takes no memory beyond its beginning, is sent cut, and the next line is whole', async () => {
    const emulator = await emulatorForTest();
    const lineBytes = 192 * 2 ** 20;
    const peak = join(temporaryDirectory('peak'), 'bytes');
    const input = `"${process.execPath}" "${join(__dirname, 'apps/long-line.js')}" ${lineBytes}`;
    const reader = `"${process.execPath}" --require "${join(__dirname, 'apps/peak-memory.js')}" "${command}"`;
    const line = `${input} | ${reader} --memory-max-bytes 1048576 --json`;
    const { stderr } = await runChild('', {
      command: '/bin/sh',
      args: ['-c', line],
      env: { ...environmentFor(emulator), PEAK_MEMORY_FILE: peak },
    });
    const { accepted, delivered, truncated } = JSON.parse(stderr.trim().split('\n').at(-1)!);
    assert.deepEqual([accepted, delivered, truncated], [2, 2, 1], stderr);
    const [cut, next] = emulator.logs().map((log) => new Map(log.contents.map(({ key, value }) => [key, value])));
    assert.match(cut!.get('message')!, /^中{1000}/);
    assert.equal(next!.get('n'), '1');
    const peakBytes = Number(readFileSync(peak, 'utf8'));
    assert.ok(peakBytes < lineBytes, `${Math.round(peakBytes / 2 ** 20)} MiB`);
  });

  test('a line that is sent cut passes through byte for byte', async () => {
    const emulator = await emulatorForTest();
    const input = `{"n":0}\r\n${'é中😀\r'.repeat(150_000)}\n\r\n{"n":1}\n${'x'.repeat(1_500_000)}`;
    const args = ['--memory-max-bytes', '1048576', '--echo', '--json'];
    const { code, stdout, stderr } = await runChild(command, { args, env: environmentFor(emulator), input });
    assert.equal(code, 0, stderr);
    assert.ok(stdout === input, 'the output is the input');
    const { delivered, truncated } = JSON.parse(stderr.trim().split('\n').at(-1)!);
    assert.deepEqual([delivered, truncated], [4, 2]);
  });

  test('it goes on shipping when its stdout has no reader', async () => {
    const emulator = await emulatorForTest();
    const line = `"${process.execPath}" "${producer}" 5000 | { "${process.execPath}" "${command}" --echo; echo "code $?" >&2; } | head -n 1`;
    const { stderr } = await runChild('', { command: '/bin/sh', args: ['-c', line], env: environmentFor(emulator) });
    assert.match(stderr, /5000 lines: 5000 delivered, 0 in the spool, 0 lost\ncode 0\n/);
    assertAll(emulator, 5000);
  });

  test('a flag goes before the config file, that before a variable', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('config'), 'putlogs.json');
    writeFileSync(file, JSON.stringify({ fileName: 'of the file', tags: { from: 'file' }, levels: { chatty: 15 } }));
    const args = ['-c', file, '--tags', 'from=flag', '--tags', 'more=yes', '--no-spool-fsync'];
    const env = {
      ...environmentFor(emulator),
      PUTLOGS_FILE_NAME: 'of the variable',
      PUTLOGS_TAGS: 'from=variable',
      PUTLOGS_SOURCE: 'variable',
    };
    const { code, stderr } = await runChild(command, { args, env, input: '{"level":15}\n' });
    assert.equal(code, 0, stderr);
    const [log] = emulator.logs();
    assert.deepEqual([log!.fileName, log!.source], ['of the file', 'variable']);
    assert.deepEqual(log!.tags, [
      { key: 'from', value: 'flag' },
      { key: 'more', value: 'yes' },
    ]);
    assert.deepEqual(log!.contents, [{ key: 'level', value: 'chatty' }]);
  });

  const bad = temporaryDirectory('bad');
  writeFileSync(join(bad, 'text'), 'accessKeySecret: demo-secret');
  writeFileSync(join(bad, 'list.json'), '[]');
  writeFileSync(join(bad, 'slip.json'), '{"batch":{"maxByte":4096}}');
  const wrong: [string[], RegExp][] = [
    [
      ['--batch-size', '1'],
      /^putlogs-pino: unknown flag --batch-size; here it is --batch-max-count, --batch-max-bytes /,
    ],
    [['--topik-id', 'x'], /^putlogs-pino: unknown flag --topik-id; did you mean --topic-id\? \(see --help\)\n$/],
    [['--topic-id'], /^putlogs-pino: --topic-id needs a value/],
    [['--topic-id', '--echo'], /^putlogs-pino: --topic-id needs a value/],
    [['--enabled=no'], /^putlogs-pino: --enabled takes no value; the opposite is --no-enabled/],
    [['--enabled', '--no-enabled'], /^putlogs-pino: --enabled and --no-enabled cannot be combined/],
    [['--linger-ms', '1', '--linger-ms', '2'], /^putlogs-pino: --linger-ms was given 2 times/],
    [['app.js'], /^putlogs-pino: unexpected argument app.js/],
    [['--batch-max-bytes', '1MB'], /batch\.maxBytes \(from --batch-max-bytes\): must be of type number/],
    [['-c', join(bad, 'none')], /^putlogs-pino: --config \S+none cannot be read: ENOENT/],
    [['-c', join(bad, 'text')], /^putlogs-pino: --config \S+text is not JSON/],
    [['-c', join(bad, 'list.json')], /^putlogs-pino: --config \S+list.json is not a JSON object/],
    [
      ['-c', join(bad, 'slip.json')],
      /batch\.maxByte \(from \S+slip.json\): there is no such option; did you mean batch.maxBytes\?/,
    ],
  ];
  for (const [args, message] of wrong) {
    test(`${args.join(' ').replace(bad, '')} is told by name, with exit code 2`, async () => {
      const { code, stdout, stderr } = await runChild(command, {
        args,
        env: environmentFor({ url: 'http://127.0.0.1:9', accessKeyId: 'demo', accessKeySecret: 'demo-secret' }),
      });
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /demo-secret/);
    });
  }

  test('a missing option is reported with its flag and its variables', async () => {
    const { code, stderr } = await runChild(command, { args: [] });
    assert.equal(code, 2);
    assert.match(stderr, /topicId: is missing; set --topic-id, or PUTLOGS_TOPIC_ID in the environment/);
  });

  test('--help lists every option with its flag and variables, and --version is the package’s', async () => {
    const help: ChildResult = await runChild(command, { args: ['--help', 'all'] });
    assert.equal(help.code, 0);
    const text = help.stdout.replace(/\s+/g, ' ');
    for (const { path, kind, notes } of optionLeaves()) {
      const flag = kind === 'boolean' ? flagOf(path).replace('--', '--[no-]') : flagOf(path);
      assert.ok(text.includes(` ${flag} `), flag);
      for (const name of [environmentName(path), ...(notes.vendor ?? [])]) assert.ok(text.includes(name), name);
    }
    const { version } = JSON.parse(readFileSync(join(dirname(command), '../package.json'), 'utf8'));
    assert.equal((await runChild(command, { args: ['-v'] })).stdout, `${version}\n`);
  });
});
