// Every code block of every page is run, in the way its language says; one that cannot be run is a failure.
//
// A JavaScript block is a whole program: it is run against an emulator, must end by itself with nothing on stderr, and if
// it makes a logger, its record must arrive. A block that names its target has only the endpoint and the key in its
// environment, and says the rest; one that names none has all of it for the default target. A shell block is a list of
// commands, each known here. A block without a language is a drawing.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { environmentName } from '@putlogs/core/internal/options/schema';
import { runChild, startChild } from '../support/child';
import { type Emulator, environmentFor, startEmulator, TOPIC_ID } from '../support/emulator';
import { leaveBehind } from '../support/putlogs-command';
import { TARGET_NAMES, targetNamed } from '../support/targets';

const root = join(__dirname, '../../..');

interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...readdirSync(join(root, 'packages')).flatMap((name) =>
    ['README.md', 'ARCHITECTURE.md']
      .map((page) => `packages/${name}/${page}`)
      .filter((page) => existsSync(join(root, page))),
  ),
];

const blocks: Block[] = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    language: match[1]!,
    code: match[2]!,
  }));
});

let directory: string;
before(() => {
  // Beside the tests, where the packages are found.
  directory = mkdtempSync(join(__dirname, 'block-'));
});
after(() => rmSync(directory, { recursive: true }));

for (const block of blocks.filter(({ language }) => language !== '')) {
  test(`${block.page}:${block.line} runs`, async () => {
    switch (block.language) {
      case 'js':
      case 'ts':
        return runProgram(block);
      case 'sh':
        for (const command of block.code.trim().split('\n')) await runCommand(command);
        return;
      case 'console':
        return runSession(block.code);
      case 'json':
        JSON.parse(block.code);
        return;
      default:
        assert.fail(`nothing here knows how to run a block in ${block.language}`);
    }
  });
}

async function runProgram({ page, line, code }: Block): Promise<void> {
  const emulator: Emulator = await startEmulator();
  const named = TARGET_NAMES.find((name) => code.includes(`target: '${name}'`));
  const target = targetNamed(named ?? 'volc-tls');
  const said = named === undefined ? [] : ['target', ...Object.keys(target.place)];
  const unset = Object.fromEntries(said.map((path) => [environmentName(path), '']));
  try {
    const file = join(directory, `${page.replaceAll('/', '-')}-${line}.mjs`);
    writeFileSync(file, code);
    const result = await runChild(file, { env: environmentFor(emulator, { TOPIC_ID, ...unset }, target) });
    assert.equal(result.stderr, '');
    assert.equal(result.code, 0);
    if (!/@putlogs\/(pino|winston|core)/.test(code)) return;
    const logs = emulator.logs();
    assert.equal(logs.length, 1);
    const { service, hashKey } = logs[0]!;
    assert.equal(service, target.name.startsWith('volc') ? 'tls' : 'sls');
    assert.equal(hashKey !== '', target.isSigned);
  } finally {
    await emulator.close();
  }
}

async function runCommand(command: string): Promise<void> {
  const [, name, value, rest] = /^(?:([A-Z_]+)=(\S+) )?(.*)$/.exec(command)!;
  const variables = name === undefined ? {} : { [name]: value };
  const [program, ...args] = rest!.split(' ');
  if (program === 'npm' && args[0] === 'install') return assertResolvable(args.slice(1));
  if (program === 'npm') return assertScript(args[0] === 'run' ? args[1]! : args[0]!);
  if (program === 'node' && args[0] === 'scripts/test.mjs') {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const options = { cwd: root, env: { ...env, ...variables }, encoding: 'utf8' } as const;
    const { status, stdout } = spawnSync(process.execPath, args, options);
    assert.equal(status, 0, stdout);
    return;
  }
  if (program === 'node' && args[0]!.includes('putlogs-emulator')) {
    await runEmulator(args.slice(1));
    return;
  }
  if (/(^|\| )putlogs(-pino)? /.test(command)) return runOurs(command);
  assert.fail(`nothing here knows how to run: ${command}`);
}

/** One of our commands as a shell runs it, where there is all that the pages name, and a service that takes it. */
async function runOurs(command: string): Promise<void> {
  const emulator = await startEmulator();
  const cwd = mkdtempSync(join(directory, 'shell-'));
  try {
    const spool = join(cwd, 'spool');
    await leaveBehind(emulator, spool, 20);
    writeFileSync(join(cwd, 'app.js'), `console.log('{"level":30,"msg":"hello"}');`);
    writeFileSync(join(cwd, 'putlogs.json'), JSON.stringify({ topicId: TOPIC_ID }));
    writeFileSync(join(cwd, 'dead.ndjson'), '');
    const PATH = `${join(root, 'test/node_modules/.bin')}${delimiter}${process.env['PATH']}`;
    const env = { ...environmentFor(emulator), PATH };
    const { code, stdout, stderr } = await runChild('', { command: '/bin/sh', args: ['-c', command], env, cwd });
    assert.equal(code, 0, `${command}\n${stdout}${stderr}`);
  } finally {
    await emulator.close();
  }
}

/** The packages of an install command are ours, or ones that the tests use with ours. */
function assertResolvable(names: readonly string[]): void {
  for (const name of names) assert.ok(require.resolve(`${name}/package.json`));
}

/** The script exists, and the gate runs it, from a clean clone. */
function assertScript(name: string): void {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  assert.ok(Object.hasOwn(scripts, name), `package.json has no script ${name}`);
  const gate = readFileSync(join(root, '.ci/run'), 'utf8');
  // The longer proofs have their smaller likeness in the tests.
  if (name === 'soak' || name === 'crash-points') return;
  assert.match(gate, name === 'test' ? /^npm test$/m : new RegExp(`^npm run --silent ${name}( -- .*)?$`, 'm'));
}

/** `$ command`, then what it prints. */
async function runSession(session: string): Promise<void> {
  const [command, ...printed] = session.trim().split('\n');
  const args = command!.split(' ').slice(2);
  assert.equal(command!.split(' ').slice(0, 2).join(' '), '$ putlogs-emulator');
  // Any port will do; the page shows a fixed one, which may be in use here.
  const line = await runEmulator(args.map((arg) => (/^\d+$/.test(arg) ? '0' : arg)));
  const withoutPort = (text: string) => text.replace(/:\d+"/, ':port"');
  assert.deepEqual(printed.map(withoutPort), [withoutPort(line)]);
}

async function runEmulator(args: readonly string[]): Promise<string> {
  const child = startChild(join(root, 'packages/emulator/bin/putlogs-emulator.js'), { args });
  const line = await child.line('"url"');
  child.kill('SIGTERM');
  assert.equal((await child.ended).code, 0);
  return line;
}

test('the table of options in the README is that of the schema', () => {
  const args = [join(root, 'scripts/options-table.mjs'), '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('every link from one page to another leads somewhere', () => {
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)?(?:#[^)]*)?\)/g)) {
      if (target !== undefined) assert.ok(existsSync(join(root, page, '..', target)), `${page}: ${target}`);
    }
  }
});

test('every file that the walk through the core names exists, and every file of the core is named', () => {
  const walk = readFileSync(join(root, 'packages/core/ARCHITECTURE.md'), 'utf8');
  const source = join(root, 'packages/core/src');
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    const file = name.split('/').at(-1)!;
    if (file.endsWith('ts'))
      assert.ok(walk.includes(`\`${file}\``) || walk.includes(`/${file}\``), `${name} is not in the walk`);
  }
});
