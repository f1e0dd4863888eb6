// docs/operating.md lists every kind of warning, every drop reason and every counter, and the lines as they are
// printed.
//
// The kinds are a type in telemetry/warnings.ts. A type does not exist at run time, so the source is read.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Counters, DROP_REASONS } from '@putlogs/core/internal/telemetry/counters';
import { runChild } from '../support/child';

const root = join(__dirname, '../../..');
const page = readFileSync(join(root, 'docs/operating.md'), 'utf8');

/** The names in the first column of the tables behind a heading, each once. */
function firstColumn(heading: string): string[] {
  const section = page.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  return [...new Set([...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!))];
}

test('docs/operating.md has every kind of warning, and no other', () => {
  const source = readFileSync(join(root, 'packages/core/src/telemetry/warnings.ts'), 'utf8');
  const [, type] = /export type WarningKind =([^;]+);/.exec(source)!;
  const kinds = [...type!.matchAll(/'(\w+)'/g)].map(([, kind]) => kind!);
  assert.ok(kinds.length > 0);
  assert.deepEqual(firstColumn('Warnings').sort(), kinds.sort());
});

test('docs/operating.md has every counter and every reason, and no other', () => {
  const counters = Object.keys(new Counters().stats());
  assert.deepEqual(firstColumn('Counters').sort(), [...counters, ...DROP_REASONS].sort());
});

test('the sizes in docs/operating.md are those that the benchmark measured', () => {
  const args = [join(root, 'scripts/sizes-table.mjs'), '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

/** Not provoked here: other tests do, and look for these words. */
const TOLD_ELSEWHERE = ['compression', 'worker', 'options', 'internal'];

/** A line of the page as a pattern: `…` is anything, and what differs from one time to the next is. */
function patternOf(line: string): RegExp {
  const literal = line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const open = literal.replace(/\/[\w/-]+/g, '\\S+').replace(/\d+(\\\.\d+)*/g, '[\\d.]+');
  return new RegExp(`^${open.replaceAll('…', '.*').replace(/E[A-Z]{4,}.*/, 'E[A-Z]{4,}.*')}$`);
}

test('docs/operating.md has the lines as they are printed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'putlogs-warnings-'));
  try {
    const { stdout, stderr, code } = await runChild(join(__dirname, 'apps/warnings.js'), { args: [directory] });
    assert.equal(code, 0);
    const told = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; message: string });
    told.push({ kind: 'exit', message: stderr.trim().split('\nputlogs: ').at(-1)! });
    const rows = page.split('\n## Warnings\n')[1]!.split('\n## ')[0]!;
    for (const [, kind, cell] of rows.matchAll(/^\| `(\w+)` \| (.+?) \|/gm)) {
      if (TOLD_ELSEWHERE.includes(kind!)) continue;
      for (const [, line] of cell!.matchAll(/`([^`]+)`/g)) {
        const isTold = told.some((warning) => warning.kind === kind && patternOf(line!).test(warning.message));
        assert.ok(isTold, `${kind}: nobody said "${line}"\n${stdout}`);
      }
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
