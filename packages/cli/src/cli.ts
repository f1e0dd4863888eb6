// The command `putlogs`: finds the subcommand, reads flags and options, runs it, and sets the exit code.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  COMMON_FLAGS,
  type CommandLine,
  explainOptions,
  flagOf,
  type HelpPage,
  helpOf,
  optionsPage,
  optionTopics,
  readCommandLine,
  twoColumns,
} from '@putlogs/core/tools';
import { type Command, UsageError } from './command';
import { deadLetterLs } from './dead-letter-ls';
import { deadLetterReplay } from './dead-letter-replay';
import { doctor } from './doctor';
import { init } from './init';
import { spoolExport } from './spool-export';
import { spoolLs } from './spool-ls';
import { spoolReplay } from './spool-replay';
import { spoolVerify } from './spool-verify';
import { top } from './top';

const COMMANDS: readonly Command[] = [
  init,
  doctor,
  top,
  spoolLs,
  spoolVerify,
  spoolReplay,
  spoolExport,
  deadLetterLs,
  deadLetterReplay,
];

const COMMON = { json: { meaning: 'Print JSON.' }, ...COMMON_FLAGS };
const WRONG_USAGE = 2;

const HELP = `Usage: putlogs <command> [flags]

Checks a configuration, and manages spooled records and dead letters.

Commands:
${twoColumns(COMMANDS.map(({ name, summary }) => [name, summary]))}
putlogs <command> --help explains a command, and lists its topics.
putlogs help options is about the options of all commands.

Exit codes: 0 success; 1 the command found a problem; 2 wrong flags or options.
`;

function pageOf({ name, flags, ...text }: Command, topic: string | undefined): HelpPage {
  return helpOf({ ...text, command: `putlogs ${name}`, flags: { ...flags, ...COMMON } }, topic);
}

async function main(given: readonly string[]): Promise<number> {
  // `putlogs help spool ls` is `putlogs spool ls --help`.
  const args = given[0] === 'help' ? [...given.slice(1), '--help'] : given;
  const command = COMMANDS.find(({ name }) => name.split(' ').every((word, at) => word === args[at]));
  if (command === undefined) return withoutCommand(args);
  const line = readCommandLine(args.slice(command.name.split(' ').length), { ...command.flags, ...COMMON });
  if ('problem' in line) throw new UsageError(`${line.problem} (see putlogs ${command.name} --help)`);
  if (line.own.has('help')) {
    const page = pageOf(command, line.positionals[0]);
    if ('problem' in page) throw new UsageError(page.problem);
    return print(page.text);
  }
  if (line.own.has('version')) return print(`${readVersion()}\n`);
  const [extra] = line.positionals;
  if (extra !== undefined) throw new UsageError(`unexpected argument ${extra} (see putlogs ${command.name} --help)`);
  return call(command, line);
}

async function call(command: Command, { given, own }: CommandLine): Promise<number> {
  const stop = new AbortController();
  const abort = () => {
    // A second signal ends the command at once. Nothing is lost: records that were not sent stay where they were.
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  };
  const explained = explainOptions(given, process.env, flagOf);
  // A command that needs few options ignores problems with the others, but a typo may be one of those few.
  if (!command.options.includes('') && explained.typos.length > 0) throw new UsageError(explained.typos.join('; '));
  process.on('SIGINT', abort);
  process.on('SIGTERM', abort);
  return command.run({
    given,
    explained,
    own,
    isJson: own.has('json'),
    print: async (text) => {
      if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    },
    report,
    signal: stop.signal,
  });
}

function withoutCommand(args: readonly string[]): number {
  const [first, second] = args;
  if (first === undefined || first === '--help' || first === '-h') {
    process.stdout.write(HELP);
    return first === undefined ? WRONG_USAGE : 0;
  }
  if (first === '--version' || first === '-v') return print(`${readVersion()}\n`);
  const ofGroup = COMMANDS.filter(({ name }) => name.startsWith(`${first} `));
  if (second === '--help' && first === 'options') return print(optionsPage());
  if (second === '--help' && optionTopics().includes(first)) {
    const page = helpOf({ command: 'putlogs help', summary: '', about: '', flags: {}, options: [''] }, first);
    if ('text' in page) return print(page.text);
  }
  if (ofGroup.length === 0) throw new UsageError(`there is no command ${first}; see putlogs --help`);
  if (second === '--help' || second === '-h') return print(HELP);
  const names = ofGroup.map(({ name }) => name.slice(first.length + 1)).join(', ');
  throw new UsageError(`putlogs ${first} has the commands ${names}; see putlogs --help`);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function report(text: string): void {
  process.stderr.write(`putlogs: ${text}\n`);
}

function readVersion(): string {
  const text = readFileSync(join(__dirname, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

// The reader of our output may close it early, as in `| head`.
process.stdout.on('error', () => process.exit(0));
main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: Error) => {
    report(error.message);
    process.exitCode = error instanceof UsageError ? WRONG_USAGE : 1;
  },
);
