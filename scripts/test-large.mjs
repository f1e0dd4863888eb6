// Runs the tests that have a large size with it: each file that takes its size from test/support/sizes.ts.
//
//   node scripts/test-large.mjs [-- node options]
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const IMPORT = /from '[./]+\/support\/sizes'/;

const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts') && !/(^|\/)(dist|node_modules)\//.test(name))
  .map((name) => join(root, 'test', name))
  .filter((path) => IMPORT.test(readFileSync(path, 'utf8')))
  .map((path) => relative(process.cwd(), path));
if (files.length === 0) throw new Error('no test takes a size from test/support/sizes.ts');

process.stdout.write(`# TEST_SIZES=large ${files.join(' ')}\n`);
const args = [join(import.meta.dirname, 'test.mjs'), ...files, ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, {
  stdio: 'inherit',
  env: { ...process.env, TEST_SIZES: 'large' },
});
process.exitCode = status ?? 1;
