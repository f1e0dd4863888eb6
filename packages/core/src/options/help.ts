// Writes the help of a command: a first page, and a page for each topic. Each fits a screen of 24 lines of 80 columns.
//
// The topics are the groups of options (sections.ts), `more` for the rest of what a command says about itself, `json`
// for its output with --json, and `all` for everything, which is longer than a screen.

import { nearest } from './did-you-mean';
import { flagNameOf, flagOf, type OwnFlag } from './flags';
import { environmentName, type OptionLeaf, optionLeaves } from './leaves';
import { leavesOf, SECTIONS } from './sections';

const COLUMNS = 80;
const INDENT = '      ';

export interface HelpText {
  /** `putlogs doctor`. */
  readonly command: string;
  /** What stands before and after the command in the line on its usage. */
  readonly usage?: string;
  /** One sentence. */
  readonly summary: string;
  /**
   * Paragraphs. Those from `With --json` on are the topic `json`, the one that begins with `Exit code` is on the first
   * page, and the others are the topic `more`. An indented line is kept as it is.
   */
  readonly about: string;
  readonly flags: Readonly<Record<string, OwnFlag>>;
  /**
   * Only options whose path begins with one of these; `''` means all. A single option is on the first page, and several
   * are topics.
   */
  readonly options: readonly string[];
}

export type HelpPage = { readonly text: string } | { readonly problem: string };

/** @param topic the first page without one */
export function helpOf(help: HelpText, topic?: string): HelpPage {
  if (topic === undefined) return { text: firstPage(help) };
  const pages = topicsOf(help);
  const page = Object.hasOwn(pages, topic) ? pages[topic] : undefined;
  if (page !== undefined) return { text: `${help.command}: ${topic}\n\n${page()}` };
  const near = nearest(topic, Object.keys(pages));
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return { problem: `there is no help topic ${topic}${hint} (see ${help.command} --help)` };
}

function firstPage(help: HelpText): string {
  const { command, usage = `${command} [flags]`, summary, flags, options } = help;
  const isShort = options.length === 1 && !options.includes('');
  const { exitCodes } = partsOf(help.about);
  const exit = wrapped(`${exitCodes} Exit code 2: wrong flags or options.`.trim());
  return [
    `Usage: ${usage}\n`,
    wrapped(summary),
    `Flags:\n${flagsHelp(flags)}`,
    ...(isShort
      ? [`The option that it needs; other options of the transports are ignored:\n${optionsHelp(options)}`]
      : []),
    isShort ? exit : wrapped(BY_TOPIC) + exit,
    `Topics, for ${command} --help <topic>:\n${wrapped(Object.keys(topicsOf(help)).join(' '), '  ')}`,
  ].join('\n');
}

const PRECEDENCE =
  'Options: those of the transports. --batch-max-bytes is PUTLOGS_BATCH_MAX_BYTES as a variable, and batch.maxBytes in ' +
  "a config file. A flag overrides the file, then the variable, the vendor's variable, and the default.";

const BY_TOPIC =
  'Options: --batch-max-bytes or PUTLOGS_BATCH_MAX_BYTES, and others by topic. A flag overrides the config file, and ' +
  'the config file a variable.';

/** What `putlogs help options` prints. */
export function optionsPage(): string {
  const topics = SECTIONS.map((section) => [Object.keys(section.topics).join(', '), section.title] as const);
  return `${wrapped(PRECEDENCE)}\nTopics, for putlogs help <topic>:\n${twoColumns(topics)}`;
}

/** The groups of options that are topics of each command that takes all of them. */
export function optionTopics(): string[] {
  return SECTIONS.flatMap(({ topics }) => Object.keys(topics));
}

function topicsOf(help: HelpText): Record<string, () => string> {
  const { more, json } = partsOf(help.about);
  const groups = help.options.includes('')
    ? SECTIONS.flatMap(({ topics }) => Object.entries(topics))
    : [['options', help.options] as const];
  return {
    ...(more === '' ? {} : { more: () => wrapped(more) }),
    ...(json === '' ? {} : { json: () => wrapped(json) }),
    ...Object.fromEntries(groups.map(([topic, names]) => [topic, () => leavesHelp(leavesOf(names))])),
    all: () => [firstPage(help), wrapped(more), wrapped(json), optionsHelp(help.options)].join('\n'),
  };
}

