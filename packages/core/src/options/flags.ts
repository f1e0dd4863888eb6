// Options from a command line and from a file: the flags that every command of ours takes.
//
// Takes: arguments, and what flags a command has of its own. Gives: what was said, or in one sentence what is wrong with
// it. Keeps: nothing. Never: decides whether a value is good: the schema does; and never repeats a file's text.
//
// The flag of an option is its path: `batch.maxBytes` is --batch-max-bytes; a switch has its no: --spool-fsync,
// --no-spool-fsync. Values are read as those of variables are. A list or pairs may be given in one flag or in several.
// A config file is a JSON object with the options' names, as in a program.
//
// Order: flag, config file, PUTLOGS_* variable, the vendor's variable, default. What was written for this one command goes
// before what was written for the machine; so have pino's other pipes.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { nearest } from './did-you-mean';
import { readText } from './environment';
import { isTree, setIfAbsent, type Tree } from './option-tree';
import type { Given } from './resolve';
import { environmentName, type OptionLeaf, optionLeaves } from './schema';

/** A flag that a command has beside the options. */
export interface OwnFlag {
  /** What stands for its value in the help; a switch has none. */
  readonly value?: string;
  readonly short?: string;
  readonly meaning: string;
}

export interface CommandLine {
  /** Where options were said, the first before the next. */
  readonly given: readonly Given[];
  /** Of the command's own flags: a value, or '' of a switch. */
  readonly own: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
}

export type ReadCommandLine = CommandLine | { readonly problem: string };

/** Flags that every command has. */
export const COMMON_FLAGS = {
  config: { value: '<file>', short: 'c', meaning: 'A JSON file with options by their names, as in a program.' },
  help: { short: 'h', meaning: 'This text.' },
  version: { short: 'v', meaning: 'The version.' },
} as const satisfies Record<string, OwnFlag>;

/** `batch.maxBytes` as `--batch-max-bytes`. */
export function flagOf(path: string): string {
  return `--${nameOf(path)}`;
}

function nameOf(path: string): string {
  return path.replaceAll('.', '-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function readCommandLine(args: readonly string[], own: Readonly<Record<string, OwnFlag>>): ReadCommandLine {
  const leaves = new Map(optionLeaves().map((leaf) => [nameOf(leaf.path), leaf]));
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
  // Not strict: its own errors name no nearest flag.
  const { tokens } = parseArgs({
    args: [...args],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const texts = new Map<string, string[]>();
  const said = new Map<string, string>();
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
      const near = nearest(name, names);
      return { problem: `unknown flag ${token.rawName}${near === undefined ? '' : `; did you mean --${near}?`}` };
    }
    const isFlagInstead = token.inlineValue === false && token.value?.startsWith('--');
    if (known.type === 'string' && (token.value === undefined || token.value === '' || isFlagInstead)) {
      return { problem: `${token.rawName} needs a value` };
    }
    if (known.type === 'boolean' && token.value !== undefined) {
      const no = leaves.has(name) ? `; its opposite is --no-${name}` : '';
      return { problem: `${token.rawName} takes no value${no}` };
    }
    if (Object.hasOwn(own, name)) said.set(name, token.value ?? '');
    else texts.set(name, [...(texts.get(name) ?? []), token.value ?? '']);
  }
  const options = optionsIn(texts, leaves, switches);
  if ('problem' in options) return options;
  const given: Given[] = [{ options: options.tree, nameOf: flagOf }];
  const file = said.get('config');
  if (file !== undefined) {
    const read = readConfig(file);
    if ('problem' in read) return read;
    given.push(read);
  }
  return { given, own: said, positionals };
}

function optionsIn(
  texts: ReadonlyMap<string, readonly string[]>,
  leaves: ReadonlyMap<string, OptionLeaf>,
  switches: ReadonlyMap<string, string>,
): { tree: Tree } | { problem: string } {
  const tree: Tree = {};
  for (const [name, all] of texts) {
    const opposite = switches.get(name);
    if (opposite !== undefined && texts.has(opposite)) return { problem: `--${opposite} and --${name} are both there` };
    const leaf = leaves.get(opposite ?? name)!;
    if (all.length > 1 && leaf.notes.text === undefined && leaf.kind !== 'boolean') {
      return { problem: `--${name} is there ${all.length} times` };
    }
    const value = leaf.kind === 'boolean' ? opposite === undefined : readText(all.join(','), leaf);
    setIfAbsent(tree, leaf.path, value);
  }
  return { tree };
}

/** The options in a file. */
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
    // The parser's own words repeat the text, which may hold a secret.
    return { problem: `--config ${file} is not JSON` };
  }
  return isTree(options) ? { options, nameOf: () => file } : { problem: `--config ${file} is not a JSON object` };
}

const COLUMNS = 100;
const INDENT = 6;

/** Flags as a help text lists them. */
export function flagsHelp(flags: Readonly<Record<string, OwnFlag>>): string {
  return Object.entries(flags)
    .map(([name, { value, short, meaning }]) => {
      const head = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
      return `  ${head}\n${wrapped(meaning)}`;
    })
    .join('');
}

/** Every option of the schema, as a help text lists them; of some, those whose path begins so. */
export function optionsHelp(beginnings: readonly string[] = ['']): string {
  return optionLeaves()
    .filter(({ path }) => beginnings.some((beginning) => path.startsWith(beginning)))
    .map((leaf) => {
      const { path, kind, notes } = leaf;
      const head = kind === 'boolean' ? `--[no-]${nameOf(path)}` : `${flagOf(path)} ${placeholderOf(leaf)}`;
      const variables = [environmentName(path), ...(notes.vendor ?? [])].join(', ');
      return `  ${head}\n${wrapped(`${notes.meaning} ${defaultOf(leaf)}[${variables}]`.replaceAll('`', ''))}`;
    })
    .join('');
}

function placeholderOf({ kind, notes }: OptionLeaf): string {
  if (notes.text === 'list') return '<a,b>';
  if (notes.text === 'pairs') return '<name=text,...>';
  if (notes.text === 'number pairs') return '<name=n,...>';
  return kind === 'number' ? '<n>' : '<text>';
}

function defaultOf({ defaultValue, notes }: OptionLeaf): string {
  const isConstant = typeof defaultValue === 'number' || typeof defaultValue === 'boolean';
  const shown =
    notes.otherwise ??
    (isConstant || (typeof defaultValue === 'string' && defaultValue !== '') ? String(defaultValue) : '');
  if (shown === '') return '';
  return shown.startsWith('required') ? `(${shown}) ` : `(default: ${shown}) `;
}

function wrapped(text: string): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > COLUMNS - INDENT) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `${' '.repeat(INDENT)}${line}\n`).join('');
}
