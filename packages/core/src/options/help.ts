// Writes the flags and options of a command as help text.

import { flagNameOf, flagOf, type OwnFlag } from './flags';
import { environmentName, type OptionLeaf, optionLeaves } from './leaves';

const COLUMNS = 100;
const INDENT = 6;

export function flagsHelp(flags: Readonly<Record<string, OwnFlag>>): string {
  return Object.entries(flags)
    .map(([name, { value, short, meaning }]) => {
      const head = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
      return `  ${head}\n${wrapped(meaning)}`;
    })
    .join('');
}

/** @param prefixes only options whose path begins with one of these are listed */
export function optionsHelp(prefixes: readonly string[] = ['']): string {
  return optionLeaves()
    .filter(({ path }) => prefixes.some((prefix) => path.startsWith(prefix)))
    .map((leaf) => {
      const { path, kind, notes } = leaf;
      const head = kind === 'boolean' ? `--[no-]${flagNameOf(path)}` : `${flagOf(path)} ${placeholderOf(leaf)}`;
      const variables = [environmentName(path), ...(notes.vendor ?? [])].join(', ');
      return `  ${head}\n${wrapped(`${notes.meaning} ${defaultOf(leaf)}[${variables}]`.replaceAll('`', ''))}`;
    })
    .join('');
}

function placeholderOf({ path, kind, notes }: OptionLeaf): string {
  if (notes.text === 'list') return '<a,b>';
  if (notes.text === 'pairs') return '<name=text,...>';
  if (notes.text === 'number pairs') return '<name=n,...>';
  if (kind !== 'number') return '<text>';
  return unitOf(path) === 'milliseconds' ? '<ms>' : unitOf(path) === 'bytes' ? '<bytes>' : '<n>';
}

/** Returns the unit of a number, by the end of the option's name. */
export function unitOf(path: string): 'milliseconds' | 'bytes' | 'records' | 'batches' | undefined {
  if (path.endsWith('Ms')) return 'milliseconds';
  if (path.endsWith('Bytes')) return 'bytes';
  if (path.endsWith('Count')) return 'records';
  return path === 'concurrency' ? 'batches' : undefined;
}

function defaultOf({ defaultValue, notes }: OptionLeaf): string {
  const isConstant = typeof defaultValue === 'number' || typeof defaultValue === 'boolean';
  const shown =
    notes.defaultText ??
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
