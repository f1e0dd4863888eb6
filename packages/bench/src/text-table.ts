// Tables of results, for a terminal and for a page. A rate is never shown without a note if records were lost.

import { contenderNamed } from './contenders';
import type { FigureName, Spread } from './figures';
import type { MicroRow, MicroTable } from './micro';
import type { Row, Table } from './rounds';

export interface Column {
  readonly title: string;
  readonly figure: FigureName;
  /** Whether the figure is followed by its ratio to the floor. */
  readonly toFloor?: boolean;
  readonly show: (value: number) => string;
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US');
const oneDigit = (value: number) => value.toFixed(1);
const twoDigits = (value: number) => value.toFixed(2);
/** Rounded down, so that 100 % means all of them. */
const percent = (value: number) => `${(Math.floor(value * 1000) / 10).toLocaleString('en-US')} %`;

const BURST: readonly Column[] = [
  { title: 'accepted/s', figure: 'acceptedPerSecond', toFloor: true, show: whole },
  { title: 'delivered/s', figure: 'deliveredPerSecond', toFloor: true, show: whole },
  { title: 'arrived', figure: 'delivered', show: percent },
  { title: 'main µs', figure: 'mainCpuMicros', toFloor: true, show: twoDigits },
  { title: 'process µs', figure: 'processCpuMicros', show: twoDigits },
  { title: 'p99 ms', figure: 'loopDelayP99Ms', show: oneDigit },
  { title: 'end s', figure: 'endSeconds', show: oneDigit },
  { title: 'RSS MiB', figure: 'peakRssMiB', show: whole },
  { title: 'wire B', figure: 'wireBytes', show: whole },
  { title: 'ready ms', figure: 'readyMs', show: whole },
  { title: 'import ms', figure: 'importMs', show: whole },
  { title: 'start ms', figure: 'startMs', show: whole },
];

const STEADY: readonly Column[] = BURST.filter(({ title }) => !title.endsWith('/s') && !title.endsWith(' ms')).concat(
  BURST.filter(({ title }) => title === 'p99 ms'),
);

const OUTAGE: readonly Column[] = [
  { title: 'arrived', figure: 'delivered', show: percent },
  { title: 'twice', figure: 'repeated', show: whole },
  { title: 'RSS grew MiB', figure: 'outageGrowthMiB', show: whole },
  { title: 'left MiB', figure: 'outageLeftMiB', show: whole },
  { title: 'peak RSS MiB', figure: 'peakRssMiB', show: whole },
  { title: 'main µs', figure: 'mainCpuMicros', toFloor: true, show: twoDigits },
  { title: 'p99 ms', figure: 'loopDelayP99Ms', show: oneDigit },
];

export function columnsOf({ mode }: Pick<Table, 'mode'>): readonly Column[] {
  if (mode === 'outage') return OUTAGE;
  return mode === 'steady' ? STEADY : BURST;
}

export function cellOf({ figure, show, toFloor }: Column, { figures, kind }: Row): string {
  const spread: Spread | undefined = figures[figure];
  if (spread === undefined) return '–';
  const ratio = toFloor && kind !== 'floor' && spread.toFloor !== null ? ` (×${twoDigits(spread.toFloor)})` : '';
  const range = (spread.most - spread.least) / 2 / spread.median;
  const isNoisy = Number.isFinite(range) && range > 0.1 && figure.endsWith('PerSecond');
  return `${show(spread.median)}${isNoisy ? ` ±${Math.round(range * 100)}%` : ''}${ratio}`;
}

export function nameOf({ contender, isLossy, arrivedAtOnce }: Row): string {
  return `${contender}${isLossy ? ' †' : ''}${arrivedAtOnce === null ? '' : ' ‡'}`;
}

export function textOf(table: Table): string {
  const columns = columnsOf(table);
  const head = ['', ...columns.map(({ title }) => title)];
  const lines = [head, ...table.rows.map((row) => [nameOf(row), ...columns.map((column) => cellOf(column, row))])];
  const { workload, mode, records, lineBytes, rounds } = table;
  const title = `${workload}, ${mode}: ${whole(records)} records of ${Math.round(lineBytes)} bytes, ${rounds} rounds`;
  return `${title}\n${aligned(lines)}\n${notesOf(table).join('\n')}\n`;
}

function aligned(lines: readonly string[][]): string {
  const widths = lines[0]!.map((_, at) => lines.reduce((width, line) => Math.max(width, line[at]!.length), 0));
  const row = (line: string[]) =>
    line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  ');
  return lines.map((line) => row(line).trimEnd()).join('\n');
}

export function microCellsOf({ stage, nanosPerRecord, toOurs }: MicroRow): string[] {
  return [stage, whole(nanosPerRecord), whole(1e9 / nanosPerRecord), toOurs === null ? '–' : `×${twoDigits(toOurs)}`];
}

export const MICRO_HEAD: readonly string[] = ['stage', 'ns/record', 'records/s', 'to ours'];

export function microTextOf(micro: MicroTable): string {
  return micro
    .map(({ title, rows }) => `\n${title}\n${aligned([[...MICRO_HEAD], ...rows.map(microCellsOf)])}\n`)
    .join('');
}

/** Notes on single rows. */
export function notesOf({ rows }: Table): string[] {
  return [
    ...(rows.some(({ isLossy }) => isLossy)
      ? ['† Records were lost. A figure that loses records does not count as speed.']
      : []),
    ...rows
      .filter(({ arrivedAtOnce }) => arrivedAtOnce !== null)
      .map(
        ({ contender, arrivedAtOnce }) =>
          `‡ ${contender}: ${percent(arrivedAtOnce ?? 0)} arrived if it was ended at once; it was measured with more time for its end.`,
      ),
    ...rows
      .filter(({ contender }) => shareOf(contender) > 1)
      .map(({ contender }) => `${contender} logged a ${shareOf(contender)}th of the records.`),
    ...rows.flatMap(({ contender, problems }) => problems.map((problem) => `${contender}: ${problem}`)),
    ...rows
      .filter(({ refused }) => refused.length > 0)
      .map(({ contender, refused }) => `${contender} tried to connect to ${refused.join(', ')}, which was refused.`),
  ];
}

function shareOf(contender: string): number {
  return contenderNamed(contender)?.oneIn ?? 1;
}
