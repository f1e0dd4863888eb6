// Writes the tables of options into docs/options.md, from the schema that validates them.
//
//   node scripts/options-table.mjs           writes the tables
//   node scripts/options-table.mjs --check   exits with 1 if a table differs
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(join(root, 'test/package.json'));
const { environmentName, optionLeaves } = require('@putlogs/core/internal/options/leaves');

const BEGIN = '<!-- options: written by scripts/options-table.mjs -->';
const END = '<!-- end of options -->';

/** One row. A pipe in a text would end its cell. */
const row = (...cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function defaultOf({ defaultValue, notes }) {
  if (notes.defaultText !== undefined) return notes.defaultText;
  if (defaultValue === undefined) return '';
  return defaultValue === '' ? 'none' : `\`${JSON.stringify(defaultValue).replaceAll('"', "'")}\``;
}

function variablesOf({ path, notes }) {
  return [environmentName(path), ...(notes.vendor ?? [])].map((name) => `\`${name}\``).join(', ');
}

const HEAD = [row('Option', 'Default', 'Variable', 'Meaning'), row('---', '---', '---', '---')];

function tableOf(leaves) {
  const rows = leaves.map((leaf) => row(`\`${leaf.path}\``, defaultOf(leaf), variablesOf(leaf), leaf.notes.meaning));
  return [...HEAD, ...rows].join('\n');
}

/** The sections, each with the first names of its options' paths. The script fails if an option is in none. */
const GROUPS = {
  'Target and credentials':
    'enabled target endpoint region topicId projectId project logstore topic routing signature credentials',
  'Source, tags and order': 'source fileName tags instance hashKey',
  'Record fields': 'timeKey messageKey levelKey levels fields rename omit nested transform',
  'Batches, requests and network':
    'batch lingerMs compression concurrency requestTimeoutMs retry proxy noProxy tls allowInsecure',
  'Memory, spool, dead letters and status': 'memory spool deadLetter status',
  Shutdown: 'closeTimeoutMs handleSignals',
};

const leaves = optionLeaves();
const firstName = ({ path }) => path.split('.')[0];
const grouped = Object.values(GROUPS).flatMap((names) => names.split(' '));
const lost = leaves.filter((leaf) => !grouped.includes(firstName(leaf)));
if (lost.length > 0) throw new Error(`in no section: ${lost.map(({ path }) => path).join(', ')}`);

const groups = Object.entries(GROUPS).map(([title, names]) => {
  const inGroup = leaves.filter((leaf) => names.split(' ').includes(firstName(leaf)));
  const order = names.split(' ');
  inGroup.sort((a, b) => order.indexOf(firstName(a)) - order.indexOf(firstName(b)));
  return `## ${title}\n\n${tableOf(inGroup)}`;
});

write('docs/options.md', groups.join('\n\n'));

function write(page, table) {
  const file = join(root, page);
  const text = readFileSync(file, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`${page} has no markers for the table: ${BEGIN} ... ${END}`);
  const written = `${text.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${text.slice(end)}`;
  if (!process.argv.includes('--check')) writeFileSync(file, written);
  else if (written !== text) {
    process.stderr.write(`${page}: the table of options differs from the schema; run npm run options-table\n`);
    process.exitCode = 1;
  }
}
