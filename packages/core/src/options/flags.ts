// Reads options from a command line and from a config file.
//
// An option's flag is its path: `batch.maxBytes` is --batch-max-bytes. A switch also has a negative form:
// --spool-fsync, --no-spool-fsync. Values are read like those of variables. A list or pairs may be in one flag or in
// several. A config file is a JSON object with the names of options, as in a program.
//
// Precedence: flag, config file, PUTLOGS_* variable, the vendor's variable, default.
//
// The schema checks the values. A problem never repeats the text of a file, which may contain a secret.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { nearest } from './did-you-mean';
import { type OptionLeaf, optionLeaves } from './leaves';
import { isTree, setIfAbsent, type Tree } from './option-tree';
import { otherName } from './other-names';
import type { Given } from './resolve';
import { readText } from './text-values';

/** A flag of a command that is not an option. */
export interface OwnFlag {
  /** Placeholder for the value in the help; undefined for a switch. */
  readonly value?: string;
  readonly short?: string;
  readonly meaning: string;
}

export interface CommandLine {
  /** The sources of options, in order of precedence. */
  readonly given: readonly Given[];
  /** The command's own flags: the value, or '' for a switch. */
  readonly own: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
}

export type ReadCommandLine = CommandLine | { readonly problem: string };

/** Flags that every command has. */
export const COMMON_FLAGS = {
  config: { value: '<file>', short: 'c', meaning: 'JSON file with options, named as in a program.' },
  help: { short: 'h', meaning: 'Print this help, or the page of the topic behind it.' },
  version: { short: 'v', meaning: 'Print the version.' },
} as const satisfies Record<string, OwnFlag>;

/** `batch.maxBytes` becomes `--batch-max-bytes`. */
export function flagOf(path: string): string {
  return `--${flagNameOf(path)}`;
}

export function flagNameOf(path: string): string {
  return path.replaceAll('.', '-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function readCommandLine(args: readonly string[], own: Readonly<Record<string, OwnFlag>>): ReadCommandLine {
  const leaves = new Map(optionLeaves().map((leaf) => [flagNameOf(leaf.path), leaf]));
  const switches = new Map(
    [...leaves].filter(([, { kind }]) => kind === 'boolean').map(([name]) => [`no-${name}`, name]),
  );
  const names = [...leaves.keys(), ...switches.keys(), ...Object.keys(own)];
  const config = Object.fromEntries(
    names.map((name) => {
      const isSwitch =
        own[name] === undefined
          ? leaves.get(name)?.kind === 'boolean' || switches.has(name)
          : own[name].value === undefined;
      const short = own[name]?.short;
      return [name, { type: isSwitch ? ('boolean' as const) : ('string' as const), ...(short ? { short } : {}) }];
    }),
  );
  // Not strict: the errors of strict mode do not suggest the nearest flag.
  const { tokens } = parseArgs({
    args: [...args],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const texts = new Map<string, string[]>();
  const ownValues = new Map<string, string>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      positionals.push(token.value);
      continue;
    }
    const { name } = token;
    const known = Object.hasOwn(config, name) ? config[name] : undefined;
    if (known === undefined) {
      return { problem: `unknown flag ${token.rawName}${instead(name, names)}` };
    }
    const isFlagInstead = token.inlineValue === false && token.value?.startsWith('--');
    if (known.type === 'string' && (token.value === undefined || token.value === '' || isFlagInstead)) {
      return { problem: `${token.rawName} needs a value` };
    }
    if (known.type === 'boolean' && token.value !== undefined) {
      const no = leaves.has(name) ? `; the opposite is --no-${name}` : '';
      return { problem: `${token.rawName} takes no value${no}` };
    }
    if (Object.hasOwn(own, name)) ownValues.set(name, token.value ?? '');
    else texts.set(name, [...(texts.get(name) ?? []), token.value ?? '']);
  }
  const options = optionsIn(texts, leaves, switches);
  if ('problem' in options) return options;
  const given: Given[] = [{ options: options.tree, nameOf: flagOf }];
  const file = ownValues.get('config');
  if (file !== undefined) {
    const read = readConfig(file);
    if ('problem' in read) return read;
    given.push(read);
  }
  return { given, own: ownValues, positionals };
}

/** Ours for a flag as another tool names it, else the nearest one. */
function instead(name: string, names: readonly string[]): string {
  const other = otherName(name);
  if (other !== undefined) return `; here it is ${other.options.map(flagOf).join(', ')}`;
  const near = nearest(name, names);
  return near === undefined ? '' : `; did you mean --${near}?`;
}

function optionsIn(
  texts: ReadonlyMap<string, readonly string[]>,
  leaves: ReadonlyMap<string, OptionLeaf>,
  switches: ReadonlyMap<string, string>,
): { tree: Tree } | { problem: string } {
  const tree: Tree = {};
  for (const [name, all] of texts) {
    const opposite = switches.get(name);
    if (opposite !== undefined && texts.has(opposite))
      return { problem: `--${opposite} and --${name} cannot be combined` };
    const leaf = leaves.get(opposite ?? name)!;
    if (all.length > 1 && leaf.notes.text === undefined && leaf.kind !== 'boolean') {
      return { problem: `--${name} was given ${all.length} times` };
    }
    const value = leaf.kind === 'boolean' ? opposite === undefined : readText(all.join(','), leaf);
    setIfAbsent(tree, leaf.path, value);
  }
  return { tree };
}

/** Reads the options in a config file. */
function readConfig(file: string): Given | { problem: string } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { problem: `--config ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}` };
  }
  let options: unknown;
  try {
    options = JSON.parse(text);
  } catch {
    // The parser's own message repeats the text, which may contain a secret.
    return { problem: `--config ${file} is not JSON` };
  }
  return isTree(options) ? { options, nameOf: () => file } : { problem: `--config ${file} is not a JSON object` };
}
