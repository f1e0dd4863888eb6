// Finds the last entry of a surveyed part that is not finished, from the ends of its segments.

import { constants } from 'node:fs';
import { decodeEntryHeader } from '../spool/format';
import { SegmentReader } from '../spool/segment-reader';
import { type SurveyedJournal, type SurveyedPart, type SurveyedSegment, surveyDisk } from './survey';
import { type SurveyedEntry, surveyedEntry } from './survey-entries';
import { SegmentProgress } from './survey-progress';

const TAIL_BYTES = 64 * 1024;
/** By which factor the next look goes further back. */
const TAIL_FACTOR = 8;

/** If the part has several hash keys, the entry is of the last one. */
export function lastUnfinishedOf(part: SurveyedPart): SurveyedEntry | undefined {
  let last: SurveyedEntry | undefined;
  for (const journal of part.journals) {
    const segment = journal.segments.findLast(({ left, hasHeader }) => left > 0 && hasHeader);
    if (segment !== undefined) last = lastIn(journal, segment) ?? last;
  }
  return last;
}

function lastIn(journal: SurveyedJournal, segment: SurveyedSegment): SurveyedEntry | undefined {
  const { path, start } = segment;
  const reader = new SegmentReader(surveyDisk(), path);
  try {
    const size = reader.size();
    if (typeof size !== 'number') return undefined;
    for (let reach = TAIL_BYTES; ; reach *= TAIL_FACTOR) {
      const from = Math.max(start.offset, size - reach);
      const found = lastFrom(journal, segment, reader, from, size);
      if (found !== undefined || from === start.offset) return found;
    }
  } finally {
    reader.close();
  }
}

function lastFrom(
  journal: SurveyedJournal,
  { number, path, marker }: SurveyedSegment,
  reader: SegmentReader,
  from: number,
  size: number,
): SurveyedEntry | undefined {
  const progress = new SegmentProgress(journal, number);
  const bytes = bytesOf(path, from, size);
  for (let at = bytes.lastIndexOf(marker); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(marker, at - 1)) {
    const header = decodeEntryHeader(bytes, at, marker);
    if (header === undefined || header.kind === 'end') continue;
    const { ordinal, recordsBefore } = header;
    const found = reader.read({ offset: from + at, ordinal, recordsBefore }, marker, size);
    if (found.kind !== 'entry') continue;
    progress.forgetUnit();
    const finished = progress.finishedIn(found.entry);
    const entry = surveyedEntry({ journal, path, offset: from + at, found, finished, isRepeated: false });
    if (!entry.isFinished) return entry;
  }
  return undefined;
}

/** Returns no bytes if the file cannot be read: it is gone, or `entriesOf` reports why. */
function bytesOf(path: string, from: number, to: number): Buffer {
  const disk = surveyDisk();
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let bytes: Buffer = Buffer.alloc(0);
  disk.attempt(() => {
    const file = disk.fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      bytes = disk.readAt(file, from, to - from);
    } finally {
      disk.fs.closeSync(file);
    }
  });
  return bytes;
}
