// The demonstration as its user runs it; and its verdict, which everything hangs on, with every fault there can be.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { runChild, startChild } from '../support/child';
import { until } from '../support/emulator';
import type { ExpectedRecord, LedgerLog } from '../support/ledger';
import { TARGET_NAMES, targetNamed } from '../support/targets';
import { type Ending, expectedOf } from './applications';
import { cut, printable, widthOf } from './columns';
import { screenOf } from './screen';
import { judge, promisesOf } from './verdict';

const DEMO = join(__dirname, 'demo.js');
const START_MS = 1_760_000_000_000;

describe('the demonstration', () => {
  it('delivers every record, says so in its last line, and shows what each application is and where its records are', async () => {
    const { code, stdout, stderr } = await runChild(DEMO, { args: ['--records=500'] });
    assert.equal(stderr, '');
    assert.match(stdout, /\n\ndelivered 1000\/1000\n$/);
    assert.equal(code, 0);
    assert.match(stdout, /pino +environment variables +\S+ +1 +\d+ +500\n/);
    assert.match(stdout, /winston +options +\S+ +2 +\d+ +500\n/);
    for (const sample of ['{"type":"TypeError"', '含有“引号”', '😀', 'order = 9007199254', 'status = 20']) {
      assert.ok(stdout.includes(sample), sample);
    }
    assert.ok(!stdout.includes('\u001b'), 'no escape code');
    for (const line of stdout.split('\n')) assert.ok(widthOf(line) <= 96, line);
  });

  for (const name of TARGET_NAMES.filter((other) => other !== 'volc-tls')) {
    it(`delivers every record to ${name}, and says what that target does not keep`, async () => {
      const { code, stdout, stderr } = await runChild(DEMO, { args: ['--records', '500', '--target', name] });
      assert.equal(stderr, '');
      assert.match(stdout, /\n\ndelivered 1000\/1000\n$/);
      assert.ok(stdout.includes(`, as ${name}, a `), stdout);
      assert.equal(stdout.includes(`${name} keeps no`), !targetNamed(name).isSigned, stdout);
      for (const line of stdout.split('\n')) assert.ok(widthOf(line) <= 96, line);
      assert.equal(code, 0);
    });
  }

  it('refuses a target it does not know with the names there are', async () => {
    for (const args of [['--target', 'aliyun'], ['--target='], ['--target']]) {
      const { code, stdout, stderr } = await runChild(DEMO, { args });
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      for (const name of TARGET_NAMES) assert.ok(stderr.includes(name), stderr);
    }
  });

  it('refuses an argument it does not know, in one line', async () => {
    for (const args of [['--record', '5'], ['5'], ['--records', '0'], ['--records'], ['--records', '1e3']]) {
      const { code, stdout, stderr } = await runChild(DEMO, { args });
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      assert.match(stderr, /^demo: .*\n$/);
    }
  });

  it('takes its processes with it when it is interrupted', async () => {
    // More than it can log before it is interrupted, on however busy a machine.
    const demo = startChild(DEMO, { args: ['--records', '100000'] });
    const url = /http:[^,]*/.exec(await demo.line('http:'))?.[0] ?? '';
    assert.ok(await answers(url));
    demo.kill('SIGINT');
    const { code, stderr } = await demo.ended;
    assert.deepEqual([code, stderr], [130, '']);
    while (await answers(url)) await pause(5);
  });
});

describe('the demonstration that stays', () => {
  it('shows an outage, a kill and the way back, and ends with Ctrl-C and everything that it started', async () => {
    const demo = startChild(DEMO, { args: ['--stay'] });
    const output = () => demo.output().stdout;
    const last = () =>
      /pino: ([\d,]+) logged, ([\d,]+) received(.*?) {3}winston/.exec(output().split('\n').at(-2) ?? '');
    const received = () => Number(last()?.[2]?.replace(',', '') ?? 0);
    const url = /http:\S+/.exec(await demo.line('service: '))![0];
    const faults = (rules: object[]) =>
      fetch(`${url}/_emulator/faults`, { method: 'PUT', body: JSON.stringify(rules) }).then(({ ok }) => assert.ok(ok));
    await until('records arrive', () => received() > 0, 30_000);
    await faults([{ status: 503 }]);
    await until('the outage is reported', () => /pino: putlogs: .*HTTP 503/.test(output()), 30_000);
    process.kill(Number(/pino: pid (\d+)/.exec(output())![1]), 'SIGKILL');
    await until('the killed application starts again', () => /pino started, pid \d+/.test(output()), 30_000);
    await faults([]);
    const before = received();
    await until('it goes on', () => received() > before + 20, 30_000);
    assert.doesNotMatch(last()![3]!, /out of order/);
    demo.kill('SIGINT');
    const { code, stderr } = await demo.ended;
    assert.deepEqual([code, stderr], [130, '']);
    assert.equal(existsSync(/spool: (\S+)/.exec(output())![1]!), false);
    assert.equal(await answers(url), false);
  });
});

