// Runs the built tests with node's own runner.
//
//   node scripts/test.mjs [folder or file, below test/ ...] [-- node options]
//
// The files are listed here because node 20 and node 22 disagree on how a folder is given to `--test`. The runner
// takes one core less than there are; two files at a time is what two cores can carry.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const built = join(import.meta.dirname, '../test/dist');
const dashes = process.argv.indexOf('--');
const wanted = process.argv.slice(2, dashes === -1 ? undefined : dashes);
const nodeOptions = dashes === -1 ? [] : process.argv.slice(dashes + 1);

function testFiles(below) {
  if (!statSync(below).isDirectory()) return [below];
  return readdirSync(below).flatMap((name) => {
    const path = join(below, name);
    if (statSync(path).isDirectory()) return testFiles(path);
    // What was built from a file that is gone is no test any more.
    return name.endsWith('.test.js') && existsSync(sourceOf(path)) ? [path] : [];
  });
}

function sourceOf(path) {
  return join(built, '..', relative(built, path).replace(/\.js$/, '.ts'));
}

function builtPath(source) {
  const path = relative(join(import.meta.dirname, '../test'), join(process.cwd(), source));
  return join(built, path.replace(/^dist\//, '').replace(/\.ts$/, '.js'));
}

/** Theirs is a command of its own, which packs first: scripts/test-packages.mjs. */
const OF_PACKED = join(built, 'packages');

const everything = () => testFiles(built).filter((path) => !path.startsWith(OF_PACKED));
const files = wanted.length === 0 ? everything() : wanted.flatMap((source) => testFiles(builtPath(source)));
const runner = ['--enable-source-maps', '--test', '--test-concurrency=2', ...nodeOptions, ...files];
const { status } = spawnSync(process.execPath, runner, { stdio: 'inherit' });
process.exit(status ?? 1);
