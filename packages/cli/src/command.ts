// The type of a subcommand: its name, its help and its function. Each subcommand has a file, which cli.ts lists.

import { type CommandLine, type Explained, environmentName, flagOf, type OwnFlag } from '@putlogs/core/tools';

export interface Command {
  /** `spool ls`. */
  readonly name: string;
  /** Half a line for the list of commands. */
  readonly summary: string;
  /** What it does, its JSON, and the meaning of its exit codes 0 and 1. */
  readonly about: string;
  readonly flags: Readonly<Record<string, OwnFlag>>;
  /** The options that it uses: paths or prefixes of paths. */
  readonly options: readonly string[];
  /** Returns the exit code. */
  run(call: Call): Promise<number>;
}

/** The arguments of a command. */
export interface Call {
  /** The flags and the config file. */
  readonly given: CommandLine['given'];
  readonly explained: Explained;
  /** The flags that are not options: the value, or '' for a switch. */
  readonly own: ReadonlyMap<string, string>;
  readonly isJson: boolean;
  /** Writes to stdout. Resolves when more can be written. */
  print(text: string): Promise<void>;
  /** Writes a line that names the command to stderr. */
  report(text: string): void;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

export const GOOD = 0;
/** The command found a problem. */
export const BAD = 1;

/** The flags or options are wrong: exit code 2. */
export class UsageError extends Error {}

/** Returns an option that the command requires. @throws UsageError if it is not set */
export function requiredOption({ explained }: Call, path: string): string {
  const value = explained.valueOf(path);
  if (typeof value === 'string' && value !== '') return value;
  throw new UsageError(`${path}: is missing; set ${flagOf(path)}, or ${environmentName(path)} in the environment`);
}

/** Returns a whole number of one of the command's own flags. @throws UsageError */
export function numberFlag({ own }: Call, name: string, otherwise: number): number {
  const text = own.get(name);
  if (text === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${name} must be a whole number, not ${text}`);
  return Number(text);
}

/** Describes a system error for the file or directory that an option names. */
export function systemProblem(call: Call, path: string, error: unknown, what = 'read'): UsageError {
  const { kind, name } = call.explained.originOf(path);
  const from = kind === 'default' || name === '' ? '' : ` (from ${name})`;
  const { code, message } = error as NodeJS.ErrnoException;
  return new UsageError(`${path}${from}: ${call.explained.valueOf(path)} cannot be ${what}: ${code ?? message}`);
}
