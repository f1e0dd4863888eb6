// Runs the fault tests on each target except the default one, on which `npm run test:faults` runs them. The targets run
// one after the other, all to the end, so that each failure is reported. The arguments are those of scripts/test.mjs.
// By default the files of test/fault that need a service are run.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const DEFAULT_TARGET = 'volc-tls';
const require = createRequire(join(import.meta.dirname, '../test/package.json'));
const { TARGET_NAMES } = require('@putlogs/core/internal/options/target-facts');

/** These test the spool's files and their owners, which are the same for every service. */
const OF_THE_SPOOL = ['adoption', 'crash-points', 'hand-back', 'large-spool', 'many-runs', 'ownership', 'queue'];

const faults = readdirSync(join(import.meta.dirname, '../test/fault'))
  .filter((name) => name.endsWith('.test.ts') && !OF_THE_SPOOL.includes(name.replace('.test.ts', '')))
  .map((name) => `test/fault/${name}`);
const given = process.argv.slice(2);
const args = [join(import.meta.dirname, 'test.mjs'), ...(given.length === 0 ? faults : given)];
const failed = TARGET_NAMES.filter((name) => name !== DEFAULT_TARGET).filter((name) => {
  process.stdout.write(`\n# TEST_TARGET=${name}\n`);
  const env = { ...process.env, TEST_TARGET: name };
  return spawnSync(process.execPath, args, { stdio: 'inherit', env }).status !== 0;
});
if (failed.length > 0) process.stdout.write(`\n# failed: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
