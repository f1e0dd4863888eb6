// The command putlogs-pino: what an application writes to its stdout, shipped by a process of its own.
//
// Takes: lines on stdin, flags, a config file, the environment, signals. Gives: the lines to the service, with --echo
// also to stdout, byte for byte; an exit code. Keeps: the shipper. Never: ends with 0 while a line is neither
// acknowledged nor on disk; refuses a line because memory is full: it stops reading until there is room, and the pipe
// fills up instead.
//
// Ctrl-C goes to all processes of a pipeline at once. The first is therefore left to the application: what it writes at
// its end comes through, and the end of the input is ours. So is it with other commands that pino is piped to.

import { fstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Stats } from '@putlogs/core';
import {
  COMMON_FLAGS,
  type CommandLine,
  explainOptions,
  flagOf,
  flagsHelp,
  type Options,
  type OwnFlag,
  optionsHelp,
  optionsOf,
  readCommandLine,
  startLineStream,
} from '@putlogs/core/tools';

const FLAGS = {
  echo: { short: 'e', meaning: 'Pass every line on to stdout, byte for byte.' },
  quiet: { short: 'q', meaning: 'No line with the counters at the end.' },
  json: { meaning: 'That line as one JSON text.' },
  ...COMMON_FLAGS,
} as const satisfies Record<string, OwnFlag>;

const HELP = `Usage: node app.js | putlogs-pino [flags]

Ships each line of its input to Volcengine TLS or Alibaba Cloud SLS, as @putlogs/pino does in a thread.

When memory (--memory-max-bytes) is full it stops reading until there is room, so that no line is lost; the
application may then wait in its writes to stdout. With --spool-dir lines go to disk instead. With
--memory-when-full dropOldest the oldest are dropped, and counted.

It ends when its input ends. Then, and on SIGTERM and the second Ctrl-C, it delivers for --close-timeout-ms
at most; what is left goes to --spool-dir, or is lost and told. The first Ctrl-C is left to the application.

Other users of the machine see the flags of a command: keep secrets in variables or a file.

Exit codes: 0 every line was acknowledged by the service or is in the spool; 1 some were not, and one line on
stderr says so; 2 wrong flags or options.

Flags:
${flagsHelp(FLAGS)}
Options, from a flag, else the config file, else the variable, else the vendor's variable, else the default:
${optionsHelp()}`;

/** After a signal, what is in the pipe already is still read. */
const LAST_READ_MS = 250;

function main(): void {
  const line = readCommandLine(process.argv.slice(2), FLAGS);
  if ('problem' in line) complain(`${line.problem} (see --help)`, 2);
  else if (line.own.has('help')) process.stdout.write(HELP);
  else if (line.own.has('version')) process.stdout.write(`${readVersion()}\n`);
  else if (line.positionals.length > 0) complain(`unexpected argument ${line.positionals[0]} (see --help)`, 2);
  else start(line);
}

function start({ given, own }: CommandLine): void {
  let options: Options;
  try {
    options = optionsOf(explainOptions(given, process.env, flagOf));
  } catch (error) {
    complain((error as Error).message.replace(/^putlogs /, ''), 2);
    return;
  }
  ship(options, own);
}

function ship(options: Options, own: ReadonlyMap<string, string>): void {
  // Until it is known to be 0, however the process ends.
  process.exitCode = 1;
  const stopWaiting = new AbortController();
  // Signals are seen to here.
  const { shipper, stream } = startLineStream({ ...options, handleSignals: [] }, { waitUntil: stopWaiting.signal });
  const { stdin, stdout } = process;

  let isEnding = false;
  const end = () => {
    // Whoever asks again does not want to wait: the listeners on exit keep what can be kept.
    if (isEnding) process.exit(1);
    isEnding = true;
    setTimeout(() => {
      stopWaiting.abort();
      stdin.destroy();
      stream.end();
    }, LAST_READ_MS);
  };
  process.on('SIGTERM', end);
  if (isPipe()) process.once('SIGINT', () => process.on('SIGINT', end));
  else process.on('SIGINT', end);

  let inputProblem: string | undefined;
  // That nobody reads it any more is no reason to stop shipping.
  stdout.on('error', () => {});
  pump(stdin, own.has('echo') ? [stream, stdout] : [stream])
    .catch((error: Error) => {
      if (!isEnding) inputProblem = error.message;
    })
    .finally(() => stream.end());

  stream.on('finish', () => {
    // Whatever still holds the input open, nothing more is awaited of it.
    stdin.destroy();
    process.exitCode = report(shipper.stats(), own, inputProblem) ? 0 : 1;
  });
}