describe('the verdict of the demonstration', () => {
  const expected = expectedOf(50, START_MS);
  const logs = [...expected.values()].flat().map(logOf);
  const signed = targetNamed('volc-tls');
  const anonymous = targetNamed('volc-webtracks');
  const well: Ending[] = ['pino', 'winston'].map((logger) => ({ logger, code: 0, signal: null, stderr: '' }));

  function refuses(faulty: readonly LedgerLog[], delivered: number, why: RegExp, endings = well): void {
    const verdict = judge(expected, faulty, endings, signed);
    assert.deepEqual([verdict.exitCode, verdict.delivered, verdict.expected], [1, delivered, 100]);
    assert.match(verdict.problems.join('\n'), why);
  }

  it('is good when everything arrived once, unchanged, in order', () => {
    assert.deepEqual(judge(expected, logs, well, signed), { delivered: 100, expected: 100, problems: [], exitCode: 0 });
  });

  it('is bad when a record is missing', () => {
    refuses([...logs.slice(0, 7), ...logs.slice(8)], 99, /1 lost\n.*lost 1 of 50: n=7/);
  });

  it('is bad when nothing arrived', () => {
    refuses([], 0, /100 lost/);
  });

  it('is bad when a record arrived twice', () => {
    refuses([...logs, logs[7]!], 99, /1 duplicated\n.*n=7 arrived again/);
  });

  it('is bad when a record arrived after a later one', () => {
    refuses([logs[1]!, logs[0]!, ...logs.slice(2)], 99, /1 reordered\n.*n=0 arrived after/);
  });

  it('is bad when a value, or a time, is not what was logged', () => {
    const [first, ...others] = logs as [LedgerLog, ...LedgerLog[]];
    refuses([{ ...first, time: START_MS + 1 }, ...others], 99, /1 altered\n.*the time is/);
    const changed = first.contents.map(({ key, value }) => ({ key, value: key === 'ms' ? `${value}0` : value }));
    refuses([{ ...first, contents: changed }, ...others], 99, /1 altered\n.*"ms" differs/);
  });

  it('is bad when a record arrived that was not logged', () => {
    refuses([...logs, { time: 1, contents: [{ key: 'msg', value: 'hello' }] }], 100, /1 never logged/);
  });

  it('is bad when an instance used two hash keys, or none', () => {
    refuses([...logs.slice(0, 99), { ...logs[99]!, hashKey: 'b' }], 100, /used the hash keys a, b/);
    const unrouted = logs.map((log) => ({ ...log, hashKey: '' }));
    refuses(unrouted, 100, /used the hash keys none/);
  });

  it('is bad when a record has no pack id', () => {
    refuses([{ ...logs[0]!, packId: '' }, ...logs.slice(1)], 100, /1 without a pack id/);
  });

  it('asks of a target what it keeps, and says what it does not', () => {
    const bare = logs.map((log) => ({ ...log, hashKey: '', packId: '' }));
    assert.equal(judge(expected, bare, well, anonymous).exitCode, 0);
    assert.match(judge(expected, logs, well, anonymous).problems.join('\n'), /used the hash keys a/);
    assert.equal(judge(expected, bare.toReversed(), well, anonymous).exitCode, 1);
    assert.match(promisesOf(anonymous)[1]!, /no log time.*no order across shards, no pack id/);
    assert.equal(promisesOf(signed).length, 1);
  });

  it('is bad when an application failed, or printed on stderr, though all its records are there', () => {
    const [pino, winston] = well as [Ending, Ending];
    refuses(logs, 100, /pino application ended with exit code 3/, [{ ...pino, code: 3 }, winston]);
    refuses(logs, 100, /winston application ended with SIGSEGV/, [pino, { ...winston, code: null, signal: 'SIGSEGV' }]);
    refuses(logs, 100, /winston application complained:\n {2}oh/, [pino, { ...winston, stderr: 'oh\n' }]);
  });

  it('is bad when anything else failed', () => {
    assert.equal(judge(expected, logs, well, signed, ['the service ended with exit code 1']).exitCode, 1);
  });
});

describe('the screen of the demonstration', () => {
  const terminal = { isTTY: true, columns: 80, write: () => true };

  it('counts columns as a terminal does, and cuts between letters', () => {
    assert.deepEqual(['李雷', 'é', 'e\u0301', '👩‍👩‍👧‍👦', '￥1', 'a'].map(widthOf), [4, 1, 1, 2, 3, 1]);
    assert.deepEqual([cut('李雷李雷', 8), cut('李雷李雷', 7), cut('李雷李雷', 6)], ['李雷李雷', '李雷李…', '李雷…']);
    assert.equal(cut('a👩‍👩‍👧‍👦b', 3), 'a…');
  });

  it('spells out what a terminal would obey', () => {
    assert.equal(printable('a\nb\u001b[31m\u0000'), 'a\\nb\\u001b[31m\\u0000');
  });

  it('uses weights and draws again only where it may', () => {
    assert.equal(screenOf(terminal, {}).bold('a'), '\u001b[1ma\u001b[22m');
    assert.equal(screenOf(terminal, { NO_COLOR: '1' }).bold('a'), 'a');
    assert.equal(screenOf(terminal, { NO_COLOR: '1' }).redraws, true);
    for (const screen of [
      screenOf({ write: () => true }, {}),
      screenOf(terminal, { TERM: 'dumb' }),
      screenOf({ ...terminal, columns: 40 }, { NO_COLOR: '1' }),
    ]) {
      assert.deepEqual([screen.redraws, screen.bold('a')], [false, 'a']);
    }
  });
});

function logOf(record: ExpectedRecord): LedgerLog {
  return {
    hashKey: 'a',
    packId: 'p',
    time: record.timeMs ?? 0,
    contents: [...record.contents].map(([key, value]) => ({ key, value })),
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/_emulator/stats`)).ok;
  } catch {
    return false;
  }
}
