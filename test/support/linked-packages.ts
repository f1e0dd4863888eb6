// Packages that are links, for tests of what a look at a special file does to later calls of `require`.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { temporaryDirectory } from './directory';

/** Packages that are links, as pnpm makes them. Node remembers the directories above each of them. */
export function linkedPackages(): (name: 'early' | 'late') => unknown {
  const directory = temporaryDirectory('linked');
  const packages = join(directory, 'app/node_modules');
  mkdirSync(packages, { recursive: true });
  for (const name of ['early', 'late']) {
    const store = join(directory, 'store', name, 'node_modules');
    mkdirSync(join(store, name), { recursive: true });
    mkdirSync(join(store, `of-${name}`));
    writeFileSync(join(store, name, 'index.js'), `module.exports = require('of-${name}')`);
    writeFileSync(join(store, `of-${name}`, 'index.js'), 'module.exports = 7');
    symlinkSync(join(store, name), join(packages, name));
  }
  return createRequire(join(directory, 'app/index.js'));
}
