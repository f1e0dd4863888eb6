// Writes docs/benchmark.md and its chart from the committed results. Each figure has the command that measures it
// again.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartOf } from './chart';
import type { ModeName } from './plan';
import { type Results, readResults } from './results';
import { cellOf, columnsOf, MICRO_HEAD, microCellsOf, nameOf, notesOf } from './text-table';
import { WORKLOADS } from './workloads';

const DOCS = join(__dirname, '../../../docs');

const MODES: Readonly<Record<ModeName, string>> = {
  burst: 'in a burst, with a turn of the event loop after every 100 records',
  tick: 'all in one turn of the event loop',
  steady: 'at a steady pace',
  outage:
    'at a steady pace while the service is down, with the limits that each contender has by default; then the service works again',
};

export function writePage(): void {
  const results = readResults();
  const chart = chartOf(results);
  if (chart !== null) writeFileSync(join(DOCS, 'benchmark.svg'), chart);
  writeFileSync(join(DOCS, 'benchmark.md'), pageOf(results, chart !== null));
}

function pageOf(results: Results, hasChart: boolean): string {
  const tables = results.tables.map((table) => {
    const { workload, mode, records, lineBytes, rounds, command } = table;
    const columns = columnsOf(table);
    return [
      `## ${workload}, ${mode}`,
      '',
      `Each record is ${WORKLOADS[workload].meaning}: ${Math.round(lineBytes)} bytes as pino writes it; ` +
        `${records.toLocaleString('en-US')} records, ${MODES[mode]}; ${rounds} ${rounds === 1 ? 'round' : 'rounds'}. ` +
        `${machine(table.environment)} \`${command}\``,
      '',
      ...markdownOf(
        ['', ...columns.map(({ title }) => title)],
        table.rows.map((row) => [nameOf(row), ...columns.map((column) => cellOf(column, row))]),
      ),
      '',
      ...notesOf(table).flatMap((note) => [note, '']),
    ].join('\n');
  });
  return `${[INTRODUCTION, hasChart ? CHART : '', ...tables, microOf(results), MEANING].filter((part) => part !== '').join('\n')}`;
}

function microOf({ micro }: Results): string {
  if (micro === null) return '';
  const parts = micro.table.flatMap(({ title, rows }) => [
    `${title}:`,
    '',
    ...markdownOf(MICRO_HEAD, rows.map(microCellsOf)),
    '',
  ]);
  return ['## Single stages', '', `${machine(micro.environment)} \`${micro.command}\``, '', ...parts].join('\n');
}

function machine({ node, platform, cores }: Results['tables'][number]['environment']): string {
  return `Node ${node}, ${platform}, ${cores} cores:`;
}

function markdownOf(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)];
}

const INTRODUCTION = `# Benchmark

This page is written by \`npm run bench -- --write\`, never by hand. [packages/bench](../packages/bench/README.md) describes
what runs, and how each contender is configured.

The machine is small, and other programs ran on it at the same time. So compare the ratios, not the rates. A floor is a
transport that sends nothing. A figure in brackets is the ratio to the floor of the same logger in the same round; it is
the median over the rounds. ± is half the range, if that is more than a tenth of the figure.
`;

const CHART = `![CPU of the application's main thread per record](benchmark.svg)
`;

const MEANING = `## What the columns mean

| | |
| --- | --- |
| accepted/s | records that the application's loop logged, per second |
| delivered/s | records per second, from the first log call to the last record at the sink; for a floor, until its end |
| arrived | distinct records at the sink, as a share of the logged records |
| twice | records that arrived a second time |
| main µs | CPU of the application's main thread, per record, until the transport has ended |
| process µs | CPU of all threads of the process, per record |
| p99 ms | delay of the event loop while records are logged |
| end s | how long the transport needs to end; pino ends a transport after 10 s |
| RSS MiB | peak memory of the process |
| RSS grew, left | growth of memory during an outage, and after it, compared with the time before |
| wire B | bytes of the bodies at the sink, per record |
| ready ms | from the construction of the transport until it reports that it is ready; transports of winston do not report it |
| import ms | time to load the transport in the application's thread, after its logger; transports of pino are loaded in their worker |
| start ms | import ms, and the time to construct logger and transport: how long the start blocks the application's thread |
`;
