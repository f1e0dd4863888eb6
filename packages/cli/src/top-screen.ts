// The picture of putlogs top: lines of text for a terminal of some size, or for a pipe.

import { outsideText } from '@putlogs/core/tools';
import { cut, padEnd, padStart, widthOf, wrapped } from './columns';
import { counted, grouped, shownBytes, shownSeconds } from './table';
import { LOSS_ADVICE, STATE_ADVICE } from './top-advice';
import { lossesOf, type TopProcess, type TopReading } from './top-reading';

export interface Screen {
  /** Undefined for a pipe: nothing is cut. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  readonly hasColours: boolean;
}

interface Column {
  readonly title: string;
  readonly columns: number;
  readonly cell: (process: TopProcess) => string;
}

const FIGURES: readonly Column[] = [
  { title: 'IN/S', columns: 6, cell: (process) => rateOf(process, 'accepted') },
  { title: 'OUT/S', columns: 6, cell: (process) => rateOf(process, 'delivered') },
  { title: 'PENDING', columns: 7, cell: ({ stats }) => short(stats.pending) },
  { title: 'SPOOLED', columns: 7, cell: ({ stats }) => short(stats.spooled) },
  { title: 'RETRIES', columns: 7, cell: ({ stats }) => short(stats.retries) },
  { title: 'LOST', columns: 6, cell: ({ lost }) => short(lost) },
];
const PID_COLUMNS = 7;
const STATE_COLUMNS = 9;
const LEAST_NAME_COLUMNS = 8;
/** A name in a pipe may be longer than on a terminal. */
const MOST_NAME_COLUMNS = 60;
/** A terminal that is this much wider also shows the destination. */
const WIDE_COLUMNS = 120;
const PIPE_COLUMNS = 200;

const [BOLD, DIM, RED, YELLOW, RESET] = ['\u001b[1m', '\u001b[2m', '\u001b[31m', '\u001b[33m', '\u001b[0m'];

/** @param isLive whether keys are read */
export function linesOf(reading: TopReading, screen: Screen, isLive: boolean): string[] {
  const columns = screen.columns ?? PIPE_COLUMNS;
  const paint = (code: string, text: string) => (screen.hasColours && text !== '' ? code + text + RESET : text);
  const lines = [
    paint(BOLD, cut(headOf(reading, isLive), columns)),
    ...spoolLines(reading).map((line) => cut(line, columns)),
    '',
    ...tableOf(reading, screen, columns, paint),
    ...noticesOf(reading).flatMap((notice) => ['', ...noticeLines(notice, columns, paint)]),
  ];
  const { rows } = screen;
  if (rows === undefined || lines.length <= rows) return lines;
  const shown = Math.max(1, rows - 1);
  return [...lines.slice(0, shown), paint(DIM, cut(`… ${lines.length - shown} more lines; --json has all`, columns))];
}

type Paint = (code: string, text: string) => string;

function headOf({ at, processes }: TopReading, isLive: boolean): string {
  const states = ['alive', 'silent', 'gone', 'elsewhere'] as const;
  const counts = states
    .map((state) => [processes.filter((one) => one.state === state).length, state] as const)
    .filter(([count]) => count > 0)
    .map(([count, state]) => `${count} ${state}`);
  const all = counts.length === 0 ? 'no process' : counts.join(', ');
  return `putlogs top  ${at.slice(11, 19)} UTC  ${all}${isLive ? '  (q quits)' : ''}`;
}

function spoolLines({ spool }: TopReading): string[] {
  if (spool === null) return [];
  const { dir, records, bytes, leftRecords } = spool;
  const left = leftRecords === 0 ? '' : `, ${grouped(leftRecords)} of them of ended processes`;
  return [`spool ${outsideText(dir)}: ${counted(records, 'record')}, ${shownBytes(bytes)}${left}`];
}

function tableOf({ processes }: TopReading, screen: Screen, columns: number, paint: Paint): string[] {
  if (processes.length === 0) {
    return wrapped(
      'No process publishes here. Each process with this spool.dir or status.dir does so, a second after its start.',
      columns,
    );
  }
  const figures = FIGURES.reduce((sum, column) => sum + column.columns + 1, 0);
  const room = columns - PID_COLUMNS - STATE_COLUMNS - figures - 2;
  const hasPlace = columns >= WIDE_COLUMNS;
  const widest = (most: number, { instance }: { readonly instance: string }) =>
    Math.max(most, widthOf(outsideText(instance)));
  const longest = processes.reduce(widest, LEAST_NAME_COLUMNS);
  const most = screen.columns === undefined || hasPlace ? MOST_NAME_COLUMNS : room;
  const nameColumns = Math.max(LEAST_NAME_COLUMNS, Math.min(longest, most, room));
  const placeColumns = room - nameColumns - 2;
  const row = (pid: string, state: string, name: string, cells: readonly string[], place: string) => {
    const numbers = FIGURES.map((column, at) => padStart(cells[at]!, column.columns)).join(' ');
    const known = `${padStart(pid, PID_COLUMNS)} ${state} ${padEnd(cut(name, nameColumns), nameColumns)} ${numbers}`;
    return hasPlace ? `${known}  ${cut(place, placeColumns)}`.trimEnd() : known;
  };
  const titles = FIGURES.map(({ title }) => title);
  return [
    paint(DIM, cut(row('PID', padEnd('STATE', STATE_COLUMNS), 'INSTANCE', titles, 'DESTINATION'), columns)),
    ...processes.map((process) => {
      const { pid, state, instance, lost } = process;
      const code = state === 'alive' ? '' : state === 'elsewhere' ? DIM : RED;
      const cells = FIGURES.map(({ cell }) => cell(process));
      const shownState = padEnd(state, STATE_COLUMNS);
      const line = cut(row(`${pid}`, shownState, outsideText(instance), cells, placeIn(process)), columns);
      if (code !== '') return paint(code, line);
      return lost > 0 ? paint(YELLOW, line) : line;
    }),
  ];
}

/** `volc-tls <topic id>`. */
function placeIn({ target, destination }: TopProcess): string {
  try {
    return outsideText([target, ...Object.values(JSON.parse(destination) as Record<string, string>)].join(' '));
  } catch {
    return outsideText(`${target} ${destination}`);
  }
}

interface Notice {
  readonly head: string;
  readonly text: string;
  readonly advice: string;
}

/** One for each kind of problem, however many processes have it. */
function noticesOf({ at, processes, unreadable }: TopReading): Notice[] {
  const nowMs = Date.parse(at);
  const byCode = new Map<string, TopProcess[]>();
  for (const process of processes) {
    if (process.warning === null) continue;
    byCode.set(process.warning.code, [...(byCode.get(process.warning.code) ?? []), process]);
  }
  const warnings = [...byCode].map(([code, some]): Notice => {
    const last = some.reduce((a, b) => (a.warning!.at >= b.warning!.at ? a : b));
    const others = some.length === 1 ? '' : ` and ${counted(some.length - 1, 'more process', 'more processes')}`;
    const { message, at: warnedAt, advice } = last.warning!;
    const ago = shownSeconds(Math.max(0, nowMs - Date.parse(warnedAt)));
    const head = `${outsideText(code)}  ${ago} ago, ${nameOf(last)}${others}`;
    return { head, text: outsideText(message), advice: advice ?? '' };
  });
  const states = (['silent', 'gone'] as const).flatMap((state): Notice[] => {
    const some = processes.filter((process) => process.state === state);
    if (some.length === 0) return [];
    return [{ head: `${state}  ${namesOf(some)}`, text: '', advice: STATE_ADVICE[state]! }];
  });
  const losing = processes.filter(({ lost }) => lost > 0);
  const losses = new Map<string, number>();
  for (const { stats } of losing) {
    for (const [name, records] of lossesOf(stats)) losses.set(name, (losses.get(name) ?? 0) + records);
  }
  const sums = [...losses].map(([name, records]) => `${name} ${grouped(records)}`).join(', ');
  const lost = losing.length === 0 ? [] : [{ head: `lost  ${namesOf(losing)}`, text: sums, advice: LOSS_ADVICE }];
  const files = unreadable.map(({ path, problem }): Notice => {
    return { head: `unreadable  ${outsideText(path)}`, text: outsideText(problem), advice: '' };
  });
  return [...states, ...lost, ...warnings, ...files];
}

const NAMED = 3;

function namesOf(processes: readonly TopProcess[]): string {
  const names = processes.slice(0, NAMED).map(nameOf).join(', ');
  const more = processes.length - NAMED;
  return more > 0 ? `${names} and ${grouped(more)} more` : names;
}

function nameOf({ pid, instance }: TopProcess): string {
  return `${pid} ${outsideText(instance)}`;
}

const MESSAGE_LINES = 3;

function noticeLines({ head, text, advice }: Notice, columns: number, paint: Paint): string[] {
  const indent = (lines: readonly string[], first: string) =>
    lines.map((line, at) => cut((at === 0 ? first : '   ') + line, columns));
  const room = Math.max(20, columns - 3);
  return [
    paint(YELLOW, cut(head, columns)),
    ...(text === '' ? [] : indent(wrapped(text, room).slice(0, MESSAGE_LINES), '   ')),
    ...(advice === '' ? [] : indent(wrapped(advice, room), '-> ')),
  ];
}

/** The last rate of a process that is gone says nothing. */
function rateOf({ state, perSecond }: TopProcess, counter: 'accepted' | 'delivered'): string {
  return state === 'gone' ? '-' : rate(perSecond[counter]);
}

function rate(perSecond: number): string {
  return perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : short(Math.round(perSecond));
}

/** At most six characters. */
function short(count: number): string {
  if (count < 100_000) return `${Math.round(count)}`;
  const units = ['k', 'M', 'G', 'T', 'P'];
  let [value, unit] = [count / 1000, 0];
  while (value >= 10_000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${Math.floor(value)}${units[unit]}`;
}
