// putlogs spool ls: lists the directories of a spool and their owners. It reads headers, tails and progress files, and
// two entries of each directory for the times.

import {
  destinationOf,
  entriesOf,
  lastUnfinishedOf,
  type Owners,
  readBatch,
  type SurveyedEntry,
  type SurveyedPart,
} from '@putlogs/core/tools';
import { type Call, type Command, GOOD } from './command';
import { type FoundSpool, survey } from './spool';
import { counted, grouped, shownBytes, table } from './table';

export const spoolLs: Command = {
  name: 'spool ls',
  summary: 'Lists the records on disk and their owners.',
  about: `Lists the directories of a spool: the state of the owner, segments, bytes, unfinished records with the times of the
oldest and the newest, destination, instance and hash key. Also lists damaged segments that were set aside.
Changes nothing, and can run while transports use the spool.

The owner of a directory is one of
  alive    a running process
  dead     a process that ended without closing; the next process adopts the directory
  free     closed normally; the next process adopts the directory
  unknown  a process on another machine or in another container, whose heartbeat has not changed for some seconds

With --json it prints one document:
  { dir, records, bytes,
    parts: [{ directory, owner: "alive"|"dead"|"free"|"unknown", process, run, instance, destination, isConfigured,
              layout, source, hashKeys, segments, bytes, records, oldest, newest, problem }],
    damaged: [{ path, bytes }] }
records and bytes are sums over parts. isConfigured is true if a part is for the destination of the options, and null
if the options name none. oldest and newest are null if there is no record, or if it cannot be read. problem is null,
or the reason why the figures of a part are incomplete.

Exit code 0: the spool could be read.`,
  flags: {},
  options: ['spool.dir'],
  async run(call) {
    const spool = survey(call);
    const owners = await spool.owners();
    const { options } = call.explained;
    const configured = options === undefined ? undefined : destinationOf(options);
    const parts: Part[] = [];
    for (const part of spool.parts()) {
      const isConfigured = configured === undefined ? null : configured.isFor(part);
      parts.push(describe(part, owners, isConfigured));
    }
    const records = parts.reduce((sum, part) => sum + part.records, 0);
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const { dir, damaged } = spool;
    if (call.isJson) await call.print(`${JSON.stringify({ dir, records, bytes, parts, damaged })}\n`);
    else await show(call, spool, parts, { records, bytes });
    return GOOD;
  },
};

type Part = ReturnType<typeof describe>;

function describe(part: SurveyedPart, owners: Owners, isConfigured: boolean | null) {
  const [first, last] = [timesIn(firstUnfinishedOf(part)), timesIn(lastUnfinishedOf(part))];
  const { owner, origin } = part.name;
  return {
    directory: part.path,
    owner: owners.stateOf(owner),
    process: owners.describe(owner),
    run: origin,
    instance: part.instance,
    destination: part.destination,
    isConfigured,
    layout: part.layout ?? null,
    source: first?.source ?? null,
    hashKeys: part.journals.flatMap(({ text }) => text?.hashKey ?? []),
    segments: part.segments,
    bytes: part.bytes,
    records: part.unfinished,
    oldest: first === undefined ? null : new Date(first.oldestMs).toISOString(),
    newest: last === undefined ? null : new Date(last.newestMs).toISOString(),
    problem: part.failure === undefined ? null : `${part.failure.code}: ${part.failure.message}`,
  };
}

function firstUnfinishedOf(part: SurveyedPart): SurveyedEntry | undefined {
  if (part.unfinished === 0) return undefined;
  for (const found of entriesOf(part, { mayLive: true, fromMark: true })) {
    if (found.kind === 'entry' && !found.isFinished) return found;
  }
  return undefined;
}

/** Returns undefined if the entry cannot be read: verify reports that. */
function timesIn(entry: SurveyedEntry | undefined) {
  if (entry === undefined) return undefined;
  try {
    const { envelope, records } = readBatch(entry.batch);
    let [oldestMs, newestMs, index] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
    for (const { time } of records) {
      const isFinished = entry.finished.has(index);
      index += 1;
      if (isFinished) continue;
      oldestMs = Math.min(oldestMs, time);
      newestMs = Math.max(newestMs, time);
    }
    return { source: envelope.source, oldestMs, newestMs };
  } catch {
    return undefined;
  }
}

const HEAD = [
  'OWNER',
  'SEGMENTS',
  'RECORDS',
  'BYTES',
  'OLDEST',
  'NEWEST',
  'DESTINATION',
  'INSTANCE',
  'HASH KEY',
  'DIRECTORY',
];

async function show(
  { print }: Call,
  { dir, damaged }: FoundSpool,
  parts: readonly Part[],
  { records, bytes }: { readonly records: number; readonly bytes: number },
): Promise<void> {
  const segments = parts.reduce((sum, part) => sum + part.segments, 0);
  const directories = counted(parts.length, 'directory', 'directories');
  await print(
    `${dir}: ${directories}, ${counted(segments, 'segment')}, ${counted(records, 'record')}, ${shownBytes(bytes)}\n`,
  );
  if (parts.length > 0) await print(`\n${table([HEAD, ...parts.map((part) => rowOf(part, dir))])}`);
  for (const { directory, problem } of parts) {
    if (problem !== null) await print(`\n${directory} cannot be read completely: ${problem}\n`);
  }
  if (damaged.length === 0) return;
  const damagedBytes = damaged.reduce((sum, file) => sum + file.bytes, 0);
  await print(`\n${counted(damaged.length, 'damaged segment')} set aside, ${shownBytes(damagedBytes)}:\n`);
  for (const { path, bytes: size } of damaged) await print(`  ${path} (${shownBytes(size)})\n`);
}

function rowOf(part: Part, dir: string): string[] {
  return [
    part.owner,
    grouped(part.segments),
    grouped(part.records),
    shownBytes(part.bytes),
    part.oldest ?? '-',
    part.newest ?? '-',
    `${placeIn(part)}${part.isConfigured === false ? ' (another destination)' : ''}`,
    part.instance || '-',
    part.hashKeys.filter((hashKey) => hashKey !== '').join(' ') || '-',
    part.directory.slice(dir.length).replace(/^[\\/]/, ''),
  ];
}

/** `volc-tls <topic id>`. */
function placeIn({ destination, layout }: Part): string {
  if (layout === null) return '-';
  try {
    return [layout, ...Object.values(JSON.parse(destination) as Record<string, string>)].join(' ');
  } catch {
    return `${layout} ${destination}`;
  }
}
