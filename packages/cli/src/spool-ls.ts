// putlogs spool ls: what waits in a spool, and whose it is. Times, layout and hash key are read from the first and the last
// file of each directory; the rest is in the names.

import {
  destinationHash,
  type Explained,
  placeOf,
  readBatch,
  readSpoolFile,
  type Survey,
  type SurveyedFile,
  type SurveyedPart,
} from '@putlogs/core/tools';
import { type Call, type Command, GOOD } from './command';
import { survey } from './spool';
import { counted, grouped, shownBytes, table } from './table';

export const spoolLs: Command = {
  name: 'spool ls',
  summary: 'What waits on disk, and whose it is.',
  about: `Lists the directories of a spool: the process that has each (alive or dead), files, records, bytes, the time of the
oldest and the newest record, the service, the hash key; and the damaged files that were set aside. Reads names,
and of each directory the first and the last file; spool verify reads them all.

With --json one document:
  { dir, parts: [{ directory, owner: "alive"|"dead", destination, isConfigured, instance, run, files, records, bytes,
    unfinished, layout, source, hashKey, oldest, newest }], setAside: [{ path, bytes }] }
isConfigured says whether it is for the destination that the options name; null if they name none.

Exit code 0: the spool could be read.`,
  flags: {},
  options: ['spool.dir'],
  async run(call) {
    const { dir, ...found } = survey(call);
    const own = configuredDestination(call.explained);
    const parts = found.parts.map((part) => describe(part, own));
    if (call.isJson) await call.print(`${JSON.stringify({ dir, parts, setAside: found.setAside })}\n`);
    else await show(call, dir, parts, found);
    return GOOD;
  },
};

type Part = ReturnType<typeof describe>;

/** The hash of where the options lead; nothing if they are not whole. */
export function configuredDestination({ options }: Explained): string | undefined {
  return options === undefined ? undefined : destinationHash(JSON.stringify(placeOf(options).destination));
}

function describe(part: SurveyedPart, own: string | undefined) {
  const [first, last] = [timesIn(part.files[0]), timesIn(part.files.at(-1))];
  return {
    directory: part.path,
    owner: part.isOwned ? ('alive' as const) : ('dead' as const),
    destination: part.destination,
    isConfigured: own === undefined ? null : part.destination === own,
    instance: part.instance,
    run: part.origin,
    files: part.files.length,
    records: part.files.reduce((sum, { count }) => sum + count, 0),
    bytes: part.files.reduce((sum, { bytes }) => sum + bytes, 0),
    unfinished: part.unfinished,
    layout: first?.layout ?? null,
    source: first?.source ?? null,
    hashKey: first?.hashKey ?? null,
    oldest: first === undefined ? null : new Date(first.oldestMs).toISOString(),
    newest: last === undefined ? null : new Date(last.newestMs).toISOString(),
  };
}

/** Nothing of a file that is damaged, or gone. */
function timesIn(file: SurveyedFile | undefined) {
  const read = file === undefined ? undefined : readSpoolFile(file);
  if (read?.kind !== 'batch') return undefined;
  try {
    const { layout, envelope, records } = readBatch(read.batch);
    let [oldestMs, newestMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { time } of records) {
      oldestMs = Math.min(oldestMs, time);
      newestMs = Math.max(newestMs, time);
    }
    return { layout, source: envelope.source, hashKey: read.batch.hashKey, oldestMs, newestMs };
  } catch {
    return undefined;
  }
}

async function show({ print }: Call, dir: string, parts: readonly Part[], { setAside }: Survey): Promise<void> {
  const [files, records, bytes] = (['files', 'records', 'bytes'] as const).map((name) =>
    parts.reduce((sum, part) => sum + part[name], 0),
  );
  const directories = counted(parts.length, 'directory', 'directories');
  await print(
    `${dir}: ${directories}, ${counted(files!, 'file')}, ${counted(records!, 'record')}, ${shownBytes(bytes!)}\n`,
  );
  if (parts.length > 0) {
    const head = [
      'OWNER',
      'FILES',
      'RECORDS',
      'BYTES',
      'OLDEST',
      'NEWEST',
      'SERVICE',
      'SOURCE',
      'HASH KEY',
      'DIRECTORY',
    ];
    const rows = parts.map((part) => [
      part.owner,
      grouped(part.files),
      grouped(part.records),
      shownBytes(part.bytes),
      part.oldest ?? '-',
      part.newest ?? '-',
      `${part.layout ?? '-'}${part.isConfigured === false ? ' (another destination)' : ''}`,
      part.source || '-',
      part.hashKey || '-',
      part.directory.slice(dir.length).replace(/^[\\/]/, ''),
    ]);
    await print(`\n${table([head, ...rows])}`);
  }
  if (setAside.length === 0) return;
  await print(`\n${counted(setAside.length, 'damaged file')} set aside:\n`);
  for (const { path, bytes: size } of setAside) await print(`  ${path} (${shownBytes(size)})\n`);
}
