// What a new process would find on a copy of the disk.

import { Disk } from '@putlogs/core/internal/spool/disk';
import { batchOf } from '@putlogs/core/internal/spool/format';
import type { Journal, JournalParts } from '@putlogs/core/internal/spool/journal';
import {
  type PartName,
  parsePart,
  parseProgress,
  parseSegment,
  progressName,
} from '@putlogs/core/internal/spool/names';
import { openJournal } from '@putlogs/core/internal/spool/open-journal';
import { ProgressFile } from '@putlogs/core/internal/spool/progress';
import { recordsIn } from '../support/made-batch';
import type { VirtualDisk } from '../support/virtual-disk';
import { SPOOL_ROOT } from './delivery-world';

export interface ShadowPart {
  readonly name: PartName;
  readonly path: string;
  readonly files: readonly string[];
  readonly unfinished: number;
  readonly journals: readonly Journal[];
}

/** Opens every directory of a copy of the disk. */
export function shadowOf(disk: VirtualDisk): ShadowPart[] {
  const copy = disk.clone();
  copy.maxDescriptors = Number.POSITIVE_INFINITY;
  copy.capacityBytes = Number.POSITIVE_INFINITY;
  const reader = new Disk(false, copy.processFs('shadow'));
  const parts: ShadowPart[] = [];
  if (!copy.paths().includes(SPOOL_ROOT)) return parts;
  for (const entry of reader.fs.readdirSync(SPOOL_ROOT) as string[]) {
    const name = parsePart(entry);
    if (name === undefined) continue;
    const path = `${SPOOL_ROOT}/${entry}`;
    const files = reader.fs.readdirSync(path) as string[];
    const keys = new Set(files.flatMap((file) => parseSegment(file)?.key ?? parseProgress(file) ?? []));
    const journals = [...keys].flatMap((key) => journalIn(reader, path, key, files) ?? []);
    const unfinished = journals.reduce((sum, journal) => sum + journal.unfinished, 0);
    parts.push({ name, path, files, unfinished, journals });
  }
  return parts;
}

function journalIn(disk: Disk, path: string, key: number, files: readonly string[]): Journal | undefined {
  const progress = new ProgressFile(disk, () => `${path}/${progressName(key)}`);
  const parts: JournalParts = {
    ...{ disk, key, progress, directory: () => path, isHeld: () => true, inFlight: 1 },
    clock: { wallMs: () => 0, monotonicMs: () => 0, after: () => () => {}, random: () => 0 },
    setAside: () => {},
    onDamaged: () => {},
    onSurplus: () => {},
  };
  const opened = openJournal(parts, files);
  if (opened?.kind === 'failed') throw new Error(opened.message);
  return opened?.journal;
}

/** Texts of the records that are not finished. Reads the copy to its end. */
export function textsIn({ journals }: ShadowPart): string[] {
  const texts: string[] = [];
  for (const journal of journals) {
    for (let taken = journal.next(undefined); taken.kind === 'unit'; taken = journal.next(undefined)) {
      const { unit, entries } = taken;
      let index = 0;
      for (const { entry, body } of entries) {
        for (const { text } of recordsIn(batchOf(entry, '', body))) {
          if (!unit.finished.has(index)) texts.push(text);
          index += 1;
        }
      }
      journal.finish(unit, 0, unit.records, 'delivered');
    }
  }
  return texts;
}
