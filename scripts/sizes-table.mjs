// Writes the sizes of records into docs/operating.md, from what the benchmark measured.
//
//   node scripts/sizes-table.mjs           writes them
//   node scripts/sizes-table.mjs --check   exits 1 if the page has others
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const BEGIN = '<!-- sizes: written by scripts/sizes-table.mjs -->';
const END = '<!-- end of sizes -->';
const WHAT = {
  request: 'a request log',
  small: 'a line of a few words',
  large: 'an order with its lines, nested',
  error: 'an error with its stack',
  cjk: 'Chinese names and values',
};

const { tables } = JSON.parse(readFileSync(join(root, 'packages/bench/results.json'), 'utf8'));
const rows = tables
  .filter(({ workload, mode }) => mode === 'burst' && workload in WHAT)
  .map(({ workload, lineBytes, rows: contenders }) => {
    const { figures } = contenders.find(({ contender }) => contender === 'putlogs volc-tls');
    const wire = figures.wireBytes.median;
    return `| ${WHAT[workload]} | ${Math.round(lineBytes)} | ${Math.round(wire)} | ${(lineBytes / wire).toFixed(1)} |`;
  });
const table = ['| | as pino writes it, bytes | as sent, bytes | ratio |', '| --- | ---: | ---: | ---: |', ...rows].join(
  '\n',
);

const file = join(root, 'docs/operating.md');
const text = readFileSync(file, 'utf8');
const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
if (begin === -1 || end < begin) throw new Error(`docs/operating.md has no place for the sizes: ${BEGIN} ... ${END}`);
const written = `${text.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${text.slice(end)}`;
if (!process.argv.includes('--check')) writeFileSync(file, written);
else if (written !== text) {
  process.stderr.write(
    'docs/operating.md: the sizes are not those of results.json; run node scripts/sizes-table.mjs\n',
  );
  process.exitCode = 1;
}