function partsOf(about: string): { readonly more: string; readonly json: string; readonly exitCodes: string } {
  const paragraphs = about.split('\n\n');
  const isExit = (paragraph: string) => paragraph.startsWith('Exit code');
  const others = paragraphs.filter((paragraph) => !isExit(paragraph));
  const from = others.findIndex((paragraph) => paragraph.startsWith('With --json'));
  const jsonFrom = from === -1 ? others.length : from;
  return {
    more: others.slice(0, jsonFrom).join('\n\n'),
    json: others.slice(jsonFrom).join('\n\n'),
    exitCodes: paragraphs.filter(isExit).join(' '),
  };
}

function flagsHelp(flags: Readonly<Record<string, OwnFlag>>): string {
  return twoColumns(
    Object.entries(flags).map(([name, { value, short, meaning }]) => {
      const head = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
      return [head, meaning];
    }),
  );
}

/** Names, each with what it means beside it. */
export function twoColumns(rows: readonly (readonly [name: string, meaning: string])[]): string {
  const width = rows.reduce((most, [name]) => Math.max(most, name.length), 0) + 4;
  return rows
    .map(([name, meaning]) => {
      const [first = '', ...rest] = linesOf(meaning, COLUMNS - width);
      const lines = [`  ${name}`.padEnd(width) + first, ...rest.map((line) => ' '.repeat(width) + line)];
      return lines.map((line) => `${line}\n`).join('');
    })
    .join('');
}

/** @param prefixes only options whose path begins with one of these are listed */
function optionsHelp(prefixes: readonly string[]): string {
  return leavesHelp(optionLeaves().filter(({ path }) => prefixes.some((prefix) => path.startsWith(prefix))));
}

function leavesHelp(leaves: readonly OptionLeaf[]): string {
  return leaves
    .map((leaf) => {
      const { path, kind, notes } = leaf;
      const head = kind === 'boolean' ? `--[no-]${flagNameOf(path)}` : `${flagOf(path)} ${placeholderOf(leaf)}`;
      const variables = [environmentName(path), ...(notes.vendor ?? [])].join(', ');
      const text = `${notes.meaning} ${defaultOf(leaf)}[${variables}]`.replaceAll('`', '');
      return `  ${head}\n${wrapped(text, INDENT)}`;
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

/** Text that is wrapped as one, and by how much it is indented. */
interface Piece {
  readonly indent: number;
  text: string;
}

/** Wraps each paragraph. An indented line begins a piece of its own; a line that is indented further continues it. */
function wrapped(text: string, indent = ''): string {
  const lines = text.split('\n\n').flatMap((paragraph, at) => {
    const pieces = piecesOf(paragraph).flatMap((piece) => {
      const margin = indent + ' '.repeat(piece.indent);
      const hanging = piece.indent === 0 ? 0 : 2;
      const [first = '', ...rest] = linesOf(piece.text, COLUMNS - margin.length, hanging);
      return [margin + first, ...rest.map((line) => margin + ' '.repeat(hanging) + line)];
    });
    return at === 0 ? pieces : ['', ...pieces];
  });
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

function piecesOf(paragraph: string): Piece[] {
  const pieces: Piece[] = [];
  for (const line of paragraph.split('\n')) {
    const indent = line.length - line.trimStart().length;
    const last = pieces.at(-1);
    const continues = last !== undefined && (last.indent === 0 ? indent === 0 : indent > last.indent);
    if (continues) last.text += ` ${line.trim()}`;
    else pieces.push({ indent, text: line.trim() });
  }
  return pieces;
}

/** @param hanging by how much less fits on each line after the first one */
function linesOf(text: string, columns: number, hanging = 0): string[] {
  const lines: string[] = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)!;
    const most = lines.length === 1 ? columns : columns - hanging;
    if (line !== '' && line.length + 1 + word.length > most) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