/** Byte for byte, no faster than each takes it. */
async function pump(stdin: AsyncIterable<Buffer>, outputs: readonly Writable[]): Promise<void> {
  for await (const chunk of stdin) for (const output of outputs) await write(output, chunk);
}

/** Resolves when more may come, or when no more will be taken. */
function write(output: Writable, chunk: Buffer): Promise<void> | undefined {
  if (output.errored || !output.writable || output.write(chunk)) return undefined;
  return new Promise((resolve) => {
    const events = ['drain', 'error', 'close', 'finish'];
    const done = () => {
      for (const event of events) output.off(event, done);
      resolve();
    };
    for (const event of events) output.on(event, done);
  });
}

function isPipe(): boolean {
  // With bigint, for node 20 keeps the numbers of the last other stat of a file, and where that was a pipe, a
  // module that is loaded later through a link is not found: its realpathSync asks those numbers instead of its own.
  return !process.stdin.isTTY && !fstatSync(0, { bigint: true }).isFile();
}

/** Gives whether every line was acknowledged or is on disk. */
function report(stats: Stats, own: ReadonlyMap<string, string>, inputProblem: string | undefined): boolean {
  const { accepted, recovered, delivered, spooled, refused } = stats;
  const lost = accepted + recovered - delivered - spooled + sum(withoutMeant(refused));
  if (own.has('json')) process.stderr.write(`${JSON.stringify(stats)}\n`);
  else if (!own.has('quiet')) {
    const left = recovered === 0 ? '' : `, ${recovered} left by earlier processes`;
    const all = accepted + sum(refused);
    const read = `${all} line${all === 1 ? '' : 's'}${left}`;
    tell(`${read}: ${delivered} delivered, ${spooled} in the spool, ${lost} lost`);
  }
  if (inputProblem !== undefined) tell(`stdin could not be read to its end: ${inputProblem}`);
  if (lost > 0)
    tell(`${lost} ${lost === 1 ? 'record is' : 'records are'} lost (${reasons(stats)}); ${adviceFor(stats)}`);
  return lost === 0 && inputProblem === undefined;
}

/** Without what somebody wants: `enabled: false`, and what their transform left out. */
function withoutMeant({ disabled: _, filtered: __, ...others }: Stats['refused']): Readonly<Record<string, number>> {
  return others;
}

/** The counters that say why. */
function reasons({ dropped, refused }: Stats): string {
  return [...Object.entries(dropped), ...Object.entries(withoutMeant(refused))]
    .filter(([, records]) => records > 0)
    .map(([reason, records]) => `${reason}: ${records}`)
    .join(', ');
}

function adviceFor({ dropped }: Stats): string {
  if (dropped.rejected > 0)
    return 'set --dead-letter-file or PUTLOGS_DEAD_LETTER_FILE to keep what the service refuses';
  if (dropped.spool > 0) return 'raise --spool-max-bytes or PUTLOGS_SPOOL_MAX_BYTES';
  return 'set --spool-dir or PUTLOGS_SPOOL_DIR to keep them for the next process';
}

function sum(reasons: Readonly<Record<string, number>>): number {
  return Object.values(reasons).reduce((total, records) => total + records, 0);
}

function readVersion(): string {
  const text = readFileSync(join(__dirname, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function tell(text: string): void {
  process.stderr.write(`putlogs-pino: ${text}\n`);
}

function complain(problem: string, exitCode: number): void {
  tell(problem);
  process.exitCode = exitCode;
}

main();
