// Lists what is in a spool, for a tool that only reads: it never creates, locks, renames or removes, and follows no
// link.
//
// Processes may use the spool meanwhile. A directory that gets another owner is found under its new name, and one that
// is gone was delivered. Parts are read one at a time, and of each only headers, tails and progress files.

import { join } from 'node:path';
import { ANONYMOUS } from '../credentials/types';
import type { Options } from '../options/schema';
import { type Clock, systemClock } from '../runtime/clock';
import { Disk, type DiskFailure } from '../spool/disk';
import type { SegmentText } from '../spool/format';
import { withoutEvents } from '../spool/journal';
import {
  DAMAGED,
  nameHash,
  type PartName,
  parseOwner,
  parsePart,
  parseSegment,
  partName,
  progressName,
  ROOT,
} from '../spool/names';
import { openJournal } from '../spool/open-journal';
import { type Mark, ProgressFile, type ProgressRecord, START } from '../spool/progress';
import type { Segment } from '../spool/segment';
import { SegmentReader } from '../spool/segment-reader';
import { loadTarget } from '../targets/load';
import type { BodyLayout } from '../targets/target';
import { readOnlyFs } from './read-only-fs';

export type SurveyedSegment = Pick<
  Segment,
  'number' | 'path' | 'marker' | 'start' | 'recordsTotal' | 'left' | 'fileBytes' | 'isDamaged'
> & {
  /** Without a header, nothing in the file can be read. */
  readonly hasHeader: boolean;
};

/** What one run wrote for one hash key. */
export interface SurveyedJournal {
  readonly key: number;
  /** Undefined if no segment has a header that can be read. */
  readonly text: SegmentText | undefined;
  readonly segments: readonly SurveyedSegment[];
  readonly mark: Mark;
  /** Progress records of units above the mark. */
  readonly progress: readonly ProgressRecord[];
}

/** One directory of a spool. */
export interface SurveyedPart {
  readonly name: PartName;
  readonly path: string;
  readonly journals: readonly SurveyedJournal[];
  /** The destination as canonical JSON; empty if no segment can be read. */
  readonly destination: string;
  /** The instance's name; empty if no segment can be read. */
  readonly instance: string;
  readonly layout: BodyLayout | undefined;
  readonly segments: number;
  /** Of all segments. */
  readonly bytes: number;
  /** Records that are neither delivered nor given up. */
  readonly unfinished: number;
  /** Why the directory, or a file in it, cannot be read; its figures are incomplete then. */
  readonly failure: DiskFailure | undefined;
}

export interface DamagedFile {
  readonly path: string;
  readonly bytes: number;
}

/** How often a directory is listed again if a file disappears, because a process uses the spool. */
const LOOKS = 5;

const readOnlyDisk = new Disk(false, readOnlyFs());

/** Returns the read-only disk that all tools share. */
export function surveyDisk(): Disk {
  return readOnlyDisk;
}

/** Our own directory inside `spool.dir`. */
export function spoolRoot(dir: string): string {
  return join(dir, ROOT);
}

/**
 * Yields the parts of a spool, the oldest run's first. Each is read when the caller asks for it.
 * @throws the system's error, of a directory that cannot be listed
 */
export function* partsIn(dir: string, clock: Clock = systemClock): Generator<SurveyedPart> {
  const root = spoolRoot(dir);
  const names = rootNames(dir)
    .flatMap((name) => parsePart(name) ?? [])
    .sort((a, b) => (a.origin + partName(a) < b.origin + partName(b) ? -1 : 1));
  for (const name of names) {
    const part = surveyPart(root, name, clock) ?? surveyMoved(dir, name, clock);
    if (part !== undefined) yield part;
  }
}

/** Returns the owners of all parts: runs, and `free`. @throws the system's error */
export function ownerNamesIn(dir: string): Set<string> {
  return new Set(rootNames(dir).flatMap((name) => parsePart(name)?.owner ?? []));
}

/** Returns the runs that have an owner file, with parts or without. @throws the system's error */
export function runsIn(dir: string): Set<string> {
  return new Set(rootNames(dir).flatMap((name) => parseOwner(name) ?? []));
}

/** Returns the damaged segments that transports have set aside. @throws the system's error */
export function damagedIn(dir: string): DamagedFile[] {
  const path = join(spoolRoot(dir), DAMAGED);
  return filesIn(path).map(({ name, bytes }) => ({ path: join(path, name), bytes }));
}

/** Returns the names in our own directory. @throws the system's error */
function rootNames(dir: string): string[] {
  const { fs } = readOnlyDisk;
  const root = spoolRoot(dir);
  const stat = fs.lstatSync(root, { throwIfNoEntry: false });
  if (stat === undefined) {
    // A spool that was never used counts as empty. If `spool.dir` does not exist, this call throws.
    fs.readdirSync(dir);
    return [];
  }
  if (stat.isDirectory()) return fs.readdirSync(root);
  const code = stat.isSymbolicLink() ? 'ELOOP' : 'ENOTDIR';
  throw Object.assign(new Error(`${root} is not a directory of putlogs`), { code });
}

