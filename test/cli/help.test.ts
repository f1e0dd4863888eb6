// Each page of each command's help fits a screen, and the pages together have all that there is to say.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { flagOf } from '@putlogs/core/internal/options/flags';
import { helpOf, optionTopics } from '@putlogs/core/internal/options/help';
import { optionLeaves } from '@putlogs/core/internal/options/leaves';
import { runChild } from '../support/child';

const ROWS = 24;
const COLUMNS = 80;
/** Far below the time of one start of Node, many starts on a busy machine. */
const LIMIT = { timeout: 240_000 };

/** The package of each command. */
const PACKAGES = { putlogs: 'cli', 'putlogs-pino': 'pino', 'putlogs-emulator': 'emulator' } as const;
type Name = keyof typeof PACKAGES;

function fileOf(name: Name): string {
  return join(dirname(require.resolve(`@putlogs/${PACKAGES[name]}/package.json`)), `bin/${name}.js`);
}

async function run(command: Name, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runChild(fileOf(command), { args });
  assert.deepEqual([code, stderr], [0, ''], `${command} ${args.join(' ')}`);
  return stdout;
}

function assertFits(text: string, what: string): void {
  const lines = text.trimEnd().split('\n');
  // The last row has the prompt of the shell.
  assert.ok(lines.length < ROWS, `${what}: ${lines.length} lines`);
  for (const line of lines) assert.ok(line.length <= COLUMNS, `${what}: ${line.length} columns: ${line}`);
}

/** Checks the first page and the command's own topics. The groups of options are the same for all commands. */
async function assertPagesFit(command: Name, args: readonly string[]): Promise<void> {
  const first = await run(command, [...args, '--help']);
  const what = [command, ...args].join(' ');
  assertFits(first, what);
  const [, names = ''] = first.split('--help <topic>:');
  const topics = names.trim().split(/\s+/);
  assert.equal(topics.pop(), 'all', what);
  assert.ok(topics.length > 0, what);
  for (const topic of topics.filter((name) => !optionTopics().includes(name)))
    assertFits(await run(command, [...args, '--help', topic]), `${what} --help ${topic}`);
}

describe('the help', { concurrency: 2, ...LIMIT }, () => {
  test('of putlogs and of each of its commands fits a screen, page by page', async () => {
    const first = await run('putlogs', ['--help']);
    assertFits(first, 'putlogs --help');
    assertFits(await run('putlogs', ['help', 'options']), 'putlogs help options');
    const names = [...first.matchAll(/^ {2}((?:[a-z-]+ )?[a-z-]+) {2,}\S/gm)].map(([, name]) => name!);
    assert.ok(names.length >= 7, first);
    for (const name of names) await assertPagesFit('putlogs', name.split(' '));
  });

  test('of putlogs-pino fits a screen, page by page', () => assertPagesFit('putlogs-pino', []));

  test('has each option in a topic that fits a screen', async () => {
    const help = { command: 'putlogs dead-letter replay', summary: '', about: '', flags: {}, options: [''] };
    const texts = optionTopics().map((topic) => {
      const page = helpOf(help, topic);
      assert.ok('text' in page);
      assertFits(page.text, topic);
      return page.text;
    });
    const pages = texts.join('\n');
    const { text } = helpOf(help, 'batch') as { text: string };
    assert.equal(await run('putlogs', ['dead-letter', 'replay', '--help', 'batch']), text);
    for (const { path, kind } of optionLeaves()) {
      const flag = kind === 'boolean' ? flagOf(path).replace('--', '--[no-]') : flagOf(path);
      assert.ok(pages.includes(`  ${flag}`), flag);
    }
  });

  test('of putlogs-emulator fits a screen', async () => {
    assertFits(await run('putlogs-emulator', ['--help']), 'putlogs-emulator');
  });

  test('is the same by "putlogs help" and by --help, also for a topic', async () => {
    assert.equal(await run('putlogs', ['help']), await run('putlogs', ['--help']));
    assert.equal(await run('putlogs', ['help', 'spool', 'ls']), await run('putlogs', ['spool', 'ls', '--help']));
    assert.match(await run('putlogs', ['help', 'batch']), /--batch-max-bytes <bytes>/);
  });

  test('does not have an unknown topic, and names the nearest one', async () => {
    for (const [command, args] of [
      ['putlogs', ['doctor', '--help', 'bacth']],
      ['putlogs-pino', ['--help', 'bacth']],
    ] as const) {
      const { code, stderr } = await runChild(fileOf(command), { args });
      assert.equal(code, 2);
      assert.match(stderr, /there is no help topic bacth; did you mean batch\?/);
    }
  });
});
