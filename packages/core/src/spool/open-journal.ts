// Opens the journal that another run left in a directory. It reads headers and tails, and no entries.

import { join } from 'node:path';
import type { DiskFailure } from './disk';
import type { SegmentHeader, SegmentText } from './format';
import { Journal, type JournalParts } from './journal';
import { parseSegment } from './names';
import { isBelow, type Mark, type Progress, type ProgressRecord, START } from './progress';
import { SaidProgress } from './said-progress';
import { keyOf, type Segment } from './segment';
import { SegmentReader, type Tail } from './segment-reader';

export interface Opened {
  readonly kind: 'opened';
  readonly journal: Journal;
}

interface Look {
  readonly number: number;
  readonly path: string;
  readonly fileBytes: number;
  /** Whether the file has bytes and no header, and is not an unfinished start. */
  readonly isDamaged: boolean;
  /** Undefined if the file does not begin with the header of this segment. */
  readonly header: (SegmentHeader & { headerBytes: number }) | undefined;
  readonly tail: Tail | undefined;
}

/** A segment that is given up. The next segment says how many records were before it; those count as lost. */
const UNREADABLE = { fileBytes: 0, isDamaged: true, header: undefined, tail: undefined };

/** The system's codes for a path that is no regular file. */
const NO_FILE = new Set(['ELOOP', 'EISDIR', 'ESPIPE', 'ENXIO']);

/**
 * @param names all names in the directory
 * @param isLasting whether a segment that cannot be opened is given up, so that the segments behind it are sent
 * @returns undefined if no segment can be read
 */
export function openJournal(
  parts: JournalParts,
  names: readonly string[],
  isLasting: (failure: DiskFailure) => boolean = () => false,
): Opened | DiskFailure | undefined {
  const looks: Look[] = [];
  for (const name of [...names].sort()) {
    const named = parseSegment(name);
    if (named === undefined || named.key !== parts.key) continue;
    const look = lookAt(parts, join(parts.directory(), name), named.number);
    // A link, directory or pipe is not from putlogs. It must not stop the segments behind it.
    if ('kind' in look && NO_FILE.has(look.code)) continue;
    if ('kind' in look) {
      if (!isLasting(look)) return look;
      looks.push({ ...UNREADABLE, number: named.number, path: join(parts.directory(), name) });
    } else looks.push(look);
  }
  const text = looks.find(({ header }) => header !== undefined)?.header?.text;
  if (text === undefined) {
    for (const { path, isDamaged } of looks) {
      if (isDamaged) parts.setAside(path);
      else parts.disk.attempt(() => parts.disk.fs.unlinkSync(path));
    }
    return undefined;
  }
  const progress = parts.progress.read(text.run, parts.key);
  // Ten thousand journals may be open, so the file is closed. The next write opens it again.
  parts.progress.close();
  if ('kind' in progress) return progress;
  return { kind: 'opened', journal: journalOf(parts, text, looks, progress) };
}

function lookAt({ disk }: JournalParts, path: string, number: number): Look | DiskFailure {
  const reader = new SegmentReader(disk, path);
  try {
    const fileBytes = reader.size();
    if (typeof fileBytes !== 'number') return fileBytes;
    const header = reader.header();
    if (header !== undefined && 'kind' in header) return header;
    if (header?.number !== number) {
      const isDamaged = fileBytes > 0 && !reader.isUnfinishedStart();
      return { number, path, fileBytes, isDamaged, header: undefined, tail: undefined };
    }
    const tail = reader.tail(header);
    return 'kind' in tail ? tail : { number, path, fileBytes, isDamaged: false, header, tail };
  } finally {
    reader.close();
  }
}

function journalOf(parts: JournalParts, text: SegmentText, looks: readonly Look[], progress: Progress): Journal {
  const mark = markOf(progress.marks, looks);
  const records = new Map<string, ProgressRecord[]>();
  for (const record of progress.records) {
    const { segment, ordinal } = record;
    if (isBelow(segment, ordinal, mark)) {
      parts.progress.release(segment, ordinal);
      continue;
    }
    const known = records.get(keyOf(segment, ordinal));
    if (known === undefined) records.set(keyOf(segment, ordinal), [record]);
    else known.push(record);
  }
  const said = new SaidProgress(records);
  const segments: Segment[] = [];
  let total = 0;
  for (const [at, look] of looks.entries()) {
    const segment = segmentOf(look, looks[at + 1], total);
    total = segment.recordsTotal;
    segment.left = leftIn(segment, mark, said);
    segments.push(segment);
  }
  return new Journal(parts, text, { segments, mark, said });
}

/** Returns the further mark, unless it names another entry before it: then it is for bytes that were lost. */
function markOf(marks: readonly Mark[], looks: readonly Look[]): Mark {
  for (const mark of marks) {
    const tail = looks.find(({ number }) => number === mark.segment)?.tail;
    const isLast = tail !== undefined && tail.entries === mark.ordinal && tail.lastCrc !== 0 && mark.crcBefore !== 0;
    if (!isLast || tail.lastCrc === mark.crcBefore) return mark;
  }
  return START;
}

function segmentOf(
  { number, path, fileBytes, isDamaged, header, tail }: Look,
  next: Look | undefined,
  before: number,
): Segment {
  const following = next?.number === number + 1 ? next.header : undefined;
  const recordsBefore = header?.recordsBefore ?? before;
  // The next segment of the same writer has the exact number. It includes records that a power loss took.
  const recordsTotal = following?.recordsBefore ?? tail?.recordsTotal ?? recordsBefore;
  const start = { offset: header?.headerBytes ?? 0, ordinal: 0, recordsBefore };
  return {
    number,
    path,
    marker: header?.marker ?? Buffer.alloc(8),
    start,
    bytes: tail?.end ?? 0,
    fileBytes,
    entries: tail?.entries ?? 0,
    recordsTotal,
    left: 0,
    units: 0,
    isClosed: true,
    isDamaged,
    isExhausted: false,
  };
}

function leftIn({ number, start, recordsTotal }: Segment, mark: Mark, said: SaidProgress): number {
  if (number < mark.segment) return 0;
  const below = number === mark.segment ? Math.max(start.recordsBefore, mark.recordsBelow) : start.recordsBefore;
  return Math.max(0, recordsTotal - below - said.finishedBetween(number, 0, Number.POSITIVE_INFINITY));
}
