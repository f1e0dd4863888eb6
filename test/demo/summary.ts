// The lines that the demo prints at its end. Every number was read from the service or measured here.

import type { EmulatorStats, LogEntry } from '@putlogs/emulator';
import { APPLICATIONS } from './applications';
import { cut, padEnd, padStart, printable, widthOf } from './columns';
import { grouped } from './progress';
import type { Screen } from './screen';
import type { Service } from './service';
import { RECORDS_PER_SECOND } from './traffic';

/** A field of the corpus for each thing that other ways to ship logs get wrong. */
const SAMPLES = [
  { what: 'nested', logger: 'pino', key: 'user' },
  { what: 'error', logger: 'pino', key: 'err' },
  { what: 'CJK', logger: 'winston', key: 'remark' },
  { what: 'emoji', logger: 'winston', key: 'mood' },
  { what: 'newlines', logger: 'winston', key: 'raw' },
  { what: '64-bit', logger: 'winston', key: 'order' },
  { what: 'duplicate', logger: 'pino', key: 'status', note: '  (the line says "pending" before it)' },
] as const;

export function summaryOf(
  screen: Screen,
  service: Service,
  stats: EmulatorStats | undefined,
  durationMs: number,
): string[] {
  const samples = sampleLines(screen, service);
  return [
    '',
    ...receivedLines(screen, service),
    '',
    ...(stats === undefined ? [] : [...totalLines(service.logs.length, stats, durationMs), '']),
    ...(samples.length === 0 ? [] : [`  ${screen.bold('as the service holds them')}`, ...samples, '']),
  ];
}

function receivedLines(screen: Screen, service: Service): string[] {
  const rows = APPLICATIONS.map(({ logger, instance, configuredBy }) => {
    const logs = service.logsOf(instance);
    const shards = [...new Set(logs.map(({ shard }) => shard))].join(', ');
    const batches = new Set(logs.map(({ batch }) => batch)).size;
    return [logger, configuredBy, instance, shards, grouped(batches), grouped(logs.length)];
  });
  const head = ['application', 'configured by', 'instance', 'shard', 'batches', 'received'];
  const widths = head.map((name, column) =>
    rows.reduce((width, row) => Math.max(width, widthOf(row[column] ?? name)), widthOf(name)),
  );
  const lineOf = (row: readonly string[]) =>
    row.map((cell, column) => (column < 3 ? padEnd : padStart)(cell, widths[column] ?? 0)).join('   ');
  return [`  ${screen.bold(lineOf(head))}`, ...rows.map((row) => `  ${lineOf(row)}`)];
}

function totalLines(received: number, stats: EmulatorStats, durationMs: number): string[] {
  const { rawBytes, wireBytes, rejected } = stats;
  const seconds = durationMs / 1000;
  const rate = grouped(Math.round(received / seconds));
  const pace = `each application logs ${grouped(RECORDS_PER_SECOND)} a second`;
  const ratio = wireBytes === 0 ? 0 : rawBytes / wireBytes;
  const refusals = Object.entries(rejected).map(([code, count]) => `${count} ${code}`);
  return [
    `  ${grouped(received)} records in ${seconds.toFixed(1)} s, ${rate} a second (${pace})`,
    `  ${sized(rawBytes)} raw → ${sized(wireBytes)} on the wire, ${ratio.toFixed(1)}× smaller`,
    ...(refusals.length === 0 ? [] : [`  requests refused: ${refusals.join(', ')}`]),
  ];
}

function sampleLines(screen: Screen, service: Service): string[] {
  const columns = SAMPLES.reduce((width, { what }) => Math.max(width, what.length), 0) + 4;
  return SAMPLES.flatMap(({ what, logger, key, ...sample }) => {
    const { instance } = APPLICATIONS.find((application) => application.logger === logger)!;
    const note = 'note' in sample ? sample.note : '';
    const value = fieldOf(service.logsOf(instance), key);
    if (value === undefined) return [];
    const text = cut(`${key} = ${printable(value)}`, screen.columns - columns - note.length);
    return [`  ${screen.faint(padEnd(what, columns - 2))}${text}${screen.faint(note)}`];
  });
}

/** Of a record from the middle of the run. */
function fieldOf(logs: readonly LogEntry[], key: string): string | undefined {
  const holds = ({ contents }: LogEntry) => contents.some((content) => content.key === key);
  const middle = logs.slice(Math.floor(logs.length / 2)).find(holds) ?? logs.find(holds);
  return middle?.contents.find((content) => content.key === key)?.value;
}

function sized(bytes: number): string {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}
