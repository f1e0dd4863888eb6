// Runs test files in the given order, and ends with the tests that failed and the files that took longest.
//
//   node [node options] scripts/run-tests.mjs file ...
//
// scripts/test.mjs starts it, because the node options of this process are passed on to each test file. With
// TEST_SUMMARY it also writes the counts to that file, as JSON.
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const FILES_AT_A_TIME = Math.max(3, availableParallelism());
const LISTED = 12;

const root = new URL('..', import.meta.url).pathname;
const failed = [];
const msByFile = new Map();
let tests = 0;
const startedMs = performance.now();

const stream = run({ files: process.argv.slice(2), concurrency: FILES_AT_A_TIME });
const nameOf = (file) =>
  relative(root, file ?? '')
    .replace('test/dist/', 'test/')
    .replace(/\.js$/, '.ts');

function count({ file, nesting, details }) {
  if (details.type !== 'suite') tests += 1;
  if (nesting === 0) msByFile.set(file, (msByFile.get(file) ?? 0) + details.duration_ms);
}
stream.on('test:pass', count);
stream.on('test:fail', (test) => {
  count(test);
  process.exitCode = 1;
  failed.push(`${nameOf(test.file)}: ${test.name}`);
});
stream.compose(new spec()).pipe(process.stdout);
stream.on('end', () => {
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  const slowest = [...msByFile].sort(([, a], [, b]) => b - a).slice(0, LISTED);
  process.on('exit', () => {
    const lines = slowest.map(([file, ms]) => `#   ${(ms / 1000).toFixed(1).padStart(6)} s  ${nameOf(file)}`);
    const failures = failed.map((name) => `#   ${name}`);
    process.stdout.write(`# The files that took longest:\n${lines.join('\n')}\n`);
    if (failed.length > 0) process.stdout.write(`# Failed:\n${failures.join('\n')}\n`);
    process.stdout.write(`# ${tests} tests, ${failed.length} failed, ${seconds} s, Node ${process.version}\n`);
  });
  const summary = process.env['TEST_SUMMARY'];
  if (summary !== undefined) writeFileSync(summary, JSON.stringify({ tests, failed, seconds }));
});
