// Draws the bar chart of the committed results, as SVG. A contender that lost records has a hollow bar.

import type { Results } from './results';
import type { Row } from './rounds';

const WIDTH = 860;
const LABELS = 250;
const ROW = 22;
const HEAD = 54;
const FIGURES = 120;
const COLOURS = { floor: '#9aa4b1', ours: '#1f7a5c', peer: '#7a8fb5' } as const;

/** The cost for the application: CPU of its main thread per record, for the request records of a burst. */
export function chartOf({ tables }: Results): string | null {
  const table = tables.find(({ workload, mode }) => workload === 'request' && mode === 'burst');
  if (table === undefined) return null;
  const rows = table.rows.filter(({ figures, logger }) => figures.mainCpuMicros !== undefined && logger !== 'sdk');
  if (rows.length === 0) return null;
  const most = rows.reduce((longest, row) => Math.max(longest, row.figures.mainCpuMicros!.median), 0);
  const height = HEAD + rows.length * ROW + 16;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    "<title>CPU of the application's main thread per record, by contender</title>",
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="16" y="22" font-size="14" fill="#222">Main-thread CPU per record, µs (less is better)</text>`,
    `<text x="16" y="40" fill="#666">request records, burst of ${table.records.toLocaleString('en-US')}; ` +
      'in brackets, times the floor of the same logger; hollow: records were lost</text>',
    ...rows.map((row, at) => bar(row, HEAD + at * ROW, most)),
    '</svg>',
    '',
  ].join('\n');
}

function bar(row: Row, y: number, most: number): string {
  const { median, toFloor } = row.figures.mainCpuMicros!;
  const width = Math.max(1, (median / most) * (WIDTH - LABELS - FIGURES));
  const colour = COLOURS[row.kind];
  const fill = row.isLossy ? `fill="none" stroke="${colour}"` : `fill="${colour}"`;
  const ratio = toFloor === null || row.kind === 'floor' ? '' : ` (×${toFloor.toFixed(2)})`;
  return [
    `<text x="${LABELS - 8}" y="${y + 14}" text-anchor="end" fill="#222">${escaped(`${row.logger}: ${row.contender}`)}</text>`,
    `<rect x="${LABELS}" y="${y + 3}" width="${width.toFixed(1)}" height="${ROW - 7}" ${fill}/>`,
    `<text x="${(LABELS + width + 6).toFixed(1)}" y="${y + 14}" fill="#222">${median.toFixed(2)}${ratio}</text>`,
  ].join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
