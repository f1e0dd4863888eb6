// Packs the public packages as they would be published, and runs test/packages on the tarballs.
//
//   node scripts/test-packages.mjs [folder or file, below test/packages]
//
// The tarballs are in a temporary directory, each with its contents beside it, and are removed with it.
// scripts/nodes.mjs fetches the versions of Node, Bun and Deno that the tests run on. If a platform has none of a
// version, its tests are skipped.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchNodes, fetchRuntimes, NODES } from './nodes.mjs';
import { packInto } from './pack.mjs';

const root = join(import.meta.dirname, '..');

function run(command, args, stdio = 'inherit') {
  const { status, stderr, stdout } = spawnSync(command, args, { cwd: root, stdio, encoding: 'utf8' });
  return { status, said: `${stdout ?? ''}${stderr ?? ''}` };
}

function pack(directory) {
  packInto(directory);
  for (const tarball of readdirSync(directory)) {
    const place = join(directory, tarball.replace(/\.tgz$/, ''));
    mkdirSync(place);
    const { status, said } = run('tar', ['-xzf', join(directory, tarball), '-C', place], 'pipe');
    if (status !== 0) throw new Error(`${tarball} is no tarball\n${said}`);
  }
}

const packed = mkdtempSync(join(tmpdir(), 'putlogs-packed-'));
try {
  pack(packed);
  fetchNodes();
  fetchRuntimes();
  const given = process.argv.slice(2);
  const args = [join(import.meta.dirname, 'test.mjs'), ...(given.length === 0 ? ['test/packages'] : given)];
  const env = { ...process.env, TEST_PACKED: packed, TEST_NODES: NODES };
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1;
} finally {
  rmSync(packed, { recursive: true });
}
