// Runs the tests on several versions of Node, one after the other, and prints one line for each.
//
//   npm run test:nodes                        all tests on every version
//   npm run test:nodes -- 20 26               on the versions of these lines
//   npm run test:nodes -- --small 20 26       the small set, see SMALL
//   npm run test:nodes -- 26 test/pino        a folder or a file
//
// The versions are those of test/packages/versions.ts: the oldest that `engines` allows, and the newest of each line.
// Every version runs the same build. The child processes of a test run on the version of the test.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fetchNodes, NODE_VERSIONS, nodeBinary } from './nodes.mjs';

/**
 * What .ci/run runs on the oldest and the newest version, because the whole takes as long as `npm test` for each of
 * them. These are the tests whose result depends on Node: every stage, threads, signals, the loggers' streams,
 * sockets and TLS. The rest are long histories (test/model, test/fuzz), the command line and the disk. They call the
 * same functions.
 */
const SMALL = [
  'test/unit',
  'test/core',
  'test/pino',
  'test/winston',
  'test/exit/signals.test.ts',
  'test/fault/http.test.ts',
  'test/fault/proxy.test.ts',
  'test/fault/sockets.test.ts',
  'test/fault/tls.test.ts',
];

/** `npm test`, `npm run test:faults` and `npm run test:tools`. */
const WHOLE = [...new Set(SMALL.map((path) => path.split('/').slice(0, 2).join('/')))].concat(
  ['model', 'fuzz', 'cli', 'emulator', 'interop'].map((folder) => `test/${folder}`),
);

const args = process.argv.slice(2).filter((arg) => arg !== '--small');
const isLine = (arg) => /^\d+$/.test(arg);
const lines = args.filter(isLine);
const given = args.filter((arg) => !isLine(arg));
const files = process.argv.includes('--small') ? [...SMALL, ...given] : given.length > 0 ? given : WHOLE;
const wanted = NODE_VERSIONS.filter((version) => lines.length === 0 || lines.includes(version.split('.')[0]));
const known = NODE_VERSIONS.map((version) => version.split('.')[0]).join(', ');
if (wanted.length < lines.length) throw new Error(`the lines of Node are ${known}`);

const directory = mkdtempSync(join(tmpdir(), 'putlogs-nodes-'));
const results = fetchNodes(wanted).map((version) => {
  process.stdout.write(`\n# Node ${version}\n`);
  const summary = join(directory, version);
  const PATH = `${dirname(nodeBinary(version))}${delimiter}${process.env.PATH}`;
  const env = { ...process.env, PATH, TEST_SUMMARY: summary };
  const script = join(import.meta.dirname, 'test.mjs');
  const { status } = spawnSync(nodeBinary(version), [script, ...files], { stdio: 'inherit', env });
  return { version, status, summary };
});

process.stdout.write('\n# Summary\n');
for (const { version, status, summary } of results) {
  const { tests, failed, seconds } = readSummary(summary);
  process.stdout.write(`# Node ${version.padEnd(8)} ${tests} tests, ${failed.length} failed, ${seconds} s\n`);
  for (const name of failed) process.stdout.write(`#   ${name}\n`);
  if (status !== 0 || tests === 0) process.exitCode = 1;
}
rmSync(directory, { recursive: true });

/** A run that did not reach its end has no summary. */
function readSummary(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { tests: 0, failed: ['the run did not reach its end'], seconds: 0 };
  }
}
