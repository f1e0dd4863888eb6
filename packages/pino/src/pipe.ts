// The command putlogs-pino: ships the lines that an application writes to its stdout, in a process of its own.
//
// It exits with 0 only if every line is acknowledged or on disk. It never refuses a line because memory is full: it
// stops reading until there is room, and the pipe fills up.
//
// Ctrl-C goes to all processes of a pipeline at once. The first Ctrl-C is left to the application, so that its last
// lines arrive. The end of the input then ends this process.

import { fstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Stats } from '@putlogs/core';
import {
  COMMON_FLAGS,
  type CommandLine,
  explainOptions,
  flagOf,
  type HelpText,
  helpOf,
  type Options,
  type OwnFlag,
  optionsOf,
  readCommandLine,
  startLineStream,
} from '@putlogs/core/tools';

const FLAGS = {
  echo: { short: 'e', meaning: 'Copy every line to stdout, byte for byte.' },
  quiet: { short: 'q', meaning: 'Print no counters at the end.' },
  json: { meaning: 'Print the counters as JSON.' },
  ...COMMON_FLAGS,
} as const satisfies Record<string, OwnFlag>;

const HELP: HelpText = {
  command: 'putlogs-pino',
  usage: 'node app.js | putlogs-pino [flags]',
  summary: 'Ships each line of its input to Volcengine TLS or Alibaba Cloud SLS.',
  about: `It does what @putlogs/pino does in a thread, in a process of its own. Other users of the machine can see the flags
of a command: keep secrets in variables or a file.

When memory (--memory-max-bytes) is full, it stops reading until there is room, so that no line is lost. The
application may then block when it writes to stdout. With --spool-dir lines go to disk instead. With
--memory-when-full dropOldest the oldest lines are dropped and counted.

It ends when its input ends, on SIGTERM, and on the second Ctrl-C. It then delivers for at most --close-timeout-ms.
The remaining lines go to --spool-dir; without it they are lost and reported. The first Ctrl-C is left to the
application.

Exit code 0: every line is acknowledged by the service or in the spool. 1: some lines are not, and one line on stderr
says so.`,
  flags: FLAGS,
  options: [''],
};

/** After a signal, lines that are already in the pipe are still read for this long. */
const LAST_READ_MS = 250;

function main(): void {
  const line = readCommandLine(process.argv.slice(2), FLAGS);
  if ('problem' in line) complain(`${line.problem} (see --help)`, 2);
  else if (line.own.has('help')) printHelp(line.positionals[0]);
  else if (line.own.has('version')) process.stdout.write(`${readVersion()}\n`);
  else if (line.positionals.length > 0) complain(`unexpected argument ${line.positionals[0]} (see --help)`, 2);
  else start(line);
}

function printHelp(topic: string | undefined): void {
  const page = helpOf(HELP, topic);
  if ('problem' in page) complain(page.problem, 2);
  else process.stdout.write(page.text);
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
  // 1 until every line is known to be safe, however the process ends.
  process.exitCode = 1;
  const stopWaiting = new AbortController();
  // This process handles signals itself, below.
  const { shipper, stream } = startLineStream({ ...options, handleSignals: [] }, { waitUntil: stopWaiting.signal });
  const { stdin, stdout } = process;

  let isEnding = false;
  const end = () => {
    // A second signal ends the process at once. The exit listeners spool what they can.
    if (isEnding) process.exit(1);
    isEnding = true;
    setTimeout(() => {
      stopWaiting.abort();
      stdin.destroy();
      stream.end();
    }, LAST_READ_MS);
  };
  process.on('SIGTERM', end);
  // In a pipeline the first Ctrl-C is left to the application, which still writes its last lines. One listener counts
  // the signals. A new listener for each signal would leave a moment without one, and Node's default action would end
  // the process in that moment.
  let interrupts = isPipe() ? 0 : 1;
  process.on('SIGINT', () => {
    interrupts += 1;
    if (interrupts > 1) end();
  });

  let inputProblem: string | undefined;
  // A closed stdout is no reason to stop shipping.
  stdout.on('error', () => {});
  pump(stdin, own.has('echo') ? [stream, stdout] : [stream])
    .catch((error: Error) => {
      if (!isEnding) inputProblem = error.message;
    })
    .finally(() => stream.end());

  stream.on('finish', () => {
    // An input that is still open must not keep the process alive.
    stdin.destroy();
    process.exitCode = report(shipper.stats(), own, inputProblem) ? 0 : 1;
  });
}

/** Copies the input to each output, no faster than the slowest of them. */
async function pump(stdin: AsyncIterable<Buffer>, outputs: readonly Writable[]): Promise<void> {
  for await (const chunk of stdin) for (const output of outputs) await write(output, chunk);
}

/** Resolves when the output takes more, or when it is closed. */
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
  // With bigint: Node 20 keeps the numbers of the last other stat. After that of a pipe, `require` through a link would
  // read those numbers in place of its own and fail (spool/real-fs.ts of the core).
  return !process.stdin.isTTY && !fstatSync(0, { bigint: true }).isFile();
}

/** Prints the result. Returns whether every line is acknowledged or on disk. */
function report(stats: Stats, own: ReadonlyMap<string, string>, inputProblem: string | undefined): boolean {
  const { accepted, recovered, delivered, spooled, refused } = stats;
  const lost = accepted + recovered - delivered - spooled + sum(withoutChosen(refused));
  if (own.has('json')) process.stderr.write(`${JSON.stringify(stats)}\n`);
  else if (!own.has('quiet')) {
    const left = recovered === 0 ? '' : `, ${recovered} left by earlier processes`;
    const all = accepted + sum(refused);
    const read = `${all} line${all === 1 ? '' : 's'}${left}`;
    printLine(`${read}: ${delivered} delivered, ${spooled} in the spool, ${lost} lost`);
  }
  if (inputProblem !== undefined) printLine(`stdin could not be read to its end: ${inputProblem}`);
  if (lost > 0)
    printLine(`${lost} ${lost === 1 ? 'record is' : 'records are'} lost (${reasons(stats)}); ${adviceFor(stats)}`);
  return lost === 0 && inputProblem === undefined;
}

/** Without the reasons that the user chose: `enabled: false`, and records that `transform` left out. */
function withoutChosen({ disabled: _, filtered: __, ...others }: Stats['refused']): Readonly<Record<string, number>> {
  return others;
}

/** Returns the reasons with their counts. */
function reasons({ dropped, refused }: Stats): string {
  return [...Object.entries(dropped), ...Object.entries(withoutChosen(refused))]
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

function printLine(text: string): void {
  process.stderr.write(`putlogs-pino: ${text}\n`);
}

function complain(problem: string, exitCode: number): void {
  printLine(problem);
  process.exitCode = exitCode;
}

main();
