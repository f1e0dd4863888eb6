// Packs the public packages as they would be published, and runs test/packages on the tarballs.
//
//   node scripts/test-packages.mjs [folder or file, below test/packages]
//
// The tarballs lie in a temporary directory, each with its contents beside it, and go with it. The versions of node that
// the tests run on come from the registry's own packages of them, once, into node_modules/.cache; where a platform has
// none, its tests are skipped.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packInto } from './pack.mjs';

const root = join(import.meta.dirname, '..');
const { NODE_VERSIONS } = createRequire(import.meta.url)('../test/dist/packages/versions.js');

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

/** Each in a directory of its own: the package's name is the same for all versions. */
function fetchNodes(directory) {
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  for (const version of NODE_VERSIONS) {
    const place = join(directory, version);
    // npm writes it when all else is there.
    if (existsSync(join(place, 'node_modules/.package-lock.json'))) continue;
    mkdirSync(place, { recursive: true });
    const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--prefix', place];
    const { status, said } = run('npm', ['install', ...flags, `node-${platform}@${version}`], 'pipe');
    if (status === 0) continue;
    rmSync(place, { recursive: true });
    process.stdout.write(`# the registry gave no node ${version} for ${platform}: ${said.trim()}\n`);
    if (platform === 'linux-x64') throw new Error(`it has one for ${platform}, so something else is wrong`);
  }
}

const packed = mkdtempSync(join(tmpdir(), 'putlogs-packed-'));
const nodes = join(root, 'node_modules/.cache/putlogs-nodes');
try {
  pack(packed);
  fetchNodes(nodes);
  const given = process.argv.slice(2);
  const args = [join(import.meta.dirname, 'test.mjs'), ...(given.length === 0 ? ['test/packages'] : given)];
  const env = { ...process.env, TEST_PACKED: packed, TEST_NODES: nodes };
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1;
} finally {
  rmSync(packed, { recursive: true });
}
