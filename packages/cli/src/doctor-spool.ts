// The spool step of putlogs doctor: whether this user can use the spool, its file system, the processes that use it,
// and the records in it for this and other destinations.

import {
  destinationOf,
  elsewhereNotice,
  environmentName,
  examineSpool,
  fileSystemNotice,
  flagOf,
  ownerNamesIn,
  ownersIn,
  partsIn,
  runsIn,
  type SurveyedPart,
} from '@putlogs/core/tools';
import type { Call } from './command';
import { type Advice, ok, type Step, wrong } from './step';
import { counted, shownBytes } from './table';

const NAME = 'spool';

interface Left {
  readonly records: number;
  readonly bytes: number;
}

/** What is in the spool. */
interface Contents {
  readonly processes: { readonly alive: number; readonly dead: number; readonly unknown: number };
  /** Null if options are missing that name the destination. */
  readonly thisDestination: Left | null;
  readonly otherDestinations: Left | null;
  readonly all: Left;
  /** One sentence for each other destination. */
  readonly elsewhere: readonly string[];
  /** The reasons why figures are incomplete. */
  readonly problems: readonly string[];
}

export async function spoolStep(call: Call, dir: string): Promise<Step> {
  const opened = examineSpool(dir);
  if (opened.kind === 'failed') {
    const { code, message } = opened;
    // The message about a directory of another user says what to change.
    if (code === 'EFOREIGN') return wrong(NAME, `${dir} cannot be used (${code})`, adviceOf(message));
    const advice = `Change the permissions of ${dir}, ${flagOf('spool.dir')} or ${environmentName('spool.dir')}.`;
    return wrong(NAME, `${dir} cannot be used (${code}): ${message}`, adviceOf(advice));
  }
  const { path, isNew, uid, mode, fileSystem } = opened;
  const notice = fileSystemNotice(fileSystem, call.explained.valueOf('spool.fsync') === true);
  const place = { path, isNew, uid, mode, fileSystem: fileSystem ?? null, notice: notice ?? null };
  const remarks = notice === undefined ? [] : [notice];
  if (isNew) return ok(NAME, [`${path} does not exist yet, and can be created`, ...remarks].join('; '), place);
  const owner = uid === -1 ? '' : ` of user ${uid}, mode ${mode},`;
  let found: Contents;
  try {
    found = await contentsOf(call, dir);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const advice = `Run this as the user of the application, or change the permissions of ${dir}.`;
    return wrong(NAME, `${dir} cannot be read (${code ?? 'UNKNOWN'}): ${message}`, adviceOf(advice), place);
  }
  const text = [`${path}${owner} can be used`, ...remarks, ...shown(found)].join('; ');
  const details = { ...place, ...found };
  if (found.problems.length === 0) return ok(NAME, text, details);
  const advice = `Files of the spool cannot be read: run putlogs spool verify ${flagOf('spool.dir')} ${dir} as the user of the application.`;
  return wrong(NAME, text, { text: advice, page: 'spoolFiles' }, details);
}

function adviceOf(text: string): Advice {
  return { text, page: 'spool' };
}

async function contentsOf(call: Call, dir: string): Promise<Contents> {
  const { options } = call.explained;
  const runs = new Set([...runsIn(dir), ...ownerNamesIn(dir)]);
  const owners = await ownersIn(dir, runs, { signal: call.signal });
  const processes = { alive: 0, dead: 0, unknown: 0 };
  for (const run of runs) {
    const state = owners.stateOf(run);
    if (state !== 'free') processes[state] += 1;
  }
  const configured = options === undefined ? undefined : destinationOf(options);
  const all = { records: 0, bytes: 0 };
  const [mine, others] = [{ ...all }, { ...all }];
  const directories = new Map<string, number>();
  const problems: string[] = [];
  for (const part of partsIn(dir)) {
    const isMine = configured?.isFor(part) ?? false;
    add(all, part);
    add(isMine ? mine : others, part);
    // A part in which no segment can be read names no destination.
    if (!isMine && part.destination !== '')
      directories.set(part.destination, (directories.get(part.destination) ?? 0) + 1);
    if (part.failure !== undefined) problems.push(`${part.path} cannot be read completely: ${part.failure.code}`);
  }
  const elsewhere =
    configured === undefined
      ? []
      : [...directories].map(([destination, count]) => elsewhereNotice(count, destination, configured.text));
  return {
    processes,
    thisDestination: configured === undefined ? null : mine,
    otherDestinations: configured === undefined ? null : others,
    all,
    elsewhere,
    problems,
  };
}

function add(sum: { records: number; bytes: number }, { unfinished, bytes }: SurveyedPart): void {
  sum.records += unfinished;
  sum.bytes += bytes;
}

function shown({ processes, thisDestination, otherDestinations, all, elsewhere, problems }: Contents): string[] {
  const { alive, dead, unknown } = processes;
  const states = [
    ...(alive === 0 ? [] : [`${counted(alive, 'process uses it', 'processes use it')}`]),
    ...(dead === 0 ? [] : [`${counted(dead, 'dead process', 'dead processes')}`]),
    ...(unknown === 0
      ? []
      : [`${counted(unknown, 'process', 'processes')} that may run on another machine or in another container`]),
  ];
  const left =
    thisDestination === null || otherDestinations === null
      ? [`it holds ${leftText(all)}`]
      : [
          `it holds ${leftText(thisDestination)} for this destination`,
          ...(otherDestinations.bytes === 0 ? [] : [`${leftText(otherDestinations)} for other destinations`]),
        ];
  return [...states, ...left, ...elsewhere, ...problems];
}

function leftText({ records, bytes }: Left): string {
  return `${counted(records, 'record')} (${shownBytes(bytes)})`;
}
