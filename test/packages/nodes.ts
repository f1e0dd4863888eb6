// The Node binaries that applications are run on. scripts/nodes.mjs puts them there.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_VERSIONS } from './versions';

/** For `skip`: why a version of node is not here, or false if it is. */
export function nodeIsMissing(version: string): string | false {
  if (existsSync(nodeBinary(version))) return false;
  return `the registry has no node ${version} for ${process.platform}-${process.arch}`;
}

/** Where scripts/test-packages.mjs has put it. */
export function nodeBinary(version: string): string {
  return join(process.env['TEST_NODES'] ?? '', version, 'node_modules/.bin/node');
}

/**
 * The binaries that are here, of the versions from this line on; where this platform has none, the test's own.
 * scripts/test-packages.mjs prints which it could not get.
 */
export function nodesFrom(line: number): readonly string[] {
  const known = NODE_VERSIONS.filter((version) => Number.parseInt(version, 10) >= line);
  const here = known.filter((version) => nodeIsMissing(version) === false).map(nodeBinary);
  return here.length === 0 ? [process.execPath] : here;
}
