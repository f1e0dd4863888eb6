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
const { leavesOfSection, SECTIONS } = require('@putlogs/core/internal/options/sections');

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

const inSections = SECTIONS.flatMap(leavesOfSection);
const lost = optionLeaves().filter((leaf) => !inSections.includes(leaf));
if (lost.length > 0) throw new Error(`in no section of sections.ts: ${lost.map(({ path }) => path).join(', ')}`);

const groups = SECTIONS.map((section) => `## ${section.title}\n\n${tableOf(leavesOfSection(section))}`);

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
