// `npm run pack`: the commands that it prints install the packages in an empty directory, and a record arrives from
// there.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runChild } from '../support/child';
import { contentsOf, emulatorForTest, environmentFor } from '../support/emulator';
import { blocksOf, root } from '../support/pages';

function runShell(command: string, cwd: string): string {
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', command], { cwd, encoding: 'utf8' });
  assert.equal(status, 0, `${command}\n${stdout}${stderr}`);
  return stdout;
}

test('the printed commands install the packages, and the programs of the README deliver their records', async () => {
  const printed = runShell(`${process.execPath} scripts/pack.mjs`, root);
  const installs = [...printed.matchAll(/^ {2}(npm install .+)$/gm)].map(([, command]) => command!);
  assert.equal(installs.length, 3, printed);
  const directory = mkdtempSync(join(tmpdir(), 'putlogs-pack-'));
  runShell('npm init -y', directory);
  for (const install of installs) runShell(`${install} --no-audit --no-fund --prefer-offline`, directory);
  const emulator = await emulatorForTest();
  for (const { code } of blocksOf('README.md')) {
    const [, name] = /^\/\/ (with-(?:pino|winston)\.mjs)\n/.exec(code) ?? [];
    if (name === undefined) continue;
    writeFileSync(join(directory, name), code);
    const { status, stderr } = await ended(join(directory, name), environmentFor(emulator), directory);
    assert.equal(status, 0, stderr);
  }
  assert.deepEqual(
    emulator.logs().map((log) => contentsOf(log)['order']),
    ['17', '18'],
  );
});

test('npm pack in a package stops, and says which command packs it', () => {
  for (const name of ['core', 'pino', 'winston', 'cli', 'emulator']) {
    const cwd = join(root, 'packages', name);
    const { status, stderr } = spawnSync('npm', ['pack', '--dry-run'], { cwd, encoding: 'utf8' });
    assert.notEqual(status, 0, name);
    assert.match(stderr, /run `npm run pack` in the root of the repository/);
  }
});

async function ended(file: string, env: Record<string, string>, cwd: string) {
  const { code, stderr } = await runChild(file, { cwd, env });
  return { status: code, stderr };
}
