// Runs the built tests with Node's own runner: three files at a time, the longest files first.
//
//   node scripts/test.mjs [folder or file, below test/ ...] [-- node options]
//
// Without arguments these are the tests of the transports: `npm test`. Those of faults, of the ends of a process, and
// of generated records and histories are `npm run test:faults`, those of the command line and of the emulator
// `npm run test:tools`, those of pages, examples and the demo `npm run test:docs`, and those of the packed packages
// `npm run test:packages`.
//
// Many tests wait for a timer or a child process, so two cores carry three files at a time. Node's command `--test`
// sorts files by name; a long file that starts last then runs alone. So scripts/run-tests.mjs passes the files to
// `run()`.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const built = join(root, 'test/dist');
const dashes = process.argv.indexOf('--');
const wanted = process.argv.slice(2, dashes === -1 ? undefined : dashes);
const nodeOptions = dashes === -1 ? [] : process.argv.slice(dashes + 1);

/** Not in `npm test`: each of these has a command of its own. */
const ELSEWHERE = [
  'exit/',
  'fault/',
  'model/',
  'fuzz/',
  'core/moving',
  'core/runtimes',
  'packages/',
  'examples/',
  'demo/',
  'docs/doctor',
  'docs/operating',
  'docs/pages',
  'docs/readme',
  'docs/targets',
  'cli/',
  'emulator/',
  'interop/',
];

/** The files that take longest, by their time in `npm test`. A file that is not listed starts after these. */
const LONGEST = [
  'packages/runtimes',
  'exit/matrix',
  'core/supervision',
  'fault/many-runs',
  'fault/spool',
  'core/host',
  'model/delivery',
  'fuzz/transcode',
  'fuzz/hostile',
  'fuzz/long-line',
  'unit/long-line',
  'fault/time',
  'fault/crash-points',
  'fault/adoption',
  'fault/disk',
  'winston/exit',
  'exit/strict',
  'core/moving',
  'core/runtimes',
  'exit/late',
  'fault/ownership',
  'fault/queue',
  'pino/exit',
  'pino/logger-facts',
  'cli/dead-letter',
  'cli/doctor',
  'cli/spool',
  'cli/top',
  'cli/help',
  'cli/pipe',
];

function testFiles(below) {
  if (!statSync(below).isDirectory()) return [below];
  return readdirSync(below).flatMap((name) => {
    const path = join(below, name);
    if (statSync(path).isDirectory()) return testFiles(path);
    // A build leaves the output of a deleted source behind.
    return name.endsWith('.test.js') && existsSync(sourceOf(path)) ? [path] : [];
  });
}

function sourceOf(path) {
  return join(root, 'test', relative(built, path).replace(/\.js$/, '.ts'));
}

function builtPath(source) {
  const path = relative(join(root, 'test'), join(process.cwd(), source));
  return join(built, path.replace(/^dist\//, '').replace(/\.ts$/, '.js'));
}

const ofProduct = () =>
  testFiles(built).filter((path) => !ELSEWHERE.some((start) => relative(built, path).startsWith(start)));

function rank(path) {
  const at = LONGEST.indexOf(relative(built, path).replace('.test.js', ''));
  return at === -1 ? LONGEST.length : at;
}

const files = wanted.length === 0 ? ofProduct() : wanted.flatMap((source) => testFiles(builtPath(source)));
files.sort((a, b) => rank(a) - rank(b));
const args = ['--enable-source-maps', ...nodeOptions, join(import.meta.dirname, 'run-tests.mjs'), ...files];
const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
process.exit(status ?? 1);