/** Returns the destination of the options as `text`, and whether a part is for it. */
export function destinationOf(options: Options): { readonly text: string; isFor(part: SurveyedPart): boolean } {
  const { identity, bodyLayout } = loadTarget(options, () => ANONYMOUS);
  const text = JSON.stringify(identity);
  const hash = nameHash(JSON.stringify([text, bodyLayout]));
  return {
    text,
    isFor: ({ name, destination }) => name.destination === hash && (destination === '' || destination === text),
  };
}

/** Reads a directory that another process has adopted since it was listed. */
function surveyMoved(dir: string, { owner: _, ...same }: PartName, clock: Clock): SurveyedPart | undefined {
  const moved = rootNames(dir).find((name) => {
    const part = parsePart(name);
    return part !== undefined && partName({ ...part, owner: '' }) === partName({ ...same, owner: '' });
  });
  return moved === undefined ? undefined : surveyPart(spoolRoot(dir), parsePart(moved)!, clock);
}

/** Returns undefined if the directory is gone, or is no directory. */
function surveyPart(root: string, name: PartName, clock: Clock): SurveyedPart | undefined {
  const path = join(root, partName(name));
  for (let look = 1; ; look += 1) {
    let files: SpoolFile[] = [];
    const failure = readOnlyDisk.attempt(() => {
      files = filesIn(path);
    });
    if (failure?.code === 'ENOENT' || !isDirectory(path)) return undefined;
    if (failure !== undefined) return partOf(name, path, [], failure);
    const journals: SurveyedJournal[] = [];
    let failed: DiskFailure | undefined;
    for (const key of keysOf(files)) {
      const journal = surveyJournal(path, key, files, clock);
      if ('kind' in journal) failed = journal;
      else journals.push(journal);
    }
    if (failed?.code !== 'ENOENT' || look === LOOKS) return partOf(name, path, journals, failed);
  }
}

function partOf(
  name: PartName,
  path: string,
  journals: readonly SurveyedJournal[],
  failure: DiskFailure | undefined,
): SurveyedPart {
  const segments = journals.flatMap((journal) => journal.segments);
  const text = journals.find((journal) => journal.text !== undefined)?.text;
  return {
    name,
    path,
    journals,
    destination: text?.destination ?? '',
    instance: text?.instance ?? '',
    layout: layoutOf(segments),
    segments: segments.length,
    bytes: segments.reduce((sum, { fileBytes }) => sum + fileBytes, 0),
    unfinished: segments.reduce((sum, { left }) => sum + left, 0),
    failure,
  };
}

function layoutOf(segments: readonly SurveyedSegment[]): BodyLayout | undefined {
  const readable = segments.find(({ hasHeader }) => hasHeader);
  if (readable === undefined) return undefined;
  const reader = new SegmentReader(readOnlyDisk, readable.path);
  const header = reader.header();
  reader.close();
  return header === undefined || 'kind' in header ? undefined : header.layout;
}

function surveyJournal(
  path: string,
  key: number,
  files: readonly SpoolFile[],
  clock: Clock,
): SurveyedJournal | DiskFailure {
  const progress = new ProgressFile(readOnlyDisk, () => join(path, progressName(key)));
  const opened = openJournal(
    withoutEvents({ disk: readOnlyDisk, clock, directory: () => path, key, progress }),
    files.map(({ name }) => name),
  );
  if (opened === undefined) return unreadable(path, key, files);
  if (opened.kind === 'failed') return opened;
  const { journal } = opened;
  // The progress file is read again for its records. Between the two reads, progress can only have grown.
  const said = progress.read(journal.text.run, key);
  journal.close();
  if ('kind' in said) return said;
  const segments = journal.segments.map((segment) => ({ ...segment, hasHeader: segment.start.offset > 0 }));
  return { key, text: journal.text, segments, mark: journal.mark, progress: said.records };
}

/** Describes a journal in which no segment has a header: each is an unfinished start, or damaged. */
function unreadable(path: string, key: number, files: readonly SpoolFile[]): SurveyedJournal {
  const segments = files.flatMap(({ name, bytes }) => {
    const named = parseSegment(name);
    if (named?.key !== key) return [];
    const reader = new SegmentReader(readOnlyDisk, join(path, name));
    const isDamaged = bytes > 0 && !reader.isUnfinishedStart();
    reader.close();
    return {
      number: named.number,
      path: join(path, name),
      marker: Buffer.alloc(8),
      start: { offset: 0, ordinal: 0, recordsBefore: 0 },
      recordsTotal: 0,
      left: 0,
      fileBytes: bytes,
      isDamaged,
      hasHeader: false,
    };
  });
  return { key, text: undefined, segments, mark: START, progress: [] };
}

interface SpoolFile {
  readonly name: string;
  readonly bytes: number;
}

/** Returns the plain files of a directory, sorted; none if it is gone, or no directory. @throws the system's error */
function filesIn(path: string): SpoolFile[] {
  const { fs } = readOnlyDisk;
  if (!isDirectory(path)) return [];
  return fs
    .readdirSync(path)
    .sort()
    .flatMap((name) => {
      const stat = fs.lstatSync(join(path, name), { throwIfNoEntry: false });
      return stat?.isFile() ? [{ name, bytes: stat.size }] : [];
    });
}

function isDirectory(path: string): boolean {
  return readOnlyDisk.fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function keysOf(files: readonly SpoolFile[]): number[] {
  const keys = new Set(files.flatMap(({ name }) => parseSegment(name)?.key ?? []));
  return [...keys].sort((a, b) => a - b);
}
