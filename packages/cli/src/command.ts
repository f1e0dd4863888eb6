// What a command of putlogs is: the words that name it, its help, and what it does. One file each, listed in cli.ts.

import { type Explained, environmentName, flagOf, type OwnFlag } from '@putlogs/core/tools';

export interface Command {
  /** As `spool ls`. */
  readonly name: string;
  /** Half a line, for the list of all. */
  readonly summary: string;
  /** What it does, and of its exit codes what 1 means. */
  readonly about: string;
  readonly flags: Readonly<Record<string, OwnFlag>>;
  /** The options it has a use for: their paths, or how they begin. */
  readonly options: readonly string[];
  /** Gives the exit code. */
  run(call: Call): Promise<number>;
}

/** What a command is called with. */
export interface Call {
  readonly explained: Explained;
  /** The flags that are no options, its own and those of all commands: a value, or '' of a switch. */
  readonly own: ReadonlyMap<string, string>;
  readonly isJson: boolean;
  /** To stdout. Resolves when more may be written. */
  print(text: string): Promise<void>;
  /** To stderr, as a line that names the command. */
  tell(text: string): void;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

export const GOOD = 0;
/** Something is wrong with what was looked at. */
export const BAD = 1;

/** Something is wrong with how the command was called: exit code 2. */
export class UsageError extends Error {}

/** An option that this command cannot do without. @throws UsageError */
export function requiredOption({ explained }: Call, path: string): string {
  const value = explained.valueOf(path);
  if (typeof value === 'string' && value !== '') return value;
  throw new UsageError(`${path}: is missing; set ${flagOf(path)}, or ${environmentName(path)} in the environment`);
}

/** A whole number among a command's own flags. @throws UsageError */
export function numberFlag({ own }: Call, name: string, otherwise: number): number {
  const text = own.get(name);
  if (text === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${name} must be a whole number, not ${text}`);
  return Number(text);
}

/** The system's error on what an option names, as a person reads it. */
export function systemProblem(call: Call, path: string, error: unknown, what = 'read'): UsageError {
  const { kind, name } = call.explained.originOf(path);
  const from = kind === 'default' || name === '' ? '' : ` (from ${name})`;
  const { code, message } = error as NodeJS.ErrnoException;
  return new UsageError(`${path}${from}: ${call.explained.valueOf(path)} cannot be ${what}: ${code ?? message}`);
}
