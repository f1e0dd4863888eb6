// Writes the table of options into the README, from the schema that validates them.
//
//   node scripts/options-table.mjs           writes it
//   node scripts/options-table.mjs --check   exits 1 if the README has another
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(join(root, 'test/package.json'));
const { environmentName, optionLeaves } = require('@putlogs/core/internal/options/schema');

const BEGIN = '<!-- options: written by scripts/options-table.mjs -->';
const END = '<!-- end of options -->';

/** Cells of one row; a pipe in a text would end its cell. */
const row = (...cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function defaultOf({ defaultValue, notes }) {
  if (notes.otherwise !== undefined) return notes.otherwise;
  if (defaultValue === undefined) return '';
  return defaultValue === '' ? 'none' : `\`${JSON.stringify(defaultValue).replaceAll('"', "'")}\``;
}

function variablesOf({ path, notes }) {
  return [environmentName(path), ...(notes.vendor ?? [])].map((name) => `\`${name}\``).join(', ');
}

const table = [
  row('Option', 'Default', 'In the environment', 'Meaning'),
  row('---', '---', '---', '---'),
  ...optionLeaves().map((leaf) => row(`\`${leaf.path}\``, defaultOf(leaf), variablesOf(leaf), leaf.notes.meaning)),
].join('\n');

const file = join(root, 'README.md');
const readme = readFileSync(file, 'utf8');
const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
if (begin === -1 || end < begin) throw new Error(`README.md has no place for the table: ${BEGIN} ... ${END}`);
const written = `${readme.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${readme.slice(end)}`;
if (!process.argv.includes('--check')) writeFileSync(file, written);
else if (written !== readme) {
  process.stderr.write('README.md: the table of options is not that of the schema; run npm run options-table\n');
  process.exit(1);
}
