// Builds dist/server: the application as one file of JavaScript, then that file inside a copy of node.

import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { inject } from 'postject';

await build({
  entryPoints: ['server.js'],
  bundle: true,
  platform: 'node',
  outfile: 'dist/server.cjs',
});

const config = { main: 'dist/server.cjs', output: 'dist/server.blob', disableExperimentalSEAWarning: true };
writeFileSync('dist/sea.json', JSON.stringify(config));
execFileSync(process.execPath, ['--experimental-sea-config', 'dist/sea.json'], { stdio: 'inherit' });

copyFileSync(process.execPath, 'dist/server');
await inject('dist/server', 'NODE_SEA_BLOB', await readFile(config.output), {
  sentinelFuse: 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
});
