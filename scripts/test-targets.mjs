// Runs the fault tests on each target but the default one, which `npm test` runs them on: one after the other, to the
// end, so that all that is wrong is told. Its arguments are those of scripts/test.mjs; by default test/fault.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const DEFAULT_TARGET = 'volc-tls';
const require = createRequire(join(import.meta.dirname, '../test/package.json'));
const { TARGET_NAMES } = require('@putlogs/core/internal/options/targets');

const given = process.argv.slice(2);
const args = [join(import.meta.dirname, 'test.mjs'), ...(given.length === 0 ? ['test/fault'] : given)];
const failed = TARGET_NAMES.filter((name) => name !== DEFAULT_TARGET).filter((name) => {
  process.stdout.write(`\n# TEST_TARGET=${name}\n`);
  const env = { ...process.env, TEST_TARGET: name };
  return spawnSync(process.execPath, args, { stdio: 'inherit', env }).status !== 0;
});
if (failed.length > 0) process.stdout.write(`\n# failed: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
