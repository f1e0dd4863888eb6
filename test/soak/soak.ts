// What goes wrong in a year, in minutes: `npm run soak -- --minutes 20 [--seed 1] [--rate 300] [--target aliyun-sls]
// [--only turmoil|hours]`.
//
// Two phases: turmoil.ts by the real clock, hours.ts by a fast one. Each ends with the comparison of what the
// applications said with what the service holds (judge.ts). Exit code 0 only if each promise was kept; otherwise 1,
// with the first differences printed, and the files are left for a look.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { targetNamed } from '../support/targets';
import { hours } from './hours';
import { turmoil } from './turmoil';
import { print } from './verdicts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    rate: { type: 'string', default: '300' },
    target: { type: 'string', default: 'aliyun-sls' },
    only: { type: 'string' },
  },
});

/** Of the fast clock's phase: an eighth of the time. */
const LEAST_SECONDS = 15;
const MOST_SECONDS = 120;

async function soak(): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'putlogs-soak-'));
  const target = targetNamed(values.target);
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  const realSeconds = Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, (minutes * 60) / 8));
  const { only } = values;
  let isKept = true;
  if (only !== 'hours') {
    isKept = (await turmoil({ dir, minutes, seed, recordsPerSecond: Number(values.rate), target })) && isKept;
  }
  if (only !== 'turmoil') isKept = (await hours({ dir, realSeconds, seed, target })) && isKept;
  if (isKept) rmSync(dir, { recursive: true });
  else print(`  files are in ${dir}`);
  print(isKept ? '\nsoak: every promise was kept' : '\nsoak: A PROMISE WAS BROKEN');
  return isKept;
}

void soak().then((isKept) => {
  process.exitCode = isKept ? 0 : 1;
});
