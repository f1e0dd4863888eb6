// The section "Use it in your application" of the README, word for word: its files under their names, its commands in
// one shell. Only the installation is replaced by a link to the packages, the port is a free one, and without curl the
// address is read by node.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runChild, startChild } from '../support/child';
import { contentsOf } from '../support/emulator';
import { blocksOf, root } from '../support/pages';

const EMULATOR = 'npx putlogs-emulator --port 4700';
const packages = join(root, 'test/node_modules');

interface Answer {
  readonly logs: readonly { readonly hashKey: string; readonly contents: { key: string; value: string }[] }[];
}

test('the walk through the README ends with its three records at the service', async () => {
  const blocks = blocksOf('README.md').filter(({ section }) => section === 'Use it in your application');
  const directory = mkdtempSync(join(tmpdir(), 'putlogs-readme-'));
  symlinkSync(packages, join(directory, 'node_modules'));
  const commands: string[] = [];
  for (const { language, code } of blocks) {
    const [, name] = /^\/\/ ([\w-]+\.mjs)\n/.exec(code) ?? [];
    if (language === 'sh') for (const command of code.trim().split('\n')) commands.push(command);
    else writeFileSync(join(directory, name!), code);
  }
  const [pack, service, ...rest] = commands;
  // test/packages/pack.test.ts runs it, and the commands that it prints.
  assert.equal(pack, 'npm run pack');
  assert.equal(service, EMULATOR);

  // What npx would start: npx itself does not pass a signal on.
  const command = join(packages, '.bin/putlogs-emulator');
  const emulator = startChild('', { command, args: ['--port', '0'], cwd: directory });
  try {
    const { url } = JSON.parse(await emulator.line('"url"')) as { url: string };
    const curl = spawnSync('curl', ['--version']).error === undefined ? 'curl -s' : `${process.execPath} -e '${FETCH}'`;
    const script = rest.join('\n').replaceAll('http://127.0.0.1:4700', url).replace(/^curl/m, curl);
    // npm's own warnings are of the machine's configuration.
    const env = { npm_config_loglevel: 'error' };
    const result = await runChild('', { command: 'bash', args: ['-ec', script], cwd: directory, env });
    assert.equal(result.code, 0, result.stderr);
    const { logs } = JSON.parse(result.stdout) as Answer;
    assert.deepEqual(
      logs.map((log) => [contentsOf(log)['order'], contentsOf(log)['level'], log.hashKey !== '']),
      ['17', '18', '19'].map((order) => [order, 'info', true]),
    );
    // The pipe prints a line, and no other program does.
    assert.match(result.stderr, /^putlogs-pino: .+\n$/);
  } finally {
    emulator.kill('SIGTERM');
    await emulator.ended;
    rmSync(directory, { recursive: true });
  }
});

test('the README is short, names what keeps records through a crash, and says what was never tried', () => {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  assert.ok(text.split('\n').length <= 151);
  assert.match(text, /`PUTLOGS_SPOOL_DIR` .* `PUTLOGS_SPOOL_MODE` to `always`/);
  assert.match(text, /It was never run against the real services\./);
});

const FETCH = 'fetch(process.argv[1]).then((answer) => answer.text()).then(console.log)';
