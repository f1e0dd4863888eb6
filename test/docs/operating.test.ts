// What docs/operating.md lists is what the code has: no kind of warning, no reason and no counter without its row.
//
// Takes: the page, the types in tell.ts (a type has nothing at run time, so its source is read), an account's reading.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Account, DROP_REASONS } from '@putlogs/core/internal/account';

const root = join(__dirname, '../../..');
const page = readFileSync(join(root, 'docs/operating.md'), 'utf8');

/** The names in the first column of the tables behind a heading, each once. */
function firstColumn(heading: string): string[] {
  const section = page.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  return [...new Set([...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!))];
}

test('docs/operating.md has every kind of warning, and no other', () => {
  const source = readFileSync(join(root, 'packages/core/src/tell.ts'), 'utf8');
  const [, type] = /export type WarningKind =([^;]+);/.exec(source)!;
  const kinds = [...type!.matchAll(/'(\w+)'/g)].map(([, kind]) => kind!);
  assert.ok(kinds.length > 0);
  assert.deepEqual(firstColumn('Warnings').sort(), kinds.sort());
});

test('docs/operating.md has every counter and every reason, and no other', () => {
  const counters = Object.keys(new Account().stats());
  assert.deepEqual(firstColumn('Counters').sort(), [...counters, ...DROP_REASONS].sort());
});

test('the sizes in docs/operating.md are those that the benchmark measured', () => {
  const args = [join(root, 'scripts/sizes-table.mjs'), '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
